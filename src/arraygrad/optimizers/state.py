"""The state of a parameter: where it lives, and whether what was saved fits."""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad.backend import backend_of
from arraygrad.variable import Parameter


def fresh_or_kept(state: dict[str, Any], slots: tuple[str, ...], x: Any) -> bool:
    """Give each slot an array of the shape, dtype and library of x: the one it has, or zeros.

    Returns whether there was one for each.
    """
    kept = True
    for slot in slots:
        array = state.get(slot)
        if array is None or array.shape != x.shape:
            backend = backend_of(x)
            state[slot] = backend.accept(backend.xp.zeros_like(x))
            kept = False
        elif array.dtype is not x.dtype or type(array) is not type(x):
            array, backend = beside(array, x), backend_of(x)
            if array.dtype != x.dtype:
                array = backend.xp.astype(array, x.dtype)
            state[slot] = backend.accept(array)
    return kept


def beside(array: Any, x: Any) -> Any:
    """The array on the library and device of x."""
    source, target = backend_of(array), backend_of(x)
    device = target.device(x)
    if source is target and source.device(array) == device:
        return array
    return target.from_numpy(source.to_numpy(array), device=device)


def misfit(key: str, array: np.ndarray[Any, Any], param: Parameter) -> list[str]:
    """What is wrong with a saved array as a state of the parameter, in words."""
    if param.data is None:
        return [f"{key}: the parameter has no data yet, call the model or load its weights first"]
    expected = backend_of(param.data).to_numpy(param.data)
    problems = []
    if array.shape != expected.shape:
        problems.append(f"{key}: shape {array.shape}, the parameter has {expected.shape}")
    if array.dtype != expected.dtype:
        problems.append(f"{key}: dtype {array.dtype}, the parameter has {expected.dtype}")
    return problems
