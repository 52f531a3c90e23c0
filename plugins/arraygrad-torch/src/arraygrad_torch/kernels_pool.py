"""Pooling. What is kept for the rule of `_pooling` are PyTorch's places: in the image, int64.

On the CPU PyTorch finds maxima channel by channel unless the channels are last in memory, which is
three to five times as fast; and sums of a few shifted images are faster than its mean of windows.
"""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as tf

from arraygrad.functions import pool
from arraygrad_torch.kernels import aten, floating, forward, rule

_ONE = (1, 1)
MANY = 8
"""Channels from which it pays to put them last."""
FEW = 6
"""Elements of a window up to which its mean is a sum of shifted images."""


def _has_kernel(x: Any, kernel: Any, pad: Any) -> bool:
    """PyTorch wants floating point, and no more padding than half of the window."""
    halves = pad[0] * 2 <= kernel[0] and pad[1] * 2 <= kernel[1]
    return halves and floating(x) and 0 not in x.shape


def pooling(x: Any, kernel: Any, stride: Any, pad: Any) -> Any:
    if not _has_kernel(x, kernel, pad):
        return forward(pool._pooling, x, kernel, stride, pad)
    if x.shape[1] < MANY or x.device.type != "cpu":
        return tf.max_pool2d_with_indices(x, kernel, stride, pad)
    x = x.contiguous(memory_format=torch.channels_last)
    y, place = tf.max_pool2d_with_indices(x, kernel, stride, pad)
    return y.contiguous(), place.contiguous()


def pooling_x(g: Any, place: Any, x_shape: Any, kernel: Any, stride: Any, pad: Any) -> Any:
    if place.dtype is not torch.int64:  # that of the definition
        return rule(pool._pooling, "x")(g, place, x_shape, kernel, stride, pad)
    x = g.new_empty(()).expand(x_shape)  # for its shape alone
    return aten.max_pool2d_with_indices_backward.default(
        g, x, kernel, stride, pad, _ONE, False, place
    )


def average_pooling(x: Any, kernel: Any, stride: Any, pad: Any) -> Any:
    few = kernel[0] * kernel[1] <= FEW and x.device.type == "cpu"
    if few or not _has_kernel(x, kernel, pad):
        return forward(pool._average_pooling, x, kernel, stride, pad)
    return tf.avg_pool2d(x, kernel, stride, pad)


def spread(y: Any, size: Any, kernel: Any, stride: Any, pad: Any) -> Any:
    if not _has_kernel(y, kernel, pad):
        return forward(pool._spread, y, size, kernel, stride, pad)
    x = y.new_empty(()).expand(*y.shape[:2], *size)  # for its shape alone
    return aten.avg_pool2d_backward.default(y, x, kernel, stride, pad, False, True, None)
