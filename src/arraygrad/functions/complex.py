"""Complex numbers and signs: the conjugate, the imaginary part, `x / |x|`, a sign carried over."""

from __future__ import annotations

from typing import Any

from arraygrad.arrays import is_complex
from arraygrad.backend import namespace
from arraygrad.op import arr, case, op
from arraygrad.variable import as_variable, constant

__all__ = ["conj", "copysign", "imag", "sign"]


@op(
    samples=[(arr(2, 3, kind="complex"),), (arr(2, 3),)],
    standard="conj",
    reference="conj",
    pointwise=True,
)
def conj(x: Any, *, xp: Any = None) -> Any:
    """The complex conjugate, elementwise; real numbers are their own.

    >>> conj(Variable(np.array([1.0 + 2.0j])))
    variable([1.-2.j])
    """
    return xp.conj(x) if is_complex(x.dtype) else x


@conj.rule
def _(g, xp):
    return xp.conj(g) if is_complex(g.dtype) else g


@op(samples=[(arr(2, 3, kind="complex"),)], pointwise=True)
def _imag(x: Any, *, xp: Any = None) -> Any:
    """The imaginary part of complex numbers; what `imag` calls."""
    return xp.imag(x)


@_imag.rule
def _(g):
    return g * -1j


@op(samples=[(arr(2, 3, kind="complex"),), (arr(2, 3),)], standard="imag", reference="imag")
def imag(x: Any) -> Any:
    """The imaginary part, elementwise; that of real numbers is 0, a constant.

    >>> imag(Variable(np.array([1.0 + 2.0j])))
    variable([2.])
    """
    x = as_variable(x, requires_grad=False)
    if is_complex(x.dtype):
        return _imag(x)
    return constant(namespace(x.data).zeros_like(x.data))


@op(samples=[(arr(2, 3, kind="complex"),)], pointwise=True)
def _sign(x: Any, *, xp: Any = None) -> Any:
    """x / |x| of complex numbers; what `sign` calls."""
    return xp.sign(x)


@_sign.rule
def _(g, x, out, xp):
    # What changes the length of x leaves x / |x| as it is. At 0 all of it is taken as 0.
    r = xp.abs(x)
    across = g - xp.real(g * out) * xp.conj(out)
    return xp.where(r == 0, xp.zeros_like(g), across / xp.where(r == 0, xp.ones_like(r), r))


@op(samples=[(arr(2, 3, kind="complex"),), (arr(2, 3),)], standard="sign", reference="sign")
def sign(x: Any) -> Any:
    """-1, 0 or 1 as `x` is below, at or above 0, a constant; x / |x| of a complex `x`.

    >>> sign(Variable(np.array([-2.0, 0.0, 3.0])))
    variable([-1.  0.  1.])
    >>> sign(Variable(np.array([3.0 + 4.0j])))
    variable([0.6+0.8j])
    """
    x = as_variable(x, requires_grad=False)
    if is_complex(x.dtype):
        return _sign(x)
    return constant(namespace(x.data).sign(x.data))


@op(
    samples=[
        case(arr(2, 3), arr(2, 3)),
        case(arr(2, 1), arr(3)),
        case(arr(3), -0.5),
        case(0.5, arr(3)),
    ],
    constant=("x2",),
    broadcasts=True,
    pointwise=True,
    standard="copysign",
    reference="copysign",
)
def copysign(x1: Any, x2: Any, *, xp: Any = None) -> Any:
    """The absolute value of `x1` with the sign of `x2`, elementwise.

    >>> copysign(Variable(np.array([1.0, -2.0])), np.array([-0.5, -0.0]))
    variable([-1. -2.])
    """
    return xp.copysign(x1, x2)


@copysign.rule("x1")
def _(g, x1, out, xp):
    return xp.where(xp.signbit(x1) == xp.signbit(out), g, -g)
