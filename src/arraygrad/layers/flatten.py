"""Flatten as a layer, for Sequential."""

from __future__ import annotations

from typing import Any

import arraygrad.functions as F
from arraygrad.layers.layer import Layer
from arraygrad.variable import Variable


class Flatten(Layer):
    """Each sample as one row: x (N, ...) becomes (N, M); see `F.flatten`.

    >>> Flatten()(np.ones((2, 3, 4, 4))).shape
    (2, 48)
    """

    def forward(self, x: Any) -> Variable:
        return F.flatten(x)

    def __repr__(self) -> str:
        return "Flatten()"
