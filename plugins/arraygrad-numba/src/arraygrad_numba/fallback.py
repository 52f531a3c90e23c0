"""What runs where a kernel is not for its arguments, or Numba cannot run here."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache, partial
from typing import Any

import numpy as np

from arraygrad import numpy_kernels
from arraygrad.op import table


@cache
def core(name: str) -> Callable[..., Any]:
    """What runs without this plugin: the core's kernel for NumPy, or the definition."""
    for module in numpy_kernels.MODULES:
        if name in module.KERNELS:
            return module.KERNELS[name]
    op, *inputs = name.split(".")
    definition = table[op].definition
    if inputs:
        return definition.rules[tuple(inputs)]
    if "xp" in definition.arguments:
        return partial(definition.forward, xp=np)
    return definition.forward
