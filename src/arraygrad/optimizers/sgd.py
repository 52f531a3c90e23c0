"""SGD and MomentumSGD: steps along the gradient."""

from __future__ import annotations

from typing import Any

from arraygrad.optimizers.optimizer import Formula, Optimizer, Rate, checked


class SGD(Optimizer):
    """Stochastic gradient descent: p -= lr * g.

    lr: a number, or a schedule.

    Robbins and Monro, "A Stochastic Approximation Method" (1951).

    >>> import numpy as np
    >>> from arraygrad.layers import Linear
    >>> layer = Linear(1, in_size=2)
    >>> optimizer = SGD(lr=0.1).setup(layer)
    >>> layer.b.grad = np.ones(1, dtype=np.float32)
    >>> optimizer.update()
    >>> layer.b
    variable([-0.1])
    """

    def __init__(self, lr: Rate = 0.01) -> None:
        super().__init__()
        checked(self, lr=lr)
        self.lr = lr

    def formula(self, number: Any, xp: Any, t: int) -> Formula:
        factor = number(-self.rate(self.lr))

        def step(x: Any, g: Any) -> Any:
            y = g * factor
            y += x
            return y

        return step


class MomentumSGD(Optimizer):
    """Gradient descent with momentum: v = momentum * v - lr * g; p += v.

    lr: a number, or a schedule.

    Rumelhart, Hinton and Williams, "Learning representations by back-propagating errors" (1986).

    >>> import numpy as np
    >>> from arraygrad.layers import Linear
    >>> layer = Linear(1, in_size=2)
    >>> optimizer = MomentumSGD(lr=0.1, momentum=0.9).setup(layer)
    >>> for i in range(2):
    ...     layer.b.grad = np.ones(1, dtype=np.float32)
    ...     optimizer.update()
    >>> layer.b
    variable([-0.29])
    """

    slots = ("v",)

    def __init__(self, lr: Rate = 0.01, momentum: float = 0.9) -> None:
        super().__init__()
        checked(self, lr=lr, momentum=momentum)
        self.lr = lr
        self.momentum = momentum

    def formula(self, number: Any, xp: Any, t: int) -> Formula:
        factor, momentum = number(-self.rate(self.lr)), number(self.momentum)

        def step(x: Any, g: Any, v: Any) -> Any:
            v *= momentum
            v += g * factor
            return x + v, v

        return step
