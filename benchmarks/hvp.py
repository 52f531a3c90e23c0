"""A Hessian-vector product: tanh network 10-50-1, batch 64, mean squared error."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from .harness import Case, Run, Target

BATCH = 64


def data(dtype: str = "float32") -> tuple[np.ndarray, np.ndarray, list[np.ndarray], list[Any]]:
    """Inputs, targets, weights, and the vector, which has the shapes of the weights."""
    rng = np.random.default_rng(0)
    shapes = [(10, 50), (50,), (50, 1), (1,)]
    x, t = rng.normal(size=(BATCH, 10)), rng.normal(size=(BATCH, 1))
    weights = [rng.normal(size=s) / np.sqrt(s[0]) for s in shapes]
    vector = [rng.normal(size=s) for s in shapes]
    return (
        x.astype(dtype),
        t.astype(dtype),
        [w.astype(dtype) for w in weights],
        [v.astype(dtype) for v in vector],
    )


def by_hand(dtype: str = "float32") -> Run:
    """Forward over reverse: the derivative of the gradient along the vector, written out."""
    x, t, (W0, b0, W1, b1), (V0, c0, V1, c1) = data(dtype)
    two_over_n = np.dtype(dtype).type(2 / BATCH)

    def run():
        h = np.tanh(np.dot(x, W0) + b0)
        s = 1 - h * h
        g = (np.dot(h, W1) + b1 - t) * two_over_n
        dh = s * (np.dot(x, V0) + c0)
        dg = (np.dot(dh, W1) + np.dot(h, V1) + c1) * two_over_n
        gh = np.dot(g, W1.T)
        da = (np.dot(dg, W1.T) + np.dot(g, V1.T)) * s - 2 * gh * h * dh
        return (
            np.dot(x.T, da),
            np.add.reduce(da, axis=0),
            np.dot(dh.T, g) + np.dot(h.T, dg),
            np.add.reduce(dg, axis=0),
        )

    return run


def exact() -> Run:
    return by_hand("float64")


def torch_eager() -> Run:
    import torch

    x, t, weights, vector = data()
    x, t = torch.from_numpy(x), torch.from_numpy(t)
    params = [torch.from_numpy(w).requires_grad_() for w in weights]
    vector = [torch.from_numpy(v) for v in vector]

    def run():
        W0, b0, W1, b1 = params
        h = torch.tanh(torch.nn.functional.linear(x, W0.T, b0))
        loss = torch.nn.functional.mse_loss(torch.nn.functional.linear(h, W1.T, b1), t)
        grads = torch.autograd.grad(loss, params, create_graph=True)
        return torch.autograd.grad(grads, params, vector)

    return run


def jax_jit() -> Run:
    import jax
    import jax.numpy as jnp

    x, t, weights, vector = data()
    x, t = jnp.asarray(x), jnp.asarray(t)
    params, vector = [jnp.asarray(w) for w in weights], [jnp.asarray(v) for v in vector]

    def loss_of(params, x, t):
        W0, b0, W1, b1 = params
        return jnp.mean((jnp.tanh(x @ W0 + b0) @ W1 + b1 - t) ** 2)

    @jax.jit
    def product(params, vector, x, t):
        return jax.jvp(lambda p: jax.grad(loss_of)(p, x, t), (params,), (vector,))[1]

    return lambda: jax.block_until_ready(product(params, vector, x, t))


def autograd_() -> Run:
    import autograd.numpy as anp
    from autograd import grad

    x, t, params, vector = data()

    def loss_of(params):
        W0, b0, W1, b1 = params
        d = anp.dot(anp.tanh(anp.dot(x, W0) + b0), W1) + b1 - t
        return anp.sum(d * d) / BATCH

    gradient = grad(loss_of)
    product = grad(lambda p: sum(anp.sum(g * v) for g, v in zip(gradient(p), vector, strict=True)))
    return lambda: product(params)


def arraygrad_variables() -> Run:
    import arraygrad.functions as F
    from arraygrad import Variable

    x, t, weights, vector = data()
    params = [Variable(w) for w in weights]

    def run():
        W0, b0, W1, b1 = params
        for p in params:
            p.cleargrad()
        loss = F.mean_squared_error(F.linear(F.tanh(F.linear(x, W0, b0)), W1, b1), t)
        loss.backward(create_graph=True)
        dot = None
        for p, v in zip(params, vector, strict=True):
            term = F.sum(p.grad * v)
            dot = term if dot is None else dot + term
            p.cleargrad()
        dot.backward()
        return [p.grad for p in params]

    return run


def arraygrad_functional() -> Run:
    import arraygrad.functions as F
    from arraygrad import grad

    x, t, params, vector = data()

    def loss_of(params):
        W0, b0, W1, b1 = params
        return F.mean_squared_error(F.linear(F.tanh(F.linear(x, W0, b0)), W1, b1), t)

    gradient = grad(loss_of)

    def dot(params):
        terms = [F.sum(g * v) for g, v in zip(gradient(params), vector, strict=True)]
        return terms[0] + terms[1] + terms[2] + terms[3]

    product = grad(dot)
    return lambda: product(params)


def cases(*, quick: bool) -> Iterator[Case]:
    yield Case(
        "Hessian-vector product (tanh MLP 10-50-1, batch 64, MSE)",
        {
            "numpy": by_hand,
            "torch": torch_eager,
            "jax.jit": jax_jit,
            "autograd": autograd_,
            "arraygrad": arraygrad_variables,
            "arraygrad grad": arraygrad_functional,
        },
        exact,
        targets=(Target("torch", 0.6),),
        atol=1e-5,
    )
