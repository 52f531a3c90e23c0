"""RandAugment: a few changes out of fourteen, all of one strength."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from arraygrad.errors import ArgumentError
from arraygrad_vision.transforms.affine import matrix, warped
from arraygrad_vision.transforms.augmentation import Array, Augmentation, highest
from arraygrad_vision.transforms.color import blended, gray

NAMES = (
    "identity", "autocontrast", "equalize", "rotate", "solarize", "color", "posterize", "contrast",
    "brightness", "sharpness", "shear_x", "shear_y", "translate_x", "translate_y",
)  # fmt: skip


class RandAugment(Augmentation):
    """`n` changes of an array (C, H, W), drawn from the fourteen in `NAMES`, one after the other.

    C: 3, red first, or 1. magnitude: how strong they are, from 0 to 30; to which side is drawn.
    high: how bright a pixel can be, as for `ColorJitter`. fill: the number of the pixels that come
    from outside.

    Raises ArgumentError for odd numbers, other channels, and pixels below 0 or above `high`.

    Cubuk et al., "RandAugment: Practical automated data augmentation with a reduced search space"
    (2019), arXiv:1909.13719.

    >>> np.random.seed(4)
    >>> RandAugment(n=1, magnitude=15)(np.array([[[10, 200, 30]]], dtype=np.uint8))
    array([[[...]]], dtype=uint8)
    """

    def __init__(
        self, n: int = 2, magnitude: float = 9, high: float | None = None, fill: float = 0.0
    ) -> None:
        if isinstance(n, bool) or not isinstance(n, (int, np.integer)) or n < 0:
            raise ArgumentError(f"RandAugment: n is {n!r}; expected a whole number from 0 on")
        if not isinstance(magnitude, (int, float, np.number)) or not 0 <= magnitude <= 30:
            raise ArgumentError(f"RandAugment: magnitude is {magnitude!r}; expected 0 to 30")
        self.n, self.magnitude, self.high, self.fill = int(n), magnitude, high, fill

    def check(self, xs: Array) -> float:
        if xs.shape[1] not in (1, 3):
            raise ArgumentError(
                f"RandAugment: a sample has {xs.shape[1]} channels; expected 1 (gray), or 3 (red, "
                "green, blue)"
            )
        return highest(self, xs, self.high)

    def changed(self, x: Array, high: float) -> Array:
        for place in np.random.randint(len(NAMES), size=self.n):
            side = 1 if np.random.rand() < 0.5 else -1
            x = applied(NAMES[place], x, self.magnitude / 30, side, high, self.fill)
        return x


def applied(name: str, x: Array, strength: float, side: int, high: float, fill: float) -> Array:
    """One change of x (C, H, W), of a strength from 0 to 1, to one side (1) or the other (-1).

    >>> applied("solarize", np.array([[[0.1, 0.8]]]), 0.5, 1, 1.0, 0.0).round(1)
    array([[[0.1, 0.2]]])
    """
    if name in ("color", "contrast", "brightness", "sharpness"):
        return blended(x, _DULL[name](x), 1 + 0.9 * strength * side, high)
    if name in ("rotate", "shear_x", "shear_y", "translate_x", "translate_y"):
        forward, moved = np.eye(2), np.zeros(2)
        if name == "rotate":
            forward = matrix(side * strength * np.pi / 6)
        elif name == "shear_x":
            forward[0, 1] = 0.3 * strength * side
        elif name == "shear_y":
            forward[1, 0] = 0.3 * strength * side
        else:
            along = 0 if name == "translate_x" else 1
            moved[along] = side * strength * 150 / 331 * x.shape[2 - along]
        return warped(x, forward, moved, fill)
    if name == "autocontrast":
        low, top = (f(x, axis=(1, 2), keepdims=True) for f in (np.min, np.max))
        spread = np.where(top > low, top - low, high)
        return np.where(top > low, (x - low) * (high / spread), x).astype(x.dtype)
    if name == "solarize":
        return np.where(x >= high * (1 - strength), high - x, x)
    if name == "equalize":
        return np.stack([_equalized(plane, high) for plane in x])
    if name == "posterize":  # from 8 bits down to 4
        step = 2 ** round(4 * strength)
        levels = np.rint(x * (255 / high)) // step * step
        return (levels * (high / 255)).astype(x.dtype)
    return x


def _smooth(x: Array) -> Array:
    """Averages with the eight pixels around, the pixel itself five times; edges as they are."""
    y = x.copy()
    if min(x.shape[1:]) > 2:
        windows = np.lib.stride_tricks.sliding_window_view(x, (3, 3), axis=(1, 2))
        y[:, 1:-1, 1:-1] = (windows.sum(axis=(-2, -1)) + 4 * x[:, 1:-1, 1:-1]) / 13
    return y


def _equalized(plane: Array, high: float) -> Array:
    """(H, W) with about as many pixels of each of 256 levels."""
    levels = np.rint(plane * (255 / high)).astype(np.intp)
    counts = np.bincount(levels.ravel(), minlength=256)
    step = (levels.size - counts[np.flatnonzero(counts)[-1]]) // 255
    if step == 0:
        return plane
    before = np.cumsum(counts) - counts
    table = np.minimum((before + step // 2) // step, 255) * (high / 255)
    return table.astype(plane.dtype)[levels]


_DULL: dict[str, Callable[[Array], Any]] = {
    "color": gray,
    "contrast": lambda x: gray(x).mean(),
    "brightness": np.zeros_like,
    "sharpness": _smooth,
}
