"""The layers that these networks are made of."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import arraygrad.functions as F
from arraygrad.backend import backend_of
from arraygrad.errors import LayerError
from arraygrad.layers import BatchNorm, Conv2d, Layer
from arraygrad.variable import Variable, as_variable

__all__ = ["ConvNorm", "SqueezeExcite", "StochasticDepth", "relu6"]


def relu6(x: Any) -> Variable:
    """min(max(x, 0), 6), elementwise; x: any shape.

    >>> relu6(Variable(np.array([-1.0, 3.0, 9.0])))
    variable([0. 3. 6.])
    """
    return F.clip(x, 0.0, 6.0)


class ConvNorm(Layer):
    """A convolution without bias that keeps the size, `BatchNorm`, and an activation or none.

    x: (N, C, H, W); result: (N, out_channels, H / stride, W / stride), rounded up. groups: see
    `Conv2d`.

    Raises LayerError for an even kernel_size.

    >>> layer = ConvNorm(4, kernel_size=3, stride=2, activation=F.relu)
    >>> layer(np.ones((1, 3, 7, 6), dtype=np.float32)).shape
    (1, 4, 4, 3)
    """

    def __init__(
        self,
        out_channels: int,
        kernel_size: int = 3,
        stride: int = 1,
        groups: int = 1,
        activation: Callable[[Any], Any] | None = None,
    ) -> None:
        if kernel_size % 2 == 0:
            raise LayerError(f"ConvNorm: kernel_size is {kernel_size}; it should be odd")
        pad = kernel_size // 2
        self.conv = Conv2d(out_channels, kernel_size, stride, pad, nobias=True, groups=groups)
        self.bn = BatchNorm(eps=1e-5)
        self.activation = activation

    def forward(self, x: Any) -> Variable:
        y = self.bn(self.conv(x))
        return y if self.activation is None else self.activation(y)


class SqueezeExcite(Layer):
    """Each channel times a factor from 0 to 1, found from the means of all channels.

    x: (N, C, H, W); result: the same shape. C = channels; squeeze: how many numbers there are
    between the means and the factors.

    Hu, Shen and Sun, "Squeeze-and-Excitation Networks" (2018), arXiv:1709.01507.

    >>> SqueezeExcite(4, 2)(np.ones((1, 4, 3, 3), dtype=np.float32)).shape
    (1, 4, 3, 3)
    """

    def __init__(self, channels: int, squeeze: int) -> None:
        self.down = Conv2d(squeeze, 1)
        self.up = Conv2d(channels, 1)

    def forward(self, x: Any) -> Variable:
        y = F.mean(x, axis=(2, 3), keepdims=True)
        return x * F.sigmoid(self.up(F.silu(self.down(y))))


class StochasticDepth(Layer):
    """A whole sample set to zero by chance while training, the others scaled up: for `x + f(x)`.

    x: (N, ...); result: the same shape. ratio: how likely it is. Nothing happens in `test_mode()`.

    Raises LayerError for a ratio that is not from 0 to below 1.

    Huang et al., "Deep Networks with Stochastic Depth" (2016), arXiv:1603.09382.

    >>> np.random.seed(0)
    >>> StochasticDepth(0.5)(np.ones((4, 2)))
    variable([[2. 2.]
              [2. 2.]
              [2. 2.]
              [2. 2.]])
    """

    def __init__(self, ratio: float) -> None:
        if not 0 <= ratio < 1:
            raise LayerError(f"StochasticDepth: ratio is {ratio!r}; it should be from 0 to below 1")
        self.ratio = ratio

    def forward(self, x: Any) -> Variable:
        x = as_variable(x)
        if self.ratio == 0:
            return x
        first = x.data[(slice(None), *[slice(1)] * (x.ndim - 1))]
        return x * F.dropout(backend_of(first).ones_like(first), self.ratio)
