"""Convolution by XLA: one compiled operation for each, forward and back.

Adjoints are what JAX makes of the forward by transposing it, which it is linear for.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import jax
import jax.numpy as jnp
from jax import lax

from arraygrad.functions import conv

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
