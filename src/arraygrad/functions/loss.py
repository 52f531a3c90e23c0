"""Losses of classes, and the share of right answers."""

from __future__ import annotations

import math
from typing import Any

from arraygrad.arrays import is_inexact
from arraygrad.backend import backend_of, namespace
from arraygrad.errors import ArgumentError, DtypeError, MixedBackendError, ShapeError
from arraygrad.functions.activation import log_softmax
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_array, as_variable, constant

__all__ = [
    "accuracy", "nll_loss", "softmax_cross_entropy", "softmax_cross_entropy_simple",
]  # fmt: skip


@op(
    samples=[
        case(arr(4, 3, high=0.0), arr(4, kind="int", low=0, high=3)),
        case(arr(4, 3, high=0.0), arr(4, 3, low=0.0, high=1.0)),
    ],
    constant=("t",),
)
def _nll_loss(logp: Any, t: Any, *, xp: Any = None) -> Any:
    """Minus the mean log probability of checked labels; what `nll_loss` calls."""
    p = _weights(t, logp, backend_of(logp))
    # Where a label gives no weight, 0 * -inf must not make nan.
    terms = xp.where(p == 0, xp.zeros_like(logp), logp) * p
    return -xp.sum(terms) / math.prod(logp.shape[:-1])


@_nll_loss.rule("logp")
def _(g, logp, t, backend):
    return _weights(t, logp, backend) * (g * (-1 / math.prod(logp.shape[:-1])))


def _weights(t: Any, like: Any, backend: Any) -> Any:
    """The labels as weights of the classes, of the shape (..., C) and dtype of `like`."""
    if t.shape == like.shape:
        return t
    return backend.one_hot(t, like.shape[-1], like)


@op(samples=[case(arr(4, 3, high=0.0), arr(4, 1, kind="int", low=0, high=3))])
def nll_loss(logp: Any, t: Any) -> Variable:
    """Minus the mean log probability of the labels `t`.

    logp: (..., C) log probabilities. t: (...) class indices, or (..., C) one-hot rows or
    probabilities. Raises as `softmax_cross_entropy`.

    >>> nll_loss(Variable(np.log(np.array([[0.5, 0.5]]))), np.array([1]))
    variable(0.6931471805599453)
    """
    return _nll_loss(logp, labels("nll_loss", logp, t))


_LABELLED = [
    case(arr(4, 3), arr(4, kind="int", low=0, high=3)),
    case(arr(4, 3), arr(4, 1, kind="int", low=0, high=3)),
    case(arr(2, 4, 3), arr(2, 4, kind="int", low=0, high=3)),
]


@op(samples=_LABELLED)
def softmax_cross_entropy(x: Any, t: Any) -> Variable:
    """The mean cross entropy of softmax(x) with labels t, stable for any logits.

    x: (N, C) logits, or (..., C). t: (N,) or (N, 1) class indices of any integer dtype, or
    (N, C) one-hot rows or probabilities.
    Raises ShapeError, DtypeError, and ArgumentError for labels outside of 0 .. C-1.

    >>> softmax_cross_entropy(Variable(np.array([[0.0, 10000.0]])), np.array([0]))
    variable(10000.0)
    """
    return _softmax_cross_entropy(x, labels("softmax_cross_entropy", x, t))


@op(
    samples=[
        case(arr(4, 3), arr(4, kind="int", low=0, high=3)),
        case(arr(4, 3), arr(4, 3, low=0.0, high=1.0)),
    ],
    constant=("t",),
    saves=("logp",),
)
def _softmax_cross_entropy(x: Any, t: Any, *, xp: Any = None) -> Any:
    """The fused primitive: its gradient is softmax(x) - t, without one through log_softmax."""
    logp = log_softmax.definition.forward(x, axis=-1, xp=xp)
    return _nll_loss.definition.forward(logp, t, xp=xp), logp


@_softmax_cross_entropy.saved("logp")
def _(x):
    return log_softmax(x, axis=-1)


@_softmax_cross_entropy.rule("x")
def _(g, logp, t, backend, xp):
    p = xp.exp(logp)
    if t.shape == logp.shape:  # rows of weights need not sum to one
        p = p * xp.sum(t, axis=-1, keepdims=True)
    return (p - _weights(t, logp, backend)) * (g / math.prod(logp.shape[:-1]))


@op(samples=_LABELLED)
def softmax_cross_entropy_simple(x: Any, t: Any) -> Variable:
    """`softmax_cross_entropy` composed of ops, as the book first writes it: it clips at 1e-15."""
    from arraygrad.functions.activation import softmax
    from arraygrad.functions.elementwise import log
    from arraygrad.functions.selection import clip

    x = as_variable(x, requires_grad=False)
    t = labels("softmax_cross_entropy_simple", x, t)
    return nll_loss(log(clip(softmax(x, axis=-1), 1e-15, 1.0)), t)


def labels(who: str, x: Any, t: Any) -> Any:
    """The labels `t` for scores `x` (..., C) as an array, checked; rows in the dtype of `x`."""
    data = t._array() if isinstance(t, Variable) else as_array(t)
    shape = x.shape
    backend = backend_of(data)
    if not shape:
        raise ShapeError(f"{who}: got scores of shape (), expected (N, C): one for each class")
    if 0 in shape:
        raise ShapeError(f"{who}: got an empty batch of shape {shape}, expected at least 1 row")
    if data.shape == shape:
        return backend.xp.astype(data, x.dtype)
    if data.shape == (*shape[:-1], 1):
        data = backend.xp.reshape(data, shape[:-1])
    if data.shape != shape[:-1]:
        raise ShapeError(
            f"{who}: got scores of shape {shape} and labels of shape {data.shape}, expected "
            f"labels of shape {shape[:-1]} (class indices) or {shape} (one-hot)"
        )
    if is_inexact(data.dtype, backend.xp):
        raise DtypeError(
            f"{who}: got class indices of dtype {data.dtype}, expected an integer dtype; "
            f"cast them, or give one-hot rows of shape {shape}"
        )
    if not backend.within(data, shape[-1]):
        low, high = int(backend.xp.min(data)), int(backend.xp.max(data))
        raise ArgumentError(
            f"{who}: got labels from {low} to {high}, expected class indices from 0 to "
            f"{shape[-1] - 1} for scores of {shape[-1]} classes"
        )
    return data


@op(samples=_LABELLED)
def accuracy(y: Any, t: Any) -> Variable:
    """The share of rows of `y` (N, C) whose largest score is at the label `t`; untracked.

    t: (N,) or (N, 1) class indices, or (N, C) one-hot rows.

    >>> accuracy(np.array([[0.2, 0.8], [0.9, 0.1], [0.3, 0.7]]), np.array([1, 0, 0]))
    variable(0.6666666666666666)
    """
    scores = y._array() if isinstance(y, Variable) else as_array(y)
    t = labels("accuracy", scores, t)
    if (theirs := backend_of(t).name) != backend_of(scores).name:
        raise MixedBackendError(
            f"accuracy: got scores of {backend_of(scores).name} and labels of {theirs}, expected "
            f"one library; convert the labels with the asarray of the scores' backend"
        )
    xp = namespace(scores)
    if t.shape == scores.shape:
        t = xp.argmax(t, axis=-1)
    best = xp.argmax(scores, axis=-1)
    right = best == xp.astype(t, best.dtype)
    hits, n = xp.count_nonzero(right), math.prod(right.shape)
    backend = backend_of(scores)
    if not backend.concrete(hits):
        return constant(xp.astype(hits, backend.asarray(0.0).dtype) / n)
    return constant(backend.asarray(int(hits) / n, device=backend.device(scores)))
