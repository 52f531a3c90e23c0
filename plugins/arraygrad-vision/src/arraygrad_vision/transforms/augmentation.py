"""What all augmentation has in common: one sample or many, dtypes, and checks."""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad.errors import ArgumentError

Array = np.ndarray[Any, Any]


class Augmentation:
    """The base: a subclass says in `changed` what becomes of one sample.

    >>> class Negative(Augmentation):
    ...     def changed(self, x, high):
    ...         return 255 - x
    >>> Negative()(np.array([[[0, 200]]], dtype=np.uint8))
    array([[[255,  55]]], dtype=uint8)
    """

    def changed(self, x: Array, high: float) -> Array:
        """What becomes of a sample, by a chance of its own.

        x: (C, H, W), a copy, of floats also where the samples are integers. high: see `check`.
        """
        raise NotImplementedError(f"{type(self).__name__} has no changed(self, x, high)")

    def check(self, xs: Array) -> float:
        """Raise ArgumentError for samples (N, C, H, W) that cannot be taken, before any chance.

        The result is how bright a pixel can be, for transforms that ask.
        """
        return 1.0

    def __call__(self, x: Any) -> Array:
        x = numbers(self, x, 2)
        return self._all(x[None])[0]

    def batch(self, xs: Any) -> Array:
        """The same for many samples at a time, each by its own chance."""
        return self._all(numbers(self, xs, 3))

    def _all(self, xs: Array) -> Array:
        size = xs.shape[-2:]
        planes = xs.reshape(len(xs), int(np.prod(xs.shape[1:-2])), *size)
        high = self.check(planes)
        # Integers and short floats are computed in float32.
        work = xs.dtype if xs.dtype.kind == "f" and xs.dtype.itemsize > 2 else np.dtype(np.float32)
        ys = [restored(self.changed(x.astype(work), high), xs.dtype) for x in planes]
        if not ys:
            return xs.copy()
        y = np.stack(ys)
        return y.reshape(*xs.shape[:-2], *y.shape[-2:])


def numbers(who: Any, x: Any, axes: int) -> Array:
    """An array of real numbers with at least so many axes, all but the first not empty.

    >>> numbers(Augmentation(), np.zeros(3), 2)
    Traceback (most recent call last):
    arraygrad.errors.ArgumentError: Augmentation: got the shape (3,); expected (..., H, W), ...
    """
    name = type(who).__name__
    kind = getattr(getattr(x, "dtype", None), "kind", None)
    if not isinstance(x, np.ndarray) or kind not in ("i", "u", "f"):
        got = type(x).__name__ if kind is None else f"{type(x).__name__} of dtype {x.dtype}"
        raise ArgumentError(
            f"{name}: got a {got}; expected a NumPy array of integers or floats: put ToArray "
            "before it"
        )
    if x.ndim < axes or 0 in x.shape[axes - 2 :]:
        form = "(..., H, W)" if axes == 2 else "(N, ..., H, W)"
        raise ArgumentError(
            f"{name}: got the shape {x.shape}; expected {form}, with pixels: put it before Flatten"
        )
    return x


def restored(y: Array, dtype: np.dtype[Any]) -> Array:
    """Floats in the dtype of the sample; integers are rounded and stay in its range.

    >>> restored(np.array([-3.0, 1.5, 300.0]), np.dtype(np.uint8))
    array([  0,   2, 255], dtype=uint8)
    """
    if dtype.kind == "f":
        return y.astype(dtype, copy=False)
    limits = np.iinfo(dtype)
    # In float64, as float32 has no number at the limits of int32.
    return np.clip(np.rint(y, dtype=np.float64), limits.min, limits.max).astype(dtype)


def span(who: Any, what: str, value: Any, low: float, high: float) -> tuple[float, float]:
    """Two numbers in order, from `low` to `high`; ArgumentError for others.

    >>> span(Augmentation(), "scale", (0.5, 1), 0, 1)
    (0.5, 1.0)
    """
    try:
        first, last = (float(number) for number in value)
        fits = low <= first <= last <= high
    except (TypeError, ValueError):
        fits = False
    if not fits:
        raise ArgumentError(
            f"{type(who).__name__}: {what} is {value!r}; expected two numbers in order, from "
            f"{low:g} to {high:g}"
        )
    return first, last


def chance(who: Any, what: str, value: Any) -> float:
    """A number from 0 to 1; ArgumentError for others.

    >>> chance(Augmentation(), "p", 0.5)
    0.5
    """
    if isinstance(value, (int, float, np.number)) and 0 <= value <= 1:
        return float(value)
    raise ArgumentError(f"{type(who).__name__}: {what} is {value!r}; expected 0 to 1")


def highest(who: Any, xs: Array, high: float | None) -> float:
    """The brightest a pixel can be: what is said, or 1 for floats, or the limit of the integers.

    Raises ArgumentError for pixels that are not from 0 to that.

    >>> highest(Augmentation(), np.zeros((1, 2, 2), np.uint8), None)
    255.0
    """
    if high is None:
        high = 1.0 if xs.dtype.kind == "f" else np.iinfo(xs.dtype).max
    low, top = xs.min(initial=0), xs.max(initial=0)
    if not (low >= 0 and top <= high):  # also for NaN
        raise ArgumentError(
            f"{type(who).__name__}: the numbers go from {low:g} to {top:g}; expected 0 to "
            f"{high:g}: put it before Normalize, or say how bright a pixel can be: high=255"
        )
    return float(high)


def box(height: int, width: int, scale: Any, ratio: Any) -> tuple[int, int, int, int] | None:
    """A rectangle by chance: top, left, height, width; None where ten attempts are too large.

    scale: its share of the area, from and to. ratio: width by height, from and to.

    >>> np.random.seed(0)
    >>> box(8, 8, (0.25, 0.25), (1, 1))
    (3, 3, 4, 4)
    """
    for _ in range(10):
        area = height * width * np.random.uniform(*scale)
        shape = np.exp(np.random.uniform(*np.log(ratio)))
        h, w = round(np.sqrt(area / shape)), round(np.sqrt(area * shape))
        if 0 < h <= height and 0 < w <= width:
            top, left = np.random.randint(height - h + 1), np.random.randint(width - w + 1)
            return top, left, h, w
    return None
