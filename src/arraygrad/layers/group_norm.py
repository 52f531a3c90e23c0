"""GroupNorm: groups of channels with mean 0 and variance 1, then scaled and shifted as learnt."""

from __future__ import annotations

from typing import Any

import numpy as np

import arraygrad.functions as F
from arraygrad.errors import ArraygradError, LayerError, ShapeError
from arraygrad.layers.initial import array_of, beside, floating, forget, misfit, whole
from arraygrad.layers.layer import Layer
from arraygrad.variable import Parameter, Variable, as_variable


class GroupNorm(Layer):
    """Normalise each sample over groups of its channels; see `F.group_norm`.

    x: (N, C) or (N, C, H, W), C a multiple of `groups`; result: the same shape. gamma (ones) and
    beta (zeros), both (C,), are made at the first call, where x lives, or at once with
    `in_channels`. It does the same while training and testing, whatever the size of the batch.

    Raises LayerError for an x of another shape or number of channels.

    Wu and He, "Group normalization" (2018), arXiv:1803.08494.

    >>> layer = GroupNorm(2)
    >>> layer(np.arange(4, dtype=np.float32).reshape(1, 4)).data.round(2)
    array([[-1.,  1., -1.,  1.]], dtype=float32)
    >>> layer.gamma.shape
    (4,)
    """

    def __init__(
        self,
        groups: int,
        eps: float = 1e-5,
        dtype: Any = np.float32,
        in_channels: int | None = None,
    ) -> None:
        self.groups = whole("GroupNorm", "groups", groups)
        if not eps > 0:
            raise LayerError(f"GroupNorm: eps is {eps!r}; it should be a small number above 0")
        self.eps = eps
        self.dtype = floating("GroupNorm", dtype)
        self.gamma = Parameter(None, name="gamma")
        self.beta = Parameter(None, name="beta")
        if in_channels is not None:
            self._init_params(whole("GroupNorm", "in_channels", in_channels))

    @property
    def in_channels(self) -> int | None:
        """The number of channels; None until it is known."""
        return None if self.gamma.data is None else self.gamma.shape[0]

    def forward(self, x: Any) -> Variable:
        fresh = self.gamma._data is None
        if fresh:
            data = array_of(type(self).__name__, x)
            self._check(tuple(data.shape))
            self._init_params(data.shape[1], like=data)
        try:
            return F.group_norm(x, self.groups, self.gamma, self.beta, self.eps)
        except ArraygradError as error:
            if fresh:
                forget(self.gamma, self.beta)
            elif isinstance(error, ShapeError):
                self._check(tuple(as_variable(x).shape), error)
            raise

    def expected_param(self, name: str) -> tuple[tuple[int | None, ...], Any]:
        return (None,), self.dtype

    def _check(self, shape: tuple[int, ...], cause: Exception | None = None) -> None:
        known = self.in_channels
        if not (len(shape) >= 2 and known in (None, shape[1])):
            raise misfit("GroupNorm", shape, "(N, C) or (N, C, H, W)", known) from cause

    def _init_params(self, channels: int, like: Any = None) -> None:
        if channels < 1 or channels % self.groups:
            raise LayerError(
                f"GroupNorm: the number of channels is {channels}; it should be a multiple of "
                f"groups={self.groups}, and not 0"
            )
        here = beside(like)
        self.gamma.data = here(np.ones(channels, self.dtype))
        self.beta.data = here(np.zeros(channels, self.dtype))

    def __repr__(self) -> str:
        return f"GroupNorm({self.groups}, in_channels={self.in_channels})"
