"""Pooling of images with channels last in memory: one pass, all channels of a pixel at once.

Others are brought into this order first, which costs a seventh of pooling 3x3 by NumPy; of
windows of 2x2, and of a few channels, the core's passes over whole rows are as fast.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad.functions.pool import lowest
from arraygrad.functions.windows import windows
from arraygrad.workspace import empty
from arraygrad_numba.compiled import fits, loop
from arraygrad_numba.fallback import core

_FEW = 8  # channels
_FIRST = (0, 3, 1, 2)


@loop
def _tap(x: Any, y: Any, place: Any, k: Any) -> None:
    """One place in a window; as in the definition, a nan takes the place, and stays the result."""
    for c in range(y.size):
        v, old = x[c], y[c]
        less = v <= old
        place[c] = place[c] if less else k
        y[c] = old if less or old != old else v


@loop
def _pool(x: Any, y: Any, place: Any, kernel: Any, stride: Any) -> None:
    images, rows, columns, channels = y.shape
    for a in range(images):
        for i in range(rows):
            for j in range(columns):
                to, at = y[a, i, j], place[a, i, j]
                for c in range(channels):
                    to[c] = x[a, i * stride[0], j * stride[1], c]
                for c in range(channels):
                    at[c] = 0
                for k in range(1, kernel[0] * kernel[1]):
                    di, dj = divmod(k, kernel[1])
                    _tap(x[a, i * stride[0] + di, j * stride[1] + dj], to, at, k)


@loop
def _unpool(g: Any, place: Any, gx: Any, kernel: Any, stride: Any) -> None:
    images, rows, columns, channels = g.shape
    width = gx.shape[2]
    gx[:] = 0
    offsets = np.empty(kernel[0] * kernel[1], np.intp)
    for k in range(offsets.size):
        offsets[k] = (k // kernel[1] * width + k % kernel[1]) * channels
    for a in range(images):
        image = gx[a].reshape(gx.shape[1] * width * channels)
        for i in range(rows):
            for j in range(columns):
                up, at = g[a, i, j], place[a, i, j]
                start = (i * stride[0] * width + j * stride[1]) * channels
                for c in range(channels):
                    image[start + c + offsets[at[c]]] += up[c]


def _last(x: Any) -> Any:
    """The view (N, H, W, C) of images; a copy, if they do not lie so."""
    return np.ascontiguousarray(x.transpose(0, 2, 3, 1))


def pooling(x: Any, kernel: Any, stride: Any, pad: Any) -> Any:
    n, c, h, w = x.shape
    lies_so = x.strides[1] < x.strides[3]
    if not fits(x) or c < _FEW or (not lies_so and kernel[0] * kernel[1] <= 4):
        return core("_pooling")(x, kernel, stride, pad)
    oh, ow = windows("pooling", (h, w), kernel, stride, pad, (1, 1))
    ph, pw = pad
    if ph or pw:
        image = empty((n, h + 2 * ph, w + 2 * pw, c), x.dtype)
        image.fill(lowest(x.dtype, np))
        image[:, ph : ph + h, pw : pw + w] = x.transpose(0, 2, 3, 1)
    else:
        image = _last(x)
    y = empty((n, oh, ow, c), x.dtype)
    place = empty(y.shape, np.dtype("uint8" if kernel[0] * kernel[1] <= 256 else "int32"))
    _pool(image, y, place, kernel, stride)
    return y.transpose(_FIRST), place.transpose(_FIRST)


def pooling_x(g: Any, place: Any, x_shape: Any, kernel: Any, stride: Any, pad: Any) -> Any:
    if type(place) is tuple or not fits(g):  # a tuple is what the core's kernel saved
        return core("_pooling.x")(g, place, x_shape, kernel, stride, pad)
    n, c, h, w = x_shape
    ph, pw = pad
    gx = empty((n, h + 2 * ph, w + 2 * pw, c), g.dtype)
    _unpool(_last(g), _last(place), gx, kernel, stride)
    return gx[:, ph : ph + h, pw : pw + w].transpose(_FIRST)
