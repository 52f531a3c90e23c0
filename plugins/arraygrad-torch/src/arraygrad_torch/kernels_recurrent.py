"""Cells of recurrent networks: gates in place, and less to join.

On the CPU a call of PyTorch costs as much as what it does at a hundred units, so what counts is
how many there are; its own fused cells are for CUDA alone. The rest is products of matrices:
kernels for the plain cell, and for the rule of the GRU, were measured and gain nothing.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import torch

from arraygrad.functions import recurrent
from arraygrad_torch.kernels import aten, floating, forward, rule

_sigmoid_x, _tanh_x = aten.sigmoid_backward.grad_input, aten.tanh_backward.grad_input


class Kept(NamedTuple):
    """What the kernel of the LSTM keeps in the place of tanh(c), for that of its rule."""

    t: Any
    rows: Any
    """[x, h, 1]: to join them once more takes longer than the rest of a call of this size."""


def _joined(x: Any, h: Any) -> Any:
    """Rows [x, h, 1]."""
    return torch.cat([x, h, x.new_ones(()).expand(len(x), 1)], 1)


def lstm(x: Any, hc: Any, W: Any) -> Any:
    if not floating(x, hc, W):
        return forward(recurrent._lstm, x, hc, W)
    n = hc.shape[-1]
    h, c = hc[0], hc[1]
    rows = _joined(x, h)
    gates = rows @ W
    gates[:, : 3 * n].sigmoid_()
    f, i, o, u = gates.split(n, 1)
    u.tanh_()
    out = torch.empty_like(hc)
    new = out[1]
    torch.mul(f, c, out=new).addcmul_(i, u)
    t = torch.tanh(new)
    torch.mul(o, t, out=out[0])
    return out, gates, Kept(t, rows)


def lstm_rule(g: Any, x: Any, hc: Any, W: Any, gates: Any, t: Any, need: Any, xp: Any) -> Any:
    if type(t) is not Kept:
        return rule(recurrent._lstm, "x", "hc", "W")(g, x, hc, W, gates, t, need, xp)
    t, rows = t
    n, n_in = hc.shape[-1], x.shape[1]
    f, i, o, u = gates.split(n, 1)
    gh = g[0]
    gc = gh * o
    gc = _tanh_x(gc, t, grad_input=gc).add_(g[1])
    gz = torch.empty_like(gates)
    gf, gi, go, gu = gz.split(n, 1)
    torch.mul(gc, hc[1], out=gf)
    torch.mul(gc, u, out=gi)
    torch.mul(gh, t, out=go)
    torch.mul(gc, i, out=gu)
    sigmoids = gz[:, : 3 * n]
    _sigmoid_x(sigmoids, gates[:, : 3 * n], grad_input=sigmoids)
    _tanh_x(gu, u, grad_input=gu)
    gx = ghc = gW = None
    if need[0]:
        gx = gz @ W[:n_in].T
    if need[1]:
        ghc = torch.empty_like(hc)
        torch.mm(gz, W[n_in:-1].T, out=ghc[0])
        torch.mul(gc, f, out=ghc[1])
    if need[2]:
        gW = rows.T @ gz
    return gx, ghc, gW


def gru(x: Any, h: Any, W: Any) -> Any:
    if not floating(x, h, W):
        return forward(recurrent._gru, x, h, W)
    n = h.shape[1]
    xh = _joined(x, h)
    zr = (xh @ W[:, : 2 * n]).sigmoid_()
    z, r = zr.split(n, 1)
    xh[:, x.shape[1] : -1].mul_(r)
    u = (xh @ W[:, 2 * n :]).tanh_()
    return torch.lerp(u, h, z), torch.cat([zr, u], 1)
