"""Adam: steps scaled by running means of the gradient and its square."""

from __future__ import annotations

import math
from typing import Any

from arraygrad.backend import backend_of
from arraygrad.errors import ArgumentError
from arraygrad.optimizers.gradient import gradient
from arraygrad.optimizers.optimizer import Optimizer
from arraygrad.variable import Parameter


class Adam(Optimizer):
    """Gradient descent scaled by running means of the gradient (m) and of its square (v).

    alpha: the step size; beta1, beta2: how slowly m and v change; eps: added to the root of v.

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
    counters = ("t",)

    def __init__(
        self, alpha: float = 0.001, beta1: float = 0.9, beta2: float = 0.999, eps: float = 1e-8
    ) -> None:
        super().__init__()
        for name, beta in (("beta1", beta1), ("beta2", beta2)):
            if not 0 <= beta < 1:
                raise ArgumentError(f"Adam: {name} is {beta!r}; expected 0 <= {name} < 1")
        self.t = 0
        self.alpha = alpha
        self.beta1 = beta1
        self.beta2 = beta2
        self.eps = eps

    @property
    def lr(self) -> float:
        """The step size of the last update, or of the first one before that."""
        t = max(self.t, 1)
        return float(self.alpha * math.sqrt(1 - self.beta2**t) / (1 - self.beta1**t))

    def update(self) -> None:
        self._params()
        self.t += 1
        super().update()

    def update_one(self, param: Parameter) -> None:
        g = gradient(param)
        xp = backend_of(g).xp
        state = self.state(param)
        if not state:
            state["m"], state["v"] = xp.zeros_like(g), xp.zeros_like(g)
        m, v = state["m"], state["v"]
        # The optimizer's own arrays: written in place where the library can.
        m += (g - m) * (1 - float(self.beta1))
        v += (_square(g, xp) - v) * (1 - float(self.beta2))
        state["m"], state["v"] = m, v
        step = xp.sqrt(v)
        step += float(self.eps)
        step = m / step
        step *= -self.lr
        step += param.data
        param.data = step


def _square(g: Any, xp: Any) -> Any:
    # NumPy's own dtypes say their kind, 20 times faster than isdtype.
    kind = getattr(g.dtype, "kind", None)
    is_complex = kind == "c" if kind else xp.isdtype(g.dtype, "complex floating")
    return g * xp.conj(g) if is_complex else g * g
