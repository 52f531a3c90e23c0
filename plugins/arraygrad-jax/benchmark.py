"""Training steps under `ag.jit`: against arraygrad on NumPy, on JAX step by step, and plain JAX.

python benchmark.py     OMP_NUM_THREADS=1 XLA_FLAGS=--xla_cpu_multi_thread_eigen=false

Processor time of a step, the least of several turns that all take; losses are compared first.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import models, optimizers

SIZES = {"2-10-3, batch 30": (30, 2, (10, 3)), "784-1000-10, batch 100": (100, 784, (1000, 10))}


def data(batch: int, width: int, classes: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.normal(size=(batch, width)).astype("float32"), rng.integers(0, classes, batch)


def with_arraygrad(backend: str, size: Any, compiled: bool) -> Callable[[], Any]:
    batch, width, sizes = size
    with ag.using_backend(backend) as library:
        np.random.seed(0)
        model = models.MLP(sizes, activation=F.relu)
        x, t = (library.asarray(a) for a in data(batch, width, sizes[-1]))
        model(x)  # which makes the weights
    optimizer = optimizers.Adam(alpha=0.001).setup(model)

    def step(x: Any, t: Any) -> Any:
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        model.cleargrads()
        return loss

    run = ag.jit(step) if compiled else step
    return lambda: run(x, t).data


def with_jax(size: Any) -> Callable[[], Any]:
    """The same in JAX's own terms, by hand."""
    batch, width, sizes = size
    np.random.seed(0)
    model = models.MLP(sizes, activation=F.relu)
    model(np.zeros((1, width), "float32"))  # which makes the weights
    params = [jnp.array(p.data) for p in model.params()]
    x, t = (jnp.array(a) for a in data(batch, width, sizes[-1]))

    def loss_of(params: Any, x: Any, t: Any) -> Any:
        W0, b0, W1, b1 = params
        logp = jax.nn.log_softmax(jnp.maximum(x @ W0 + b0, 0) @ W1 + b1)
        return -jnp.mean(jnp.take_along_axis(logp, t[:, None], 1))

    @jax.jit
    def step(params: Any, m: Any, v: Any, n: Any, x: Any, t: Any) -> Any:
        loss, grads = jax.value_and_grad(loss_of)(params, x, t)
        m = [0.9 * a + 0.1 * g for a, g in zip(m, grads, strict=True)]
        v = [0.999 * a + 0.001 * g * g for a, g in zip(v, grads, strict=True)]
        lr = 0.001 * jnp.sqrt(1 - 0.999**n) / (1 - 0.9**n)
        params = [p - lr * a / (jnp.sqrt(b) + 1e-8) for p, a, b in zip(params, m, v, strict=True)]
        return loss, params, m, v

    state = [params, [jnp.zeros_like(p) for p in params], [jnp.zeros_like(p) for p in params]]
    n = 0

    def run() -> Any:
        nonlocal n
        n += 1
        loss, *state[:] = step(*state, float(n), x, t)
        return loss

    return run


def main() -> None:
    for name, size in SIZES.items():
        runs = {
            "ag.jit on JAX": with_arraygrad("jax", size, compiled=True),
            "plain JAX, jit": with_jax(size),
            "on JAX, not compiled": with_arraygrad("jax", size, compiled=False),
            "on NumPy": with_arraygrad("numpy", size, compiled=False),
        }
        losses = {who: [float(run()) for _ in range(8)] for who, run in runs.items()}
        first = next(iter(losses.values()))
        assert all(np.allclose(found, first, rtol=1e-3) for found in losses.values()), losses
        best = dict.fromkeys(runs, float("inf"))
        for _ in range(7):
            for who, run in runs.items():
                repeat = 30
                start = time.process_time()
                for _ in range(repeat):
                    loss = run()
                np.asarray(loss)
                best[who] = min(best[who], (time.process_time() - start) / repeat)
        print(f"MLP {name}, Adam")
        for who, seconds in best.items():
            ratio = seconds / best["ag.jit on JAX"]
            print(f"  {who:22}{seconds * 1e6:10.0f} us {ratio:8.2f}")


if __name__ == "__main__":
    main()
