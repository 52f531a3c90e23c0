"""One thing or another, elementwise: the larger, the smaller, what is within limits, `where`."""

from __future__ import annotations

from typing import Any

from arraygrad.op import arr, case, op

__all__ = ["clip", "maximum", "minimum", "where"]


@op(
    samples=[case(arr(2, 3), arr(2, 3)), case(arr(2, 3), arr(3)), case(arr(2, 3), 0.25)],
    broadcasts=True,
    standard="maximum",
    reference="maximum",
    pointwise=True,
)
def maximum(x1: Any, x2: Any, *, xp: Any = None) -> Any:
    """The larger of the two, elementwise; where they are equal each gets half of the gradient.

    >>> maximum(Variable(np.array([1.0, 5.0])), 2.0)
    variable([2. 5.])
    """
    return xp.maximum(x1, x2)


@maximum.rule("x1")
def _(g, x1, x2, xp):
    return _chosen(g, x1, x2, x1 > x2, xp)


@maximum.rule("x2")
def _(g, x1, x2, xp):
    return _chosen(g, x1, x2, x1 < x2, xp)


@op(
    samples=[case(arr(2, 3), arr(2, 3)), case(arr(2, 3), arr(3)), case(arr(2, 3), 0.25)],
    broadcasts=True,
    standard="minimum",
    reference="minimum",
    pointwise=True,
)
def minimum(x1: Any, x2: Any, *, xp: Any = None) -> Any:
    """The smaller of the two, elementwise; where they are equal each gets half of the gradient.

    >>> minimum(Variable(np.array([1.0, 5.0])), 2.0)
    variable([1. 2.])
    """
    return xp.minimum(x1, x2)


@minimum.rule("x1")
def _(g, x1, x2, xp):
    return _chosen(g, x1, x2, x1 < x2, xp)


@minimum.rule("x2")
def _(g, x1, x2, xp):
    return _chosen(g, x1, x2, x1 > x2, xp)


def _chosen(g: Any, x1: Any, x2: Any, wins: Any, xp: Any) -> Any:
    return xp.where(wins, g, xp.where(x1 == x2, g * 0.5, xp.zeros_like(g)))


@op(
    samples=[
        case(arr(2, 3), -0.5, 0.75),
        case(arr(2, 3), 0.0, None),
        case(arr(2, 3), None, 0.5),
        case(arr(2, 3), arr(3, high=0.0), arr(2, 1, low=0.0)),
        case(arr(3), None, arr(2, 3)),
    ],
    broadcasts=True,
    pointwise=True,
    reference="clip",
)
def clip(x: Any, x_min: Any = None, x_max: Any = None, *, xp: Any = None) -> Any:
    """`x` limited to x_min .. x_max, numbers or arrays, or None for no limit, elementwise.

    >>> clip(Variable(np.array([-3.0, 0.5, 3.0])), -1.0, 1.0)
    variable([-1.   0.5  1. ])
    """
    return xp.clip(x, x_min, x_max)


@clip.rule
def _(g, x, x_min, x_max, xp):
    inside = xp.ones_like(x, dtype=xp.bool)
    if x_min is not None:
        inside = inside & (x >= x_min)
    if x_max is not None:
        inside = inside & (x <= x_max)
    return xp.where(inside, g, xp.zeros_like(g))


@clip.rule("x_min")
def _(g, x, x_min, x_max, xp):
    below = x < x_min
    if x_max is not None:
        below = below & (x_min <= x_max)  # x_max is the stronger where they cross
    return xp.where(below, g, xp.zeros_like(g))


@clip.rule("x_max")
def _(g, x, x_min, x_max, xp):
    above = x > x_max
    if x_min is not None:
        above = above | (x_min > x_max)
    return xp.where(above, g, xp.zeros_like(g))


@op(
    samples=[
        case(arr(2, 3, kind="bool"), arr(2, 3), arr(2, 3)),
        case(arr(3, kind="bool"), arr(2, 1), arr(3)),
        case(arr(3, kind="bool"), arr(2, 1), 0.5),
        case(arr(3, kind="bool"), arr(3, kind="complex"), arr(3)),
    ],
    constant=("condition",),
    broadcasts=True,
    standard="where",
    reference="where",
)
def where(condition: Any, x1: Any, x2: Any, *, xp: Any = None) -> Any:
    """`x1` where the boolean `condition` is true (or a number other than 0), `x2` elsewhere.

    >>> where(np.array([True, False]), Variable(np.array([1.0, 2.0])), 0.0)
    variable([1. 0.])
    """
    return xp.where(_truth(condition, xp), x1, x2)


def _truth(condition: Any, xp: Any) -> Any:
    dtype = getattr(condition, "dtype", None)
    return condition if dtype is None or dtype == xp.bool else condition != 0


@where.rule("x1")
def _(g, condition, xp):
    return xp.where(_truth(condition, xp), g, xp.zeros_like(g))


@where.rule("x2")
def _(g, condition, xp):
    return xp.where(_truth(condition, xp), xp.zeros_like(g), g)
