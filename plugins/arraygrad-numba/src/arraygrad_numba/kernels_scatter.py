"""Rows added up at positions that may repeat: the gradient of embeddings, `take` and `x[key]`.

`np.add.at` goes through its values one by one, at five nanoseconds each.
"""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np

from arraygrad.workspace import empty
from arraygrad_numba.compiled import KINDS, loop
from arraygrad_numba.fallback import core

_SMALL = 64  # values; NumPy is as fast for fewer


@loop
def _add(rows: Any, values: Any, y: Any) -> bool:
    """Add `values` (L, N, D) to y[:, rows]; False, and nothing done, if one is out of range."""
    n = y.shape[1]
    for i in range(rows.size):
        if rows[i] < -n or rows[i] >= n:
            return False
    for lead in range(len(y)):
        for i in range(rows.size):
            r = rows[i]
            if r < 0:
                r += n
            to, v = y[lead, r], values[lead, i]
            for j in range(v.size):
                to[j] += v[j]
    return True


def _added(shape: Any, axis: int, positions: Any, values: Any) -> Any:
    """Zeros with `values` added at `positions` along `axis`; None where this is not for them."""
    if not (
        type(positions) is type(values) is np.ndarray
        and positions.dtype.kind in "iu"
        and positions.dtype.isnative
        and values.dtype in KINDS
        and values.size > _SMALL
        and values.shape == (*shape[:axis], *positions.shape, *shape[axis + 1 :])
    ):
        return None
    lead, n, inner = prod(shape[:axis]), positions.size, prod(shape[axis + 1 :])
    rows = positions.reshape(-1).astype(np.intp, copy=False)
    if prod(shape) > 4 * values.size:
        # Of zeros that nobody looks at, the system makes none.
        y = np.zeros(shape, values.dtype)
    else:
        y = empty(tuple(shape), values.dtype)
        y.fill(0)
    inside = _add(
        rows,
        np.ascontiguousarray(values).reshape(lead, n, inner),
        y.reshape(lead, shape[axis], inner),
    )
    return y if inside else None  # the core's form raises, and says what


def _one_array(key: Any, shape: Any) -> int | None:
    """The axis of an array that is the key, or comes after whole axes; None for other keys."""
    if type(key) is np.ndarray:
        return 0 if shape else None
    if type(key) is not tuple or not key or type(key[-1]) is not np.ndarray:
        return None
    whole = all(type(part) is slice and part == slice(None) for part in key[:-1])
    return len(key) - 1 if whole and len(key) <= len(shape) else None


def embed_id_W(g: Any, x: Any, W_shape: Any, backend: Any) -> Any:
    y = _added(W_shape, 0, x, g)
    return backend.index_add(W_shape, x, g) if y is None else y


def take_x(g: Any, x_shape: Any, indices: Any, axis: int, backend: Any) -> Any:
    y = _added(x_shape, axis % len(x_shape), indices, g)
    return core("take.x")(g, x_shape, indices, axis, backend) if y is None else y


def get_item_x(g: Any, x_shape: Any, key: Any, backend: Any) -> Any:
    axis = _one_array(key, x_shape)
    y = None if axis is None else _added(x_shape, axis, _at(key), g)
    return backend.index_add(x_shape, key, g) if y is None else y


def index_add(x: Any, key: Any, shape: Any) -> Any:
    axis = _one_array(key, shape)
    y = None if axis is None else _added(shape, axis, _at(key), x)
    return core("_index_add")(x, key, shape) if y is None else y


def _at(key: Any) -> Any:
    return key[-1] if type(key) is tuple else key
