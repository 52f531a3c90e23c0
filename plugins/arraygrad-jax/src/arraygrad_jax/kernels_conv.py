"""Convolution and pooling by XLA: one compiled operation for each, forward and back.

Adjoints are what JAX makes of the forward by transposing it, which it is linear for.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import lax

from arraygrad.functions import conv, pool

_LAYOUT = ("NCHW", "OIHW", "NCHW")


def _floating(x: Any, *others: Any) -> bool:
    """Whether all (None aside) have one real floating-point dtype, and x is not empty."""
    same = all(o is None or o.dtype == x.dtype for o in others)
    return same and 0 not in x.shape and bool(jnp.issubdtype(x.dtype, jnp.floating))


def _convolved(x: Any, W: Any, stride: Any, pad: Any, dilation: Any, groups: int) -> Any:
    edges = [(p, p) for p in pad]
    return lax.conv_general_dilated(
        x, W, stride, edges, None, dilation, _LAYOUT, groups, precision=lax.Precision.HIGHEST
    )


@partial(jax.jit, static_argnums=(3, 4, 5, 6))
def _conv2d(x: Any, W: Any, b: Any, stride: Any, pad: Any, dilation: Any, groups: int) -> Any:
    y = _convolved(x, W, stride, pad, dilation, groups)
    return y if b is None else y + b[:, None, None]


@partial(jax.jit, static_argnums=(3, 4, 5, 6, 7))
def _deconv2d(
    x: Any, W: Any, b: Any, size: Any, stride: Any, pad: Any, dilation: Any, groups: int
) -> Any:
    image = jax.ShapeDtypeStruct((x.shape[0], W.shape[1] * groups, *size), x.dtype)
    adjoint = jax.linear_transpose(lambda v: _convolved(v, W, stride, pad, dilation, groups), image)
    (y,) = adjoint(x)
    return y if b is None else y + b[:, None, None]


@partial(jax.jit, static_argnums=(2, 3, 4, 5, 6))
def _weight(x: Any, h: Any, kernel: Any, stride: Any, pad: Any, dilation: Any, groups: int) -> Any:
    W = jax.ShapeDtypeStruct((h.shape[1], x.shape[1] // groups, *kernel), x.dtype)
    adjoint = jax.linear_transpose(lambda v: _convolved(x, v, stride, pad, dilation, groups), W)
    return adjoint(h)[0]


def conv2d(x: Any, W: Any, b: Any, stride: Any, pad: Any, dilation: Any, groups: int) -> Any:
    if not _floating(x, W, b):
        forward = conv._conv2d.definition.forward
        return forward(x, W, b, stride, pad, dilation, groups, xp=jnp)
    return _conv2d(x, W, b, stride, pad, dilation, groups)


def deconv2d(
    x: Any, W: Any, b: Any, size: Any, stride: Any, pad: Any, dilation: Any, groups: int
) -> Any:
    if not _floating(x, W, b):
        forward = conv._deconv2d.definition.forward
        return forward(x, W, b, size, stride, pad, dilation, groups, xp=jnp)
    return _deconv2d(x, W, b, tuple(size), stride, pad, dilation, groups)


def conv2d_weight(
    x: Any, h: Any, kernel: Any, stride: Any, pad: Any, dilation: Any, groups: int
) -> Any:
    if not _floating(x, h):
        forward = conv._conv2d_weight.definition.forward
        return forward(x, h, kernel, stride, pad, dilation, groups, xp=jnp)
    return _weight(x, h, tuple(kernel), stride, pad, dilation, groups)


def _windows(x: Any, what: str, kernel: Any, stride: Any, pad: Any) -> Any:
    """The maxima or the sums of all windows."""
    least, function = (-np.inf, lax.max) if what == "max" else (0.0, lax.add)
    edges = ((0, 0), (0, 0), *((p, p) for p in pad))
    start = np.asarray(least, x.dtype)[()]
    return lax.reduce_window(x, start, function, (1, 1, *kernel), (1, 1, *stride), edges)


@partial(jax.jit, static_argnums=(1, 2, 3))
def _pooling(x: Any, kernel: Any, stride: Any, pad: Any) -> Any:
    return _windows(x, "max", kernel, stride, pad)


@partial(jax.jit, static_argnums=(2, 3, 4))
def _pooling_x(g: Any, x: Any, kernel: Any, stride: Any, pad: Any) -> Any:
    return jax.vjp(lambda v: _windows(v, "max", kernel, stride, pad), x)[1](g)[0]


@partial(jax.jit, static_argnums=(1, 2, 3))
def _average(x: Any, kernel: Any, stride: Any, pad: Any) -> Any:
    return _windows(x, "sum", kernel, stride, pad) / (kernel[0] * kernel[1])


@partial(jax.jit, static_argnums=(1, 2, 3, 4))
def _spread(y: Any, size: Any, kernel: Any, stride: Any, pad: Any) -> Any:
    image = jax.ShapeDtypeStruct((*y.shape[:2], *size), y.dtype)
    adjoint = jax.linear_transpose(lambda v: _windows(v, "sum", kernel, stride, pad), image)
    return adjoint(y / (kernel[0] * kernel[1]))[0]


class Image:
    """What is kept for the rule in the place of the places: JAX finds them anew in the image."""

    def __init__(self, x: Any) -> None:
        self.x = x


def pooling(x: Any, kernel: Any, stride: Any, pad: Any) -> Any:
    if not _floating(x):
        return pool._pooling.definition.forward(x, kernel, stride, pad, xp=jnp)
    return _pooling(x, kernel, stride, pad), Image(x)


def pooling_x(g: Any, place: Any, x_shape: Any, kernel: Any, stride: Any, pad: Any) -> Any:
    if type(place) is not Image:  # the places of the definition
        return pool._pooling.definition.rules["x",](g, place, x_shape, kernel, stride, pad)
    return _pooling_x(g, place.x, kernel, stride, pad)


def average_pooling(x: Any, kernel: Any, stride: Any, pad: Any) -> Any:
    if not _floating(x):
        return pool._average_pooling.definition.forward(x, kernel, stride, pad, xp=jnp)
    return _average(x, kernel, stride, pad)


def spread(y: Any, size: Any, kernel: Any, stride: Any, pad: Any) -> Any:
    if not _floating(y):
        return pool._spread.definition.forward(y, size, kernel, stride, pad, xp=jnp)
    return _spread(y, tuple(size), kernel, stride, pad)
