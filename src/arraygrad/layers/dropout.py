"""Dropout as a layer, for Sequential."""

from __future__ import annotations

from typing import Any

import arraygrad.functions as F
from arraygrad.layers.initial import between
from arraygrad.layers.layer import Layer
from arraygrad.variable import Variable


class Dropout(Layer):
    """Set a random share of x to zero while training, and scale the rest up; see `F.dropout`.

    x: any shape; result: the same shape. Nothing is dropped inside `test_mode()`.

    Srivastava et al., "Dropout" (2014), JMLR 15.

    >>> import numpy as np
    >>> from arraygrad.config import test_mode
    >>> with test_mode():
    ...     y = Dropout(0.9)(np.ones(3))
    >>> y
    variable([1. 1. 1.])
    """

    def __init__(self, dropout_ratio: float = 0.5) -> None:
        self.dropout_ratio = between("Dropout", "dropout_ratio", dropout_ratio, 0, 1)

    def forward(self, x: Any) -> Variable:
        return F.dropout(x, self.dropout_ratio)

    def __repr__(self) -> str:
        return f"Dropout({self.dropout_ratio})"
