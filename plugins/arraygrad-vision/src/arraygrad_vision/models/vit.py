"""VisionTransformer: a picture cut into patches, read like a sentence."""

from __future__ import annotations

from contextlib import nullcontext
from typing import Any, ClassVar

import numpy as np

import arraygrad.functions as F
from arraygrad.backend import current_backend
from arraygrad.errors import LayerError
from arraygrad.layers import Conv2d, LayerNorm, Linear
from arraygrad.layers.initial import blank_weights, normal
from arraygrad.models import TransformerBlock
from arraygrad.op import arr
from arraygrad.variable import Parameter, Variable
from arraygrad_vision.models.picture_model import PictureModel
from arraygrad_vision.published import Published


class VisionTransformer(PictureModel):
    """A Transformer over the patches of a picture; see `ViTB16`.

    x: (N, 3, H, W), H = W = image; result: (N, out_size). Each patch of (patch, patch) pixels
    becomes a vector of width `size`, to which that of its place is added; before them goes the
    vector `token`, from which the head reads the class after `depth` blocks. hidden: the width
    inside of the perceptrons, four times `size` if it is not given. pretrained: see `PictureModel`.

    Raises LayerError for a picture of another size, and for patches that do not divide it.

    Dosovitskiy et al., "An Image is Worth 16x16 Words: Transformers for Image Recognition at Scale"
    (2020), arXiv:2010.11929.

    >>> model = VisionTransformer(out_size=10, image=32, patch=8, size=12, heads=2, depth=1)
    >>> model(np.zeros((1, 3, 32, 32), dtype=np.float32)).shape
    (1, 10)
    """

    def __init__(
        self,
        pretrained: Any = False,
        out_size: int = 1000,
        *,
        image: int = 224,
        patch: int = 16,
        size: int = 768,
        heads: int = 12,
        depth: int = 12,
        hidden: int | None = None,
        dropout_ratio: float = 0.0,
    ) -> None:
        if image % patch:
            raise LayerError(
                f"{type(self).__name__}: image is {image} and patch is {patch}; the patches should "
                "divide the image"
            )
        self.image, self.dropout_ratio = image, dropout_ratio
        here = current_backend().from_numpy
        places = normal((1 + (image // patch) ** 2, size), 0.02, np.float32)
        self.patches = Conv2d(size, patch, patch)
        self.token = Parameter(here(np.zeros(size, np.float32)), name="token")
        self.position = Parameter(here(places), name="position")
        # To draw the weights of a large one takes longer than to read them.
        with blank_weights() if pretrained else nullcontext():
            self.blocks = [
                TransformerBlock(size, heads, hidden, dropout_ratio=dropout_ratio)
                for _ in range(depth)
            ]
        for block in self.blocks:
            block.norm1.eps = block.norm2.eps = 1e-6
        self.norm = LayerNorm(eps=1e-6)
        self.head = Linear(out_size)
        if pretrained:
            self.load_pretrained(pretrained)

    def features(self, x: Any) -> Variable:
        """What the head reads: (N, size), the token after all blocks."""
        if tuple(x.shape[2:]) != (self.image, self.image):
            raise LayerError(
                f"{type(self).__name__}: x has the shape {tuple(x.shape)}; expected (N, 3, "
                f"{self.image}, {self.image}); resize the pictures, or make a model of another size"
            )
        y = self.patches(x)
        n, size = y.shape[:2]
        y = F.permute_dims(F.reshape(y, (n, size, -1)), (0, 2, 1))
        y = F.concat([F.broadcast_to(self.token, (n, 1, size)), y], axis=1) + self.position
        y = F.dropout(y, self.dropout_ratio)
        for block in self.blocks:
            y = block(y)
        return self.norm(y[:, 0])

    def forward(self, x: Any) -> Variable:
        return self.head(self.features(x))

    def torchvision_names(self) -> dict[str, str]:
        """What layers and parameters are called in torchvision's files."""
        names = {
            "patches": "conv_proj", "token": "class_token", "position": "encoder.pos_embedding",
            "norm": "encoder.ln", "head": "heads.head",
        }  # fmt: skip
        parts = {
            "norm1": "ln_1", "norm2": "ln_2", "wide": "mlp.0", "narrow": "mlp.3",
            "attention/q": "self_attention.q", "attention/k": "self_attention.k",
            "attention/v": "self_attention.v", "attention/out": "self_attention.out_proj",
        }  # fmt: skip
        for i in range(len(self.blocks)):
            for part, there in parts.items():
                names[f"blocks/{i}/{part}"] = f"encoder.layers.encoder_layer_{i}.{there}"
        return names

    def from_torchvision(self, arrays: dict[str, np.ndarray[Any, Any]]) -> dict[str, Any]:
        """Arrays of torchvision's file as here: one each for query, key and value, no empty axes.

        >>> model = VisionTransformer(image=2, patch=1, size=2, heads=1, depth=0)
        >>> made = model.from_torchvision({"self_attention.in_proj_bias": np.arange(6)})
        >>> {name: array.tolist() for name, array in made.items()}
        {'self_attention.q.bias': [0, 1], 'self_attention.k.bias': [2, 3], ...}
        """
        found: dict[str, Any] = {}
        for name, array in arrays.items():
            before, joint, what = name.rpartition("in_proj_")
            if joint and array.shape and array.shape[0] % 3 == 0:
                for part, rows in zip("qkv", np.split(array, 3), strict=True):
                    found[f"{before}{part}.{what}"] = rows
            elif name in ("class_token", "encoder.pos_embedding") and array.shape[:1] == (1,):
                found[name] = array[0] if name != "class_token" else array.reshape(-1)
            else:
                found[name] = array
        return found

    @classmethod
    def samples(cls) -> list[Any]:
        """How the test kit makes a small one."""
        from arraygrad.testing import Sample

        def make() -> VisionTransformer:
            return cls(out_size=3, image=6, patch=3, size=4, heads=2, depth=2, hidden=5)

        return [Sample(make, arr(2, 3, 6, 6))]


class ViTB16(VisionTransformer):
    """The Vision Transformer "Base" with patches of 16 x 16 pixels: 86.6 million parameters.

    x: (N, 3, 224, 224); result: (N, out_size); see `VisionTransformer`.

    >>> ViTB16.WEIGHTS["imagenet"].file
    'vit_b_16-c867db91.pth'
    """

    WEIGHTS: ClassVar[dict[str, Published]] = {"imagenet": Published("vit_b_16-c867db91.pth")}

    def __init__(self, pretrained: Any = False, out_size: int = 1000) -> None:
        super().__init__(pretrained, out_size)

    @classmethod
    def samples(cls) -> list[Any]:
        """None: it is a VisionTransformer, whose small one the test kit checks."""
        return []
