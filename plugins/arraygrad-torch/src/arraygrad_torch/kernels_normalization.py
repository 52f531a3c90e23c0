"""Normalization over the last axes (layer and group norm) and for each channel (batch norm)."""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from arraygrad.functions import normalization
from arraygrad_torch.kernels import aten, floating, forward, rule


class Moments(NamedTuple):
    """What a kernel of the forward keeps in the place of the mean, for the kernel of its rule."""

    form: str
    mean: Any
    inv_std: Any


def _form(x: Any, gamma: Any, beta: Any, axis: tuple[int, ...]) -> str:
    """Which of PyTorch's functions computes it: of "layer", "group" (without gamma), "batch"."""
    if not floating(x, gamma, beta) or 0 in x.shape:
        return ""
    ndim, size = x.ndim, x.shape[1:2]
    if axis == tuple(range(ndim - len(axis), ndim)):
        own = x.shape[ndim - len(axis) :]
        same = all(p is None or p.shape == own for p in (gamma, beta))
        return "layer" if same and (gamma is not None or beta is None) else "group"
    if ndim > 1 and axis == (0, *range(2, ndim)):
        own = (*size, *(1,) * (ndim - 2))
        return "batch" if all(p is None or p.shape == own for p in (gamma, beta)) else ""
    return ""


def normalize(x: Any, gamma: Any, beta: Any, axis: Any, eps: float, moments: Any) -> Any:
    form = _form(x, gamma, beta, axis)
    if form == "batch":
        gamma, beta = (None if p is None else p.reshape(-1) for p in (gamma, beta))
        if moments is None:  # PyTorch's own, in one pass, take five times as long
            moments = forward(normalization._batch_moments, x, axis)
        mean, var = moments.reshape(2, -1)
        inv_std = torch.rsqrt(var + eps)
        y = aten.native_batch_norm.default(x, gamma, beta, mean, var, False, 0.0, eps)[0]
    elif form and moments is None:
        own, layer = list(x.shape[-len(axis) :]), form == "layer"
        y, mean, inv_std = torch.native_layer_norm(
            x, own, gamma if layer else None, beta if layer else None, eps
        )
        if not layer:
            y = y if gamma is None else y * gamma
            y = y if beta is None else y + beta
    else:
        return forward(normalization._normalize, x, gamma, beta, axis, eps, moments)
    return y, Moments(form, mean, inv_std), None


def normalize_rule(
    g: Any, x: Any, gamma: Any, mean: Any, var: Any, axis: Any, eps: float, need: Any, xp: Any
) -> Any:
    if type(mean) is not Moments:  # those of the definition
        named = rule(normalization._normalize, "x", "gamma", "beta")
        return named(g, x, gamma, mean, var, axis, eps, need, xp)
    form, mean, inv_std = mean
    if form == "batch":
        weight = None if gamma is None else gamma.reshape(-1)
        gx, ggamma, gbeta = aten.native_batch_norm_backward.default(
            g, x, weight, None, None, mean, inv_std, True, eps, need
        )
        if need[1]:
            ggamma = ggamma.reshape(gamma.shape)
        return gx, ggamma, gbeta.reshape(x.shape[1:2] + (1,) * (x.ndim - 2)) if need[2] else None
    own = list(x.shape[-len(axis) :])
    if form == "layer":
        return aten.native_layer_norm_backward.default(
            g,
            x,
            own,
            mean,
            inv_std,
            gamma,
            gamma,
            need,  # of beta it reads the shape alone
        )
    gx = None
    if need[0]:
        gy = g if gamma is None else g * gamma
        gx = aten.native_layer_norm_backward.default(
            gy, x, own, mean, inv_std, None, None, [True, False, False]
        )[0]
    return gx, g * ((x - mean) * inv_std) if need[1] else None, g if need[2] else None
