"""Activation functions, each an op with one rule per input; stable where exp would overflow."""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad.op import arr, case, op

__all__ = ["hard_swish", "mish", "snake", "squared_relu", "swiglu", "tanh_exp"]

_ANY = [case(arr(2, 3)), case(arr()), case(arr(0, 3)), case(arr(2, 4, low=-30.0, high=30.0))]


def _softplus(x: Any) -> Any:
    return np.logaddexp(x, 0)


@op(samples=_ANY, reference=lambda x: x * np.tanh(_softplus(x)))
def mish(x: Any, *, xp: Any = None) -> Any:
    """Mish, x * tanh(log(1 + exp(x))), elementwise; x: any shape.

    Misra, "Mish: A Self Regularized Non-Monotonic Activation Function" (2019), arXiv:1908.08681.

    >>> import numpy as np
    >>> from arraygrad import Variable
    >>> mish(Variable(np.array([-1e4, 0.0, 1e4])))
    variable([   -0.     0. 10000.])
    """
    # tanh(log(1 + e)) = n / (n + 2); from x = 20 on it is 1 in any dtype, and e stays in range.
    e = xp.exp(xp.minimum(x, 20.0))
    n = e * (e + 2)
    return x * (n / (n + 2))


@mish.rule
def _(g, x, xp):
    e = xp.exp(xp.minimum(x, 20.0))
    n = e * (e + 2)
    return g * (n / (n + 2) + x * (4 * e * (e + 1) / (n + 2) ** 2))


@op(samples=_ANY, reference=lambda x: np.maximum(x, 0) ** 2)
def squared_relu(x: Any, *, xp: Any = None) -> Any:
    """Squared ReLU, max(x, 0) ** 2, elementwise; x: any shape.

    So et al., "Primer: Searching for Efficient Transformers" (2021), arXiv:2109.08668.

    >>> import numpy as np
    >>> from arraygrad import Variable
    >>> squared_relu(Variable(np.array([-2.0, 3.0])))
    variable([0. 9.])
    """
    y = xp.maximum(x, 0.0)
    return y * y


@squared_relu.rule
def _(g, x, xp):
    return g * (2 * xp.maximum(x, 0.0))


@op(samples=_ANY, reference=lambda x: x * np.clip(x + 3, 0, 6) / 6)
def hard_swish(x: Any, *, xp: Any = None) -> Any:
    """Hard swish, x * min(max(x + 3, 0), 6) / 6, elementwise; x: any shape.

    Howard et al., "Searching for MobileNetV3" (2019), arXiv:1905.02244.

    >>> import numpy as np
    >>> from arraygrad import Variable
    >>> hard_swish(Variable(np.array([-4.0, 0.0, 3.0])))
    variable([-0.  0.  3.])
    """
    return x * (xp.clip(x + 3, 0.0, 6.0) / 6)


@hard_swish.rule
def _(g, x, xp):
    outside = xp.astype(x >= 3, x.dtype)
    return g * xp.where(abs(x) < 3, x / 3 + 0.5, outside)


@op(samples=_ANY, reference=lambda x: x * np.tanh(np.exp(x)))
def tanh_exp(x: Any, *, xp: Any = None) -> Any:
    """TanhExp, x * tanh(exp(x)), elementwise; x: any shape.

    Liu and Di, "TanhExp: A Smooth Activation Function with High Convergence Speed for
    Lightweight Neural Networks" (2020), arXiv:2003.09855.

    >>> import numpy as np
    >>> from arraygrad import Variable
    >>> tanh_exp(Variable(np.array([-1e4, 0.0, 1e4])))
    variable([   -0.     0. 10000.])
    """
    # From x = 4 on the tanh is 1 in any dtype, and exp would soon overflow.
    return x * xp.tanh(xp.exp(xp.minimum(x, 4.0)))


@tanh_exp.rule
def _(g, x, xp):
    e = xp.exp(xp.minimum(x, 4.0))
    t = xp.tanh(e)
    return g * (t + x * e * (1 - t * t))


def _sigmoid(x: Any) -> Any:
    return np.exp(-np.logaddexp(0, -x))


@op(
    samples=[case(arr(2, 3), arr(2, 3)), case(arr(), arr()), case(arr(2, 1), arr(3))],
    broadcasts=True,
    reference=lambda gate, x: gate * _sigmoid(gate) * x,
)
def swiglu(gate: Any, x: Any, *, xp: Any = None) -> Any:
    """swish(gate) * x = gate * sigmoid(gate) * x, elementwise; the shapes broadcast.

    Shazeer, "GLU Variants Improve Transformer" (2020), arXiv:2002.05202.

    >>> import numpy as np
    >>> from arraygrad import Variable
    >>> swiglu(Variable(np.array([-1e4, 0.0, 1e4])), Variable(np.array(2.0)))
    variable([   -0.     0. 20000.])
    """
    return gate * (xp.tanh(gate * 0.5) * 0.5 + 0.5) * x


@swiglu.rule("gate")
def _(g, gate, x, xp):
    s = xp.tanh(gate * 0.5) * 0.5 + 0.5
    return g * x * (s + gate * s * (1 - s))


@swiglu.rule("x")
def _(g, gate, xp):
    return g * (gate * (xp.tanh(gate * 0.5) * 0.5 + 0.5))


@op(
    samples=[case(arr(2, 3), arr(3, low=0.5)), case(arr(), arr(low=0.5)), case(arr(4), 2.0)],
    broadcasts=True,
    reference=lambda x, a: x + np.sin(a * x) ** 2 / a,
)
def snake(x: Any, a: Any, *, xp: Any = None) -> Any:
    """Snake, x + sin(a * x) ** 2 / a, elementwise; a: not 0, the shapes broadcast.

    Ziyin, Hartwig and Ueda, "Neural Networks Fail to Learn Periodic Functions and How to Fix It"
    (2020), arXiv:2006.08195.

    >>> import numpy as np
    >>> from arraygrad import Variable
    >>> snake(Variable(np.array([0.0, np.pi / 2])), 1.0)
    variable([0.         2.57079633])
    """
    s = xp.sin(x * a)
    return x + s * s / a


@snake.rule("x")
def _(g, x, a, xp):
    return g * (1 + xp.sin(x * a * 2))


@snake.rule("a")
def _(g, x, a, xp):
    s = xp.sin(x * a) / a
    return g * (x * xp.sin(x * a * 2) / a - s * s)
