"""Deconv2d: the transposed convolution of images."""

from __future__ import annotations

from typing import Any

import arraygrad.functions as F
from arraygrad.layers.convolution import Convolution
from arraygrad.variable import Variable


class Deconv2d(Convolution):
    """The transposed convolution, which makes images larger; see `F.deconv2d`.

    x: (N, C, H, W); result: (N, OC, OH, OW), OC = out_channels, OH = stride (H - 1) + KH - 2 pad.
    W: (C, OC / groups, KH, KW), drawn from N(0, groups / (C KH KW)); b: (OC,), zeros, or None with
    `nobias`. kernel_size, stride, pad and dilation are a number or two (height, width). Without
    `in_channels` W and b are made at the first call, where x lives.

    Raises LayerError for an x of another shape or number of channels.

    Zeiler et al., "Deconvolutional networks" (2010).

    >>> layer = Deconv2d(8, kernel_size=4, stride=2, pad=1)
    >>> layer(np.ones((2, 3, 5, 5), dtype=np.float32)).shape
    (2, 8, 10, 10)
    >>> layer.W.shape, layer.b.shape
    ((3, 8, 4, 4), (8,))
    """

    def _convolved(self, x: Any) -> Variable:
        return F.deconv2d(
            x, self.W, self.b, self.stride, self.pad, dilation=self.dilation, groups=self.groups
        )

    def _shape(self, in_channels: int | None) -> tuple[int | None, ...]:
        return (in_channels, self.out_channels // self.groups, *self.kernel_size)

    def _channels(self, shape: tuple[int, ...]) -> int:
        return shape[0]
