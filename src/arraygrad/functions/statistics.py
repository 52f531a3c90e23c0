"""Statistics of the array API standard that networks seldom need: spread, running products."""

from __future__ import annotations

import math
from typing import Any

from arraygrad.arrays import is_complex
from arraygrad.functions.checks import axis_of
from arraygrad.functions.reduction import count, spread
from arraygrad.functions.shape import reshape
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_variable

__all__ = ["cumprod", "std", "var"]

_CASES = [
    case(arr(2, 3)),
    case(arr(2, 3), axis=0),
    case(arr(2, 3, 2), axis=(0, 2), keepdims=True),
    case(arr(2, 3), axis=-1, correction=1),
    case(arr(4), correction=0.5),
    case(arr(0, 3), axis=1, correction=-1),  # with less, PyTorch warns of no elements
]


def _with_ddof(name: str) -> Any:
    def reference(x: Any, axis: Any = None, correction: float = 0.0, keepdims: bool = False) -> Any:
        import numpy as np

        return getattr(np, name)(x, axis=axis, ddof=correction, keepdims=keepdims)

    return reference


@op(samples=_CASES, along="axis", standard="var", reference=_with_ddof("var"))
def var(
    x: Any, axis: Any = None, correction: float = 0.0, keepdims: bool = False, *, xp: Any = None
) -> Any:
    """The mean squared distance from the mean over `axis`: None for all, an int or a tuple.

    correction: subtracted from the number of elements; 1 for a sample of a population.

    >>> var(Variable(np.array([1.0, 3.0])), correction=1)
    variable(2.0)
    """
    return xp.var(x, axis=axis, correction=correction, keepdims=keepdims)


@var.rule
def _(g, x, axis, correction, keepdims, xp):
    return _from_mean(g * 2, x, axis, correction, keepdims, xp)


def _from_mean(g: Any, x: Any, axis: Any, correction: float, keepdims: bool, xp: Any) -> Any:
    """`g` times the mean distance from the mean, as `var` takes the mean."""
    free = count(x.shape, axis) - correction
    d = x - xp.mean(x, axis=axis, keepdims=True)
    if is_complex(x.dtype):
        d = xp.conj(d)
    return spread(g * (1 / free if free > 0 else math.nan), x.shape, axis, keepdims, xp) * d


@op(samples=_CASES, along="axis", standard="std", reference=_with_ddof("std"))
def std(
    x: Any, axis: Any = None, correction: float = 0.0, keepdims: bool = False, *, xp: Any = None
) -> Any:
    """The standard deviation over `axis`, the root of `var`: None for all, an int or a tuple.

    correction: subtracted from the number of elements; 1 for a sample of a population.
    Where all elements are equal its derivative is taken as 0.

    >>> std(Variable(np.array([1.0, 3.0])))
    variable(1.0)
    """
    if correction != int(correction):  # which PyTorch has not
        return xp.sqrt(xp.var(x, axis=axis, correction=correction, keepdims=keepdims))
    return xp.std(x, axis=axis, correction=correction, keepdims=keepdims)


@std.rule
def _(g, x, out, axis, correction, keepdims, xp):
    equal = out == 0
    slope = xp.where(equal, xp.zeros_like(g), g / xp.where(equal, xp.ones_like(out), out))
    return _from_mean(slope, x, axis, correction, keepdims, xp)


@op(
    samples=[
        case(arr(4), 0),
        case(arr(2, 5, low=0.0, high=0.0), 1),
        case(arr(2, 3, 2), 1),
        case(arr(3, kind="complex"), 0),
        case(arr(0, 2), 0),
    ],
    along="axis",
)
def _cumprod(x: Any, axis: int, *, xp: Any = None) -> Any:
    """Running products along an axis; what `cumprod` calls."""
    return xp.cumulative_prod(x, axis=axis, dtype=x.dtype)


@_cumprod.rule
def _(g, x, out, axis, xp):
    # Of the elements from the i-th on, with s[i] = g[i] + x[i + 1] * s[i + 1], the gradient is
    # the product of those before i times s[i]: no division, so right where elements are 0. The
    # recurrence is solved by doubling: after k steps s[i] has 2 ** k terms.
    n = x.shape[axis]
    if n == 0:
        return g

    def part(y: Any, start: int | None, stop: int | None) -> Any:
        return y[(*(slice(None),) * axis, slice(start, stop), ...)]

    def later(y: Any, k: int) -> Any:
        return xp.concat([part(y, k, None), xp.zeros_like(part(y, None, k))], axis=axis)

    before = xp.concat([xp.ones_like(part(x, None, 1)), part(out, None, -1)], axis=axis)
    factor, s, step = later(x, 1), g, 1
    while step < n:
        s = s + factor * later(s, step)
        factor = factor * later(factor, step)
        step *= 2
    return before * s


@op(
    samples=[case(arr(2, 3)), case(arr(2, 3), axis=0), case(arr(2, 3), axis=-1), case(arr(0))],
    reference="cumprod",
)
def cumprod(x: Any, axis: int | None = None) -> Variable:
    """The running product of `x` along `axis`, or of all elements in a row for None.

    Its derivatives are right, to any order, also where elements are 0.

    >>> cumprod(Variable(np.array([1.0, 2.0, 3.0])))
    variable([1. 2. 6.])
    """
    x = as_variable(x, requires_grad=False)
    if axis is None:
        return _cumprod(reshape(x, (-1,)), 0)
    return _cumprod(x, axis_of("cumprod", axis, x))
