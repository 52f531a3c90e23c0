"""Scatter-add in terms of the array API standard, for libraries without one of their own."""

from __future__ import annotations

import math
from typing import Any


def index_add(
    xp: Any, shape: tuple[int, ...], key: Any, values: Any, *, mutable: bool = True
) -> Any:
    """Zeros of `shape` with `values` added at `key`: the adjoint of `x[key]`.

    Repeated positions add up. Raises what the library raises for a key it cannot read.
    """
    from array_api_compat import device

    place = {"dtype": values.dtype, "device": device(values)}
    if mutable and is_basic(key):
        y = xp.zeros(shape, **place)
        y[key] = values
        return y
    # Without item assignment, or with positions that may repeat, gather instead: sort the
    # positions, and let every element of the result look up where its own values lie.
    size = math.prod(shape)
    positions = xp.reshape(xp.arange(size, device=device(values)), shape)[key]
    positions = xp.reshape(positions, (-1,))
    values = xp.reshape(xp.broadcast_to(values, shape_of(xp, positions, values)), (-1,))
    if positions.shape[0] == 0:
        return xp.zeros(shape, **place)
    order = xp.argsort(positions)
    positions, values = xp.take(positions, order), xp.take(values, order)
    here = xp.arange(size, device=device(values))
    start = xp.searchsorted(positions, here)
    count = xp.searchsorted(positions, here, side="right") - start
    y = xp.zeros((size,), **place)
    end = positions.shape[0] - 1
    for k in range(int(xp.max(count))):
        found = xp.take(values, xp.clip(start + k, 0, end))
        y = y + xp.where(k < count, found, xp.zeros_like(found))
    return xp.reshape(y, shape)


def shape_of(xp: Any, positions: Any, values: Any) -> tuple[int, ...]:
    """The shape of the gathered values; a key's positions and its values always agree."""
    return values.shape if math.prod(values.shape) == positions.shape[0] else positions.shape


def is_basic(key: Any) -> bool:
    """Whether `key` is made of ints, slices, None and ... alone, so that no position repeats."""
    parts = key if isinstance(key, tuple) else (key,)
    return all(part is None or part is ... or isinstance(part, int | slice) for part in parts)
