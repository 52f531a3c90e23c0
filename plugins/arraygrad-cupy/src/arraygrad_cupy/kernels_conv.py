"""Convolution, in one of two ways.

Columns: all windows in one array, KH * KW times the images, and one product (im2col).
Shifted: one product for each place in the window, added up in place, without that array: images
with the channels last are rows of a matrix, and a step along a row of pixels, or to the next one,
is a shift by so many rows. What is computed across the edges is cut away. Vasudevan, Anderson and
Gregg 2017, "Parallel multi channel convolution using general matrix multiplication".
"""

from __future__ import annotations

from typing import Any

import cupy
import cupy.cublas

from arraygrad.functions import conv
from arraygrad_cupy.elementwise import elementwise, floating, forward
from arraygrad_cupy.kernels_windows import col2im, im2col

CHANNELS = 16
"""From how many channels on the products of the shifted form are large enough; not measured."""

_biased = elementwise("T x, T b", "T y", "y = x + b", "bias")


def is_shifted(channels: int, kernel: Any, stride: Any, groups: int) -> bool:
    """Which of the two ways a convolution of this shape goes."""
    return stride == (1, 1) and groups == 1 and (channels >= CHANNELS or kernel == (1, 1))


def conv2d(x: Any, W: Any, b: Any, stride: Any, pad: Any, dilation: Any, groups: int) -> Any:
    if not floating(x, W, b) or 0 in x.shape:
        return forward(conv._conv2d, x, W, b, stride, pad, dilation, groups)
    if is_shifted(x.shape[1], W.shape[2:], stride, groups):
        return shifted(x, W, b, pad, dilation)
    return by_columns(x, W, b, stride, pad, dilation, groups)


def deconv2d(
    x: Any, W: Any, b: Any, size: Any, stride: Any, pad: Any, dilation: Any, groups: int
) -> Any:
    if not floating(x, W, b) or 0 in x.shape:
        return forward(conv._deconv2d, x, W, b, size, stride, pad, dilation, groups)
    least = _wide(x.shape[2:], W.shape[2:], dilation)
    fits = least == (size[0] + 2 * pad[0], size[1] + 2 * pad[1])
    if fits and is_shifted(W.shape[1], W.shape[2:], stride, groups):
        return shifted_back(x, W, b, size, pad, dilation)
    return back_by_columns(x, W, b, size, stride, pad, dilation, groups)


def conv2d_weight(
    x: Any, h: Any, kernel: Any, stride: Any, pad: Any, dilation: Any, groups: int
) -> Any:
    if not floating(x, h) or 0 in x.shape:
        return forward(conv._conv2d_weight, x, h, kernel, stride, pad, dilation, groups)
    if is_shifted(x.shape[1], tuple(kernel), stride, groups):
        return shifted_weight(x, h, kernel, pad, dilation)
    return weight_by_columns(x, h, kernel, stride, pad, dilation, groups)


# -- columns


