"""Comparisons, logic and bits: untracked results, usable as masks and in `if`."""

from __future__ import annotations

from typing import Any

from arraygrad.functions.arithmetic import reflect
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable

__all__ = [
    "equal", "greater", "greater_equal", "invert", "left_shift", "less", "less_equal",
    "logical_and", "logical_or", "logical_xor", "not_equal", "right_shift",
]  # fmt: skip

_REAL = [case(arr(2, 3), arr(2, 3)), case(arr(2, 3), arr(3)), case(arr(2, 3), 0.5)]
_BOOL = [case(arr(2, 3, kind="bool"), arr(3, kind="bool"))]


def _comparison(method: str, samples: Any = _REAL, *more: str) -> Any:
    def define(forward: Any) -> Any:
        return op(
            samples=samples,
            constant=("x1", "x2"),
            methods=(method, *more),
            standard=forward.__name__,
            reference=forward.__name__,
        )(forward)

    return define


@_comparison("__lt__")
def less(x1: Any, x2: Any) -> Any:
    """x1 < x2, elementwise.

    >>> less(Variable(np.array([1.0, 3.0])), 2.0)
    variable([ True False])
    """
    return x1 < x2


@_comparison("__le__")
def less_equal(x1: Any, x2: Any) -> Any:
    """x1 <= x2, elementwise.

    >>> less_equal(Variable(np.array([2.0, 3.0])), 2.0)
    variable([ True False])
    """
    return x1 <= x2


@_comparison("__gt__")
def greater(x1: Any, x2: Any) -> Any:
    """x1 > x2, elementwise.

    >>> greater(Variable(np.array([1.0, 3.0])), 2.0)
    variable([False  True])
    """
    return x1 > x2


@_comparison("__ge__")
def greater_equal(x1: Any, x2: Any) -> Any:
    """x1 >= x2, elementwise.

    >>> greater_equal(Variable(np.array([2.0, 1.0])), 2.0)
    variable([ True False])
    """
    return x1 >= x2


@_comparison("__eq__")
def equal(x1: Any, x2: Any) -> Any:
    """x1 == x2, elementwise.

    >>> equal(Variable(np.array([1.0, 2.0])), 2.0)
    variable([False  True])
    """
    return x1 == x2


@_comparison("__ne__")
def not_equal(x1: Any, x2: Any) -> Any:
    """x1 != x2, elementwise.

    >>> not_equal(Variable(np.array([1.0, 2.0])), 2.0)
    variable([ True False])
    """
    return x1 != x2


@_comparison("__and__", _BOOL, "__rand__")
def logical_and(x1: Any, x2: Any) -> Any:
    """x1 & x2 of booleans, elementwise.

    >>> logical_and(np.array([True, True]), np.array([True, False]))
    variable([ True False])
    """
    return x1 & x2


@_comparison("__or__", _BOOL, "__ror__")
def logical_or(x1: Any, x2: Any) -> Any:
    """x1 | x2 of booleans, elementwise.

    >>> logical_or(np.array([True, False]), np.array([False, False]))
    variable([ True False])
    """
    return x1 | x2


@_comparison("__xor__", _BOOL, "__rxor__")
def logical_xor(x1: Any, x2: Any) -> Any:
    """x1 ^ x2 of booleans, elementwise.

    >>> logical_xor(np.array([True, False]), np.array([True, True]))
    variable([False  True])
    """
    return x1 ^ x2


@op(
    samples=[case(arr(2, 3, kind="bool"))],
    constant=("x",),
    methods=("__invert__",),
    standard="logical_not",
    reference="logical_not",
)
def invert(x: Any) -> Any:
    """Not x, for booleans, elementwise.

    >>> invert(np.array([True, False]))
    variable([False  True])
    """
    return ~x


_BITS = [case(arr(2, 3, kind="int", low=0, high=9), arr(3, kind="int", low=0, high=4))]


@op(
    samples=_BITS,
    constant=("x1", "x2"),
    methods=("__lshift__",),
    standard="bitwise_left_shift",
    reference="left_shift",
)
def left_shift(x1: Any, x2: Any) -> Any:
    """The bits of the whole numbers x1 shifted x2 places to the left: x1 * 2 ** x2, elementwise.

    >>> left_shift(np.array([1, 3]), 2)
    variable([ 4 12])
    """
    return x1 << x2


@op(
    samples=_BITS,
    constant=("x1", "x2"),
    methods=("__rshift__",),
    standard="bitwise_right_shift",
    reference="right_shift",
)
def right_shift(x1: Any, x2: Any) -> Any:
    """The bits of the whole numbers x1 shifted x2 places to the right: x1 // 2 ** x2, elementwise.

    >>> right_shift(np.array([4, 13]), 2)
    variable([1 3])
    """
    return x1 >> x2


reflect("__rlshift__", left_shift)
reflect("__rrshift__", right_shift)


def _or_unknown(compare: Any) -> Any:
    """`==` or `!=` of a Variable, which is about identity for what is no array, such as None."""

    def method(self: Variable, other: Any) -> Any:
        return NotImplemented if other is None or isinstance(other, str) else compare(self, other)

    return method


Variable.__eq__ = _or_unknown(equal)  # type: ignore[method-assign]
Variable.__ne__ = _or_unknown(not_equal)  # type: ignore[method-assign]
