"""Linear algebra: what array-api-compat has, and what CuPy does not do as the standard says."""

from __future__ import annotations

import math
from typing import Any

import cupy
from array_api_compat.cupy.linalg import *  # noqa: F403


def solve(a: Any, b: Any, /) -> Any:
    """The x with a @ x = b, for `b` one vector or matrices; CuPy's own does not broadcast."""
    if b.ndim == 1:
        return solve(a, b[:, None])[..., 0]
    batch = cupy.broadcast_shapes(a.shape[:-2], b.shape[:-2])
    a = cupy.broadcast_to(a, batch + a.shape[-2:])
    return cupy.linalg.solve(a, cupy.broadcast_to(b, batch + b.shape[-2:]))


def cholesky(x: Any, /, *, upper: bool = False) -> Any:
    """The triangular factor; nan for matrices that have none, where CuPy's own is anything.

    Of a factor the squares in a row add up to the number on the diagonal of `x`.
    """
    y = cupy.linalg.cholesky(x)
    x, own = (cupy.diagonal(a, axis1=-2, axis2=-1).real for a in (x, y))
    off = cupy.abs(cupy.square(cupy.abs(y)).sum(-1) - x)
    found = ((own > 0) & (off <= x * float(cupy.finfo(y.dtype).eps) ** 0.5)).all(-1)
    y = cupy.where(found[..., None, None], y, y.dtype.type(math.nan))
    return y.mT.conj() if upper else y
