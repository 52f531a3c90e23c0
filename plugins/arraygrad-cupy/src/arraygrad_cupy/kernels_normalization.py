"""Normalization: what lies between the sums over the axes, in one pass each."""

from __future__ import annotations

from typing import Any

from arraygrad.functions import normalization
from arraygrad_cupy.elementwise import elementwise, floating, forward, rule

_square = elementwise("T x, T mean", "T y", "T d = x - mean; y = d * d", "square_of_difference")
_scaled = elementwise(
    "T x, T mean, T var, T eps, T gamma, T beta",
    "T y",
    "y = (x - mean) / sqrt(var + eps) * gamma + beta",
    "normalize",
)
_parts = elementwise(
    "T g, T x, T gamma, T mean, T var, T eps",
    "T gy, T product, T x_hat",
    "x_hat = (x - mean) / sqrt(var + eps); gy = g * gamma; product = gy * x_hat",
    "normalize_parts",
)
_joined = elementwise(
    "T gy, T x_hat, T share_y, T share, T var, T eps",
    "T gx",
    "gx = (gy - share_y - x_hat * share) / sqrt(var + eps)",
    "normalize_x",
)


def moments(x: Any, axis: Any) -> Any:
    """Mean and variance: two passes, for accuracy."""
    mean = x.mean(axis, keepdims=True)
    return mean, _square(x, mean).mean(axis, keepdims=True)


def normalize(x: Any, gamma: Any, beta: Any, axis: Any, eps: float, given: Any) -> Any:
    if not floating(x, gamma, beta, given) or 0 in x.shape:
        return forward(normalization._normalize, x, gamma, beta, axis, eps, given)
    mean, var = moments(x, axis) if given is None else (given[0], given[1])
    y = _scaled(
        x, mean, var, eps, 1.0 if gamma is None else gamma, 0.0 if beta is None else beta
    )  # fmt: skip
    return y, mean, var


def normalize_grads(
    g: Any, x: Any, gamma: Any, mean: Any, var: Any, axis: Any, eps: float, need: Any, xp: Any
) -> Any:
    if not floating(g, x, gamma, mean, var) or not need[0] or 0 in x.shape:
        named = rule(normalization._normalize, "x", "gamma", "beta")
        return named(g, x, gamma, mean, var, axis, eps, need, xp)
    gy, product, x_hat = _parts(g, x, 1.0 if gamma is None else gamma, mean, var, eps)
    share_y, share = gy.mean(axis, keepdims=True), product.mean(axis, keepdims=True)
    gx = _joined(gy, x_hat, share_y, share, var, eps)
    return gx, g * x_hat if need[1] else None, g if need[2] else None
