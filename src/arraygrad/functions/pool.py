"""Pooling: the largest element or the mean of each window of an image."""

from __future__ import annotations

from typing import Any

from arraygrad.arrays import is_inexact
from arraygrad.backend import backend_of
from arraygrad.errors import ArgumentError
from arraygrad.functions.reduction import max
from arraygrad.functions.selection import where
from arraygrad.functions.shape import reshape
from arraygrad.functions.windows import (
    Pair,
    _col2im,
    _im2col,
    checked_pair,
    padded,
    shape_of,
    taps,
    windows,
)
from arraygrad.op import arr, case, in_rule, op
from arraygrad.variable import Variable, as_array, constant

__all__ = ["average_pooling", "pooling", "pooling_simple"]

_NONE, _ONE = (0, 0), (1, 1)
_CASES = [
    case(arr(2, 3, 4, 6), (2, 2), (2, 2)),
    case(arr(2, 3, 5, 5), (2, 2), (2, 2)),
    case(arr(1, 2, 5, 6), (2, 3), (2, 1), (1, 1)),
    case(arr(1, 2, 5, 6), (3, 3), (2, 2), (1, 1)),
]
_PLACES = arr(1, 2, 2, 3, kind="int", low=0, high=4)


@op(samples=_CASES, saves=("place",))
def _pooling(x: Any, kernel: Pair, stride: Pair, pad: Pair = _NONE, *, xp: Any = None) -> Any:
    """The maxima of all windows, and the place of each in its window; what `pooling` calls."""
    out = windows("pooling", x.shape[2:], kernel, stride, pad, _ONE)
    x = padded(xp, x, pad, lowest(x.dtype, xp))
    y = place = None
    for k, key in enumerate(taps(kernel, stride, _ONE, out)):
        tap = x[key]
        if y is None:
            y, place = tap, xp.zeros_like(tap, dtype=place_dtype(kernel, xp))
            continue
        # A nan is not less or equal: it shows in the result, and takes the gradient.
        place = xp.where(tap <= y, place, xp.full_like(place, k))
        y = xp.maximum(y, tap)
    return y, place


@_pooling.saved("place")
def _(x, kernel, stride, pad):
    # Of the definition: what a kernel saves is between it and its own form of the rule.
    xp = backend_of(x.data).xp
    return constant(_pooling.definition.forward(x.data, kernel, stride, pad, xp=xp)[1])


@_pooling.rule
def _(g, place, x_shape, kernel, stride, pad):
    return in_rule(_unpooling, g, place, x_shape[2:], kernel, stride, pad)


@op(
    samples=[
        case(arr(1, 2, 2, 3), _PLACES, (4, 6), (2, 2), (2, 2), (0, 0)),
        case(arr(1, 2, 2, 3), _PLACES, (5, 6), (2, 3), (2, 1), (0, 0)),
    ],
    constant=("place",),
)
def _unpooling(
    y: Any, place: Any, size: Pair, kernel: Pair, stride: Pair, pad: Pair, *, xp: Any = None
) -> Any:
    """Zeros (N, C, *size) with each `y` added at its place: the adjoint of `_taken`."""
    zeros = xp.zeros_like(y)
    parts = [xp.where(place == k, y, zeros) for k in range(kernel[0] * kernel[1])]
    col = xp.reshape(xp.stack(parts, axis=2), (*y.shape[:2], *kernel, *y.shape[2:]))
    return _col2im.definition.forward(col, size, stride, pad, xp=xp)


@_unpooling.rule("y")
def _(g, place, kernel, stride, pad):
    return in_rule(_taken, g, place, kernel, stride, pad)


@op(
    samples=[
        case(arr(1, 2, 4, 6), _PLACES, (2, 2), (2, 2), (0, 0)),
        case(arr(1, 2, 4, 3), _PLACES, (3, 2), (2, 1), (1, 1)),
    ],
    constant=("place",),
)
def _taken(x: Any, place: Any, kernel: Pair, stride: Pair, pad: Pair, *, xp: Any = None) -> Any:
    """Of each window of `x` the element at its place."""
    x, y = padded(xp, x, pad), None
    for k, key in enumerate(taps(kernel, stride, _ONE, place.shape[2:])):
        y = x[key] if y is None else xp.where(place == k, x[key], y)
    return y


@_taken.rule("x")
def _(g, place, x_shape, kernel, stride, pad):
    return in_rule(_unpooling, g, place, x_shape[2:], kernel, stride, pad)


def lowest(dtype: Any, xp: Any) -> Any:
    """The neutral element of the maximum: -inf, or the least whole number of the dtype."""
    if is_inexact(dtype, xp):
        return -float("inf")
    return int(xp.iinfo(dtype).min) if xp.isdtype(dtype, "integral") else False


def place_dtype(kernel: Pair, xp: Any) -> Any:
    """One byte for each window, but for kernels of more than 256 elements."""
    return xp.uint8 if kernel[0] * kernel[1] <= 256 else xp.int32


