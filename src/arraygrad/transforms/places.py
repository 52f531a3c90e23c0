"""Transforms that cut, widen or mirror, for arrays (..., height, width) and for pictures alike."""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad.errors import ArgumentError
from arraygrad.transforms.pictures import check_size, image_module, is_picture


class CenterCrop:
    """The middle of a picture or of an array (..., height, width).

    size: (width, height) in pixels, as PIL has it, or one number for both. Where the pixels around
    it are odd in number, one more is cut at the right and at the bottom.

    Raises ArgumentError for an odd size, and for one larger than the picture.

    >>> CenterCrop(2)(np.arange(16).reshape(1, 4, 4)).tolist()
    [[[5, 6], [9, 10]]]
    """

    def __init__(self, size: Any) -> None:
        self.size = check_size("CenterCrop", size)

    def __call__(self, x: Any) -> Any:
        spare_x, spare_y = _spare("CenterCrop", x, self.size)
        return _crop(x, spare_x // 2, spare_y // 2, self.size)

    def batch(self, xs: Any) -> Any:
        """The same for many samples at a time."""
        _check_plane("CenterCrop", xs, 1)
        return self(xs)


class RandomCrop:
    """A part of a picture or of an array (..., height, width), anywhere in it.

    size: (width, height) in pixels or one number for both. padding: how many zeros to put around
    it before, as for `Pad`.

    Raises ArgumentError for an odd size or padding, and for a size larger than the padded picture.

    He et al., "Deep Residual Learning for Image Recognition" (2015), section 4.2: 32 with 4 zeros.

    >>> RandomCrop(32, padding=4)(np.ones((3, 32, 32))).shape
    (3, 32, 32)
    """

    def __init__(self, size: Any, padding: Any = 0) -> None:
        self.size = check_size("RandomCrop", size)
        self.pad = Pad(padding)

    def __call__(self, x: Any) -> Any:
        x = self.pad(x)
        spare_x, spare_y = _spare("RandomCrop", x, self.size)
        return _crop(x, np.random.randint(spare_x + 1), np.random.randint(spare_y + 1), self.size)

    def batch(self, xs: Any) -> Any:
        """The same for many samples at a time, each cut at a place of its own."""
        xs = self.pad.batch(xs)
        width, height = self.size
        spare_x, spare_y = _spare("RandomCrop", xs, self.size)
        left = np.random.randint(spare_x + 1, size=len(xs))
        top = np.random.randint(spare_y + 1, size=len(xs))
        windows = np.lib.stride_tricks.sliding_window_view(xs, (height, width), axis=(-2, -1))
        # (N, ..., top, left, height, width): the two arrays of places with the samples' axis.
        return np.moveaxis(windows, (-4, -3), (1, 2))[np.arange(len(xs)), top, left]


class Pad:
    """A picture or an array (..., height, width) with a border.

    padding: the pixels to add, (left and right, top and bottom), or one number for both. fill: the
    number that the new pixels have, in every channel.

    Raises ArgumentError for an odd padding.

    >>> Pad(1, fill=7)(np.zeros((1, 1, 1), dtype=int)).tolist()
    [[[7, 7, 7], [7, 0, 7], [7, 7, 7]]]
    """

    def __init__(self, padding: Any, fill: Any = 0) -> None:
        self.padding = check_size("Pad", padding, lowest=0)
        self.fill = fill

    def __call__(self, x: Any) -> Any:
        across, down = self.padding
        if across == down == 0:
            return x
        if not is_picture(x):
            _check_plane("Pad", x)
            around = [(0, 0)] * (x.ndim - 2) + [(down, down), (across, across)]
            return np.pad(x, around, constant_values=self.fill)
        fill = (self.fill,) * len(x.getbands())
        size = (x.width + 2 * across, x.height + 2 * down)
        wide = image_module("Pad").new(x.mode, size, fill if len(fill) > 1 else self.fill)
        wide.paste(x, (across, down))
        return wide

    def batch(self, xs: Any) -> Any:
        """The same for many samples at a time."""
        _check_plane("Pad", xs, 1)
        return self(xs)


class RandomHorizontalFlip:
    """Mirror left and right, or not, by chance: a picture, or an array (..., height, width).

    p: how likely it is.

    Raises ArgumentError if p is not between 0 and 1.

    >>> RandomHorizontalFlip(p=1)(np.array([[[1, 2, 3]]])).tolist()
    [[[3, 2, 1]]]
    """

    def __init__(self, p: float = 0.5) -> None:
        if not isinstance(p, (int, float, np.number)) or not 0 <= p <= 1:
            raise ArgumentError(f"RandomHorizontalFlip: p is {p!r}; expected 0 to 1")
        self.p = p

    def __call__(self, x: Any) -> Any:
        _check_plane("RandomHorizontalFlip", x)
        if np.random.rand() >= self.p:
            return x
        if is_picture(x):
            return x.transpose(image_module("RandomHorizontalFlip").Transpose.FLIP_LEFT_RIGHT)
        return x[..., ::-1].copy()

    def batch(self, xs: Any) -> Any:
        """The same for many samples at a time, each by its own chance."""
        _check_plane("RandomHorizontalFlip", xs, 1)
        chosen = np.random.rand(len(xs)) < self.p
        ys = xs.copy()
        ys[chosen] = xs[chosen][..., ::-1]
        return ys


def _check_plane(who: str, x: Any, before: int = 0) -> None:
    """Raise ArgumentError for an array without height and width."""
    if not is_picture(x) and np.ndim(x) < 2 + before:
        raise ArgumentError(
            f"{who}: the sample has shape {np.shape(x)[before:]}; expected (..., height, width), "
            "or a picture of PIL: put it before Flatten"
        )


def _spare(who: str, x: Any, size: tuple[int, int]) -> tuple[int, int]:
    """How many pixels there are beside and below a part of that size."""
    _check_plane(who, x)
    got = x.size if is_picture(x) else x.shape[:-3:-1]
    if got[0] < size[0] or got[1] < size[1]:
        raise ArgumentError(
            f"{who}: the picture has (width, height) {tuple(got)}; expected at least {size}"
        )
    return got[0] - size[0], got[1] - size[1]


def _crop(x: Any, left: int, top: int, size: tuple[int, int]) -> Any:
    right, bottom = left + size[0], top + size[1]
    if is_picture(x):
        return x.crop((left, top, right, bottom))
    return x[..., top:bottom, left:right].copy()
