"""Softmax, attention's probabilities and the cross entropy of classes: few passes over memory.

Labels are not looked at on the host: of one out of range the loss and the gradient are nan.
"""

from __future__ import annotations

import math
from typing import Any

import cupy

from arraygrad.functions import activation, attention, embedding, loss
from arraygrad_cupy.elementwise import elementwise, floating, forward, rule

_exp = elementwise("T x, T top", "T y", "y = exp(x - top)", "exp_below")
_log = elementwise("T x, T top, T total", "T y", "y = x - top - log(total)", "log_softmax")
_minus = elementwise("T p, T out, T total", "T gx", "gx = p - out * total", "softmax_x")
_log_x = elementwise("T g, T out, T total", "T gx", "gx = g - exp(out) * total", "log_softmax_x")


def softmax(x: Any, axis: int) -> Any:
    if not floating(x):
        return forward(activation.softmax, x, axis)
    y = _exp(x, x.max(axis, keepdims=True))
    y /= y.sum(axis, keepdims=True)
    return y


def softmax_x(g: Any, out: Any, axis: int, xp: Any) -> Any:
    if not floating(g, out):
        return rule(activation.softmax, "x")(g, out, axis, xp)
    p = g * out
    return _minus(p, out, p.sum(axis, keepdims=True))


def log_softmax(x: Any, axis: int) -> Any:
    if not floating(x):
        return forward(activation.log_softmax, x, axis)
    top = x.max(axis, keepdims=True)
    return _log(x, top, _exp(x, top).sum(axis, keepdims=True))


def log_softmax_x(g: Any, out: Any, axis: int, xp: Any) -> Any:
    if not floating(g, out):
        return rule(activation.log_softmax, "x")(g, out, axis, xp)
    return _log_x(g, out, g.sum(axis, keepdims=True))


# -- labels

_inside = elementwise(
    "T x, S t, int64 classes, T nan", "T y", "y = pick((t < 0) | (t >= classes), nan, x)", "inside"
)
_towards = elementwise(
    "T logp, S t, int64 place, T share, int64 classes, T nan",
    "T gx",
    """
    T one = pick(t == place, T(1), T(0));
    gx = pick((t < 0) | (t >= classes), nan, (exp(logp) - one) * share)
    """,
    "softmax_cross_entropy_x",
)


def softmax_cross_entropy(x: Any, t: Any) -> Any:
    if t.shape == x.shape or not floating(x) or t.dtype.kind != "i":
        return forward(loss._softmax_cross_entropy, x, t)
    logp = log_softmax(x, -1)
    found = cupy.take_along_axis(logp, t[..., None], -1)
    found = _inside(found, t[..., None], x.shape[-1], math.nan)
    return found.sum() / -t.size, logp


def softmax_cross_entropy_x(g: Any, logp: Any, t: Any, backend: Any, xp: Any) -> Any:
    if t.shape == logp.shape or not floating(g, logp) or t.dtype.kind != "i":
        return rule(loss._softmax_cross_entropy, "x")(g, logp, t, backend, xp)
    n = logp.shape[-1]
    return _towards(logp, t[..., None], cupy.arange(n), g / t.size, n, math.nan)


def embed_id(x: Any, W: Any) -> Any:
    if not floating(W) or x.dtype.kind != "i" or not W.size:
        return forward(embedding._embed_id, x, W)
    return _inside(W.take(x, axis=0), x[..., None], W.shape[0], math.nan)


# -- attention

_scores = elementwise(
    "T s, T scale, T bias, bool allowed, T low",
    "T y",
    "y = pick(allowed, s * scale + bias, low)",
    "scores",
)
_weights = elementwise(
    "T s, T top", "T e", "e = exp(s - pick(isfinite(top), top, T(0)))", "attention"
)
_share = elementwise("T e, T total", "T p", "p = e / pick(total == T(0), T(1), total)", "share")
_scores_x = elementwise("T p, T gp, T total", "T gs", "gs = p * (gp - total)", "scores_x")


def attend(q: Any, k: Any, v: Any, bias: Any, allowed: Any, scale: float, noise: Any) -> Any:
    if not floating(q, k, v, bias, noise):
        return forward(attention._attention, q, k, v, bias, allowed, scale, noise)
    nothing = q.dtype.type(0)
    s = _scores(
        q @ k.mT, scale, nothing if bias is None else bias,
        True if allowed is None else allowed, -math.inf,
    )  # fmt: skip
    e = _weights(s, s.max(-1, keepdims=True))
    p = _share(e, e.sum(-1, keepdims=True))
    return (p if noise is None else p * noise) @ v, p


def attend_grads(
    g: Any, q: Any, k: Any, v: Any, p: Any, out: Any, scale: float, noise: Any, need: Any, xp: Any
) -> Any:
    if not floating(g, q, k, v, p, out, noise):
        named = rule(attention._attention, "q", "k", "v", "bias")
        return named(g, q, k, v, p, out, scale, noise, need, xp)
    gq = gk = gv = gs = None
    if need[0] or need[1] or need[3]:
        gp = g @ v.mT
        gp = gp if noise is None else gp * noise
        gs = _scores_x(p, gp, (g * out).sum(-1, keepdims=True))
        gq = gs @ (k * scale) if need[0] else None
        gk = gs.mT @ (q * scale) if need[1] else None
    if need[2]:
        gv = (p if noise is None else p * noise).mT @ g
    return gq, gk, gv, gs
