"""Derivatives of sin and tanh to high order, each by backpropagation through the one before.

python examples/high_order.py [picture.png]; the picture needs pip install "arraygrad[plot]".
"""

from __future__ import annotations

import sys
from collections.abc import Callable

import numpy as np

import arraygrad.functions as F
from arraygrad import Variable


def derivatives(f: Callable[[Variable], Variable], x: np.ndarray, order: int) -> list[np.ndarray]:
    """f(x) and its derivatives up to `order`, elementwise."""
    x = Variable(x)
    y = f(x)
    values = [y.data]
    for _ in range(order):
        x.cleargrad()
        y.backward(create_graph=True)
        y = x.grad
        values.append(y.data)
    return values


def draw(curves: dict[str, list[np.ndarray]], x: np.ndarray, path: str) -> None:
    """One panel for each function, one curve for each order."""
    from matplotlib import colormaps
    from matplotlib.figure import Figure

    figure = Figure(figsize=(8, 7), layout="constrained")
    for panel, (name, values) in zip(figure.subplots(len(curves)), curves.items(), strict=True):
        for order, y in enumerate(values):
            color = colormaps["viridis"](order / len(values))
            label = name if order == 0 else f"order {order}"
            width = 4 if order == 0 else 1.5  # the fourth derivative of sin lies on sin
            panel.plot(x, y / np.max(np.abs(y)), color=color, label=label, linewidth=width)
        panel.set(title=f"{name} and its derivatives, each over its largest value", xlabel="x")
        panel.legend(loc="upper left", bbox_to_anchor=(1, 1))
    figure.savefig(path, dpi=120)
    print(f"in {path}: the derivatives of {' and '.join(curves)}")


def main(picture: str | None = "high_order.png") -> dict[str, list[np.ndarray]]:
    """Differentiate, print the derivatives at 1, and draw."""
    x = np.linspace(-7, 7, 201)
    curves = {"sin": derivatives(F.sin, x, 4), "tanh": derivatives(F.tanh, x, 6)}
    for name, f, order in (("sin", F.sin, 4), ("tanh", F.tanh, 6)):
        for n, value in enumerate(derivatives(f, np.array(1.0), order)):
            print(f"{name}, order {n}, at 1: {float(value):+.12f}")
    if picture:
        draw(curves, x, picture)
    return curves


if __name__ == "__main__":
    main(picture=(sys.argv[1:] or ["high_order.png"])[0])
