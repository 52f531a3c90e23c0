"""Transforms of one function, tanh(B tanh(A x)): gradient, HVP, JVP, and Jacobians of two shapes.

The jax rows call the transforms eagerly, `jax.jit` compiled; torch's are those of torch.func, which
push all columns or rows of a Jacobian through at once, while arraygrad and autograd go one by one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from .harness import Case, Make, Run, Target

WIDTH = 50
WORDS = ("gradient", "hvp", "jvp", "jacobian")
# autograd has a table of forward rules, which one product costs less with than backpropagation
# through backpropagation; there the comparison is with torch alone.
BOTH = (Target("autograd", 1.0), Target("torch", 1.0))
TARGETS = {"gradient": BOTH, "hvp": BOTH, "jvp": BOTH[1:], "jacobian": BOTH}


def data(n: int, m: int) -> tuple[np.ndarray, ...]:
    """A (50, n) and B (m, 50), the place x and the direction v (n,), in float64."""
    rng = np.random.default_rng(0)
    A = rng.normal(size=(WIDTH, n)) / np.sqrt(n)
    B = rng.normal(size=(m, WIDTH)) / np.sqrt(WIDTH)
    return A, B, rng.normal(size=n), rng.normal(size=n)


def by_hand(word: str, n: int, m: int) -> Run:
    A, B, x, v = data(n, m)

    def parts() -> tuple[np.ndarray, ...]:
        h = np.tanh(A @ x)
        y = np.tanh(B @ h)
        return h, y, 1 - h * h, 1 - y * y

    def gradient() -> np.ndarray:
        _, y, sh, sy = parts()
        return ((2 * y * sy) @ B * sh) @ A

    def hvp() -> np.ndarray:
        h, y, sh, sy = parts()
        dh = sh * (A @ v)
        dy = sy * (B @ dh)
        g, dg = 2 * y * sy, 2 * dy * sy - 4 * y * y * dy
        return ((dg @ B) * sh - 2 * (g @ B) * h * dh) @ A

    def jvp() -> np.ndarray:
        _, _, sh, sy = parts()
        return sy * (B @ (sh * (A @ v)))

    def jacobian() -> np.ndarray:
        _, _, sh, sy = parts()
        return ((sy[:, None] * B) * sh) @ A

    return {"gradient": gradient, "hvp": hvp, "jvp": jvp, "jacobian": jacobian}[word]


def functions(tanh: Callable[[Any], Any], A: Any, B: Any) -> tuple[Any, Any]:
    """The function, and the number that it is reduced to for gradients."""

    def f(x: Any) -> Any:
        return tanh(B @ tanh(A @ x))

    def square(x: Any) -> Any:
        y = f(x)
        return (y * y).sum()

    return f, square


def arraygrad_(word: str, n: int, m: int) -> Run:
    import arraygrad as ag
    import arraygrad.functions as F

    A, B, x, v = data(n, m)
    f, square = functions(F.tanh, A, B)
    if word in ("gradient", "jacobian", "jacrev", "jacfwd"):
        transform = ag.grad(square) if word == "gradient" else getattr(ag, word)(f)
        return lambda: transform(x)
    if word == "hvp":
        return lambda: ag.hvp(square, (x,), (v,))[0]
    return lambda: ag.jvp(f, (x,), (v,))[1]


def autograd_(word: str, n: int, m: int) -> Run:
    import autograd
    import autograd.numpy as anp
    from autograd.differential_operators import make_jvp

    A, B, x, v = data(n, m)
    f, square = functions(anp.tanh, A, B)
    if word == "jvp":
        return lambda: make_jvp(f)(x)(v)[1]
    if word == "hvp":
        product = autograd.hessian_vector_product(square)
        return lambda: product(x, v)
    transform = autograd.grad(square) if word == "gradient" else autograd.jacobian(f)
    return lambda: transform(x)


def jax_(word: str, n: int, m: int, *, jit: bool) -> Run:
    import jax
    import jax.numpy as jnp

    jax.config.update("jax_enable_x64", True)
    A, B, x, v = map(jnp.asarray, data(n, m))
    f, square = functions(jnp.tanh, A, B)
    transforms: dict[str, Callable[[Any, Any], Any]] = {
        "gradient": lambda x, v: jax.grad(square)(x),
        "hvp": lambda x, v: jax.jvp(jax.grad(square), (x,), (v,))[1],
        "jvp": lambda x, v: jax.jvp(f, (x,), (v,))[1],
        "jacobian": lambda x, v: (jax.jacfwd(f) if n < m else jax.jacrev(f))(x),
    }
    run = jax.jit(transforms[word]) if jit else transforms[word]
    return lambda: jax.block_until_ready(run(x, v))


def torch_(word: str, n: int, m: int) -> Run:
    import torch

    A, B, x, v = map(torch.from_numpy, data(n, m))
    f, square = functions(torch.tanh, A, B)
    jacobian = torch.func.jacfwd(f) if n < m else torch.func.jacrev(f)
    return {
        "gradient": lambda: torch.func.grad(square)(x),
        "hvp": lambda: torch.autograd.functional.vhp(square, x, v)[1],
        "jvp": lambda: torch.func.jvp(f, (x,), (v,))[1],
        "jacobian": lambda: jacobian(x),
    }[word]


def contestants(word: str, n: int, m: int) -> dict[str, Make]:
    """Everybody's way to the same numbers."""
    found: dict[str, Make] = {
        "numpy": lambda: by_hand(word, n, m),
        "torch": lambda: torch_(word, n, m),
        "jax": lambda: jax_(word, n, m, jit=False),
        "jax.jit": lambda: jax_(word, n, m, jit=True),
        "autograd": lambda: autograd_(word, n, m),
        "arraygrad": lambda: arraygrad_(word, n, m),
    }
    if word == "jacobian":  # the one that was not chosen, too
        found["arraygrad jacrev"] = lambda: arraygrad_("jacrev", n, m)
        found["arraygrad jacfwd"] = lambda: arraygrad_("jacfwd", n, m)
    return found


def cases(*, quick: bool) -> Iterator[Case]:
    sizes = {"gradient": [(20, 20)], "hvp": [(20, 20)], "jvp": [(20, 20)]}
    sizes["jacobian"] = [(100, 10), (10, 100)]
    for word in WORDS:
        for n, m in sizes[word]:
            yield Case(
                f"{word} of tanh(B tanh(A x)), {n} numbers to {m}, float64",
                contestants(word, n, m),
                lambda word=word, n=n, m=m: by_hand(word, n, m),
                targets=TARGETS[word],
                rtol=1e-9,
                atol=1e-12,
            )
