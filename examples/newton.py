"""Newton's method and gradient descent, with first and second derivatives by backpropagation.

python examples/newton.py
"""

from __future__ import annotations

import numpy as np

from arraygrad import Variable, grad


def quartic(x: Variable) -> Variable:
    """x ** 4 - 2 x ** 2, whose minima are at -1 and 1."""
    return x**4 - 2 * x**2


def rosenbrock(x0: Variable, x1: Variable) -> Variable:
    """The banana valley; its minimum is at (1, 1)."""
    return 100 * (x1 - x0**2) ** 2 + (x0 - 1) ** 2


def newton(start: float = 2.0, steps: int = 10) -> list[float]:
    """The way of Newton's method down the quartic: x -= f'(x) / f''(x)."""
    slope = grad(quartic)
    curvature = grad(slope)
    x, way = np.array(start), [start]
    for _ in range(steps):
        x = x - slope(x) / curvature(x)
        way.append(float(x))
    return way


def descent(steps: int = 10_000, lr: float = 0.001) -> tuple[float, float]:
    """Where gradient descent is in the banana valley after so many steps, from (0, 2)."""
    x0, x1 = Variable(np.array(0.0)), Variable(np.array(2.0))
    for _ in range(steps):
        y = rosenbrock(x0, x1)
        x0.cleargrad()
        x1.cleargrad()
        y.backward()
        x0.data = x0.data - lr * x0.grad.data
        x1.data = x1.data - lr * x1.grad.data
    return float(x0), float(x1)


def newton_valley(steps: int = 6) -> list[tuple[float, float]]:
    """The way of Newton's method through the banana valley, from (0, 2), with the Hessian."""
    slope = grad(lambda x: rosenbrock(x[0], x[1]))
    hessian_row = [grad(lambda x, i=i: slope(x)[i]) for i in range(2)]
    x = np.array([0.0, 2.0])
    way = [(0.0, 2.0)]
    for _ in range(steps):
        hessian = np.stack([row(x) for row in hessian_row])
        x = x - np.linalg.solve(hessian, slope(x))
        way.append((float(x[0]), float(x[1])))
    return way


def main(steps: int = 10_000) -> None:
    """Print the ways."""
    for i, x in enumerate(newton()):
        print(f"Newton, step {i}: x = {x:.12f}")
    for i, (x0, x1) in enumerate(newton_valley()):
        print(f"Newton in the banana valley, step {i}: ({x0:.8f}, {x1:.8f})")
    x0, x1 = descent(steps)
    print(f"gradient descent, {steps} steps: ({x0:.5f}, {x1:.5f}), the minimum is at (1, 1)")


if __name__ == "__main__":
    main()
