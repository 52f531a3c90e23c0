"""A data set's pictures as one picture: what `show` of the image data sets draws."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import numpy as np

from arraygrad.errors import DatasetError


def grid(pictures: Any, row: int, col: int) -> np.ndarray[Any, Any]:
    """Pictures (row * col, channels, H, W) side by side: (row * H, col * W[, channels]).

    >>> grid(np.arange(6).reshape(6, 1, 1, 1), 2, 3).tolist()
    [[0, 1, 2], [3, 4, 5]]
    """
    _, channels, height, width = pictures.shape
    tiles = pictures.reshape(row, col, channels, height, width)
    picture = tiles.transpose(0, 3, 1, 4, 2).reshape(row * height, col * width, channels)
    return picture[:, :, 0] if channels == 1 else picture


def show(who: str, pictures: Any, row: int, col: int) -> None:
    """Draw row * col pictures chosen by chance, (N, channels, H, W), and show them on the screen.

    Raises DatasetError for odd numbers, and without matplotlib.
    """
    if not (row >= 1 and col >= 1):
        raise DatasetError(f"{who}.show: row is {row} and col is {col}; expected at least 1")
    try:
        plt = import_module("matplotlib.pyplot")
    except ImportError as error:
        raise DatasetError(
            f"{who}.show needs the package matplotlib, which is not installed: run "
            'pip install "arraygrad[plot]"'
        ) from error
    chosen = np.random.randint(0, len(pictures), size=row * col)
    plt.imshow(grid(pictures[chosen], row, col), cmap="gray", interpolation="nearest")
    plt.axis("off")
    plt.show()
