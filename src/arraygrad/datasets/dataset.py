"""Dataset: samples and labels by index."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from arraygrad.errors import DatasetError
from arraygrad.transforms import transform_batch


class Dataset:
    """Samples and labels by index; a subclass defines `prepare`, which fills `data` and `label`.

    data: NumPy array or list, one entry per sample; label: the same for labels, or None.
    transform, target_transform: called with one sample, one label, when they are asked for; a
    transform with a method `batch` is called with many at a time through that.

    An index is an int, or a slice, a list or an array of ints or booleans for several at a time.

    Raises DatasetError where `prepare` leaves `data` empty or gives another number of labels.

    >>> class Squares(Dataset):
    ...     def prepare(self):
    ...         self.data = np.arange(5.0)
    ...         self.label = np.arange(5) ** 2
    >>> squares = Squares()
    >>> len(squares)
    5
    >>> squares[[3, 1]]
    (array([3., 1.]), array([9, 1]))
    """

    data: Any
    label: Any

    def __init__(
        self,
        train: bool = True,
        transform: Callable[[Any], Any] | None = None,
        target_transform: Callable[[Any], Any] | None = None,
    ) -> None:
        self.train = train
        self.transform = transform
        self.target_transform = target_transform
        self.data = None
        self.label = None
        self.prepare()
        if self.data is not None and self.label is not None and len(self.data) != len(self.label):
            raise DatasetError(
                f"{type(self).__name__}: prepare() gave {len(self.data)} samples in self.data, but "
                f"{len(self.label)} labels in self.label; one label per sample is expected"
            )

    def prepare(self) -> None:
        """Fill `self.data` and `self.label`."""

    def __len__(self) -> int:
        return len(self._samples())

    def __getitem__(self, index: Any) -> tuple[Any, Any]:
        data = self._samples()
        if isinstance(index, (int, np.integer)) or (
            isinstance(index, np.ndarray) and index.ndim == 0 and index.dtype.kind in "iu"
        ):
            i = int(index)
            t = None if self.label is None else _one(self.label[i], self.target_transform)
            return _one(data[i], self.transform), t
        x = _many(data, index, self.transform)
        return x, None if self.label is None else _many(self.label, index, self.target_transform)

    def _takes_many(self) -> bool:
        """Whether an index may be an array; a __getitem__ of one's own promises single samples."""
        return type(self).__getitem__ is Dataset.__getitem__

    def _samples(self) -> Any:
        if self.data is None:
            raise DatasetError(
                f"{type(self).__name__} has no samples: its prepare() should fill self.data (and "
                "self.label); or define __getitem__ and __len__"
            )
        return self.data


def _one(sample: Any, transform: Callable[[Any], Any] | None) -> Any:
    return sample if transform is None else transform(sample)


def _many(samples: Any, index: Any, transform: Callable[[Any], Any] | None) -> Any:
    if isinstance(samples, np.ndarray) or isinstance(index, slice):
        chosen = samples[index]
    else:
        chosen = [samples[i] for i in np.arange(len(samples))[index]]
    return chosen if transform is None else transform_batch(transform, chosen)
