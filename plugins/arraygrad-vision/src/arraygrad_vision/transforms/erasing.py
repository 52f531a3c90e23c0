"""RandomErasing: a rectangle of a picture is painted over."""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad.errors import ArgumentError
from arraygrad_vision.transforms.augmentation import Array, Augmentation, box, chance, span


class RandomErasing(Augmentation):
    """A rectangle of an array (..., H, W) painted over, or not, by chance.

    p: how likely it is. scale: its share of the area, from and to; ratio: its width by its height,
    from and to. fill: a number, one for each channel, or "noise": draws of N(0, 1), for samples
    that are normalized. `RandomErasing(1, (1 / 4, 1 / 4), (1, 1))` is nearly Cutout, whose squares
    may reach over the edge.

    Raises ArgumentError for an odd number, and for a fill that does not fit the channels.

    Zhong et al., "Random Erasing Data Augmentation" (2017), arXiv:1708.04896; DeVries and Taylor,
    "Improved Regularization of Convolutional Neural Networks with Cutout" (2017), arXiv:1708.04552.

    >>> np.random.seed(0)
    >>> RandomErasing(p=1, scale=(0.2, 0.3), ratio=(1, 1))(np.ones((1, 3, 4)))
    array([[[1., 1., 1., 1.],
            [1., 0., 0., 1.],
            [1., 0., 0., 1.]]])
    """

    def __init__(
        self,
        p: float = 0.5,
        scale: Any = (0.02, 0.33),
        ratio: Any = (0.3, 3.3),
        fill: Any = 0.0,
    ) -> None:
        self.p = chance(self, "p", p)
        self.scale = span(self, "scale", scale, 0, 1)
        self.ratio = span(self, "ratio", ratio, 1e-3, 1e3)
        if isinstance(fill, str) != (fill == "noise"):
            raise ArgumentError(f"RandomErasing: fill is {fill!r}; expected numbers, or 'noise'")
        self.fill = fill

    def check(self, xs: Array) -> float:
        if self.fill != "noise" and np.size(self.fill) not in (1, xs.shape[1]):
            raise ArgumentError(
                f"RandomErasing: fill is {self.fill!r}; expected one number, or one for each of "
                f"the {xs.shape[1]} channels"
            )
        return super().check(xs)

    def changed(self, x: Array, high: float) -> Array:
        if np.random.rand() >= self.p:
            return x
        height, width = x.shape[1:]
        found = box(height, width, self.scale, self.ratio)
        if found is None:
            return x
        top, left, h, w = found
        part = x[:, top : top + h, left : left + w]
        if self.fill == "noise":
            part[...] = np.random.standard_normal(part.shape)
        else:
            part[...] = np.reshape(self.fill, (-1, 1, 1))
        return x
