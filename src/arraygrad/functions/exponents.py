"""Exponents and what undoes them: logarithms to other bases, sums of logarithms, reciprocals."""

from __future__ import annotations

import math
from typing import Any

from arraygrad.op import arr, case, op

__all__ = ["log2", "log10", "logaddexp", "reciprocal"]

_POSITIVE = [(arr(2, 3, low=0.3),), (arr(low=0.3),), (arr(3, kind="complex"),)]


@op(samples=_POSITIVE, standard="log2", reference="log2", singular=True)
def log2(x: Any, *, xp: Any = None) -> Any:
    """The logarithm to base 2, elementwise.

    >>> log2(Variable(np.array([1.0, 8.0])))
    variable([0. 3.])
    """
    return xp.log2(x)


@log2.rule
def _(g, x):
    return g / (x * math.log(2))


@op(samples=_POSITIVE, standard="log10", reference="log10", singular=True)
def log10(x: Any, *, xp: Any = None) -> Any:
    """The logarithm to base 10, elementwise.

    >>> log10(Variable(np.array([1.0, 100.0])))
    variable([0. 2.])
    """
    return xp.log10(x)


@log10.rule
def _(g, x):
    return g / (x * math.log(10))


@op(
    samples=[
        case(arr(2, 3), arr(2, 3)),
        case(arr(2, 1), arr(3)),
        case(arr(3), 0.5),
        case(-0.5, arr(3)),
    ],
    broadcasts=True,
    standard="logaddexp",
    reference="logaddexp",
    singular=True,
)
def logaddexp(x1: Any, x2: Any, *, xp: Any = None) -> Any:
    """log(exp(x1) + exp(x2)), elementwise, without overflow.

    >>> logaddexp(Variable(np.array([0.0, 1000.0])), np.array([0.0, 1000.0]))
    variable([6.93147181e-01 1.00069315e+03])
    """
    return xp.logaddexp(x1, x2)


@logaddexp.rule("x1", "x2")
def _(g, x1, x2, need, xp):
    top = xp.maximum(x1, x2)
    e1, e2 = xp.exp(x1 - top), xp.exp(x2 - top)
    shared = g / (e1 + e2)
    return shared * e1 if need[0] else None, shared * e2 if need[1] else None


@op(
    samples=_POSITIVE,
    standard="reciprocal",
    reference="reciprocal",
    singular=True,
)
def reciprocal(x: Any, *, xp: Any = None) -> Any:
    """1 / x, elementwise.

    >>> reciprocal(Variable(np.array([2.0, -4.0])))
    variable([ 0.5  -0.25])
    """
    return xp.reciprocal(x)


@reciprocal.rule
def _(g, out):
    return -g * out * out
