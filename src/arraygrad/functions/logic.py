"""Comparisons and logic: untracked results, usable as masks and in `if`."""

from __future__ import annotations

from typing import Any

from arraygrad.op import arr, case, op

__all__ = [
    "equal", "greater", "greater_equal", "invert", "less", "less_equal", "logical_and",
    "logical_or", "logical_xor", "not_equal",
]  # fmt: skip

_REAL = [case(arr(2, 3), arr(2, 3)), case(arr(2, 3), arr(3)), case(arr(2, 3), 0.5)]
_BOOL = [case(arr(2, 3, kind="bool"), arr(3, kind="bool"))]


def _comparison(method: str, samples: Any = _REAL) -> Any:
    def define(forward: Any) -> Any:
        return op(
            samples=samples,
            constant=("x1", "x2"),
            methods=(method,),
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


@_comparison("__and__", _BOOL)
def logical_and(x1: Any, x2: Any) -> Any:
    """x1 & x2 of booleans, elementwise.

    >>> logical_and(np.array([True, True]), np.array([True, False]))
    variable([ True False])
    """
    return x1 & x2


@_comparison("__or__", _BOOL)
def logical_or(x1: Any, x2: Any) -> Any:
    """x1 | x2 of booleans, elementwise.

    >>> logical_or(np.array([True, False]), np.array([False, False]))
    variable([ True False])
    """
    return x1 | x2


@_comparison("__xor__", _BOOL)
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
