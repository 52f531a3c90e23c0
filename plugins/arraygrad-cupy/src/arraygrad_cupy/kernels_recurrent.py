"""The LSTM cell: all gates in one pass over memory after the product, forward and back."""

from __future__ import annotations

from typing import Any

import cupy

from arraygrad.functions import recurrent
from arraygrad_cupy.elementwise import elementwise, floating, forward, rule

_step = elementwise(
    "T zf, T zi, T zo, T zu, T before",
    "T f, T i_, T o, T u, T t, T h, T c",
    """
    f = tanh(zf * T(0.5)) * T(0.5) + T(0.5);
    i_ = tanh(zi * T(0.5)) * T(0.5) + T(0.5);
    o = tanh(zo * T(0.5)) * T(0.5) + T(0.5);
    u = tanh(zu);
    c = f * before + i_ * u;
    t = tanh(c);
    h = o * t
    """,
    "lstm",
)
_back = elementwise(
    "T gh, T gc_, T f, T i_, T o, T u, T t, T before",
    "T gzf, T gzi, T gzo, T gzu, T gbefore",
    """
    T gc = gc_ + gh * o * (T(1) - t * t);
    gzf = gc * before * f * (T(1) - f);
    gzi = gc * u * i_ * (T(1) - i_);
    gzo = gh * t * o * (T(1) - o);
    gzu = gc * i_ * (T(1) - u * u);
    gbefore = gc * f
    """,
    "lstm_x",
)


def _joined(x: Any, h: Any) -> Any:
    return cupy.concatenate([x, h, cupy.ones((len(x), 1), x.dtype)], axis=1)


def _parts(gates: Any) -> list[Any]:
    n = gates.shape[1] // 4
    return [gates[:, i * n : (i + 1) * n] for i in range(4)]


def lstm(x: Any, hc: Any, W: Any) -> Any:
    if not floating(x, hc, W):
        return forward(recurrent._lstm, x, hc, W)
    z = _joined(x, hc[0]) @ W
    gates, t, out = cupy.empty_like(z), cupy.empty_like(hc[0]), cupy.empty_like(hc)
    _step(*_parts(z), hc[1], *_parts(gates), t, out[0], out[1])
    return out, gates, t


def lstm_grads(g: Any, x: Any, hc: Any, W: Any, gates: Any, t: Any, need: Any, xp: Any) -> Any:
    if not floating(g, x, hc, W, gates, t):
        named = rule(recurrent._lstm, "x", "hc", "W")
        return named(g, x, hc, W, gates, t, need, xp)
    n_in = x.shape[1]
    gz, ghc = cupy.empty_like(gates), cupy.empty_like(hc)
    _back(g[0], g[1], *_parts(gates), t, hc[1], *_parts(gz), ghc[1])
    if need[1]:
        ghc[0] = gz @ W[n_in:-1].T
    return (
        gz @ W[:n_in].T if need[0] else None,
        ghc if need[1] else None,
        _joined(x, hc[0]).T @ gz if need[2] else None,
    )
