"""Embeddings: rows of a matrix, looked up by whole numbers."""

from __future__ import annotations

from typing import Any

from arraygrad.arrays import is_inexact
from arraygrad.backend import backend_of
from arraygrad.errors import AxisIndexError, DtypeError, ShapeError
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_array

__all__ = ["embed_id"]


@op(
    samples=[
        case(arr(3, kind="int", low=0, high=5), arr(5, 2)),
        case(arr(2, 3, kind="int", low=0, high=2), arr(2, 4)),
    ],
    constant=("x",),
)
def _embed_id(x: Any, W: Any, *, xp: Any = None) -> Any:
    """The rows of `W` at checked positions; what `embed_id` calls."""
    return xp.reshape(xp.take(W, xp.reshape(x, (-1,)), axis=0), (*x.shape, W.shape[1]))


@_embed_id.rule("W")
def _(g, x, W_shape, backend):
    return backend.index_add(W_shape, x, g)


@op(
    samples=[
        case(arr(4, kind="int", low=0, high=3), arr(3, 2)),
        case(arr(2, 3, kind="int", low=0, high=5), arr(5, 2)),
        case(arr(0, kind="int", low=0, high=5), arr(5, 2)),
        case(arr(kind="int", low=0, high=5), arr(5, 2)),
    ]
)
def embed_id(x: Any, W: Any) -> Variable:
    """The row of `W` for each whole number in `x`; the gradients of repeated rows add up.

    x: (...) positions from 0 to V-1, an array or a Variable. W: (V, D). Result: (..., D).
    Raises DtypeError for positions that are no whole numbers, AxisIndexError for one below 0 or
    above V-1, ShapeError for a `W` that is no matrix.

    >>> W = Variable(np.array([[0.0, 0.1], [1.0, 1.1], [2.0, 2.1]]))
    >>> embed_id(np.array([2, 0]), W)
    variable([[2.  2.1]
              [0.  0.1]])
    """
    data = x._array() if isinstance(x, Variable) else as_array(x)
    backend = backend_of(data)
    if not hasattr(W, "ndim") or W.ndim != 2:
        shape = getattr(W, "shape", type(W).__name__)
        raise ShapeError(f"embed_id: got W of shape {shape}, expected a matrix (V, D)")
    if is_inexact(data.dtype, backend.xp) or backend.xp.isdtype(data.dtype, "bool"):
        raise DtypeError(
            f"embed_id: got positions of dtype {data.dtype}, expected an integer dtype; cast them"
        )
    if 0 not in data.shape and not backend.within(data, W.shape[0]):
        low, high = int(backend.xp.min(data)), int(backend.xp.max(data))
        raise AxisIndexError(
            f"embed_id: got positions from {low} to {high}, expected some from 0 to "
            f"{W.shape[0] - 1} for W of {W.shape[0]} rows"
        )
    return _embed_id(data, W)
