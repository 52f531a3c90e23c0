"""Transforms of arrays: their numbers, dtype and shape."""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad import workspace
from arraygrad.errors import ArgumentError


def _numbers(who: str, x: Any) -> Any:
    x = np.asarray(x)
    if x.dtype.kind not in "biufc":
        raise ArgumentError(
            f"{who}: got a sample of dtype {x.dtype}, expected an array of numbers; put ToArray "
            "before it"
        )
    return x


class Normalize:
    """Subtract a mean and divide by a standard deviation: (x - mean) / std.

    mean, std: numbers, or one number for each entry along the first axis of a sample (channels).
    Floating samples keep their dtype, integers become float32.

    Raises ArgumentError if std has a zero, or if the numbers are not as many as the channels.

    >>> Normalize(mean=1, std=2)(np.array([3.0, 5.0], dtype=np.float32))
    array([1., 2.], dtype=float32)
    """

    def __init__(self, mean: Any = 0, std: Any = 1) -> None:
        for name, value in (("mean", mean), ("std", std)):
            try:
                np.asarray(value, dtype=complex)
            except (TypeError, ValueError):
                raise ArgumentError(
                    f"Normalize: {name} is {value!r}; expected a number, or one for each channel"
                ) from None
        if not np.all(np.asarray(std)):
            raise ArgumentError(f"Normalize: std is {std!r}; expected no zero, it is divided by")
        self.mean = mean
        self.std = std

    def __call__(self, x: Any) -> Any:
        return self._normalize(_numbers("Normalize", x), 0)

    def batch(self, xs: Any) -> Any:
        """The same for many samples at a time."""
        return self._normalize(xs, 1)

    def _normalize(self, x: Any, axis: int) -> Any:
        dtype = x.dtype if x.dtype.kind in "fc" else np.dtype(np.float32)
        mean, std = (self._per_channel(value, x, axis, dtype) for value in (self.mean, self.std))
        y = workspace.empty(x.shape, dtype)
        if np.ndim(mean) == 0 and mean == 0:
            return np.divide(x, std, out=y, dtype=dtype)
        np.subtract(x, mean, out=y, dtype=dtype)
        return np.divide(y, std, out=y)

    def _per_channel(self, value: Any, x: Any, axis: int, dtype: Any) -> Any:
        if np.ndim(value) == 0:
            return np.asarray(value, dtype=dtype)
        numbers = np.asarray(value, dtype=dtype).reshape(-1)
        channels = x.shape[axis] if x.ndim > axis else 1
        if numbers.size not in (1, channels):
            raise ArgumentError(
                f"Normalize: mean is {self.mean!r} and std is {self.std!r}; expected one number, "
                f"or one for each of the {channels} entries of the first axis of a sample of shape "
                f"{x.shape[axis:]}"
            )
        return numbers.reshape(-1, *[1] * (x.ndim - axis - 1))


class Flatten:
    """A sample as one axis.

    >>> Flatten()(np.zeros((1, 8, 8))).shape
    (64,)
    """

    def __call__(self, x: Any) -> Any:
        return x.reshape(-1)

    def batch(self, xs: Any) -> Any:
        """The same for many samples at a time."""
        return xs.reshape(len(xs), -1) if len(xs) else xs.reshape(0, int(np.prod(xs.shape[1:])))


class AsType:
    """A sample in another dtype; `ToFloat` is another name for it.

    Raises ArgumentError for a dtype of something else than numbers.

    >>> AsType(np.float32)(np.array([1, 2])).dtype.name
    'float32'
    """

    def __init__(self, dtype: Any = np.float32) -> None:
        try:
            known = np.dtype(dtype).kind in "biufc"
        except TypeError:
            known = False
        if not known:
            raise ArgumentError(
                f"{type(self).__name__}: dtype is {dtype!r}; expected one of numbers, such as "
                "np.float32"
            )
        self.dtype = dtype

    def __call__(self, x: Any) -> Any:
        x = _numbers(type(self).__name__, x)
        # Batches in fresh memory, and a second array for the next transform, cost three times as
        # much: the page faults of each epoch are those of the whole data set.
        y = workspace.empty(x.shape, np.dtype(self.dtype))
        np.copyto(y, x, casting="unsafe")
        return y

    batch = __call__


ToFloat = AsType


class ToInt(AsType):
    """A sample in an integer dtype.

    >>> ToInt()(np.array([1.7])).tolist()
    [1]
    """

    def __init__(self, dtype: Any = int) -> None:
        super().__init__(dtype)
