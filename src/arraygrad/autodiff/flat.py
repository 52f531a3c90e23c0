"""Several arrays as one vector, and back."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate, pairwise
from math import prod
from typing import Any

from arraygrad.backend import namespace


class Flat:
    """The vector of all elements of arrays of known shapes and dtypes.

    >>> flat = Flat([np.zeros((2, 2)), np.zeros(())])
    >>> flat.ravel([np.ones((2, 2)), np.array(5.0)])
    array([1., 1., 1., 1., 5.])
    >>> flat.unravel(np.arange(5.0))
    [array([[0., 1.],
           [2., 3.]]), array(4.)]
    """

    def __init__(self, likes: Sequence[Any]) -> None:
        self.shapes = [tuple(x.shape) for x in likes]
        self.dtypes = [x.dtype for x in likes]
        self.ends = list(accumulate(map(prod, self.shapes), initial=0))

    @property
    def size(self) -> int:
        """The length of the vector."""
        return self.ends[-1]

    def ravel(self, arrays: Sequence[Any]) -> Any:
        """The vector of these arrays, plain or Variables; its dtype is the common one."""
        xp = namespace(arrays[0])
        parts = [xp.reshape(x, (-1,)) for x in arrays]
        return parts[0] if len(parts) == 1 else xp.concat(parts)

    def unravel(self, vector: Any) -> list[Any]:
        """The arrays of a vector, in their shapes and dtypes."""
        xp = namespace(vector)
        return [
            xp.astype(xp.reshape(vector[start:end], shape), dtype)
            for (start, end), shape, dtype in zip(
                pairwise(self.ends), self.shapes, self.dtypes, strict=True
            )
        ]
