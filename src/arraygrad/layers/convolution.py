"""What Conv2d and Deconv2d share: their parameters, and when they get them."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from arraygrad.errors import LayerError, ShapeError
from arraygrad.layers.initial import array_of, beside, floating, forget, misfit, normal, pair, whole
from arraygrad.layers.layer import Layer
from arraygrad.variable import Parameter, Variable, as_variable


class Convolution(Layer):
    """The base of Conv2d and Deconv2d: W drawn from N(0, 1/(C KH KW)), b zeros, or None."""

    def __init__(
        self,
        out_channels: int,
        kernel_size: int | tuple[int, int],
        stride: int | tuple[int, int] = 1,
        pad: int | tuple[int, int] = 0,
        nobias: bool = False,
        dtype: Any = np.float32,
        in_channels: int | None = None,
        *,
        dilation: int | tuple[int, int] = 1,
        groups: int = 1,
    ) -> None:
        who = type(self).__name__
        self.out_channels = whole(who, "out_channels", out_channels)
        self.kernel_size = pair(who, "kernel_size", kernel_size)
        self.stride = pair(who, "stride", stride)
        self.pad = pair(who, "pad", pad, least=0)
        self.dilation = pair(who, "dilation", dilation)
        self.groups = whole(who, "groups", groups)
        self.dtype = floating(who, dtype)
        if self.out_channels % self.groups:
            raise LayerError(
                f"{who}: out_channels is {out_channels}; it should be a multiple of groups={groups}"
            )
        self.W = Parameter(None, name="W")
        self.b = None if nobias else Parameter(None, name="b")
        if in_channels is not None:
            self._init_params(whole(who, "in_channels", in_channels))

    @property
    def in_channels(self) -> int | None:
        """The number of channels of the inputs; None until it is known."""
        return None if self.W.data is None else self._channels(tuple(self.W.shape))

    def forward(self, x: Any) -> Variable:
        if self.W._data is not None:
            try:
                return self._convolved(x)
            except ShapeError as error:
                self._check(tuple(as_variable(x).shape), error)
                raise
        data = array_of(type(self).__name__, x)
        self._check(tuple(data.shape))
        self._init_params(data.shape[1], like=data)
        try:
            return self._convolved(x)
        except Exception:
            forget(self.W, self.b)
            raise

    def expected_param(self, name: str) -> tuple[tuple[int | None, ...], Any]:
        return (self._shape(None) if name == "W" else (self.out_channels,)), self.dtype

    def _convolved(self, x: Any) -> Variable:
        raise NotImplementedError

    def _shape(self, in_channels: int | None) -> tuple[int | None, ...]:
        """The shape of W."""
        raise NotImplementedError

    def _channels(self, shape: tuple[int, ...]) -> int:
        """The number of input channels that W of that shape is for."""
        raise NotImplementedError

    def _check(self, shape: tuple[int, ...], cause: Exception | None = None) -> None:
        known = self.in_channels
        if not (len(shape) == 4 and known in (None, shape[1])):
            raise misfit(type(self).__name__, shape, "(N, C, H, W)", known) from cause

    def _init_params(self, in_channels: int, like: Any = None) -> None:
        if in_channels < 1 or in_channels % self.groups:
            raise LayerError(
                f"{type(self).__name__}: the number of input channels is {in_channels}; it should "
                f"be a multiple of groups={self.groups}, and not 0"
            )
        shape: Any = self._shape(in_channels)
        fan_in = in_channels // self.groups * prod(self.kernel_size)
        here = beside(like)
        self.W.data = here(normal(shape, np.sqrt(1 / fan_in), self.dtype))
        if self.b is not None:
            self.b.data = here(np.zeros(self.out_channels, self.dtype))

    def __repr__(self) -> str:
        shown = {"stride": (1, 1), "pad": (0, 0), "dilation": (1, 1), "groups": 1}
        words = [f"{self.out_channels}", f"kernel_size={_short(self.kernel_size)}"]
        for name, default in shown.items():
            if getattr(self, name) != default:
                words.append(f"{name}={_short(getattr(self, name))}")
        if self.b is None:
            words.append("nobias=True")
        words.append(f"in_channels={self.in_channels}")
        return f"{type(self).__name__}({', '.join(words)})"


def _short(value: Any) -> Any:
    return value[0] if isinstance(value, tuple) and value[0] == value[1] else value
