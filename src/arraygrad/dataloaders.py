"""Data loaders: a Dataset in batches, in a new order for every epoch."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np

from arraygrad import backend as backends
from arraygrad.datasets import Dataset
from arraygrad.errors import DatasetError

__all__ = ["DataLoader", "SeqDataLoader"]


class DataLoader:
    """Batches (x, t) of a data set; every `for` loop over it is one epoch.

    dataset: anything with `len` and `dataset[i]` -> (x, t), t None without labels; a `Dataset` of
    arrays is indexed once per batch. Batches are born on `backend`, or else on the current one.
    Without a seed the order comes from NumPy's global generator, as in the book; with one it
    follows from the seed and `epoch`, the number of epochs begun: set `epoch` to go on where
    another process stopped.

    Raises DatasetError for an empty data set, a wrong batch size or seed.

    >>> from arraygrad.datasets import Spiral
    >>> loader = DataLoader(Spiral(), 70, seed=0)
    >>> [len(t) for x, t in loader]
    [70, 70, 70, 70, 20]
    >>> loader.epoch
    1
    """

    def __init__(
        self,
        dataset: Any,
        batch_size: int,
        shuffle: bool = True,
        gpu: bool = False,
        *,
        backend: str | None = None,
        drop_last: bool = False,
        seed: int | None = None,
    ) -> None:
        who = type(self).__name__
        if isinstance(batch_size, bool) or not isinstance(batch_size, (int, np.integer)):
            raise DatasetError(f"{who}: batch_size is {batch_size!r}; expected a whole number")
        if batch_size < 1:
            raise DatasetError(f"{who}: batch_size is {batch_size}; expected at least 1")
        if seed is not None and not (isinstance(seed, (int, np.integer)) and seed >= 0):
            raise DatasetError(
                f"{who}: seed is {seed!r}; expected a whole number from 0 on, or None"
            )
        self.dataset = dataset
        self.batch_size = int(batch_size)
        self.shuffle = shuffle
        self.drop_last = drop_last
        self.seed = seed
        self.backend = "cupy" if gpu and backend is None else backend
        try:
            self.data_size = len(dataset)
        except TypeError:
            raise DatasetError(
                f"{who}: the data set is a {type(dataset).__name__}, which has no length; expected "
                "a Dataset, or anything with len(dataset) and dataset[i]"
            ) from None
        if self.data_size == 0:
            raise DatasetError(f"{who}: the data set is empty; expected at least one sample")
        whole, rest = divmod(self.data_size, self.batch_size)
        self.max_iter = whole if drop_last else whole + bool(rest)
        if self.max_iter == 0:
            raise DatasetError(
                f"{who}: batch_size is {batch_size}, more than the {self.data_size} samples; with "
                "drop_last there would be no batch: use a smaller one"
            )
        if self.backend is not None:
            backends.get_backend(self.backend)
        self.epoch = 0
        self._running: Iterator[tuple[Any, Any]] | None = None
        self.reset()

    def __len__(self) -> int:
        """The number of batches of an epoch."""
        return self.max_iter

    def __iter__(self) -> Iterator[tuple[Any, Any]]:
        return self._batches(self._begin_epoch())

    def __next__(self) -> tuple[Any, Any]:
        if self._running is None:
            self._running = iter(self)
        try:
            return next(self._running)
        except StopIteration:
            self._running = None
            raise

    def next(self) -> tuple[Any, Any]:
        """The next batch, without a loop; StopIteration after the last one of an epoch."""
        return self.__next__()

    def reset(self) -> None:
        """Make `next` start a new epoch."""
        self._running = None
        # As in the book, the order of an epoch is drawn when the one before is over, the first one
        # here: draws of other code in between get the book's numbers.
        self._drawn = self._draw() if self.seed is None else None

    def to_cpu(self) -> None:
        """Make batches as NumPy arrays."""
        self.backend = "numpy"

    def to_gpu(self) -> None:
        """Make batches as CuPy arrays."""
        backends.get_backend("cupy")
        self.backend = "cupy"

    def _begin_epoch(self) -> np.ndarray[Any, Any]:
        order, self._drawn = self._drawn, None
        if order is None:
            order = self._draw()
        self.epoch += 1
        return order

    def _draw(self) -> np.ndarray[Any, Any]:
        if not self.shuffle:
            return np.arange(self.data_size)
        if self.seed is None:
            return np.random.permutation(self.data_size)
        # RandomState's numbers are frozen across versions of NumPy.
        bits = np.random.MT19937(np.random.SeedSequence((self.seed, self.epoch)))
        return np.random.RandomState(bits).permutation(self.data_size)

    def _batches(self, order: np.ndarray[Any, Any]) -> Iterator[tuple[Any, Any]]:
        for i in range(self.max_iter):
            yield self._batch(self._places(order, i))
        if self.seed is None and self._drawn is None:
            self._drawn = self._draw()

    def _places(self, order: np.ndarray[Any, Any], i: int) -> np.ndarray[Any, Any]:
        """Which samples are in batch i of an epoch."""
        return order[i * self.batch_size : (i + 1) * self.batch_size]

    def _batch(self, places: np.ndarray[Any, Any]) -> tuple[Any, Any]:
        dataset = self.dataset
        if isinstance(dataset, Dataset) and dataset._takes_many():
            x, t = dataset[places]
        else:
            x, t = self._one_by_one(places)
        backend = (
            backends.current_backend()
            if self.backend is None
            else backends.get_backend(self.backend)
        )
        return self._born(backend, x), None if t is None else self._born(backend, t)

    def _one_by_one(self, places: np.ndarray[Any, Any]) -> tuple[list[Any], list[Any] | None]:
        samples = [self.dataset[int(i)] for i in places]
        for i, sample in zip(places, samples, strict=True):
            if not isinstance(sample, (tuple, list)) or len(sample) != 2:
                raise DatasetError(
                    f"{type(self).__name__}: dataset[{i}] is a {type(sample).__name__}; expected a "
                    "pair (x, t), t None without a label"
                )
        ts = [t for _, t in samples]
        without = sum(t is None for t in ts)
        if 0 < without < len(ts):
            raise DatasetError(
                f"{type(self).__name__}: {without} of the {len(ts)} samples of a batch have no "
                "label; expected a label for each, or for none"
            )
        return [x for x, _ in samples], None if without else ts

    def _born(self, backend: Any, values: Any) -> Any:
        try:
            array = np.asarray(values)
        except ValueError as error:
            raise DatasetError(
                f"{type(self).__name__}: the samples of a batch have different shapes ({error}); "
                "bring them to one shape with a transform"
            ) from error
        if array.dtype.hasobject:
            first = values[0] if isinstance(values, list) else array.flat[0]
            raise DatasetError(
                f"{type(self).__name__}: the samples of a batch are {type(first).__name__} "
                "objects; expected numbers or arrays: turn them into some with a transform"
            )
        return backend.from_numpy(array)


class SeqDataLoader(DataLoader):
    """Batches of a time series, without shuffling: row i of a batch is one stream through the data.

    The streams start `data_size // batch_size` apart, and each batch is one step further, so that
    a recurrent layer can keep its state between batches.

    >>> class Count(Dataset):
    ...     def prepare(self):
    ...         self.data = self.label = np.arange(6)
    >>> [x.tolist() for x, t in SeqDataLoader(Count(), 2)]
    [[0, 3], [1, 4], [2, 5]]
    """

    def __init__(
        self, dataset: Any, batch_size: int, gpu: bool = False, *, backend: str | None = None
    ) -> None:
        super().__init__(dataset, batch_size, shuffle=False, gpu=gpu, backend=backend)
        self._jump = self.data_size // self.batch_size
        if self._jump == 0:
            raise DatasetError(
                f"SeqDataLoader: batch_size is {batch_size}, more streams than the "
                f"{self.data_size} samples; use a smaller one"
            )
        self.max_iter = math.ceil(self.data_size / self.batch_size)

    def _places(self, order: np.ndarray[Any, Any], i: int) -> np.ndarray[Any, Any]:
        return (np.arange(self.batch_size) * self._jump + i) % self.data_size
