"""Activation functions."""

from __future__ import annotations

import math
from typing import Any

from arraygrad.errors import ArgumentError
from arraygrad.functions.special import erf, np_erf
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable

__all__ = [
    "elu", "gelu", "leaky_relu", "log_softmax", "relu", "selu", "sigmoid", "sigmoid_simple", "silu",
    "softmax", "softmax_simple", "softplus", "tanh",
]  # fmt: skip

_ANY = [(arr(2, 3),), (arr(),)]
_FAR = [(arr(2, 3),), (arr(),), (arr(0, 2),), (arr(2, 4, low=-30.0, high=30.0),)]
_AXES = [case(arr(2, 3)), case(arr(2, 3, 4), axis=-1), case(arr(3), axis=0)]


@op(samples=_ANY, standard="tanh", reference="tanh", pointwise=True)
def tanh(x: Any, *, xp: Any = None) -> Any:
    """The hyperbolic tangent, elementwise.

    >>> tanh(Variable(np.array(0.0)))
    variable(0.0)
    """
    return xp.tanh(x)


@tanh.rule
def _(g, out):
    return g * (1 - out * out)


@op(samples=_ANY, reference=lambda x: 1 / (1 + 2.718281828459045**-x), pointwise=True)
def sigmoid(x: Any, *, xp: Any = None) -> Any:
    """1 / (1 + exp(-x)), elementwise, without overflow.

    >>> sigmoid(Variable(np.array([-1000.0, 0.0, 1000.0])))
    variable([0.  0.5 1. ])
    """
    return xp.tanh(x * 0.5) * 0.5 + 0.5


@sigmoid.rule
def _(g, out):
    return g * (out * (1 - out))


@op(samples=_ANY, reference=lambda x: x * (x > 0), pointwise=True)
def relu(x: Any, *, xp: Any = None) -> Any:
    """max(x, 0), elementwise (Nair and Hinton 2010); its derivative at 0 is 0.

    >>> relu(Variable(np.array([-1.0, 2.0])))
    variable([0. 2.])
    """
    return xp.maximum(x, 0)


@relu.rule
def _(g, out, xp):
    return g * xp.astype(out > 0, g.dtype)


@op(
    samples=[case(arr(2, 3)), case(arr(2, 3), slope=0.01)],
    reference=lambda x, slope=0.2: x * ((x > 0) + slope * (x <= 0)),
    pointwise=True,
)
def leaky_relu(x: Any, slope: float = 0.2, *, xp: Any = None) -> Any:
    """x where it is positive, slope * x elsewhere (Maas et al. 2013), elementwise.

    >>> leaky_relu(Variable(np.array([-1.0, 2.0])))
    variable([-0.2  2. ])
    """
    return xp.where(x > 0, x, x * slope)


@leaky_relu.rule
def _(g, x, slope, xp):
    return xp.where(x > 0, g, g * slope)


@op(samples=_ANY, reference=lambda x: _np().log1p(_np().exp(x)), pointwise=True)
def softplus(x: Any, *, xp: Any = None) -> Any:
    """log(1 + exp(x)), elementwise, without overflow.

    >>> softplus(Variable(np.array([-1000.0, 0.0, 10.0])))
    variable([ 0.          0.69314718 10.0000454 ])
    """
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-abs(x)))


@softplus.rule
def _(g, x, xp):
    return g * (xp.tanh(x * 0.5) * 0.5 + 0.5)


@op(
    samples=[*_FAR, case(arr(2, 3), alpha=0.5)],
    reference=lambda x, alpha=1.0: _np().where(x > 0, x, alpha * _np().expm1(x)),
    pointwise=True,
)
def elu(x: Any, alpha: float = 1.0, *, xp: Any = None) -> Any:
    """x where it is positive, alpha * (exp(x) - 1) elsewhere, elementwise.

    Clevert, Unterthiner and Hochreiter 2015, arXiv:1511.07289.

    >>> elu(Variable(np.array([-1000.0, 0.0, 2.0])))
    variable([-1.  0.  2.])
    """
    return xp.where(x > 0, x, xp.expm1(xp.minimum(x, 0)) * alpha)


@elu.rule
def _(g, x, alpha, xp):
    return xp.where(x > 0, g, g * (xp.exp(xp.minimum(x, 0)) * alpha))


@op(samples=_FAR)
def selu(x: Any) -> Variable:
    """1.0507 * elu(x, 1.6733), elementwise: keeps mean 0 and variance 1 through layers.

    Klambauer, Unterthiner, Mayr and Hochreiter 2017, arXiv:1706.02515.

    >>> selu(Variable(np.array([0.0, 1.0])))
    variable([0.         1.05070099])
    """
    return elu(x, 1.6732632423543772) * 1.0507009873554805


@op(samples=_FAR, saves=("s",), reference=lambda x: x / (1 + _np().exp(-x)), pointwise=True)
def silu(x: Any, *, xp: Any = None) -> Any:
    """x * sigmoid(x), elementwise, also known as swish.

    Elfwing, Uchibe and Doya 2018, arXiv:1702.03118. Fused: one node, and no third array.

    >>> silu(Variable(np.array([-1000.0, 0.0, 1.0])))
    variable([-0.          0.          0.73105858])
    """
    s = xp.tanh(x * 0.5) * 0.5 + 0.5
    return x * s, s