def by_columns(x: Any, W: Any, b: Any, stride: Any, pad: Any, dilation: Any, groups: int) -> Any:
    col = im2col(x, W.shape[2:], stride, pad, dilation)
    n, oc = len(x), len(W)
    rows = W.reshape(groups, oc // groups, -1)
    y = (rows @ col.reshape(n, groups, rows.shape[2], -1)).reshape(n, oc, *col.shape[4:])
    return y if b is None else _biased(y, b[:, None, None], y)


def back_by_columns(
    x: Any, W: Any, b: Any, size: Any, stride: Any, pad: Any, dilation: Any, groups: int
) -> Any:
    n, c, oh, ow = x.shape
    ocg, kh, kw = W.shape[1:]
    rows = W.reshape(groups, c // groups, ocg * kh * kw)
    col = rows.mT @ x.reshape(n, groups, c // groups, oh * ow)
    y = col2im(col.reshape(n, groups * ocg, kh, kw, oh, ow), size, stride, pad, dilation)
    return y if b is None else _biased(y, b[:, None, None], y)


def weight_by_columns(
    x: Any, h: Any, kernel: Any, stride: Any, pad: Any, dilation: Any, groups: int
) -> Any:
    n, oc = h.shape[:2]
    col = im2col(x, kernel, stride, pad, dilation).reshape(
        n, groups, x.shape[1] // groups * kernel[0] * kernel[1], -1
    )
    gW = (h.reshape(n, groups, oc // groups, -1) @ col.mT).sum(0)
    return gW.reshape(oc, x.shape[1] // groups, *kernel)


# -- shifted


def shifted(x: Any, W: Any, b: Any, pad: Any, dilation: Any) -> Any:
    (n, _, h, w), (oc, _, *kernel) = x.shape, W.shape
    wide = (h + 2 * pad[0], w + 2 * pad[1])
    rows = _rows(x, wide, pad)
    offsets, length = _offsets(len(rows), wide[1], kernel, dilation)
    y = cupy.empty((len(rows), oc), x.dtype)
    for k, (start, part) in enumerate(
        zip(offsets, _by_place(W.transpose(1, 0, 2, 3), kernel), strict=True)
    ):
        cupy.cublas.gemm(
            "N", "N", rows[start : start + length], part, y[:length], 1.0, float(k > 0)
        )
    oh, ow = (m - d * (k - 1) for m, k, d in zip(wide, kernel, dilation, strict=True))
    return _images(y, (n, *wide), (slice(oh), slice(ow)), b)


def shifted_back(x: Any, W: Any, b: Any, size: Any, pad: Any, dilation: Any) -> Any:
    (n, _, *out), (_, oc, *kernel) = x.shape, W.shape
    wide = _wide(out, kernel, dilation)
    rows = _rows(x, wide, (0, 0))
    offsets, length = _offsets(len(rows), wide[1], kernel, dilation)
    y = cupy.zeros((len(rows), oc), x.dtype)
    for start, part in zip(offsets, _by_place(W, kernel), strict=True):
        cupy.cublas.gemm("N", "N", rows[:length], part, y[start : start + length], 1.0, 1.0)
    crop = tuple(slice(p, p + m) for p, m in zip(pad, size, strict=True))
    return _images(y, (n, *wide), crop, b)


def shifted_weight(x: Any, h: Any, kernel: Any, pad: Any, dilation: Any) -> Any:
    c, oc = x.shape[1], h.shape[1]
    wide = (x.shape[2] + 2 * pad[0], x.shape[3] + 2 * pad[1])
    xs, hs = _rows(x, wide, pad), _rows(h, wide, (0, 0))
    offsets, length = _offsets(len(xs), wide[1], kernel, dilation)
    gW = cupy.empty((len(offsets), c, oc), x.dtype)
    for start, part in zip(offsets, gW, strict=True):
        cupy.cublas.gemm("T", "N", xs[start : start + length], hs[:length], part, 1.0, 0.0)
    return cupy.ascontiguousarray(gW.transpose(2, 1, 0)).reshape(oc, c, *kernel)


def _wide(out: Any, kernel: Any, dilation: Any) -> tuple[int, int]:
    """The padded images that have so many windows, with stride 1."""
    h, w = (m + d * (k - 1) for m, k, d in zip(out, kernel, dilation, strict=True))
    return h, w


def _rows(x: Any, wide: Any, corner: Any) -> Any:
    """Images (N, C, H, W) at that corner of wider ones of zeros, as rows (N * pixels, C)."""
    (n, c, h, w), (p, q) = x.shape, corner
    if (h, w) == tuple(wide):
        return cupy.ascontiguousarray(x.transpose(0, 2, 3, 1)).reshape(-1, c)
    y = cupy.zeros((n, *wide, c), x.dtype)
    y[:, p : p + h, q : q + w] = x.transpose(0, 2, 3, 1)
    return y.reshape(-1, c)


def _images(rows: Any, shape: Any, crop: Any, b: Any) -> Any:
    """The rows as images (N, C, H, W) again, cut, with the bias."""
    y = rows.reshape(*shape, rows.shape[1])[:, crop[0], crop[1]].transpose(0, 3, 1, 2)
    if b is None:
        return cupy.ascontiguousarray(y)
    return _biased(y, b[:, None, None], cupy.empty(y.shape, y.dtype))


def _offsets(rows: int, width: int, kernel: Any, dilation: Any) -> tuple[list[int], int]:
    """By how many rows each place in the window is shifted, and how many there are after it."""
    found = [
        i * dilation[0] * width + j * dilation[1]
        for i in range(kernel[0])
        for j in range(kernel[1])
    ]
    return found, rows - found[-1]


def _by_place(W: Any, kernel: Any) -> Any:
    """Of weights (A, B, KH, KW) a matrix (A, B) for each place in the window."""
    a, b = W.shape[:2]
    return cupy.ascontiguousarray(W.transpose(2, 3, 0, 1)).reshape(-1, a, b)
