"""Norms of vectors and of matrices."""

from __future__ import annotations

from math import inf
from typing import Any

from arraygrad.arrays import kept_shape
from arraygrad.backend import namespace
from arraygrad.errors import ArgumentError
from arraygrad.functions.matrices import conj, matrices, tracked
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_variable, constant

__all__ = ["matrix_norm", "vector_norm"]

_FAR = 0.5  # a power of what is near 0 changes too fast for differences


@op(
    samples=[
        case(arr(3), None, False, 2),
        case(arr(2, 3), -1, True, 2),
        case(arr(2, 3, 2), (0, 2), False, 3),
        case(arr(2, 3, low=_FAR), 0, True, 0.5),
        case(arr(3, low=_FAR), None, False, -2),
        case(arr(3), 0, False, 4),
        case(arr(3, kind="complex"), 0, False, 2),
        case(arr(2, 3, kind="complex", low=_FAR), 1, True, 3),
    ],
    along="axis",
)
def _norm(x: Any, axis: Any, keepdims: bool, ord: Any, *, xp: Any = None) -> Any:
    """(sum |x| ** ord) ** (1 / ord); what `vector_norm` calls for any ord but 0, 1 and infinity."""
    return xp.linalg.vector_norm(x, axis=axis, keepdims=keepdims, ord=ord)


@_norm.rule
def _(g, x, out, axis, keepdims, ord, xp):
    if not keepdims:
        shape = kept_shape(x.shape, axis)
        g, out = xp.reshape(g, shape), xp.reshape(out, shape)
    # Where the norm is 0, or an element, its derivative is taken for 0, as that of abs is.
    zero = out == 0
    length = xp.where(zero, xp.ones_like(out), out)
    g = xp.where(zero, xp.zeros_like(g), g)
    if ord == 2:
        return g / length * conj(x, xp)
    size = xp.abs(x)
    nothing = size == 0
    size = xp.where(nothing, xp.ones_like(size), size)
    powers = xp.where(nothing, xp.zeros_like(size), (size / length) ** (ord - 1))
    return g * powers * (conj(x, xp) / size)


@op(
    samples=[
        case(arr(3)),
        case(arr(2, 3), axis=1, keepdims=True),
        case(arr(2, 3, 2), axis=(0, 2), ord=1),
        case(arr(2, 3), axis=0, ord=inf),
        case(arr(2, 3), keepdims=True, ord=-inf),
        case(arr(2, 3, low=_FAR), axis=1, ord=2.5),
        case(arr(3, kind="complex"), ord=1),
    ],
    standard="linalg.vector_norm",
)
def vector_norm(x: Any, axis: Any = None, keepdims: bool = False, ord: float = 2) -> Variable:
    """The norm of vectors: (sum |x| ** ord) ** (1 / ord) over `axis`, which is all for None.

    axis: an int, or a tuple of them. ord: any number; 0 counts what is not 0, and has no
    gradient; infinity is the largest |x|, minus infinity the smallest. Where a norm is 0 its
    gradient is taken for 0.

    >>> vector_norm(Variable(np.array([3.0, 4.0])))
    variable(5.0)
    """
    x = as_variable(x, requires_grad=False)
    if isinstance(ord, str) or ord is None:
        raise ArgumentError(f"vector_norm: got ord = {ord!r}, expected a number")
    axis = tuple(axis) if isinstance(axis, list) else axis
    if ord == 0 or not tracked(x):
        norm = namespace(x.data).linalg.vector_norm
        return constant(norm(x.data, axis=axis, keepdims=keepdims, ord=ord))
    if ord == 1:
        return abs(x).sum(axis=axis, keepdims=keepdims)
    if ord in (inf, -inf):
        size = abs(x)
        return (size.max if ord > 0 else size.min)(axis=axis, keepdims=keepdims)
    return _norm(x, axis, keepdims, ord)


@op(
    samples=[
        case(arr(2, 3)),
        case(arr(2, 3, 2), ord="nuc"),
        case(arr(2, 3), ord=2, keepdims=True),
        case(arr(2, 3), ord=1),
        case(arr(2, 3), ord=inf),
        case(arr(2, 3, kind="complex"), ord="nuc"),
    ],
    standard="linalg.matrix_norm",
)
def matrix_norm(x: Any, keepdims: bool = False, ord: Any = "fro") -> Variable:
    """The norm of matrices x (..., M, N).

    ord: "fro" for the root of the sum of squares; "nuc" for the sum of singular values; 2 and -2
    for the largest and smallest of them; 1 and -1 for the largest and smallest sum of a column,
    of sizes; infinity and minus infinity for those of rows.
    Raises ArgumentError for another ord.

    >>> matrix_norm(Variable(np.array([[3.0, 0.0], [0.0, 4.0]])))
    variable(5.0)
    """
    from arraygrad.functions.decompositions import svdvals

    x = matrices("matrix_norm", x)
    if ord not in ("fro", "nuc", None, 1, -1, 2, -2, inf, -inf):
        raise ArgumentError(
            f"matrix_norm: got ord = {ord!r}, expected 'fro', 'nuc', 1, -1, 2, -2, inf or -inf"
        )
    if ord in ("fro", None):
        return vector_norm(x, axis=(-2, -1), keepdims=keepdims)
    if ord in ("nuc", 2, -2):
        s = svdvals(x)
        y = s.sum(axis=-1) if ord == "nuc" else (s.max if ord > 0 else s.min)(axis=-1)
    else:
        sums = abs(x).sum(axis=-2 if ord in (1, -1) else -1)
        y = (sums.max if ord > 0 else sums.min)(axis=-1)
    return y[..., None, None] if keepdims else y
