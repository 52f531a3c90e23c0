"""One training step of the book's spiral network: 2-10-3 sigmoid, batch 30, SGD."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import cycle

import numpy as np

from .harness import Case, Run, Target

LR = 0.5
BATCH = 30


def data(dtype: str = "float32") -> tuple[list[tuple[np.ndarray, np.ndarray]], list[np.ndarray]]:
    """Ten batches of a spiral of three arms, and the first weights."""
    rng = np.random.default_rng(0)
    i = np.arange(300)
    arm, r = i % 3, (i // 3) / 100
    theta = 4 * (arm + r) + 0.2 * rng.normal(size=300)
    x = np.stack([r * np.sin(theta), r * np.cos(theta)], axis=1).astype(dtype)
    order = rng.permutation(300).reshape(-1, BATCH)
    weights = [
        rng.normal(size=(2, 10)) / np.sqrt(2),
        np.zeros(10),
        rng.normal(size=(10, 3)) / np.sqrt(10),
        np.zeros(3),
    ]
    batches = [(x[rows], arm[rows].astype("int64")) for rows in order]
    return batches, [w.astype(dtype) for w in weights]


def by_hand(dtype: str = "float32") -> Run:
    batches, (W0, b0, W1, b1) = data(dtype)
    stream = cycle(batches)
    rows = np.arange(BATCH)
    lr = np.dtype(dtype).type(LR)

    def run():
        x, t = next(stream)
        h = 1 / (1 + np.exp(-(np.dot(x, W0) + b0)))
        y = np.dot(h, W1) + b1
        y -= np.maximum.reduce(y, axis=1, keepdims=True)
        p = np.exp(y)
        z = np.add.reduce(p, axis=1, keepdims=True)
        loss = np.add.reduce(np.log(z[:, 0]) - y[rows, t]) / BATCH
        p /= z
        p[rows, t] -= 1
        p *= lr / BATCH
        gh = np.dot(p, W1.T) * h * (1 - h)
        W1.__isub__(np.dot(h.T, p))
        b1.__isub__(np.add.reduce(p, axis=0))
        W0.__isub__(np.dot(x.T, gh))
        b0.__isub__(np.add.reduce(gh, axis=0))
        return loss

    return run


def exact() -> Run:
    return by_hand("float64")


def torch_eager() -> Run:
    import torch
    from torch import nn

    batches, weights = data()
    stream = cycle([(torch.from_numpy(x), torch.from_numpy(t)) for x, t in batches])
    model = nn.Sequential(nn.Linear(2, 10), nn.Sigmoid(), nn.Linear(10, 3))
    with torch.no_grad():
        for p, w in zip(model.parameters(), weights, strict=True):
            p.copy_(torch.from_numpy(w.T))
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)

    def run():
        x, t = next(stream)
        loss = nn.functional.cross_entropy(model(x), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return run


def jax_jit() -> Run:
    import jax
    import jax.numpy as jnp

    batches, weights = data()
    stream = cycle([(jnp.asarray(x), jnp.asarray(t, dtype="int32")) for x, t in batches])
    rows = jnp.arange(BATCH)

    def loss_of(params, x, t):
        W0, b0, W1, b1 = params
        y = jax.nn.sigmoid(x @ W0 + b0) @ W1 + b1
        return -jnp.mean(jax.nn.log_softmax(y)[rows, t])

    @jax.jit
    def step(params, x, t):
        loss, grads = jax.value_and_grad(loss_of)(params, x, t)
        return loss, [p - LR * g for p, g in zip(params, grads, strict=True)]

    params = [jnp.asarray(w) for w in weights]

    def run():
        nonlocal params
        loss, params = step(params, *next(stream))
        return jax.block_until_ready(loss)

    return run


def autograd_() -> Run:
    import autograd.numpy as anp
    from autograd import value_and_grad

    batches, params = data()
    stream = cycle(batches)
    rows = np.arange(BATCH)

    def loss_of(params, x, t):
        W0, b0, W1, b1 = params
        h = 1 / (1 + anp.exp(-(anp.dot(x, W0) + b0)))
        y = anp.dot(h, W1) + b1
        y = y - anp.max(y, axis=1, keepdims=True)
        return anp.sum(anp.log(anp.sum(anp.exp(y), axis=1)) - y[rows, t]) / BATCH

    step = value_and_grad(loss_of)

    def run():
        loss, grads = step(params, *next(stream))
        for p, g in zip(params, grads, strict=True):
            p -= np.float32(LR) * g
        return loss

    return run


def arraygrad_layers() -> Run:
    import arraygrad.functions as F
    from arraygrad import optimizers
    from arraygrad.models import MLP

    batches, weights = data()
    stream = cycle(batches)
    model = MLP((10, 3), activation=F.sigmoid)
    model(batches[0][0])
    for p, w in zip(model.params(), weights, strict=True):
        if p.shape != w.shape:
            raise AssertionError(f"MLP.params() gives {p.shape} where {w.shape} was expected")
        p.data = w
    optimizer = optimizers.SGD(lr=LR).setup(model)

    def run():
        x, t = next(stream)
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    return run


def cases(*, quick: bool) -> Iterator[Case]:
    yield Case(
        "spiral MLP training step (2-10-3 sigmoid, batch 30, SGD)",
        {
            "numpy": by_hand,
            "torch": torch_eager,
            "jax.jit": jax_jit,
            "autograd": autograd_,
            "arraygrad": arraygrad_layers,
        },
        exact,
        targets=(Target("torch", 0.3), Target("jax.jit", 0.7)),
        checks=50,
    )
