"""Attention: weighted means of values, the weights given by how well queries and keys agree."""

from __future__ import annotations

import math
from functools import lru_cache
from typing import Any

import numpy as np

from arraygrad.arrays import broadcasts_to
from arraygrad.backend import backend_of
from arraygrad.config import Config
from arraygrad.errors import ArgumentError, DtypeError, ShapeError
from arraygrad.functions.checks import bits, real
from arraygrad.functions.elementwise import astype
from arraygrad.functions.random import scaled_mask
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_variable

__all__ = ["scaled_dot_product_attention"]


def _probabilities(q: Any, k: Any, bias: Any, allowed: Any, scale: float, xp: Any) -> Any:
    """softmax(scale * q @ k.mT + bias) where allowed; rows with nothing allowed are zeros."""
    s = (q * scale) @ k.mT
    if bias is not None:
        s = s + bias
    if allowed is not None:
        s = xp.where(allowed, s, xp.full_like(s, -math.inf))
    top = xp.max(s, axis=-1, keepdims=True)
    e = xp.exp(s - xp.where(xp.isfinite(top), top, xp.zeros_like(top)))
    total = xp.sum(e, axis=-1, keepdims=True)
    return e / xp.where(total == 0, xp.ones_like(total), total)


@op(
    samples=[
        case(arr(2, 3, 4), arr(2, 5, 4), arr(2, 5, 3), None, None, 0.5),
        case(arr(3, 4), arr(2, 1, 3, 4), arr(2, 3, 4), arr(3, 3), None, 0.3),
    ],
    broadcasts=True,
    saves=("p",),
)
def _attention(
    q: Any,
    k: Any,
    v: Any,
    bias: Any = None,
    allowed: Any = None,
    scale: float = 1.0,
    noise: Any = None,
    *,
    xp: Any = None,
) -> Any:
    """The weights `_probabilities`, times `noise` if there is any, applied to v.

    Fused, for memory and speed: of the (..., T, S) arrays only the probabilities are kept, where
    a composition keeps the scores, their exponentials and their sums too.
    """
    p = _probabilities(q, k, bias, allowed, scale, xp)
    return (p if noise is None else p * noise) @ v, p


@_attention.saved("p")
def _(q, k, bias, allowed, scale, xp):
    return _probabilities(q, k, bias, allowed, scale, xp)


@_attention.rule("q", "k", "v", "bias")
def _(g, q, k, v, p, out, scale, noise, need, xp):
    gq = gk = gv = gs = None
    if need[0] or need[1] or need[3]:
        gp = g @ v.mT
        gp = gp if noise is None else gp * noise
        # The gradient of softmax needs the sum of p * gp over the keys, which is that of g * out
        # over the values: the smaller array (Dao et al. 2022, arXiv:2205.14135).
        gs = p * (gp - xp.sum(g * out, axis=-1, keepdims=True))
        gq = gs @ (k * scale) if need[0] else None
        gk = gs.mT @ (q * scale) if need[1] else None
    if need[2]:
        gv = (p if noise is None else p * noise).mT @ g
    return gq, gk, gv, gs


