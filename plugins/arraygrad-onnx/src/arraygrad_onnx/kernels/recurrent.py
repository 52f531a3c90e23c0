"""The cells of recurrent networks with two Gemm nodes each, and states that are not packed."""

from __future__ import annotations

from typing import Any

import spox.opset.ai.onnx.v21 as op

from arraygrad.functions import indexing, recurrent
from arraygrad_onnx.arrays import asarray, ints, kernel, var

# What a stacked array remembers, so that no node takes apart what the one before joined.
_PARTS = "_arraygrad_parts"


@kernel(indexing._get_item)
def get_item(x: Any, key: Any) -> Any:
    return _part(x, key) if type(key) is int and hasattr(x, _PARTS) else None


@kernel(recurrent._rnn)
def rnn(x: Any, h: Any, W: Any) -> Any:
    z = _gates(x, h, W)
    return None if z is None else asarray(op.tanh(z))


@kernel(recurrent._lstm)
def lstm(x: Any, hc: Any, W: Any) -> Any:
    h, c = (_part(hc, i) for i in range(2))
    z = _gates(x, h, W)
    if z is None:
        return None
    n = h.shape[-1]
    s, u = op.split(z, ints([3 * n, n]), axis=1)
    f, i, o = op.split(op.sigmoid(s), ints([n, n, n]), axis=1)
    c = op.add(op.mul(f, var(c)), op.mul(i, op.tanh(u)))
    parts = (op.mul(o, op.tanh(c)), c)
    y = asarray(op.concat([op.unsqueeze(part, ints([0])) for part in parts], axis=0))
    setattr(y, _PARTS, tuple(map(asarray, parts)))
    return y, None, None


@kernel(recurrent._gru)
def gru(x: Any, h: Any, W: Any) -> Any:
    n = h.shape[-1]
    zr = _gates(x, h, W, (0, 2 * n))
    if zr is None:
        return None
    z, r = op.split(op.sigmoid(zr), ints([n, n]), axis=1)
    rh = asarray(op.mul(r, var(h)))
    u = op.tanh(_gates(x, rh, W, (2 * n, 3 * n)))
    return asarray(op.add(u, op.mul(z, op.sub(var(h), u)))), None


def _gates(x: Any, h: Any, W: Any, columns: tuple[int, int] | None = None) -> Any:
    """[x, h, 1] W as two products, whose weights are known parts of W; None for mixed dtypes."""
    if not x.dtype == h.dtype == W.dtype:
        return None
    w = var(W)
    if columns is not None:
        w = op.slice(w, ints([columns[0]]), ints([columns[1]]), ints([1]))
    size = x.shape[-1]
    of_x, of_h, b = op.split(w, ints([size, h.shape[-1], 1]), axis=0)
    return op.gemm(var(h), of_h, op.gemm(var(x), of_x, b))


def _part(x: Any, i: int) -> Any:
    parts = getattr(x, _PARTS, None)
    return x[i, ...] if parts is None else parts[i]
