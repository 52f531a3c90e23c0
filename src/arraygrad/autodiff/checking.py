"""check_grads: a program's derivatives against differences."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from arraygrad.autodiff.arguments import as_point, name_of
from arraygrad.autodiff.containers import flatten, unflatten
from arraygrad.autodiff.products import in_tuple, jvp, vjp
from arraygrad.backend import PYTHON_SCALARS, backend_of
from arraygrad.errors import ArgumentError, GradientError
from arraygrad.variable import as_numpy


def check_grads(
    f: Callable[..., Any],
    args: Sequence[Any],
    order: int = 2,
    *,
    rtol: float | None = None,
    seed: int = 0,
) -> None:
    """Raise GradientError unless f's derivatives at `args` agree with differences of its values.

    args: a tuple with one for each argument of f, arrays or containers of them. For each array
    among them, along a direction drawn from `seed`, forward and reverse mode are compared with
    central differences of fourth order; for order 2 those of the gradient too, and so on.
    rtol: the relative error allowed; by default 1e-5 in float64, 0.02 in float32, where
    differences are worth little. At kinks, such as of relu at 0, differences differ rightly.

    >>> ag.check_grads(lambda x: F.sin(x) * x, (np.array([1.0, 2.0]),))
    >>> ag.check_grads(lambda x: x * ag.stop_gradient(x), (2.0,))
    Traceback (most recent call last):
    ...
    arraygrad.errors.GradientError: check_grads(<lambda>): got the derivative ... of order 1 ...
    """
    who = f"check_grads({name_of(f, 'check_grads')})"
    if order < 1:
        raise ArgumentError(f"{who}: got order {order}, expected 1, 2, ...")
    _check(who, f, in_tuple(args, who), order, 1, rtol, np.random.default_rng(seed))


def _check(
    who: str,
    f: Callable[..., Any],
    args: tuple[Any, ...],
    orders: int,
    order: int,
    rtol: float | None,
    rng: np.random.Generator,
) -> None:
    xs: list[Any] = []
    shape = flatten(args, xs)
    xs = [as_point(x) for x in xs]
    args = unflatten(shape, iter(xs))
    y, pull = vjp(f, *args)
    ys: list[Any] = []
    y_shape = flatten(y, ys)
    us = [_draw(y, rng) for y in ys]
    gxs: list[Any] = []
    flatten(pull(unflatten(y_shape, iter(us))), gxs)
    for i, x in enumerate(xs):
        v = _draw(x, rng)
        step = float(np.finfo(_real(x)).eps) ** 0.2
        ends = {}
        for k in (-2, -1, 1, 2):
            moved = [x + (k * step) * v if j == i else x for j, x in enumerate(xs)]
            values: list[Any] = []
            flatten(f(*unflatten(shape, iter(moved))), values)
            ends[k] = _dot(us, values)
        # The differences of nearly equal numbers, in double precision.
        numeric = (8 * (ends[1] - ends[-1]) - (ends[2] - ends[-2])) / (12 * step)
        tangents = [v if j == i else _zeros(x) for j, x in enumerate(xs)]
        pushed: list[Any] = []
        flatten(jvp(f, args, unflatten(shape, iter(tangents)))[1], pushed)
        allowed = rtol if rtol is not None else (1e-5 if _real(x) == np.float64 else 0.02)
        size = max(abs(numeric), *(abs(e) for e in ends.values()), 1e-3)
        for mode, got in (("reverse", _dot([gxs[i]], [v])), ("forward", _dot(us, pushed))):
            if not math.isclose(got, numeric, rel_tol=allowed, abs_tol=allowed * size):
                raise GradientError(
                    f"{who}: got the derivative {got:.8g} of order {order} in {mode} mode for "
                    f"array {i} of the arguments, shape {x.shape}, along a direction; expected "
                    f"{numeric:.8g}, as differences give; look at rules of your own, at values "
                    f"taken out of the graph (.data, .detach(), stop_gradient), and at kinks"
                )
    if orders > 1:
        _check(
            who,
            lambda *args: vjp(f, *args)[1](unflatten(y_shape, iter(us))),
            args,
            orders - 1,
            order + 1,
            rtol,
            rng,
        )


def _real(x: Any) -> np.dtype:
    """NumPy's dtype of the real numbers in `x`."""
    dtype = as_numpy(x).real.dtype
    return dtype if dtype.kind == "f" else np.dtype(np.float64)


def _draw(x: Any, rng: np.random.Generator) -> Any:
    """A direction: numbers from -1 to 1, of the shape, dtype and device of `x`."""
    host = as_numpy(x)
    e = rng.uniform(-1, 1, host.shape)
    if host.dtype.kind == "c":
        e = e + 1j * rng.uniform(-1, 1, host.shape)
    if type(x) in PYTHON_SCALARS or host.dtype.kind not in "fc":
        return np.asarray(e)
    backend = backend_of(x)
    return backend.from_numpy(np.asarray(e, host.dtype), backend.device(x))


def _zeros(x: Any) -> Any:
    return backend_of(x).xp.zeros_like(x)


def _dot(us: Sequence[Any], ys: Sequence[Any]) -> float:
    """The sum of products, of complex numbers those of real and imaginary parts."""
    total = 0.0
    for u, y in zip(us, ys, strict=True):
        a, b = as_numpy(u), as_numpy(y)
        total += float(np.sum((np.conj(a) * b).real, dtype=np.float64))
    return total
