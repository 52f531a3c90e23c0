"""Linear interpolation, along a line and in an image."""

from __future__ import annotations

from itertools import product
from typing import Any

import numpy as np

from arraygrad import Variable
from arraygrad.errors import ArgumentError, ShapeError
from arraygrad.op import arr, case, op
from arraygrad_scipy.shared import alike, increasing, one_of, scipy, together

__all__ = ["interp", "map_coordinates"]

_KNOTS = [-1.5, -0.2, 0.3, 1.6]


@op(
    samples=[
        case(arr(6), _KNOTS, arr(4)),
        case(arr(2, 3), _KNOTS, arr(4), left=-1.0, right=2.0),
        case(arr(5, low=-9.0, high=9.0), _KNOTS, arr(4), period=4.0),
        case(arr(4), _KNOTS, arr(4, kind="complex")),
        case(arr(), [0.0], arr(1)),
    ],
    reference=np.interp,
)
def interp(
    x: Any, knots: Any, values: Any, left: Any = None, right: Any = None, period: Any = None
) -> Variable:
    """The broken line through `values` at `knots`, at the points x: `numpy.interp`.

    x: any shape; knots: (N,), increasing; values: (N,), real or complex. left, right: before the
    first knot and after the last one, by default the first and the last value. period: with it
    points and knots are taken modulo period, and left and right are not used. Gradients go to x,
    knots and values; at a knot the gradient of x is that of the piece to its right.
    Raises ShapeError, ArgumentError for knots that do not fit values or do not increase.

    >>> x = Variable(np.array([0.5, 1.5]))
    >>> y = interp(x, [0.0, 1.0, 2.0], np.array([0.0, 10.0, 50.0]))
    >>> y.sum().backward()
    >>> y, x.grad
    (variable([ 5. 30.]), variable([10. 40.]))
    """
    x, knots, values = together("interp", x=x, knots=knots, values=values)
    if values.shape != knots.shape:
        raise ShapeError(
            f"interp: got knots {knots.shape} and values {values.shape}, expected both (N,)"
        )
    xp = x.__array_namespace__()
    if period is not None:
        if not period > 0:
            raise ArgumentError(f"interp: got period = {period}, expected a number above 0")
        x, knots, values = _periodic(xp, x, knots, values, period)
        left = right = None
    increasing("interp", "knots", knots, 1)
    shape, x = x.shape, xp.reshape(x, (-1,))
    n = knots.shape[0]
    first, last = knots[0], knots[n - 1]
    if n == 1:
        y = values[0] + xp.zeros_like(x)
    else:
        at = interval(xp, knots, x)
        x0, x1 = xp.take(knots, at, axis=0), xp.take(knots, at + 1, axis=0)
        y0, y1 = xp.take(values, at, axis=0), xp.take(values, at + 1, axis=0)
        y = y0 + (x - x0) / (x1 - x0) * (y1 - y0)
    y = xp.where(x < first, values[0] if left is None else left, y)
    y = xp.where(x > last, values[n - 1] if right is None else right, y)
    return xp.reshape(y, shape)


def interval(xp: Any, knots: Variable, x: Variable) -> Any:
    """For each point the number of the knot before it: 0 before all, N - 2 after all."""
    # A sum is a new array without steps in memory, for which alone PyTorch searches in silence.
    knots, x = alike(xp, knots.detach() + 0.0, x.detach() + 0.0)
    at = xp.searchsorted(knots, x, side="right") - 1
    return xp.clip(at, 0, knots.shape[0] - 2)


def _periodic(xp: Any, x: Variable, knots: Variable, values: Variable, period: float) -> Any:
    """Points in one period, and its knots in order, with one more at each end."""
    x = x - xp.floor(x.detach() / period) * period
    knots = knots - xp.floor(knots.detach() / period) * period
    order = xp.argsort(knots.detach())
    knots, values = xp.take(knots, order, axis=0), xp.take(values, order, axis=0)
    knots = xp.concat([knots[-1:] - period, knots, knots[:1] + period])
    return x, knots, xp.concat([values[-1:], values, values[:1]])


def _scipy_map(*args: Any, **kwargs: Any) -> Any:
    return scipy("ndimage.map_coordinates")(*args, order=1, **kwargs)


@op(
    samples=[
        case(arr(4, 5), arr(2, 6, low=0.1, high=2.9)),
        case(arr(3, 4), arr(2, 2, 3, low=-1.0, high=3.5), mode="nearest"),
        case(arr(5), arr(1, 4, low=-1.0, high=5.0), cval=0.5),
        case(arr(3, 3, 3), arr(3, 4, low=0.1, high=1.9)),
    ],
    reference=_scipy_map,
)
def map_coordinates(
    input: Any, coordinates: Any, *, order: int = 1, mode: str = "constant", cval: float = 0.0
) -> Variable:
    """Linear interpolation in an image, or an array of any rank D: `scipy.ndimage.map_coordinates`.

    coordinates: (D, ...), in pixels; result: (...). mode, beyond the first and the last pixel:
    "constant" for cval, "nearest" for the pixel at the edge. Gradients go to both.
    Raises ArgumentError for another order than 1, which alone is here, and for other modes.

    >>> image = Variable(np.array([[0.0, 1.0], [2.0, 3.0]]))
    >>> map_coordinates(image, np.array([[0.5], [0.5]]))
    variable([1.5])
    """
    if order != 1:
        raise ArgumentError(f"map_coordinates: got order = {order}, expected 1: linear")
    one_of("map_coordinates", "mode", mode, ("constant", "nearest"))
    x, coordinates = together("map_coordinates", input=input, coordinates=coordinates)
    if coordinates.ndim < 1 or coordinates.shape[0] != x.ndim or not x.size:
        raise ShapeError(
            f"map_coordinates: got input {x.shape} and coordinates {coordinates.shape}, expected "
            f"({x.ndim}, ...), a row for each axis, and elements in the input"
        )
    xp = x.__array_namespace__()
    shape = coordinates.shape[1:]
    outside: Any = None
    sides = []  # of each axis: (index, weight) of the pixel before, and of the one after
    for i, n in enumerate(x.shape):
        c = xp.reshape(coordinates[i, ...], (-1,))
        beyond = (c < 0) | (c > n - 1)
        outside = beyond if outside is None else outside | beyond
        c = xp.clip(c, 0.0, float(n - 1))
        low = xp.clip(xp.floor(c.detach()), 0.0, float(max(n - 2, 0)))
        t = c - low
        at = xp.astype(low, xp.int64)
        sides.append([(at, 1 - t), (xp.clip(at + 1, 0, n - 1), t)])
    total: Any = None
    for corner in product(*sides):
        index, weight = corner[0]
        for n, (at, w) in zip(x.shape[1:], corner[1:], strict=True):
            index, weight = index * n + at, weight * w
        part = xp.take(xp.reshape(x, (-1,)), index, axis=0) * weight
        total = part if total is None else total + part
    if mode == "constant":
        total = xp.where(outside, cval, total)
    return xp.reshape(total, shape)