def _checked(who: str, x: Any, kernel_size: Any, stride: Any, pad: Any) -> tuple[Pair, Pair, Pair]:
    shape = shape_of(who, "x", x, "(N, C, H, W)")
    kernel = checked_pair(who, "kernel_size", kernel_size, 1)
    steps, edges = checked_pair(who, "stride", stride, 1), checked_pair(who, "pad", pad, 0)
    if edges[0] >= kernel[0] or edges[1] >= kernel[1]:
        raise ArgumentError(
            f"{who}: got pad {pad!r} for windows of {kernel[0]} x {kernel[1]}, expected less than "
            f"the window, so that none lies in the padding alone"
        )
    windows(who, shape[2:], kernel, steps, edges, _ONE)
    return kernel, steps, edges


_PUBLIC = [
    case(arr(2, 3, 4, 6), 2, 2),
    case(arr(1, 2, 5, 6), (2, 3), (2, 1), 1),
    case(arr(1, 2, 5, 5), 3, 2, (1, 0)),
    case(arr(1, 1, 3, 3), 1),
]


@op(samples=_PUBLIC)
def pooling(x: Any, kernel_size: Any, stride: Any = 1, pad: Any = 0) -> Variable:
    """The largest element of each window: max pooling.

    x: (N, C, H, W); result: (N, C, OH, OW). kernel_size, stride, pad: one number, or two
    (height, width). The padding never wins: it is -inf, or the least number of an integer dtype.
    The gradient of a window goes to its largest element, to the first of several, row by row.
    Raises ShapeError where no window fits, ArgumentError for a parameter out of range, such as
    a pad not smaller than the window.

    Zhou and Chellappa 1988, "Computation of optical flow using a neural network".

    >>> pooling(Variable(np.array([[[[1.0, 2.0], [4.0, 3.0]]]])), 2)
    variable([[[[4.]]]])
    """
    return _pooling(x, *_checked("pooling", x, kernel_size, stride, pad))


@op(samples=_PUBLIC)
def pooling_simple(x: Any, kernel_size: Any, stride: Any = 1, pad: Any = 0) -> Variable:
    """`pooling` composed of windows and `max`, as the book first writes it; ties share."""
    kernel, steps, edges = _checked("pooling_simple", x, kernel_size, stride, pad)
    col = _im2col(x, kernel, steps, edges)
    if edges != _NONE:
        data = as_array(x.data if isinstance(x, Variable) else x)
        backend = backend_of(data)
        inside = _im2col(backend.ones_like(data), kernel, steps, edges).data != 0
        col = where(inside, col, lowest(data.dtype, backend.xp))
    n, c, kh, kw, oh, ow = col.shape
    return max(reshape(col, (n, c, kh * kw, oh, ow)), axis=2)


@op(samples=_CASES)
def _average_pooling(
    x: Any, kernel: Pair, stride: Pair, pad: Pair = _NONE, *, xp: Any = None
) -> Any:
    """The mean of each window of the padded `x`; what `average_pooling` calls."""
    out = windows("average_pooling", x.shape[2:], kernel, stride, pad, _ONE)
    x = padded(xp, x, pad)
    y: Any = None
    for key in taps(kernel, stride, _ONE, out):
        y = x[key] if y is None else y + x[key]
    return y / (kernel[0] * kernel[1])


@_average_pooling.rule
def _(g, x_shape, kernel, stride, pad):
    return in_rule(_spread, g, x_shape[2:], kernel, stride, pad)


@op(
    samples=[
        case(arr(2, 3, 2, 3), (4, 6), (2, 2), (2, 2)),
        case(arr(1, 2, 3, 6), (5, 6), (2, 3), (2, 1), (1, 1)),
    ]
)
def _spread(
    y: Any, size: Pair, kernel: Pair, stride: Pair, pad: Pair = _NONE, *, xp: Any = None
) -> Any:
    """Images (N, C, *size) to which each window adds its share of `y`: the mean's adjoint."""
    n, c, oh, ow = y.shape
    share = xp.reshape(y / (kernel[0] * kernel[1]), (n, c, 1, 1, oh, ow))
    col = xp.broadcast_to(share, (n, c, *kernel, oh, ow))
    return _col2im.definition.forward(col, size, stride, pad, xp=xp)


@_spread.rule
def _(g, kernel, stride, pad):
    return in_rule(_average_pooling, g, kernel, stride, pad)


@op(samples=_PUBLIC)
def average_pooling(x: Any, kernel_size: Any, stride: Any = 1, pad: Any = 0) -> Variable:
    """The mean of each window; the zeros of the padding count, as in the book.

    x: (N, C, H, W); result: (N, C, OH, OW). kernel_size, stride, pad: one number, or two
    (height, width). Raises as `pooling`.

    LeCun et al. 1998, "Gradient-based learning applied to document recognition" (subsampling).

    >>> average_pooling(Variable(np.array([[[[1.0, 2.0], [4.0, 3.0]]]])), 2)
    variable([[[[2.5]]]])
    """
    return _average_pooling(x, *_checked("average_pooling", x, kernel_size, stride, pad))
