"""Normalization: of rows, and of channels that come last in memory, in two passes over each."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from arraygrad.workspace import empty
from arraygrad_numba.compiled import fits, loop
from arraygrad_numba.fallback import core

_SUMMED = 256  # rows that are added up before their sum goes to the total


@loop(sums=True)
def _rows(x: Any, gamma: Any, beta: Any, eps: Any, y: Any, mean: Any, var: Any) -> None:
    T = x.dtype.type
    n = x.shape[1]
    share, e, one = T(1 / n), T(eps), T(1)
    for i in range(len(x)):
        v, w = x[i], y[i]
        m = T(0)
        for j in range(n):
            m += v[j]
        m *= share
        s = T(0)
        for j in range(n):
            s += (v[j] - m) * (v[j] - m)
        s *= share
        mean[i], var[i] = m, s
        factor = one / np.sqrt(s + e)
        for j in range(n):
            w[j] = (v[j] - m) * factor * gamma[j] + beta[j]


@loop(sums=True)
def _rows_grads(
    g: Any, x: Any, gamma: Any, mean: Any, var: Any, eps: Any, gx: Any, ggamma: Any, gbeta: Any
) -> None:
    T = x.dtype.type
    n = x.shape[1]
    share, e, one = T(1 / n), T(eps), T(1)
    of_gamma, of_beta = np.zeros(n, x.dtype), np.zeros(n, x.dtype)
    ggamma[:] = 0
    gbeta[:] = 0
    for i in range(len(x)):
        u, v, w = g[i], x[i], gx[i]
        m = mean[i]
        factor = one / np.sqrt(var[i] + e)
        along = total = T(0)
        for j in range(n):
            t = u[j] * gamma[j]
            total += t
            along += t * ((v[j] - m) * factor)
        along *= share
        total *= share
        for j in range(n):
            w[j] = (u[j] * gamma[j] - total - (v[j] - m) * factor * along) * factor
        for j in range(n):
            of_beta[j] += u[j]
        for j in range(n):
            of_gamma[j] += u[j] * ((v[j] - m) * factor)
        if i % _SUMMED == _SUMMED - 1 or i == len(x) - 1:
            for j in range(n):
                ggamma[j] += of_gamma[j]
                of_gamma[j] = 0
            for j in range(n):
                gbeta[j] += of_beta[j]
                of_beta[j] = 0


@loop
def _channel_moments(x: Any, mean: Any, var: Any) -> None:
    T = x.dtype.type
    rows, n = x.shape
    share, total, m = T(1 / rows), np.zeros(n, x.dtype), mean
    m[:] = 0
    var[:] = 0
    for start in range(0, rows, _SUMMED):
        total[:] = 0
        for i in range(start, min(start + _SUMMED, rows)):
            v = x[i]
            for j in range(n):
                total[j] += v[j]
        for j in range(n):
            m[j] += total[j]
    for j in range(n):
        m[j] *= share
    for start in range(0, rows, _SUMMED):
        total[:] = 0
        for i in range(start, min(start + _SUMMED, rows)):
            v = x[i]
            for j in range(n):
                total[j] += (v[j] - m[j]) * (v[j] - m[j])
        for j in range(n):
            var[j] += total[j]
    for j in range(n):
        var[j] *= share


@loop
def _channels(x: Any, gamma: Any, beta: Any, eps: Any, mean: Any, var: Any, y: Any) -> None:
    n = x.shape[1]
    T = x.dtype.type
    factor = gamma / np.sqrt(var + T(eps))
    for i in range(len(x)):
        v, w = x[i], y[i]
        for j in range(n):
            w[j] = (v[j] - mean[j]) * factor[j] + beta[j]


@loop
def _channels_grads(
    g: Any, x: Any, gamma: Any, mean: Any, var: Any, eps: Any, gx: Any, ggamma: Any, gbeta: Any
) -> None:
    T = x.dtype.type
    rows, n = x.shape
    factor = T(1) / np.sqrt(var + T(eps))
    of_gamma, of_beta = np.zeros(n, x.dtype), np.zeros(n, x.dtype)
    ggamma[:] = 0
    gbeta[:] = 0
    for start in range(0, rows, _SUMMED):
        of_gamma[:] = 0
        of_beta[:] = 0
        for i in range(start, min(start + _SUMMED, rows)):
            u, v = g[i], x[i]
            for j in range(n):
                of_beta[j] += u[j]
            for j in range(n):
                of_gamma[j] += u[j] * (v[j] - mean[j])
        for j in range(n):
            gbeta[j] += of_beta[j]
        for j in range(n):
            ggamma[j] += of_gamma[j]
    for j in range(n):
        ggamma[j] *= factor[j]
    share = T(1 / rows)
    # gx = (g - total) * scale - (x - mean) * along
    total, scale = gbeta * share, gamma * factor
    along = ggamma * share * factor * scale
    for i in range(rows):
        u, v, w = g[i], x[i], gx[i]
        for j in range(n):
            w[j] = (u[j] - total[j]) * scale[j] - (v[j] - mean[j]) * along[j]


def _row_length(x: Any, axis: Any) -> int | None:
    """The length of the rows that are normalized, where they are the last axes of an array."""
    n = len(axis)
    if tuple(axis) != tuple(range(x.ndim - n, x.ndim)) or not x.flags.c_contiguous:
        return None
    return math.prod(x.shape[-n:])


def _channels_last(x: Any, axis: Any) -> Any:
    """The view (..., C) of an array whose channels are each normalized; None for others."""
    if x.ndim < 2 or tuple(axis) != (0, *range(2, x.ndim)):
        return None
    rows = x.transpose(*axis, 1)
    return rows if rows.flags.c_contiguous else None


def _first(y: Any) -> Any:
    """The view (N, C, ...) of an array (N, ..., C)."""
    return y.transpose(0, y.ndim - 1, *range(1, y.ndim - 1))


def _by_channel(channels: int, *params: Any) -> bool:
    return all(p is None or p.size == channels for p in params)


def _flat(p: Any, n: int, value: float, dtype: Any) -> Any:
    return np.full(n, value, dtype) if p is None else np.ascontiguousarray(p).reshape(-1)


def _beside(x: Any, axis: Any, *params: Any) -> bool:
    """Whether gamma and beta have the shape of a row."""
    return all(p is None or p.shape == x.shape[-len(axis) :] for p in params)


def batch_moments(x: Any, axis: Any) -> Any:
    rows = _channels_last(x, axis) if fits(x) else None
    if rows is None:
        return core("_batch_moments")(x, axis)
    c = x.shape[1]
    moments = np.empty((2, 1, c, *(1,) * (x.ndim - 2)), x.dtype)
    _channel_moments(rows.reshape(-1, c), moments[0].reshape(-1), moments[1].reshape(-1))
    return moments


def normalize(x: Any, gamma: Any, beta: Any, axis: Any, eps: float, moments: Any) -> Any:
    params = [p for p in (gamma, beta) if p is not None]
    if moments is not None and fits(x, moments, *params):
        rows = _channels_last(x, axis)
        if rows is not None and _by_channel(x.shape[1], gamma, beta, moments[0]):
            c, (mean, var) = x.shape[1], moments
            y = empty(rows.shape, x.dtype)
            _channels(
                rows.reshape(-1, c), _flat(gamma, c, 1, x.dtype), _flat(beta, c, 0, x.dtype),
                float(eps), mean.reshape(-1), var.reshape(-1), y.reshape(-1, c),
            )  # fmt: skip
            return _first(y), mean, var
    n = _row_length(x, axis) if moments is None and fits(x, *params) else None
    if n is None or not _beside(x, axis, gamma, beta):
        return core("_normalize")(x, gamma, beta, axis, eps, moments)
    y = empty(x.shape, x.dtype)
    kept = (*x.shape[: -len(axis)], *(1,) * len(axis))
    mean, var = np.empty(kept, x.dtype), np.empty(kept, x.dtype)
    _rows(
        x.reshape(-1, n), _flat(gamma, n, 1, x.dtype), _flat(beta, n, 0, x.dtype), float(eps),
        y.reshape(-1, n), mean.reshape(-1), var.reshape(-1),
    )  # fmt: skip
    return y, mean, var


def normalize_gradients(
    g: Any, x: Any, gamma: Any, mean: Any, var: Any, axis: Any, eps: float, need: Any, xp: Any
) -> Any:
    params = [gamma] if gamma is not None else []
    plain = fits(x, g, mean, var, *params)
    rows = _channels_last(x, axis) if plain and gamma is not None else None
    if rows is not None and _by_channel(x.shape[1], gamma, mean, var):
        c = x.shape[1]
        gx, ggamma, gbeta = empty(rows.shape, x.dtype), np.empty(c, x.dtype), np.empty(c, x.dtype)
        _channels_grads(
            np.ascontiguousarray(g.transpose(*axis, 1)).reshape(-1, c), rows.reshape(-1, c),
            _flat(gamma, c, 1, x.dtype), mean.reshape(-1), var.reshape(-1), float(eps),
            gx.reshape(-1, c), ggamma, gbeta,
        )  # fmt: skip
        return _first(gx), ggamma.reshape(gamma.shape), gbeta.reshape(gamma.shape)
    n = _row_length(x, axis) if plain else None
    if n is None or not _beside(x, axis, gamma) or mean.size * n != x.size:
        rule = core("_normalize.x.gamma.beta")
        return rule(g, x, gamma, mean, var, axis, eps, need, xp)
    gx = empty(x.shape, x.dtype)
    ggamma, gbeta = np.empty(n, x.dtype), np.empty(n, x.dtype)
    _rows_grads(
        np.ascontiguousarray(g).reshape(-1, n), x.reshape(-1, n), _flat(gamma, n, 1, x.dtype),
        np.ascontiguousarray(mean).reshape(-1), np.ascontiguousarray(var).reshape(-1), float(eps),
        gx.reshape(-1, n), ggamma, gbeta,
    )  # fmt: skip
    row = x.shape[-len(axis) :]
    if gamma is None:  # beta may have been there; the engine sums its gradient to its shape
        return gx, None, g
    return gx, ggamma.reshape(row), gbeta.reshape(row)
