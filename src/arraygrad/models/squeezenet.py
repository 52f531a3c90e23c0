"""SqueezeNet: as good as AlexNet with a fiftieth of its parameters."""

from __future__ import annotations

from typing import Any

import arraygrad.functions as F
from arraygrad.errors import LayerError
from arraygrad.layers import Conv2d, Layer
from arraygrad.models.model import Model
from arraygrad.models.pooling import pooling_all
from arraygrad.models.pretrained import Pretrained
from arraygrad.variable import Variable

# Channels and kernel of the first convolution; then 0 for a pooling, or what a fire squeezes to.
_PLANS = {
    "1.0": (96, 7, (0, 16, 16, 32, 0, 32, 48, 48, 64, 0, 64)),
    "1.1": (64, 3, (0, 16, 16, 0, 32, 32, 0, 48, 48, 64, 64)),
}


class Fire(Layer):
    """A 1x1 convolution to few channels, then a 1x1 and a 3x3 convolution side by side.

    x: (N, C, H, W); result: (N, 8 s, H, W), s = squeeze_channels.

    >>> Fire(16)(np.ones((1, 4, 5, 5), dtype=np.float32)).shape
    (1, 128, 5, 5)
    """

    def __init__(self, squeeze_channels: int) -> None:
        self.squeeze = Conv2d(squeeze_channels, 1)
        self.expand1x1 = Conv2d(4 * squeeze_channels, 1)
        self.expand3x3 = Conv2d(4 * squeeze_channels, 3, pad=1)

    def forward(self, x: Any) -> Variable:
        x = F.relu(self.squeeze(x))
        return F.concat([F.relu(self.expand1x1(x)), F.relu(self.expand3x3(x))], axis=1)


class SqueezeNet(Model):
    """A small network for pictures of 1000 kinds of things: 1.2 million parameters.

    x: (N, 3, H, W), H and W from about 32 on, 224 where trained; result: (N, 1000). The layers are
    the attributes conv1, fire2 to fire9 and conv10. version: "1.0", the paper's, or "1.1", which
    needs less than half of the arithmetic.

    pretrained: the path or URL of a file of weights; see `VGG16`. The book has none (True raises
    LayerError).

    Raises LayerError for another version, WeightsError for a file that does not fit.

    Iandola et al., "SqueezeNet" (2016), arXiv:1602.07360.

    >>> model = SqueezeNet(version="1.1")
    >>> model.conv1
    Conv2d(64, kernel_size=3, stride=2, in_channels=None)
    """

    out_size = 1000
    """The number of classes."""

    def __init__(self, pretrained: Any = False, *, version: str = "1.0") -> None:
        if version not in _PLANS:
            raise LayerError(
                f"SqueezeNet: version is {version!r}; it should be {' or '.join(map(repr, _PLANS))}"
            )
        weights = Pretrained("SqueezeNet", pretrained) if pretrained else None
        self.version = version
        channels, kernel, self._plan = _PLANS[version]
        self.conv1 = Conv2d(channels, kernel, 2)
        for name, squeeze in self._steps():
            if name:
                setattr(self, name, Fire(squeeze))
        self.conv10 = Conv2d(self.out_size, 1)
        if weights is not None:
            weights.load_into(self)

    def forward(self, x: Any) -> Variable:
        x = F.relu(self.conv1(x))
        for name, _ in self._steps():
            x = getattr(self, name)(x) if name else pooling_all(x, 3, 2)
        x = F.relu(self.conv10(F.dropout(x)))
        return F.mean(x, axis=(2, 3))

    def torchvision_names(self) -> dict[str, str]:
        """What the layers are called in torchvision's files: {"conv1": "features.0", ...}."""
        names = {"conv1": "features.0", "conv10": "classifier.1"}
        for place, (name, _) in enumerate(self._steps(), 2):
            if name:
                for part in ("squeeze", "expand1x1", "expand3x3"):
                    names[f"{name}/{part}"] = f"features.{place}.{part}"
        return names

    def _steps(self) -> list[tuple[str, int]]:
        """What follows conv1: the name of a fire and what it squeezes to; no name: a pooling."""
        fires = (f"fire{i}" for i in range(2, 10))
        return [(next(fires) if squeeze else "", squeeze) for squeeze in self._plan]
