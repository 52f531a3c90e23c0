"""Arithmetic: the operators of Variable, elementwise, with broadcasting."""

from __future__ import annotations

import cmath
import math
from typing import Any

from arraygrad.arrays import is_complex
from arraygrad.backend import PYTHON_SCALARS, namespace
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable

__all__ = ["add", "div", "floordiv", "mod", "mul", "neg", "pos", "pow", "rdiv", "rsub", "sub"]

_PAIRS = [
    case(arr(2, 3), arr(2, 3)),
    case(arr(2, 1, 3), arr(4, 1)),
    case(arr(3), 2.5),
    case(-1.5, arr(2, 2)),
    case(arr(), arr(2)),
    case(arr(0, 3), arr(3)),
    case(arr(2, 3, kind="complex"), arr(3, kind="complex")),
    case(arr(3), 1 - 2j),
]
_DIVISORS = [
    case(arr(2, 3), arr(3, low=0.5)),
    case(arr(2, 3), -2.0),
    case(1.0, arr(2, low=0.5)),
    case(arr(), arr(low=1.0)),
]


@op(
    samples=_PAIRS,
    broadcasts=True,
    methods=("__add__", "__radd__"),
    operator="+",
    standard="add",
    reference="add",
)
def add(x0: Any, x1: Any) -> Any:
    """The sum, elementwise.

    >>> add(Variable(np.array([1.0, 2.0])), 3.0)
    variable([4. 5.])
    """
    return x0 + x1


@add.rule("x0")
def _(g):
    return g


@add.rule("x1")
def _(g):
    return g


@op(
    samples=_PAIRS,
    broadcasts=True,
    methods=("__sub__",),
    operator="-",
    standard="subtract",
    reference="subtract",
)
def sub(x0: Any, x1: Any) -> Any:
    """The difference, elementwise.

    >>> sub(Variable(np.array([1.0, 2.0])), 3.0)
    variable([-2. -1.])
    """
    return x0 - x1


@sub.rule("x0")
def _(g):
    return g


@sub.rule("x1")
def _(g):
    return -g


@op(
    samples=_PAIRS,
    broadcasts=True,
    pointwise=True,
    methods=("__mul__", "__rmul__"),
    operator="*",
    standard="multiply",
    reference="multiply",
)
def mul(x0: Any, x1: Any) -> Any:
    """The product, elementwise.

    >>> mul(Variable(np.array([1.0, 2.0])), 3.0)
    variable([3. 6.])
    """
    return x0 * x1


@mul.rule("x0")
def _(g, x1):
    return g * x1


@mul.rule("x1")
def _(g, x0):
    return g * x0


@op(
    samples=[*_DIVISORS, case(arr(2, 3, kind="complex"), arr(3, kind="complex"))],
    broadcasts=True,
    singular=True,
    methods=("__truediv__",),
    operator="/",
    standard="divide",
    reference="divide",
)
def div(x0: Any, x1: Any) -> Any:
    """The quotient, elementwise.

    >>> div(Variable(np.array([1.0, 2.0])), 4.0)
    variable([0.25 0.5 ])
    """
    return x0 / x1


@div.rule("x0")
def _(g, x1):
    return g / x1


@div.rule("x1")
def _(g, x1, out):
    return -g * out / x1


@op(
    samples=_DIVISORS,
    constant=("x0", "x1"),
    methods=("__floordiv__",),
    operator="//",
    standard="floor_divide",
    reference="floor_divide",
)
def floordiv(x0: Any, x1: Any) -> Any:
    """The quotient rounded down, elementwise; its derivative is zero.

    >>> floordiv(Variable(np.array([7.0, -7.0])), 2.0)
    variable([ 3. -4.])
    """
    return x0 // x1


@op(
    samples=_DIVISORS,
    broadcasts=True,
    singular=True,
    methods=("__mod__",),
    operator="%",
    standard="remainder",
    reference="remainder",
)
def mod(x0: Any, x1: Any) -> Any:
    """The remainder x0 - x1 * floor(x0 / x1), elementwise; it has the sign of x1.

    >>> mod(Variable(np.array([7.0, -7.0])), 2.0)
    variable([1. 1.])
    """
    return x0 % x1


@mod.rule("x0")
def _(g):
    return g


