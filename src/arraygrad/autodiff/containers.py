"""Nested containers of arrays: lists, tuples, named tuples and dicts, taken apart and put back."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from arraygrad.backend import PYTHON_SCALARS, backend_of, by_type
from arraygrad.variable import Variable


class Here:
    """The place of one array in a container."""


def flatten(tree: Any, leaves: list[Any], everything: bool = False) -> Any:
    """The structure of nested containers; the arrays in it are appended to `leaves`.

    everything: what is no array, number or container is a leaf too, instead of a DtypeError.
    """
    if type(tree) in by_type or isinstance(tree, Variable):
        leaves.append(tree)
        return Here
    if isinstance(tree, dict):
        return {key: flatten(value, leaves, everything) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        parts = [flatten(value, leaves, everything) for value in tree]
        if isinstance(tree, list):
            return parts
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    if tree is None:
        return None
    if not everything and type(tree) not in PYTHON_SCALARS:
        backend_of(tree)
    leaves.append(tree)
    return Here


def unflatten(shape: Any, leaves: Iterator[Any]) -> Any:
    """The container of that structure with the next of `leaves` in its places."""
    if shape is Here:
        return next(leaves)
    if isinstance(shape, dict):
        return {key: unflatten(value, leaves) for key, value in shape.items()}
    if isinstance(shape, list):
        return [unflatten(value, leaves) for value in shape]
    if isinstance(shape, tuple):
        parts = [unflatten(value, leaves) for value in shape]
        return type(shape)(*parts) if hasattr(shape, "_fields") else tuple(parts)
    return shape


def written(shape: Any) -> str:
    """A structure for messages, with a star for each array."""
    if shape is Here:
        return "*"
    if isinstance(shape, dict):
        return "{" + ", ".join(f"{k!r}: {written(v)}" for k, v in shape.items()) + "}"
    if isinstance(shape, list):
        return "[" + ", ".join(map(written, shape)) + "]"
    if isinstance(shape, tuple):
        return "(" + ", ".join(map(written, shape)) + ("," if len(shape) == 1 else "") + ")"
    return repr(shape)
