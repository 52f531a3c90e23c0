"""Images of another size: each side is a product with a small matrix of weights.

Averages over bins, linear interpolation and the nearest pixel are all linear and act on rows and
columns apart, so that each is two products with matrices, and its gradient theirs transposed.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from arraygrad.arrays import is_inexact
from arraygrad.backend import backend_of
from arraygrad.errors import ArgumentError, ShapeError
from arraygrad.functions.linalg import matmul
from arraygrad.functions.reduction import mean
from arraygrad.functions.windows import checked_pair, shape_of
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_array

__all__ = ["adaptive_average_pooling", "resize"]


@op(
    samples=[
        case(arr(2, 3, 5, 4), 1),
        case(arr(2, 3, 5, 4), (2, 3)),
        case(arr(1, 2, 3, 6), (4, 3)),
    ]
)
def adaptive_average_pooling(x: Any, output_size: Any) -> Variable:
    """The means of output_size bins that cover the image; 1 gives the global average.

    x: (N, C, H, W); result: (N, C, OH, OW) for output_size (OH, OW) or one number for both. Bin i
    of a side holds the rows from floor(i H / OH) to ceil((i + 1) H / OH).

    He et al. 2014, "Spatial pyramid pooling", arXiv:1406.4729; global: Lin, Chen and Yan 2013,
    "Network in network", arXiv:1312.4400.

    >>> adaptive_average_pooling(Variable(np.ones((1, 2, 5, 7))), 1).shape
    (1, 2, 1, 1)
    """
    size = _size("adaptive_average_pooling", x)
    out = checked_pair("adaptive_average_pooling", "output_size", output_size, 1)
    if out == (1, 1):
        return mean(x, axis=(2, 3), keepdims=True)
    return _applied(x, *(_bins(n, m) for n, m in zip(size, out, strict=True)))


@op(
    samples=[
        case(arr(2, 3, 4, 5), (7, 3)),
        case(arr(1, 2, 3, 4), 6, align_corners=True),
        case(arr(1, 2, 4, 3), (1, 5), align_corners=True),
        case(arr(1, 2, 4, 3), (6, 2), mode="nearest"),
    ]
)
def resize(
    x: Any, output_size: Any, mode: str = "bilinear", align_corners: bool = False
) -> Variable:
    """Images interpolated to another size.

    x: (N, C, H, W); result: (N, C, OH, OW) for output_size (OH, OW) or one number for both.
    mode: "bilinear" or "nearest". align_corners: the centres of the outermost pixels keep their
    places, rather than the outer edges of the image; for "bilinear" alone. What lies outside of
    the centres is the nearest pixel's. Smaller images are not smoothed first.
    Raises ArgumentError for a mode or size out of range.

    Pixel i of a side reads at (i + 1/2) H / OH - 1/2, or i (H - 1) / (OH - 1) with align_corners.

    >>> resize(Variable(np.array([[[[0.0, 1.0]]]])), (1, 4))
    variable([[[[0.   0.25 0.75 1.  ]]]])
    """
    size = _size("resize", x)
    out = checked_pair("resize", "output_size", output_size, 1)
    if mode == "nearest" and not align_corners:
        rows, cols = (_nearest(n, m) for n, m in zip(size, out, strict=True))
    elif mode == "bilinear":
        rows, cols = (_linear(n, m, bool(align_corners)) for n, m in zip(size, out, strict=True))
    else:
        raise ArgumentError(
            f"resize: got mode {mode!r} with align_corners = {align_corners!r}, expected "
            f"'bilinear', or 'nearest' without align_corners"
        )
    return _applied(x, rows, cols)


def _size(who: str, x: Any) -> tuple[int, ...]:
    shape = shape_of(who, "x", x, "(N, C, H, W)")
    if 0 in shape[2:]:
        raise ShapeError(f"{who}: got x of shape {shape}, expected images of at least 1 x 1")
    return shape[2:]


def _applied(x: Any, rows: np.ndarray, cols: np.ndarray) -> Variable:
    """rows (OH, H) @ x (N, C, H, W) @ cols^T, in the dtype and on the device of `x`."""
    data = x._array() if isinstance(x, Variable) else as_array(x)
    backend = backend_of(data)
    dtype = data.dtype if is_inexact(data.dtype, backend.xp) else backend.dtype("float64")
    device = backend.device(data)
    A, B = (backend.table(m, dtype=dtype, device=device) for m in (rows, cols))
    B = B.mT
    # First the side that shrinks more: the second product is the smaller for it.
    if cols.shape[0] * rows.shape[1] <= cols.shape[1] * rows.shape[0]:
        return matmul(A, matmul(x, B))
    return matmul(matmul(A, x), B)


@lru_cache(maxsize=64)
def _bins(n: int, m: int) -> np.ndarray:
    """(m, n): row i has equal weights on the rows of bin i."""
    y = np.zeros((m, n))
    for i in range(m):
        start, stop = i * n // m, -(-(i + 1) * n // m)
        y[i, start:stop] = 1 / (stop - start)
    return y


@lru_cache(maxsize=64)
def _nearest(n: int, m: int) -> np.ndarray:
    """(m, n): row i has a one at floor(i n / m)."""
    y = np.zeros((m, n))
    y[np.arange(m), np.arange(m) * n // m] = 1
    return y


@lru_cache(maxsize=64)
def _linear(n: int, m: int, align_corners: bool) -> np.ndarray:
    """(m, n): row i has the weights of the two pixels around the place where it reads."""
    y = np.zeros((m, n))
    for i in range(m):
        at = i * (n - 1) / max(m - 1, 1) if align_corners else (i + 0.5) * n / m - 0.5
        at = min(max(at, 0.0), n - 1.0)
        low = math.floor(at)
        y[i, low] += 1 - (at - low)
        y[i, min(low + 1, n - 1)] += at - low
    return y
