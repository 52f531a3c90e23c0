"""Subset and random_split: a part of a data set, and a data set in parts by chance."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from arraygrad.datasets.dataset import Dataset
from arraygrad.errors import DatasetError


class Subset(Dataset):
    """Some samples of a data set, which itself is left as it is; nothing is copied.

    dataset: anything with `len` and `dataset[i]`. places: which samples, as a list or an array of
    numbers from 0 on, or of booleans, one per sample.

    Raises DatasetError for places that are not there.

    >>> from arraygrad.datasets import Spiral
    >>> spiral = Spiral()
    >>> ones = Subset(spiral, spiral.label == 1)
    >>> len(ones), ones[:3][1]
    (100, array([1, 1, 1]))
    """

    def __init__(self, dataset: Any, places: Any) -> None:
        where = np.asarray(places)
        size = len(dataset)
        if where.dtype.kind == "b" and where.shape == (size,):
            where = np.flatnonzero(where)
        elif where.size == 0:
            where = np.zeros(0, dtype=np.intp)
        if where.ndim != 1 or where.dtype.kind not in "iu":
            raise DatasetError(
                f"Subset: places are an array of shape {where.shape}, {where.dtype}; expected one "
                f"axis of whole numbers, or {size} booleans"
            )
        if where.size and not 0 <= where.min() <= where.max() < size:
            raise DatasetError(
                f"Subset: places go from {where.min()} to {where.max()}; expected 0 to {size - 1}, "
                f"for the {size} samples"
            )
        self.dataset = dataset
        self.places = where.astype(np.intp)
        super().__init__(getattr(dataset, "train", True))

    def __len__(self) -> int:
        return len(self.places)

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        chosen = self.places[index]
        if np.ndim(chosen) == 0:
            x, t = self.dataset[int(chosen)]
            return x, t
        if self._takes_many():
            x, t = self.dataset[chosen]
            return x, t
        samples = [self.dataset[int(i)] for i in chosen]
        labels = [t for _, t in samples]
        return [x for x, _ in samples], None if labels and labels[0] is None else labels

    def _takes_many(self) -> bool:
        own = type(self).__getitem__ is Subset.__getitem__
        return own and isinstance(self.dataset, Dataset) and self.dataset._takes_many()


def random_split(
    dataset: Any, lengths: Sequence[float], *, seed: int | None = None
) -> list[Subset]:
    """Parts of a data set, every sample in one of them by chance.

    lengths: how many samples each part has, or which fraction of them (floats that add up to 1).
    Without a seed NumPy's global generator decides, with one always the same.

    Raises DatasetError for lengths that do not add up.

    >>> from arraygrad.datasets import Spiral
    >>> train, test = random_split(Spiral(), [0.8, 0.2], seed=0)
    >>> len(train), len(test)
    (240, 60)
    """
    if not isinstance(lengths, Iterable):
        raise DatasetError(
            f"random_split: lengths is {lengths!r}; expected one for each part, as in [0.8, 0.2]"
        )
    size = len(dataset)
    counts = _counts(list(lengths), size)
    if seed is None:
        order = np.random.permutation(size)
    elif isinstance(seed, (int, np.integer)) and seed >= 0:
        # RandomState's numbers are frozen across versions of NumPy.
        bits = np.random.MT19937(np.random.SeedSequence(int(seed)))
        order = np.random.RandomState(bits).permutation(size)
    else:
        raise DatasetError(
            f"random_split: seed is {seed!r}; expected a whole number from 0 on, or None"
        )
    ends = np.cumsum(counts)
    return [Subset(dataset, order[end - n : end]) for n, end in zip(counts, ends, strict=True)]


def _counts(lengths: list[Any], size: int) -> list[int]:
    whole = all(isinstance(n, (int, np.integer)) for n in lengths)
    if whole and sum(lengths) == size and min(lengths, default=-1) >= 0:
        return [int(n) for n in lengths]
    real = all(isinstance(n, (int, float, np.integer, np.floating)) for n in lengths)
    fractions = not whole and real and all(0 <= n <= 1 for n in lengths)
    if not (fractions and math.isclose(sum(lengths), 1, rel_tol=1e-6)):
        raise DatasetError(
            f"random_split: lengths are {lengths}; expected numbers of samples that add up to "
            f"{size}, or fractions that add up to 1"
        )
    # The parts end where the sum of the fractions does, so that none is off by more than one.
    ends = [round(end * size) for end in np.cumsum(lengths).tolist()]
    return [end - start for start, end in zip([0, *ends], ends, strict=False)]
