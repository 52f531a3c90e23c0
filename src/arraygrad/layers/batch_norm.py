"""BatchNorm: each channel with mean 0 and variance 1, then scaled and shifted as learnt."""

from __future__ import annotations

from typing import Any

import numpy as np

import arraygrad.functions as F
from arraygrad.errors import ArraygradError, LayerError, ShapeError
from arraygrad.layers.initial import array_of, beside, between, floating, forget, misfit, whole
from arraygrad.layers.layer import Layer
from arraygrad.variable import Buffer, Parameter, Variable, as_variable


class BatchNorm(Layer):
    """Normalise each channel over the batch; see `F.batch_norm`.

    x: (N, C) or (N, C, H, W); result: the same shape. gamma (ones) and beta (zeros), both (C,), are
    trained. avg_mean and avg_var, buffers, are running averages: avg = decay * avg + (1 - decay) *
    that of the batch. They are used inside `test_mode()`. All four are made at the first call,
    where x lives, or at once with `in_size`.

    Raises LayerError for an x of another shape or number of channels.

    Ioffe and Szegedy, "Batch normalization" (2015), arXiv:1502.03167.

    >>> layer = BatchNorm()
    >>> x = np.array([[1.0, 10.0], [3.0, 30.0]], dtype=np.float32)
    >>> layer(x).data.round(2)
    array([[-1., -1.],
           [ 1.,  1.]], dtype=float32)
    >>> layer.avg_mean
    variable([0.2 2. ])
    """

    def __init__(
        self,
        *,
        decay: float = 0.9,
        eps: float = 2e-5,
        dtype: Any = np.float32,
        in_size: int | None = None,
    ) -> None:
        between("BatchNorm", "decay", decay, 0, 1)
        if not eps > 0:
            raise LayerError(f"BatchNorm: eps is {eps!r}; it should be a small number above 0")
        self.decay, self.eps = decay, eps
        self.dtype = floating("BatchNorm", dtype)
        self.avg_mean = Buffer(None, name="avg_mean")
        self.avg_var = Buffer(None, name="avg_var")
        self.gamma = Parameter(None, name="gamma")
        self.beta = Parameter(None, name="beta")
        if in_size is not None:
            self._init_params(whole("BatchNorm", "in_size", in_size))

    @property
    def in_size(self) -> int | None:
        """The number of channels; None until it is known."""
        return None if self.gamma.data is None else self.gamma.shape[0]

    def forward(self, x: Any) -> Variable:
        fresh = self.gamma._data is None
        if fresh:
            data = array_of(type(self).__name__, x)
            self._check(tuple(data.shape))
            self._init_params(data.shape[1], like=data)
        try:
            return F.batch_norm(
                x, self.gamma, self.beta, self.avg_mean, self.avg_var, self.decay, self.eps
            )
        except ArraygradError as error:
            if fresh:
                forget(self.avg_mean, self.avg_var, self.gamma, self.beta)
            elif isinstance(error, ShapeError):
                self._check(tuple(as_variable(x).shape), error)
            raise

    def expected_param(self, name: str) -> tuple[tuple[int | None, ...], Any]:
        return (None,), self.dtype

    def _check(self, shape: tuple[int, ...], cause: Exception | None = None) -> None:
        known = self.in_size
        if not (len(shape) >= 2 and shape[1] > 0 and known in (None, shape[1])):
            raise misfit("BatchNorm", shape, "(N, C) or (N, C, H, W)", known) from cause

    def _init_params(self, size: int, like: Any = None) -> None:
        here = beside(like)
        for x, value in (
            (self.avg_mean, 0), (self.avg_var, 1), (self.gamma, 1), (self.beta, 0),
        ):  # fmt: skip
            x.data = here(np.full(size, value, self.dtype))

    def __repr__(self) -> str:
        return f"BatchNorm(in_size={self.in_size})"