@mod.rule("x1")
def _(g, x0, x1):
    return -g * (x0 // x1)


@op(
    samples=[
        case(arr(2, 3), 2),
        case(arr(2, 3), 3),
        case(arr(2, 3), 1),
        case(arr(2, 3), 0),
        case(arr(2, 3, low=0.5), -1.5),
        case(2.0, arr(2, 3)),
        case(arr(2, 3, low=0.5), arr(3)),
        case(arr(low=0.5), arr()),
        case(arr(2, 3, kind="complex"), arr(3, kind="complex")),
        case(arr(3, low=-2.0, high=-0.5), arr(3, kind="complex")),
        case(arr(3, kind="complex"), -1.5),
    ],
    broadcasts=True,
    singular=lambda c: type(c) is not int or c < 0,
    methods=("__pow__",),
    operator="**",
    standard="pow",
    reference="power",
)
def pow(x: Any, c: Any) -> Any:
    """The power x ** c, elementwise.

    >>> pow(Variable(np.array([1.0, 2.0, 3.0])), 2)
    variable([1. 4. 9.])
    """
    return x**c


@pow.rule("x")
def _(g, x, c):
    if type(c) in PYTHON_SCALARS:
        if c == 2:
            return g * (x * 2)
        # 0 * x ** -1 would be nan at 0, and an error for whole numbers.
        return g * (x ** (c - 1) * c) if c != 0 else g * 0
    xp = namespace(c)  # asked only here: most exponents are numbers
    zero = c == 0
    return g * xp.where(zero, xp.zeros_like(c), c * x ** xp.where(zero, xp.ones_like(c), c - 1))


@pow.rule("c")
def _(g, x, out):
    # 0 ** c is flat in c, where it has a derivative at all, and so are powers of negatives.
    if type(x) in PYTHON_SCALARS:
        if is_complex(out.dtype):
            return g * out * (cmath.log(x) if x != 0 else 0.0)
        return g * out * (math.log(x) if x > 0 else 0.0)
    xp = namespace(out)
    if is_complex(out.dtype):
        x = xp.astype(x, out.dtype)  # for the logarithm of negative numbers
    smooth = x != 0 if is_complex(x.dtype) else x > 0
    ones, zeros = xp.ones_like(x), xp.zeros_like(x)
    return g * out * xp.where(smooth, xp.log(xp.where(smooth, x, ones)), zeros)


@op(
    samples=[(arr(2, 3),), (arr(),)],
    methods=("__neg__",),
    standard="negative",
    reference="negative",
)
def neg(x: Any) -> Any:
    """The negative, elementwise.

    >>> neg(Variable(np.array([1.0, -2.0])))
    variable([-1.  2.])
    """
    return -x


@neg.rule
def _(g):
    return -g


@op(samples=[(arr(2, 3),)], methods=("__pos__",), standard="positive", reference="positive")
def pos(x: Any) -> Any:
    """`x` itself, elementwise.

    >>> pos(Variable(np.array([1.0, -2.0])))
    variable([ 1. -2.])
    """
    return +x


@pos.rule
def _(g):
    return g


@op(samples=[case(arr(2, 3), 2.0)])
def rsub(x0: Any, x1: Any) -> Variable:
    """x1 - x0: subtraction with the operands exchanged, as in the book."""
    return sub(x1, x0)


@op(samples=[case(arr(2, 3, low=0.5), 2.0)])
def rdiv(x0: Any, x1: Any) -> Variable:
    """x1 / x0: division with the operands exchanged, as in the book."""
    return div(x1, x0)


def reflect(name: str, function: Any) -> None:
    """Give Variable the method `name`, which calls `function` with the operands exchanged."""

    def reflected(self: Variable, other: Any) -> Variable:
        return function(other, self)

    reflected.__name__ = reflected.__qualname__ = name
    setattr(Variable, name, reflected)


# Not for sums and products: they commute, so Variable stays on the left, where the fast path looks
# first, and `add` and `mul` are their own reflections.
for _name, _function in {
    "__rsub__": sub,
    "__rtruediv__": div,
    "__rfloordiv__": floordiv,
    "__rmod__": mod,
    "__rpow__": pow,
}.items():
    reflect(_name, _function)
