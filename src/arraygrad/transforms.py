"""Transforms of samples; each also takes many at a time, with `batch`, where that means the same.

A transform is any callable of one sample. A Dataset uses `batch`, if there is one, to transform
a whole batch with the samples along the first axis.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from arraygrad.errors import ArgumentError

__all__ = ["AsType", "Compose", "Flatten", "Normalize", "ToFloat", "ToInt"]


class Compose:
    """Several transforms, one after the other.

    >>> Compose([Flatten(), AsType(np.float32), Normalize(0, 2)])(np.array([[1, 2], [3, 4]]))
    array([0.5, 1. , 1.5, 2. ], dtype=float32)
    """

    def __init__(self, transforms: Iterable[Callable[[Any], Any]] = ()) -> None:
        self.transforms = list(transforms)

    def __call__(self, x: Any) -> Any:
        for transform in self.transforms:
            x = transform(x)
        return x

    def batch(self, xs: Any) -> Any:
        """The same for many samples at a time."""
        for transform in self.transforms:
            xs = transform_batch(transform, xs)
        return xs


class Normalize:
    """Subtract a mean and divide by a standard deviation: (x - mean) / std.

    mean, std: numbers, or one number for each entry along the first axis of a sample (channels).

    Raises ArgumentError if std has a zero.

    >>> Normalize(mean=1, std=2)(np.array([3.0, 5.0], dtype=np.float32))
    array([1., 2.], dtype=float32)
    """

    def __init__(self, mean: Any = 0, std: Any = 1) -> None:
        if not np.all(np.asarray(std)):
            raise ArgumentError(f"Normalize: std is {std!r}; expected no zero, it is divided by")
        self.mean = mean
        self.std = std

    def __call__(self, x: Any) -> Any:
        return self._normalize(x, x.ndim - 1)

    def batch(self, xs: Any) -> Any:
        """The same for many samples at a time."""
        return self._normalize(xs, xs.ndim - 2)

    def _normalize(self, x: Any, ndim_after: int) -> Any:
        mean, std = (_per_channel(value, x.dtype, ndim_after) for value in (self.mean, self.std))
        return (x - mean) / std


class Flatten:
    """A sample as one axis.

    >>> Flatten()(np.zeros((1, 8, 8))).shape
    (64,)
    """

    def __call__(self, x: Any) -> Any:
        return x.reshape(-1)

    def batch(self, xs: Any) -> Any:
        """The same for many samples at a time."""
        return xs.reshape(len(xs), -1)


class AsType:
    """A sample in another dtype; `ToFloat` is another name for it.

    >>> AsType(np.float32)(np.array([1, 2])).dtype.name
    'float32'
    """

    def __init__(self, dtype: Any = np.float32) -> None:
        self.dtype = dtype

    def __call__(self, x: Any) -> Any:
        return np.asarray(x).astype(self.dtype)

    batch = __call__


ToFloat = AsType


class ToInt(AsType):
    """A sample in an integer dtype.

    >>> ToInt()(np.array([1.7])).tolist()
    [1]
    """

    def __init__(self, dtype: Any = int) -> None:
        super().__init__(dtype)


def transform_batch(transform: Callable[[Any], Any], xs: Any) -> Any:
    """Transform many samples: all at once if the transform can, else one by one."""
    batch = getattr(transform, "batch", None)
    if batch is not None and isinstance(xs, np.ndarray):
        return batch(xs)
    return np.stack([np.asarray(transform(x)) for x in xs])


def _per_channel(value: Any, dtype: Any, ndim_after: int) -> Any:
    if np.ndim(value) == 0:
        return value  # a Python number leaves the dtype of the sample alone
    return np.asarray(value, dtype=dtype).reshape(-1, *[1] * ndim_after)
