"""Convolution, pooling and padding as ONNX operators."""

from __future__ import annotations

from typing import Any

import spox.opset.ai.onnx.v21 as op

from arraygrad.functions import conv, joining, pool
from arraygrad.functions.windows import get_deconv_outsize
from arraygrad_onnx.arrays import FLOATS, SINGLE, asarray, ints, kernel, number, var

_ONE, _NONE = (1, 1), (0, 0)


def _alike(*arrays: Any) -> bool:
    return len({str(a.dtype) for a in arrays if a is not None}) == 1


def _bias(b: Any) -> Any:
    return None if b is None else var(b)


@kernel(conv._conv2d, SINGLE)
def conv2d(
    x: Any,
    W: Any,
    b: Any = None,
    stride: Any = _ONE,
    pad: Any = _NONE,
    dilation: Any = _ONE,
    groups: int = 1,
) -> Any:
    if not _alike(x, W, b):
        return None
    y = op.conv(
        var(x),
        var(W),
        _bias(b),
        dilations=dilation,
        group=groups,
        kernel_shape=W.shape[2:],
        pads=(*pad, *pad),
        strides=stride,
    )
    return asarray(y)


@kernel(conv._deconv2d, SINGLE)
def deconv2d(
    x: Any,
    W: Any,
    b: Any = None,
    size: Any = _ONE,
    stride: Any = _ONE,
    pad: Any = _NONE,
    dilation: Any = _ONE,
    groups: int = 1,
) -> Any:
    sides = zip(x.shape[2:], W.shape[2:], stride, pad, dilation, strict=True)
    beyond = [n - get_deconv_outsize(*side) for n, side in zip(size, sides, strict=True)]
    # ONNX leaves no room for more: where it is wanted, the definition does it.
    room = all(0 <= n < max(s, d) for n, s, d in zip(beyond, stride, dilation, strict=True))
    if not room or not _alike(x, W, b):
        return None
    y = op.conv_transpose(
        var(x),
        var(W),
        _bias(b),
        dilations=dilation,
        group=groups,
        kernel_shape=W.shape[2:],
        output_padding=beyond,
        pads=(*pad, *pad),
        strides=stride,
    )
    return asarray(y)


@kernel(pool._pooling, FLOATS)
def pooling(x: Any, kernel: Any, stride: Any, pad: Any = _NONE) -> Any:
    y, _ = op.max_pool(var(x), kernel_shape=kernel, pads=(*pad, *pad), strides=stride)
    return asarray(y), None


@kernel(pool._average_pooling, SINGLE)
def average_pooling(x: Any, kernel: Any, stride: Any, pad: Any = _NONE) -> Any:
    y = op.average_pool(
        var(x), count_include_pad=1, kernel_shape=kernel, pads=(*pad, *pad), strides=stride
    )
    return asarray(y)


@kernel(joining._pad)
def pad(x: Any, widths: Any, value: float) -> Any:
    pads = [before for before, _ in widths] + [after for _, after in widths]
    return asarray(op.pad(var(x), ints(pads), number(value, x)))
