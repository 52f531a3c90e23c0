"""RandomAffine: turned, moved, made larger or smaller, and slanted, at once."""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad.errors import ArgumentError
from arraygrad_vision.transforms.augmentation import Array, Augmentation, span


class RandomAffine(Augmentation):
    """An array (..., H, W) turned, moved, scaled and slanted about its middle, by chance.

    degrees: up to how much it is turned, to either side. translate: up to which share of width and
    height it is moved, two numbers. scale: factors of its size, from and to. shear: up to how many
    degrees its columns are slanted. fill: the number of the pixels that come from outside. Pixels
    between others are computed from their four neighbours.

    Raises ArgumentError for an odd number.

    Simard, Steinkraus and Platt, "Best Practices for Convolutional Neural Networks Applied to
    Visual Document Analysis" (2003), for what it does to handwritten digits.

    >>> np.random.seed(0)
    >>> RandomAffine(degrees=90)(np.array([[[0.0, 0, 0], [0, 4, 4], [0, 0, 0]]])).round(1)
    array([[[0. , 0. , 0.6],
            [0. , 4. , 3.4],
            [0. , 0. , 0. ]]])
    """

    def __init__(
        self,
        degrees: float = 0.0,
        translate: Any = (0.0, 0.0),
        scale: Any = (1.0, 1.0),
        shear: float = 0.0,
        fill: float = 0.0,
    ) -> None:
        for name, value, high in (("degrees", degrees, 180), ("shear", shear, 80)):
            if not isinstance(value, (int, float, np.number)) or not 0 <= value <= high:
                raise ArgumentError(f"RandomAffine: {name} is {value!r}; expected 0 to {high}")
        self.degrees, self.shear, self.fill = degrees, shear, fill
        try:
            across, down = (abs(float(n)) for n in translate)
        except (TypeError, ValueError):
            across = down = np.inf
        if not max(across, down) <= 1:
            raise ArgumentError(
                f"RandomAffine: translate is {translate!r}; expected two shares of width and "
                "height, from 0 to 1"
            )
        self.translate = across, down
        self.scale = span(self, "scale", scale, 1e-3, 1e3)

    def changed(self, x: Array, high: float) -> Array:
        angle, slant = np.deg2rad(np.random.uniform(-1, 1, 2) * (self.degrees, self.shear))
        moved = np.random.uniform(-1, 1, 2) * self.translate * x.shape[:-3:-1]
        size = np.random.uniform(*self.scale)
        return warped(x, matrix(angle, slant) * size, moved, self.fill)


def matrix(angle: float, slant: float = 0.0) -> Array:
    """The 2 x 2 matrix of (column, row) that slants, then turns counterclockwise; in radians.

    >>> matrix(np.pi / 2).round(6) + 0.0
    array([[ 0.,  1.],
           [-1.,  0.]])
    """
    turn = np.array([[np.cos(angle), np.sin(angle)], [-np.sin(angle), np.cos(angle)]])
    result: Array = turn @ np.array([[1.0, np.tan(slant)], [0.0, 1.0]])
    return result


def warped(x: Array, forward: Array, moved: Any, fill: float) -> Array:
    """x (C, H, W) with each point p, from the middle, at forward @ p + moved; (column, row).

    >>> warped(np.array([[[1.0, 2.0, 3.0]]]), np.eye(2), (1, 0), fill=9)
    array([[[9., 1., 2.]]])
    """
    channels, height, width = x.shape
    middle = np.array([(width - 1) / 2, (height - 1) / 2])
    back = np.linalg.inv(forward)
    start = middle - back @ (middle + moved)
    columns, rows = np.arange(width), np.arange(height)[:, None]
    # With a border of `fill`; what is further away is that too.
    column = np.clip(back[0, 0] * columns + back[0, 1] * rows + start[0], -1, width) + 1
    row = np.clip(back[1, 0] * columns + back[1, 1] * rows + start[1], -1, height) + 1
    left, top = np.minimum(column.astype(np.intp), width), np.minimum(row.astype(np.intp), height)
    right, below = (column - left).astype(x.dtype), (row - top).astype(x.dtype)
    wide = np.pad(x, ((0, 0), (1, 1), (1, 1)), constant_values=fill).reshape(channels, -1)
    place = top * (width + 2) + left
    first, second = (
        wide.take(at, axis=1) * (1 - right) + wide.take(at + 1, axis=1) * right
        for at in (place, place + width + 2)
    )
    result: Array = first * (1 - below) + second * below
    return result
