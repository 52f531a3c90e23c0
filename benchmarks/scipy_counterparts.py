"""arraygrad-scipy: value and gradient, against SciPy's value, and gradients of PyTorch and JAX.

python -m benchmarks.scipy_counterparts [NAME ...]

On NumPy arrays of float64 and one thread: processor time, the least of several turns that all take
in one process. Differences from SciPy are shares of the largest number. The gradient is that of
the sum. PyTorch and JAX compute with float64 too, JAX compiled (`jax.jit`), its compilation not
counted; gradients are compared first.
"""

from __future__ import annotations

import os
import sys

os.environ["OMP_NUM_THREADS"] = os.environ["OPENBLAS_NUM_THREADS"] = "1"
os.environ["MKL_NUM_THREADS"] = "1"
os.environ["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"

import time
from collections.abc import Callable
from typing import Any

import numpy as np

RNG = np.random.default_rng(0)
Run = Callable[[], Any]


class by_arraygrad:
    """Calls give gradients; `value` is what f gives."""

    def __init__(self, f: Any, *xs: Any) -> None:
        import arraygrad as ag

        self.gradient = ag.value_and_grad(lambda *xs: f(*xs).sum(), tuple(range(len(xs))))
        self.xs = xs
        self.value = f(*xs).data

    def __call__(self) -> Any:
        return self.gradient(*self.xs)[1]


def by_torch(f: Any, *xs: Any) -> Run:
    import torch

    torch.set_num_threads(1)

    def run() -> Any:
        leaves = [torch.tensor(x, requires_grad=True) for x in xs]
        f(*leaves).sum().backward()
        return [x.grad.numpy() for x in leaves]

    return run


def by_jax(f: Any, *xs: Any) -> Run:
    import jax

    jax.config.update("jax_enable_x64", True)
    gradient = jax.jit(jax.value_and_grad(lambda *xs: f(*xs).sum(), tuple(range(len(xs)))))
    xs = tuple(map(jax.numpy.asarray, xs))
    return lambda: jax.block_until_ready(gradient(*xs))[1]


def cases() -> dict[str, dict[str, Any]]:
    """name -> contestant -> what it does once."""
    import jax
    import jax.experimental.ode
    import jax.numpy as jnp
    import scipy.interpolate
    import scipy.linalg
    import scipy.ndimage
    import scipy.signal
    import torch
    from scipy.integrate import solve_ivp

    import arraygrad.functions as F

    x, h = RNG.normal(size=10_000), RNG.normal(size=101)
    long = RNG.normal(size=3_000)
    image = RNG.normal(size=(256, 256))
    A, L = RNG.normal(size=(50, 50)) / 5, np.tril(RNG.normal(size=(200, 200))) + 20 * np.eye(200)
    knots, at = np.sort(RNG.uniform(size=1_000)), RNG.uniform(size=10_000)
    values = RNG.normal(size=1_000)
    B = RNG.normal(size=(200, 50))
    b, a = scipy.signal.butter(4, 0.2)
    p, ts = np.array([1.1, 0.4, 0.4, 0.1]), np.linspace(0.0, 10.0, 21)

    def torch_convolve(x: Any, h: Any) -> Any:
        return torch.nn.functional.conv1d(x[None, None], h.flip(0)[None, None], padding=len(h) - 1)

    def rates(stack: Any) -> Any:
        def f(y: Any, t: Any, p: Any) -> Any:
            return stack([p[0] * y[0] - p[1] * y[0] * y[1], -p[2] * y[1] + p[3] * y[0] * y[1]])

        return f

    y0 = np.array([10.0, 5.0])
    return {
        "convolve 10000 * 101": {
            "SciPy's value": lambda: scipy.signal.convolve(x, h),
            "arraygrad": by_arraygrad(F.convolve, x, h),
            "torch": by_torch(torch_convolve, x, h),
            "jax": by_jax(jnp.convolve, x, h),
        },
        "convolve 10000 * 3000": {
            "SciPy's value": lambda: scipy.signal.convolve(x, long),
            "arraygrad": by_arraygrad(F.convolve, x, long),
            "jax": by_jax(lambda x, h: jax.scipy.signal.fftconvolve(x, h), x, long),
        },
        "lfilter, order 4, 10000": {
            "SciPy's value": lambda: scipy.signal.lfilter(b, a, x),
            "arraygrad": by_arraygrad(lambda x: F.lfilter(b, a, x), x),
        },
        "gaussian_filter 256 x 256": {
            "SciPy's value": lambda: scipy.ndimage.gaussian_filter(image, 2.0),
            "arraygrad": by_arraygrad(lambda x: F.gaussian_filter(x, 2.0), image),
        },
        "expm 50 x 50": {
            "SciPy's value": lambda: scipy.linalg.expm(A),
            "arraygrad": by_arraygrad(F.expm, A),
            "torch": by_torch(torch.linalg.matrix_exp, A),
            "jax": by_jax(jax.scipy.linalg.expm, A),
        },
        "solve_triangular 200 x 50": {
            "SciPy's value": lambda: scipy.linalg.solve_triangular(L, B, lower=True),
            "arraygrad": by_arraygrad(lambda L, B: F.solve_triangular(L, B, lower=True), L, B),
            "torch": by_torch(lambda L, B: torch.linalg.solve_triangular(L, B, upper=False), L, B),
            "jax": by_jax(lambda L, B: jax.scipy.linalg.solve_triangular(L, B, lower=True), L, B),
        },
        "interp 10000 of 1000": {
            "SciPy's value": lambda: np.interp(at, knots, values),
            "arraygrad": by_arraygrad(lambda x, y: F.interp(x, knots, y), at, values),
            "jax": by_jax(lambda x, y: jnp.interp(x, knots, y), at, values),
        },
        "cubic_spline 10000 of 1000": {
            "SciPy's value": lambda: scipy.interpolate.CubicSpline(knots, values)(at),
            "arraygrad": by_arraygrad(lambda y, x: F.cubic_spline(knots, y, x), values, at),
        },
        "odeint, Lotka-Volterra": {
            "SciPy's value": lambda: solve_ivp(
                lambda t, y: rates(np.stack)(y, t, p), (0, 10), y0, t_eval=ts,
                rtol=1.4e-8, atol=1.4e-8,
            ).y.T,
            "arraygrad": by_arraygrad(lambda p: F.odeint(rates(F.stack), y0, ts, p), p),
            "jax": by_jax(
                lambda p: jax.experimental.ode.odeint(rates(jnp.stack), y0, jnp.asarray(ts), p), p
            ),
        },
    }  # fmt: skip


def least(runs: dict[str, Run], rounds: int = 9) -> dict[str, float]:
    """Seconds of each, once; they take turns."""
    best = dict.fromkeys(runs, np.inf)
    for run in runs.values():
        run()
    for _ in range(rounds):
        for name, run in runs.items():
            start, count = time.process_time(), 0
            while time.process_time() - start < 0.02:
                run()
                count += 1
            best[name] = min(best[name], (time.process_time() - start) / count)
    return best


def main(names: list[str]) -> None:
    print("| | Largest difference from SciPy | ms | of SciPy's value | of PyTorch's | of JAX's |")
    print("|---|---|---|---|---|---|")
    for title, runs in cases().items():
        if names and not any(title.startswith(name) for name in names):
            continue
        theirs = [runs[n]() for n in ("torch", "jax") if n in runs]
        for other in theirs:
            for mine, g in zip(runs["arraygrad"](), other, strict=True):
                np.testing.assert_allclose(mine, g, rtol=1e-4, atol=1e-6 * np.abs(mine).max())
        right, ours = runs["SciPy's value"](), runs["arraygrad"].value
        differs = np.abs(ours - right).max() / np.abs(right).max()
        best = least(runs)
        mine = best.pop("arraygrad")
        ratios = [
            f"{mine / best[n]:.2f}" if n in best else "" for n in ("SciPy's value", "torch", "jax")
        ]
        print(f"| {title} | {differs:.0e} | {mine * 1e3:.2f} | {' | '.join(ratios)} |", flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
