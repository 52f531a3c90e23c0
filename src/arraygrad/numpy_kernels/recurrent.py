"""Cells of recurrent networks for NumPy: the same results, written into few arrays.

At hidden size 100 and batch 30 the products are a third of a step; of the rest, what was saved
is making arrays, and walking over the gates one by one.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from arraygrad.functions import recurrent
from arraygrad.workspace import empty

_dot: Any = np.dot  # whose form with out as the third argument NumPy's stubs do not know

# Scalars of the arrays' own type: NumPy looks at the value of a Python number each time.
_HALF: dict[str, Any] = {"f": np.float32(0.5), "d": np.float64(0.5)}
_ONE: dict[str, Any] = {"f": np.float32(1), "d": np.float64(1)}


def _joined(x: Any, h: Any) -> Any:
    rows, n = x.shape
    xh = np.empty((rows, n + h.shape[1] + 1), x.dtype)
    xh[:, :n] = x
    xh[:, n:-1] = h
    xh[:, -1] = 1
    return xh


def _one_dtype(*arrays: Any) -> bool:
    dtype = arrays[0].dtype
    return dtype.char in "fd" and dtype.isnative and all(a.dtype == dtype for a in arrays)


def _grads(gz: Any, x: Any, h: Any, W: Any, need: Any, gh: Any = None) -> tuple[Any, Any, Any]:
    """The gradients of x, h (into `gh`, if given) and W for z = [x, h, 1] W."""
    n = x.shape[1]
    gx = gW = None
    # Products with the small factor transposed take three quarters of gz W.T.
    if need[0] and need[1]:
        both = _dot(W[:-1], gz.T).T
        gx, y = both[:, :n], both[:, n:]
    elif need[0]:
        gx = _dot(W[:n], gz.T).T
    elif need[1]:
        y = _dot(W[n:-1], gz.T).T
    if need[1]:
        if gh is None:
            gh = y
        else:
            gh[...] = y
    if need[2]:
        gW = empty(W.shape, W.dtype)
        _dot(_joined(x, h).T, gz, gW)
    return gx, gh, gW


def rnn(x: Any, h: Any, W: Any) -> Any:
    if not _one_dtype(x, h, W):
        return recurrent._rnn.definition.forward(x, h, W, xp=np)
    z = _dot(_joined(x, h), W)
    return np.tanh(z, z)


def rnn_grads(g: Any, x: Any, h: Any, W: Any, out: Any, need: Any, xp: Any) -> Any:
    if not _one_dtype(g, x, h, W):
        return recurrent._rnn.definition.rules["x", "h", "W"](g, x, h, W, out, need, xp)
    gz = out * out
    np.subtract(1, gz, gz)
    np.multiply(gz, g, gz)
    return _grads(gz, x, h, W, need)


def lstm(x: Any, hc: Any, W: Any) -> Any:
    if not _one_dtype(x, hc, W):
        return recurrent._lstm.definition.forward(x, hc, W, xp=np)
    _, rows, n = hc.shape
    half = _HALF[x.dtype.char]
    z = _dot(_joined(x, hc[0]), W).reshape(rows, 4, n).transpose(1, 0, 2)
    # From here on gate by gate, (4, N, H): a gate that is in one piece takes a third of the time.
    gates = np.empty((4, rows, n), x.dtype)
    sigmoids = gates[:3]
    np.multiply(z[:3], half, sigmoids)
    gates[3] = z[3]
    np.tanh(gates, gates)
    np.multiply(sigmoids, half, sigmoids)
    np.add(sigmoids, half, sigmoids)
    f, i, o, u = gates
    out = np.empty_like(hc)
    h, c = out
    # h is no more than a place to write to until it is known.
    np.multiply(i, u, h)
    np.multiply(f, hc[1], c)
    np.add(c, h, c)
    t = np.tanh(c)
    np.multiply(o, t, h)
    return out, gates, t


def lstm_grads(g: Any, x: Any, hc: Any, W: Any, gates: Any, t: Any, need: Any, xp: Any) -> Any:
    if gates.ndim == 2:  # what the definition returned
        rule = recurrent._lstm.definition.rules["x", "hc", "W"]
        return rule(g, x, hc, W, gates, t, need, xp)
    _, rows, n = hc.shape
    one = _ONE[x.dtype.char]
    f, i, o, u = gates
    h, c = hc
    gh = g[0]
    # What arrives at c: through h' = o tanh(c'), and from the next step.
    gc = t * t
    np.subtract(one, gc, gc)
    np.multiply(gc, o, gc)
    np.multiply(gc, gh, gc)
    np.add(gc, g[1], gc)
    # The gates: (1 - s) s for sigmoids, (1 - u) (1 + u) for tanh, times what each stood beside.
    parts = np.subtract(one, gates)
    sigmoids = parts[:3]
    np.multiply(sigmoids, gates[:3], sigmoids)
    gf, gi, go, gu = parts
    np.multiply(gf, c, gf)
    np.multiply(gi, u, gi)
    np.multiply(go, t, go)
    np.multiply(gu, u + one, gu)
    np.multiply(gu, i, gu)
    gz = np.empty((rows, 4, n), x.dtype)
    by_gate = gz.transpose(1, 0, 2)
    np.multiply(parts[:2], gc, by_gate[:2])
    np.multiply(go, gh, by_gate[2])
    np.multiply(gu, gc, by_gate[3])
    ghc = None
    if need[1]:
        ghc = np.empty_like(hc)
        np.multiply(gc, f, ghc[1])
    gx, _, gW = _grads(gz.reshape(rows, 4 * n), x, h, W, need, None if ghc is None else ghc[0])
    return gx, ghc, gW


KERNELS: dict[str, Callable[..., Any]] = {
    "_lstm": lstm,
    "_lstm.x.hc.W": lstm_grads,
    "_rnn": rnn,
    "_rnn.x.h.W": rnn_grads,
}
