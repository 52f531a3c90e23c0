"""Windows over images: gathered by one copy of a strided view, added back in place."""

from __future__ import annotations

from typing import Any

import cupy

from arraygrad.functions import windows

_ONE = (1, 1)


def padded(x: Any, pad: Any, value: float = 0) -> Any:
    """`x` (N, C, H, W) with `pad` rows and columns of `value` around it."""
    if pad == (0, 0):
        return x
    (n, c, h, w), (p, q) = x.shape, pad
    y = cupy.full((n, c, h + 2 * p, w + 2 * q), value, x.dtype)
    y[:, :, p : p + h, q : q + w] = x
    return y


def inside(x: Any, size: Any, pad: Any) -> Any:
    """Of the padded images what lies inside of the padding."""
    if pad == (0, 0):
        return x
    (h, w), (p, q) = size, pad
    return cupy.ascontiguousarray(x[:, :, p : p + h, q : q + w])


def im2col(x: Any, kernel: Any, stride: Any = _ONE, pad: Any = (0, 0), dilation: Any = _ONE) -> Any:
    out = windows.windows("im2col", x.shape[2:], kernel, stride, pad, dilation)
    x = padded(x, pad)
    n, c, row, column = x.strides
    steps = (row * dilation[0], column * dilation[1], row * stride[0], column * stride[1])
    view = cupy.lib.stride_tricks.as_strided(x, (*x.shape[:2], *kernel, *out), (n, c, *steps))
    return view.copy()


def col2im(col: Any, size: Any, stride: Any = _ONE, pad: Any = (0, 0), dilation: Any = _ONE) -> Any:
    n, c, kh, kw, oh, ow = col.shape
    y = cupy.zeros((n, c, size[0] + 2 * pad[0], size[1] + 2 * pad[1]), col.dtype)
    parts = col.reshape(n, c, kh * kw, oh, ow)
    for k, key in enumerate(windows.taps((kh, kw), stride, dilation, (oh, ow))):
        part = y[key]
        part += parts[:, :, k]
    return inside(y, size, pad)