@silu.saved("s")
def _(x):
    return sigmoid(x)


@silu.rule
def _(g, x, s):
    return g * (s * (1 + x * (1 - s)))


@op(samples=[*_FAR, case(arr(2, 3), approximate="tanh"), case(arr(5, low=-30.0), "tanh")])
def gelu(x: Any, approximate: str = "none") -> Variable:
    """x * P(X <= x) for a standard normal X, elementwise: x * (1 + erf(x / sqrt(2))) / 2.

    approximate: "tanh" takes 0.5 * x * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 * x ** 3))).
    Raises ArgumentError for another `approximate`.
    Hendrycks and Gimpel 2016, arXiv:1606.08415.

    >>> gelu(Variable(np.array([-1000.0, 0.0, 1.0])))
    variable([-0.          0.          0.84134475])
    >>> gelu(Variable(np.array([1.0])), approximate="tanh")
    variable([0.84119199])
    """
    if approximate not in ("none", "tanh"):
        raise ArgumentError(f"gelu: got approximate={approximate!r}, expected 'none' or 'tanh'")
    return _gelu_tanh(x) if approximate == "tanh" else _gelu(x)


# The exact form and the approximation are x * c with a distribution function c, which is kept:
# the gradient then costs no second erf or tanh.
@op(
    samples=_FAR,
    saves=("c",),
    reference=lambda x: x * (1 + np_erf(x / math.sqrt(2))) / 2,
    pointwise=True,
)
def _gelu(x: Any, *, xp: Any = None) -> Any:
    """The exact form; what `gelu` calls."""
    c = erf.definition.forward(x * math.sqrt(0.5), xp=xp) * 0.5 + 0.5
    return x * c, c


@_gelu.saved("c")
def _(x):
    return erf(x * math.sqrt(0.5)) * 0.5 + 0.5


@_gelu.rule
def _(g, x, c, xp):
    x = xp.clip(x, -40.0, 40.0)  # there exp is 0 in any dtype; the square must not overflow
    return g * (c + x * (xp.exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))))


TANH = math.sqrt(2 / math.pi)


def _gelu_tanh_c(x: Any, xp: Any) -> Any:
    x = xp.clip(x, -40.0, 40.0)
    return xp.tanh((x * x * 0.044715 + 1) * (x * TANH)) * 0.5 + 0.5


@op(samples=_FAR, saves=("c",), pointwise=True)
def _gelu_tanh(x: Any, *, xp: Any = None) -> Any:
    """The approximation by tanh; what `gelu` calls."""
    c = _gelu_tanh_c(x, xp)
    return x * c, c


@_gelu_tanh.saved("c")
def _(x, xp):
    return _gelu_tanh_c(x, xp)


@_gelu_tanh.rule
def _(g, x, c, xp):
    x = xp.clip(x, -40.0, 40.0)
    return g * (c + c * (1 - c) * (x * (x * x * (6 * 0.044715 * TANH) + 2 * TANH)))


def _np() -> Any:
    import numpy as np

    return np


@op(samples=_AXES, along="axis")
def softmax(x: Any, axis: int = 1, *, xp: Any = None) -> Any:
    """exp(x) / sum(exp(x)) along `axis`, without overflow.

    >>> softmax(Variable(np.array([[1000.0, 1000.0]])))
    variable([[0.5 0.5]])
    """
    y = xp.exp(x - xp.max(x, axis=axis, keepdims=True))
    return y / xp.sum(y, axis=axis, keepdims=True)


@softmax.rule
def _(g, out, axis, xp):
    gx = g * out
    return gx - out * xp.sum(gx, axis=axis, keepdims=True)


@op(samples=_AXES, along="axis")
def log_softmax(x: Any, axis: int = 1, *, xp: Any = None) -> Any:
    """The logarithm of `softmax` along `axis`, without overflow or log(0).

    >>> log_softmax(Variable(np.array([[0.0, 10000.0]])))
    variable([[-10000.      0.]])
    """
    y = x - xp.max(x, axis=axis, keepdims=True)
    return y - xp.log(xp.sum(xp.exp(y), axis=axis, keepdims=True))


@log_softmax.rule
def _(g, out, axis, xp):
    return g - xp.exp(out) * xp.sum(g, axis=axis, keepdims=True)


@op(samples=_ANY)
def sigmoid_simple(x: Any) -> Variable:
    """`sigmoid` composed of ops, as the book first writes it; exp overflows below -700."""
    from arraygrad.functions.elementwise import exp

    return 1 / (1 + exp(-x))


@op(samples=_AXES)
def softmax_simple(x: Any, axis: int = 1) -> Variable:
    """`softmax` composed of ops, as the book first writes it; exp overflows above 700."""
    from arraygrad.functions.elementwise import exp

    y = exp(x)
    return y / y.sum(axis=axis, keepdims=True)
