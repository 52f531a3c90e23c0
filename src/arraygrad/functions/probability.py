"""Losses of probabilities: of two outcomes, and between distributions."""

from __future__ import annotations

import math
from typing import Any

from arraygrad.arrays import is_inexact
from arraygrad.backend import backend_of
from arraygrad.errors import ArgumentError, ShapeError
from arraygrad.functions.shape import reshape
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_array, as_variable

__all__ = ["binary_cross_entropy", "kl_div", "sigmoid_cross_entropy"]

_OUTCOMES = arr(4, 3, low=0.0, high=1.0)


def _targets(who: str, x: Any, t: Any) -> Any:
    """The targets `t` for predictions `x`, checked: their shape and dtype, from 0 to 1."""
    data = t._array() if isinstance(t, Variable) else as_array(t)
    shape, given = tuple(x.shape), tuple(data.shape)
    if math.prod(shape) != math.prod(given) or not shape or not given or shape[0] != given[0]:
        raise ShapeError(
            f"{who}: got predictions of shape {shape} and targets of shape {given}, expected one "
            f"shape (N, ...) for both"
        )
    if 0 in shape:
        raise ShapeError(f"{who}: got an empty batch of shape {shape}, expected at least 1 row")
    _within(who, "targets", data)
    xp = backend_of(data).xp
    if not (isinstance(t, Variable) and t.requires_grad and is_inexact(data.dtype, xp)):
        # Labels do not decide the dtype.
        t = data if data.dtype == x.dtype else xp.astype(data, x.dtype)
    # As in the book, (N,) goes with (N, 1).
    return t if given == shape else reshape(t, shape)


def _within(who: str, what: str, p: Any) -> None:
    """Raise ArgumentError unless all of `p` is from 0 to 1, which nan is not."""
    backend = backend_of(p)
    xp = backend.xp
    if xp.isdtype(p.dtype, "bool") or not backend.concrete(p):
        return
    low, high = xp.min(p), xp.max(p)
    if not (low >= 0 and high <= 1):
        raise ArgumentError(
            f"{who}: got {what} from {float(low):.6g} to {float(high):.6g}, expected values from "
            f"0 to 1"
        )


@op(
    samples=[
        case(arr(4, 3), _OUTCOMES),
        case(arr(4), arr(4, kind="int", low=0, high=2)),
        case(arr(4, 1), arr(4, kind="int", low=0, high=2)),
        case(arr(4, low=-50.0, high=50.0), arr(4, kind="bool")),
    ]
)
def sigmoid_cross_entropy(x: Any, t: Any) -> Variable:
    """The cross entropy of the probabilities sigmoid(x) of two outcomes, stable for any x.

    x: logits (N, ...). t: of as many elements, 0 or 1 of any dtype, or probabilities from 0 to 1.
    The sum over all elements of max(x, 0) - x * t + log(1 + exp(-|x|)), divided by N.
    Raises ShapeError for shapes that do not fit and for an empty batch, ArgumentError for targets
    outside of 0 .. 1.

    >>> sigmoid_cross_entropy(Variable(np.array([50.0, -1000.0])), np.array([0, 0]))
    variable(25.0)
    """
    x = as_variable(x, requires_grad=False)
    return _sigmoid_cross_entropy(x, _targets("sigmoid_cross_entropy", x, t))


@op(samples=[case(arr(4, 3), _OUTCOMES), case(arr(4), arr(4, low=0.0, high=1.0))])
def _sigmoid_cross_entropy(x: Any, t: Any, *, xp: Any = None) -> Any:
    """The fused primitive: its gradient is sigmoid(x) - t, without a division."""
    terms = xp.maximum(x, 0) - x * t + xp.log1p(xp.exp(-xp.abs(x)))
    return xp.sum(terms) / x.shape[0]


@_sigmoid_cross_entropy.rule("x")
def _(g, x, t, xp):
    return (xp.tanh(x * 0.5) * 0.5 + 0.5 - t) * (g * (1 / x.shape[0]))


@_sigmoid_cross_entropy.rule("t")
def _(g, x):
    return -x * (g * (1 / x.shape[0]))


