"""The array API namespace of CuPy: that of array-api-compat, but for what waits for the GPU there.

It puts a number where a mask says so, and to count what a mask keeps CuPy waits. (Names of Python,
such as `all`, are CuPy's in this module.)
"""

from __future__ import annotations

from typing import Any

import cupy
from array_api_compat.cupy import *  # noqa: F403

from arraygrad_cupy import linalg as linalg


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    """`x` limited to min .. max, numbers or arrays, in the dtype of `x`; a nan in them stays."""
    if min is None and max is None:
        return x.copy()
    low, high = _bound(x, min), _bound(x, max)
    numbers = isinstance(low, int | float) and isinstance(high, int | float)
    if numbers and low <= high:  # else CuPy's own does not keep nan
        return cupy.clip(x, low, high)
    y = x if low is None else cupy.maximum(x, low)
    return y if high is None else cupy.minimum(y, high)


def _bound(x: Any, bound: Any) -> Any:
    """A bound as CuPy's functions take it, so that the result has the dtype of `x`."""
    if bound is None:
        return None
    if isinstance(bound, cupy.ndarray):
        return bound.astype(x.dtype, copy=False)
    if x.dtype.kind not in "iu":
        return float(bound)
    limits = cupy.iinfo(x.dtype)  # a number beyond them is no limit, or all of one
    return int(limits.min if bound < limits.min else limits.max if bound > limits.max else bound)


def sign(x: Any, /) -> Any:
    """-1, 0 or 1, or x / abs(x) of complex numbers; nan of nan, of which CuPy makes 0."""
    if x.dtype.kind == "c":
        return cupy.where(x == 0, x, x / cupy.abs(x))
    y = cupy.sign(x)
    return cupy.where(x == x, y, x) if x.dtype.kind == "f" else y
