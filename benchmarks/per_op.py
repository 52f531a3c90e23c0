"""The cost of one small op: chains of multiplications on 10x10 float32, both operands tracked."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from .harness import Case, Make, Run, Target

CHAINS = (1, 10, 100, 1000)


def operands(dtype: str = "float32") -> tuple[np.ndarray, np.ndarray]:
    """A start value and a factor near one, so that a thousand products stay in range."""
    rng = np.random.default_rng(0)
    x = rng.normal(size=(10, 10))
    w = 1 + 1e-3 * rng.normal(size=(10, 10))
    return x.astype(dtype), w.astype(dtype)


def exact(n: int, *, backward: bool) -> Run:
    x, w = (a.astype("float64") for a in operands())

    def run():
        y = x * w**n
        return (y, w**n, n * x * w ** (n - 1)) if backward else y

    return run


def numpy_forward(n: int) -> Run:
    x, w = operands()

    def run():
        y = x
        for _ in range(n):
            y = y * w
        return y

    return run


def numpy_backward(n: int) -> Run:
    """By hand: keep what the products need, walk back, add up in place."""
    x, w = operands()

    def run():
        y, kept = x, []
        for _ in range(n):
            kept.append(y)
            y = y * w
        g, gw = np.ones_like(y), np.zeros_like(w)
        for x_i in reversed(kept):
            gw += g * x_i
            g = g * w
        return y, g, gw

    return run


def torch_forward(n: int) -> Run:
    import torch

    x, w = (torch.from_numpy(a).requires_grad_() for a in operands())

    def run():
        y = x
        for _ in range(n):
            y = y * w
        return y

    return run


def torch_backward(n: int) -> Run:
    import torch

    x, w = (torch.from_numpy(a).requires_grad_() for a in operands())
    ones = torch.ones(10, 10)

    def run():
        x.grad = w.grad = None
        y = x
        for _ in range(n):
            y = y * w
        y.backward(ones)
        return y, x.grad, w.grad

    return run


def arraygrad_forward(n: int) -> Run:
    from arraygrad import Variable

    x, w = (Variable(a) for a in operands())

    def run():
        y = x
        for _ in range(n):
            y = y * w
        return y

    return run


def arraygrad_backward(n: int) -> Run:
    from arraygrad import Variable

    x, w = (Variable(a) for a in operands())

    def run():
        x.cleargrad()
        w.cleargrad()
        y = x
        for _ in range(n):
            y = y * w
        y.backward()
        return y, x.grad, w.grad

    return run


def _autograd_chain(n: int):
    from autograd import make_vjp

    def chain(x, w):
        y = x
        for _ in range(n):
            y = y * w
        return y

    return make_vjp(chain, argnum=(0, 1))


def autograd_forward(n: int) -> Run:
    make_vjp = _autograd_chain(n)
    x, w = operands()
    return lambda: make_vjp(x, w)[1]


def autograd_backward(n: int) -> Run:
    make_vjp = _autograd_chain(n)
    x, w = operands()
    ones = np.ones_like(x)

    def run():
        vjp, y = make_vjp(x, w)
        return y, *vjp(ones)

    return run


# No JAX here: jitted, a chain has no cost per op; unjitted, nobody runs it in a loop.
FORWARD = {
    "numpy": numpy_forward,
    "torch": torch_forward,
    "autograd": autograd_forward,
    "arraygrad": arraygrad_forward,
}
BACKWARD = {
    "numpy": numpy_backward,
    "torch": torch_backward,
    "autograd": autograd_backward,
    "arraygrad": arraygrad_backward,
}


def cases(*, quick: bool) -> Iterator[Case]:
    for n in CHAINS:
        contestants: dict[str, Make] = {k: partial(f, n) for k, f in FORWARD.items()}
        yield Case(
            f"one op, forward recorded, chain of {n}",
            contestants,
            partial(exact, n, backward=False),
            targets=(Target("numpy", 3.0),) if n == 100 else (),
            per=n,
            rtol=1e-3,
        )
    for n in CHAINS:
        contestants = {k: partial(f, n) for k, f in BACKWARD.items()}
        yield Case(
            f"one op, forward + backward, chain of {n}",
            contestants,
            partial(exact, n, backward=True),
            targets=(Target("torch", 0.5),) if n == 100 else (),
            per=n,
            rtol=1e-3,
        )
