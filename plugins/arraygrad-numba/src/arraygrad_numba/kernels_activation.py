"""Activation functions: one pass over memory; NumPy makes one for each step of the formula."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from arraygrad.functions.activation import TANH
from arraygrad.workspace import empty, empty_like
from arraygrad_numba.compiled import fits, loop
from arraygrad_numba.fallback import core
from arraygrad_numba.maths import erf, exp, expm1, log1p, sigmoid

_ROOT, _DENSITY = math.sqrt(0.5), 1 / math.sqrt(2 * math.pi)
_CUBIC, _FAR = 0.044715, 40.0
# Elements; on fewer, NumPy's two or three steps cost less than one call of a loop.
_SMALL = 4096


def _run(step: Callable[..., None], results: int, x: Any, *others: Any, by: Any = ()) -> Any:
    """`step(x, *others, *ys, *by)` over the elements as they lie in memory; returns the ys.

    The results have the order in memory of `x`, such as channels last after a convolution.
    """
    others_flat = None
    if x.flags.c_contiguous:
        flat = x.reshape(-1)
        others_flat = [o.reshape(-1) for o in others]
        ys = [empty(x.shape, x.dtype) for _ in range(results)]
        ys_flat = [y.reshape(-1) for y in ys]
    else:
        axes = sorted(range(x.ndim), key=lambda i: -abs(x.strides[i]))
        flat, *others_flat = (a.transpose(axes).reshape(-1) for a in (x, *others))
        ys = [empty_like(x) for _ in range(results)]
        ys_flat = [y.transpose(axes).reshape(-1) for y in ys]
    step(flat, *others_flat, *ys_flat, *by)
    return ys[0] if results == 1 else tuple(ys)


@loop
def _gelu(x: Any, y: Any, c: Any) -> None:
    T = x.dtype.type
    half, root = T(0.5), T(_ROOT)
    for i in range(x.size):
        v = x[i]
        w = erf(v * root) * half + half
        c[i] = w
        y[i] = v * w


@loop
def _gelu_x(x: Any, g: Any, c: Any, y: Any) -> None:
    T = x.dtype.type
    half, density, far = T(-0.5), T(_DENSITY), T(_FAR)
    for i in range(x.size):
        v = min(max(x[i], -far), far)
        y[i] = g[i] * (c[i] + v * (exp(v * v * half) * density))


@loop
def _gelu_tanh(x: Any, y: Any, c: Any) -> None:
    T = x.dtype.type
    one, factor, cubic, far = T(1), T(2 * TANH), T(_CUBIC), T(_FAR)
    for i in range(x.size):
        v = min(max(x[i], -far), far)
        w = sigmoid((v * v * cubic + one) * (v * factor))
        c[i] = w
        y[i] = x[i] * w


@loop
def _gelu_tanh_x(x: Any, g: Any, c: Any, y: Any) -> None:
    T = x.dtype.type
    one, far, slope, double = T(1), T(_FAR), T(6 * _CUBIC * TANH), T(2 * TANH)
    for i in range(x.size):
        v, w = min(max(x[i], -far), far), c[i]
        y[i] = g[i] * (w * (one + v * (v * v * slope + double) * (one - w)))


@loop
def _silu(x: Any, y: Any, s: Any) -> None:
    for i in range(x.size):
        v = x[i]
        w = sigmoid(v)
        s[i] = w
        y[i] = v * w


@loop
def _silu_x(x: Any, g: Any, s: Any, y: Any) -> None:
    one = x.dtype.type(1)
    for i in range(x.size):
        w = s[i]
        y[i] = g[i] * (w * (one + x[i] * (one - w)))


@loop
def _erf(x: Any, y: Any) -> None:
    for i in range(x.size):
        y[i] = erf(x[i])


@loop
def _softplus(x: Any, y: Any) -> None:
    zero = x.dtype.type(0)
    for i in range(x.size):
        v = x[i]
        y[i] = max(v, zero) + log1p(exp(-abs(v)))


@loop
def _softplus_x(x: Any, g: Any, y: Any) -> None:
    for i in range(x.size):
        y[i] = g[i] * sigmoid(x[i])


@loop
def _elu(x: Any, y: Any, alpha: Any) -> None:
    zero, a = x.dtype.type(0), x.dtype.type(alpha)
    for i in range(x.size):
        v = x[i]
        w = expm1(min(v, zero)) * a
        y[i] = v if v >= zero else w


@loop
def _elu_x(x: Any, g: Any, y: Any, alpha: Any) -> None:
    zero, one, a = x.dtype.type(0), x.dtype.type(1), x.dtype.type(alpha)
    for i in range(x.size):
        v = x[i]
        w = exp(min(v, zero)) * a
        y[i] = g[i] * (one if v > zero else w)


def gelu(x: Any) -> Any:
    return _run(_gelu, 2, x) if fits(x) else core("_gelu")(x)


def gelu_x(g: Any, x: Any, c: Any, xp: Any) -> Any:
    return _run(_gelu_x, 1, x, g, c) if _alike(x, g, c) else core("_gelu.x")(g, x, c, xp)


def gelu_tanh(x: Any) -> Any:
    return _run(_gelu_tanh, 2, x) if fits(x) else core("_gelu_tanh")(x)


def gelu_tanh_x(g: Any, x: Any, c: Any, xp: Any) -> Any:
    return _run(_gelu_tanh_x, 1, x, g, c) if _alike(x, g, c) else core("_gelu_tanh.x")(g, x, c, xp)


def silu(x: Any) -> Any:
    return _run(_silu, 2, x) if fits(x) else core("silu")(x)


def silu_x(g: Any, x: Any, s: Any) -> Any:
    return _run(_silu_x, 1, x, g, s) if _alike(x, g, s) else core("silu.x")(g, x, s)


def erf_(x: Any) -> Any:
    return _run(_erf, 1, x) if fits(x) else core("erf")(x)


def softplus(x: Any) -> Any:
    return _run(_softplus, 1, x) if fits(x) and x.size > _SMALL else core("softplus")(x)


def softplus_x(g: Any, x: Any, xp: Any) -> Any:
    if not (_alike(x, g) and x.size > _SMALL):
        return core("softplus.x")(g, x, xp)
    return _run(_softplus_x, 1, x, g)


def elu(x: Any, alpha: float) -> Any:
    return _run(_elu, 1, x, by=(float(alpha),)) if fits(x) else core("elu")(x, alpha)


def elu_x(g: Any, x: Any, alpha: float, xp: Any) -> Any:
    # In float64 NumPy's exp is as fast.
    if not (_alike(x, g) and x.size > _SMALL and x.dtype == np.float32):
        return core("elu.x")(g, x, alpha, xp)
    return _run(_elu_x, 1, x, g, by=(float(alpha),))


def _alike(x: Any, *others: Any) -> bool:
    return fits(x, *others) and all(o.shape == x.shape for o in others)
