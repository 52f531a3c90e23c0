"""EfficientNet: inverted residuals with squeeze-and-excitation, grown in all directions at once."""

from __future__ import annotations

import math
from typing import Any, ClassVar

import arraygrad.functions as F
from arraygrad.layers import Layer, Linear
from arraygrad.op import arr
from arraygrad.variable import Variable
from arraygrad_vision.layers import ConvNorm, SqueezeExcite, StochasticDepth
from arraygrad_vision.models.mobilenet import rounded
from arraygrad_vision.models.picture_model import PictureModel
from arraygrad_vision.published import Published


class MBConv(Layer):
    """1x1 to more channels, one filter in each, `SqueezeExcite`, 1x1 back; added where it fits.

    x: (N, in_channels, H, W); result: (N, out_channels, H / stride, W / stride), rounded up.
    drop: how likely a sample goes past the block while training, where its input is added.

    >>> block = MBConv(4, 4, kernel_size=5, stride=1, expansion=6)
    >>> block(np.ones((2, 4, 3, 3), dtype=np.float32)).shape
    (2, 4, 3, 3)
    """

    def __init__(
        self,
        in_channels: int,
        out_channels: int,
        kernel_size: int,
        stride: int,
        expansion: int,
        drop: float = 0.0,
    ) -> None:
        wide = expansion * in_channels
        self.adds = stride == 1 and in_channels == out_channels
        self.expand = ConvNorm(wide, 1, activation=F.silu) if expansion > 1 else None
        self.depthwise = ConvNorm(wide, kernel_size, stride, groups=wide, activation=F.silu)
        self.excite = SqueezeExcite(wide, max(1, in_channels // 4))
        self.project = ConvNorm(out_channels, 1)
        self.depth = StochasticDepth(drop)

    def forward(self, x: Any) -> Variable:
        y = x if self.expand is None else self.expand(x)
        y = self.project(self.excite(self.depthwise(y)))
        return x + self.depth(y) if self.adds else y


class EfficientNet(PictureModel):
    """A family of networks for pictures, from one that a search has found; see `EfficientNetB0`.

    x: (N, 3, H, W), H and W from about 32 on; result: (N, out_size). width, depth: factors of all
    channels and of the numbers of blocks; stages: table 1 of the paper, for each stage expansion,
    channels, number of blocks, stride and kernel. drop: how likely a sample goes past the last
    block while training, and less so past those before. pretrained: see `PictureModel`.

    Tan and Le, "EfficientNet: Rethinking Model Scaling for Convolutional Neural Networks" (2019),
    arXiv:1905.11946.

    >>> model = EfficientNet(out_size=10, width=0.25, depth=0.5)
    >>> model(np.zeros((1, 3, 32, 32), dtype=np.float32)).shape
    (1, 10)
    """

    STAGES = (
        (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5),
        (6, 192, 4, 2, 5), (6, 320, 1, 1, 3),
    )  # fmt: skip

    def __init__(
        self,
        pretrained: Any = False,
        out_size: int = 1000,
        *,
        width: float = 1.0,
        depth: float = 1.0,
        dropout_ratio: float = 0.2,
        drop: float = 0.2,
        stages: tuple[tuple[int, int, int, int, int], ...] = STAGES,
    ) -> None:
        self.dropout_ratio = dropout_ratio
        channels = rounded(32 * width)
        self.stem = ConvNorm(channels, 3, 2, activation=F.silu)
        repeats = [math.ceil(depth * stage[2]) for stage in stages]
        self.blocks: list[list[MBConv]] = []
        for (expansion, out, _, first_stride, kernel_size), n in zip(stages, repeats, strict=True):
            self.blocks.append([])
            for i in range(n):
                stride = first_stride if i == 0 else 1
                share = drop * sum(map(len, self.blocks)) / sum(repeats)
                block = MBConv(
                    channels, rounded(out * width), kernel_size, stride, expansion, share
                )
                self.blocks[-1].append(block)
                channels = rounded(out * width)
        self.last = ConvNorm(4 * channels, 1, activation=F.silu)
        self.head = Linear(out_size)
        if pretrained:
            self.load_pretrained(pretrained)

    def features(self, x: Any) -> Variable:
        """What the head reads: (N, 1280) for B0, four times the channels of the last block."""
        x = self.stem(x)
        for stage in self.blocks:
            for block in stage:
                x = block(x)
        return F.mean(self.last(x), axis=(2, 3))

    def forward(self, x: Any) -> Variable:
        return self.head(F.dropout(self.features(x), self.dropout_ratio))

    def torchvision_names(self) -> dict[str, str]:
        """What the layers are called in torchvision's files: {"head": "classifier.1", ...}."""
        names = {"head": "classifier.1"}
        places = {"stem": "features.0", "last": f"features.{len(self.blocks) + 1}"}
        for i, stage in enumerate(self.blocks):
            for j, block in enumerate(stage):
                here, there = f"blocks/{i}/{j}", f"features.{i + 1}.{j}.block"
                k = 0 if block.expand is None else 1
                if k:
                    places[f"{here}/expand"] = f"{there}.0"
                places[f"{here}/depthwise"] = f"{there}.{k}"
                places[f"{here}/project"] = f"{there}.{k + 2}"
                names[f"{here}/excite/down"] = f"{there}.{k + 1}.fc1"
                names[f"{here}/excite/up"] = f"{there}.{k + 1}.fc2"
        for part, place in places.items():
            names |= {f"{part}/conv": f"{place}.0", f"{part}/bn": f"{place}.1"}
        return names

    @classmethod
    def samples(cls) -> list[Any]:
        """How the test kit makes a small one."""
        from arraygrad.testing import Sample

        stages = ((1, 8, 1, 1, 3), (2, 8, 1, 2, 5))
        return [Sample(lambda: cls(out_size=3, width=0.25, stages=stages), arr(3, 3, 9, 8))]


class EfficientNetB0(EfficientNet):
    """The smallest EfficientNet: 5.3 million parameters, 0.4 billion multiplications.

    x: (N, 3, H, W), 224 where trained; result: (N, out_size); see `EfficientNet`.

    >>> EfficientNetB0().blocks[1][0].depthwise.conv
    Conv2d(96, kernel_size=3, stride=2, pad=1, groups=96, nobias=True, in_channels=None)
    """

    WEIGHTS: ClassVar[dict[str, Published]] = {
        "imagenet": Published("efficientnet_b0_rwightman-7f5810bc.pth", mode="bicubic")
    }

    def __init__(self, pretrained: Any = False, out_size: int = 1000) -> None:
        super().__init__(pretrained, out_size)

    @classmethod
    def samples(cls) -> list[Any]:
        """None: it is an EfficientNet, whose small one the test kit checks."""
        return []
