"""Recipes of sample arrays: drawn, put into calls, given other shapes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from arraygrad.op import arr, case


def drawn(recipe: arr, rng: np.random.Generator) -> np.ndarray:
    """The values of a sample array."""
    if recipe.kind == "real":
        return np.asarray(rng.uniform(recipe.low, recipe.high, recipe.shape))
    if recipe.kind == "complex":
        return drawn_complex(rng, recipe.low, recipe.high, recipe.shape)
    if recipe.kind == "int":
        return np.asarray(rng.integers(int(recipe.low), int(recipe.high), recipe.shape))
    return np.asarray(rng.uniform(size=recipe.shape) > 0.5)


def drawn_complex(
    rng: np.random.Generator, low: float, high: float, shape: tuple[int, ...]
) -> np.ndarray:
    """Complex numbers with both parts in a range."""
    return np.asarray(rng.uniform(low, high, shape) + 1j * rng.uniform(low, high, shape))


def filled(value: Any, arrays: Iterator[Any]) -> Any:
    """`value` with the next arrays in place of recipes, also in lists and tuples."""
    if isinstance(value, arr):
        return next(arrays)
    if isinstance(value, list | tuple):
        return type(value)(filled(part, arrays) for part in value)
    return value


def reshaped(sample: case, change: Callable[[int, arr], tuple[int, ...]]) -> case:
    """The sample with other shapes: `change` gets the number and the recipe of each array."""
    count = iter(range(1000))

    def other(value: Any) -> Any:
        if isinstance(value, arr):
            shape = change(next(count), value)
            return arr(*shape, low=value.low, high=value.high, kind=value.kind)
        if isinstance(value, list | tuple):
            return type(value)(map(other, value))
        return value

    args = [other(a) for a in sample.args]
    made = case(*args, **{k: other(v) for k, v in sample.kwargs.items()})
    made.seen = sample.seen
    return made


def recipes(sample: case) -> list[arr]:
    """The recipes of the arrays of a sample, in order."""
    found: list[arr] = []
    reshaped(sample, lambda _, a: found.append(a) or a.shape)  # type: ignore[func-returns-value]
    return found
