"""Implicit differentiation: of a root x(theta) with f(x, theta) = 0, and of a fixed point.

Where A = df/dx, the derivative of the root is dx/dtheta = -A^-1 df/dtheta, whatever found it. So a
gradient g at the root goes back as -(df/dtheta).T w, where A.T w = g: one linear system, and one
product with the derivative of f. Nothing of the solver's way is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from arraygrad.arrays import is_complex, is_inexact
from arraygrad.autodiff.arguments import as_point, name_of, nested
from arraygrad.autodiff.containers import flatten, unflatten, written
from arraygrad.autodiff.deferred import Deferred, older, snapshot
from arraygrad.autodiff.flat import Flat
from arraygrad.autodiff.reverse import given_back
from arraygrad.autodiff.tracing import Trace
from arraygrad.backend import backend_of, namespace
from arraygrad.config import is_recording, using_config
from arraygrad.engine import Node, next_seq
from arraygrad.errors import ArgumentError, DtypeError, GradientError, ShapeError
from arraygrad.variable import Variable, constant

Matvec = Callable[[Any], Any]
LinearSolve = Callable[[Matvec, Any], Any]


class ImplicitRoot(Deferred):
    """One root that a solver found."""

    __slots__ = ()


def implicit_root(
    f: Callable[..., Any],
    solve: Callable[..., Any],
    linear_solve: str | LinearSolve = "dense",
) -> Callable[..., Any]:
    """The function theta -> x with f(x, *theta) = 0, which `solve(*theta)` finds in any way.

    f(x, *theta): zeros in the structure and shapes of x; written with ops, as it is differentiated.
    solve: gets plain arrays and returns x, a float array or a container of them; nothing in it is
        recorded, so it may be a loop, `scipy.optimize.root` or compiled code. It must converge:
        at anything but a root the derivative is a wrong one.
    linear_solve: how systems with A = df/dx are solved: "dense" makes the matrix, with as many
        products as x has elements; "cg", for a definite symmetric A such as a Hessian, makes none;
        or a function (matvec, b) -> w of vectors with matvec(w) = b, as from scipy.sparse.linalg.
    Raises ShapeError, ArgumentError if f's value is not like x; GradientError if A is singular.

    >>> root = ag.implicit_root(lambda x, a: x * x - a, lambda a: np.sqrt(a))
    >>> root(4.0), ag.grad(root)(4.0), ag.grad(ag.grad(root))(4.0)
    (array(2.), array(0.25), array(-0.03125))
    """
    return _root(
        f"implicit_root({name_of(f, 'implicit_root')})", f, solve, _linear_solve(linear_solve)
    )


def fixed_point(
    f: Callable[..., Any], x0: Any, *, tol: float | None = None, limit: int = 1000
) -> Callable[..., Any]:
    """The function theta -> x with x = f(x, *theta), by iteration from x0, as is its gradient.

    tol: iteration ends when no element changes by more than tol * (1 + its size); by default
        8 units in the last place. limit: the number of steps after which GradientError is raised.
    For another solver see `implicit_root`, with f(x, theta) - x.

    >>> cosine = ag.fixed_point(lambda x, a: F.cos(a * x), 0.5)
    >>> cosine(1.0)
    array(0.73908513)
    >>> ag.grad(cosine)(1.0)
    array(-0.29747434)
    """
    who = f"fixed_point({name_of(f, 'fixed_point')})"

    def iterate(step: Matvec, x: Any) -> Any:
        xp = namespace(x)
        bound = tol if tol is not None else 8 * float(xp.finfo(x.dtype).eps)
        change = None
        for _ in range(limit):
            x, before = step(x), x
            change = xp.abs(x - before)
            if bool(xp.all(change <= bound * (1 + xp.abs(x)))):
                return x
        raise GradientError(
            f"{who}: got a change of {float(xp.max(change)):.3g} in step {limit}, expected one "
            f"below tol; the function has to contract: give a larger limit or tol, or find the "
            f"fixed point in another way, with implicit_root"
        )

    def solve(*theta: Any) -> Any:
        start: list[Any] = []
        shape = flatten(x0, start)
        start = [_array(x, who) for x in start]
        flat = Flat(start)

        def step(x: Any) -> Any:
            found: list[Any] = []
            flatten(f(unflatten(shape, iter(flat.unravel(x))), *theta), found)
            return flat.ravel([_array(y, who) for y in found])

        return unflatten(shape, iter(flat.unravel(iterate(step, flat.ravel(start)))))

    def residual(x: Any, *theta: Any) -> Any:
        before: list[Any] = []
        after: list[Any] = []
        shape = flatten(x, before)
        if (got := flatten(f(x, *theta), after)) != shape:
            raise ArgumentError(
                f"{who}: the function returned the structure {written(got)}, expected "
                f"{written(shape)}, that of x0"
            )
        return unflatten(shape, iter([b - a for a, b in zip(before, after, strict=True)]))

    # With matvec(w) = f'.T w - w, this is w = f'.T w - b: it contracts as f does.
    def linear(matvec: Matvec, b: Any) -> Any:
        return iterate(lambda w: w + matvec(w) - b, -b)

    return _root(who, residual, solve, linear)


def _root(
    who: str, f: Callable[..., Any], solve: Callable[..., Any], linear_solve: LinearSolve
) -> Callable[..., Any]:
    def root(*theta: Any) -> Any:
        theta = snapshot(theta)
        shape, datas = _solved(who, solve, theta)
        given: list[Any] = []
        flatten(theta, given, everything=True)
        wrapped = nested.get() or any(isinstance(x, Variable) for x in given)
        xs = [constant(x) for x in datas]
        if is_recording():
            start = next_seq()
            trace = _residual(who, f, shape, xs, theta)
            if edges := older(trace.ys, start):
                gradients = _gradients(who, f, shape, datas, theta, linear_solve)
                xs, wrapped = ImplicitRoot(edges, gradients).results(datas), True
        return given_back(unflatten(shape, iter(xs)), wrapped)

    root.__name__ = who.replace("(", "_").rstrip(")")
    return root


def _gradients(
    who: str,
    f: Callable[..., Any],
    shape: Any,
    datas: list[Any],
    theta: tuple[Any, ...],
    linear_solve: LinearSolve,
) -> Any:
    flat = Flat(datas)

    def gradients(
        node: Deferred, parts: dict[int, Any], first: int, graph: bool
    ) -> Iterable[tuple[Node, Any]]:
        # To be differentiated again, the root is what it is: a result of this node.
        xs = node.results(datas) if graph else [constant(x) for x in datas]
        trace = _residual(who, f, shape, xs, theta)
        gs = [parts[k] if k in parts else namespace(x).zeros_like(x) for k, x in enumerate(datas)]
        gs = [g if isinstance(g, Variable) else constant(g) for g in gs]

        def matvec(w: Any) -> Any:  # A.T w on plain vectors
            return flat.ravel([gx._data for gx in trace.pull(flat.unravel(w), graph=False)])

        def solved() -> list[Any]:
            b = flat.ravel([g._data for g in gs])
            return flat.unravel(_system(who, linear_solve, matvec, -b))

        token = nested.set(graph)
        try:
            if graph:  # the linear system is a root too
                system = _root(
                    who,
                    lambda w: [a + g for a, g in zip(trace.pull(w), gs, strict=True)],
                    lambda: solved(),
                    linear_solve,
                )
                ws = [w if isinstance(w, Variable) else constant(w) for w in system()]
            else:
                ws = solved()
            with using_config("enable_backprop", graph):
                return node.pull_through(zip(trace.ys, ws, strict=True), first, graph)
        finally:
            nested.reset(token)

    return gradients


def _residual(
    who: str, f: Callable[..., Any], shape: Any, xs: list[Variable], theta: tuple[Any, ...]
) -> Trace:
    """The recorded call of f at the root."""
    x = unflatten(shape, iter(xs))
    trace = Trace(who, lambda x: f(x, *theta), (x,))
    if trace.y_shape != shape:
        raise ArgumentError(
            f"{who}: the function returned the structure {written(trace.y_shape)}, expected "
            f"{written(shape)}, that of the root: one equation for each unknown"
        )
    for r, x in zip(trace.ys, xs, strict=True):
        if r.shape != x.shape:
            raise ShapeError(
                f"{who}: the function returned shape {r.shape}, expected the shape {x.shape} of "
                f"the root: one equation for each unknown"
            )
    return trace


def _solved(who: str, solve: Callable[..., Any], theta: tuple[Any, ...]) -> tuple[Any, list[Any]]:
    """The structure and the arrays of the root, from a solver that knows nothing of Variables."""
    plain = given_back(theta, False)
    token = nested.set(False)
    try:
        with using_config("enable_backprop", False):
            found: list[Any] = []
            shape = flatten(solve(*plain), found)
    finally:
        nested.reset(token)
    return shape, [_array(x, who) for x in found]


def _array(x: Any, who: str) -> Any:
    x = as_point(x)
    if not is_inexact(x.dtype, backend_of(x).xp) or is_complex(x.dtype):
        raise DtypeError(
            f"{who}: the solver returned dtype {x.dtype}, expected real floating point numbers; "
            f"take real and imaginary parts of complex ones apart"
        )
    return x


def _system(who: str, linear_solve: LinearSolve, matvec: Matvec, b: Any) -> Any:
    try:
        w = linear_solve(matvec, b)
    except (ValueError, RuntimeError, ArithmeticError) as error:
        if isinstance(error, GradientError) or "ingular" not in str(error):
            raise
        raise GradientError(
            f"{who}: got a singular df/dx at the root, expected one that can be inverted; the "
            f"root does not depend on the arguments smoothly there"
        ) from error
    if getattr(w, "shape", None) != b.shape:
        raise ShapeError(
            f"{who}: linear_solve returned {getattr(w, 'shape', type(w).__name__)}, expected a "
            f"vector of shape {b.shape}"
        )
    return w


def _linear_solve(given: str | LinearSolve) -> LinearSolve:
    if callable(given):
        return given
    if given not in ("dense", "cg"):
        raise ArgumentError(
            f"implicit_root: got linear_solve={given!r}, expected 'dense', 'cg' or a function"
        )
    return dense if given == "dense" else conjugate_gradients


def dense(matvec: Matvec, b: Any) -> Any:
    """The solution w of matvec(w) = b, by the matrix."""
    xp, n = namespace(b), b.shape[0]
    eye = xp.eye(n, dtype=b.dtype, device=backend_of(b).device(b))
    matrix = xp.stack([matvec(eye[i, ...]) for i in range(n)], axis=-1)
    return xp.linalg.solve(matrix, b[:, None])[:, 0]


def conjugate_gradients(matvec: Matvec, b: Any) -> Any:
    """The solution w of matvec(w) = b for a definite symmetric matrix (Hestenes, Stiefel 1952)."""
    xp = namespace(b)
    w, r = xp.zeros_like(b), b
    p, rr = r, float(xp.sum(r * r))
    small = rr * float(xp.finfo(b.dtype).eps) ** 2 * b.shape[0]
    for _ in range(10 * b.shape[0] + 10):
        if rr <= small:
            return w
        Ap = matvec(p)
        curvature = float(xp.sum(p * Ap))
        if not curvature:
            break
        a = rr / curvature
        w, r = w + a * p, r - a * Ap
        rr, before = float(xp.sum(r * r)), rr
        p = r + (rr / before) * p
    raise GradientError(
        f"conjugate gradients: got a residual of {rr**0.5:.3g}, expected none after "
        f"{10 * b.shape[0] + 10} steps; df/dx has to be symmetric and definite: else set "
        f"linear_solve='dense'"
    )
