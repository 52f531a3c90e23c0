"""NumPy, the default backend."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from arraygrad.backend import Backend

_UNSIGNED = {np.dtype(f"i{n}"): np.dtype(f"u{n}") for n in (1, 2, 4, 8)}


# Of the scalar types that 0-d results have: a loss starts its gradient from one of these.
_ONE = {kind: kind(1) for kind in (np.float64, np.float32, np.float16, np.int64)}


class NumpyBackend(Backend):
    """NumPy, the default backend: `xp` is the main NumPy namespace itself."""

    def __init__(self) -> None:
        super().__init__("numpy", np)

    def devices(self) -> list[Any]:
        return ["cpu"]

    def device(self, x: Any) -> Any:
        return "cpu"

    def to_device(self, x: Any, device: Any) -> Any:
        return x.to_device(device) if isinstance(x, np.ndarray) else x

    def asarray(self, obj: Any, dtype: Any = None, device: Any = None) -> Any:
        return np.asarray(obj, dtype=dtype, device=device)

    def from_numpy(self, array: np.ndarray, device: Any = None) -> Any:
        return array

    def to_numpy(self, x: Any) -> np.ndarray:
        return np.asarray(x)

    def as_array(self, x: Any) -> Any:
        return x if isinstance(x, np.ndarray) else np.asarray(x)

    def accept(self, x: Any) -> Any:
        # The arithmetic of a NumPy scalar is ten times faster than that of a 0-d array.
        return x[()] if type(x) is np.ndarray and x.ndim == 0 else x

    def may_have_nan(self, x: Any) -> bool:
        return bool(np.count_nonzero(x != x))  # a third of the time of any

    def ones_like(self, x: Any) -> Any:
        return _ONE.get(type(x)) or np.ones(x.shape, x.dtype)

    def apart(self, xs: list[Any], others: Sequence[Any] = ()) -> list[Any]:
        seen: set[int] | None = None
        for i, x in enumerate(xs):
            if type(x) is np.ndarray:  # scalars cannot be changed in place
                if seen is None:
                    seen = set(map(id, others))
                base: Any = x.base  # a workspace array stands on bytes, a view on another array
                view = base is not None and type(base) is not bytearray
                if view or id(x) in seen or not x.flags.writeable:
                    xs[i] = x = x.copy()
                seen.add(id(x))
        return xs

    def copy(self, x: Any) -> Any:
        return x.copy()

    def dtype(self, dtype: Any) -> Any:
        return np.dtype(dtype)

    def scalar(self, value: float, dtype: Any) -> Any:
        # 300 ns less in each product than a Python number; a fraction is no whole number.
        return np.array(value, dtype) if dtype.kind == "f" else value

    def one_hot(self, t: Any, classes: int, like: Any) -> Any:
        y = np.zeros((t.size, classes), like.dtype)
        y[np.arange(t.size), t.ravel()] = 1
        return y if t.ndim == 1 else y.reshape(*t.shape, classes)

    def within(self, t: Any, n: int) -> bool:
        # Seen as unsigned, a negative number is a very large one: one pass instead of two.
        unsigned = _UNSIGNED.get(t.dtype)
        if unsigned is None and t.dtype.kind == "i":  # in the order of bytes of another machine
            t = t.astype(t.dtype.newbyteorder("="))
            unsigned = _UNSIGNED[t.dtype]
        return bool(np.maximum.reduce(t if unsigned is None else t.view(unsigned), None) < n)

    def index_add(self, shape: tuple[int, ...], key: Any, values: Any) -> Any:
        y = np.zeros(shape, values.dtype)
        parts = key if isinstance(key, tuple) else (key,)
        if any(isinstance(part, list | np.ndarray) for part in parts):
            _add_at(y, parts, values)
        else:  # no position repeats, and assignment is ten times faster
            y[key] = values
        return y

    def set_item(self, x: Any, key: Any, value: Any) -> Any:
        y = np.array(x)  # also of a scalar
        y[key] = value
        return y


def _add_at(y: Any, parts: tuple[Any, ...], values: Any) -> None:
    """`np.add.at`, which is five times as fast for positions in a row as for rows."""
    lead = next(i for i, part in enumerate(parts) if not _is_all(part))
    arrays = parts[lead:]
    shape = y.shape[: len(parts)]
    whole = all(type(part) is np.ndarray and part.dtype.kind in "iu" for part in arrays)
    # For few values, or a key of another kind, the plain form; it may well raise.
    if (
        values.size < 1024
        or not whole
        or not all(
            -m <= np.min(part, initial=0) and np.max(part, initial=0) < m
            for part, m in zip(arrays, shape[lead:], strict=False)
        )
    ):
        np.add.at(y, parts, values)
        return
    ndim = lead + np.broadcast(*arrays).ndim
    rows: Any = 0
    for i, m in enumerate(shape):
        if i < lead:
            at = np.arange(m).reshape(-1, *(1,) * (ndim - 1 - i))
        else:
            at = arrays[i - lead].astype(np.intp)
            at = np.where(at < 0, at + m, at)
        rows = rows * m + at
    inner = math.prod(y.shape[len(parts) :])
    values = np.broadcast_to(values, rows.shape + y.shape[len(parts) :])
    if inner != 1:
        rows = rows.reshape(-1, 1) * inner + np.arange(inner)
    np.add.at(y.reshape(-1), rows.reshape(-1), values.reshape(-1))


def _is_all(part: Any) -> bool:
    return isinstance(part, slice) and part == slice(None)
