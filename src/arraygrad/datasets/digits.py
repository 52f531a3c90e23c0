"""Digits: small pictures of handwritten digits, real data that needs no network."""

from __future__ import annotations

import functools
import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from arraygrad.datasets.dataset import Dataset
from arraygrad.errors import DatasetError


class Digits(Dataset):
    """The 1,797 handwritten digits of 8 x 8 pixels that scikit-learn ships.

    data: (N, 64) float32 from 0 to 1, or (N, 1, 8, 8) with `flat=False`; label: (N,) int64, 0 to 9.
    N = 1438 for training; the other 359, a fifth of every class, are held out for testing. The
    split is always the same.

    Raises DatasetError if scikit-learn is not installed (the extra `data`).

    Kaynak, "Methods of Combining Multiple Classifiers and Their Applications to Handwritten Digit
    Recognition" (1995); the test part of the UCI set "Optical Recognition of Handwritten Digits".

    >>> digits = Digits(train=False)
    >>> x, t = digits[0]
    >>> x.shape, x.dtype.name, len(digits)
    ((64,), 'float32', 359)
    """

    def __init__(
        self,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        *,
        flat: bool = True,
    ) -> None:
        self.flat = flat
        super().__init__(train, transform, target_transform)

    def prepare(self) -> None:
        pixels, label = _load()
        held_out = _held_out(label)
        chosen = ~held_out if self.train else held_out
        x = pixels[chosen].astype(np.float32) / 16
        self.data = x if self.flat else x.reshape(-1, 1, 8, 8)
        self.label = label[chosen].astype(np.int64)


@functools.cache
def _load() -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    # Reading the file that the package ships takes a tenth of a second; importing
    # sklearn.datasets for load_digits, which reads the same file, takes more than one.
    try:
        package = importlib.util.find_spec("sklearn")
    except ValueError:
        package = None
    if package is None or package.origin is None:
        raise DatasetError(
            "Digits are read from the package scikit-learn, which is not installed: run "
            'pip install "arraygrad[data]"'
        )
    file = Path(package.origin).parent / "datasets" / "data" / "digits.csv.gz"
    try:
        table = np.loadtxt(file, delimiter=",", dtype=np.uint8)
        pixels, label = table[:, :-1], table[:, -1]
    except (OSError, EOFError, ValueError, IndexError) as error:
        raise DatasetError(
            f"Digits cannot be read from {file}: {error}; install scikit-learn again: "
            'pip install --force-reinstall "scikit-learn>=1.5"'
        ) from error
    if pixels.shape != (1797, 64):
        raise DatasetError(f"Digits: {file} has {pixels.shape} pixels; expected (1797, 64)")
    return pixels, label


def _held_out(label: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    # RandomState's numbers are frozen across versions of NumPy.
    random = np.random.RandomState(0)
    held_out = np.zeros(label.size, dtype=bool)
    for digit in range(10):
        places = random.permutation(np.flatnonzero(label == digit))
        held_out[places[: round(places.size / 5)]] = True
    return held_out