@op(
    samples=[
        case(arr(2, 3, 4), arr(2, 3, 4), arr(2, 3, 4)),
        case(arr(2, 1, 3, 4), arr(3, 5, 4), arr(5, 2), causal=True),
        case(arr(4, 3), arr(2, 3), arr(2, 3), causal=True, scale=2.0),
        case(arr(2, 2, 3), arr(2, 4, 3), arr(2, 4, 3), mask=arr(2, 1, 4, kind="bool")),
        case(arr(2, 2, 3), arr(2, 4, 3), arr(2, 4, 3), mask=arr(2, 4)),
        case(arr(5, 2, 3), arr(5, 4, 3), arr(4, 3), mask=arr(5, 1, 4), causal=True),
        case(arr(3, 4), arr(3, 4), arr(3, 4), dropout_ratio=0.4),
    ]
)
def scaled_dot_product_attention(
    q: Any,
    k: Any,
    v: Any,
    mask: Any = None,
    causal: bool = False,
    dropout_ratio: float = 0.0,
    scale: float | None = None,
) -> Variable:
    """softmax(scale * q @ k.mT) @ v: for each query a mean of the values, weighted by its keys.

    q: (..., T, D), k: (..., S, D), v: (..., S, E); result: (..., T, E). Leading axes broadcast.
    mask: broadcasts to (..., T, S); booleans, True where a query may attend to a key, or numbers
        that are added to the scores, in their dtype, and get a gradient. A query that may attend
        to nothing gets zeros.
    causal: a query attends to no later key; the queries are the last T of the S positions.
    dropout_ratio: the share of weights that is dropped while training; see `dropout`.
    scale: 1 / sqrt(D) if it is not given.
    Raises ShapeError, DtypeError, ArgumentError.
    Vaswani et al. 2017, "Attention Is All You Need", arXiv:1706.03762.

    >>> q, k = np.array([[0.0, 8.0]]), np.array([[0.0, 8.0], [8.0, 0.0]])
    >>> scaled_dot_product_attention(q, k, np.array([[1.0], [2.0]]))
    variable([[1.]])
    >>> scaled_dot_product_attention(q, k, np.array([[1.0], [2.0]]), mask=np.array([False, True]))
    variable([[2.]])
    """
    who = "scaled_dot_product_attention"
    q, k, v = real(who, "q", q), real(who, "k", k), real(who, "v", v)
    shape = _shape(q.shape, k.shape, v.shape)
    if not 0 <= dropout_ratio <= 1:
        raise ArgumentError(
            f"scaled_dot_product_attention: got dropout_ratio = {dropout_ratio}, expected a "
            f"number from 0 to 1"
        )
    backend = backend_of(q._data)
    if not q.dtype == k.dtype == v.dtype:  # which not every library multiplies
        dtype = backend.xp.result_type(q.dtype, k.dtype, v.dtype)
        q, k, v = astype(q, dtype), astype(k, dtype), astype(v, dtype)
    bias = allowed = noise = None
    if mask is not None:
        mask = as_variable(mask, requires_grad=False)
        if not broadcasts_to(tuple(mask.shape), shape):
            raise ShapeError(
                f"scaled_dot_product_attention: got a mask of shape {mask.shape}, expected one "
                f"that broadcasts to (..., queries, keys) = {shape}"
            )
        if bits(mask.dtype, backend.xp):
            bias = mask if mask.dtype == q.dtype else astype(mask, q.dtype)
        elif backend.xp.isdtype(mask.dtype, "bool"):
            allowed = mask._data
        else:
            raise DtypeError(
                f"scaled_dot_product_attention: got a mask of dtype {mask.dtype}, expected "
                f"booleans (True where a query may attend) or floating-point numbers to add"
            )
    if causal:
        t, s = shape[-2:]
        past = backend.table(_past(t, s), device=q.device)
        allowed = past if allowed is None else past & allowed
    if Config.train and dropout_ratio:
        noise = scaled_mask(q, shape, dropout_ratio)
    if scale is None:
        scale = 1 / math.sqrt(q.shape[-1])
    return _attention(q, k, v, bias, allowed, float(scale), noise)


@lru_cache(maxsize=256)
def _shape(q: tuple[int, ...], k: tuple[int, ...], v: tuple[int, ...]) -> tuple[int, ...]:
    """The shape (..., T, S) of the scores."""
    fits = min(len(q), len(k), len(v)) >= 2 and q[-1] == k[-1] > 0 and k[-2] == v[-2] > 0
    try:
        lead = np.broadcast_shapes(q[:-2], k[:-2], v[:-2])
    except ValueError:
        fits = False
    if not fits:
        raise ShapeError(
            f"scaled_dot_product_attention: got q {q}, k {k}, v {v}, expected (..., T, D), "
            f"(..., S, D) and (..., S, E) with D and S above 0, and leading axes that broadcast"
        )
    return (*lead, q[-2], k[-2])


@lru_cache(maxsize=8)
def _past(t: int, s: int) -> Any:
    """Which of s positions each of the last t of them may attend to."""
    past = np.tri(t, s, s - t, dtype=bool)
    past.flags.writeable = False
    return past
