"""Adam and AdamW: steps scaled by running means of the gradient and its square."""

from __future__ import annotations

import math
from typing import Any

from arraygrad.errors import ArgumentError
from arraygrad.optimizers.optimizer import Formula, Optimizer, Rate, checked, squared


class Adam(Optimizer):
    """Gradient descent scaled by running means of the gradient (m) and of its square (v).

    alpha: the step size, a number or a schedule; beta1, beta2: how slowly m and v change; eps:
    added to the root of v.

    Kingma and Ba, "Adam: A Method for Stochastic Optimization" (2015), arXiv:1412.6980, in the
    form of its section 2 that corrects the bias of m and v in the step size, `lr`.

    >>> import numpy as np
    >>> from arraygrad.layers import Linear
    >>> layer = Linear(1, in_size=2)
    >>> optimizer = Adam(alpha=0.1).setup(layer)
    >>> layer.b.grad = np.ones(1, dtype=np.float32)
    >>> optimizer.update()
    >>> print(f"{layer.b.item():.4f}")
    -0.1000
    >>> optimizer.t
    1
    """

    slots = ("m", "v")

    def __init__(
        self, alpha: Rate = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
    ) -> None:
        super().__init__()
        checked(self, alpha=alpha, beta1=beta1, beta2=beta2, eps=eps)
        for name, beta in (("beta1", beta1), ("beta2", beta2)):
            if not 0 <= beta < 1:
                raise ArgumentError(
                    f"{type(self).__name__}: {name} is {beta!r}; expected 0 <= {name} < 1"
                )
        self.alpha = alpha
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps

    @property
    def t(self) -> int:
        """How many updates were made; the book's name."""
        return self.updates

    @t.setter
    def t(self, t: int) -> None:
        self.updates = t

    @property
    def lr(self) -> float:
        """The step size of the last update, or of the first one before that."""
        return self._step_size(max(self.updates, 1))

    def _step_size(self, t: int) -> float:
        # Its own count for each parameter: one that comes later has young means, too.
        correction = math.sqrt(1 - self.beta2**t) / (1 - self.beta1**t)
        return float(self.rate(self.alpha) * correction)

    def formula(self, number: Any, xp: Any, t: int) -> Formula:
        factor, eps = number(-self._step_size(t)), number(self.eps)
        part1, part2 = number(1 - self.beta1), number(1 - self.beta2)

        def step(x: Any, g: Any, m: Any, v: Any) -> Any:
            change = g - m
            change *= part1
            m += change
            change = squared(g, xp)
            change -= v
            change *= part2
            v += change
            y = xp.sqrt(v)
            y += eps
            y = m / y
            y *= factor
            y += x
            return y, m, v

        return step


class AdamW(Adam):
    """Adam with decoupled weight decay: besides the step of `Adam`, p -= alpha * weight_decay * p.

    The decay goes past the running means, so it is as strong for every parameter; for the L2
    penalty of the loss, take Adam with the hook WeightDecay.

    Loshchilov and Hutter, "Decoupled Weight Decay Regularization" (2019), arXiv:1711.05101; its
    lambda is alpha * weight_decay here, as in other libraries.

    >>> import numpy as np
    >>> from arraygrad.layers import Linear
    >>> layer = Linear(1, in_size=2)
    >>> layer.b.data = np.ones(1, dtype=np.float32)
    >>> optimizer = AdamW(alpha=0.1, weight_decay=0.5).setup(layer)
    >>> layer.b.grad = np.zeros(1, dtype=np.float32)
    >>> optimizer.update()
    >>> layer.b
    variable([0.95])
    """

    def __init__(
        self,
        alpha: Rate = 0.001,
        beta1: float = 0.9,
        beta2: float = 0.999,
        eps: float = 1e-8,
        weight_decay: float = 0.01,
    ) -> None:
        super().__init__(alpha, beta1, beta2, eps)
        checked(self, weight_decay=weight_decay)
        self.weight_decay = weight_decay

    def formula(self, number: Any, xp: Any, t: int) -> Formula:
        adam = super().formula(number, xp, t)
        rest = number(-self.rate(self.alpha) * self.weight_decay)

        def step(x: Any, g: Any, m: Any, v: Any) -> Any:
            y, m, v = adam(x, g, m, v)
            y += x * rest
            return y, m, v

        return step
