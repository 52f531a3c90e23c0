"""ConvNeXt: a residual network with all that made vision Transformers good, but attention."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

import arraygrad.functions as F
from arraygrad.backend import current_backend
from arraygrad.layers import Conv2d, Layer, LayerNorm, Linear
from arraygrad.op import arr
from arraygrad.variable import Parameter, Variable
from arraygrad_vision.layers import StochasticDepth
from arraygrad_vision.models.picture_model import PictureModel
from arraygrad_vision.published import Published


class ConvNeXtBlock(Layer):
    """7x7 in each channel, `LayerNorm`, and a perceptron at every pixel; added to x.

    x: (N, size, H, W); result: the same shape. What is added is multiplied by `scale`, learnt for
    each channel. drop: how likely a sample goes past the block while training.

    >>> ConvNeXtBlock(4)(np.ones((1, 4, 5, 5), dtype=np.float32)).shape
    (1, 4, 5, 5)
    """

    def __init__(self, size: int, scale: float = 1e-6, drop: float = 0.0) -> None:
        self.conv = Conv2d(size, 7, pad=3, groups=size)
        self.norm = LayerNorm(eps=1e-6)
        self.wide = Linear(4 * size)
        self.narrow = Linear(size)
        full = np.full((size, 1, 1), scale, np.float32)
        self.scale = Parameter(current_backend().from_numpy(full), name="scale")
        self.depth = StochasticDepth(drop)

    def forward(self, x: Any) -> Variable:
        y = F.permute_dims(self.conv(x), (0, 2, 3, 1))
        y = self.narrow(F.gelu(self.wide(self.norm(y))))
        return x + self.depth(self.scale * F.permute_dims(y, (0, 3, 1, 2)))


class ConvNeXt(PictureModel):
    """A family of networks for pictures; see `ConvNeXtTiny`.

    x: (N, 3, H, W), H and W from 32 on; result: (N, out_size). depths, sizes: for each stage the
    number of blocks and the channels. scale: what the factors of the blocks are at first. drop:
    how likely a sample goes past the last block while training, and less so past those before.
    pretrained: see `PictureModel`.

    Liu et al., "A ConvNet for the 2020s" (2022), arXiv:2201.03545.

    >>> model = ConvNeXt(out_size=10, depths=(1, 1, 1, 1), sizes=(4, 8, 8, 8))
    >>> model(np.zeros((1, 3, 32, 32), dtype=np.float32)).shape
    (1, 10)
    """

    def __init__(
        self,
        pretrained: Any = False,
        out_size: int = 1000,
        *,
        depths: tuple[int, ...] = (3, 3, 9, 3),
        sizes: tuple[int, ...] = (96, 192, 384, 768),
        scale: float = 1e-6,
        drop: float = 0.1,
    ) -> None:
        # Each stage but the first begins with a norm and a convolution that halves its sides.
        self.stem = Conv2d(sizes[0], 4, 4)
        self.norms = [LayerNorm(axis=1, eps=1e-6) for _ in sizes]
        self.halve = [Conv2d(size, 2, 2) for size in sizes[1:]]
        self.blocks: list[list[ConvNeXtBlock]] = []
        for depth, size in zip(depths, sizes, strict=True):
            done = sum(map(len, self.blocks))
            shares = [drop * (done + i) / max(1, sum(depths) - 1) for i in range(depth)]
            self.blocks.append([ConvNeXtBlock(size, scale, share) for share in shares])
        self.norm = LayerNorm(eps=1e-6)
        self.head = Linear(out_size)
        if pretrained:
            self.load_pretrained(pretrained)

    def features(self, x: Any) -> Variable:
        """What the head reads: (N, sizes[-1])."""
        x = self.norms[0](self.stem(x))
        for i, stage in enumerate(self.blocks):
            if i:
                x = self.halve[i - 1](self.norms[i](x))
            for block in stage:
                x = block(x)
        return self.norm(F.mean(x, axis=(2, 3)))

    def forward(self, x: Any) -> Variable:
        return self.head(self.features(x))

    def torchvision_names(self) -> dict[str, str]:
        """What layers and parameters are called in torchvision's files."""
        names = {"stem": "features.0.0", "norm": "classifier.0", "head": "classifier.2"}
        for i, stage in enumerate(self.blocks):
            names[f"norms/{i}"] = "features.0.1" if i == 0 else f"features.{2 * i}.0"
            if i:
                names[f"halve/{i - 1}"] = f"features.{2 * i}.1"
            for j in range(len(stage)):
                here, there = f"blocks/{i}/{j}", f"features.{2 * i + 1}.{j}"
                names[f"{here}/scale"] = f"{there}.layer_scale"
                for part, k in (("conv", 0), ("norm", 2), ("wide", 3), ("narrow", 5)):
                    names[f"{here}/{part}"] = f"{there}.block.{k}"
        return names

    @classmethod
    def samples(cls) -> list[Any]:
        """How the test kit makes a small one."""
        from arraygrad.testing import Sample

        return [
            Sample(
                lambda: cls(out_size=3, depths=(1, 2), sizes=(4, 6), scale=0.5, drop=0.3),
                arr(3, 3, 17, 16),
            )
        ]


class ConvNeXtTiny(ConvNeXt):
    """The smallest ConvNeXt: 28.6 million parameters, 4.5 billion multiplications.

    x: (N, 3, H, W), 224 where trained; result: (N, out_size); see `ConvNeXt`.

    >>> [len(stage) for stage in ConvNeXtTiny().blocks]
    [3, 3, 9, 3]
    """

    WEIGHTS: ClassVar[dict[str, Published]] = {
        "imagenet": Published("convnext_tiny-983f1562.pth", resize=236)
    }

    def __init__(self, pretrained: Any = False, out_size: int = 1000) -> None:
        super().__init__(pretrained, out_size)

    @classmethod
    def samples(cls) -> list[Any]:
        """None: it is a ConvNeXt, whose small one the test kit checks."""
        return []
