"""Angles: inverse trigonometric and hyperbolic functions, and the hypotenuse."""

from __future__ import annotations

from typing import Any

from arraygrad.op import arr, case, op

__all__ = ["acos", "acosh", "asin", "asinh", "atan", "atan2", "atanh", "hypot"]

_ANY = [(arr(2, 3),), (arr(),), (arr(0, 2),), (arr(3, kind="complex"),)]
_UNIT = [(arr(2, 3, low=-0.9, high=0.9),), (arr(low=-0.9, high=0.9),), (arr(3, kind="complex"),)]
_PAIRS = [
    case(arr(2, 3, low=0.3), arr(2, 3, low=-2.0, high=-0.3)),
    case(arr(2, 1, low=0.3), arr(3)),
    case(arr(3), 0.5),
    case(-0.5, arr(3)),
]


@op(samples=_UNIT, standard="asin", reference="asin", singular=True)
def asin(x: Any, *, xp: Any = None) -> Any:
    """The inverse sine, elementwise, in radians.

    >>> asin(Variable(np.array([0.0, 1.0])))
    variable([0.         1.57079633])
    """
    return xp.asin(x)


@asin.rule
def _(g, x, xp):
    return g / xp.sqrt((1 - x) * (1 + x))  # 1 - x * x has few right digits near 1


@op(samples=_UNIT, standard="acos", reference="acos", singular=True)
def acos(x: Any, *, xp: Any = None) -> Any:
    """The inverse cosine, elementwise, in radians.

    >>> acos(Variable(np.array([1.0, 0.0])))
    variable([0.         1.57079633])
    """
    return xp.acos(x)


@acos.rule
def _(g, x, xp):
    return -g / xp.sqrt((1 - x) * (1 + x))


@op(samples=_ANY, standard="atan", reference="atan", singular=True)
def atan(x: Any, *, xp: Any = None) -> Any:
    """The inverse tangent, elementwise, in radians.

    >>> atan(Variable(np.array([0.0, 1.0])))
    variable([0.         0.78539816])
    """
    return xp.atan(x)


@atan.rule
def _(g, x):
    return g / (1 + x * x)


@op(samples=_PAIRS, broadcasts=True, standard="atan2", reference="atan2", singular=True)
def atan2(x1: Any, x2: Any, *, xp: Any = None) -> Any:
    """The angle of the points (x2, x1), elementwise, in radians from -pi to pi.

    At 0, 0 its derivatives are taken as 0.

    >>> atan2(Variable(np.array([1.0, 1.0])), np.array([1.0, -1.0]))
    variable([0.78539816 2.35619449])
    """
    return xp.atan2(x1, x2)


@atan2.rule("x1")
def _(g, x1, x2, xp):
    r = _radius(x1, x2, xp)
    return g * (x2 / r / r)


@atan2.rule("x2")
def _(g, x1, x2, xp):
    r = _radius(x1, x2, xp)
    return -g * (x1 / r / r)


def _radius(x1: Any, x2: Any, xp: Any) -> Any:
    r = xp.hypot(x1, x2)  # whose square may be too large or too small for the dtype
    return xp.where(r == 0, xp.ones_like(r), r)


@op(samples=_ANY, standard="asinh", reference="asinh", singular=True)
def asinh(x: Any, *, xp: Any = None) -> Any:
    """The inverse hyperbolic sine, elementwise.

    >>> asinh(Variable(np.array([0.0, 1.0])))
    variable([0.         0.88137359])
    """
    return xp.asinh(x)


@asinh.rule
def _(g, x, xp):
    return g / xp.sqrt(1 + x * x)


@op(
    samples=[(arr(2, 3, low=1.2, high=3.0),), (arr(low=1.2),), (arr(3, kind="complex"),)],
    standard="acosh",
    reference="acosh",
    singular=True,
)
def acosh(x: Any, *, xp: Any = None) -> Any:
    """The inverse hyperbolic cosine, elementwise; x: 1 or more, or complex.

    >>> acosh(Variable(np.array([1.0, 2.0])))
    variable([0.        1.3169579])
    """
    return xp.acosh(x)


@acosh.rule
def _(g, x, xp):
    return g / (xp.sqrt(x - 1) * xp.sqrt(x + 1))  # one root would be on the wrong branch


@op(samples=_UNIT, standard="atanh", reference="atanh", singular=True)
def atanh(x: Any, *, xp: Any = None) -> Any:
    """The inverse hyperbolic tangent, elementwise.

    >>> atanh(Variable(np.array([0.0, 0.5])))
    variable([0.         0.54930614])
    """
    return xp.atanh(x)


@atanh.rule
def _(g, x):
    return g / ((1 - x) * (1 + x))


@op(samples=_PAIRS, broadcasts=True, standard="hypot", reference="hypot", singular=True)
def hypot(x1: Any, x2: Any, *, xp: Any = None) -> Any:
    """sqrt(x1 ** 2 + x2 ** 2), elementwise, without overflow.

    At 0, 0 its derivatives are taken as 0, as that of `abs` is.

    >>> hypot(Variable(np.array([3.0, 5.0])), np.array([4.0, 12.0]))
    variable([ 5. 13.])
    """
    return xp.hypot(x1, x2)


@hypot.rule("x1")
def _(g, x1, out, xp):
    return g * (x1 / xp.where(out == 0, xp.ones_like(out), out))


@hypot.rule("x2")
def _(g, x2, out, xp):
    return g * (x2 / xp.where(out == 0, xp.ones_like(out), out))
