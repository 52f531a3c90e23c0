"""In-place operations: a Variable is a cell, and what changes it puts a new value in.

`x[key] = value` and `x += y` compute a new array, with an op that is recorded like any other, and
bind the Variable to it; what the graph keeps is never changed. A view made by a basic index, by
exchanging axes or by another shape knows what it is a view of, which knows its views: writing to
one changes all that share elements with it, as in NumPy.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Self
from weakref import ref

import numpy as np

from arraygrad.arrays import is_inexact
from arraygrad.backend import backend_of, namespace
from arraygrad.config import is_recording
from arraygrad.errors import DtypeError, GradientError, ShapeError

if TYPE_CHECKING:
    from arraygrad.engine import Node


_new: Any = object.__new__


def _any(x: Any) -> Any:
    return x  # whose slots are those of Variable


class View:
    """What a Variable is a view of, how it is taken, and how a new value is put back."""

    __slots__ = ("_base", "args", "back", "take")

    # Filled by `link`, on the path of every index: a method of its own would cost a tenth of it.
    _base: Any
    take: Callable[..., Any]
    back: Callable[..., Any]
    args: tuple[Any, ...]

    @property
    def base(self) -> Any:
        """The Variable, or None if nobody can look at it any more."""
        return self._base() if isinstance(self._base, ref) else self._base


def view_of(x: Any) -> View | None:
    """What `x` is a view of; for nearly all Variables the slot is unset, which costs nothing."""
    return getattr(x, "_view", None)


def base_of(x: Any) -> Any:
    """The Variable that `x` is a view of, None if there is none, or none any more."""
    view = view_of(x)
    return None if view is None else view.base


def link(y: Any, x: Any, take: Callable[..., Any], back: Callable[..., Any], *args: Any) -> Any:
    """`y`, a new Variable, as a view of `x`, so that writing to one changes the other.

    take(x, *args) gives y; back(x, y, *args) a new value of x from a new value of y.
    """
    views = getattr(x, "_views", None)
    if views is None:
        x._views = views = []
        x._view = view_of(x)  # to be found set from now on: an unset slot costs 0.3 us
    y._view = view = _new(View)
    # The base of a view in between lives as long as this one; nobody else may hold it.
    view._base = ref(x) if x._view is None else x
    view.take, view.back, view.args = take, back, args
    if views and len(views) & (len(views) - 1) == 0:  # at 1, 2, 4, 8, ...: what is gone makes room
        views[:] = [view for view in views if view() is not None]
    views.append(ref(y))
    return y


def follow(x: Any) -> None:
    """Take the views of `x` anew, and theirs, as its value is another one."""
    pending = [x]
    while pending:
        x = pending.pop()
        for found in getattr(x, "_views", ()):
            y = found()
            if y is not None and y._view is not None:
                y._hold(y._view.take(x, *y._view.args))
                pending.append(y)


def replaced(x: Any, shape: tuple[int, ...] | None) -> None:
    """`x.data` was assigned: it is a view no more, and its views follow if they still can.

    shape: that of the array before.
    """
    if view_of(x) is not None:
        x._view = None
    if getattr(x, "_views", None):
        if x._data is not None and x._data.shape == shape:
            follow(x)
            return
        for found in x._views:
            if (y := found()) is not None:
                y._view = None
        x._views = []


def _others(x: Any) -> int:
    """How many references there are to the array of `x` besides its own."""
    data = x._data
    return sys.getrefcount(data) - _OWN


class _Holder:
    __slots__ = ("_data",)

    _data: Any


_OWN = 0  # what getrefcount says of an array that nobody else has, which depends on the interpreter
_holder = _Holder()
_holder._data = np.empty(0)
_OWN = _others(_holder)


def alone(x: Any) -> bool:
    """Whether the elements of `x` may be changed in NumPy's memory.

    Nobody may have it but x, what it is a view of and all views of that, none of them recorded.
    """
    while (base := base_of(x)) is not None:
        x = base
    data = x._data
    if type(data) is not np.ndarray or not data.flags.owndata or not data.flags.writeable:
        return False
    family = [x]
    for member in family:  # which grows
        if member._node is not None:
            return False
        for found in getattr(member, "_views", ()):
            y = found()
            if y is not None and y._view is not None:
                if y._data.base is not data or _others(y):
                    return False
                family.append(y)
    return _others(x) == len(family)  # `data` here, and the bases of the views


class InPlace:
    """The half of Variable that changes it."""

    __slots__ = ()

    if TYPE_CHECKING:
        _data: Any
        _node: Node | None
        _name: str | None
        data: Any
        shape: Any
        dtype: Any

        def _label(self) -> str: ...

    def __setitem__(self, key: Any, value: Any) -> None:
        """Assign to elements; raises GradientError for a tracked Variable that no op made."""
        from arraygrad.functions import indexing

        if isinstance(value, list | tuple):
            value = backend_of(self._data).asarray(value)
        if value is None:  # NumPy takes it for NaN
            raise DtypeError(
                f"{self._label()}[...] = value: got None, expected an array or a number"
            )
        tracked = isinstance(value, InPlace) and value._node is not None
        if (
            tracked
            and is_inexact(value.dtype, namespace(value._data))
            and not is_inexact(self.dtype, namespace(self._data))
        ):
            raise GradientError(
                f"{self._label()}[...] = value: got a tracked {value.dtype} for elements of dtype "
                f"{self.dtype}, which would lose its gradient; use value.detach(), or convert the "
                f"Variable first"
            )
        self._writable("[...] = value")
        if not tracked and self._node is None and alone(self):
            try:
                self._data[indexing.plain_key(key)] = getattr(value, "_data", value)
                return
            except (IndexError, TypeError, ValueError):
                pass  # as an op: with an error of ours
        self._become(indexing.set_item(self, key, value))

    def _in_place(self, sign: str, other: Any) -> Any:
        y = getattr(self, f"__{sign}__")(other)
        if self._node is not None and self._node.is_leaf and is_recording():
            return y  # x += 1 of a leaf makes another Variable, as Python does without __iadd__
        self._writable(f"{_SIGNS[sign]}= value")
        if y.shape != self.shape:
            raise ShapeError(
                f"{self._label()} {_SIGNS[sign]}= value: got shape {self.shape} on the left and "
                f"{y.shape} as the result, expected a value that broadcasts to the left; write "
                f"x = x {_SIGNS[sign]} value"
            )
        y = self._cast(y, sign)
        if view_of(self) is not None and y._node is None and alone(self):
            self._data[...] = y._data
        else:
            self._become(y)
        return self

    def _cast(self, y: Any, sign: str) -> Any:
        if y.dtype == self.dtype:
            return y
        xp = namespace(self._data)
        kinds = [
            next((i for i, kind in enumerate(_KINDS) if xp.isdtype(dtype, kind)), len(_KINDS))
            for dtype in (self.dtype, y.dtype)
        ]
        if kinds[1] > kinds[0]:
            raise DtypeError(
                f"{self._label()} {_SIGNS[sign]}= value: got dtype {self.dtype} on the left and "
                f"{y.dtype} as the result, expected a result of the same kind; write "
                f"x = x {_SIGNS[sign]} value"
            )
        from arraygrad.functions.elementwise import astype

        return astype(y, self.dtype)

    def _writable(self, what: str) -> None:
        """Raise GradientError where a leaf would be changed, here or below a view."""
        x: Any = self
        while x is not None:
            if x._node is not None and x._node.is_leaf and is_recording():
                raise GradientError(
                    f"{x._label()} {what}: got a tracked Variable that no op made, which stays "
                    f"what it is, so that its gradient means something; assign to a copy such as "
                    f"x + 0, inside no_grad(), or make it with requires_grad=False"
                )
            x = base_of(x)

    def _become(self, y: Any) -> None:
        """Put the value of `y` in, by way of what this is a view of."""
        x = _any(self)
        while (base := base_of(x)) is not None:  # no recursion: views of views may be many
            y = x._view.back(base, y, *x._view.args)
            x = base
        x._hold(y)
        follow(x)

    def _hold(self, y: Any) -> None:
        """Put the value of `y` in, of the same shape and dtype."""
        x = _any(self)
        if x._node is not None and x._node.is_leaf:
            x._data = y._data  # inside no_grad(): a parameter stays one
        else:
            if y._node is None and x._node is not None:
                x._name = None
            x._data, x._node = y._data, y._node

    def __iadd__(self, other: Any) -> Self:
        return self._in_place("add", other)

    def __isub__(self, other: Any) -> Self:
        return self._in_place("sub", other)

    def __imul__(self, other: Any) -> Self:
        return self._in_place("mul", other)

    def __itruediv__(self, other: Any) -> Self:
        return self._in_place("truediv", other)

    def __ifloordiv__(self, other: Any) -> Self:
        return self._in_place("floordiv", other)

    def __imod__(self, other: Any) -> Self:
        return self._in_place("mod", other)

    def __ipow__(self, other: Any) -> Self:
        return self._in_place("pow", other)

    def __imatmul__(self, other: Any) -> Self:
        return self._in_place("matmul", other)

    def __iand__(self, other: Any) -> Self:
        return self._in_place("and", other)

    def __ior__(self, other: Any) -> Self:
        return self._in_place("or", other)

    def __ixor__(self, other: Any) -> Self:
        return self._in_place("xor", other)

    def __ilshift__(self, other: Any) -> Self:
        return self._in_place("lshift", other)

    def __irshift__(self, other: Any) -> Self:
        return self._in_place("rshift", other)


_KINDS = ("bool", "integral", "real floating", "complex floating")
_SIGNS = {
    "add": "+", "sub": "-", "mul": "*", "truediv": "/", "floordiv": "//", "mod": "%", "pow": "**",
    "matmul": "@", "and": "&", "or": "|", "xor": "^", "lshift": "<<", "rshift": ">>",
}  # fmt: skip
