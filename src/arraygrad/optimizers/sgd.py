"""SGD and MomentumSGD: steps along the gradient."""

from __future__ import annotations

from typing import Any

from arraygrad.backend import backend_of
from arraygrad.optimizers.gradient import gradient
from arraygrad.optimizers.optimizer import Optimizer
from arraygrad.variable import Parameter


class SGD(Optimizer):
    """Stochastic gradient descent: p -= lr * g.

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

    def __init__(self, lr: float = 0.01) -> None:
        super().__init__()
        self.lr = lr
        self._factors: dict[Any, Any] = {}  # type and dtype -> -lr, to multiply with
        self._factors_of = lr

    def update_one(self, param: Parameter) -> None:
        # Small models spend their time here: this is what the properties of Variable do, without
        # their checks, as shape and dtype stay the same.
        g, x = param._node.grad._data, param._data  # type: ignore[union-attr]
        if self.lr is not self._factors_of:
            self._factors, self._factors_of = {}, self.lr
        key = (type(g), g.dtype)
        factor = self._factors.get(key)
        if factor is None:
            # float(): a rate that is a NumPy scalar would make float32 float64.
            factor = self._factors[key] = backend_of(g).scalar(-float(self.lr), g.dtype)
        step = g * factor
        if step.dtype != x.dtype or step.shape != x.shape:
            step = gradient(param) * -float(self.lr)
        step += x
        param._data = step


class MomentumSGD(Optimizer):
    """Gradient descent with momentum: v = momentum * v - lr * g; p += v.

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

    def __init__(self, lr: float = 0.01, momentum: float = 0.9) -> None:
        super().__init__()
        self.lr = lr
        self.momentum = momentum

    def update_one(self, param: Parameter) -> None:
        state = self.state(param)
        v = gradient(param) * -float(self.lr)
        if state:
            v += state["v"] * float(self.momentum)
        state["v"] = v
        param.data = param.data + v
