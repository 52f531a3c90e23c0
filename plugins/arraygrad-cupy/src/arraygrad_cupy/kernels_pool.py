"""Pooling: all places of the windows read in one pass, and gradients added in place."""

from __future__ import annotations

import math
from functools import cache
from typing import Any

import cupy
import numpy as np

from arraygrad.functions import pool, windows
from arraygrad_cupy.elementwise import elementwise, floating, forward
from arraygrad_cupy.kernels_windows import inside, padded

MOST = 25
"""Places in a window up to which a kernel takes one argument for each: there is a limit to them."""
_ONE = (1, 1)

_taken = elementwise("T g, S place, S k", "T gx", "gx = gx + pick(place == k, g, T(0))", "unpool")
_added = elementwise("T g, T share", "T gx", "gx = gx + g * share", "spread")


@cache
def _largest(n: int) -> Any:
    # In a variable of its own: `y` is memory that an `x` might share, as far as the compiler knows.
    lines = ["T top = x0", "int p = 0"]
    for k in range(1, n):
        # A nan stays: nothing is larger, and it takes the gradient.
        lines.append(f"bool stay{k} = (x{k} <= top) | (top != top)")
        lines.append(f"p = pick(stay{k}, p, {k})")
        lines.append(f"top = pick(stay{k}, top, x{k})")
    inputs = ", ".join(f"T x{k}" for k in range(n))
    text = "; ".join([*lines, "y = top", "place = p"])
    return elementwise(inputs, "T y, uint8 place", text, f"pool{n}")


@cache
def _mean(n: int) -> Any:
    names = [f"x{k}" for k in range(n)]
    inputs = ", ".join(f"T {name}" for name in names)
    return elementwise(inputs, "T y", f"y = ({' + '.join(names)}) / T({n})", f"mean{n}")


def _views(x: Any, kernel: Any, stride: Any, out: Any) -> list[Any]:
    return [x[key] for key in windows.taps(kernel, stride, _ONE, out)]


def _has_kernel(x: Any, kernel: Any) -> bool:
    return floating(x) and kernel[0] * kernel[1] <= MOST and 0 not in x.shape


def pooling(x: Any, kernel: Any, stride: Any, pad: Any) -> Any:
    if not _has_kernel(x, kernel):
        return forward(pool._pooling, x, kernel, stride, pad)
    out = windows.windows("pooling", x.shape[2:], kernel, stride, pad, _ONE)
    views = _views(padded(x, pad, -math.inf), kernel, stride, out)
    y, place = _largest(len(views))(*views)
    return y, place


def unpooling(y: Any, place: Any, size: Any, kernel: Any, stride: Any, pad: Any) -> Any:
    if not floating(y):
        return forward(pool._unpooling, y, place, size, kernel, stride, pad)
    x = cupy.zeros((*y.shape[:2], size[0] + 2 * pad[0], size[1] + 2 * pad[1]), y.dtype)
    for k, part in enumerate(_views(x, kernel, stride, y.shape[2:])):
        _taken(y, place, np.asarray(k, place.dtype)[()], part)
    return inside(x, size, pad)


def average_pooling(x: Any, kernel: Any, stride: Any, pad: Any) -> Any:
    if not _has_kernel(x, kernel):
        return forward(pool._average_pooling, x, kernel, stride, pad)
    out = windows.windows("average_pooling", x.shape[2:], kernel, stride, pad, _ONE)
    views = _views(padded(x, pad), kernel, stride, out)
    return _mean(len(views))(*views)


def spread(y: Any, size: Any, kernel: Any, stride: Any, pad: Any) -> Any:
    if not floating(y):
        return forward(pool._spread, y, size, kernel, stride, pad)
    x = cupy.zeros((*y.shape[:2], size[0] + 2 * pad[0], size[1] + 2 * pad[1]), y.dtype)
    for part in _views(x, kernel, stride, y.shape[2:]):
        _added(y, 1 / (kernel[0] * kernel[1]), part)
    return inside(x, size, pad)
