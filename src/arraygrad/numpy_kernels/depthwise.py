"""Convolution of each channel with a kernel of its own, on NumPy: no products of matrices.

For each place in the kernel the shifted image is multiplied with one weight for each channel and
added up; channels last in memory, the weights repeated along a row of the image, so that the
loops are long, and a few images at a time, so that they stay in the cache. Half the time of a
small product of matrices for each channel, and without its columns of the whole batch.

Howard et al. 2017, arXiv:1704.04861, use such layers.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from arraygrad.functions.windows import get_conv_outsize, taps
from arraygrad.numpy_kernels.linalg import ones
from arraygrad.workspace import empty

BLOCK = 1 << 18
"""Bytes of images at a time."""


def convolved(x: Any, W: Any, b: Any, stride: Any, pad: Any, dilation: Any) -> Any:
    """x (N, C, H, W) with W (C, 1, KH, KW) and b (C,) or None."""
    n, c = x.shape[:2]
    kernel = W.shape[2:]
    oh, ow = map(get_conv_outsize, x.shape[2:], kernel, stride, pad, dilation)
    y = empty((n, oh, ow, c), x.dtype)
    weights = [np.tile(w, (ow, 1)) for w in W.reshape(c, -1).T]
    biases = None if b is None else np.tile(b, (ow, 1))
    for key, image in _images(x, pad):
        total = y[key]
        part = empty(total.shape, x.dtype)
        for k, tap in enumerate(_taps(image, kernel, stride, dilation, (oh, ow))):
            if k == 0:
                np.multiply(tap, weights[k], out=total)
            else:
                np.add(total, np.multiply(tap, weights[k], out=part), out=total)
        if biases is not None:
            np.add(total, biases, out=total)
    return y.transpose(0, 3, 1, 2)


def weight(x: Any, h: Any, kernel: Any, stride: Any, pad: Any, dilation: Any) -> Any:
    """The weights (C, 1, *kernel): h (N, C, OH, OW) correlated with x, channel by channel."""
    c, oh, ow = h.shape[1:]
    rows = h.transpose(0, 2, 3, 1)
    total = np.zeros((kernel[0] * kernel[1], c), x.dtype)
    for key, image in _images(x, pad):
        block = rows[key]
        part = empty(block.shape, x.dtype)
        one = ones(len(block) * oh * ow, x.dtype)
        for k, tap in enumerate(_taps(image, kernel, stride, dilation, (oh, ow))):
            total[k] += np.dot(one, np.multiply(tap, block, out=part).reshape(-1, c))
    return np.ascontiguousarray(total.T).reshape(c, 1, *kernel)


def spread(x: Any, W: Any, b: Any, size: Any, stride: Any, pad: Any, dilation: Any) -> Any:
    """The images (N, C, *size) whose windows `x` weights: the adjoint of `convolved`."""
    kh, kw = W.shape[2:]
    edges = (dilation[0] * (kh - 1) - pad[0], dilation[1] * (kw - 1) - pad[1])
    if stride == (1, 1) and min(edges) >= 0:
        return convolved(x, W[:, :, ::-1, ::-1], b, stride, edges, dilation)
    n, c, oh, ow = x.shape
    y = empty((n, size[0] + 2 * pad[0], size[1] + 2 * pad[1], c), x.dtype)
    y.fill(0)
    rows = x.transpose(0, 2, 3, 1)
    weights = [np.tile(w, (ow, 1)) for w in W.reshape(c, -1).T]
    for i in range(n):
        block = rows[i : i + 1]
        part = empty(block.shape, x.dtype)
        for k, tap in enumerate(_taps(y[i : i + 1], (kh, kw), stride, dilation, (oh, ow))):
            tap += np.multiply(block, weights[k], out=part)
    if b is not None:
        np.add(y, b, out=y)
    top, left = pad
    return y[:, top : top + size[0], left : left + size[1]].transpose(0, 3, 1, 2)


def _images(x: Any, pad: Any) -> Iterator[tuple[slice, Any]]:
    """Some images at a time, channels last and padded; each is gone with the next."""
    n, c, h, w = x.shape
    (ph, pw), rows = pad, x.transpose(0, 2, 3, 1)
    step = max(1, BLOCK // ((h + 2 * ph) * (w + 2 * pw) * c * x.itemsize))
    image = empty((min(step, n), h + 2 * ph, w + 2 * pw, c), x.dtype)
    image.fill(0)
    for start in range(0, n, step):
        some = rows[start : start + step]
        image[: len(some), ph : ph + h, pw : pw + w] = some
        yield slice(start, start + step), image[: len(some)]


def _taps(image: Any, kernel: Any, stride: Any, dilation: Any, out: Any) -> Iterator[Any]:
    """For each place in the kernel the view (N, OH, OW, C) of its pixels."""
    for key in taps(kernel, stride, dilation, out):
        yield image[:, key[1], key[2]]
