"""ColorJitter: brightness, contrast, saturation and hue, changed by chance."""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad.errors import ArgumentError
from arraygrad_vision.transforms.augmentation import Array, Augmentation, highest, span

GRAY = (0.299, 0.587, 0.114)
"""How much of red, green and blue is in gray (ITU-R BT.601)."""


class ColorJitter(Augmentation):
    """Brightness, contrast, saturation and hue of an array (C, H, W), changed by chance.

    C: 3, red first; or 1, which has no saturation and no hue. brightness, contrast, saturation: b
    for a factor from max(0, 1 - b) to 1 + b, or two numbers, from and to. hue: h for a turn of the
    circle of colors by -h to h, at most 0.5. They are applied in an order by chance. high: how
    bright a pixel can be, by default 1 for floats, and what the dtype can hold for integers; 255
    for floats of `ToArray`.

    Raises ArgumentError for an odd number, other channels, and pixels below 0 or above `high`.

    Howard, "Some Improvements on Deep Convolutional Neural Network Based Image Classification"
    (2013), arXiv:1312.5402.

    >>> np.random.seed(0)
    >>> ColorJitter(brightness=0.5)(np.full((1, 1, 2), 100, dtype=np.uint8))
    array([[[105, 105]]], dtype=uint8)
    """

    def __init__(
        self,
        brightness: Any = 0.0,
        contrast: Any = 0.0,
        saturation: Any = 0.0,
        hue: float = 0.0,
        high: float | None = None,
    ) -> None:
        self.brightness = self._factors("brightness", brightness)
        self.contrast = self._factors("contrast", contrast)
        self.saturation = self._factors("saturation", saturation)
        if not isinstance(hue, (int, float, np.number)) or not 0 <= hue <= 0.5:
            raise ArgumentError(f"ColorJitter: hue is {hue!r}; expected 0 to 0.5")
        self.hue, self.high = hue, high

    def _factors(self, what: str, value: Any) -> tuple[float, float]:
        if isinstance(value, (int, float, np.number)) and value >= 0:
            return max(0.0, 1.0 - float(value)), 1.0 + float(value)
        return span(self, what, value, 0, 1e3)

    def check(self, xs: Array) -> float:
        if xs.shape[1] not in (1, 3):
            raise ArgumentError(
                f"ColorJitter: a sample has {xs.shape[1]} channels; expected 1 (gray), or 3 (red, "
                "green, blue)"
            )
        return highest(self, xs, self.high)

    def changed(self, x: Array, high: float) -> Array:
        bright, contrast, saturation = (
            np.random.uniform(*factors)
            for factors in (self.brightness, self.contrast, self.saturation)
        )
        turn = np.random.uniform(-self.hue, self.hue)
        for step in np.random.permutation(4):
            if step == 0:
                x = blended(x, np.zeros_like(x), bright, high)
            elif step == 1:
                x = blended(x, gray(x).mean(), contrast, high)
            elif step == 2:
                x = blended(x, gray(x), saturation, high)
            elif turn:
                x = turned(x, turn, high)
        return x


def blended(x: Array, other: Any, factor: float, high: float) -> Array:
    """`other` at a factor of 0, x at 1, and beyond; from 0 to `high`.

    >>> blended(np.array([0.2, 0.8]), 0.5, 2.0, 1.0).round(1)
    array([0., 1.])
    """
    return np.clip(other + (x - other) * x.dtype.type(factor), 0, high)


def gray(x: Array) -> Array:
    """The brightness (1, H, W) of colors (3, H, W); gray (1, H, W) as it is.

    >>> gray(np.array([0.0, 1, 0]).reshape(3, 1, 1))
    array([[[0.587]]])
    """
    if x.shape[0] == 1:
        return x
    return np.tensordot(np.array(GRAY, x.dtype), x, 1)[None]


def turned(x: Array, turn: float, high: float) -> Array:
    """Colors (3, H, W) with another hue, `turn` of a circle further; gray as it is.

    >>> red = np.array([1.0, 0, 0]).reshape(3, 1, 1)
    >>> turned(red, 1 / 3, 1.0).reshape(3).round(6) + 0.0
    array([0., 1., 0.])
    """
    if x.shape[0] == 1:
        return x
    r, g, b = x
    value, low = x.max(axis=0), x.min(axis=0)
    spread = value - low
    safe = np.where(spread == 0, 1, spread)
    # In sixths of the circle, from red.
    hue = np.where(
        value == r,
        (g - b) / safe,
        np.where(value == g, 2 + (b - r) / safe, 4 + (r - g) / safe),
    )
    hue = hue + x.dtype.type(6 * turn)
    # Each color is high for two sixths about its own hue, and low opposite.
    steps = np.stack([(n + hue) % 6 for n in (5, 3, 1)])
    y = value - spread * np.clip(np.minimum(steps, 4 - steps), 0, 1)
    return np.clip(y, 0, high).astype(x.dtype, copy=False)
