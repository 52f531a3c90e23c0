"""Gradients of programs written against the array API standard, for 10x10 float64 and one thread.

The same function asks its argument for the namespace. The peers are HIPS autograd, where the
namespace is `autograd.numpy`, and advect, the nearest relative (it needs Python 3.12: install
arraygrad and advect there, and run `python -m benchmarks array_api`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import numpy as np

from .harness import Case, Make, Run, Target

OPS = 24


def elementwise(x: Any, xp: Any) -> Any:
    """24 elementwise ops and a sum."""
    y = x
    for _ in range(OPS // 6):
        y = xp.tanh(xp.sin(y) * x + xp.exp(-(y * y)))
    return xp.sum(y)


def matrices(x: Any, xp: Any) -> Any:
    """Products, shapes and reductions, 24 ops."""
    y = x
    for _ in range(OPS // 6):
        z = xp.matmul(y, xp.permute_dims(x, (1, 0)))
        y = z / (1.0 + xp.sum(z * z, axis=1, keepdims=True))
    return xp.mean(xp.reshape(y, (-1,)))


def solving(x: Any, xp: Any) -> Any:
    """A linear system and a determinant."""
    a = xp.matmul(x, xp.matrix_transpose(x)) + 10.0 * xp.eye(10)
    return xp.sum(xp.linalg.solve(a, x)) + xp.log(xp.linalg.det(a))


PROGRAMS = {"elementwise": elementwise, "matrices": matrices, "linear system": solving}


def data() -> np.ndarray:
    return np.random.default_rng(0).normal(size=(10, 10))


def exact(f: Callable[..., Any]) -> Run:
    """The gradient by complex steps, element by element: no difference is taken."""
    x = data()
    g = np.empty_like(x)
    for i in np.ndindex(x.shape):
        z = x.astype(complex)
        z[i] += 1e-30j
        g[i] = np.imag(f(z, np)) / 1e-30
    return lambda: g


def arraygrad(f: Callable[..., Any]) -> Run:
    import arraygrad as ag

    x = data()
    g = ag.grad(lambda x: f(x, x.__array_namespace__()))
    return lambda: g(x)


def advect(f: Callable[..., Any]) -> Run:
    import advect

    x = data()
    g = advect.grad(lambda x: f(x, x.__array_namespace__()))
    return lambda: np.asarray(g(x))


def autograd(f: Callable[..., Any]) -> Run:
    import autograd
    import autograd.numpy as anp

    x = data()
    g = autograd.grad(lambda x: f(x, _Named(anp)))
    return lambda: g(x)


class _Named:
    """autograd.numpy, with the standard's names that it lacks."""

    def __init__(self, anp: Any) -> None:
        self.anp = anp
        self.permute_dims = self.matrix_transpose = anp.transpose

    def __getattr__(self, name: str) -> Any:
        return getattr(self.anp, name)


PEERS: dict[str, Callable[..., Run]] = {
    "arraygrad": arraygrad,
    "autograd": autograd,
    "advect": advect,
}


def cases(*, quick: bool) -> Iterator[Case]:
    for name, f in PROGRAMS.items():
        contestants: dict[str, Make] = {peer: partial(make, f) for peer, make in PEERS.items()}
        yield Case(
            f"gradient of a program of the standard: {name}",
            contestants,
            partial(exact, f),
            targets=(Target("advect", 1 / 3), Target("autograd", 1.0)),
            rtol=1e-7,
            atol=1e-9,
        )
