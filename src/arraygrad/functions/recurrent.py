"""Cells of recurrent networks: one time step each, all gates in one product.

Their weights are one matrix W with a row for each input, then one for each unit of the state,
then the biases: (I + H + 1, columns). `arraygrad.layers` keeps them apart, under the book's names.

Fused, because a step written out in ops has three nodes for each gate: with 100 units that took
one and a half times as long, and each gate's product kept its own gradient of the weights.
"""

from __future__ import annotations

from typing import Any

from arraygrad.errors import ShapeError
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable

__all__ = ["gru_cell", "lstm_cell", "rnn_cell"]


def _joined(x: Any, h: Any, W: Any, xp: Any) -> tuple[Any, Any]:
    """Rows [x, h, 1] to multiply with W, and W, both in the dtype of all three."""
    dtype = xp.result_type(x.dtype, h.dtype, W.dtype)
    x, h, W = (a if a.dtype == dtype else xp.astype(a, dtype) for a in (x, h, W))
    return xp.concat([x, h, xp.ones_like(h[:, :1])], axis=-1), W


def _parts(gates: Any, n: int) -> list[Any]:
    return [gates[:, i : i + n] for i in range(0, gates.shape[-1], n)]


# -- weights


@op(
    samples=[
        case(arr(3, 4), arr(3, 4), arr(4, 4), arr(4, 4), arr(4), arr(4), gates=2),
        case(arr(1, 2), arr(2, 2), arr(2), gates=1),
    ]
)
def _gate_matrix(*parts: Any, gates: int, xp: Any = None) -> Any:
    """The matrix of the cells, of the weights of x, those of the state, and the biases by gate.

    One node without anything kept, where the same in ops would keep all weights twice.
    """
    rows = [list(parts[i : i + gates]) for i in range(0, 3 * gates, gates)]
    of_x, of_h = (xp.concat(row, axis=1) for row in rows[:2])
    return xp.concat([of_x, of_h, xp.reshape(xp.concat(rows[2], axis=0), (1, -1))], axis=0)


@_gate_matrix.rule("parts")
def gate_parts(g, gates):
    """The parts of such a matrix, in the order in which they came."""
    n = g.shape[1] // gates
    n_in = g.shape[0] - n - 1
    columns = [slice(i, i + n) for i in range(0, gates * n, n)]
    return [g[rows, c] for rows in (slice(n_in), slice(n_in, -1), -1) for c in columns]


# -- tanh


@op(samples=[case(arr(2, 3), arr(2, 4), arr(8, 4)), case(arr(1, 1), arr(1, 2), arr(4, 2))])
def _rnn(x: Any, h: Any, W: Any, *, xp: Any = None) -> Any:
    """What `rnn_cell` calls once the shapes are checked."""
    xh, W = _joined(x, h, W, xp)
    return xp.tanh(xh @ W)


@_rnn.rule("x", "h", "W")
def _(g, x, h, W, out, need, xp):
    gz = g * (1 - out * out)
    xh, W = _joined(x, h, W, xp)
    n = x.shape[-1]
    return (
        gz @ W[:n, :].mT if need[0] else None,
        gz @ W[n:-1, :].mT if need[1] else None,
        xh.mT @ gz if need[2] else None,
    )


@op(samples=[case(arr(2, 3), arr(2, 4), arr(8, 4))])
def rnn_cell(x: Any, h: Any, W: Any) -> Variable:
    """One step of a recurrent network: tanh([x, h, 1] W), the new state.

    x: (N, I); h: (N, H); W: (I + H + 1, H), the last row the bias; result: (N, H).
    Raises ShapeError.

    Elman, "Finding Structure in Time" (1990).

    >>> rnn_cell(np.ones((2, 3)), np.zeros((2, 4)), np.zeros((8, 4))).shape
    (2, 4)
    """
    _check("rnn_cell", x, h, W, 1)
    return _rnn(x, h, W)


# -- LSTM


@op(
    samples=[case(arr(2, 3), arr(2, 2, 4), arr(8, 16)), case(arr(1, 1), arr(2, 1, 2), arr(4, 8))],
    saves=("gates", "t"),
)
def _lstm(x: Any, hc: Any, W: Any, *, xp: Any = None) -> Any:
    """What `lstm_cell` calls once the shapes are checked."""
    gates = _lstm_gates(x, hc, W, xp)
    f, i, o, u = _parts(gates, hc.shape[-1])
    c = f * hc[1, ...] + i * u
    t = xp.tanh(c)
    return xp.stack([o * t, c]), gates, t


@_lstm.saved("gates")
def _lstm_gates(x, hc, W, xp):
    xh, W = _joined(x, hc[0, ...], W, xp)
    n = 3 * hc.shape[-1]
    z = xh @ W
    return xp.concat([_sigmoid(z[:, :n], xp), xp.tanh(z[:, n:])], axis=-1)


@_lstm.saved("t")
def _(out, xp):
    return xp.tanh(out[1, ...])


@_lstm.rule("x", "hc", "W")
def _(g, x, hc, W, gates, t, need, xp):
    n, n_in = hc.shape[-1], x.shape[-1]
    f, i, o, u = _parts(gates, n)
    gh, h, c = g[0, ...], hc[0, ...], hc[1, ...]
    gc = g[1, ...] + gh * o * (1 - t * t)
    gz = xp.concat(
        [gc * c * f * (1 - f), gc * u * i * (1 - i), gh * t * o * (1 - o), gc * i * (1 - u * u)],
        axis=-1,
    )
    xh, W = _joined(x, h, W, xp)
    return (
        gz @ W[:n_in, :].mT if need[0] else None,
        xp.stack([gz @ W[n_in:-1, :].mT, gc * f]) if need[1] else None,
        xh.mT @ gz if need[2] else None,
    )


