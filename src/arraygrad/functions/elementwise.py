"""Elementwise mathematics: powers, exponentials, logarithms, trigonometry, selection."""

from __future__ import annotations

from typing import Any

from arraygrad.backend import backend_of, is_inexact, namespace
from arraygrad.errors import DtypeError
from arraygrad.op import arr, case, op
from arraygrad.variable import as_array, constant

__all__ = [
    "abs", "absolute", "astype", "clip", "cos", "cosh", "exp", "expm1", "log", "log1p",
    "maximum", "minimum", "real", "sin", "sinh", "sqrt", "square", "tan", "where",
]  # fmt: skip

_ANY = [(arr(2, 3),), (arr(),), (arr(0, 2),)]
_POSITIVE = [(arr(2, 3, low=0.3),), (arr(low=0.3),)]


@op(samples=_ANY, standard="exp", reference="exp")
def exp(x: Any, *, xp: Any = None) -> Any:
    """e ** x, elementwise.

    >>> exp(Variable(np.array([0.0, 1.0])))
    variable([1.         2.71828183])
    """
    return xp.exp(x)


@exp.rule
def _(g, out):
    return g * out


@op(samples=_ANY, standard="expm1", reference="expm1")
def expm1(x: Any, *, xp: Any = None) -> Any:
    """e ** x - 1, elementwise, accurate near 0.

    >>> expm1(Variable(np.array([0.0, 1e-12])))
    variable([0.e+00 1.e-12])
    """
    return xp.expm1(x)


@expm1.rule
def _(g, out):
    return g * (out + 1)


@op(samples=_POSITIVE, standard="log", reference="log")
def log(x: Any, *, xp: Any = None) -> Any:
    """The natural logarithm, elementwise.

    >>> log(Variable(np.array([1.0, 2.0])))
    variable([0.         0.69314718])
    """
    return xp.log(x)


@log.rule
def _(g, x):
    return g / x


@op(samples=[(arr(2, 3, low=-0.5),)], standard="log1p", reference="log1p")
def log1p(x: Any, *, xp: Any = None) -> Any:
    """The natural logarithm of 1 + x, elementwise, accurate near 0.

    >>> log1p(Variable(np.array([0.0, 1e-12])))
    variable([0.e+00 1.e-12])
    """
    return xp.log1p(x)


@log1p.rule
def _(g, x):
    return g / (x + 1)


@op(samples=_POSITIVE, standard="sqrt", reference="sqrt")
def sqrt(x: Any, *, xp: Any = None) -> Any:
    """The square root, elementwise.

    >>> sqrt(Variable(np.array([4.0, 9.0])))
    variable([2. 3.])
    """
    return xp.sqrt(x)


@sqrt.rule
def _(g, out):
    return g / (out * 2)


@op(samples=_ANY, standard="square", reference="square")
def square(x: Any) -> Any:
    """x * x, elementwise.

    >>> square(Variable(np.array([1.0, -3.0])))
    variable([1. 9.])
    """
    return x * x


@square.rule
def _(g, x):
    return g * (x * 2)


@op(samples=_ANY, standard="sin", reference="sin")
def sin(x: Any, *, xp: Any = None) -> Any:
    """The sine, elementwise; x in radians.

    >>> sin(Variable(np.array(1.0)))
    variable(0.8414709848078965)
    """
    return xp.sin(x)


@sin.rule
def _(g, x, xp):
    return g * xp.cos(x)


@op(samples=_ANY, standard="cos", reference="cos")
def cos(x: Any, *, xp: Any = None) -> Any:
    """The cosine, elementwise; x in radians.

    >>> cos(Variable(np.array(0.0)))
    variable(1.0)
    """
    return xp.cos(x)


@cos.rule
def _(g, x, xp):
    return -g * xp.sin(x)


@op(samples=[(arr(2, 3, low=-1.0, high=1.0),)], standard="tan", reference="tan")
def tan(x: Any, *, xp: Any = None) -> Any:
    """The tangent, elementwise; x in radians.

    >>> tan(Variable(np.array(0.0)))
    variable(0.0)
    """
    return xp.tan(x)


@tan.rule
def _(g, out):
    return g * (1 + out * out)


@op(samples=_ANY, standard="sinh", reference="sinh")
def sinh(x: Any, *, xp: Any = None) -> Any:
    """The hyperbolic sine, elementwise.

    >>> sinh(Variable(np.array(0.0)))
    variable(0.0)
    """
    return xp.sinh(x)


