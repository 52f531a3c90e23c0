"""One training step of a network for handwritten digits: 784-1000-10 relu, batch 100, Adam."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle, pairwise

import numpy as np

from .harness import Case, Run, Target

SIZES = (784, 1000, 10)
BATCH = 100
ALPHA = 0.001
BETA1, BETA2, EPS = 0.9, 0.999, 1e-8


def data(dtype: str = "float32") -> tuple[list[tuple[np.ndarray, np.ndarray]], list[np.ndarray]]:
    """Ten batches of pictures between 0 and 1 with labels, and the first weights."""
    rng = np.random.default_rng(0)
    batches = [
        (rng.random((BATCH, SIZES[0])).astype(dtype), rng.integers(0, SIZES[-1], BATCH))
        for _ in range(10)
    ]
    weights: list[np.ndarray] = []
    for i, o in pairwise(SIZES):
        weights += [rng.normal(size=(i, o)) / np.sqrt(i), np.zeros(o)]
    return batches, [w.astype("float32").astype(dtype) for w in weights]


def by_hand(dtype: str = "float32") -> Run:
    batches, params = data(dtype)
    stream = cycle(batches)
    rows = np.arange(BATCH)
    moments = [(np.zeros_like(p), np.zeros_like(p)) for p in params]
    t = 0

    def run():
        nonlocal t
        t += 1
        x, labels = next(stream)
        W0, b0, W1, b1 = params
        h = np.dot(x, W0)
        h += b0
        np.maximum(h, 0, out=h)
        y = np.dot(h, W1)
        y += b1
        y -= np.maximum.reduce(y, axis=1, keepdims=True)
        p = np.exp(y)
        z = np.add.reduce(p, axis=1, keepdims=True)
        loss = np.add.reduce(np.log(z[:, 0]) - y[rows, labels]) / BATCH
        p /= z
        p[rows, labels] -= 1
        p *= 1 / BATCH
        gh = np.dot(p, W1.T)
        gh *= h > 0
        grads = (
            np.dot(x.T, gh),
            np.add.reduce(gh, axis=0),
            np.dot(h.T, p),
            np.add.reduce(p, axis=0),
        )
        rate = ALPHA * (1 - BETA2**t) ** 0.5 / (1 - BETA1**t)
        for W, g, (m, v) in zip(params, grads, moments, strict=True):
            m += (1 - BETA1) * (g - m)
            v += (1 - BETA2) * (g * g - v)
            W -= rate * m / (np.sqrt(v) + EPS)
        return loss

    return run


def exact() -> Run:
    return by_hand("float64")


def torch_eager() -> Run:
    import torch
    from torch import nn

    batches, weights = data()
    stream = cycle([(torch.from_numpy(x), torch.from_numpy(t)) for x, t in batches])
    model = nn.Sequential(nn.Linear(*SIZES[:2]), nn.ReLU(), nn.Linear(*SIZES[1:]))
    with torch.no_grad():
        for p, w in zip(model.parameters(), weights, strict=True):
            p.copy_(torch.from_numpy(w.T))
    optimizer = torch.optim.Adam(model.parameters(), ALPHA, (BETA1, BETA2), EPS)

    def run():
        x, t = next(stream)
        loss = nn.functional.cross_entropy(model(x), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return run


def arraygrad_layers() -> Run:
    import arraygrad.functions as F
    from arraygrad import optimizers
    from arraygrad.models import MLP

    batches, weights = data()
    stream = cycle(batches)
    model = MLP(SIZES[1:], activation=F.relu)
    model(batches[0][0])
    for p, w in zip(model.params(), weights, strict=True):
        p.data = w
    optimizer = optimizers.Adam(ALPHA, BETA1, BETA2, EPS).setup(model)

    def run():
        x, t = next(stream)
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    return run


def dezero_() -> Run:
    if not hasattr(np, "int"):
        np.int = int  # its module of transforms still says so
    import dezero
    import dezero.functions as F
    from dezero import optimizers
    from dezero.models import MLP

    batches, weights = data()
    stream = cycle(batches)
    model = MLP(SIZES[1:], activation=F.relu)
    model(batches[0][0])
    # By name: its params() come in any order. NumPy 2 would make its own weights float64.
    params = [model.l0.W, model.l0.b, model.l1.W, model.l1.b]
    for p, w in zip(params, weights, strict=True):
        p.data = w
    optimizer = optimizers.Adam(ALPHA, BETA1, BETA2, EPS).setup(model)

    def run():
        x, t = next(stream)
        loss = F.softmax_cross_entropy(model(dezero.Variable(x)), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss.data

    return run


def cases(*, quick: bool) -> Iterator[Case]:
    yield Case(
        "MLP training step (784-1000-10 relu, batch 100, Adam)",
        {
            "numpy": by_hand,
            "torch": torch_eager,
            "dezero": dezero_,
            "arraygrad": arraygrad_layers,
        },
        exact,
        targets=(Target("torch", 1.0), Target("dezero", 1.0)),
        checks=5,
        rtol=5e-3,  # Adam divides by the root of gradients that are rounding errors at first
    )
