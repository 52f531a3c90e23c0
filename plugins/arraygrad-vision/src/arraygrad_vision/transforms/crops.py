"""RandomResizedCrop: a part of a picture, of any size and shape, brought to one size."""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad.transforms.pictures import check_size
from arraygrad_vision.transforms.augmentation import Array, Augmentation, box, span


class RandomResizedCrop(Augmentation):
    """A part of an array (..., H, W) by chance, brought to a size by averages of pixels.

    size: (width, height) in pixels or one number for both. scale: the share of the area that is
    cut out, from and to; ratio: its width by its height, from and to. Where ten attempts do not
    fit into the picture, it is the largest part in the middle whose ratio does. Pixels are computed
    as PIL's "bilinear" does it, which is an average where the part becomes smaller.

    Raises ArgumentError for an odd size, scale or ratio.

    Szegedy et al., "Going deeper with convolutions" (2014), arXiv:1409.4842, section 6.

    >>> np.random.seed(0)
    >>> RandomResizedCrop(4)(np.arange(64, dtype=np.uint8).reshape(1, 8, 8))
    array([[[13, 14, 16, 17],
            [24, 25, 27, 29],
            [35, 37, 39, 40],
            [47, 48, 50, 51]]], dtype=uint8)
    """

    def __init__(self, size: Any, scale: Any = (0.08, 1.0), ratio: Any = (3 / 4, 4 / 3)) -> None:
        self.size = check_size("RandomResizedCrop", size)
        self.scale = span(self, "scale", scale, 1e-6, 1)
        self.ratio = span(self, "ratio", ratio, 1e-3, 1e3)

    def changed(self, x: Array, high: float) -> Array:
        height, width = x.shape[-2:]
        found = box(height, width, self.scale, self.ratio)
        top, left, h, w = self._middle(height, width) if found is None else found
        part = x[:, top : top + h, left : left + w]
        rows, columns = _averages(h, self.size[1]), _averages(w, self.size[0])
        return rows.astype(x.dtype) @ part @ columns.T.astype(x.dtype)

    def _middle(self, height: int, width: int) -> tuple[int, int, int, int]:
        shape = min(max(width / height, self.ratio[0]), self.ratio[1])
        h, w = min(height, round(width / shape)), min(width, round(height * shape))
        h, w = max(1, h), max(1, w)
        return (height - h) // 2, (width - w) // 2, h, w


def _averages(n: int, m: int) -> Array:
    """The weights (m, n) with which n pixels become m: a triangle about the middle of each."""
    reach = max(n / m, 1.0)
    middle = (np.arange(m)[:, None] + 0.5) * (n / m)
    weights = np.maximum(0, 1 - np.abs(np.arange(n) + 0.5 - middle) / reach)
    result: Array = weights / weights.sum(axis=1, keepdims=True)
    return result
