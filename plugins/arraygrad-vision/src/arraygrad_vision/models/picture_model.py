"""PictureModel: what all networks here have in common, weights by name and preparation."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np

from arraygrad.errors import LayerError
from arraygrad.layers import Linear
from arraygrad.models import Model
from arraygrad.variable import Variable
from arraygrad_vision.published import Published, load_pretrained

MEAN = (0.485, 0.456, 0.406)
"""The means of red, green and blue, from 0 to 1, over the pictures of ImageNet."""
STD = (0.229, 0.224, 0.225)
"""Their deviations."""


class PictureModel(Model):
    """The base of the networks here.

    `WEIGHTS` has the trained weights that are published, by name. `pretrained`, when a model is
    made, is one of these names ("imagenet"; True is the same), or the path of a file, .pth of
    PyTorch with torchvision's names, .safetensors or .npz; a URL needs the checksum of the file
    after it, "#sha256=...". Files are downloaded once, into the cache of `arraygrad.downloads`.

    With another out_size than ImageNet's 1000, all but the last layer, `head`, is loaded, and
    the head is drawn: that is what fine-tuning begins with.

    Raises LayerError for a name that is none, WeightsError for a file that does not fit,
    DownloadError (it says where to put the file) where it cannot be downloaded.
    """

    WEIGHTS: ClassVar[dict[str, Published]] = {}

    head: Linear

    def features(self, x: Any) -> Variable:
        """What `head` reads of pictures; forward is the head of it, with a dropout between."""
        raise NotImplementedError(f"{type(self).__name__} has no features(self, x)")

    def torchvision_names(self) -> dict[str, str]:
        """What layers and parameters are called in torchvision's files: {"head": "fc", ...}."""
        raise NotImplementedError(f"{type(self).__name__} has no torchvision_names(self)")

    def load_pretrained(self, pretrained: Any = "imagenet") -> None:
        """Take trained weights over: what the argument `pretrained` does when a model is made."""
        load_pretrained(self, pretrained)

    @classmethod
    def preprocess(
        cls, image: Any, weights: str = "imagenet", dtype: Any = np.float32
    ) -> np.ndarray[Any, Any]:
        """A picture of PIL as the array that the network was trained on: (3, H, W) of `dtype`.

        weights: their name, as sizes differ. The shorter side is made as long as it was there,
        the middle cut out; red, green and blue from 0 to 1 minus MEAN, over STD.

        Raises LayerError for weights of another name, DtypeError for something that is no picture.

        >>> from PIL import Image
        >>> from arraygrad_vision.models import MobileNetV2
        >>> MobileNetV2.preprocess(Image.new("RGB", (640, 480), "white"))[:, 0, 0].round(2)
        array([2.25, 2.43, 2.64], dtype=float32)
        """
        from arraygrad.transforms import Convert, Resize, ToArray

        if weights not in cls.WEIGHTS:
            raise LayerError(
                f"{cls.__name__}.preprocess: weights is {weights!r}; it should be one of "
                f"{', '.join(map(repr, cls.WEIGHTS)) or 'none: no weights are known'}"
            )
        how = cls.WEIGHTS[weights]
        image = Convert("RGB")(image)
        # Sides rounded down, places rounded to the nearest, as in the programs that trained them.
        shorter = min(image.size)
        if shorter != how.resize:
            image = Resize([n * how.resize // shorter for n in image.size], how.mode)(image)
        left, top = (round((n - how.crop) / 2) for n in image.size)
        image = image.crop((left, top, left + how.crop, top + how.crop))
        x = ToArray(np.float64)(image) / 255
        mean, std = (np.array(numbers).reshape(3, 1, 1) for numbers in (MEAN, STD))
        return np.asarray((x - mean) / std, dtype)
