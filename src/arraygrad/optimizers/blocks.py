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
        flat = _flat([*arrays, *state.values()] if state else [*arrays])
        if flat is not None:
            return _in_blocks(formula, flat, len(arrays), x)
    if not state:
        return formula(*arrays)
    new, *rest = formula(*arrays, *state.values())
    state.update(zip(state, rest, strict=True))
    return new


def _flat(arrays: list[Any]) -> list[Any] | None:
    """Views of the arrays with one axis, the elements of all in the same order, if there are."""
    if all(a.flags.c_contiguous for a in arrays):
        return [a.reshape(-1) for a in arrays]
    if all(a.flags.f_contiguous for a in arrays):
        return [a.T.reshape(-1) for a in arrays]
    return None


def _in_blocks(formula: Callable[..., Any], flat: list[Any], n: int, x: Any) -> Any:
    new = empty(x.shape, x.dtype) if x.flags.c_contiguous else empty(x.shape[::-1], x.dtype).T
    out = new.reshape(-1) if x.flags.c_contiguous else new.T.reshape(-1)
    for start in range(0, out.size, BLOCK):
        part = slice(start, start + BLOCK)
        blocks = [a[part] for a in flat]
        if len(blocks) == n:
            out[part] = formula(*blocks)
            continue
        out[part], *rest = formula(*blocks)
        for block, changed in zip(blocks[n:], rest, strict=True):
            if changed is not block:
                block[...] = changed
    return new
