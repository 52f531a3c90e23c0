"""Reductions: sums, means and extremes over axes, and summing back what was broadcast."""

from __future__ import annotations

import math
from typing import Any

from arraygrad.arrays import broadcasts_to, is_inexact, kept_shape
from arraygrad.arrays import sum_to as summed
from arraygrad.errors import ShapeError
from arraygrad.op import arr, case, op

__all__ = ["average", "broadcast_to", "logsumexp", "max", "mean", "min", "sum", "sum_to"]

_CASES = [
    case(arr(2, 3)),
    case(arr(2, 3), axis=0),
    case(arr(2, 3, 2), axis=(0, 2), keepdims=True),
    case(arr(2, 3), axis=-1),
    case(arr()),
]
_COMPLEX = case(arr(2, 3, kind="complex"), axis=0)


def spread(y: Any, shape: tuple[int, ...], axis: Any, keepdims: bool, xp: Any) -> Any:
    """A reduction's result, or its gradient, broadcast to the shape of the input."""
    if not keepdims and axis is not None:
        y = xp.reshape(y, kept_shape(shape, axis))
    return xp.broadcast_to(y, shape)


@op(samples=[*_CASES, _COMPLEX], methods=("sum",), reference="sum")
def sum(x: Any, axis: Any = None, keepdims: bool = False, *, xp: Any = None) -> Any:
    """The sum over `axis`: None for all, an int or a tuple of them.

    >>> sum(Variable(np.array([[1, 2, 3], [4, 5, 6]])), axis=0)
    variable([5 7 9])
    """
    return xp.sum(x, axis=axis, keepdims=keepdims)


@sum.rule
def _(g, x_shape, axis, keepdims, xp):
    return spread(g, x_shape, axis, keepdims, xp)


@op(samples=[*_CASES, _COMPLEX], methods=("mean",), standard="mean", reference="mean")
def mean(x: Any, axis: Any = None, keepdims: bool = False, *, xp: Any = None) -> Any:
    """The arithmetic mean over `axis`: None for all, an int or a tuple of them.

    >>> mean(Variable(np.array([[1.0, 2.0], [3.0, 5.0]])), axis=0)
    variable([2.  3.5])
    """
    if not is_inexact(x.dtype, xp):
        return xp.sum(x, axis=axis, keepdims=keepdims) / count(x.shape, axis)
    return xp.mean(x, axis=axis, keepdims=keepdims)


@mean.rule
def _(g, x_shape, axis, keepdims, xp):
    return spread(g / count(x_shape, axis), x_shape, axis, keepdims, xp)


@op(samples=_CASES)
def average(x: Any, axis: Any = None, keepdims: bool = False) -> Any:
    """The arithmetic mean: the book's name for `mean`."""
    return mean(x, axis, keepdims)


def count(shape: tuple[int, ...], axis: Any) -> int:
    """How many elements of an array of that shape are reduced to one."""
    if axis is None:
        return math.prod(shape)
    return math.prod(shape[i] for i in (axis if isinstance(axis, tuple) else (axis,)))


@op(samples=_CASES, methods=("max",), along="axis", standard="max", reference="max")
def max(x: Any, axis: Any = None, keepdims: bool = False, *, xp: Any = None) -> Any:
    """The largest element over `axis`; equal ones share the gradient.

    >>> max(Variable(np.array([[1.0, 4.0], [3.0, 2.0]])), axis=1)
    variable([4. 3.])
    """
    return xp.max(x, axis=axis, keepdims=keepdims)


@max.rule
def _(g, x, out, axis, keepdims, xp):
    return _share(g, x, out, axis, keepdims, xp)


@op(samples=_CASES, methods=("min",), along="axis", standard="min", reference="min")
def min(x: Any, axis: Any = None, keepdims: bool = False, *, xp: Any = None) -> Any:
    """The smallest element over `axis`; equal ones share the gradient.

    >>> min(Variable(np.array([[1.0, 4.0], [3.0, 2.0]])), axis=1)
    variable([1. 2.])
    """
    return xp.min(x, axis=axis, keepdims=keepdims)


@min.rule
def _(g, x, out, axis, keepdims, xp):
    return _share(g, x, out, axis, keepdims, xp)


def _share(g: Any, x: Any, out: Any, axis: Any, keepdims: bool, xp: Any) -> Any:
    """The gradient of an extreme, shared equally by the elements that attain it."""
    shape = x.shape
    hit = xp.astype(x == spread(out, shape, axis, keepdims, xp), g.dtype)
    return spread(g, shape, axis, keepdims, xp) * (hit / xp.sum(hit, axis=axis, keepdims=True))


@op(samples=_CASES, along="axis", reference=lambda x, **kw: np_logsumexp(x, **kw))
def logsumexp(x: Any, axis: Any = None, keepdims: bool = False, *, xp: Any = None) -> Any:
    """log(sum(exp(x))) over `axis`, without overflow.

    >>> logsumexp(Variable(np.array([1000.0, 1000.0])))
    variable(1000.6931471805599)
    """
    top = xp.max(x, axis=axis, keepdims=True)
    top = xp.where(xp.isfinite(top), top, xp.zeros_like(top))
    y = xp.log(xp.sum(xp.exp(x - top), axis=axis, keepdims=True)) + top
    if keepdims:
        return y
    return xp.reshape(y, xp.sum(x, axis=axis).shape)


@logsumexp.rule
def _(g, x, out, axis, keepdims, xp):
    top = spread(out, x.shape, axis, keepdims, xp)
    return spread(g, x.shape, axis, keepdims, xp) * xp.exp(x - top)


def np_logsumexp(x: Any, **kwargs: Any) -> Any:
    """The reference for tests: exact where exp does not overflow."""
    import numpy as np

    return np.log(np.sum(np.exp(x), **kwargs))


@op(
    samples=[case(arr(3), (2, 3)), case(arr(2, 1), (4, 2, 3)), case(arr(), (2,))],
    standard="broadcast_to",
    reference="broadcast_to",
)
def broadcast_to(x: Any, shape: Any, *, xp: Any = None) -> Any:
    """`x` repeated to `shape` along new axes and axes of length 1.

    >>> broadcast_to(Variable(np.array([1, 2])), (2, 2))
    variable([[1 2]
              [1 2]])
    """
    return xp.broadcast_to(x, tuple(shape))


@broadcast_to.rule
def _(g, x_shape, xp):
    return summed(g, x_shape, xp)


@op(samples=[case(arr(2, 3), (3,)), case(arr(4, 2, 3), (2, 1)), case(arr(2, 3), (2, 3))])
def sum_to(x: Any, shape: Any, *, xp: Any = None) -> Any:
    """`x` summed over the axes along which an array of `shape` was broadcast: its adjoint.

    >>> sum_to(Variable(np.array([[1, 2], [3, 4]])), (1, 2))
    variable([[4 6]])
    """
    shape = tuple(shape)
    if not broadcasts_to(shape, x.shape):
        raise ShapeError(
            f"sum_to: got x of shape {x.shape} and the shape {shape}, expected one that "
            f"broadcasts to that of x"
        )
    return summed(x, shape, xp)


@sum_to.rule
def _(g, x_shape, xp):
    return xp.broadcast_to(g, x_shape)
