"""Losses of predictions that are numbers."""

from __future__ import annotations

import math
from typing import Any

from arraygrad.errors import ArgumentError, ShapeError
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_variable

__all__ = [
    "huber_loss", "mean_absolute_error", "mean_squared_error", "mean_squared_error_simple",
]  # fmt: skip

_PAIRS = [case(arr(4, 3), arr(4, 3)), case(arr(5), arr(5)), case(arr(4, 1), arr(4, 1))]

_LOOSE = [*_PAIRS, case(arr(1, 1), arr(1)), case(arr(3), arr(1, 3))]


def paired(who: str, x0: Any, x1: Any) -> None:
    """Raise ShapeError unless both have one shape (N, ...) with at least one row.

    They may differ by leading axes of length 1; (N, 1) and (N,), which make N x N, may not.
    """
    if x0.shape != x1.shape or not x0.shape:
        long, short = (x0, x1) if x0.ndim >= x1.ndim else (x1, x0)
        padded = (1,) * (long.ndim - short.ndim) + tuple(short.shape)
        if not short.shape or padded != tuple(long.shape):
            raise ShapeError(
                f"{who}: got shapes {tuple(x0.shape)} and {tuple(x1.shape)}, expected one shape "
                f"(N, ...) for both; reshape the targets to that of the predictions"
            )
    if 0 in x0.shape:
        raise ShapeError(
            f"{who}: got an empty batch of shape {tuple(x0.shape)}, expected at least 1 row"
        )


@op(samples=_LOOSE, broadcasts=True)
def mean_squared_error(x0: Any, x1: Any, *, xp: Any = None) -> Any:
    """sum((x0 - x1) ** 2) / N for x0 and x1 of one shape (N, ...).

    Raises ShapeError for two shapes, and for an empty batch.

    >>> mean_squared_error(Variable(np.array([1.0, 2.0])), np.array([1.0, 4.0]))
    variable(2.0)
    """
    paired("mean_squared_error", x0, x1)
    diff = x0 - x1
    return xp.sum(diff * diff) / diff.shape[0]


@mean_squared_error.rule("x0")
def _(g, x0, x1):
    diff = x0 - x1
    return diff * (g * (2 / diff.shape[0]))


@mean_squared_error.rule("x1")
def _(g, x0, x1):
    diff = x1 - x0
    return diff * (g * (2 / diff.shape[0]))


@op(samples=[case(arr(4, 3), arr(4, 3))])
def mean_squared_error_simple(x0: Any, x1: Any) -> Variable:
    """`mean_squared_error` composed of ops, as the book first writes it."""
    diff = as_variable(x0, requires_grad=False) - x1
    return (diff**2).sum() / len(diff)


@op(samples=_LOOSE, broadcasts=True)
def mean_absolute_error(x0: Any, x1: Any, *, xp: Any = None) -> Any:
    """sum(|x0 - x1|) / N for x0 and x1 of one shape (N, ...); where they are equal it is flat.

    Raises as `mean_squared_error`, by whose number N it is divided too.

    >>> mean_absolute_error(Variable(np.array([1.0, 2.0])), np.array([1.0, 4.0]))
    variable(1.0)
    """
    paired("mean_absolute_error", x0, x1)
    diff = x0 - x1
    return xp.sum(xp.abs(diff)) / diff.shape[0]


@mean_absolute_error.rule("x0")
def _(g, x0, x1, xp):
    diff = x0 - x1
    return xp.sign(diff) * (g * (1 / diff.shape[0]))


@mean_absolute_error.rule("x1")
def _(g, x0, x1, xp):
    diff = x1 - x0
    return xp.sign(diff) * (g * (1 / diff.shape[0]))


@op(samples=[*_PAIRS, case(arr(4, 3), arr(4, 3), delta=0.3)])
def huber_loss(x0: Any, x1: Any, delta: float = 1.0) -> Variable:
    """The sum of h(x0 - x1) / N for x0 and x1 of one shape (N, ...), quadratic only near 0.

    h(d) = d * d / 2 where |d| <= delta, and delta * (|d| - delta / 2) elsewhere.
    Raises as `mean_squared_error`, by whose number N it is divided too, and ArgumentError for a
    delta that is not above 0. Huber 1964, "Robust Estimation of a Location Parameter".

    >>> huber_loss(Variable(np.array([1.5, 9.0])), np.array([1.0, 4.0]))
    variable(2.3125)
    """
    if not 0 < delta < math.inf:
        raise ArgumentError(f"huber_loss: got delta = {delta}, expected a number above 0")
    return _huber_loss(x0, x1, delta)


@op(samples=_LOOSE, broadcasts=True)
def _huber_loss(x0: Any, x1: Any, delta: float = 1.0, *, xp: Any = None) -> Any:
    """The fused primitive: the difference is not kept; what `huber_loss` calls."""
    paired("huber_loss", x0, x1)
    diff = x0 - x1
    near = xp.clip(diff, -delta, delta)
    return xp.sum(near * (diff - near * 0.5)) / diff.shape[0]


@_huber_loss.rule("x0")
def _(g, x0, x1, delta, xp):
    diff = x0 - x1
    return xp.clip(diff, -delta, delta) * (g * (1 / diff.shape[0]))


@_huber_loss.rule("x1")
def _(g, x0, x1, delta, xp):
    diff = x1 - x0
    return xp.clip(diff, -delta, delta) * (g * (1 / diff.shape[0]))
