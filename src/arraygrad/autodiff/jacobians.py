"""Whole derivatives: jacobian (jacrev, jacfwd), hessian, elementwise_grad."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from math import prod
from typing import Any

from arraygrad import functions as F
from arraygrad.arrays import is_complex
from arraygrad.autodiff.arguments import name_of, numbered
from arraygrad.autodiff.containers import unflatten
from arraygrad.autodiff.reverse import apart, grad
from arraygrad.autodiff.tracing import Trace
from arraygrad.backend import backend_of
from arraygrad.errors import DtypeError, ShapeError
from arraygrad.variable import Variable, constant

# Measured on NumPy (benchmarks/transforms.py): a product in forward mode costs about as much as
# one in reverse mode, after a preparation that costs about as much as three.
PREPARATION = 3


def jacobian(
    f: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """A function that returns the Jacobian of f: `jacrev` or `jacfwd`, whichever costs less.

    For a result of shape (a, b) and an argument of shape (c,) it has shape (a, b, c). Where
    results or arguments are nested lists, tuples and dicts, it is the structure of the result,
    with that of the argument in each place; with several `argnums` a tuple of these.
    With has_aux, f returns (value, aux), and the Jacobian comes in a pair with aux.
    Complex results or arguments need holomorphic=True, and f to be so: it is the complex
    derivative then. Raises DtypeError otherwise, and for integer arguments.

    >>> jacobian = ag.jacobian(lambda x: x[1:] * x[:-1])
    >>> jacobian(np.array([1.0, 2.0, 3.0]))
    array([[2., 1., 0.],
           [0., 3., 2.]])
    """
    return _transform("jacobian", None, f, argnums, has_aux, holomorphic)


def jacrev(
    f: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """`jacobian` in reverse mode: one backpropagation for each element of the result.

    >>> ag.jacrev(lambda x: (x * x).sum())(np.array([1.0, 2.0]))
    array([2., 4.])
    """
    return _transform("jacrev", False, f, argnums, has_aux, holomorphic)


def jacfwd(
    f: Callable[..., Any],
    argnums: int | Sequence[int] = 0,
    has_aux: bool = False,
    holomorphic: bool = False,
) -> Callable[..., Any]:
    """`jacobian` in forward mode: one product with a tangent for each element of the arguments.

    Complex results of real arguments are allowed.

    >>> ag.jacfwd(lambda t: F.sin(t * np.array([1.0, 2.0])))(0.0)
    array([1., 2.])
    """
    return _transform("jacfwd", True, f, argnums, has_aux, holomorphic)


def hessian(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """A function that returns the second derivatives of f, which returns one real number.

    For an argument of shape (n,) they have shape (n, n); containers as in `jacobian`.

    >>> ag.hessian(lambda x: x[0] ** 2 * x[1])(np.array([1.0, 2.0]))
    array([[4., 2.],
           [2., 0.]])
    """
    name = name_of(f, "hessian")
    return _transform("hessian", False, grad(f, argnums), argnums, False, False, name)


def elementwise_grad(f: Callable[..., Any], argnums: int | Sequence[int] = 0) -> Callable[..., Any]:
    """A function that returns dy/dx at each element, of an f that works element by element.

    Raises ShapeError where f's result has not the shape of the argument: derivatives would be
    sums over several results.

    >>> ag.elementwise_grad(F.tanh)(np.array([0.0, 1.0]))
    array([1.        , 0.41997434])
    """
    name = name_of(f, "elementwise_grad")

    def elementwise_grad_f(*args: Any, **kwargs: Any) -> Any:
        who = f"elementwise_grad({name})"
        trace = Trace(who, f, args, kwargs, numbered(argnums, args, who))
        for y in trace.ys:
            if is_complex(y.dtype):
                raise DtypeError(
                    f"{who}: the function returned {y.dtype}, expected real numbers; take their "
                    f"real part, or see jacobian, which has holomorphic=True"
                )
            if wrong := [x for x in trace.xs if x.shape != y.shape]:
                raise ShapeError(
                    f"{who}: the function returned shape {y.shape} for an argument of shape "
                    f"{wrong[0].shape}, expected that shape; see jacobian for other functions"
                )
        gxs = trace.pull([backend_of(y._data).ones_like(y._data) for y in trace.ys])
        return _trees(trace, gxs, isinstance(argnums, int))

    elementwise_grad_f.__name__ = f"elementwise_grad_{name}"
    return elementwise_grad_f


def _transform(
    word: str,
    forward: bool | None,
    f: Callable[..., Any],
    argnums: int | Sequence[int],
    has_aux: bool,
    holomorphic: bool,
    name: str = "",
) -> Callable[..., Any]:
    name = name or name_of(f, word)
    who = f"{word}({name})"

    def jacobian_f(*args: Any, **kwargs: Any) -> Any:
        trace = Trace(who, f, args, kwargs, numbered(argnums, args, who), has_aux)
        in_forward = _in_forward(trace, holomorphic) if forward is None else forward
        _check(trace, in_forward, holomorphic)
        blocks = _columns(trace) if in_forward else _rows(trace, holomorphic)
        trees = [_trees(trace, row, isinstance(argnums, int)) for row in blocks]
        out = unflatten(trace.y_shape, iter(trees))
        return (out, trace.extra()) if has_aux else out

    jacobian_f.__name__ = f"{word}_{name}"
    return jacobian_f


def _in_forward(trace: Trace, holomorphic: bool) -> bool:
    """Whether forward mode costs less, or is the only one that these dtypes allow."""
    if not holomorphic:
        if any(is_complex(x.dtype) for x in trace.xs):
            return False
        if any(is_complex(y.dtype) for y in trace.ys):
            return True
    n = sum(x.size for x in trace.xs)
    m = sum(y.size for y in trace.ys if y._node is not None)
    return n + PREPARATION < m


def _check(trace: Trace, forward: bool, holomorphic: bool) -> None:
    things, others = (trace.xs, trace.ys) if forward else (trace.ys, trace.xs)
    what, word = ("an argument", "jacrev") if forward else ("a result", "jacfwd")
    complexes = [x.dtype for x in things if is_complex(x.dtype)]
    if complexes and not holomorphic:
        way = "" if any(is_complex(x.dtype) for x in others) else f"call {word}, or "
        raise DtypeError(
            f"{trace.who}: got {what} of dtype {complexes[0]}, expected real numbers; {way}take "
            f"real and imaginary parts apart, or set holomorphic=True if the function has a "
            f"complex derivative"
        )
    for x in (*things, *others) if holomorphic else ():
        if not is_complex(x.dtype):
            raise DtypeError(
                f"{trace.who}: got dtype {x.dtype}, expected complex arguments and results, as "
                f"holomorphic=True says"
            )


def _rows(trace: Trace, holomorphic: bool) -> Iterator[list[Variable]]:
    """For each result the blocks of the Jacobian, by reverse mode."""
    for k, y in enumerate(trace.ys):
        if y._node is None:
            yield [_zeros(y, x) for x in trace.xs]
            continue
        rows = []
        for seed in _units(y):
            gys: list[Any] = [None] * len(trace.ys)
            gys[k] = seed
            rows.append(trace.pull(gys))
        # Gradients of complex numbers are conjugates of derivatives.
        yield [
            _block([F.conj(row[i]) if holomorphic else row[i] for row in rows], y, x, 0)
            for i, x in enumerate(trace.xs)
        ]


def _columns(trace: Trace) -> list[list[Variable]]:
    """The same by forward mode."""
    push = trace.linear()
    blocks: list[list[Variable]] = [[] for _ in trace.ys]
    for k, x in enumerate(trace.xs):
        columns = []
        for seed in _units(x):
            dxs: list[Any] = [None] * len(trace.xs)
            dxs[k] = seed
            columns.append(push(dxs))
        for i, y in enumerate(trace.ys):
            blocks[i].append(_block([column[i] for column in columns], y, x, -1))
    return blocks


def _units(x: Variable) -> Iterator[Any]:
    """The arrays like `x` with a one in one place and zeros elsewhere."""
    backend, n = backend_of(x._data), x.size
    eye = backend.xp.eye(n, dtype=x.dtype, device=x.device)
    return (backend.xp.reshape(eye[i, ...], x.shape) for i in range(n))


def _zeros(y: Variable, x: Variable) -> Variable:
    xp = backend_of(x._data).xp
    return constant(xp.zeros(y.shape + x.shape, dtype=x.dtype, device=x.device))


def _block(parts: list[Variable], y: Variable, x: Variable, axis: int) -> Variable:
    """The derivative of y by x, from one part for each element of y (axis 0) or x (axis -1)."""
    if not prod(y.shape) * prod(x.shape):
        return _zeros(y, x)
    if any(part._node is not None for part in parts):
        return F.reshape(F.stack(parts, axis=axis), y.shape + x.shape)
    xp = backend_of(parts[0]._data).xp
    arrays = xp.stack([xp.asarray(part.data) for part in parts], axis=axis)
    return constant(xp.reshape(arrays, y.shape + x.shape))


def _trees(trace: Trace, blocks: list[Variable], single: bool) -> Any:
    trees = trace.like_arguments(apart(blocks))
    return trees[0] if single else trees
