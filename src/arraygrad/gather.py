"""Indexing and its adjoint in terms of the array API standard, for libraries without their own.

The standard wants an index for every axis or an ellipsis, takes one array of positions only
along one axis, and has no scatter-add.
"""

from __future__ import annotations

import math
from typing import Any

from array_api_compat import device


def is_basic(key: Any) -> bool:
    """Whether `key` is made of ints, slices, None and ... alone, so that no position repeats."""
    parts = key if isinstance(key, tuple) else (key,)
    return all(part is None or part is ... or isinstance(part, int | slice) for part in parts)


def gather(xp: Any, x: Any, key: Any) -> Any:
    """`x[key]`, for basic keys, masks, and arrays of positions along one axis or along all."""
    parts = key if isinstance(key, tuple) else (key,)
    if is_basic(key):
        if not _turns(parts):
            return x[_complete(parts)]
        parts, flipped = _turned(_complete(parts), x.shape)
        return xp.flip(x[parts], axis=flipped)
    arrays = [i for i, part in enumerate(parts) if hasattr(part, "dtype")]
    plain = all(part == slice(None) for i, part in enumerate(parts) if i not in arrays)
    if len(arrays) == 1 and plain and not xp.isdtype(parts[arrays[0]].dtype, "bool"):
        (axis,) = arrays
        positions = parts[axis]
        y = xp.take(x, xp.reshape(positions, (-1,)), axis=axis)
        return xp.reshape(y, x.shape[:axis] + positions.shape + x.shape[axis + 1 :])
    return x[key]


def _turns(parts: tuple[Any, ...]) -> bool:
    return any(isinstance(part, slice) and (part.step or 1) < 0 for part in parts)


def _turned(
    parts: tuple[Any, ...], shape: tuple[int, ...]
) -> tuple[tuple[Any, ...], tuple[int, ...]]:
    """The key with slices forward, and the axes of the result to flip: PyTorch has no others."""
    given = sum(part is not None and part is not ... for part in parts)
    forward: list[Any] = []
    flipped = []
    axis = out = 0
    for part in parts:
        forward.append(part)
        if part is ...:
            skipped = len(shape) - given
            axis, out = axis + skipped, out + skipped
            continue
        if isinstance(part, slice) and (part.step or 1) < 0:
            places = range(*part.indices(shape[axis]))
            forward[-1] = slice(places[-1], places[0] + 1, -places.step) if places else slice(0)
            flipped.append(out)
        axis += part is not None
        out += not isinstance(part, int)
    return tuple(forward), tuple(flipped)


def _complete(parts: tuple[Any, ...]) -> tuple[Any, ...]:
    return parts if any(part is ... for part in parts) else (*parts, ...)


def index_add(
    xp: Any, shape: tuple[int, ...], key: Any, values: Any, *, mutable: bool = True
) -> Any:
    """Zeros of `shape` with `values` added at `key`, repeated positions adding up.

    Raises what the library raises for a key it cannot read.
    """
    place = device(values)
    parts = key if isinstance(key, tuple) else (key,)
    if mutable and is_basic(key) and None not in parts and not _turns(parts):
        y = xp.zeros(shape, dtype=values.dtype, device=place)
        y[_complete(parts)] = values
        return y
    # Without item assignment, or with positions that may repeat, gather instead: sort the
    # positions, and let every element of the result look up where its own values lie.
    size = math.prod(shape)
    positions = gather(xp, xp.reshape(xp.arange(size, device=place), shape), key)
    values = xp.reshape(xp.broadcast_to(values, positions.shape), (-1,))
    positions = xp.reshape(positions, (-1,))
    y = xp.zeros((size,), dtype=values.dtype, device=place)
    if positions.shape[0]:
        order = xp.argsort(positions)
        positions, values = xp.take(positions, order), xp.take(values, order)
        here = xp.arange(size, device=place)
        start = xp.searchsorted(positions, here)
        count = xp.searchsorted(positions, here, side="right") - start
        for k in range(int(xp.max(count))):
            found = xp.take(values, xp.clip(start + k, 0, positions.shape[0] - 1))
            y = y + xp.where(k < count, found, xp.zeros_like(found))
    return xp.reshape(y, shape)


def set_item(xp: Any, x: Any, key: Any, value: Any) -> None:
    """`x[key] = value`, for keys that the library may not know."""
    parts = key if isinstance(key, tuple) else (key,)
    if not is_basic(key):
        x[key] = value
    elif not _turns(parts):
        x[_complete(parts)] = value
    else:
        parts, flipped = _turned(_complete(parts), x.shape)
        shape = x[parts].shape
        if getattr(value, "shape", ()):
            value = xp.flip(xp.broadcast_to(value, shape), axis=flipped)
        x[parts] = value


def replaced(xp: Any, x: Any, key: Any, value: Any) -> Any:
    """`x` with `value` at `key`, for libraries without item assignment."""
    place, size = device(x), math.prod(x.shape)
    places = xp.reshape(xp.arange(size, device=place), x.shape)
    positions = gather(xp, places, key)
    ranks = xp.reshape(xp.arange(1, math.prod(positions.shape) + 1, device=place), positions.shape)
    # Of equal positions the last one counts: the largest rank.
    hits = xp.reshape(positions, (-1, 1)) == xp.reshape(places, (1, -1))
    last = xp.max(xp.where(hits, xp.reshape(ranks, (-1, 1)), 0), axis=0) if hits.shape[0] else None
    if last is None:
        return x
    if not hasattr(value, "dtype"):
        value = xp.asarray(value, dtype=x.dtype, device=place)
    values = xp.reshape(xp.broadcast_to(value, positions.shape), (-1,))
    found = xp.take(values, xp.clip(last - 1, 0, values.shape[0] - 1), axis=0)
    return xp.reshape(xp.where(last > 0, found, xp.reshape(x, (-1,))), x.shape)
