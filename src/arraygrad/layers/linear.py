"""Linear: the fully connected layer."""

from __future__ import annotations

from typing import Any

import numpy as np

import arraygrad.functions as F
from arraygrad import backend as backends
from arraygrad.errors import LayerError, ShapeError
from arraygrad.layers.layer import Layer
from arraygrad.variable import Parameter, Variable, as_variable


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
        self.out_size = _size("out_size", out_size)
        self.dtype = _floating(dtype)
        self.W = Parameter(None, name="W")
        self.b = None if nobias else Parameter(None, name="b")
        if in_size is not None:
            self._init_params(_size("in_size", in_size))

    @property
    def in_size(self) -> int | None:
        """The size of the last axis of the inputs; None until it is known."""
        return None if self.W.data is None else self.W.shape[0]

    def forward(self, x: Any) -> Variable:
        W = self.W
        if W._data is None:
            data = as_variable(x).data
            last = data.shape[-1] if data.ndim else 0
            self._init_params(_size("the last axis of x", last), like=data)
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
        """Draw W and b on the host, and move them to where `like` lives."""
        if like is None:
            backend, device = backends.current_backend(), None
        else:
            backend = backends.backend_of(like)
            device = backend.device(like)
        # First the cast, then the scale in that dtype: the order decides the book's numbers.
        W = np.random.randn(in_size, self.out_size).astype(self.dtype)
        W *= np.sqrt(1 / in_size).astype(self.dtype)
        self.W.data = backend.from_numpy(W, device=device)
        if self.b is not None:
            self.b.data = backend.from_numpy(np.zeros(self.out_size, self.dtype), device=device)

    def __repr__(self) -> str:
        bias = ", nobias=True" if self.b is None else ""
        return f"Linear({self.out_size}{bias}, in_size={self.in_size})"


def _size(name: str, value: Any) -> int:
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value > 0:
        return int(value)
    raise LayerError(f"Linear: {name} is {value!r}; it should be a whole number above 0")


def _floating(dtype: Any) -> np.dtype[Any]:
    given = np.dtype(dtype)
    if given.kind in "fc":
        return given
    raise LayerError(f"Linear: dtype is {given}; weights should have a floating-point dtype")
