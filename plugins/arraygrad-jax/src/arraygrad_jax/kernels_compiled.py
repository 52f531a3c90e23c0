"""Definitions of the core, compiled as one: outside of `ag.jit` each is one call of XLA, not ten.

A kernel here is an attribute with the name of an op (softmax) or of a rule (softmax__x).
Pooling as XLA has it (reduce_window, select_and_scatter) was measured three to five times slower
than the definitions on the CPU.
"""

from __future__ import annotations

from functools import cache
from inspect import signature
from typing import Any

import jax
import jax.numpy as jnp

from arraygrad.op import table

# The parameters that are part of a program: all but arrays.
_STATIC = {
    "alpha", "approximate", "axis", "backend", "dilation", "eps", "kernel", "need", "pad", "scale",
    "size", "stride", "xp",
}  # fmt: skip


@cache
def __getattr__(name: str) -> Any:
    op, *inputs = name.split("__")
    if op not in table:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    definition = table[op].definition
    if inputs:
        function = definition.rules[tuple(inputs)]
        return jax.jit(function, static_argnums=_places(function))
    function = definition.forward
    places = _places(function)
    if "xp" not in signature(function).parameters:
        return jax.jit(function, static_argnums=places)
    return jax.jit(lambda *args: function(*args, xp=jnp), static_argnums=places)


def _places(function: Any) -> tuple[int, ...]:
    parameters = signature(function).parameters.values()
    positional = [p.name for p in parameters if p.kind is not p.KEYWORD_ONLY]
    return tuple(i for i, name in enumerate(positional) if name in _STATIC)