@op(samples=[case(arr(2, 3), arr(2, 2, 4), arr(8, 16))])
def lstm_cell(x: Any, hc: Any, W: Any) -> Variable:
    """One step of an LSTM: its new hidden state h and memory c, stacked.

    With f, i, o, u the four parts of z = [x, h, 1] W, sigmoid for the first three and tanh for
    the last: c' = f c + i u and h' = o tanh(c').

    x: (N, I); hc: (2, N, H), h and c; W: (I + H + 1, 4 H), the last row the biases; result:
    (2, N, H). Raises ShapeError.

    Hochreiter and Schmidhuber, "Long Short-Term Memory" (1997); Gers, Schmidhuber and Cummins,
    "Learning to Forget" (2000), for the gate f.

    >>> lstm_cell(np.ones((2, 3)), np.zeros((2, 2, 4)), np.zeros((8, 16))).shape
    (2, 2, 4)
    """
    _check("lstm_cell", x, hc, W, 4, (2,))
    return _lstm(x, hc, W)


# -- GRU


@op(
    samples=[case(arr(2, 3), arr(2, 4), arr(8, 12)), case(arr(1, 1), arr(1, 2), arr(4, 6))],
    saves=("gates",),
)
def _gru(x: Any, h: Any, W: Any, *, xp: Any = None) -> Any:
    """What `gru_cell` calls once the shapes are checked."""
    gates = _gru_gates(x, h, W, xp)
    z, _, u = _parts(gates, h.shape[-1])
    return u + z * (h - u), gates


@_gru.saved("gates")
def _gru_gates(x, h, W, xp):
    n = h.shape[-1]
    xh, W = _joined(x, h, W, xp)
    zr = _sigmoid(xh @ W[:, : 2 * n], xp)
    xrh, _ = _joined(x, zr[:, n:] * h, W, xp)
    return xp.concat([zr, xp.tanh(xrh @ W[:, 2 * n :])], axis=-1)


@_gru.rule("x", "h", "W")
def _(g, x, h, W, gates, need, xp):
    n, n_in = h.shape[-1], x.shape[-1]
    z, r, u = _parts(gates, n)
    xh, W = _joined(x, h, W, xp)
    W_h = W[n_in:-1, :]
    gu = g * (1 - z) * (1 - u * u)
    grh = gu @ W_h[:, 2 * n :].mT
    gzr = xp.concat([g * (h - u) * z * (1 - z), grh * h * r * (1 - r)], axis=-1)
    gx = gh = gW = None
    if need[0]:
        gx = xp.concat([gzr, gu], axis=-1) @ W[:n_in, :].mT
    if need[1]:
        gh = g * z + grh * r + gzr @ W_h[:, : 2 * n].mT
    if need[2]:
        xrh, _ = _joined(x, r * h, W, xp)
        gW = xp.concat([xh.mT @ gzr, xrh.mT @ gu], axis=-1)
    return gx, gh, gW


@op(samples=[case(arr(2, 3), arr(2, 4), arr(8, 12))])
def gru_cell(x: Any, h: Any, W: Any) -> Variable:
    """One step of a gated recurrent unit: the new state h' = z h + (1 - z) u.

    The update gate z and the reset gate r are sigmoid([x, h, 1] W) of the first two parts of the
    columns, and u = tanh([x, r h, 1] W) of the last.

    x: (N, I); h: (N, H); W: (I + H + 1, 3 H), the last row the biases; result: (N, H).
    Raises ShapeError.

    Cho et al., "Learning Phrase Representations using RNN Encoder-Decoder for Statistical Machine
    Translation" (2014), arXiv:1406.1078.

    >>> gru_cell(np.ones((2, 3)), np.ones((2, 4)), np.zeros((8, 12)))
    variable([[0.5 0.5 0.5 0.5]
              [0.5 0.5 0.5 0.5]])
    """
    _check("gru_cell", x, h, W, 3)
    return _gru(x, h, W)


def _sigmoid(x: Any, xp: Any) -> Any:
    return xp.tanh(x * 0.5) * 0.5 + 0.5


def _check(who: str, x: Any, h: Any, W: Any, gates: int, lead: tuple[int, ...] = ()) -> None:
    """Raise ShapeError unless x is (N, I), h (*lead, N, H), W (I + H + 1, gates * H)."""
    if len(x.shape) == 2 and len(h.shape) == 2 + len(lead):
        n, n_in = x.shape
        units = h.shape[-1]
        if h.shape == (*lead, n, units) and W.shape == (n_in + units + 1, gates * units):
            return
    state = "(N, H)" if not lead else "(2, N, H)"
    width = "H" if gates == 1 else f"{gates} H"
    raise ShapeError(
        f"{who}: got x {tuple(x.shape)}, a state {tuple(h.shape)} and W {tuple(W.shape)}, expected "
        f"(N, I), {state} and (I + H + 1, {width}); reset the state where the batch has another "
        f"size, and put weights of x, weights of the state and biases into W as rows"
    )
