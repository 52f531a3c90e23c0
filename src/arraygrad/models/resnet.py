"""ResNet: residual networks of 18 to 152 layers."""

from __future__ import annotations

from typing import Any

import arraygrad.functions as F
from arraygrad.errors import LayerError
from arraygrad.layers import BatchNorm, Conv2d, Linear
from arraygrad.models.model import Model
from arraygrad.models.pooling import pooling_all
from arraygrad.models.pretrained import Pretrained
from arraygrad.models.residual import BuildingBlock
from arraygrad.variable import Variable

_BLOCKS = {
    18: (2, 2, 2, 2),
    34: (3, 4, 6, 3),
    50: (3, 4, 6, 3),
    101: (3, 4, 23, 3),
    152: (3, 8, 36, 3),
}


class ResNet(Model):
    """Residual networks for pictures of 1000 kinds of things.

    x: (N, 3, H, W), H and W from about 32 on, 224 where trained; result: (N, 1000).
    n_layers: 18 or 34 (basic blocks), 50, 101 or 152 (bottlenecks).

    downsample_fb: where pictures become smaller. False: in the first, 1x1 convolution of a block,
    as in the paper, the book and its weights. True: in the 3x3 convolution, as in torchvision and
    its weights, whose first convolution has no bias. By default the one that fits the weights, and
    without weights that of the book; networks of 18 and 34 layers are always torchvision's.

    pretrained: True downloads the book's weights for 50, 101 or 152 layers from WEIGHTS_PATH; or
    the path or URL of a file; see `VGG16`.

    Raises LayerError for another number of layers, WeightsError for a file that does not fit,
    DownloadError (it says where to put the file) where it cannot be downloaded.

    He et al., "Deep residual learning for image recognition" (2015), arXiv:1512.03385.

    >>> model = ResNet(50)
    >>> model.res2.a.conv3
    Conv2d(256, kernel_size=1, nobias=True, in_channels=None)
    """

    WEIGHTS_PATH = "https://github.com/koki0702/dezero-models/releases/download/v0.1/resnet{}.npz"

    width = 64
    """The output channels of the first convolution; all others are multiples."""
    out_size = 1000
    """The number of classes."""

    res2: BuildingBlock
    res3: BuildingBlock
    res4: BuildingBlock
    res5: BuildingBlock

    def __init__(
        self, n_layers: int = 152, pretrained: Any = False, *, downsample_fb: bool | None = None
    ) -> None:
        if n_layers not in _BLOCKS:
            raise LayerError(
                f"ResNet: n_layers is {n_layers!r}; it should be one of "
                f"{', '.join(map(str, _BLOCKS))}"
            )
        basic = n_layers < 50
        who = f"ResNet{n_layers}"
        if basic and downsample_fb is False:
            raise LayerError(
                f"{who}: downsample_fb is False; the blocks of 18 and 34 layers have no 1x1 "
                "convolution to do it: leave it out"
            )
        url = None if basic else self.WEIGHTS_PATH.format(n_layers)
        weights = Pretrained(who, pretrained, url) if pretrained else None
        if downsample_fb is None:
            downsample_fb = basic or (weights is not None and weights.is_torchvision)
        self.n_layers = n_layers
        self.downsample_fb = downsample_fb
        self.conv1 = Conv2d(self.width, 7, 2, 3, nobias=downsample_fb)
        self.bn1 = BatchNorm()
        in_channels = self.width
        for i, blocks in enumerate(_BLOCKS[n_layers]):
            mid = self.width << i
            out = mid if basic else 4 * mid
            block = BuildingBlock(
                blocks, in_channels, mid, out, 1 if i == 0 else 2, downsample_fb, basic=basic
            )
            setattr(self, f"res{i + 2}", block)
            in_channels = out
        self.fc6 = Linear(self.out_size)
        if downsample_fb:
            for _, layer in self.named_layers():
                if isinstance(layer, BatchNorm):
                    layer.eps = 1e-5  # torchvision's
        if weights is not None:
            weights.load_into(self)

    def forward(self, x: Any) -> Variable:
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.pooling(x, 3, 2, 1) if self.downsample_fb else pooling_all(x, 3, 2)
        x = self.res5(self.res4(self.res3(self.res2(x))))
        return self.fc6(F.mean(x, axis=(2, 3)))

    def torchvision_names(self) -> dict[str, str]:
        """What the layers are called in torchvision's files: {"fc6": "fc", ...}.

        Raises LayerError for a network that is not torchvision's.
        """
        if not self.downsample_fb:
            raise LayerError(
                f"ResNet{self.n_layers}: these weights are torchvision's, for a network that makes "
                "pictures smaller in other places; build it with downsample_fb=True"
            )
        names = {"conv1": "conv1", "bn1": "bn1", "fc6": "fc"}
        for i in range(2, 6):
            building: BuildingBlock = getattr(self, f"res{i}")
            for j, (name, block) in enumerate(building.blocks()):
                shortcut = dict(zip(block.SHORTCUT, ("downsample.0", "downsample.1"), strict=True))
                for part, _ in list(block.named_layers())[1:]:
                    names[f"res{i}/{name}/{part}"] = f"layer{i - 1}.{j}.{shortcut.get(part, part)}"
        return names


class ResNet18(ResNet):
    """ResNet of 18 layers; see `ResNet`.

    >>> ResNet18().res3.a.conv3
    Conv2d(128, kernel_size=1, stride=2, nobias=True, in_channels=None)
    """

    def __init__(self, pretrained: Any = False) -> None:
        super().__init__(18, pretrained)


class ResNet34(ResNet):
    """ResNet of 34 layers; see `ResNet`.

    >>> len(ResNet34().res4.blocks())
    6
    """

    def __init__(self, pretrained: Any = False) -> None:
        super().__init__(34, pretrained)


class ResNet50(ResNet):
    """ResNet of 50 layers; see `ResNet`.

    >>> len(ResNet50().res4.blocks())
    6
    """

    def __init__(self, pretrained: Any = False, *, downsample_fb: bool | None = None) -> None:
        super().__init__(50, pretrained, downsample_fb=downsample_fb)


class ResNet101(ResNet):
    """ResNet of 101 layers; see `ResNet`.

    >>> len(ResNet101().res4.blocks())
    23
    """

    def __init__(self, pretrained: Any = False, *, downsample_fb: bool | None = None) -> None:
        super().__init__(101, pretrained, downsample_fb=downsample_fb)


class ResNet152(ResNet):
    """ResNet of 152 layers; see `ResNet`.

    >>> len(ResNet152().res4.blocks())
    36
    """

    def __init__(self, pretrained: Any = False, *, downsample_fb: bool | None = None) -> None:
        super().__init__(152, pretrained, downsample_fb=downsample_fb)