@op(
    samples=[
        case(arr(4, 3, low=0.1, high=0.9), _OUTCOMES),
        case(arr(4, low=0.1, high=0.9), arr(4, kind="int", low=0, high=2)),
        case(arr(4, 1, low=0.1, high=0.9), arr(4, kind="int", low=0, high=2)),
    ]
)
def binary_cross_entropy(p: Any, t: Any) -> Variable:
    """The cross entropy of probabilities `p` of two outcomes; take logits where you have them.

    p: (N, ...) from 0 to 1. t: of as many elements, 0 or 1 of any dtype, or probabilities.
    Minus the sum over all elements of t * log(p) + (1 - t) * log(1 - p), divided by N. Exact for
    every p between 0 and 1; where p is 0 or 1 itself, the next number inside stands for it, so
    that value and gradient are finite (and large): log is -87 or -17 there in float32, -708 or
    -37 in float64. `sigmoid_cross_entropy` has no such limits.
    Raises ShapeError for shapes that do not fit and for an empty batch, ArgumentError for `p` or
    targets outside of 0 .. 1, or nan.

    >>> binary_cross_entropy(Variable(np.array([0.9999])), np.array([0]))
    variable(9.210340371976294)
    """
    p = as_variable(p, requires_grad=False)
    t = _targets("binary_cross_entropy", p, t)
    _within("binary_cross_entropy", "p", p._array())
    return _binary_cross_entropy(p, t)


def _inside(p: Any, xp: Any) -> Any:
    """`p` with the next number inside of 0 .. 1 in place of 0 and 1."""
    info = xp.finfo(p.dtype)
    return xp.clip(p, float(info.smallest_normal), 1 - float(info.eps) / 2)


@op(samples=[case(arr(4, 3, low=0.1, high=0.9), _OUTCOMES)])
def _binary_cross_entropy(p: Any, t: Any, *, xp: Any = None) -> Any:
    """The fused primitive: its gradient does not vanish where `p` is 0 or 1."""
    p = _inside(p, xp)
    return -xp.sum(t * xp.log(p) + (1 - t) * xp.log1p(-p)) / p.shape[0]


@_binary_cross_entropy.rule("p")
def _(g, p, t, xp):
    p = _inside(p, xp)
    # Not (p - t) / (p * (1 - p)): that product may be zero.
    return ((1 - t) / (1 - p) - t / p) * (g * (1 / p.shape[0]))


@_binary_cross_entropy.rule("t")
def _(g, p, xp):
    p = _inside(p, xp)
    return (xp.log1p(-p) - xp.log(p)) * (g * (1 / p.shape[0]))


@op(samples=[case(arr(4, 3, high=0.0), _OUTCOMES), case(arr(2, 3, 4), arr(2, 3, 4, low=0.1))])
def kl_div(logq: Any, p: Any) -> Variable:
    """The Kullback-Leibler divergence of p from q, sum(p * (log(p) - logq)), mean over the rows.

    logq: (..., C) *logarithms* of the probabilities of the model, as `log_softmax` gives them.
    p: (..., C) probabilities (not logarithms) of the truth; where one is 0 it adds nothing.
    The order is that of `nll_loss`; in nats; the sum is over the last axis, the mean over others.
    Raises ShapeError for two shapes, and for an empty batch.
    Kullback and Leibler 1951, "On Information and Sufficiency".

    >>> kl_div(Variable(np.log(np.array([[0.25, 0.75]]))), np.array([[0.0, 1.0]]))
    variable(0.2876820724517809)
    """
    logq, p = (as_variable(x, requires_grad=False) for x in (logq, p))
    if not p.requires_grad and p.dtype != logq.dtype:  # the truth does not decide the dtype
        p = p.astype(logq.dtype)
    if logq.shape != p.shape or not logq.shape or 0 in logq.shape:
        raise ShapeError(
            f"kl_div: got log probabilities of shape {tuple(logq.shape)} and probabilities of "
            f"shape {tuple(p.shape)}, expected one shape (..., C) for both, not empty"
        )
    return _kl_div(logq, p)


@op(samples=[case(arr(4, 3, high=0.0), arr(4, 3, low=0.1, high=1.0))])
def _kl_div(logq: Any, p: Any, *, xp: Any = None) -> Any:
    """The fused primitive, with 0 * log(0) = 0; what `kl_div` calls."""
    zero = p == 0
    gap = xp.log(xp.where(zero, xp.ones_like(p), p)) - logq
    # Not 0 * inf, which is nan.
    return xp.sum(p * xp.where(zero, xp.zeros_like(p), gap)) / math.prod(p.shape[:-1])


@_kl_div.rule("logq")
def _(g, p):
    return -p * (g * (1 / math.prod(p.shape[:-1])))


@_kl_div.rule("p")
def _(g, logq, p, xp):
    # Infinitely steep at 0; taken as flat there, so that a class that is out stays out.
    zero = p == 0
    slope = xp.log(xp.where(zero, xp.ones_like(p), p)) - logq + 1
    return xp.where(zero, xp.zeros_like(p), slope) * (g * (1 / math.prod(p.shape[:-1])))
