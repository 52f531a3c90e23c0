"""AdaGrad, AdaDelta and RMSprop: steps scaled by the squares of earlier gradients."""

from __future__ import annotations

from typing import Any

from arraygrad.optimizers.optimizer import Formula, Optimizer, Rate, checked, squared


class AdaGrad(Optimizer):
    """h += g * g; p -= lr * g / (sqrt(h) + eps).

    lr: a number, or a schedule.

    Duchi, Hazan and Singer, "Adaptive Subgradient Methods for Online Learning and Stochastic
    Optimization" (2011).

    >>> import numpy as np
    >>> from arraygrad.layers import Linear
    >>> layer = Linear(1, in_size=2)
    >>> optimizer = AdaGrad(lr=0.1).setup(layer)
    >>> for i in range(2):
    ...     layer.b.grad = np.ones(1, dtype=np.float32)
    ...     optimizer.update()
    >>> print(f"{layer.b.item():.4f}")
    -0.1707
    """

    slots = ("h",)

    def __init__(self, lr: Rate = 0.001, eps: float = 1e-8) -> None:
        super().__init__()
        checked(self, lr=lr, eps=eps)
        self.lr = lr
        self.eps = eps

    def formula(self, number: Any, xp: Any, t: int) -> Formula:
        factor, eps = number(-self.rate(self.lr)), number(self.eps)

        def step(x: Any, g: Any, h: Any) -> Any:
            h += squared(g, xp)
            return _scaled(x, g, h, factor, eps, xp), h

        return step


class RMSprop(Optimizer):
    """h = rho * h + (1 - rho) * g * g; p -= lr * g / (sqrt(h) + eps).

    lr: a number, or a schedule.

    Tieleman and Hinton, "Lecture 6.5: rmsprop", Neural Networks for Machine Learning (2012).

    >>> import numpy as np
    >>> from arraygrad.layers import Linear
    >>> layer = Linear(1, in_size=2)
    >>> optimizer = RMSprop(lr=0.1, rho=0.75).setup(layer)
    >>> layer.b.grad = np.ones(1, dtype=np.float32)
    >>> optimizer.update()
    >>> print(f"{layer.b.item():.4f}")
    -0.2000
    """

    slots = ("h",)

    def __init__(self, lr: Rate = 0.001, rho: float = 0.9, eps: float = 1e-8) -> None:
        super().__init__()
        checked(self, lr=lr, rho=rho, eps=eps)
        self.lr = lr
        self.rho = rho
        self.eps = eps

    def formula(self, number: Any, xp: Any, t: int) -> Formula:
        factor, eps = number(-self.rate(self.lr)), number(self.eps)
        rho, part = number(self.rho), number(1 - self.rho)

        def step(x: Any, g: Any, h: Any) -> Any:
            h *= rho
            h += squared(g, xp) * part
            return _scaled(x, g, h, factor, eps, xp), h

        return step


class AdaDelta(Optimizer):
    """Steps in the units of the parameter, without a learning rate.

    msg and msdx are running means of the squares of the gradients and of the steps:
    dx = sqrt((msdx + eps) / (msg + eps)) * g; p -= dx.

    Zeiler, "ADADELTA: An Adaptive Learning Rate Method" (2012), arXiv:1212.5701.

    >>> import numpy as np
    >>> from arraygrad.layers import Linear
    >>> layer = Linear(1, in_size=2)
    >>> optimizer = AdaDelta().setup(layer)
    >>> layer.b.grad = np.ones(1, dtype=np.float32)
    >>> optimizer.update()
    >>> print(f"{layer.b.item():.6f}")
    -0.004472
    """

    slots = ("msg", "msdx")

    def __init__(self, rho: float = 0.95, eps: float = 1e-6) -> None:
        super().__init__()
        checked(self, rho=rho, eps=eps)
        self.rho = rho
        self.eps = eps

    def formula(self, number: Any, xp: Any, t: int) -> Formula:
        rho, part, eps = number(self.rho), number(1 - self.rho), number(self.eps)

        def step(x: Any, g: Any, msg: Any, msdx: Any) -> Any:
            msg *= rho
            msg += squared(g, xp) * part
            dx = msdx + eps
            dx /= msg + eps
            dx = xp.sqrt(dx)
            dx *= g
            msdx *= rho
            msdx += squared(dx, xp) * part
            return x - dx, msg, msdx

        return step


def _scaled(x: Any, g: Any, h: Any, factor: Any, eps: Any, xp: Any) -> Any:
    y = xp.sqrt(h)
    y += eps
    y = g / y
    y *= factor
    y += x
    return y
