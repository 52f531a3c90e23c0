"""Convolution: PyTorch's own (oneDNN on the CPU, cuDNN on CUDA), and windows by unfold and fold."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as tf

from arraygrad.functions import conv, windows
from arraygrad_torch.kernels import aten, floating, forward


def conv2d(x: Any, W: Any, b: Any, stride: Any, pad: Any, dilation: Any, groups: int) -> Any:
    if not floating(x, W, b):
        return forward(conv._conv2d, x, W, b, stride, pad, dilation, groups)
    return torch.conv2d(x, W, b, stride, pad, dilation, groups)


def deconv2d(
    x: Any, W: Any, b: Any, size: Any, stride: Any, pad: Any, dilation: Any, groups: int
) -> Any:
    # Towards images of one channel PyTorch's kernel takes longer than a product and col2im.
    if not floating(x, W, b) or W.shape[1] * groups == 1:
        return forward(conv._deconv2d, x, W, b, size, stride, pad, dilation, groups)
    sides = zip(size, x.shape[2:], W.shape[2:], stride, pad, dilation, strict=True)
    # Rows and columns at the end that no window of the convolution reached.
    rest = [m - windows.get_deconv_outsize(n, k, s, p, d) for m, n, k, s, p, d in sides]
    return torch.conv_transpose2d(x, W, b, stride, pad, rest, groups, dilation)


def conv2d_weight(
    x: Any, h: Any, kernel: Any, stride: Any, pad: Any, dilation: Any, groups: int
) -> Any:
    if not floating(x, h):
        return forward(conv._conv2d_weight, x, h, kernel, stride, pad, dilation, groups)
    W = x.new_empty(()).expand(h.shape[1], x.shape[1] // groups, *kernel)  # for its shape alone
    none = (0, 0)
    wanted = (False, True, False)
    return aten.convolution_backward.default(
        h, x, W, None, stride, pad, dilation, False, none, groups, wanted
    )[1]


def bias(g: Any, xp: Any) -> Any:
    return g.sum((0, 2, 3))


def im2col(x: Any, kernel: Any, stride: Any, pad: Any, dilation: Any) -> Any:
    if not floating(x) or 0 in x.shape:
        return forward(windows._im2col, x, kernel, stride, pad, dilation)
    out = windows.windows("im2col", x.shape[-2:], kernel, stride, pad, dilation)
    return tf.unfold(x, kernel, dilation, pad, stride).reshape(*x.shape[:2], *kernel, *out)


def col2im(col: Any, size: Any, stride: Any, pad: Any, dilation: Any) -> Any:
    if not floating(col) or 0 in col.shape:
        return forward(windows._col2im, col, size, stride, pad, dilation)
    n, c, kh, kw, oh, ow = col.shape
    col = col.reshape(n, c * kh * kw, oh * ow)
    return tf.fold(col, size, (kh, kw), dilation, pad, stride)
