"""Transforms between pictures of PIL and arrays; PIL is imported when one is called."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from arraygrad.errors import ArgumentError, DatasetError, DtypeError

_MODES = {"nearest": 0, "lanczos": 1, "bilinear": 2, "bicubic": 3, "box": 4, "hamming": 5}


class Convert:
    """A picture in another mode of PIL: "RGB", "L" (gray), "RGBA" ...; "BGR" is RGB turned round.

    >>> from PIL import Image
    >>> Convert()(Image.new("L", (4, 4))).mode
    'RGB'
    """

    def __init__(self, mode: str = "RGB") -> None:
        self.mode = mode

    def __call__(self, img: Any) -> Any:
        image = image_module("Convert")
        check_picture("Convert", img)
        if self.mode != "BGR":
            return img.convert(self.mode)
        return image.merge("RGB", img.convert("RGB").split()[::-1])


class Resize:
    """A picture brought to a size.

    size: (width, height) in pixels, as PIL has it, or one number for both. mode: how pixels are
    computed, a word ("nearest", "bilinear", "bicubic", "lanczos", "box", "hamming") or PIL's
    constant, such as `Image.BILINEAR`.

    Raises ArgumentError for an odd size or mode.

    >>> from PIL import Image
    >>> Resize((6, 3))(Image.new("RGB", (4, 4))).size
    (6, 3)
    """

    def __init__(self, size: Any, mode: Any = "bilinear") -> None:
        self.size = check_size("Resize", size)
        number: Any = _MODES.get(mode) if isinstance(mode, str) else mode
        if number not in _MODES.values():
            raise ArgumentError(
                f"Resize: mode is {mode!r}; expected one of {', '.join(_MODES)}, or PIL's constant"
            )
        self.mode = int(number)

    def __call__(self, img: Any) -> Any:
        check_picture("Resize", img)
        return img.resize(self.size, self.mode)


class ToArray:
    """A picture as an array (channels, height, width), its numbers as they are: 0 to 255.

    dtype: of the array. An array is returned as it came.

    >>> from PIL import Image
    >>> x = ToArray()(Image.new("RGB", (4, 2), "red"))
    >>> x.shape, x.dtype.name, x[:, 0, 0].tolist()
    ((3, 2, 4), 'float32', [255.0, 0.0, 0.0])
    """

    def __init__(self, dtype: Any = np.float32) -> None:
        self.dtype = dtype

    def __call__(self, img: Any) -> Any:
        if isinstance(img, np.ndarray):
            return img
        check_picture("ToArray", img)
        x = np.asarray(img)
        x = x[None] if x.ndim == 2 else x.transpose(2, 0, 1)
        return np.ascontiguousarray(x, dtype=self.dtype)


class ToPIL:
    """An array (channels, height, width) of numbers from 0 to 255 as a picture.

    x: 1, 3 or 4 channels (gray, RGB, RGBA), or (height, width). Floats are rounded.

    Raises ArgumentError for other shapes and for numbers outside of 0 to 255.

    >>> ToPIL()(np.zeros((3, 2, 4), dtype=np.uint8)).size
    (4, 2)
    """

    def __call__(self, x: Any) -> Any:
        image = image_module("ToPIL")
        x = np.asarray(x)
        if x.ndim not in (2, 3) or 0 in x.shape or (x.ndim == 3 and x.shape[0] not in (1, 3, 4)):
            raise ArgumentError(
                f"ToPIL: the array has shape {x.shape}; expected (channels, height, width) with 1, "
                "3 or 4 channels, or (height, width)"
            )
        if x.dtype != np.uint8:
            low, high = x.min(), x.max()
            if not (low > -0.5 and high < 255.5):  # also for NaN
                raise ArgumentError(
                    f"ToPIL: the array has numbers from {low} to {high}; expected 0 to 255: scale "
                    "it first"
                )
            x = np.rint(x).astype(np.uint8)
        if x.ndim == 3:
            x = x[0] if x.shape[0] == 1 else x.transpose(1, 2, 0)
        return image.fromarray(np.ascontiguousarray(x))


def image_module(who: str) -> Any:
    """PIL.Image, or an error that says what to install."""
    try:
        return import_module("PIL.Image")
    except ImportError as error:
        raise DatasetError(
            f'{who} needs the package pillow, which is not installed: run pip install "arraygrad'
            '[data]"'
        ) from error


def is_picture(x: Any) -> bool:
    """Whether x is a picture of PIL; without importing it."""
    return hasattr(x, "getbands")


def check_picture(who: str, img: Any) -> None:
    """Raise DtypeError for what is not a picture of PIL."""
    if not is_picture(img):
        image_module(who)
        raise DtypeError(
            f"{who}: got {type(img).__name__}; expected a picture of PIL, as Image.open(file) gives"
        )


def check_size(who: str, size: Any, lowest: int = 1) -> tuple[int, int]:
    """One number or two as (width, height); raises ArgumentError for others."""
    pair = (size, size) if isinstance(size, (int, np.integer)) else size
    try:
        width, height = (int(n) for n in pair)
        whole = (width, height) == tuple(pair) and min(width, height) >= lowest
    except (TypeError, ValueError):
        whole = False
    if not whole or isinstance(size, bool):
        raise ArgumentError(
            f"{who}: size is {size!r}; expected one whole number of at least {lowest}, or two: "
            "(width, height)"
        )
    return width, height
