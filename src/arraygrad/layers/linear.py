"""Linear: the fully connected layer."""

from __future__ import annotations

from typing import Any

import numpy as np

import arraygrad.functions as F
from arraygrad.errors import LayerError, ShapeError
from arraygrad.layers.initial import array_of, beside, floating, normal, whole
from arraygrad.layers.layer import Layer
from arraygrad.variable import Parameter, Variable


class Linear(Layer):
    """The fully connected layer, x @ W + b.

    x: (..., I); result: (..., O), O = out_size. W: (I, O), drawn from N(0, 1/I); b: (O,), zeros,
    or None with `nobias`. Without `in_size` both are made at the first call, where x lives; with
    it at once, on the current backend. NumPy's global generator decides W on every backend.

    Raises LayerError where the last axis of x is not `in_size`.

    LeCun et al., "Efficient BackProp" (1998), for the scale of W.

    >>> np.random.seed(0)
    >>> layer = Linear(10)
    >>> layer(np.ones((5, 3), dtype=np.float32)).shape
    (5, 10)
    >>> layer.W.shape, layer.b.shape
    ((3, 10), (10,))
    """

    def __init__(
        self,
        out_size: int,
        nobias: bool = False,
        dtype: Any = np.float32,
        in_size: int | None = None,
    ) -> None:
        self.out_size = whole("Linear", "out_size", out_size)
        self.dtype = floating("Linear", dtype)
        self.W = Parameter(None, name="W")
        self.b = None if nobias else Parameter(None, name="b")
        if in_size is not None:
            self._init_params(whole("Linear", "in_size", in_size))

    @property
    def in_size(self) -> int | None:
        """The size of the last axis of the inputs; None until it is known."""
        return None if self.W.data is None else self.W.shape[0]

    def forward(self, x: Any) -> Variable:
        W = self.W
        if W._data is None:
            data = array_of(type(self).__name__, x)
            last = data.shape[-1] if data.ndim else 0
            self._init_params(whole("Linear", "the last axis of x", last), like=data)
        try:
            return F.linear(x, W, self.b)
        except ShapeError as error:
            raise LayerError(
                f"Linear: x has the shape {tuple(x.shape)}; its last axis should have the size "
                f"{self.in_size} that the layer was made for; reshape x, or make another layer"
            ) from error

    def expected_param(self, name: str) -> tuple[tuple[int | None, ...], Any]:
        return ((None, self.out_size) if name == "W" else (self.out_size,)), self.dtype

    def _init_params(self, in_size: int, like: Any = None) -> None:
        """Make W and b, where `like` lives."""
        here = beside(like)
        self.W.data = here(self._draw(in_size))
        if self.b is not None:
            self.b.data = here(np.zeros(self.out_size, self.dtype))

    def _draw(self, in_size: int) -> np.ndarray[Any, Any]:
        return normal((in_size, self.out_size), np.sqrt(1 / in_size), self.dtype)

    def _init_W(self, xp: Any = np) -> None:
        """Draw W anew, as an array of `xp`; the book's name.

        Raises LayerError where the size of the input is not known yet.
        """
        self.W.data = xp.asarray(self._draw(whole("Linear", "in_size", self.in_size)))

    def __repr__(self) -> str:
        bias = ", nobias=True" if self.b is None else ""
        return f"Linear({self.out_size}{bias}, in_size={self.in_size})"
