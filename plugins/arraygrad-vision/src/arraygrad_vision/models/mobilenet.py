"""MobileNetV2: depthwise convolutions between thin layers, for phones and browsers."""

from __future__ import annotations

from typing import Any, ClassVar

import arraygrad.functions as F
from arraygrad.layers import Layer, Linear
from arraygrad.op import arr
from arraygrad.variable import Variable
from arraygrad_vision.layers import ConvNorm, relu6
from arraygrad_vision.models.picture_model import PictureModel
from arraygrad_vision.published import Published


class InvertedResidual(Layer):
    """1x1 to `expansion` times the channels, 3x3 in each channel, 1x1 back; added where it fits.

    x: (N, in_channels, H, W); result: (N, out_channels, H / stride, W / stride), rounded up.

    >>> block = InvertedResidual(4, 4, stride=1, expansion=6)
    >>> block(np.ones((2, 4, 3, 3), dtype=np.float32)).shape
    (2, 4, 3, 3)
    """

    def __init__(self, in_channels: int, out_channels: int, stride: int, expansion: int) -> None:
        wide = expansion * in_channels
        self.adds = stride == 1 and in_channels == out_channels
        self.expand = ConvNorm(wide, 1, activation=relu6) if expansion > 1 else None
        self.depthwise = ConvNorm(wide, 3, stride, groups=wide, activation=relu6)
        self.project = ConvNorm(out_channels, 1)

    def forward(self, x: Any) -> Variable:
        y = x if self.expand is None else self.expand(x)
        y = self.project(self.depthwise(y))
        return x + y if self.adds else y


class MobileNetV2(PictureModel):
    """A small network for pictures: 3.5 million parameters, 0.3 billion multiplications.

    x: (N, 3, H, W), H and W from about 32 on, 224 where trained; result: (N, out_size). width: a
    factor of all channels, the paper's "width multiplier"; stages: its table 2, for each stage
    expansion, channels, number of blocks and stride. pretrained: see `PictureModel`.

    Sandler et al., "MobileNetV2: Inverted Residuals and Linear Bottlenecks" (2018),
    arXiv:1801.04381.

    >>> model = MobileNetV2(out_size=10, width=0.25)
    >>> model(np.zeros((1, 3, 32, 32), dtype=np.float32)).shape
    (1, 10)
    """

    WEIGHTS: ClassVar[dict[str, Published]] = {
        "imagenet": Published("mobilenet_v2-7ebf99e0.pth", resize=232),
        "imagenet-v1": Published("mobilenet_v2-b0353104.pth"),
    }
    STAGES = (
        (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2),
        (6, 320, 1, 1),
    )  # fmt: skip

    def __init__(
        self,
        pretrained: Any = False,
        out_size: int = 1000,
        *,
        width: float = 1.0,
        dropout_ratio: float = 0.2,
        stages: tuple[tuple[int, int, int, int], ...] = STAGES,
    ) -> None:
        self.dropout_ratio = dropout_ratio
        channels = rounded(32 * width)
        self.stem = ConvNorm(channels, 3, 2, activation=relu6)
        self.blocks: list[InvertedResidual] = []
        for expansion, out, repeats, first_stride in stages:
            for i in range(repeats):
                stride = first_stride if i == 0 else 1
                self.blocks.append(
                    InvertedResidual(channels, rounded(out * width), stride, expansion)
                )
                channels = rounded(out * width)
        self.last = ConvNorm(rounded(1280 * max(1.0, width)), 1, activation=relu6)
        self.head = Linear(out_size)
        if pretrained:
            self.load_pretrained(pretrained)

    def features(self, x: Any) -> Variable:
        """What the head reads: (N, 1280), more where width is above 1."""
        x = self.stem(x)
        for block in self.blocks:
            x = block(x)
        return F.mean(self.last(x), axis=(2, 3))

    def forward(self, x: Any) -> Variable:
        return self.head(F.dropout(self.features(x), self.dropout_ratio))

    def torchvision_names(self) -> dict[str, str]:
        """What the layers are called in torchvision's files: {"head": "classifier.1", ...}."""
        names = {"head": "classifier.1"}
        for part, place in (("stem", 0), ("last", len(self.blocks) + 1)):
            names |= {f"{part}/conv": f"features.{place}.0", f"{part}/bn": f"features.{place}.1"}
        for i, block in enumerate(self.blocks):
            here, there = f"blocks/{i}", f"features.{i + 1}.conv"
            parts = [name for name in ("expand", "depthwise") if getattr(block, name) is not None]
            for j, part in enumerate(parts):
                names[f"{here}/{part}/conv"] = f"{there}.{j}.0"
                names[f"{here}/{part}/bn"] = f"{there}.{j}.1"
            names[f"{here}/project/conv"] = f"{there}.{len(parts)}"
            names[f"{here}/project/bn"] = f"{there}.{len(parts) + 1}"
        return names

    @classmethod
    def samples(cls) -> list[Any]:
        """How the test kit makes a small one."""
        from arraygrad.testing import Sample

        stages = ((1, 8, 1, 1), (2, 8, 1, 2))
        return [Sample(lambda: cls(out_size=3, width=0.25, stages=stages), arr(3, 3, 12, 12))]


def rounded(channels: float) -> int:
    """The nearest multiple of 8, but not a tenth less."""
    near = max(8, int(channels + 4) // 8 * 8)
    return near + 8 if near < 0.9 * channels else near
