"""The book's module of convolution and pooling: a door to `arraygrad.functions`.

from arraygrad.functions_conv import conv2d, im2col_array
"""

from __future__ import annotations

from typing import Any

from arraygrad import functions
from arraygrad.functions.conv import conv2d, conv2d_simple, deconv2d
from arraygrad.functions.pool import average_pooling, pooling, pooling_simple
from arraygrad.functions.windows import (
    col2im,
    col2im_array,
    get_conv_outsize,
    get_deconv_outsize,
    im2col,
    im2col_array,
    pair,
)

__all__ = [
    "average_pooling", "col2im", "col2im_array", "conv2d", "conv2d_simple", "deconv2d",
    "get_conv_outsize", "get_deconv_outsize", "im2col", "im2col_array", "pair", "pooling",
    "pooling_simple",
]  # fmt: skip

_CLASSES = (
    "AveragePooling", "Col2im", "Conv2DGradW", "Conv2d", "Deconv2d", "Im2col", "Pooling",
    "Pooling2DGrad", "Pooling2DWithIndexes",
)  # fmt: skip


def __getattr__(name: str) -> Any:
    if name in _CLASSES:
        return getattr(functions, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