@sinh.rule
def _(g, x, xp):
    return g * xp.cosh(x)


@op(samples=_ANY, standard="cosh", reference="cosh")
def cosh(x: Any, *, xp: Any = None) -> Any:
    """The hyperbolic cosine, elementwise.

    >>> cosh(Variable(np.array(0.0)))
    variable(1.0)
    """
    return xp.cosh(x)


@cosh.rule
def _(g, x, xp):
    return g * xp.sinh(x)


@op(samples=[(arr(2, 3),), (arr(),)], methods=("__abs__",), standard="abs", reference="absolute")
def absolute(x: Any, *, xp: Any = None) -> Any:
    """The absolute value, elementwise; its derivative at 0 is taken as 0.

    >>> absolute(Variable(np.array([-2.0, 3.0])))
    variable([2. 3.])
    """
    return xp.abs(x)


@absolute.rule
def _(g, x, xp):
    return g * xp.sign(x)


@op(
    samples=[case(arr(2, 3), arr(2, 3)), case(arr(2, 3), arr(3)), case(arr(2, 3), 0.25)],
    broadcasts=True,
    standard="maximum",
    reference="maximum",
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
    samples=[case(arr(2, 3), -0.5, 0.75), case(arr(2, 3), 0.0, None), case(arr(2, 3), None, 0.5)],
    standard="clip",
    reference="clip",
)
def clip(x: Any, x_min: Any, x_max: Any, *, xp: Any = None) -> Any:
    """`x` limited to x_min .. x_max, numbers or None for no limit, elementwise.

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


@op(
    samples=[
        case(arr(2, 3, kind="bool"), arr(2, 3), arr(2, 3)),
        case(arr(3, kind="bool"), arr(2, 1), arr(3)),
        case(arr(3, kind="bool"), arr(2, 1), 0.5),
    ],
    constant=("condition",),
    broadcasts=True,
    standard="where",
    reference="where",
)
def where(condition: Any, x1: Any, x2: Any, *, xp: Any = None) -> Any:
    """`x1` where the boolean `condition` is true, `x2` elsewhere.

    >>> where(np.array([True, False]), Variable(np.array([1.0, 2.0])), 0.0)
    variable([1. 0.])
    """
    return xp.where(condition, x1, x2)


@where.rule("x1")
def _(g, condition, xp):
    return xp.where(condition, g, xp.zeros_like(g))


@where.rule("x2")
def _(g, condition, xp):
    return xp.where(condition, xp.zeros_like(g), g)


@op(samples=[case(arr(2, 3), "float64")])
def _astype(x: Any, dtype: Any, *, xp: Any = None) -> Any:
    """`x` in another floating point dtype; what `astype` calls."""
    return xp.astype(x, getattr(xp, dtype) if isinstance(dtype, str) else dtype)


@_astype.rule
def _(g):
    return g  # the engine casts every gradient to the dtype of its input


@op(samples=[case(arr(2, 3), "float64")], methods=("astype",), standard="astype")
def astype(x: Any, dtype: Any) -> Any:
    """`x` in another dtype, one of the library's own or its name; the gradient is cast back.

    In a dtype of whole numbers or booleans the result is a constant.
    Raises DtypeError for a name that the library does not know.

    >>> astype(Variable(np.array([1.0, 2.0])), np.float32).dtype
    dtype('float32')
    """
    data = as_array(x)
    xp = namespace(data)
    if isinstance(dtype, str):
        known = getattr(xp, dtype, None)
        if known is None:
            raise DtypeError(
                f"astype: got the dtype {dtype!r}, which {backend_of(data).name} does not know; "
                f"expected one such as 'float32' or 'int64'"
            )
        dtype = known
    if is_inexact(backend_of(data).dtype(dtype), xp):
        return _astype(x, dtype)
    return constant(xp.astype(data, dtype))


@op(samples=[(arr(2, 3),)], standard="real", reference="real")
def real(x: Any, *, xp: Any = None) -> Any:
    """The real part, elementwise.

    >>> real(Variable(np.array([1.0 + 2.0j])))
    variable([1.])
    """
    return xp.real(x) if xp.isdtype(x.dtype, "complex floating") else x


@real.rule
def _(g):
    return g


abs = absolute
