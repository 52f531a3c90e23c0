"""Sharpen a blurred signal: find what, when blurred, is what was measured.

python examples/deconvolution.py [PICTURE]

Steps are measured through a Gaussian blur, with noise. Unknown is the signal, one number for each
place; a penalty on differences between neighbors prefers signals of few steps (Rudin, Osher and
Fatemi 1992, doi:10.1016/0167-2789(92)90242-F). The gradient comes back through the blur, which is
the function that a program would call to blur, and nothing else.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from scipy.optimize import minimize

import arraygrad as ag
import arraygrad.functions as F

WIDTH, NOISE, N = 4.0, 0.02, 160


def truth() -> np.ndarray:
    x = np.zeros(N)
    for begin, end, height in ((20, 45, 1.0), (45, 60, 0.4), (90, 98, 1.3), (115, 140, 0.7)):
        x[begin:end] = height
    return x


def measured() -> np.ndarray:
    blurred = F.gaussian_filter1d(truth(), WIDTH).data
    return blurred + np.random.default_rng(0).normal(scale=NOISE, size=N)


def misfit(signal: Any, y: np.ndarray) -> Any:
    """Errors of the blurred signal, and about the sum of its steps."""
    errors = F.gaussian_filter1d(signal, WIDTH) - y
    steps = signal[1:] - signal[:-1]
    return (errors**2).sum() / NOISE**2 / 2 + 12 * F.sqrt(steps**2 + 1e-6).sum()


def main(picture: str | None = "deconvolution.png") -> tuple[float, float]:
    y = measured()
    fun = ag.scipy_objective(misfit, y)
    limits = {"maxiter": 3000, "maxfun": 4000}
    found = minimize(fun, fun.x0, (y,), jac=True, method="L-BFGS-B", options=limits)
    before, after = (float(np.sqrt(np.mean((x - truth()) ** 2))) for x in (y, found.x))
    print(f"error {after:.3f} after {found.nfev} gradients, {before:.3f} before")
    if picture:
        draw(y, found.x, picture)
    return before, after


def draw(y: np.ndarray, signal: np.ndarray, picture: str) -> None:
    import matplotlib.pyplot as plt

    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    axes.plot(y, ".", color="tab:gray", label="measured")
    axes.plot(truth(), color="tab:green", lw=1, drawstyle="steps-mid", label="truth")
    axes.plot(signal, color="tab:red", label="found")
    axes.set(xlabel="place", title="A blurred signal, sharpened")
    axes.legend()
    figure.savefig(picture, dpi=120)
    plt.close(figure)
    print(f"picture: {picture}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
