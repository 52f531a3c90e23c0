"""Regression: a straight line through points, then a small network along a curve.

python examples/regression.py [picture.png]; the picture needs pip install "arraygrad[plot]".
"""

from __future__ import annotations

import sys

import numpy as np

import arraygrad.functions as F
from arraygrad import Variable, no_grad, optimizers
from arraygrad.models import MLP, Model


def line(steps: int = 100) -> tuple[np.ndarray, np.ndarray, Variable, Variable]:
    """Points about 5 + 2 x, and the slope W and the bias b that gradient descent finds."""
    np.random.seed(0)
    x = np.random.rand(100, 1)
    y = 5 + 2 * x + np.random.rand(100, 1)
    W, b = Variable(np.zeros((1, 1))), Variable(np.zeros(1))
    for _ in range(steps):
        loss = F.mean_squared_error(y, F.linear(x, W, b))
        W.cleargrad()
        b.cleargrad()
        loss.backward()
        W.data = W.data - 0.1 * W.grad.data
        b.data = b.data - 0.1 * b.grad.data
    print(f"line: y = {W.item():.4f} x + {b.item():.4f}, loss {loss.item():.4f}")
    return x, y, W, b


def curve(steps: int = 10_000) -> tuple[np.ndarray, np.ndarray, Model]:
    """Points about a sine, and a network of ten sigmoids that follows them."""
    np.random.seed(0)
    x = np.random.rand(100, 1)
    y = np.sin(2 * np.pi * x) + np.random.rand(100, 1)
    model = MLP((10, 1))
    optimizer = optimizers.SGD(lr=0.2).setup(model)
    for step in range(steps):
        loss = F.mean_squared_error(y, model(x))
        model.cleargrads()
        loss.backward()
        optimizer.update()
        if step % 1000 == 0:
            print(f"curve, step {step}: loss {loss.item():.4f}")
    return x, y, model


def main(steps: int = 10_000, picture: str | None = "regression.png") -> Model:
    """Fit both, and draw."""
    x, y, W, b = line()
    x1, y1, model = curve(steps)
    if picture:
        from matplotlib.figure import Figure

        grid = np.linspace(0, 1, 200)[:, None]
        with no_grad():
            fits = F.linear(grid, W, b).data, model(grid).data
        panels = (figure := Figure(figsize=(9, 4), layout="constrained")).subplots(1, 2)
        for panel, points, fit, name in zip(
            panels, ((x, y), (x1, y1)), fits, ("a line", "a network 1-10-1"), strict=True
        ):
            panel.scatter(*points, s=12, color="#1b6ca8", label="data")
            panel.plot(grid, fit, color="#d1495b", label=name)
            panel.set(xlabel="x", ylabel="y")
            panel.legend()
        figure.savefig(picture, dpi=120)
        print(f"in {picture}: the data and the fits")
    return model


if __name__ == "__main__":
    main(picture=(sys.argv[1:] or ["regression.png"])[0])
