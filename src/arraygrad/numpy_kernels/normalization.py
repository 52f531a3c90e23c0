"""Normalization for NumPy: few passes over few arrays, and sums as products with ones.

On 512 x 128 float32 the sum of each row costs 30 us as a sum over an axis and 4 as a product, and
each pass over the array 5 to 17; so passes are what is saved: the statistics cost next to nothing.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from arraygrad.arrays import kept_shape, sum_to, taken_back
from arraygrad.functions import normalization
from arraygrad.numpy_kernels.linalg import ones
from arraygrad.workspace import empty

_normalize = normalization._normalize.definition
_sum: Any = np.add.reduce
# Longer rows than this gain nothing by a product with ones, and the ones are kept.
_LONGEST = 1 << 16
_ROWS = 1 << 12
# Elements of a block that stays in the cache from one pass to the next.
_BLOCK = 1 << 16


def _plain(*arrays: Any) -> bool:
    """Whether these are arrays of one dtype whose sums keep their precision."""
    dtype = arrays[0].dtype
    return dtype.char in "fd" and all(
        a is None or (type(a) is np.ndarray and a.dtype is dtype) for a in arrays
    )


def _split(shape: tuple[int, ...], axis: tuple[int, ...]) -> tuple[int, int, int] | None:
    """`shape` as three lengths of which the outer and inner one are summed: (N, C, L)."""
    n = len(axis)
    if axis[0] == len(shape) - n:
        return 1, math.prod(shape[:-n]), math.prod(shape[-n:])
    lead = next((i for i, a in enumerate(axis) if a != i), n)
    rest = n - lead
    if not lead or (rest and axis[lead] != len(shape) - rest):
        return None
    stop = len(shape) - rest
    return math.prod(shape[:lead]), math.prod(shape[lead:stop]), math.prod(shape[stop:])


def _total(x: Any, axis: tuple[int, ...], weights: Any = None) -> Any:
    """The sum over `axis`, which is kept, in new memory; weights: what to multiply rows with."""
    split = _split(x.shape, axis)
    if split is None or split[2] > _LONGEST or split[0] == split[2] == 1:
        return _sum(x if weights is None else x * weights, axis, None, None, True)
    outer, _, inner = split
    y = x.reshape(split)
    if inner > 1:
        y = y @ (ones(inner, x.dtype) if weights is None else weights.ravel())
    else:
        y = y[..., 0]
    return (y[0] if outer == 1 else _down(y)).reshape(kept_shape(x.shape, axis))


def _down(y: Any) -> Any:
    """The sum of the rows of a matrix, part by part, so that rounding errors do not add up."""
    whole = len(y) - len(y) % _ROWS
    total = np.dot(ones(len(y) - whole, y.dtype), y[whole:])
    if whole:
        parts = np.matmul(ones(_ROWS, y.dtype), y[:whole].reshape(-1, _ROWS, y.shape[1]))
        total += _sum(parts, 0)
    return total


def _squares(x: Any, axis: tuple[int, ...]) -> Any:
    """The sum of squares over `axis`, which is kept."""
    split = _split(x.shape, axis)
    if split is None or not x.flags.c_contiguous:
        return _sum(x * x, axis, None, None, True)
    y = x.reshape(split)
    if split[2] == 1:
        y = y[..., 0]
        return np.einsum("nc,nc->c", y, y).reshape(kept_shape(x.shape, axis))
    y = np.vecdot(y, y)
    return (y[0] if split[0] == 1 else _sum(y, 0)).reshape(kept_shape(x.shape, axis))


def _count(x: Any, axis: tuple[int, ...]) -> int:
    return math.prod([x.shape[i] for i in axis])


def _folds(p: Any, axis: tuple[int, ...], ndim: int) -> bool:
    """Whether gamma is the same all along `axis`."""
    lead = ndim - p.ndim
    return all(i < lead or p.shape[i - lead] == 1 for i in axis)


class _Order:
    """The order in which the axes of an array lie in memory, where it is not the usual one.

    After a convolution channels may come last in memory. What has another order than its
    neighbours is walked across memory, several times slower.
    """

    def __init__(self, axes: list[int]) -> None:
        self.axes = axes
        self.back = taken_back(axes)

    @classmethod
    def of(cls, x: Any) -> _Order | None:
        if x.flags.c_contiguous:
            return None
        axes = sorted(range(x.ndim), key=lambda i: -x.strides[i])
        return cls(axes) if x.transpose(axes).flags.c_contiguous else None

    def turn(self, p: Any) -> Any:
        """An array that broadcasts to x, in that order."""
        if p is None:
            return None
        n = len(self.axes) - p.ndim
        return (p.reshape((1,) * n + p.shape) if n else p).transpose(self.axes)

    def turned_axis(self, axis: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted(self.back[i] for i in axis))


def batch_moments(x: Any, axis: tuple[int, ...]) -> Any:
    order = _Order.of(x) if _plain(x) else None
    if order is not None:
        moments = batch_moments(order.turn(x), order.turned_axis(axis))
        return moments.transpose([0, *(i + 1 for i in order.back)])
    if not _plain(x) or axis[0] != 0 or not x.flags.c_contiguous:
        return normalization._batch_moments.definition.forward(x, axis, xp=np)
    share = 1 / _count(x, axis)
    moments = np.empty((2, *kept_shape(x.shape, axis)), x.dtype)
    mean, var = moments
    np.multiply(_total(x, axis), share, mean)
    if x.size <= _BLOCK:
        np.multiply(_squares(x - mean, axis), share, var)
        return moments
    var[...] = 0
    rows = max(1, _BLOCK * len(x) // x.size)
    block = empty((min(rows, len(x)), *x.shape[1:]), x.dtype)
    for start in range(0, len(x), rows):
        part = x[start : start + rows]
        np.add(var, _squares(np.subtract(part, mean, block[: len(part)]), axis), var)
    np.multiply(var, share, var)
    return moments


def normalize(x: Any, gamma: Any, beta: Any, axis: Any, eps: float, moments: Any) -> Any:
    if not _plain(x, gamma, beta, None if moments is None else moments[0]):
        return _normalize.forward(x, gamma, beta, axis, eps, moments, xp=np)
    if (order := _Order.of(x)) is not None:
        turned = (order.turn(x), order.turn(gamma), order.turn(beta), order.turned_axis(axis), eps)
        known = None if moments is None else [order.turn(m) for m in moments]
        return tuple(y.transpose(order.back) for y in normalize(*turned, known))
    y = empty(x.shape, x.dtype)
    if moments is None:
        share = 1 / _count(x, axis)
        mean = _total(x, axis) * share
        np.subtract(x, mean, y)
        var = _squares(y, axis) * share
    else:
        mean, var = moments
        np.subtract(x, mean, y)
    factor = 1 / np.sqrt(var + eps)
    if gamma is not None and _folds(gamma, axis, x.ndim):
        np.multiply(y, factor * gamma, y)
    else:
        np.multiply(y, factor, y)
        if gamma is not None:
            np.multiply(y, gamma, y)
    return y if beta is None else np.add(y, beta, y), mean, var


def normalize_gradients(
    g: Any, x: Any, gamma: Any, mean: Any, var: Any, axis: Any, eps: float, need: Any, xp: Any
) -> Any:
    if not _plain(g, x, gamma, mean):
        rule = _normalize.rules["x", "gamma", "beta"]
        return rule(g, x, gamma, mean, var, axis, eps, need, xp)
    if (order := _Order.of(x)) is not None:
        g, x, mean, var = (order.turn(p) for p in (g, x, mean, var))
        turned = order.turn(gamma), mean, var, order.turned_axis(axis)
        gxs: Any = normalize_gradients(g, x, *turned, eps, need, xp)
        gxs = tuple(p if p is None else p.transpose(order.back) for p in gxs)
        return gxs if gamma is None else (gxs[0], *(p.reshape(gamma.shape) for p in gxs[1:]))
    share = 1 / _count(x, axis)
    factor = 1 / np.sqrt(var + eps)
    x_hat = np.subtract(x, mean, empty(x.shape, x.dtype))
    np.multiply(x_hat, factor, x_hat)
    product = np.multiply(g, x_hat, empty(x.shape, x.dtype))
    if gamma is None or _folds(gamma, axis, x.ndim):
        along, total = _total(product, axis), _total(g, axis)
        ggamma = None if gamma is None else sum_to(along, gamma.shape, np)
        gbeta = g if gamma is None else sum_to(total, gamma.shape, np)
        if gamma is not None:
            factor = factor * gamma
        gx = g
    else:
        ggamma, gbeta = _summed(product, gamma.shape), _summed(g, gamma.shape)
        if gamma.shape == x.shape[axis[0] :] and gamma.ndim == len(axis):
            along, total = _total(product, axis, gamma), _total(g, axis, gamma)
            gx = np.multiply(g, gamma, product)
        else:
            along = _total(np.multiply(product, gamma, product), axis)
            gx = np.multiply(g, gamma, product)
            total = _total(gx, axis)
    if need[0]:
        np.multiply(x_hat, along * share, x_hat)
        np.add(x_hat, total * share, x_hat)
        gx = np.subtract(gx, x_hat, x_hat)
        np.multiply(gx, factor, gx)
    return gx, ggamma, gbeta


def _summed(x: Any, shape: tuple[int, ...]) -> Any:
    """`sum_to` in new memory, by a product where the leading axes go."""
    lead = x.ndim - len(shape)
    if not lead or x.shape[lead:] != shape:
        return x.copy() if x.shape == shape else sum_to(x, shape, np)
    return _total(x, tuple(range(lead))).reshape(shape)


KERNELS: dict[str, Callable[..., Any]] = {
    "_batch_moments": batch_moments,
    "_normalize": normalize,
    "_normalize.x.gamma.beta": normalize_gradients,
}
