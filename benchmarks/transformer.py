"""One training step of a Transformer block: batch 8, 64 positions, width 128, 4 heads, SGD.

The block is pre-norm, without dropout, its two-layer perceptron four times as wide, with relu as
in torch's nn.TransformerEncoderLayer; the second case has the exact gelu instead, without a target.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from .harness import Case, Run, Target

N, T, D, HEADS, WIDE = 8, 64, 128, 4, 512
LR = 1e-4
EPS = 1e-5


def data(dtype: str = "float32") -> tuple[np.ndarray, np.ndarray, list[np.ndarray]]:
    """Input, target, and the first weights in the order of the layers."""
    rng = np.random.default_rng(0)
    x, t = rng.normal(size=(2, N, T, D)).astype(dtype)

    def linear(rows, columns):
        return [
            rng.normal(size=(rows, columns)) / math.sqrt(rows),
            rng.normal(size=columns) * 0.1,
        ]

    def norm():
        return [1 + rng.normal(size=D) * 0.1, rng.normal(size=D) * 0.1]

    weights = [*norm(), *linear(D, D), *linear(D, D), *linear(D, D), *linear(D, D)]
    weights += [*norm(), *linear(D, WIDE), *linear(WIDE, D)]
    return x, t, [w.astype(dtype) for w in weights]


def normalize(x, gamma, beta):
    x_hat = x - x.mean(axis=-1, keepdims=True)
    inv_std = 1 / np.sqrt(np.mean(x_hat * x_hat, axis=-1, keepdims=True) + np.float32(EPS))
    x_hat *= inv_std
    return x_hat * gamma + beta, x_hat, inv_std


def normalize_gradients(g, gamma, x_hat, inv_std):
    ggamma, gbeta = np.add.reduce(g * x_hat, axis=0), np.add.reduce(g, axis=0)
    g = g * gamma
    along = np.mean(g * x_hat, axis=-1, keepdims=True)
    return (g - np.mean(g, axis=-1, keepdims=True) - x_hat * along) * inv_std, ggamma, gbeta


def split(x):
    return x.reshape(N, T, HEADS, -1).transpose(0, 2, 1, 3)


def merge(x):
    return x.transpose(0, 2, 1, 3).reshape(N * T, -1)


def by_hand(dtype: str = "float32") -> Run:
    x, t, weights = data(dtype)
    x, t = x.reshape(N * T, D), t.reshape(N * T, D)
    g1, b1, Wq, bq, Wk, bk, Wv, bv, Wo, bo, g2, b2, W1, c1, W2, c2 = weights
    scale = np.dtype(dtype).type(1 / math.sqrt(D // HEADS))

    def run():
        y1, x_hat1, inv_std1 = normalize(x, g1, b1)
        q, k, v = (split(y1 @ W + b) for W, b in ((Wq, bq), (Wk, bk), (Wv, bv)))
        p = (q * scale) @ k.swapaxes(-1, -2)
        p -= p.max(axis=-1, keepdims=True)
        np.exp(p, p)
        p /= p.sum(axis=-1, keepdims=True)
        a = merge(p @ v)
        h = x + a @ Wo + bo
        y2, x_hat2, inv_std2 = normalize(h, g2, b2)
        m = np.maximum(y2 @ W1 + c1, 0)
        diff = h + m @ W2 + c2 - t
        loss = np.sum(diff * diff) / N

        g = diff * (2 / N)
        gW2, gc2 = m.T @ g, np.add.reduce(g, axis=0)
        gm = g @ W2.T
        gm *= m > 0
        gW1, gc1 = y2.T @ gm, np.add.reduce(gm, axis=0)
        gh, gg2, gb2 = normalize_gradients(gm @ W1.T, g2, x_hat2, inv_std2)
        gh += g
        gWo, gbo = a.T @ gh, np.add.reduce(gh, axis=0)
        ga = split(gh @ Wo.T)
        gv = merge(p.swapaxes(-1, -2) @ ga)
        gs = ga @ v.swapaxes(-1, -2)
        gs -= np.sum(gs * p, axis=-1, keepdims=True)
        gs *= p
        gs *= scale
        gq, gk = merge(gs @ k), merge(gs.swapaxes(-1, -2) @ q)
        gy = gq @ Wq.T + gk @ Wk.T + gv @ Wv.T
        _, gg1, gb1 = normalize_gradients(gy, g1, x_hat1, inv_std1)
        grads = [gg1, gb1]
        for g_ in (gq, gk, gv):
            grads += [y1.T @ g_, np.add.reduce(g_, axis=0)]
        grads += [gWo, gbo, gg2, gb2, gW1, gc1, gW2, gc2]
        for w, gw in zip(weights, grads, strict=True):
            gw *= LR
            w -= gw
        return loss

    return run


def by_hand_gelu(dtype: str = "float64") -> Run:
    """The forward alone: only the first loss is compared."""
    x, t, weights = data(dtype)
    x, t = x.reshape(N * T, D), t.reshape(N * T, D)
    g1, b1, Wq, bq, Wk, bk, Wv, bv, Wo, bo, g2, b2, W1, c1, W2, c2 = weights
    erf = np.vectorize(math.erf)

    def run():
        y1 = normalize(x, g1, b1)[0]
        q, k, v = (split(y1 @ W + b) for W, b in ((Wq, bq), (Wk, bk), (Wv, bv)))
        p = np.exp(q @ k.swapaxes(-1, -2) / math.sqrt(D // HEADS))
        h = x + merge(p / p.sum(axis=-1, keepdims=True) @ v) @ Wo + bo
        m = normalize(h, g2, b2)[0] @ W1 + c1
        m = m * (1 + erf(m / math.sqrt(2))) / 2
        diff = h + m @ W2 + c2 - t
        return np.sum(diff * diff) / N

    return run


def exact() -> Run:
    return by_hand("float64")


def torch_eager(gelu: bool = False) -> Run:
    import torch
    from torch import nn
    from torch.nn import functional

    class Block(nn.Module):
        def __init__(self):
            super().__init__()
            self.norm1, self.norm2 = nn.LayerNorm(D, EPS), nn.LayerNorm(D, EPS)
            self.qkv, self.out = nn.Linear(D, 3 * D), nn.Linear(D, D)
            self.wide, self.narrow = nn.Linear(D, WIDE), nn.Linear(WIDE, D)
            self.activation = nn.GELU() if gelu else nn.ReLU()

        def forward(self, x):
            q, k, v = self.qkv(self.norm1(x)).view(N, T, 3, HEADS, -1).permute(2, 0, 3, 1, 4)
            a = functional.scaled_dot_product_attention(q, k, v)
            x = x + self.out(a.transpose(1, 2).reshape(N, T, D))
            return x + self.narrow(self.activation(self.wide(self.norm2(x))))

    x, t, weights = data()
    x, t = torch.from_numpy(x), torch.from_numpy(t)
    g1, b1, Wq, bq, Wk, bk, Wv, bv, Wo, bo, g2, b2, W1, c1, W2, c2 = weights
    model = Block()
    first = {
        "norm1": (g1, b1),
        "qkv": (np.concatenate([Wq, Wk, Wv], axis=1).T, np.concatenate([bq, bk, bv])),
        "out": (Wo.T, bo),
        "norm2": (g2, b2),
        "wide": (W1.T, c1),
        "narrow": (W2.T, c2),
    }
    with torch.no_grad():
        for name, (w, b) in first.items():
            getattr(model, name).weight.copy_(torch.from_numpy(w))
            getattr(model, name).bias.copy_(torch.from_numpy(b))
    optimizer = torch.optim.SGD(model.parameters(), lr=LR)

    def run():
        loss = functional.mse_loss(model(x), t, reduction="sum") / N
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return run


def jax_jit(gelu: bool = False) -> Run:
    import jax
    import jax.numpy as jnp

    x, t, weights = (jax.tree.map(jnp.asarray, part) for part in data())

    def norm(x, gamma, beta):
        x = x - jnp.mean(x, axis=-1, keepdims=True)
        return x / jnp.sqrt(jnp.mean(x * x, axis=-1, keepdims=True) + EPS) * gamma + beta

    def loss_of(weights):
        g1, b1, Wq, bq, Wk, bk, Wv, bv, Wo, bo, g2, b2, W1, c1, W2, c2 = weights
        y = norm(x, g1, b1)
        q, k, v = ((y @ W + b).reshape(N, T, HEADS, -1) for W, b in ((Wq, bq), (Wk, bk), (Wv, bv)))
        h = x + jax.nn.dot_product_attention(q, k, v).reshape(N, T, D) @ Wo + bo
        m = norm(h, g2, b2) @ W1 + c1
        m = jax.nn.gelu(m, approximate=False) if gelu else jax.nn.relu(m)
        return jnp.sum((h + m @ W2 + c2 - t) ** 2) / N

    @jax.jit
    def step(weights):
        loss, grads = jax.value_and_grad(loss_of)(weights)
        return loss, [w - LR * g for w, g in zip(weights, grads, strict=True)]

    def run():
        nonlocal weights
        loss, weights = step(weights)
        return jax.block_until_ready(loss)

    return run


def arraygrad_layers(gelu: bool = False) -> Run:
    import arraygrad.functions as F
    from arraygrad import optimizers
    from arraygrad.models import TransformerBlock

    x, t, weights = data()
    model = TransformerBlock(D, HEADS, WIDE, activation=F.gelu if gelu else F.relu)
    model(x)
    for p, w in zip(model.params(), weights, strict=True):
        if p.shape != w.shape:
            raise AssertionError(f"params() gives {p.shape} where {w.shape} was expected")
        p.data = w
    optimizer = optimizers.SGD(lr=LR).setup(model)

    def run():
        loss = F.mean_squared_error(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    return run


def cases(*, quick: bool) -> Iterator[Case]:
    title = f"Transformer block training step ({N}x{T}x{D}, {HEADS} heads, SGD)"
    yield Case(
        f"{title}, relu",
        {
            "numpy": by_hand,
            "torch": torch_eager,
            "jax.jit": jax_jit,
            "arraygrad": arraygrad_layers,
        },
        exact,
        targets=(Target("torch", 1.1),),
        checks=3,
        rtol=1e-3,
    )
    yield Case(
        f"{title}, gelu",
        {
            "torch": lambda: torch_eager(gelu=True),
            "jax.jit": lambda: jax_jit(gelu=True),
            "arraygrad": lambda: arraygrad_layers(gelu=True),
        },
        by_hand_gelu,
    )
