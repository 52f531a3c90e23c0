"""Attention for NumPy: everything of shape (..., T, S) happens in one array."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from arraygrad.arrays import taken_back
from arraygrad.functions import attention as ops
from arraygrad.numpy_kernels.linalg import ones
from arraygrad.workspace import empty

_attention = ops._attention.definition
_sum: Any = np.add.reduce
_max: Any = np.maximum.reduce
_min: Any = np.minimum.reduce
# Scores within these bounds neither overflow in a sum of exponentials nor lose precision.
_SAFE = 60.0


def _plain(*arrays: Any) -> bool:
    """Whether these are arrays of one dtype whose sums keep their precision."""
    dtype = arrays[0].dtype
    return dtype.char in "fd" and all(
        a is None or (type(a) is np.ndarray and a.dtype is dtype) for a in arrays
    )


def _beside(shape: tuple[int, ...], x: Any) -> Any:
    """An unset array whose axes lie in memory in the order of those of `x`.

    Heads that were split from rows by a transposition are then joined again without a copy.
    """
    if x.flags.c_contiguous or x.ndim != len(shape) or x.strides[-1] != x.itemsize:
        return empty(shape, x.dtype)
    order = sorted(range(x.ndim), key=lambda i: -x.strides[i])
    if order[-1] != x.ndim - 1:
        return empty(shape, x.dtype)
    y = empty(tuple(shape[i] for i in order), x.dtype)
    return y.transpose(taken_back(order))


def _product(x: Any, y: Any, like: Any) -> Any:
    """x @ y, in the memory order of `like`."""
    if x.shape[:-2] != y.shape[:-2]:
        return x @ y
    return np.matmul(x, y, _beside((*x.shape[:-1], y.shape[-1]), like))


def attention(
    q: Any, k: Any, v: Any, bias: Any, allowed: Any, scale: float, noise: Any
) -> tuple[Any, Any]:
    if not _plain(q, k, v, bias, noise):
        return _attention.forward(q, k, v, bias, allowed, scale, noise, xp=np)
    p = _exponentials(q, k, bias, allowed, scale)
    total = _rows(p)
    if allowed is not None or bias is not None:
        total[total == 0] = 1
    np.multiply(p, 1 / total, p)
    return _product(p if noise is None else p * noise, v, q), p


def _exponentials(q: Any, k: Any, bias: Any, allowed: Any, scale: float) -> Any:
    """exp of the scores, each row less its largest score if that is needed; 0 for the masked."""
    scaled = np.multiply(q, scale, _beside(q.shape, q))
    if q.shape[:-2] == k.shape[:-2]:
        s = np.matmul(scaled, k.mT, empty((*q.shape[:-1], k.shape[-2]), q.dtype))
    else:
        s = scaled @ k.mT
    if bias is not None:
        fits = np.broadcast_shapes(s.shape, bias.shape) == s.shape
        s = np.add(s, bias, s) if fits else s + bias
    if allowed is not None and s.shape != np.broadcast_shapes(s.shape, allowed.shape):
        s = np.broadcast_to(s, np.broadcast_shapes(s.shape, allowed.shape)).copy()
    # The largest of all is found ten times faster than that of each short row.
    if not (_min(s, None, initial=0) > -_SAFE and _max(s, None, initial=0) < _SAFE):
        if allowed is not None:
            np.copyto(s, -np.inf, where=~allowed)
        top = _max(s, -1, None, None, True)
        top[~np.isfinite(top)] = 0
        np.subtract(s, top, s)
    np.exp(s, s)
    if allowed is not None:
        np.multiply(s, allowed, s)
    return s


def _rows(x: Any) -> Any:
    """The sum of each row, the axis kept: by a product, which is faster than over an axis."""
    if not x.flags.c_contiguous:
        return _sum(x, -1, None, None, True)
    y = np.dot(x.reshape(-1, x.shape[-1]), ones(x.shape[-1], x.dtype))
    return y.reshape(*x.shape[:-1], 1)


def attention_gradients(
    g: Any, q: Any, k: Any, v: Any, p: Any, out: Any, scale: float, noise: Any, need: Any, xp: Any
) -> Any:
    if not _plain(g, q, k, v, p, out, noise):
        rule = _attention.rules["q", "k", "v", "bias"]
        return rule(g, q, k, v, p, out, scale, noise, need, xp)
    gq = gk = gv = gs = None
    if need[0] or need[1] or need[3]:
        lead = g.shape[:-2]
        gs = np.matmul(g, v.mT, empty(p.shape, p.dtype)) if p.shape[:-2] == lead else g @ v.mT
        if noise is not None:
            np.multiply(gs, noise, gs)
        np.subtract(gs, np.einsum("...d,...d->...", g, out)[..., None], gs)
        np.multiply(gs, p, gs)
        if need[0]:
            gq = _product(gs, k, q)
            np.multiply(gq, scale, gq)
        if need[1]:
            gk = _product(gs.mT, q, k)
            np.multiply(gk, scale, gk)
    if need[2]:
        gv = _product((p if noise is None else p * noise).mT, g, v)
    return gq, gk, gv, gs


KERNELS: dict[str, Callable[..., Any]] = {
    "_attention": attention,
    "_attention.q.k.v.bias": attention_gradients,
}
