"""Elementwise mathematics: roots, exponentials, logarithms, trigonometry; dtypes."""

from __future__ import annotations

from typing import Any

from arraygrad.arrays import is_complex, is_inexact
from arraygrad.backend import backend_of, namespace
from arraygrad.errors import DtypeError
from arraygrad.op import arr, case, op
from arraygrad.variable import as_array, as_variable, constant

__all__ = [
    "abs", "absolute", "astype", "cos", "cosh", "exp", "expm1", "log", "log1p", "real", "sin",
    "sinh", "sqrt", "square", "tan",
]  # fmt: skip

_ANY = [(arr(2, 3),), (arr(),), (arr(0, 2),), (arr(3, kind="complex"),)]
_POSITIVE = [(arr(2, 3, low=0.3),), (arr(low=0.3),), (arr(3, kind="complex"),)]


@op(samples=_ANY, standard="exp", reference="exp", singular=True)
def exp(x: Any, *, xp: Any = None) -> Any:
    """e ** x, elementwise.

    >>> exp(Variable(np.array([0.0, 1.0])))
    variable([1.         2.71828183])
    """
    return xp.exp(x)


@exp.rule
def _(g, out):
    return g * out


@op(samples=_ANY, standard="expm1", reference="expm1", singular=True)
def expm1(x: Any, *, xp: Any = None) -> Any:
    """e ** x - 1, elementwise, accurate near 0.

    >>> expm1(Variable(np.array([0.0, 1e-12])))
    variable([0.e+00 1.e-12])
    """
    return xp.expm1(x)


@expm1.rule
def _(g, out):
    return g * (out + 1)


@op(samples=_POSITIVE, standard="log", reference="log", singular=True)
def log(x: Any, *, xp: Any = None) -> Any:
    """The natural logarithm, elementwise.

    >>> log(Variable(np.array([1.0, 2.0])))
    variable([0.         0.69314718])
    """
    return xp.log(x)


@log.rule
def _(g, x):
    return g / x


@op(samples=[(arr(2, 3, low=-0.5),)], standard="log1p", reference="log1p", singular=True)
def log1p(x: Any, *, xp: Any = None) -> Any:
    """The natural logarithm of 1 + x, elementwise, accurate near 0.

    >>> log1p(Variable(np.array([0.0, 1e-12])))
    variable([0.e+00 1.e-12])
    """
    return xp.log1p(x)


@log1p.rule
def _(g, x):
    return g / (x + 1)


@op(samples=_POSITIVE, standard="sqrt", reference="sqrt", singular=True)
def sqrt(x: Any, *, xp: Any = None) -> Any:
    """The square root, elementwise.

    >>> sqrt(Variable(np.array([4.0, 9.0])))
    variable([2. 3.])
    """
    return xp.sqrt(x)


@sqrt.rule
def _(g, out):
    return g / (out * 2)


@op(samples=_ANY, standard="square", reference="square", pointwise=True)
def square(x: Any) -> Any:
    """x * x, elementwise.

    >>> square(Variable(np.array([1.0, -3.0])))
    variable([1. 9.])
    """
    return x * x


@square.rule
def _(g, x):
    return g * (x * 2)


@op(samples=_ANY, standard="sin", reference="sin", pointwise=True)
def sin(x: Any, *, xp: Any = None) -> Any:
    """The sine, elementwise; x in radians.

    >>> sin(Variable(np.array(1.0)))
    variable(0.8414709848078965)
    """
    return xp.sin(x)


@sin.rule
def _(g, x, xp):
    return g * xp.cos(x)


@op(samples=_ANY, standard="cos", reference="cos", pointwise=True)
def cos(x: Any, *, xp: Any = None) -> Any:
    """The cosine, elementwise; x in radians.

    >>> cos(Variable(np.array(0.0)))
    variable(1.0)
    """
    return xp.cos(x)


@cos.rule
def _(g, x, xp):
    return -g * xp.sin(x)


@op(samples=[(arr(2, 3, low=-1.0, high=1.0),)], standard="tan", reference="tan", singular=True)
def tan(x: Any, *, xp: Any = None) -> Any:
    """The tangent, elementwise; x in radians.

    >>> tan(Variable(np.array(0.0)))
    variable(0.0)
    """
    return xp.tan(x)


@tan.rule
def _(g, out):
    return g * (1 + out * out)


@op(samples=_ANY, standard="sinh", reference="sinh", singular=True)
def sinh(x: Any, *, xp: Any = None) -> Any:
    """The hyperbolic sine, elementwise.

    >>> sinh(Variable(np.array(0.0)))
    variable(0.0)
    """
    return xp.sinh(x)


@sinh.rule
def _(g, x, xp):
    return g * xp.cosh(x)


@op(samples=_ANY, standard="cosh", reference="cosh", singular=True)
def cosh(x: Any, *, xp: Any = None) -> Any:
    """The hyperbolic cosine, elementwise.

    >>> cosh(Variable(np.array(0.0)))
    variable(1.0)
    """
    return xp.cosh(x)


@cosh.rule
def _(g, x, xp):
    return g * xp.sinh(x)


@op(
    samples=[(arr(2, 3),), (arr(),), (arr(3, kind="complex"),)],
    methods=("__abs__",),
    standard="abs",
    reference="absolute",
    pointwise=True,
)
def absolute(x: Any, *, xp: Any = None) -> Any:
    """The absolute value, elementwise; its derivative at 0 is taken as 0.

    >>> absolute(Variable(np.array([-2.0, 3.0])))
    variable([2. 3.])
    """
    return xp.abs(x)


@absolute.rule
def _(g, x, xp):
    sign = xp.sign(x)
    return g * (xp.conj(sign) if is_complex(x.dtype) else sign)


@op(samples=[case(arr(2, 3), "float64")])
def _astype(x: Any, dtype: Any, *, xp: Any = None) -> Any:
    """`x` in another floating point dtype; what `astype` calls."""
    return xp.astype(x, getattr(xp, dtype) if isinstance(dtype, str) else dtype)


@_astype.rule
def _(g):
    return g  # the engine casts every gradient to the dtype of its input


@op(samples=[case(arr(2, 3), "float64")], methods=("astype",), standard="astype")
def astype(x: Any, dtype: Any, copy: bool = True, device: Any = None) -> Any:
    """`x` in another dtype, one of the library's own or its name; the gradient is cast back.

    In a dtype of whole numbers or booleans the result is a constant.
    copy: False gives `x` itself where it has the dtype already. device: where to, if not None.
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
    wanted = backend_of(data).dtype(dtype)
    if not copy and wanted == data.dtype:
        y = as_variable(x, requires_grad=False)
    elif is_inexact(wanted, xp):
        y = _astype(x, dtype)
    else:
        y = constant(xp.astype(data, dtype))
    if device is None:
        return y
    from arraygrad.functions.shape import to_device

    return to_device(y, device)


@op(samples=[(arr(2, 3),)], standard="real", reference="real")
def real(x: Any, *, xp: Any = None) -> Any:
    """The real part, elementwise.

    >>> real(Variable(np.array([1.0 + 2.0j])))
    variable([1.])
    """
    return xp.real(x) if is_complex(x.dtype) else x


@real.rule
def _(g):
    return g


abs = absolute
