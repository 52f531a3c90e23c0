"""Conv2d: the convolution of images."""

from __future__ import annotations

from typing import Any

import arraygrad.functions as F
from arraygrad.layers.convolution import Convolution
from arraygrad.variable import Variable


class Conv2d(Convolution):
    """The convolution of images with learnt kernels; see `F.conv2d`.

    x: (N, C, H, W); result: (N, OC, OH, OW), OC = out_channels. W: (OC, C / groups, KH, KW), drawn
    from N(0, groups / (C KH KW)); b: (OC,), zeros, or None with `nobias`. kernel_size, stride, pad
    and dilation are a number or two (height, width). Without `in_channels` W and b are made at the
    first call, where x lives; with it at once, on the current backend.

    Raises LayerError for an x of another shape or number of channels.

    LeCun et al., "Gradient-based learning applied to document recognition" (1998).

    >>> layer = Conv2d(8, kernel_size=3, pad=1)
    >>> layer(np.ones((2, 3, 5, 5), dtype=np.float32)).shape
    (2, 8, 5, 5)
    >>> layer.W.shape, layer.b.shape
    ((8, 3, 3, 3), (8,))
    """

    def _convolved(self, x: Any) -> Variable:
        return F.conv2d(
            x, self.W, self.b, self.stride, self.pad, dilation=self.dilation, groups=self.groups
        )

    def _shape(self, in_channels: int | None) -> tuple[int | None, ...]:
        channels = None if in_channels is None else in_channels // self.groups
        return (self.out_channels, channels, *self.kernel_size)

    def _channels(self, shape: tuple[int, ...]) -> int:
        return shape[1] * self.groups
