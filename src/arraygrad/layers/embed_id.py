"""EmbedID: a vector for each of many things."""

from __future__ import annotations

from typing import Any

import numpy as np

import arraygrad.functions as F
from arraygrad.layers.initial import beside, floating, normal, whole
from arraygrad.layers.layer import Layer
from arraygrad.variable import Parameter, Variable


class EmbedID(Layer):
    """Look up learnt vectors by number; see `F.embed_id`.

    x: whole numbers below I, any shape; result: (..., O). W: (I, O), I = in_size, O = out_size,
    drawn from N(0, 1) at once, on the current backend.

    >>> layer = EmbedID(100, 8)
    >>> layer(np.array([[3, 1, 4], [1, 5, 9]])).shape
    (2, 3, 8)
    """

    def __init__(self, in_size: int, out_size: int, dtype: Any = np.float32) -> None:
        self.in_size = whole("EmbedID", "in_size", in_size)
        self.out_size = whole("EmbedID", "out_size", out_size)
        self.dtype = floating("EmbedID", dtype)
        W = normal((self.in_size, self.out_size), 1.0, self.dtype)
        self.W = Parameter(beside()(W), name="W")

    def forward(self, x: Any) -> Variable:
        return F.embed_id(x, self.W)

    def expected_param(self, name: str) -> tuple[tuple[int | None, ...], Any]:
        return (self.in_size, self.out_size), self.dtype

    def __repr__(self) -> str:
        return f"EmbedID({self.in_size}, {self.out_size})"
