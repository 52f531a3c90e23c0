"""What the functions of this distribution share."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from arraygrad import Variable, as_variable, backend_of
from arraygrad.errors import ArgumentError, AxisIndexError, DtypeError, ShapeError

__all__ = [
    "alike",
    "axis_of",
    "constant",
    "data_of",
    "increasing",
    "one_of",
    "real_or_complex",
    "scipy",
    "segment",
    "size",
    "square",
    "together",
    "zeros",
]


def data_of(x: Any) -> Any:
    """The array of a Variable, or the array itself."""
    return x.data if isinstance(x, Variable) else x


def alike(xp: Any, *xs: Any) -> list[Any]:
    """Arrays in the dtype of their sum: not every library multiplies matrices of two dtypes."""
    dtype = xp.result_type(*xs)
    return [x if x.dtype == dtype else xp.astype(x, dtype) for x in xs]


def zeros(xp: Any, shape: Sequence[int], like: Any) -> Any:
    """Zeros on the device and in the dtype of an array or a Variable."""
    device = backend_of(data_of(like)).device(data_of(like))
    return xp.zeros(tuple(shape), dtype=like.dtype, device=device)


def constant(values: Any, like: Any) -> Any:
    """NumPy's numbers in the library, real dtype and device of an array or a Variable."""
    data = data_of(like)
    backend = backend_of(data)
    made = backend.asarray(values, device=backend.device(data))
    dtype = backend.xp.real(data).dtype if "complex" in str(data.dtype) else data.dtype
    return backend.xp.astype(made, dtype)


def segment(xp: Any, x: Any, axis: int, begin: int, length: int) -> Any:
    """`length` elements along an axis from `begin` on, with zeros where x has none."""
    n = x.shape[axis]
    low, high = min(max(begin, 0), n), min(begin + length, n)
    if (low, high) == (0, n) == (begin, begin + length):
        return x
    before = min(max(-begin, 0), length)
    inside = max(high - low, 0)
    lead = (slice(None),) * (axis % x.ndim)
    parts = [x[(*lead, slice(low, low + inside), ...)]]
    for side, count in ((0, before), (1, length - before - inside)):
        if count:
            shape = list(x.shape)
            shape[axis] = count
            parts.insert(side * len(parts), zeros(xp, shape, x))
    return parts[0] if len(parts) == 1 else xp.concat(parts, axis=axis)


def real_or_complex(who: str, **arrays: Any) -> list[Any]:
    """Variables, constants where none was given; raises DtypeError for whole numbers."""
    made = []
    for name, x in arrays.items():
        v = as_variable(x, requires_grad=False)
        if not any(word in str(v.dtype) for word in ("float", "complex")):
            raise DtypeError(
                f"{who}: got {name} of dtype {v.dtype}, expected a floating-point dtype; use "
                f"F.astype({name}, 'float64')"
            )
        made.append(v)
    return made


def together(who: str, **arrays: Any) -> list[Any]:
    """As `real_or_complex`; lists and numbers go where the first array is, in its real dtype."""
    like = next((x for x in arrays.values() if hasattr(x, "dtype")), np.zeros(()))
    for name, x in arrays.items():
        if not hasattr(x, "dtype"):
            arrays[name] = constant(np.asarray(x), like)
    return real_or_complex(who, **arrays)


def increasing(who: str, name: str, x: Any, least: int) -> None:
    """Raise for what cannot be knots: values are looked at where they can be read."""
    if x.ndim != 1 or x.shape[0] < least:
        raise ShapeError(
            f"{who}: got {name} of shape {x.shape}, expected (N,) with {least} or more knots"
        )
    backend = backend_of(x.data)
    if "complex" in str(x.dtype):
        raise DtypeError(f"{who}: got {name} of dtype {x.dtype}, expected real numbers")
    if backend.concrete(x.data) and not bool(backend.xp.all(x.data[1:] > x.data[:-1])):
        raise ArgumentError(
            f"{who}: got {name} that do not increase, expected each larger than the one before; "
            f"sort them, and merge equal ones"
        )


def one_of(who: str, what: str, value: Any, known: Sequence[Any]) -> Any:
    """`value`, if it is known; raises ArgumentError otherwise."""
    if value not in known:
        raise ArgumentError(
            f"{who}: got {what} = {value!r}, expected one of {', '.join(map(repr, known))}"
        )
    return value


def axis_of(who: str, axis: int, x: Any) -> int:
    """The axis from 0 on; raises AxisIndexError for one that x has not."""
    if not -x.ndim <= axis < x.ndim:
        raise AxisIndexError(
            f"{who}: got axis = {axis} for x of shape {tuple(x.shape)}, expected one "
            f"from {-x.ndim} to {x.ndim - 1}"
        )
    return axis % x.ndim


def size(shape: Sequence[int]) -> int:
    """The number of elements."""
    return math.prod(shape)


def scipy(name: str) -> Callable[..., Any]:
    """A function of SciPy to compare with, imported when it is called: "signal.convolve"."""

    def reference(*args: Any, **kwargs: Any) -> Any:
        from importlib import import_module

        module, _, function = name.rpartition(".")
        return getattr(import_module(f"scipy.{module}"), function)(*args, **kwargs)

    return reference


def square(who: str, name: str, a: Variable) -> None:
    """Raise ShapeError unless `a` holds square matrices."""
    if a.ndim < 2 or a.shape[-1] != a.shape[-2]:
        raise ShapeError(
            f"{who}: got {name} of shape {a.shape}, expected square matrices (..., M, M)"
        )
