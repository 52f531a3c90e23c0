"""Fit a curve to measurements: values, gradients and Hessian for SciPy, and standard errors.

python examples/enzyme_kinetics.py [picture.png]; needs pip install "arraygrad[scipy]", and the
picture "arraygrad[plot]".

An enzyme works at a rate that saturates with the concentration of what it works on, the law of
Michaelis and Menten: rate = top * c / (half + c). The cells were treated with puromycin or not;
the question is which of the two numbers the treatment changes. Both curves are fitted at once, by
the likelihood of normal errors. The inverse of the Hessian at its maximum is the covariance of
what was fitted.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from scipy.optimize import minimize

import arraygrad as ag
import arraygrad.functions as F

# Treloar, Effects of puromycin on galactosyltransferase in golgi membranes, thesis, University of
# Toronto, 1974; printed in Bates and Watts, Nonlinear Regression Analysis, Wiley, 1988, p. 269.
# Concentration of the substrate (ppm), rate (counts / min^2).
MEASURED = {
    "treated": (
        [0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.10, 1.10],
        [76, 47, 97, 107, 123, 139, 159, 152, 191, 201, 207, 200],
    ),
    "untreated": (
        [0.02, 0.02, 0.06, 0.06, 0.11, 0.11, 0.22, 0.22, 0.56, 0.56, 1.10],
        [67, 51, 84, 86, 98, 115, 131, 124, 144, 158, 160],
    ),
}
DATA = {name: (np.array(c), np.array(r, float)) for name, (c, r) in MEASURED.items()}
START = {
    "treated": {"top": 200.0, "half": 0.1},
    "untreated": {"top": 200.0, "half": 0.1},
    "log_sigma": 3.0,
}


def rate(p: dict[str, Any], c: np.ndarray) -> Any:
    """The law of Michaelis and Menten."""
    return p["top"] * c / (p["half"] + c)


def minus_log_likelihood(p: dict[str, Any]) -> Any:
    """Of all measurements, with normal errors of one size."""
    total = 0.0
    for name, (c, r) in DATA.items():
        z = (r - rate(p[name], c)) / F.exp(p["log_sigma"])
        total = total + 0.5 * F.sum(z * z) + r.size * p["log_sigma"]
    return total


def fit() -> tuple[dict[str, Any], dict[str, Any], np.ndarray]:
    """What fits best, the standard error of each number, and their covariance."""
    fun = ag.scipy_objective(minus_log_likelihood, START)
    # Newton's method with the exact Hessian; the region of trust keeps it from running away.
    found = minimize(fun, fun.x0, jac=True, hess=fun.hess, method="trust-exact")
    if not found.success:
        raise RuntimeError(found.message)
    covariance = np.linalg.inv(fun.hess(found.x))
    return fun.unravel(found.x), fun.unravel(np.sqrt(np.diag(covariance))), covariance


def band(p: dict[str, Any], covariance: np.ndarray, name: str, c: np.ndarray) -> np.ndarray:
    """The standard error of the curve at each c: the Jacobian carries the covariance over."""
    slopes = ag.jacobian(lambda p: rate(p[name], c))(p)  # in the structure of p
    columns = [slopes[group][what] for group in DATA for what in ("top", "half")]
    J = np.stack([*columns, slopes["log_sigma"]], axis=1)
    return np.sqrt(np.einsum("ij,jk,ik->i", J, covariance, J))


def draw(p: dict[str, Any], covariance: np.ndarray, picture: str) -> None:
    """Measurements, curves, and bands of 95 %."""
    import matplotlib.pyplot as plt

    c = np.linspace(0, 1.2, 200)
    figure, axes = plt.subplots(figsize=(7, 4.5), layout="constrained")
    for name, color in (("treated", "tab:blue"), ("untreated", "tab:orange")):
        y, error = rate(p[name], c), band(p, covariance, name, c)
        axes.fill_between(c, y - 1.96 * error, y + 1.96 * error, color=color, alpha=0.2, lw=0)
        axes.plot(c, y, color=color)
        axes.plot(*DATA[name], "o", color=color, label=name)
    axes.set(xlabel="concentration (ppm)", ylabel="rate (counts / min²)", xlim=(0, 1.2), ylim=0)
    axes.set_title("Two Michaelis-Menten curves, and where they are with 95 %")
    axes.legend()
    figure.savefig(picture, dpi=120)
    plt.close(figure)
    print(f"picture: {picture}")


def main(picture: str | None = "enzyme_kinetics.png") -> tuple[dict[str, Any], dict[str, Any]]:
    p, error, covariance = fit()
    for name in DATA:
        for what, unit in (("top", "counts / min²"), ("half", "ppm")):
            print(f"{name:9}  {what:4} = {p[name][what]:8.4f} ± {error[name][what]:.4f} {unit}")
    for what in ("top", "half"):
        apart = p["treated"][what] - p["untreated"][what]
        size = np.hypot(error["treated"][what], error["untreated"][what])
        print(f"the treatment changes {what:4} by {apart:8.4f} ± {size:.4f}")
    if picture:
        draw(p, covariance, picture)
    return p, error


if __name__ == "__main__":
    main(picture=(sys.argv[1:] or ["enzyme_kinetics.png"])[0])
