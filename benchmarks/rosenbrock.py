"""The value and the gradient of the Rosenbrock function on 0-d float64."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from .harness import Case, Run, Target

START = (0.5, 2.0)


def rosenbrock(x0, x1):
    return 100 * (x1 - x0**2) ** 2 + (x0 - 1) ** 2


def by_hand() -> Run:
    x0, x1 = (np.array(v) for v in START)

    def run():
        d = x1 - x0**2
        e = x0 - 1
        return 100 * d**2 + e**2, -400 * d * x0 + 2 * e, 200 * d

    return run


def torch_eager() -> Run:
    import torch

    x0, x1 = (torch.tensor(v, dtype=torch.float64, requires_grad=True) for v in START)

    def run():
        x0.grad = x1.grad = None
        y = rosenbrock(x0, x1)
        y.backward()
        return y, x0.grad, x1.grad

    return run


def jax_jit() -> Run:
    import jax

    jax.config.update("jax_enable_x64", True)
    f = jax.jit(jax.value_and_grad(rosenbrock, argnums=(0, 1)))
    x0, x1 = (jax.numpy.asarray(v) for v in START)
    return lambda: jax.block_until_ready(f(x0, x1))


def autograd_() -> Run:
    from autograd import value_and_grad

    f = value_and_grad(rosenbrock, argnum=(0, 1))
    x0, x1 = (np.array(v) for v in START)
    return lambda: f(x0, x1)


def arraygrad_variables() -> Run:
    from arraygrad import Variable

    x0, x1 = (Variable(np.array(v)) for v in START)

    def run():
        x0.cleargrad()
        x1.cleargrad()
        y = rosenbrock(x0, x1)
        y.backward()
        return y, x0.grad, x1.grad

    return run


def arraygrad_functional() -> Run:
    from arraygrad import value_and_grad

    f = value_and_grad(rosenbrock, argnums=(0, 1))
    x0, x1 = (np.array(v) for v in START)
    return lambda: f(x0, x1)


def cases(*, quick: bool) -> Iterator[Case]:
    yield Case(
        "Rosenbrock, value and gradient, 0-d float64",
        {
            "numpy": by_hand,
            "torch": torch_eager,
            "jax.jit": jax_jit,
            "autograd": autograd_,
            "arraygrad": arraygrad_variables,
            "arraygrad value_and_grad": arraygrad_functional,
        },
        by_hand,
        targets=(Target("torch", 0.15),),
        rtol=1e-12,
    )
