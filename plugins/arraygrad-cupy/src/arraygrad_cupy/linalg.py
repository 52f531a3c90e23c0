"""Linear algebra: what array-api-compat has, and what CuPy does not do as the standard says."""

from __future__ import annotations

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
