"""Sums and products that run along an axis, and the product over axes that is made of them."""

from __future__ import annotations

from typing import Any

from arraygrad.arrays import kept_shape, taken_back
from arraygrad.functions.checks import axis_of
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_variable

__all__ = ["cumsum", "prod"]


@op(
    samples=[
        case(arr(4), 0),
        case(arr(2, 3), 1),
        case(arr(2, 3, 2), 0),
        case(arr(3, kind="complex"), 0),
    ]
)
def _cumsum(x: Any, axis: int, *, xp: Any = None) -> Any:
    """Running sums along an axis; what `cumsum` calls."""
    return xp.cumulative_sum(x, axis=axis, dtype=x.dtype)


@_cumsum.rule
def _(g, axis, xp):
    # Each element is in all sums from its own place on: a running sum from the other end.
    return xp.flip(xp.cumulative_sum(xp.flip(g, axis=axis), axis=axis), axis=axis)


@op(
    samples=[case(arr(2, 3)), case(arr(2, 3), axis=0), case(arr(2, 3), axis=-1), case(arr(0))],
    reference="cumsum",
)
def cumsum(x: Any, axis: int | None = None) -> Variable:
    """The running sum of `x` along `axis`, or of all elements in a row for None.

    >>> cumsum(Variable(np.array([1.0, 2.0, 3.0])))
    variable([1. 3. 6.])
    """
    from arraygrad.functions.shape import reshape

    x = as_variable(x, requires_grad=False)
    if axis is None:
        return _cumsum(reshape(x, (-1,)), 0)
    return _cumsum(x, axis_of("cumsum", axis, x))


@op(
    samples=[
        case(arr(2, 3, low=0.5)),
        case(arr(2, 3, low=0.5), axis=0),
        case(arr(3), axis=-1),
        case(arr(2, 3, 2), axis=(0, 2), keepdims=True),
        case(arr(2, 3, 2), axis=(2, 0)),
        case(arr(2, 5, low=0.0, high=0.0), axis=1),
        case(arr(), keepdims=True),
        case(arr(0, 2), axis=0),
        case(arr(2, 3, kind="complex"), axis=1),
    ],
    along="axis",
    reference="prod",
)
def prod(x: Any, axis: Any = None, keepdims: bool = False, *, xp: Any = None) -> Any:
    """The product over `axis`: None for all, an int or a tuple of them.

    Its derivatives are right, to any order, also where elements are 0.

    >>> prod(Variable(np.array([[1.0, 2.0], [3.0, 4.0]])), axis=1)
    variable([ 2. 12.])
    """
    return xp.prod(x, axis=axis, keepdims=keepdims)


@prod.rule
def _(g, x, axis, keepdims, xp):
    # The product of the others, not prod / x: with the axes moved to the end and made one.
    n = x.ndim
    axes = range(n) if axis is None else axis if isinstance(axis, tuple) else (axis,)
    last = [i % n for i in axes]
    order = [i for i in range(n) if i not in last] + last
    y = xp.permute_dims(x, tuple(order))
    shape = y.shape
    y = _others(xp.reshape(y, (*shape[: n - len(last)], -1)), xp) if 0 not in shape else y
    y = xp.permute_dims(xp.reshape(y, shape), taken_back(order))
    return y * xp.reshape(g, kept_shape(x.shape, axis))


def _others(x: Any, xp: Any) -> Any:
    """For each element the product of all others along the last axis, without a division."""
    one = xp.ones_like(x[..., :1])
    before = xp.concat([one, x[..., :-1]], axis=-1)
    after = xp.concat([x[..., 1:], one], axis=-1)
    # Running products by doubling: after k steps each element is a product of 2 ** k.
    step = 1
    while step < x.shape[-1]:
        ones = xp.ones_like(x[..., :step])
        before = before * xp.concat([ones, before[..., :-step]], axis=-1)
        after = after * xp.concat([after[..., step:], ones], axis=-1)
        step *= 2
    return before * after
