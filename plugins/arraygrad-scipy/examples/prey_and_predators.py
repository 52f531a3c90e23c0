"""Fit a differential equation to measurements: the model of Lotka and Volterra to lynx and hares.

python examples/prey_and_predators.py [PICTURE]

The Hudson's Bay Company counted pelts of snowshoe hares and of lynx, 1900 to 1920. The model says
how fast hares multiply, how often they are eaten, and how lynx live on them. Its four rates and
both numbers at the begin are fitted at once, on the scale of logarithms, where errors are of one
size; the gradient comes back through the solver, and Newton's method has the exact Hessian.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np
from scipy.optimize import minimize

import arraygrad as ag
import arraygrad.functions as F

# Pelts in thousands: Hewitt, The Conservation of the Wild Life of Canada, Scribner, 1921; the
# numbers as printed by Howard, Modeling Basics, 2009.
YEARS = np.arange(1900.0, 1921.0)
HARES = np.array(
    [30.0, 47.2, 70.2, 77.4, 36.3, 20.6, 18.1, 21.4, 22.0, 25.4, 27.1, 40.3, 57.0, 76.6, 52.3,
     19.5, 11.2, 7.6, 14.6, 16.2, 24.7]
)  # fmt: skip
LYNX = np.array(
    [4.0, 6.1, 9.8, 35.2, 59.4, 41.7, 19.0, 13.0, 8.3, 9.1, 7.4, 8.0, 12.3, 19.5, 45.7, 51.1,
     29.7, 15.8, 9.7, 10.1, 8.6]
)  # fmt: skip
# Logarithms, so that all stay above 0.
START = {
    "birth": np.log(0.5), "eaten": np.log(0.03), "death": np.log(0.8), "fed": np.log(0.025),
    "hares": np.log(30.0), "lynx": np.log(4.0),
}  # fmt: skip


def rates(y: Any, t: Any, p: dict[str, Any]) -> Any:
    """The model of Lotka 1925 and Volterra 1926."""
    hares, lynx = y
    return [
        (p["birth"] - p["eaten"] * lynx) * hares,
        (p["fed"] * hares - p["death"]) * lynx,
    ]


def solution(p: dict[str, Any], years: np.ndarray) -> Any:
    p = {name: F.exp(x) for name, x in p.items()}
    return F.odeint(rates, [p["hares"], p["lynx"]], years, p, rtol=1e-6, atol=1e-6)


def misfit(p: dict[str, Any]) -> Any:
    """The sum of squares of errors of logarithms."""
    hares, lynx = solution(p, YEARS)
    return ((F.log(hares) - np.log(HARES)) ** 2).sum() + ((F.log(lynx) - np.log(LYNX)) ** 2).sum()


def main(picture: str | None = "prey_and_predators.png") -> dict[str, float]:
    fun = ag.scipy_objective(misfit, START)
    found = minimize(fun, fun.x0, jac=True, hess=fun.hess, method="trust-exact")
    if not found.success:
        raise RuntimeError(found.message)
    freedom = 2 * len(YEARS) - len(START)
    errors = np.sqrt(np.diag(np.linalg.inv(fun.hess(found.x) / 2)) * found.fun / freedom)
    p = {name: float(np.exp(x)) for name, x in fun.unravel(found.x).items()}
    for (name, x), error in zip(p.items(), errors, strict=True):
        print(f"{name:6} = {x:8.4f} ± {x * error:.4f}")
    print(
        f"{found.nit} steps, {found.nfev} solutions; deviation {np.sqrt(found.fun / freedom):.3f}"
    )
    if picture:
        draw(fun.unravel(found.x), picture)
    return p


def draw(p: dict[str, Any], picture: str) -> None:
    import matplotlib.pyplot as plt

    years = np.linspace(1900.0, 1920.0, 201)
    with ag.no_grad():
        curves = solution(p, years)
    figure, axes = plt.subplots(figsize=(7, 4), layout="constrained")
    for name, y, curve, color in (
        ("hares", HARES, curves[0], "tab:blue"),
        ("lynx", LYNX, curves[1], "tab:orange"),
    ):
        axes.plot(years, curve.data, color=color)
        axes.plot(YEARS, y, "o", color=color, label=name)
    axes.set(xlabel="year", ylabel="pelts (thousands)", ylim=0, xticks=range(1900, 1921, 4))
    axes.set_title("Lotka and Volterra's model, fitted through the solver")
    axes.legend()
    figure.savefig(picture, dpi=120)
    plt.close(figure)
    print(f"picture: {picture}")


if __name__ == "__main__":
    main(*sys.argv[1:2])
