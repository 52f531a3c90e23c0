"""The blocks that residual networks are made of: what they compute is added to their input."""

from __future__ import annotations

from typing import Any

import arraygrad.functions as F
from arraygrad.errors import LayerError
from arraygrad.layers import BatchNorm, Conv2d, Layer
from arraygrad.variable import Variable


class BuildingBlock(Layer):
    """Blocks one after the other: `a`, which may change size and channels, then b1, b2, ...

    x: (N, in_channels, H, W); result: (N, out_channels, H / stride, W / stride).
    n_layers: the number of blocks. `basic` blocks have two 3x3 convolutions, others are
    bottlenecks; downsample_fb: see `BottleneckA`.

    Raises LayerError where one of the first four is missing.

    >>> block = BuildingBlock(3, 64, 64, 256, 1)
    >>> [name for name, _ in block.blocks()]
    ['a', 'b1', 'b2']
    """

    def __init__(
        self,
        n_layers: int | None = None,
        in_channels: int | None = None,
        mid_channels: int | None = None,
        out_channels: int | None = None,
        stride: int | None = None,
        downsample_fb: bool | None = None,
        *,
        basic: bool = False,
    ) -> None:
        if not n_layers or not in_channels or not mid_channels or not out_channels:
            raise LayerError(
                "BuildingBlock: n_layers, in_channels, mid_channels and out_channels are "
                f"{n_layers}, {in_channels}, {mid_channels} and {out_channels}; they should be "
                "numbers above 0"
            )
        self.n_layers = n_layers
        stride = 2 if stride is None else stride
        self.a: Layer
        if basic:
            self.a = BasicBlock(in_channels, out_channels, stride)
        else:
            self.a = BottleneckA(
                in_channels, mid_channels, out_channels, stride, bool(downsample_fb)
            )
        for i in range(1, n_layers):
            block = (
                BasicBlock(out_channels, out_channels)
                if basic
                else BottleneckB(out_channels, mid_channels)
            )
            setattr(self, f"b{i}", block)

    def blocks(self) -> list[tuple[str, Any]]:
        """The names of the blocks and the blocks, in order."""
        names = ["a", *(f"b{i}" for i in range(1, self.n_layers))]
        return [(name, getattr(self, name)) for name in names]

    def forward(self, x: Any) -> Variable:
        for _, block in self.blocks():
            x = block(x)
        return x


class BottleneckA(Layer):
    """A 1x1, a 3x3 and a 1x1 convolution, added to a 1x1 convolution of the input.

    x: (N, in_channels, H, W); result: (N, out_channels, H / stride, W / stride).
    downsample_fb: the 3x3 convolution has the stride, not the first one.

    >>> BottleneckA(64, 64, 256).conv1
    Conv2d(64, kernel_size=1, stride=2, nobias=True, in_channels=None)
    """

    SHORTCUT = ("conv4", "bn4")

    def __init__(
        self,
        in_channels: int,
        mid_channels: int,
        out_channels: int,
        stride: int = 2,
        downsample_fb: bool = False,
    ) -> None:
        first, second = (1, stride) if downsample_fb else (stride, 1)
        self.in_channels = in_channels
        self.conv1 = Conv2d(mid_channels, 1, first, 0, nobias=True)
        self.bn1 = BatchNorm()
        self.conv2 = Conv2d(mid_channels, 3, second, 1, nobias=True)
        self.bn2 = BatchNorm()
        self.conv3 = Conv2d(out_channels, 1, 1, 0, nobias=True)
        self.bn3 = BatchNorm()
        self.conv4 = Conv2d(out_channels, 1, stride, 0, nobias=True)
        self.bn4 = BatchNorm()

    def forward(self, x: Any) -> Variable:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + self.bn4(self.conv4(x)))


class BottleneckB(Layer):
    """A 1x1, a 3x3 and a 1x1 convolution, added to the input.

    x: (N, in_channels, H, W); result: the same shape.

    >>> BottleneckB(256, 64).conv3
    Conv2d(256, kernel_size=1, nobias=True, in_channels=None)
    """

    SHORTCUT = ("", "")

    def __init__(self, in_channels: int, mid_channels: int) -> None:
        self.in_channels = in_channels
        self.conv1 = Conv2d(mid_channels, 1, 1, 0, nobias=True)
        self.bn1 = BatchNorm()
        self.conv2 = Conv2d(mid_channels, 3, 1, 1, nobias=True)
        self.bn2 = BatchNorm()
        self.conv3 = Conv2d(in_channels, 1, 1, 0, nobias=True)
        self.bn3 = BatchNorm()

    def forward(self, x: Any) -> Variable:
        y = F.relu(self.bn1(self.conv1(x)))
        y = F.relu(self.bn2(self.conv2(y)))
        return F.relu(self.bn3(self.conv3(y)) + x)


class BasicBlock(Layer):
    """Two 3x3 convolutions, added to the input, or to a 1x1 convolution of it.

    x: (N, in_channels, H, W); result: (N, out_channels, H / stride, W / stride).

    >>> BasicBlock(64, 64).conv3 is None
    True
    """

    SHORTCUT = ("conv3", "bn3")

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        self.in_channels = in_channels
        self.conv1 = Conv2d(out_channels, 3, stride, 1, nobias=True)
        self.bn1 = BatchNorm()
        self.conv2 = Conv2d(out_channels, 3, 1, 1, nobias=True)
        self.bn2 = BatchNorm()
        same = stride == 1 and in_channels == out_channels
        self.conv3 = None if same else Conv2d(out_channels, 1, stride, 0, nobias=True)
        self.bn3 = None if same else BatchNorm()

    def forward(self, x: Any) -> Variable:
        y = F.relu(self.bn1(self.conv1(x)))
        if self.conv3 is not None and self.bn3 is not None:
            x = self.bn3(self.conv3(x))
        return F.relu(self.bn2(self.conv2(y)) + x)
