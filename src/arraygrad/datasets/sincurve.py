"""SinCurve: the next point of a noisy sine, the book's first time series."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from arraygrad.datasets.dataset import Dataset
from arraygrad.errors import DatasetError


class SinCurve(Dataset):
    """One period of a sine in 1,000 steps, with noise; as in step 59 of the book.

    data: (999, 1) float64, the points but the last; label: (999, 1) float64, the points but the
    first, so that each label is what comes next. For training a sine with uniform noise between
    -0.05 and 0.05, for testing a cosine without.

    The noise comes from NumPy's global generator, as in the book: `np.random.seed` decides it,
    and making either of the two sets draws 1,000 numbers. With `seed` it is decided by that alone.

    Raises DatasetError for an odd seed.

    >>> curve = SinCurve(seed=0)
    >>> x, t = curve[:]
    >>> x.shape, bool(np.all(x[1:] == t[:-1]))
    ((999, 1), True)
    """

    def __init__(
        self,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
        *,
        seed: int | None = None,
    ) -> None:
        if seed is not None and not (isinstance(seed, (int, np.integer)) and seed >= 0):
            raise DatasetError(
                f"SinCurve: seed is {seed!r}; expected a whole number from 0 on, or None"
            )
        self.seed = seed
        super().__init__(train, transform, target_transform)

    def prepare(self) -> None:
        random = np.random if self.seed is None else np.random.RandomState(self.seed)
        x = np.linspace(0, 2 * np.pi, 1000)
        noise = random.uniform(-0.05, 0.05, size=x.shape)
        y = np.sin(x) + noise if self.train else np.cos(x)
        self.data = y[:-1, np.newaxis]
        self.label = y[1:, np.newaxis]
