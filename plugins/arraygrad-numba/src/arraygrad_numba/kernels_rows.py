"""softmax and its kin along the last axis: a row stays in the cache for all steps."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy import log

from arraygrad.workspace import empty
from arraygrad_numba.compiled import fits, loop
from arraygrad_numba.fallback import core
from arraygrad_numba.maths import exp


def _rows(x: Any) -> Any:
    return x.reshape(-1, x.shape[-1])


def _along_rows(axis: int, x: Any, *others: Any) -> bool:
    """Whether `axis` is the last one of arrays of one shape and dtype that lie in order."""
    return (
        fits(x, *others)
        and axis in (-1, x.ndim - 1)
        and x.flags.c_contiguous
        and all(o.shape == x.shape for o in others)
    )


@loop
def _largest(row: Any) -> Any:
    """The largest element; a nan may be lost, and comes back by the sum."""
    n = row.size
    m = n - n % 8
    a = b = c = d = e = f = g = h = row[0]
    for j in range(0, m, 8):
        a, b = max(a, row[j]), max(b, row[j + 1])
        c, d = max(c, row[j + 2]), max(d, row[j + 3])
        e, f = max(e, row[j + 4]), max(f, row[j + 5])
        g, h = max(g, row[j + 6]), max(h, row[j + 7])
    for j in range(m, n):
        a = max(a, row[j])
    return max(max(max(a, b), max(c, d)), max(max(e, f), max(g, h)))


@loop(sums=True)
def _softmax(x: Any, y: Any) -> None:
    T = x.dtype.type
    for i in range(len(x)):
        v, w = x[i], y[i]
        m = _largest(v)
        total = T(0)
        for j in range(v.size):
            p = exp(v[j] - m)
            w[j] = p
            total += p
        share = T(1) / total
        for j in range(v.size):
            w[j] *= share


@loop(sums=True)
def _softmax_x(g: Any, out: Any, y: Any) -> None:
    T = out.dtype.type
    for i in range(len(out)):
        u, v, w = g[i], out[i], y[i]
        along = T(0)
        for j in range(v.size):
            along += u[j] * v[j]
        for j in range(v.size):
            w[j] = (u[j] - along) * v[j]


@loop(sums=True)
def _log_softmax(x: Any, y: Any) -> None:
    T = x.dtype.type
    for i in range(len(x)):
        v, w = x[i], y[i]
        m = _largest(v)
        total = T(0)
        for j in range(v.size):
            total += exp(v[j] - m)
        rest = log(total)
        for j in range(v.size):
            w[j] = (v[j] - m) - rest


@loop(sums=True)
def _log_softmax_x(g: Any, out: Any, y: Any) -> None:
    T = out.dtype.type
    for i in range(len(out)):
        u, v, w = g[i], out[i], y[i]
        total = T(0)
        for j in range(v.size):
            total += u[j]
        for j in range(v.size):
            w[j] = u[j] - exp(v[j]) * total


@loop
def _labelled(logp: Any, t: Any) -> Any:
    total = 0.0
    for i in range(len(t)):
        total -= logp[i, t[i]]
    return total / len(t)


@loop
def _labelled_x(scale: Any, logp: Any, t: Any, y: Any) -> None:
    s = logp.dtype.type(scale)
    for i in range(len(t)):
        v, w = logp[i], y[i]
        for j in range(v.size):
            w[j] = exp(v[j]) * s
        w[t[i]] -= s


def softmax(x: Any, axis: int) -> Any:
    if not _along_rows(axis, x):
        return core("softmax")(x, axis)
    y = empty(x.shape, x.dtype)
    _softmax(_rows(x), _rows(y))
    return y


def softmax_x(g: Any, out: Any, axis: int, xp: Any) -> Any:
    if not _along_rows(axis, out, g):
        return core("softmax.x")(g, out, axis, xp)
    y = empty(out.shape, out.dtype)
    _softmax_x(_rows(g), _rows(out), _rows(y))
    return y


def log_softmax(x: Any, axis: int) -> Any:
    if not _along_rows(axis, x):
        return core("log_softmax")(x, axis)
    y = empty(x.shape, x.dtype)
    _log_softmax(_rows(x), _rows(y))
    return y


def log_softmax_x(g: Any, out: Any, axis: int, xp: Any) -> Any:
    if not _along_rows(axis, out, g):
        return core("log_softmax.x")(g, out, axis, xp)
    y = empty(out.shape, out.dtype)
    _log_softmax_x(_rows(g), _rows(out), _rows(y))
    return y


def softmax_cross_entropy(x: Any, t: Any) -> Any:
    if not (_along_rows(-1, x) and _places(t, x)):
        return core("_softmax_cross_entropy")(x, t)
    logp = empty(x.shape, x.dtype)
    _log_softmax(_rows(x), _rows(logp))
    return x.dtype.type(_labelled(_rows(logp), t.reshape(-1))), logp


def softmax_cross_entropy_x(g: Any, logp: Any, t: Any, backend: Any, xp: Any) -> Any:
    if not (_along_rows(-1, logp) and _places(t, logp)):
        return core("_softmax_cross_entropy.x")(g, logp, t, backend, xp)
    y = empty(logp.shape, logp.dtype)
    _labelled_x(float(g) / t.size, _rows(logp), t.reshape(-1), _rows(y))
    return y


def _places(t: Any, x: Any) -> bool:
    """Whether the labels, which have been checked, are class indices of a dtype as it is here."""
    whole = type(t) is np.ndarray and t.dtype.kind in "iu" and t.dtype.isnative
    return whole and t.shape == x.shape[:-1]
