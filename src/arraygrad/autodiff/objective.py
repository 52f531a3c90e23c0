"""scipy_objective: values, gradients and Hessians as SciPy's optimizers want them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from arraygrad.arrays import is_complex, is_inexact
from arraygrad.autodiff.arguments import as_point, name_of
from arraygrad.autodiff.containers import flatten, unflatten
from arraygrad.autodiff.flat import Flat
from arraygrad.autodiff.reverse import value_and_grad
from arraygrad.autodiff.tracing import Trace
from arraygrad.backend import backend_of
from arraygrad.errors import DtypeError, ShapeError
from arraygrad.variable import as_numpy


class ScipyObjective:
    """A function of one vector, for `scipy.optimize.minimize`; `scipy_objective` makes it."""

    def __init__(self, f: Callable[..., Any], like: Any = None) -> None:
        self.f, self.like = f, like
        self.name = name_of(f, "scipy_objective")
        self._value_and_grad = value_and_grad(f)
        self._gradient: tuple[Any, Trace, Any] | None = None  # at the last point asked for
        if like is None:
            return
        leaves: list[Any] = []
        self._shape = flatten(like, leaves)
        self._likes = [self._array(x) for x in leaves]
        self._flat = Flat([as_numpy(x) for x in self._likes])  # vectors are those of NumPy

    @property
    def x0(self) -> np.ndarray:
        """The vector of `like`: where the search may start."""
        return self.ravel(self.like)

    def __call__(self, x: Any, *args: Any) -> tuple[float, np.ndarray]:
        """The value of f and its gradient, a vector of float64."""
        self._gradient = None  # f may know other data now, in a search that starts at the same x
        value, g = self._value_and_grad(self.unravel(x), *args)
        return float(as_numpy(value).item()), self.ravel(g)

    def hessp(self, x: Any, v: Any, *args: Any) -> np.ndarray:
        """The Hessian at x times the vector v. The last gradient's graph is kept for the next v."""
        return self._product(self._trace(x, args), np.asarray(v))

    def hess(self, x: Any, *args: Any) -> np.ndarray:
        """The Hessian at x, a matrix of float64; one product for each unknown."""
        trace = self._trace(x, args)
        rows = [self._product(trace, e) for e in np.eye(np.size(x))]
        return np.stack(rows) if rows else np.zeros((0, 0))

    def ravel(self, tree: Any) -> np.ndarray:
        """An argument of f, or a gradient, as a vector of float64."""
        leaves: list[Any] = []
        flatten(tree, leaves)
        hosts = [as_numpy(x).astype(np.float64).reshape(-1) for x in leaves]
        return np.concatenate(hosts)

    def unravel(self, x: Any) -> Any:
        """The argument of f for a vector, in the structure, library and dtype of `like`."""
        vector = np.asarray(x, dtype=np.float64)
        if self.like is None:
            return vector
        if vector.shape != (self._flat.size,):
            raise ShapeError(
                f"scipy_objective({self.name}): got a vector of shape {vector.shape}, expected "
                f"({self._flat.size},), as many numbers as are in the example of the argument"
            )
        arrays = []
        for like, host in zip(self._likes, self._flat.unravel(vector), strict=True):
            backend = backend_of(like)
            arrays.append(backend.from_numpy(host, backend.device(like)))
        return unflatten(self._shape, iter(arrays))

    def _array(self, x: Any) -> Any:
        x = as_point(x)
        if not is_inexact(x.dtype, backend_of(x).xp) or is_complex(x.dtype):
            raise DtypeError(
                f"scipy_objective({self.name}): got an array of dtype {x.dtype}, expected real "
                f"floating point numbers; convert it, as with x.astype(float)"
            )
        return x

    def _trace(self, x: Any, args: tuple[Any, ...]) -> Trace:
        """The recorded gradient at x; optimizers ask for many products at one place."""
        key = (np.array(x, dtype=np.float64).tobytes(), tuple(map(id, args)))
        if self._gradient is None or self._gradient[0] != key:
            who = f"scipy_objective({self.name})"

            def gradient(x: Any) -> Any:
                return self._value_and_grad(x, *args)[1]

            # The arguments too, so that no other gets their id.
            self._gradient = key, Trace(who, gradient, (self.unravel(x),)), args
        return self._gradient[1]

    def _product(self, trace: Trace, v: np.ndarray) -> np.ndarray:
        seeds: list[Any] = []
        flatten(self.unravel(v), seeds)
        return self.ravel(trace.pull(seeds))


def scipy_objective(f: Callable[..., Any], like: Any = None) -> ScipyObjective:
    """f for `scipy.optimize.minimize(fun, fun.x0, jac=True)`: vector -> (value, gradient).

    f(x, *args) returns one real number. like: an example of x, an array of any library or a
    container of arrays, whose values are `fun.x0`; by default x is a NumPy vector itself.
    `fun.hess` and `fun.hessp` go to the methods that take them (trust-ncg, trust-krylov,
    Newton-CG, trust-constr); `fun.unravel(result.x)` is the x found, as f knows it. Values are
    float64, whatever f computes with. For constraints, `ag.jacobian(g)` is a `jac` as it is.
    Raises ShapeError for a vector of another length, and what `value_and_grad` raises.

    >>> from scipy.optimize import minimize
    >>> fun = ag.scipy_objective(lambda p: (p["a"] - 1) ** 2 + (p["b"] - p["a"]) ** 4,
    ...                          {"a": 3.0, "b": 2.0})
    >>> result = minimize(fun, fun.x0, jac=True, hess=fun.hess, method="trust-exact")
    >>> bool(result.success), round(float(fun.unravel(result.x)["a"]), 5)
    (True, 1.0)
    """
    return ScipyObjective(f, like)
