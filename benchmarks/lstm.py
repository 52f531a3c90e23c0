"""One training step of an LSTM: hidden 100, batch 30, 30 time steps, then Adam.

The network predicts the next value of 30 sequences at each time step, as the book's last step
does; backpropagation goes through the 30 steps. torch is its LSTMCell in the same loop; its
whole-sequence nn.LSTM, which needs all inputs in advance, stands beside it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from itertools import cycle

import numpy as np

from .harness import Case, Run, Target

HIDDEN, BATCH, STEPS = 100, 30, 30
ALPHA = 0.001
BETA1, BETA2, EPS = 0.9, 0.999, 1e-8


def data(n_in: int, dtype: str = "float32") -> tuple[list[np.ndarray], list[np.ndarray]]:
    """Five sequences (time, batch, input) with the first weights: x to gates, h to gates, b, out.

    The gates are in the book's order: f, i, o, u. Only the last input is the target.
    """
    rng = np.random.default_rng(0)
    time = np.arange(STEPS + 1)[:, None, None]
    sequences = [
        np.sin(0.3 * time + rng.random((1, BATCH, n_in)) * 6).astype(dtype) for _ in range(5)
    ]
    weights = [
        rng.normal(size=(n_in, 4 * HIDDEN)) / np.sqrt(n_in),
        rng.normal(size=(HIDDEN, 4 * HIDDEN)) / np.sqrt(HIDDEN),
        np.zeros(4 * HIDDEN),
        rng.normal(size=(HIDDEN, 1)) / np.sqrt(HIDDEN),
        np.zeros(1),
    ]
    return sequences, [w.astype("float32").astype(dtype) for w in weights]


def by_hand(n_in: int, dtype: str = "float32") -> Run:
    sequences, params = data(n_in, dtype)
    stream = cycle(sequences)
    moments = [(np.zeros_like(p), np.zeros_like(p)) for p in params]
    n, updates = HIDDEN, 0

    def run():
        nonlocal updates
        updates += 1
        s = next(stream)
        Wx, Wh, b, Wy, by = params
        h = c = np.zeros((BATCH, n), dtype)
        kept = []
        loss = 0.0
        for t in range(STEPS):
            z = np.dot(s[t], Wx)
            z += np.dot(h, Wh)
            z += b
            gates = z[:, : 3 * n]
            gates *= 0.5
            np.tanh(z, out=z)
            gates *= 0.5
            gates += 0.5
            f, i, o, u = np.split(z, 4, axis=1)
            c_old, h_old = c, h
            c = f * c_old + i * u
            tanh_c = np.tanh(c)
            h = o * tanh_c
            diff = np.dot(h, Wy) + by - s[t + 1, :, -1:]
            loss += np.dot(diff[:, 0], diff[:, 0]) / BATCH
            kept.append((s[t], h_old, c_old, z, tanh_c, h, diff))
        grads = [np.zeros_like(p) for p in params]
        gh_next = gc_next = np.zeros((BATCH, n), dtype)
        for x, h_old, c_old, z, tanh_c, h, diff in reversed(kept):
            f, i, o, u = np.split(z, 4, axis=1)
            gy = diff * (2 / BATCH)
            grads[3] += np.dot(h.T, gy)
            grads[4] += np.add.reduce(gy, axis=0)
            gh = np.dot(gy, Wy.T) + gh_next
            gc = gh * o * (1 - tanh_c * tanh_c) + gc_next
            gz = np.empty_like(z)
            np.multiply(gc * c_old, f * (1 - f), out=gz[:, :n])
            np.multiply(gc * u, i * (1 - i), out=gz[:, n : 2 * n])
            np.multiply(gh * tanh_c, o * (1 - o), out=gz[:, 2 * n : 3 * n])
            np.multiply(gc * i, 1 - u * u, out=gz[:, 3 * n :])
            grads[0] += np.dot(x.T, gz)
            grads[1] += np.dot(h_old.T, gz)
            grads[2] += np.add.reduce(gz, axis=0)
            gh_next = np.dot(gz, Wh.T)
            gc_next = gc * f
        rate = ALPHA * (1 - BETA2**updates) ** 0.5 / (1 - BETA1**updates)
        for p, g, (m, v) in zip(params, grads, moments, strict=True):
            m += (1 - BETA1) * (g - m)
            v += (1 - BETA2) * (g * g - v)
            p -= rate * m / (np.sqrt(v) + EPS)
        return loss

    return run


def exact(n_in: int) -> Run:
    return by_hand(n_in, "float64")


def torch_parts(n_in: int, cls: str):
    import torch
    from torch import nn

    sequences, (Wx, Wh, b, Wy, by) = data(n_in)
    stream = cycle([torch.from_numpy(s) for s in sequences])
    cell = getattr(nn, cls)(n_in, HIDDEN)
    out = nn.Linear(HIDDEN, 1)
    # torch's order of gates is i, f, u, o.
    order = np.concatenate([np.arange(HIDDEN) + HIDDEN * k for k in (1, 0, 3, 2)])
    values = [Wx[:, order].T, Wh[:, order].T, b[order], 0 * b, Wy.T, by]
    params = [*cell.parameters(), *out.parameters()]
    with torch.no_grad():
        for p, w in zip(params, values, strict=True):
            p.copy_(torch.from_numpy(w))
    cell_bias = params[3]
    cell_bias.requires_grad_(False)  # it has two biases, which would learn twice as fast
    params = [p for p in params if p.requires_grad]
    optimizer = torch.optim.Adam(params, ALPHA, (BETA1, BETA2), EPS)
    return stream, cell, out, optimizer, nn.functional.mse_loss


def torch_cell(n_in: int) -> Run:
    stream, cell, out, optimizer, mse_loss = torch_parts(n_in, "LSTMCell")

    def run():
        s = next(stream)
        state = None
        loss = 0
        for t in range(STEPS):
            state = cell(s[t], state)
            loss += mse_loss(out(state[0]), s[t + 1, :, -1:])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return run


def torch_sequence(n_in: int) -> Run:
    stream, lstm, out, optimizer, mse_loss = torch_parts(n_in, "LSTM")

    def run():
        s = next(stream)
        h, _ = lstm(s[:-1])
        loss = mse_loss(out(h), s[1:, :, -1:]) * STEPS
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return run


def arraygrad_layers(n_in: int) -> Run:
    import arraygrad.functions as F
    import arraygrad.layers as L
    from arraygrad import Model, optimizers

    class Net(Model):
        def __init__(self):
            super().__init__()
            self.rnn = L.LSTM(HIDDEN, in_size=n_in)
            self.fc = L.Linear(1, in_size=HIDDEN)

        def forward(self, x):
            return self.fc(self.rnn(x))

    sequences, (Wx, Wh, b, Wy, by) = data(n_in)
    stream = cycle(sequences)
    model = Net()
    for k, gate in enumerate("fiou"):
        part = slice(k * HIDDEN, (k + 1) * HIDDEN)
        x2, h2 = getattr(model.rnn, f"x2{gate}"), getattr(model.rnn, f"h2{gate}")
        x2.W.data, x2.b.data, h2.W.data = Wx[:, part], b[part], Wh[:, part]
    model.fc.W.data, model.fc.b.data = Wy, by
    optimizer = optimizers.Adam(ALPHA, BETA1, BETA2, EPS).setup(model)

    def run():
        s = next(stream)
        model.rnn.reset_state()
        loss = 0
        for t in range(STEPS):
            loss += F.mean_squared_error(model(s[t]), s[t + 1, :, -1:])
        model.cleargrads()
        loss.backward()
        loss.unchain_backward()
        optimizer.update()
        return loss

    return run


def dezero_(n_in: int) -> Run:
    if not hasattr(np, "int"):
        np.int = int  # its module of transforms still says so
    import dezero
    import dezero.functions as F
    import dezero.layers as L
    from dezero import optimizers

    class Net(dezero.Model):
        def __init__(self):
            super().__init__()
            self.rnn = L.LSTM(HIDDEN)
            self.fc = L.Linear(1)

        def forward(self, x):
            return self.fc(self.rnn(x))

    sequences, (Wx, Wh, b, Wy, by) = data(n_in)
    stream = cycle(sequences)
    model = Net()
    for _ in range(2):
        model(sequences[0][0])
    for k, gate in enumerate("fiou"):
        part = slice(k * HIDDEN, (k + 1) * HIDDEN)
        x2, h2 = getattr(model.rnn, f"x2{gate}"), getattr(model.rnn, f"h2{gate}")
        x2.W.data, x2.b.data, h2.W.data = (a.copy() for a in (Wx[:, part], b[part], Wh[:, part]))
    model.fc.W.data, model.fc.b.data = Wy, by
    optimizer = optimizers.Adam(ALPHA, BETA1, BETA2, EPS).setup(model)

    def run():
        s = next(stream)
        model.rnn.reset_state()
        loss = 0
        for t in range(STEPS):
            loss += F.mean_squared_error(model(s[t]), s[t + 1, :, -1:])
        model.cleargrads()
        loss.backward()
        loss.unchain_backward()
        optimizer.update()
        return loss.data

    return run


def cases(*, quick: bool) -> Iterator[Case]:
    for n_in in (1, 100):
        yield Case(
            f"LSTM training step (input {n_in}, hidden 100, batch 30, 30 time steps, Adam)",
            {
                "numpy": partial(by_hand, n_in),
                "torch": partial(torch_cell, n_in),
                "torch nn.LSTM": partial(torch_sequence, n_in),
                "dezero": partial(dezero_, n_in),
                "arraygrad": partial(arraygrad_layers, n_in),
            },
            partial(exact, n_in),
            targets=(Target("torch", 0.75), Target("dezero", 0.5)),
            checks=5,
            rtol=5e-3,
        )
