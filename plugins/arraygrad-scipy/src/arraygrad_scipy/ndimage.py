"""Filters of images, of any rank: edges, means, and what is largest, smallest or in the middle."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from arraygrad import Variable, backend_of
from arraygrad.errors import ArgumentError, ShapeError
from arraygrad.op import arr, case, op
from arraygrad_scipy.convolution import window_table
from arraygrad_scipy.filters import along
from arraygrad_scipy.shared import real_or_complex, scipy, together
from arraygrad_scipy.smoothing import extended, prepared, uniform_filter1d

__all__ = [
    "correlate1d",
    "laplace",
    "maximum_filter",
    "median_filter",
    "minimum_filter",
    "prewitt",
    "sobel",
    "uniform_filter",
]


@op(
    samples=[
        case(arr(6), arr(3)),
        case(arr(2, 5), arr(4), mode="mirror"),
        case(arr(5, 2), [1.0, 0.5], 0, mode="constant", cval=0.5),
    ],
    reference=scipy("ndimage.correlate1d"),
)
def correlate1d(
    input: Any, weights: Any, axis: int = -1, *, mode: str = "reflect", cval: float = 0.0
) -> Variable:
    """Weights moved along an axis: `scipy.ndimage.correlate1d`.

    weights: (K,), with a gradient too. mode: "reflect", "mirror", "nearest", "wrap" or "constant"
    (with cval) for beyond the ends. Raises ShapeError, ArgumentError for others.

    >>> correlate1d(Variable(np.array([1.0, 2.0, 4.0])), [-1.0, 0.0, 1.0])
    variable([1. 3. 2.])
    """
    x, axis, xp = prepared("correlate1d", input, axis, mode)
    x, weights = together("correlate1d", input=x, weights=weights)
    if weights.ndim != 1 or not weights.size:
        raise ShapeError(f"correlate1d: got weights of shape {weights.shape}, expected (K,)")
    k, last = weights.shape[0], x.ndim - 1
    y = extended(xp.moveaxis(x, axis, last), k // 2, k - 1 - k // 2, mode, cval)
    return xp.moveaxis(along(y, xp.flip(weights), k - 1, x.shape[axis]), last, axis)


def _edges(input: Any, axis: int, across: list[float], mode: str, cval: float) -> Variable:
    y = correlate1d(input, [-1.0, 0.0, 1.0], axis, mode=mode, cval=cval)
    for other in range(y.ndim):
        if other != axis % y.ndim:
            y = correlate1d(y, across, other, mode=mode, cval=cval)
    return y


@op(
    samples=[case(arr(4, 5)), case(arr(3, 4), 0, mode="nearest"), case(arr(5))],
    reference=scipy("ndimage.sobel"),
)
def sobel(input: Any, axis: int = -1, *, mode: str = "reflect", cval: float = 0.0) -> Variable:
    """Differences along an axis, smoothed by 1, 2, 1 along the others: `scipy.ndimage.sobel`.

    mode, cval, errors: as of `correlate1d`.

    >>> sobel(Variable(np.array([[0.0, 0.0, 1.0], [0.0, 0.0, 1.0]])))
    variable([[0. 4. 4.]
              [0. 4. 4.]])
    """
    return _edges(input, axis, [1.0, 2.0, 1.0], mode, cval)


@op(samples=[case(arr(4, 5)), case(arr(3, 4), 0, mode="wrap")], reference=scipy("ndimage.prewitt"))
def prewitt(input: Any, axis: int = -1, *, mode: str = "reflect", cval: float = 0.0) -> Variable:
    """Differences along an axis, summed over neighbors along the others: `scipy.ndimage.prewitt`.

    mode, cval, errors: as of `correlate1d`.

    >>> prewitt(Variable(np.array([0.0, 0.0, 1.0])))
    variable([0. 1. 1.])
    """
    return _edges(input, axis, [1.0, 1.0, 1.0], mode, cval)


@op(
    samples=[case(arr(4, 5)), case(arr(5), mode="constant", cval=1.0)],
    reference=scipy("ndimage.laplace"),
)
def laplace(input: Any, *, mode: str = "reflect", cval: float = 0.0) -> Variable:
    """The sum of second differences along all axes: `scipy.ndimage.laplace`.

    mode, cval, errors: as of `correlate1d`.

    >>> laplace(Variable(np.array([0.0, 0.0, 1.0, 0.0, 0.0])))
    variable([ 0.  1. -2.  1.  0.])
    """
    (x,) = real_or_complex("laplace", input=input)
    if not x.ndim:
        raise ShapeError("laplace: got x of shape (), expected an axis or more")
    parts = [correlate1d(x, [1.0, -2.0, 1.0], i, mode=mode, cval=cval) for i in range(x.ndim)]
    return sum(parts[1:], parts[0])


def _sizes(who: str, size: Any, x: Variable) -> list[int]:
    sizes = [size] * x.ndim if isinstance(size, int) else list(size)
    if len(sizes) != x.ndim or any(not isinstance(n, int) or n < 1 for n in sizes):
        raise ArgumentError(
            f"{who}: got size = {size!r} for x of shape {x.shape}, expected a whole number from 1 "
            f"on, or one for each axis"
        )
    if not x.size:
        raise ShapeError(f"{who}: got x of shape {x.shape}, expected elements")
    return sizes


@op(
    samples=[case(arr(4, 5), 3), case(arr(3, 4), (1, 2), mode="nearest")],
    reference=scipy("ndimage.uniform_filter"),
)
def uniform_filter(
    input: Any, size: Any = 3, *, mode: str = "reflect", cval: float = 0.0
) -> Variable:
    """The mean of a box around each element: `scipy.ndimage.uniform_filter`.

    size: of the box, one number or one for each axis. mode, cval, errors: as of `correlate1d`.

    >>> uniform_filter(Variable(np.array([[3.0, 0.0, 0.0]])), (1, 3))
    variable([[2. 1. 0.]])
    """
    (x,) = real_or_complex("uniform_filter", input=input)
    for axis, n in enumerate(_sizes("uniform_filter", size, x)):
        x = uniform_filter1d(x, n, axis, mode=mode, cval=cval)
    return x


def _of_windows(
    who: str, choose: Callable[[Any, Variable], Any], input: Any, size: Any, mode: str, cval: float
) -> Variable:
    """What `choose` makes of the windows (P, K) around all elements."""
    (x,) = real_or_complex(who, input=input)
    sizes = _sizes(who, size, x)
    xp, shape = x.__array_namespace__(), x.shape
    for axis, n in enumerate(sizes):
        x, axis, _ = prepared(who, x, axis, mode)
        last = x.ndim - 1
        y = extended(xp.moveaxis(x, axis, last), n // 2, n - 1 - n // 2, mode, cval)
        x = xp.moveaxis(y, last, axis)
    backend = backend_of(x.data)
    table = backend.table(window_table(x.shape, tuple(sizes)), device=backend.device(x.data))
    windows = xp.reshape(xp.take(xp.reshape(x, (-1,)), table, axis=0), (-1, math.prod(sizes)))
    return xp.reshape(choose(xp, windows), shape)


_WINDOWS = [
    case(arr(4, 5), 3),
    case(arr(7), 4, mode="wrap"),
    case(arr(3, 4), (2, 1), mode="mirror"),
]


@op(samples=_WINDOWS, reference=scipy("ndimage.maximum_filter"))
def maximum_filter(input: Any, size: Any, *, mode: str = "reflect", cval: float = 0.0) -> Variable:
    """The largest element in a box around each: `scipy.ndimage.maximum_filter`, grey dilation.

    size: of the box, one number or one for each axis. mode, cval, errors: as of `correlate1d`.

    >>> maximum_filter(Variable(np.array([1.0, 5.0, 2.0, 0.0])), 3)
    variable([5. 5. 5. 2.])
    """
    return _of_windows("maximum_filter", lambda xp, w: xp.max(w, axis=-1), input, size, mode, cval)


@op(samples=_WINDOWS, reference=scipy("ndimage.minimum_filter"))
def minimum_filter(input: Any, size: Any, *, mode: str = "reflect", cval: float = 0.0) -> Variable:
    """The smallest element in a box around each: `scipy.ndimage.minimum_filter`, grey erosion.

    Parameters and errors as of `maximum_filter`.

    >>> minimum_filter(Variable(np.array([1.0, 5.0, 2.0, 0.0])), 3)
    variable([1. 1. 0. 0.])
    """
    return _of_windows("minimum_filter", lambda xp, w: xp.min(w, axis=-1), input, size, mode, cval)


@op(samples=_WINDOWS, reference=scipy("ndimage.median_filter"))
def median_filter(input: Any, size: Any, *, mode: str = "reflect", cval: float = 0.0) -> Variable:
    """The middle element of a box around each: `scipy.ndimage.median_filter`.

    Of an even number the upper one of both. Parameters and errors as of `maximum_filter`.

    >>> median_filter(Variable(np.array([1.0, 9.0, 2.0, 3.0])), 3)
    variable([1. 2. 3. 3.])
    """
    return _of_windows(
        "median_filter",
        lambda xp, w: xp.sort(w, axis=-1)[:, w.shape[-1] // 2],
        input, size, mode, cval,
    )  # fmt: skip
