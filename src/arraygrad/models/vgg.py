"""VGG16: thirteen convolutions and three fully connected layers."""

from __future__ import annotations

from typing import Any

import numpy as np

import arraygrad.functions as F
from arraygrad.errors import LayerError
from arraygrad.layers import Conv2d, Linear
from arraygrad.models.model import Model
from arraygrad.models.pretrained import Pretrained
from arraygrad.variable import Variable


class VGG16(Model):
    """The network of 16 layers for pictures of 1000 kinds of things.

    x: (N, 3, H, W), made by `VGG16.preprocess`; trained weights need H = W = 224; result:
    (N, 1000). The layers are the attributes conv1_1 to conv5_3, fc6, fc7 and fc8.

    pretrained: True downloads the book's weights (528 MB) from WEIGHTS_PATH into the cache
    directory, once; no checksum of that file is published, so that of the first download is
    recorded beside it and holds from then on. Or the path or URL of a file of weights, .npz of the
    book's layout or .safetensors of torchvision's, whose network expects pictures prepared with
    `torchvision=True`. A text may end in "#sha256=..." with the checksum of the file.

    Raises WeightsError for a file that does not fit, DownloadError (it says where to put the file)
    where it cannot be downloaded.

    Simonyan and Zisserman, "Very deep convolutional networks for large-scale image recognition"
    (2014), arXiv:1409.1556.

    >>> model = VGG16()
    >>> model.conv5_3
    Conv2d(512, kernel_size=3, pad=1, in_channels=None)
    """

    WEIGHTS_PATH = "https://github.com/koki0702/dezero-models/releases/download/v0.1/vgg16.npz"

    channels = ((64, 64), (128, 128), (256, 256, 256), (512, 512, 512), (512, 512, 512))
    """The output channels of the convolutions; each block is followed by a pooling."""
    fc_sizes = (4096, 4096, 1000)
    """The output sizes of fc6, fc7 and fc8."""

    fc6: Linear
    fc7: Linear
    fc8: Linear

    def __init__(self, pretrained: Any = False) -> None:
        weights = Pretrained("VGG16", pretrained, self.WEIGHTS_PATH) if pretrained else None
        for i, block in enumerate(self.channels, 1):
            for j, channels in enumerate(block, 1):
                setattr(self, f"conv{i}_{j}", Conv2d(channels, kernel_size=3, stride=1, pad=1))
        for i, size in enumerate(self.fc_sizes, 6):
            setattr(self, f"fc{i}", Linear(size))
        if weights is not None:
            weights.load_into(self)

    def forward(self, x: Any) -> Variable:
        for i, block in enumerate(self.channels, 1):
            for j in range(1, len(block) + 1):
                x = F.relu(getattr(self, f"conv{i}_{j}")(x))
            x = F.pooling(x, 2, 2)
        x = F.flatten(x)
        x = F.dropout(F.relu(self.fc6(x)))
        x = F.dropout(F.relu(self.fc7(x)))
        return self.fc8(x)

    def torchvision_names(self) -> dict[str, str]:
        """What the layers are called in torchvision's files: {"fc6": "classifier.0", ...}."""
        names = {}
        place = 0
        for i, block in enumerate(self.channels, 1):
            for j in range(1, len(block) + 1):
                names[f"conv{i}_{j}"] = f"features.{place}"
                place += 2  # the relu has a place too
            place += 1  # and so has the pooling
        # After each of the first two come a relu and a dropout.
        return names | {f"fc{6 + i}": f"classifier.{3 * i}" for i in range(3)}

    @staticmethod
    def preprocess(
        image: Any,
        size: tuple[int, int] | None = (224, 224),
        dtype: Any = np.float32,
        *,
        torchvision: bool = False,
    ) -> np.ndarray[Any, Any]:
        """A picture as the array that the network was trained on; (3, H, W), of `dtype`.

        image: a PIL image, or an array (H, W, 3) of bytes, red first. size: (width, height) to
        which it is resized, for which PIL is needed; None leaves it. The channels are blue, green,
        red, from 0 to 255, minus their means over ImageNet; with `torchvision` they are red, green,
        blue, from 0 to 1, minus their means and over their deviations.

        Raises LayerError for something that is no picture.

        >>> picture = np.zeros((2, 4, 3), dtype=np.uint8)
        >>> VGG16.preprocess(picture, size=None)[:, 0, 0]
        array([-103.939, -116.779, -123.68 ], dtype=float32)
        """
        if isinstance(image, np.ndarray):
            if image.ndim != 3 or image.shape[2] != 3 or image.dtype != np.uint8:
                raise LayerError(
                    f"VGG16.preprocess: image is an array of shape {image.shape} and dtype "
                    f"{image.dtype}; expected (H, W, 3) and uint8"
                )
            if size is not None and image.shape[1::-1] != tuple(size):
                from PIL import Image

                image = Image.fromarray(image)
        elif not hasattr(image, "convert"):
            raise LayerError(
                f"VGG16.preprocess: image is a {type(image).__name__}; expected a PIL image or an "
                "array of bytes: open the file with PIL.Image.open"
            )
        if not isinstance(image, np.ndarray):
            image = image.convert("RGB")
            if size is not None:
                image = image.resize(tuple(size))
        x = np.asarray(image, dtype=np.float64)
        if torchvision:
            x = (x / 255 - np.array([0.485, 0.456, 0.406])) / np.array([0.229, 0.224, 0.225])
        else:
            x = x[:, :, ::-1] - np.array([103.939, 116.779, 123.68])
        return np.ascontiguousarray(x.transpose(2, 0, 1), dtype=dtype)
