"""The cell of the GRU: its gates in one pass, between products that NumPy makes.

Of the LSTM the core's kernel for NumPy has written the gates out already, and a loop gains little.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad.workspace import empty
from arraygrad_numba.compiled import fits, loop
from arraygrad_numba.fallback import core
from arraygrad_numba.maths import sigmoid, tanh


@loop
def _joined(x: Any, h: Any, xh: Any) -> None:
    """Rows [x, h, 1]."""
    n, units = x.shape[1], h.shape[1]
    for i in range(len(x)):
        for j in range(n):
            xh[i, j] = x[i, j]
        for j in range(units):
            xh[i, n + j] = h[i, j]
        xh[i, n + units] = 1


@loop
def _reset(gates: Any, zr: Any, h: Any, xh: Any) -> None:
    """The gates z and r from their sums, and r h in the place of h."""
    n = h.shape[1]
    first = xh.shape[1] - n - 1
    for i in range(len(h)):
        for j in range(2 * n):
            gates[i, j] = sigmoid(zr[i, j])
        for j in range(n):
            xh[i, first + j] = gates[i, n + j] * h[i, j]


@loop
def _new(gates: Any, u: Any, h: Any, y: Any) -> None:
    n = h.shape[1]
    for i in range(len(h)):
        for j in range(n):
            v = tanh(u[i, j])
            gates[i, 2 * n + j] = v
            y[i, j] = v + gates[i, j] * (h[i, j] - v)


@loop
def _into_u(g: Any, gates: Any, gu: Any) -> None:
    one, n = g.dtype.type(1), g.shape[1]
    for i in range(len(g)):
        for j in range(n):
            u = gates[i, 2 * n + j]
            gu[i, j] = g[i, j] * (one - gates[i, j]) * (one - u * u)


@loop
def _into_zr(g: Any, h: Any, gates: Any, grh: Any, gzr: Any, gh: Any, xh: Any) -> None:
    """The gradients of the sums of z and r, the part of gh that is known, and r h."""
    one, n = g.dtype.type(1), g.shape[1]
    first = xh.shape[1] - n - 1
    for i in range(len(g)):
        for j in range(n):
            z, u = gates[i, j], gates[i, 2 * n + j]
            gzr[i, j] = g[i, j] * (h[i, j] - u) * (z * (one - z))
        for j in range(n):
            r = gates[i, n + j]
            gzr[i, n + j] = grh[i, j] * h[i, j] * (r * (one - r))
            gh[i, j] = g[i, j] * gates[i, j] + grh[i, j] * r
            xh[i, first + j] = r * h[i, j]


def gru(x: Any, h: Any, W: Any) -> Any:
    if not fits(x, h, W):
        return core("_gru")(x, h, W)
    rows, n = h.shape
    xh = np.empty((rows, W.shape[0]), x.dtype)
    gates, y = np.empty((rows, 3 * n), x.dtype), np.empty((rows, n), x.dtype)
    _joined(x, h, xh)
    _reset(gates, np.dot(xh, W[:, : 2 * n]), h, xh)
    _new(gates, np.dot(xh, W[:, 2 * n :]), h, y)
    return y, gates


def gru_gradients(g: Any, x: Any, h: Any, W: Any, gates: Any, need: Any, xp: Any) -> Any:
    if not fits(g, x, h, W, gates):
        return core("_gru.x.h.W")(g, x, h, W, gates, need, xp)
    rows, n = h.shape
    n_in = x.shape[1]
    W_h = W[n_in:-1]
    gu, gzr = np.empty((rows, n), g.dtype), np.empty((rows, 2 * n), g.dtype)
    gh, xh = np.empty((rows, n), g.dtype), np.empty((rows, len(W)), g.dtype)
    _joined(x, h, xh)
    _into_u(g, gates, gu)
    gW = None
    if need[2]:
        gW = empty(W.shape, W.dtype)
    grh = np.dot(gu, W_h[:, 2 * n :].T)
    rh = xh.copy()
    _into_zr(g, h, gates, grh, gzr, gh, rh)
    gx = None
    if need[0]:
        gx = np.dot(gzr, W[:n_in, : 2 * n].T)
        gx += np.dot(gu, W[:n_in, 2 * n :].T)
    if need[1]:
        gh += np.dot(gzr, W_h[:, : 2 * n].T)
    if gW is not None:
        gW[:, : 2 * n] = np.dot(xh.T, gzr)
        gW[:, 2 * n :] = np.dot(rh.T, gu)
    return gx, gh if need[1] else None, gW
