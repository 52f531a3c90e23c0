"""LayerNorm: each sample with mean 0 and variance 1, then scaled and shifted as learnt."""

from __future__ import annotations

from typing import Any

import numpy as np

import arraygrad.functions as F
from arraygrad.errors import ArraygradError, LayerError, ShapeError
from arraygrad.layers.initial import array_of, beside, floating, forget, whole
from arraygrad.layers.layer import Layer
from arraygrad.variable import Parameter, Variable


class LayerNorm(Layer):
    """Normalise each sample over its last axis, or over other axes; see `F.layer_norm`.

    x: any shape with `axis`, a number or several; result: the same shape. gamma (ones) and beta
    (zeros) have the sizes of x along `axis`; they are made at the first call, where x lives, or at
    once with `in_size`, that size or those sizes.

    Raises LayerError for an x of another size.

    Ba, Kiros and Hinton, "Layer normalization" (2016), arXiv:1607.06450.

    >>> layer = LayerNorm()
    >>> layer(np.array([[1.0, 3.0], [10.0, 30.0]], dtype=np.float32)).data.round(2)
    array([[-1.,  1.],
           [-1.,  1.]], dtype=float32)
    >>> layer.gamma.shape
    (2,)
    """

    def __init__(
        self,
        axis: int | tuple[int, ...] = -1,
        eps: float = 1e-5,
        dtype: Any = np.float32,
        in_size: int | tuple[int, ...] | None = None,
    ) -> None:
        self.axis = axis
        if not eps > 0:
            raise LayerError(f"LayerNorm: eps is {eps!r}; it should be a small number above 0")
        self.eps = eps
        self.dtype = floating("LayerNorm", dtype)
        self.gamma = Parameter(None, name="gamma")
        self.beta = Parameter(None, name="beta")
        if in_size is not None:
            sizes = in_size if isinstance(in_size, tuple) else (in_size,)
            self._init_params(tuple(whole("LayerNorm", "in_size", n) for n in sizes))

    def forward(self, x: Any) -> Variable:
        fresh = self.gamma._data is None
        if fresh:
            data = array_of(type(self).__name__, x)
            self._init_params(self._sizes(tuple(data.shape)), like=data)
        try:
            return F.layer_norm(x, self.gamma, self.beta, self.axis, self.eps)
        except ArraygradError as error:
            if fresh:
                forget(self.gamma, self.beta)
            elif isinstance(error, ShapeError):
                raise LayerError(
                    f"LayerNorm: x has the shape {tuple(x.shape)}; along axis {self.axis} it "
                    f"should have the shape {tuple(self.gamma.shape)} that the layer was made for"
                ) from error
            raise

    def expected_param(self, name: str) -> tuple[tuple[int | None, ...], Any]:
        return (None,) * (len(self.axis) if isinstance(self.axis, tuple) else 1), self.dtype

    def _sizes(self, shape: tuple[int, ...]) -> tuple[int, ...]:
        axes = self.axis if isinstance(self.axis, tuple) else (self.axis,)
        ndim = len(shape)
        if not all(-ndim <= i < ndim for i in axes):
            raise LayerError(f"LayerNorm: x has the shape {shape}; it should have axis {self.axis}")
        return tuple(shape[i] for i in sorted({i % ndim for i in axes}))

    def _init_params(self, sizes: tuple[int, ...], like: Any = None) -> None:
        here = beside(like)
        self.gamma.data = here(np.ones(sizes, self.dtype))
        self.beta.data = here(np.zeros(sizes, self.dtype))

    def __repr__(self) -> str:
        known = None if self.gamma.data is None else tuple(self.gamma.shape)
        sizes = known[0] if known is not None and len(known) == 1 else known
        return f"LayerNorm({'' if self.axis == -1 else f'axis={self.axis}, '}in_size={sizes})"
