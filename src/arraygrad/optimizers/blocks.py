"""One elementwise formula over a parameter, its gradient and its state: where it runs, and how."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from arraygrad.workspace import empty

BLOCK = 1 << 16
"""Elements of a NumPy array that a formula gets at a time."""


def apply(
    formula: Callable[..., Any], arrays: tuple[Any, ...], state: dict[str, Any] | None = None
) -> Any:
    """The new array for the first of `arrays`; the state gets its new arrays.

    formula(*arrays, *state) is elementwise, returns the new array, or with a state a tuple of it
    and the new state, and may write into the state and into what it makes, never into `arrays`.

    >>> state = {"v": np.zeros(2)}
    >>> apply(lambda x, g, v: (x - (v + g), v + g), (np.ones(2), np.ones(2)), state)
    array([0., 0.])
    >>> state
    {'v': array([1., 1.])}
    """
    x = arrays[0]
    # Large arrays go through the formula in blocks: what it makes on the way stays in the cache,
    # and the result takes memory that the workspace kept. Half the time of whole fresh arrays.
    if type(x) is np.ndarray and x.size > BLOCK:
        return _in_blocks(formula, arrays, list(state.values()) if state else [])
    if not state:
        return formula(*arrays)
    new, *rest = formula(*arrays, *state.values())
    state.update(zip(state, rest, strict=True))
    return new


def _in_blocks(formula: Callable[..., Any], arrays: tuple[Any, ...], state: list[Any]) -> Any:
    x = arrays[0]
    # In the order of x, which a transposed array has too.
    column_major = x.flags.f_contiguous and not x.flags.c_contiguous
    new = empty(x.shape[::-1], x.dtype).T if column_major else empty(x.shape, x.dtype)
    parts = [*arrays, *state, new]
    if column_major:
        parts = [a.T for a in parts]
    if all(a.flags.c_contiguous for a in parts):
        parts = [a.reshape(-1) for a in parts]
    rows = max(1, BLOCK * len(parts[0]) // x.size)
    n = len(arrays)
    for start in range(0, len(parts[0]), rows):
        *blocks, out = [a[start : start + rows] for a in parts]
        if not state:
            out[...] = formula(*blocks)
            continue
        out[...], *rest = formula(*blocks)
        for block, changed in zip(blocks[n:], rest, strict=True):
            if changed is not block:
                block[...] = changed
    return new
