"""Activation functions."""

from __future__ import annotations

from typing import Any

from arraygrad.op import arr, case, op
from arraygrad.variable import Variable

__all__ = [
    "leaky_relu", "log_softmax", "relu", "sigmoid", "sigmoid_simple", "softmax", "softmax_simple",
    "softplus", "tanh",
]  # fmt: skip

_ANY = [(arr(2, 3),), (arr(),)]
_AXES = [case(arr(2, 3)), case(arr(2, 3, 4), axis=-1), case(arr(3), axis=0)]


@op(samples=_ANY, standard="tanh", reference="tanh")
def tanh(x: Any, *, xp: Any = None) -> Any:
    """The hyperbolic tangent, elementwise.

    >>> tanh(Variable(np.array(0.0)))
    variable(0.0)
    """
    return xp.tanh(x)


@tanh.rule
def _(g, out):
    return g * (1 - out * out)


@op(samples=_ANY, reference=lambda x: 1 / (1 + 2.718281828459045**-x))
def sigmoid(x: Any, *, xp: Any = None) -> Any:
    """1 / (1 + exp(-x)), elementwise, without overflow.

    >>> sigmoid(Variable(np.array([-1000.0, 0.0, 1000.0])))
    variable([0.  0.5 1. ])
    """
    return xp.tanh(x * 0.5) * 0.5 + 0.5


@sigmoid.rule
def _(g, out):
    return g * (out * (1 - out))


@op(samples=_ANY, reference=lambda x: x * (x > 0))
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


@op(samples=_ANY, reference=lambda x: __import__("numpy").log1p(__import__("numpy").exp(x)))
def softplus(x: Any, *, xp: Any = None) -> Any:
    """log(1 + exp(x)), elementwise, without overflow.

    >>> softplus(Variable(np.array([-1000.0, 0.0, 10.0])))
    variable([ 0.          0.69314718 10.0000454 ])
    """
    return xp.maximum(x, 0) + xp.log1p(xp.exp(-abs(x)))


@softplus.rule
def _(g, x, xp):
    return g * (xp.tanh(x * 0.5) * 0.5 + 0.5)


@op(samples=_AXES)
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


@op(samples=_AXES)
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
