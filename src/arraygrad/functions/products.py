"""Products of vectors, of matrices, and of arrays over chosen axes; diagonals and traces."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arraygrad.arrays import taken_back
from arraygrad.errors import ArgumentError, AxisIndexError, ShapeError
from arraygrad.functions.linalg import matmul, promoted
from arraygrad.functions.matrices import conj, eye_like, square
from arraygrad.functions.shape import reshape
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_variable, constant

__all__ = ["cross", "diagonal", "matrix_power", "outer", "tensordot", "trace", "vecdot"]


@op(
    samples=[
        case(arr(2, 3), arr(2, 3)),
        case(arr(2, 3), arr(4, 1, 3)),
        case(arr(3, 2), arr(3, 2), axis=-2),
        case(arr(3), arr(3, kind="complex")),
        case(arr(2, 3, kind="complex"), arr(3, kind="complex")),
    ],
    broadcasts=True,
    standard="vecdot",
)
def vecdot(x1: Any, x2: Any, axis: int = -1, *, xp: Any = None) -> Any:
    """The sum of conj(x1) * x2 over `axis`; other axes broadcast.

    axis: counted from the end, -1 for the last.

    >>> vecdot(Variable(np.array([1.0, 2.0])), np.array([3.0, 4.0]))
    variable(11.0)
    """
    x1, x2 = promoted(xp, x1, x2)
    return xp.vecdot(x1, x2, axis=axis)


@vecdot.rule("x1")
def _(g, x2, axis, xp):
    return conj(xp.expand_dims(g, axis=axis) * x2, xp)


@vecdot.rule("x2")
def _(g, x1, axis, xp):
    return xp.expand_dims(g, axis=axis) * conj(x1, xp)


@op(
    samples=[
        case(arr(2, 3), arr(2, 3)),
        case(arr(3), arr(4, 2, 3)),
        case(arr(2, 3, 1), arr(3, 4), axis=-2),
        case(arr(2, 3, kind="complex"), arr(3)),
    ],
    broadcasts=True,
    standard="linalg.cross",
)
def cross(x1: Any, x2: Any, axis: int = -1, *, xp: Any = None) -> Any:
    """The cross product of the vectors of length 3 along `axis`; other axes broadcast.

    axis: counted from the end, -1 for the last. Raises ShapeError for another length than 3.

    >>> cross(Variable(np.array([1.0, 0.0, 0.0])), np.array([0.0, 1.0, 0.0]))
    variable([0. 0. 1.])
    """
    if not -min(x1.ndim, x2.ndim) <= axis < 0:
        raise AxisIndexError(
            f"cross: got axis = {axis} for {x1.shape} and {x2.shape}, expected one from "
            f"{-min(x1.ndim, x2.ndim)} to -1, counted from the end"
        )
    if not x1.shape[axis] == x2.shape[axis] == 3:
        raise ShapeError(
            f"cross: got {x1.shape} and {x2.shape}, expected vectors of length 3 along {axis}"
        )
    return xp.linalg.cross(*promoted(xp, x1, x2), axis=axis)


@cross.rule("x1")
def _(g, x2, axis, xp):
    return xp.linalg.cross(x2, g, axis=axis)


@cross.rule("x2")
def _(g, x1, axis, xp):
    return xp.linalg.cross(g, x1, axis=axis)


@op(samples=[case(arr(2), arr(3)), case(arr(2, kind="complex"), arr(3))], standard="linalg.outer")
def outer(x1: Any, x2: Any) -> Variable:
    """The product of each element of x1 (N,) with each of x2 (M,): (N, M).

    Raises ShapeError for anything but vectors.

    >>> outer(Variable(np.array([1.0, 2.0])), np.array([3.0, 4.0, 5.0]))
    variable([[ 3.  4.  5.]
              [ 6.  8. 10.]])
    """
    x1, x2 = (as_variable(x, requires_grad=False) for x in (x1, x2))
    if x1.ndim != 1 or x2.ndim != 1:
        raise ShapeError(f"outer: got {x1.shape} and {x2.shape}, expected two vectors")
    return x1[:, None] * x2[None, :]


def _axes(shape1: tuple[int, ...], shape2: tuple[int, ...], axes: Any) -> tuple[list[int], ...]:
    """The axes of each operand: those to sum over, in pairs, and the free ones."""
    if isinstance(axes, int):
        pairs: Any = (range(len(shape1) - axes, len(shape1)), range(axes))
    else:
        pairs = [[a] if isinstance(a, int) else list(a) for a in axes]
    over1, over2 = ([i % len(s) for i in a] for a, s in zip(pairs, (shape1, shape2), strict=True))
    free1 = [i for i in range(len(shape1)) if i not in over1]
    free2 = [i for i in range(len(shape2)) if i not in over2]
    return over1, free1, over2, free2


def _back(g: Any, x: Any, over: Sequence[int], axes: tuple[list[int], ...], xp: Any) -> Any:
    """The gradient of one operand, from that of the product over axes `over` of g, and x."""
    own_over, own_free, x_over, x_free = axes
    y = xp.tensordot(g, x, axes=(tuple(over), tuple(x_free)))
    # Its axes are the free ones in order, then those summed over, in the order x has them.
    order = [*own_free, *(own_over[x_over.index(i)] for i in sorted(x_over))]
    return xp.permute_dims(y, taken_back(order))


@op(
    samples=[
        case(arr(2, 3, 4), arr(3, 4, 2)),
        case(arr(2, 3), arr(3, 4), axes=1),
        case(arr(2), arr(3), axes=0),
        case(arr(2, 3, 4), arr(5, 4, 2), axes=((2, 0), (-2, 2))),
        case(arr(2, 3, kind="complex"), arr(3, 2), axes=((0, 1), (1, 0))),
        case(arr(), arr(2), axes=0),
    ],
    standard="tensordot",
    reference="tensordot",
)
def tensordot(x1: Any, x2: Any, axes: Any = 2, *, xp: Any = None) -> Any:
    """The sum of products over pairs of axes; the result has the free axes of x1, then of x2.

    axes: how many, the last ones of x1 and the first ones of x2; or two sequences of the same
    length, of which each pair of axes has the same length.

    >>> tensordot(Variable(np.ones((2, 3, 4))), np.ones((3, 4, 5)), axes=2).shape
    (2, 5)
    """
    x1, x2 = promoted(xp, x1, x2)
    return xp.tensordot(x1, x2, axes=axes)


@tensordot.rule("x1")
def _(g, x2, x1_shape, axes, xp):
    g, x2 = promoted(xp, g, x2)
    over1, free1, over2, free2 = _axes(x1_shape, x2.shape, axes)
    last = range(len(free1), len(free1) + len(free2))
    return _back(g, x2, last, (over1, free1, over2, free2), xp)


@tensordot.rule("x2")
def _(g, x1, x2_shape, axes, xp):
    g, x1 = promoted(xp, g, x1)
    over1, free1, over2, free2 = _axes(x1.shape, x2_shape, axes)
    return _back(g, x1, range(len(free1)), (over2, free2, over1, free1), xp)


@op(
    samples=[
        case(arr(2, 3, 3), 3),
        case(arr(2, 2, low=0.5), -2),
        case(arr(2, 2), 1),
        case(arr(3, 3, kind="complex"), 5),
    ],
    standard="linalg.matrix_power",
)
def matrix_power(x: Any, n: int) -> Variable:
    """The product of n square matrices x (..., M, M); the inverse for a negative n.

    Raises ShapeError for matrices that are not square, MatrixError for a singular one where an
    inverse is asked for. By squaring: some 2 log2(n) products.

    >>> matrix_power(Variable(np.array([[1.0, 1.0], [0.0, 1.0]])), 3)
    variable([[1. 3.]
              [0. 1.]])
    """
    from arraygrad.backend import backend_of
    from arraygrad.functions.solving import inv

    x = square("matrix_power", x)
    if not isinstance(n, int):
        raise ArgumentError(f"matrix_power: got n = {n!r}, expected a whole number")
    if n == 0:
        xp = backend_of(x.data).xp
        return constant(xp.zeros_like(x.data) + eye_like(x.data))
    power = inv(x) if n < 0 else x[...]
    y: Variable | None = None
    for i, digit in enumerate(reversed(f"{abs(n):b}")):
        if i:
            power = matmul(power, power)
        if digit == "1":
            y = power if y is None else matmul(y, power)
    assert y is not None  # the first digit of n is 1
    return y


@op(
    samples=[
        case(arr(2, 3, 3)),
        case(arr(3, 4), offset=1),
        case(arr(4, 3), offset=-2),
        case(arr(2, 3), offset=5),
        case(arr(2, 2, 2, kind="complex")),
    ],
    standard="linalg.diagonal",
)
def diagonal(x: Any, offset: int = 0) -> Variable:
    """The diagonals of matrices x (..., M, N), `offset` columns to the right of the main one.

    >>> diagonal(Variable(np.array([[1.0, 2.0], [3.0, 4.0]])))
    variable([1. 4.])
    """
    x = as_variable(x, requires_grad=False)
    if x.ndim < 2:
        raise ShapeError(f"diagonal: got x of shape {x.shape}, expected matrices (..., M, N)")
    *lead, m, n = x.shape
    length = max(min(m + min(offset, 0), n - max(offset, 0)), 0)
    start = offset if offset > 0 else -offset * n
    # In a row, the elements of a diagonal are n + 1 apart.
    stop = start + (length - 1) * (n + 1) + 1
    key = slice(start, stop, n + 1) if length else slice(0, 0)
    return reshape(x, (*lead, m * n))[(..., key)]


@op(
    samples=[
        case(arr(2, 3, 3)),
        case(arr(3, 4), offset=1),
        case(arr(2, 2), offset=-3),
        case(arr(2, 2, kind="complex")),
    ],
    standard="linalg.trace",
)
def trace(x: Any, offset: int = 0, dtype: Any = None) -> Variable:
    """The sums of the diagonals of matrices x (..., M, N); see `diagonal` for `offset`.

    dtype: of the result; x is cast to it before it is summed.

    >>> trace(Variable(np.array([[1.0, 2.0], [3.0, 4.0]])))
    variable(5.0)
    """
    y = diagonal(x, offset)
    return (y if dtype is None else y.astype(dtype)).sum(axis=-1)
