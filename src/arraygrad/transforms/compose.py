"""Several transforms in a row, for one sample or for many."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import numpy as np

from arraygrad.errors import ArgumentError, DatasetError
from arraygrad.transforms.pictures import is_picture


class Compose:
    """Several transforms, one after the other.

    >>> from arraygrad.transforms import AsType, Flatten, Normalize
    >>> Compose([Flatten(), AsType(np.float32), Normalize(0, 2)])(np.array([[1, 2], [3, 4]]))
    array([0.5, 1. , 1.5, 2. ], dtype=float32)
    """

    def __init__(self, transforms: Iterable[Callable[[Any], Any]] = ()) -> None:
        if not isinstance(transforms, Iterable) or isinstance(transforms, str):
            raise ArgumentError(
                f"Compose: got {transforms!r}, expected a list of transforms, such as [Flatten()]"
            )
        self.transforms = list(transforms)
        for i, transform in enumerate(self.transforms):
            if not callable(transform):
                raise ArgumentError(
                    f"Compose: transform {i} is {transform!r}; expected a function of a sample"
                )

    def __call__(self, x: Any) -> Any:
        for transform in self.transforms:
            x = transform(x)
        return x

    def batch(self, xs: Any) -> Any:
        """The same for many samples at a time."""
        for transform in self.transforms:
            xs = transform_batch(transform, xs)
        return xs


def transform_batch(transform: Callable[[Any], Any], xs: Any) -> Any:
    """Transform many samples: all at once if the transform can, else one by one.

    xs: an array with the samples along its first axis, or a list of them. What comes is an array,
    but a list where the transform gives pictures of PIL.

    Raises DatasetError where the transform gives arrays of different shapes.

    >>> from arraygrad.transforms import Flatten
    >>> transform_batch(Flatten(), np.zeros((5, 2, 2))).shape
    (5, 4)
    >>> transform_batch(str.upper, ["a", "b"]).tolist()
    ['A', 'B']
    """
    batch = getattr(transform, "batch", None)
    if batch is not None and (isinstance(xs, np.ndarray) or isinstance(transform, Compose)):
        return batch(xs)
    done = [transform(x) for x in xs]
    if done and is_picture(done[0]):
        return done
    try:
        return np.stack([np.asarray(x) for x in done]) if done else np.empty(0)
    except ValueError as error:
        shapes = sorted({np.shape(x) for x in done})
        raise DatasetError(
            f"{getattr(transform, '__name__', type(transform).__name__)} gave samples of the "
            f"shapes {shapes} for one batch; bring them to one shape with a transform before"
        ) from error
