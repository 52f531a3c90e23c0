"""Training steps on PyTorch's and JAX's arrays, against these libraries with their own autograd.

The networks are those of `mlp`, `cnn`, `lstm` and `transformer`. PyTorch is eager; on JAX
arraygrad's step is compiled by `ag.jit`, and JAX's own by `jax.jit`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from importlib import import_module
from itertools import cycle
from typing import Any

import numpy as np

from . import cnn, lstm, mlp, transformer
from .harness import Case, Run, Target

N_IN = 100  # of the LSTM


def arraygrad_mlp() -> tuple[Any, Any, Any, Any]:
    """A model with the first weights, its optimizer, its loss, and batches; all on NumPy."""
    import arraygrad.functions as F
    from arraygrad import models, optimizers

    batches, weights = mlp.data()
    model = models.MLP(mlp.SIZES[1:], activation=F.relu)
    model(batches[0][0])
    for p, w in zip(model.params(), weights, strict=True):
        p.data = w
    optimizer = optimizers.Adam(mlp.ALPHA, mlp.BETA1, mlp.BETA2, mlp.EPS)
    return model, optimizer, lambda x, t: F.softmax_cross_entropy(model(x), t), batches


def arraygrad_cnn() -> tuple[Any, Any, Any, Any]:
    import arraygrad.functions as F
    import arraygrad.layers as L
    from arraygrad import models, optimizers

    batches, weights = cnn.data()
    _, c1, c2 = cnn.CHANNELS

    def pool(x: Any) -> Any:
        return F.pooling(x, 2, 2)

    model = models.Sequential(
        L.Conv2d(c1, 3, pad=1), F.relu, pool, L.Conv2d(c2, 3, pad=1), F.relu, pool,
        L.Flatten(), L.Linear(cnn.CLASSES),
    )  # fmt: skip
    model(batches[0][0])
    for p, w in zip(model.params(), weights, strict=True):
        p.data = w
    optimizer = optimizers.SGD(lr=cnn.LR)
    return model, optimizer, lambda x, t: F.softmax_cross_entropy(model(x), t), batches


def arraygrad_lstm() -> tuple[Any, Any, Any, Any]:
    import arraygrad.functions as F
    import arraygrad.layers as L
    from arraygrad import models, optimizers

    sequences, (Wx, Wh, b, Wy, by) = lstm.data(N_IN)
    n = lstm.HIDDEN
    rnn, out = L.LSTM(n, in_size=N_IN), L.Linear(1, in_size=n)
    model = models.Sequential(rnn, out)
    for k, gate in enumerate("fiou"):
        part = slice(k * n, (k + 1) * n)
        x2, h2 = getattr(rnn, f"x2{gate}"), getattr(rnn, f"h2{gate}")
        x2.W.data, x2.b.data, h2.W.data = Wx[:, part], b[part], Wh[:, part]
    out.W.data, out.b.data = Wy, by

    def loss_of(s: Any) -> Any:
        rnn.reset_state()
        loss = sum(F.mean_squared_error(model(s[t]), s[t + 1, :, -1:]) for t in range(lstm.STEPS))
        rnn.reset_state()
        return loss

    optimizer = optimizers.Adam(lstm.ALPHA, lstm.BETA1, lstm.BETA2, lstm.EPS)
    return model, optimizer, loss_of, [(s,) for s in sequences]


def arraygrad_transformer() -> tuple[Any, Any, Any, Any]:
    import arraygrad.functions as F
    from arraygrad import models, optimizers

    x, t, weights = transformer.data()
    model = models.TransformerBlock(
        transformer.D, transformer.HEADS, transformer.WIDE, activation=F.relu
    )
    model(x)
    for p, w in zip(model.params(), weights, strict=True):
        p.data = w
    optimizer = optimizers.SGD(lr=transformer.LR)
    return model, optimizer, lambda x, t: F.mean_squared_error(model(x), t), [(x, t)]


def ours(parts: Callable[[], Any], name: str, compiled: bool = False) -> Run:
    import_module(name)  # which says so where it is missing

    import arraygrad as ag

    model, optimizer, loss_of, batches = parts()
    backend = ag.get_backend(name)
    model.to(name)
    optimizer.setup(model)
    stream = cycle([tuple(map(backend.asarray, batch)) for batch in batches])

    def step(*batch: Any) -> Any:
        loss = loss_of(*batch)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        if compiled:
            model.cleargrads()
        return loss

    run = ag.jit(step, model, optimizer) if compiled else step

    def waited() -> Any:
        loss = run(*next(stream)).data
        return loss.block_until_ready() if name == "jax" else loss  # which computes on its own

    return waited


def jax_step(loss_of: Callable[..., Any], weights: Any, batches: Any, lr: float, adam: bool) -> Run:
    import jax
    import jax.numpy as jnp

    weights = [jnp.asarray(w) for w in weights]
    stream = cycle([tuple(map(jnp.asarray, batch)) for batch in batches])
    moments = [(jnp.zeros_like(w), jnp.zeros_like(w)) for w in weights]
    b1, b2, eps = mlp.BETA1, mlp.BETA2, mlp.EPS
    updates = 0

    @jax.jit
    def step(weights: Any, moments: Any, rate: Any, *batch: Any) -> Any:
        loss, grads = jax.value_and_grad(loss_of)(weights, *batch)
        if not adam:
            return loss, [w - lr * g for w, g in zip(weights, grads, strict=True)], moments
        moments = [
            (m + (1 - b1) * (g - m), v + (1 - b2) * (g * g - v))
            for g, (m, v) in zip(grads, moments, strict=True)
        ]
        new = [w - rate * m / (v**0.5 + eps) for w, (m, v) in zip(weights, moments, strict=True)]
        return loss, new, moments

    def run() -> Any:
        nonlocal weights, moments, updates
        updates += 1
        rate = lr * (1 - b2**updates) ** 0.5 / (1 - b1**updates)
        loss, weights, moments = step(weights, moments, rate, *next(stream))
        return jax.block_until_ready(loss)

    return run


def cross_entropy(y: Any, t: Any) -> Any:
    import jax
    import jax.numpy as jnp

    return -jnp.mean(jnp.take_along_axis(jax.nn.log_softmax(y), t[:, None], 1))


def jax_mlp() -> Run:
    import jax

    def loss_of(weights: Any, x: Any, t: Any) -> Any:
        W0, b0, W1, b1 = weights
        return cross_entropy(jax.nn.relu(x @ W0 + b0) @ W1 + b1, t)

    batches, weights = mlp.data()
    return jax_step(loss_of, weights, batches, mlp.ALPHA, adam=True)


def jax_cnn() -> Run:
    import jax
    from jax import lax

    def convolved(x: Any, W: Any, b: Any) -> Any:
        y = jax.nn.relu(lax.conv(x, W, (1, 1), "SAME") + b[:, None, None])
        return lax.reduce_window(y, -np.inf, lax.max, (1, 1, 2, 2), (1, 1, 2, 2), "VALID")

    def loss_of(weights: Any, x: Any, t: Any) -> Any:
        W0, b0, W1, b1, W2, b2 = weights
        h = convolved(convolved(x, W0, b0), W1, b1)
        return cross_entropy(h.reshape(len(x), -1) @ W2 + b2, t)

    batches, weights = cnn.data()
    return jax_step(loss_of, weights, batches, cnn.LR, adam=False)


def jax_lstm() -> Run:
    import jax
    import jax.numpy as jnp
    from jax import lax

    def loss_of(weights: Any, s: Any) -> Any:
        Wx, Wh, b, Wy, by = weights

        def at(state: Any, part: Any) -> Any:
            h, c = state
            x, y = part
            f, i, o, u = jnp.split(x @ Wx + h @ Wh + b, 4, axis=1)
            c = jax.nn.sigmoid(f) * c + jax.nn.sigmoid(i) * jnp.tanh(u)
            h = jax.nn.sigmoid(o) * jnp.tanh(c)
            return (h, c), jnp.mean((h @ Wy + by - y) ** 2)

        zeros = jnp.zeros((lstm.BATCH, lstm.HIDDEN), s.dtype)
        return jnp.sum(lax.scan(at, (zeros, zeros), (s[:-1], s[1:, :, -1:]))[1])

    sequences, weights = lstm.data(N_IN)
    return jax_step(loss_of, weights, [(s,) for s in sequences], lstm.ALPHA, adam=True)


def cases(*, quick: bool) -> Iterator[Case]:
    lstm_exact = partial(lstm.exact, N_IN)
    nets: list[tuple[str, Any, Any, Any, Any, float]] = [
        ("MLP", arraygrad_mlp, mlp.torch_eager, jax_mlp, mlp.exact, 5e-3),
        ("CNN", arraygrad_cnn, cnn.torch_eager, jax_cnn, cnn.exact, 1e-4),
        ("LSTM", arraygrad_lstm, partial(lstm.torch_cell, N_IN), jax_lstm, lstm_exact, 5e-3),
        ("transformer block", arraygrad_transformer, transformer.torch_eager,
         transformer.jax_jit, transformer.exact, 1e-3),
    ]  # fmt: skip
    on_torch, on_jax = "torch by arraygrad", "jax by arraygrad, ag.jit"
    for title, parts, torch_eager, jax_jit, exact, rtol in nets:
        yield Case(
            f"{title} training step on PyTorch and JAX",
            {
                "torch": torch_eager,
                on_torch: partial(ours, parts, "torch"),
                "jax.jit": jax_jit,
                on_jax: partial(ours, parts, "jax", compiled=True),
            },
            exact,
            targets=(Target("torch", 1.1, on_torch), Target("jax.jit", 1.1, on_jax)),
            checks=3,
            rtol=rtol,
        )
