"""Convolution on NumPy: columns and one matrix product, in blocks that stay in the cache.

Results are channels last in memory: views (N, C, H, W) of arrays (N, H, W, C). The product gives
them so, elementwise functions keep it, and pooling and the next convolution read it faster.
What was measured, in float32 on one thread, against PyTorch's compiled kernels:

- Of 16 channels and more, windows are copied row by row of the kernel, KW * C numbers in one
  piece: half the time of columns of single channels. Of 1 or 3 channels these pieces are too
  short, and columns with whole rows of the image are three to seven times faster.
- Columns of a whole batch are larger than the cache (and of VGG16 than the memory of a laptop).
  In blocks of half a megabyte they are made and used in the cache; nothing is kept for the
  gradient, since making them again costs a tenth to a quarter of the product.
- The gradient in the images: for stride 1 a convolution with the kernel turned around, for
  others, and towards a few channels, a product whose columns are added up (col2im).
- Sums of K * K products of shifted images, tensordot, FFT and Winograd were not faster anywhere.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from arraygrad.functions import conv
from arraygrad.functions.windows import get_conv_outsize
from arraygrad.numpy_kernels import depthwise as depthwise
from arraygrad.numpy_kernels.linalg import ones
from arraygrad.workspace import empty

FEW = 8
"""Below so many channels, columns hold rows of the image rather than of the kernel."""
BLOCK = 1 << 19
"""Bytes of columns at a time. The whole batch at once takes 1.1 to 1.3 times as long."""
BLOCK_OF_FEW = 1 << 17
"""The same of few channels: products of long thin matrices take twice as long in one piece."""
LEAST = 512
"""Windows at a time at least: each product reads all weights, of 512 channels nine megabytes."""


def conv2d(x: Any, W: Any, b: Any, stride: Any, pad: Any, dilation: Any, groups: Any) -> Any:
    if not _fits(x, W, b, groups, len(W)):
        forward = conv._conv2d.definition.forward
        return forward(x, W, b, stride, pad, dilation, groups, xp=np)
    if groups == 1:
        return _convolved(x, W, b, stride, pad, dilation)
    if groups == len(W) == x.shape[1]:
        return depthwise.convolved(x, W, b, stride, pad, dilation)
    pairs = zip(np.split(x, groups, 1), np.split(W, groups), strict=True)
    return _joined([_convolved(v, w, None, stride, pad, dilation) for v, w in pairs], b)


def deconv2d(
    x: Any, W: Any, b: Any, size: Any, stride: Any, pad: Any, dilation: Any, groups: Any
) -> Any:
    if not _fits(x, W, b, groups, W.shape[1] * groups):
        forward = conv._deconv2d.definition.forward
        return forward(x, W, b, size, stride, pad, dilation, groups, xp=np)
    if groups == 1 and b is None:
        return _spread(x, W, size, stride, pad, dilation)
    if groups == len(W) and W.shape[1] == 1 < groups:
        return depthwise.spread(x, W, b, size, stride, pad, dilation)
    pairs = zip(np.split(x, groups, 1), np.split(W, groups), strict=True)
    return _joined([_spread(v, w, size, stride, pad, dilation) for v, w in pairs], b)


def conv2d_weight(
    x: Any, h: Any, kernel: Any, stride: Any, pad: Any, dilation: Any, groups: Any
) -> Any:
    if not _fits(x, h, None, groups, h.shape[1]):
        forward = conv._conv2d_weight.definition.forward
        return forward(x, h, kernel, stride, pad, dilation, groups, xp=np)
    if groups == 1:
        return _weight(x, h, kernel, stride, pad, dilation)
    if groups == x.shape[1] == h.shape[1]:
        return depthwise.weight(x, h, kernel, stride, pad, dilation)
    pairs = zip(np.split(x, groups, 1), np.split(h, groups, 1), strict=True)
    return np.concatenate([_weight(v, w, kernel, stride, pad, dilation) for v, w in pairs])


def bias(g: Any, xp: Any) -> Any:
    rows = _last(g)
    if g.dtype.char not in "fd" or not rows.flags.c_contiguous:
        return np.add.reduce(g, (0, 2, 3))
    rows = rows.reshape(-1, g.shape[1])
    return np.dot(ones(len(rows), g.dtype), rows)


def _fits(x: Any, W: Any, b: Any, groups: int, channels: int) -> bool:
    """Whether these kernels are for such arguments: `channels` is the number on the other side.

    Groups of a few channels are better done all at once, if not each channel is a group.
    """
    if x.dtype.char not in "fd" or not x.dtype.isnative or x.dtype != W.dtype or not x.size:
        return False
    if b is not None and b.dtype != x.dtype:
        return False
    both = x.shape[1], channels
    return groups == 1 or both == (groups, groups) or min(both) // groups >= FEW


def _last(x: Any) -> Any:
    """The view (N, H, W, C) of images (N, C, H, W)."""
    return x.transpose(0, 2, 3, 1)


def _first(x: Any) -> Any:
    """The view (N, C, H, W) of images (N, H, W, C)."""
    return x.transpose(0, 3, 1, 2)


def _joined(parts: list[Any], b: Any) -> Any:
    """The channels of all groups, with their biases."""
    y = parts[0] if len(parts) == 1 else _first(np.concatenate([_last(v) for v in parts], -1))
    return y if b is None else np.add(y, b.reshape(-1, 1, 1), out=y)


def _convolved(x: Any, W: Any, b: Any, stride: Any, pad: Any, dilation: Any) -> Any:
    oc, c, *kernel = W.shape
    out = tuple(map(get_conv_outsize, x.shape[2:], kernel, stride, pad, dilation))
    # The order of the columns' numbers, as `_blocks` makes them.
    Wt = W.reshape(oc, -1).T if c < FEW else _contiguous(W.transpose(2, 3, 1, 0)).reshape(-1, oc)
    y = empty((len(x), *out, oc), x.dtype)
    biases = None if b is None else np.tile(b, out[1])
    for col, key in _blocks(x, kernel, stride, pad, dilation, out):
        part = y[key]
        np.dot(col, Wt, out=part.reshape(-1, oc))
        if biases is not None:
            # A row of the image at a time: over OC numbers the loop costs more than the sums.
            lines = part.reshape(-1, len(biases))
            np.add(lines, biases, out=lines)
    return _first(y)


def _weight(x: Any, h: Any, kernel: Any, stride: Any, pad: Any, dilation: Any) -> Any:
    oc, c = h.shape[1], x.shape[1]
    rows = _last(h)
    y = empty((oc, c, *kernel), x.dtype)
    # The weights are in the order of the columns' numbers, or brought into theirs at the end.
    same = c < FEW or tuple(kernel) == (1, 1)
    total = y.reshape(oc, -1) if same else empty((oc, y.size // oc), x.dtype)
    part: Any = None
    for i, (col, key) in enumerate(_blocks(x, kernel, stride, pad, dilation, h.shape[2:])):
        block = rows[key].reshape(-1, oc).T
        if i == 0:
            np.dot(block, col, out=total)
            continue
        part = empty(total.shape, x.dtype) if part is None else part
        np.add(total, np.dot(block, col, out=part), out=total)
    if not same:
        np.copyto(y, total.reshape(oc, *kernel, c).transpose(0, 3, 1, 2))
    return y


def _spread(x: Any, W: Any, size: Any, stride: Any, pad: Any, dilation: Any) -> Any:
    """What `deconv2d` gives without bias and groups."""
    oc, c, kh, kw = W.shape
    edges = (dilation[0] * (kh - 1) - pad[0], dilation[1] * (kw - 1) - pad[1])
    if stride == (1, 1) and c >= FEW and min(edges) >= 0:
        turned = W[:, :, ::-1, ::-1].transpose(1, 0, 2, 3)
        return _convolved(x, turned, None, stride, edges, dilation)
    n, _, oh, ow = x.shape
    rows = _last(x)
    few = c < FEW
    # The columns' numbers are in the order of the image they are added to.
    Wt = (W if few else _contiguous(W.transpose(0, 2, 3, 1))).reshape(oc, -1)
    h, w = size[0] + 2 * pad[0], size[1] + 2 * pad[1]
    y = empty((n, c, h, w) if few else (n, h, w, c), x.dtype)
    y.fill(0)
    images = y if few else _first(y)
    parts = list(_parts(n, oh, ow, kh * kw * c * x.itemsize, few))
    flat = empty((parts[0][0].stop * parts[0][1].stop * ow * kh * kw * c,), x.dtype)
    for ns, rs in parts:
        block = rows[ns, rs]
        m, r = block.shape[:2]
        block, col = block.reshape(-1, oc), flat[: m * r * ow * kh * kw * c]
        if few:
            np.dot(Wt.T, block.T, out=col.reshape(-1, len(block)))
            col = col.reshape(c, kh, kw, m, r, ow).transpose(3, 0, 4, 5, 1, 2)
        else:
            np.dot(block, Wt, out=col.reshape(len(block), -1))
            col = col.reshape(m, r, ow, kh, kw, c).transpose(0, 5, 1, 2, 3, 4)
        for i in range(kh):
            top = i * dilation[0] + rs.start * stride[0]
            down = slice(top, top + (r - 1) * stride[0] + 1, stride[0])
            for j in range(kw):
                left = j * dilation[1]
                along = slice(left, left + (ow - 1) * stride[1] + 1, stride[1])
                images[ns, :, down, along] += col[..., i, j]
    return images[:, :, pad[0] : pad[0] + size[0], pad[1] : pad[1] + size[1]]


def _parts(n: int, rows: int, width: int, size: int, few: bool) -> Iterator[tuple[slice, slice]]:
    """Images and rows of the result for one block each: several images, or a part of one.

    size: the bytes of one window.
    """
    windows = BLOCK_OF_FEW // size if few else max(LEAST, BLOCK // size)
    fit = max(1, windows // width)
    step, high = max(1, fit // rows), min(fit, rows)
    for start in range(0, n, step):
        for top in range(0, rows, high):
            yield slice(start, min(start + step, n)), slice(top, min(top + high, rows))


def _blocks(
    x: Any, kernel: Any, stride: Any, pad: Any, dilation: Any, out: Any
) -> Iterator[tuple[Any, Any]]:
    """Columns, one row for each window, and the key of what they give in (N, OH, OW, ...)."""
    n, c, h, w = x.shape
    (kh, kw), (oh, ow), (sh, sw), (dh, dw) = kernel, out, stride, dilation
    few = c < FEW
    rows = _last(x)
    if (kh, kw) == (1, 1) and pad == (0, 0) and not few:
        pixels = rows[:, : (oh - 1) * sh + 1 : sh, : (ow - 1) * sw + 1 : sw]
        yield _contiguous(pixels).reshape(-1, c), slice(None)
        return
    parts = list(_parts(n, oh, ow, kh * kw * c * x.itemsize, few))
    most = parts[0][0].stop
    hp, wp = h + 2 * pad[0], w + 2 * pad[1]
    direct = pad == (0, 0) and (x if few else rows).flags.c_contiguous
    if few:
        source = x
        image = x if direct else _framed((most, c, hp, wp), x.dtype, pad, 2)
        inside: Any = (..., slice(pad[0], pad[0] + h), slice(pad[1], pad[1] + w))
        ni, ci, hi, wi = image.strides
        steps: Any = (ci, dh * hi, dw * wi, ni, sh * hi, sw * wi)
    else:
        source = rows
        image = rows if direct else _framed((most, hp, wp, c), x.dtype, pad, 1)
        inside = (..., slice(pad[0], pad[0] + h), slice(pad[1], pad[1] + w), slice(None))
        ni, hi, wi, ci = image.strides
        steps = (ni, sh * hi, sw * wi, dh * hi, dw * wi, ci)
    flat = empty((most * parts[0][1].stop * ow * kh * kw * c,), x.dtype)
    for ns, rs in parts:
        m, r = ns.stop - ns.start, rs.stop - rs.start
        if not direct and rs.start == 0:
            image[:m][inside] = source[ns]
        offset = (ns.start * ni if direct else 0) + rs.start * sh * hi
        shape: Any = (c, kh, kw, m, r, ow) if few else (m, r, ow, kh, kw, c)
        col = flat[: m * r * ow * kh * kw * c].reshape(shape)
        np.copyto(col, np.ndarray(shape, x.dtype, image, offset, steps))
        key = (ns, rs)
        yield (col.reshape(c * kh * kw, -1).T if few else col.reshape(m * r * ow, -1)), key


def _contiguous(x: Any) -> Any:
    if x.flags.c_contiguous:
        return x
    y = empty(x.shape, x.dtype)
    np.copyto(y, x)
    return y


def _framed(shape: Any, dtype: Any, pad: Any, axis: int) -> Any:
    """Images whose edges, `pad` wide along `axis` and the next one, are zero; the rest is not."""
    y = empty(shape, dtype)
    for i, n in enumerate(pad, axis):
        if n:
            edge = (slice(None),) * i
            y[(*edge, slice(None, n))] = 0
            y[(*edge, slice(-n, None))] = 0
    return y


KERNELS: dict[str, Callable[..., Any]] = {
    "_conv2d": conv2d,
    "_conv2d.b": bias,
    "_conv2d_weight": conv2d_weight,
    "_deconv2d": deconv2d,
    "_deconv2d.b": bias,
}
