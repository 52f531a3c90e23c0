"""The array API standard over Variables: what rules get as `xp` while they run on Variables.

`arraygrad.xp.sin` is the op; a function of the standard whose derivative is zero, or that makes
new arrays, runs on the data and gives a constant; anything else refuses a tracked Variable rather
than lose its gradient. dtypes and constants are those of the array library itself.
"""

from __future__ import annotations

from typing import Any

from arraygrad import functions, op
from arraygrad.backend import Backend, backend_of, current_backend
from arraygrad.config import is_recording
from arraygrad.errors import GradientError
from arraygrad.variable import Variable, constant

# Functions of the standard whose results have no derivative, or derivative zero.
_WORDS = """
    all any argmax argmin argsort bitwise_and bitwise_invert bitwise_left_shift bitwise_or
    bitwise_right_shift bitwise_xor can_cast ceil count_nonzero empty_like finfo floor full_like
    iinfo isdtype isfinite isin isinf isnan nextafter nonzero ones_like result_type round
    searchsorted sign signbit trunc zeros_like
"""
CONSTANT = frozenset(_WORDS.split())


class Namespace:
    """The differentiable namespace of one array library; `x.__array_namespace__()` gives it."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.__name__ = f"arraygrad.xp.{backend.name}"

    def __repr__(self) -> str:
        return f"<{self.__name__}>"

    def __getattr__(self, name: str) -> Any:
        found = standard_ops().get(name)
        if found is None:
            found = getattr(self._backend.xp, name)
            if callable(found) and not isinstance(found, type) and not name.startswith("_"):
                found = _on_data(name, found)
        setattr(self, name, found)
        return found

    def __dir__(self) -> list[str]:
        return sorted({*dir(self._backend.xp), *standard_ops()})


def _on_data(name: str, function: Any) -> Any:
    """`function` of the raw namespace, for Variables: its results are constants."""

    def wrapped(*args: Any, **kwargs: Any) -> Any:
        # A composition may ask for constants of a plain array: they stay plain.
        seen = [x for x in (*args, *kwargs.values()) if isinstance(x, Variable)]
        if name not in CONSTANT and is_recording() and any(x.requires_grad for x in seen):
            raise GradientError(
                f"xp.{name}: got a tracked Variable, but {name} has no gradient in arraygrad; "
                f"use .detach() of it if none is wanted"
            )
        y = function(*map(_data, args), **{key: _data(value) for key, value in kwargs.items()})
        return constant(y) if seen and hasattr(y, "dtype") and hasattr(y, "shape") else y

    wrapped.__name__ = wrapped.__qualname__ = name
    wrapped.__doc__ = getattr(function, "__doc__", None)
    return wrapped


def _data(x: Any) -> Any:
    return x.data if isinstance(x, Variable) else x


def standard_ops() -> dict[str, Any]:
    """Standard name -> op."""
    if not _by_standard_name:
        functions.everything()
        for function in op.table.values():
            if function.definition.standard:
                _by_standard_name[function.definition.standard] = function
    return _by_standard_name


_by_standard_name: dict[str, Any] = {}
_namespaces: dict[str, Namespace] = {}


def namespace_of(backend: Backend) -> Namespace:
    """The differentiable namespace over the arrays of `backend`; one object for each."""
    if backend.name not in _namespaces:
        _namespaces[backend.name] = Namespace(backend)
    return _namespaces[backend.name]


class _Tracked:
    """The methods of a Backend that rules may ask for, on Variables."""

    index_add = staticmethod(lambda shape, key, values: functions.index_add(values, key, shape))
    to_device = staticmethod(functions.to_device)

    @staticmethod
    def one_hot(t: Any, classes: int, like: Any) -> Variable:
        data = _data(like)
        return constant(backend_of(data).one_hot(_data(t), classes, data))


TRACKED = _Tracked()


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(namespace_of(current_backend()), name)
