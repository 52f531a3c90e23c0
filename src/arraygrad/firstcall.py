"""The first call of a plugin's kernel: its result against that of the definition of the op.

A kernel that returns a wrong shape would be noticed somewhere else, if at all, and nobody would
think of an installed distribution. So for types that an op has not seen before, shape, dtype and
library are compared once; afterwards the kernel itself stands in the op's table, at no cost.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from arraygrad import kernels, registry
from arraygrad.backend import Backend, backend_of, by_type
from arraygrad.errors import ArraygradError, KernelError
from arraygrad.op import Definition
from arraygrad.registry import Entry

# Definitions can need many times the memory of a kernel: with more elements than these among the
# arrays of a call, the comparison waits for a smaller one.
LIMIT = 2**20


class FirstCall:
    """A kernel in the table of an op, until its result has been compared once."""

    def __init__(
        self, definition: Definition, backend: Backend, kernel: Callable[..., Any], entry: Entry
    ) -> None:
        self.definition, self.backend, self.kernel, self.entry = definition, backend, kernel, entry

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        result = self.kernel(*args, **kwargs)
        arrays = [a for a in (*args, *kwargs.values()) if hasattr(a, "shape")]
        if sum(prod(a.shape) for a in arrays) > LIMIT or not all(
            map(self.backend.concrete, arrays)
        ):
            return result
        expected = self._by_definition(args, kwargs)
        if expected is not None and (wrong := self._difference(result, expected)):
            who = f"{self.definition.title}: {_named(self.entry)}"
            raise KernelError(f"{who} returned {wrong}; {_fix(self.entry)}")
        for table in (self.definition.kernels, self.definition.mixed):
            for key in [key for key, value in table.items() if value is self]:
                table[key] = self.kernel
        return result

    def _by_definition(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        """What the definition gives, leaving no trace; None where it does not run here."""
        xp = {"xp": self.backend.xp} if "xp" in self.definition.arguments else {}
        state = np.random.get_state()  # a definition may draw: equal seeds stay equal
        try:
            with warnings.catch_warnings(), np.errstate(all="ignore"):
                warnings.simplefilter("ignore")
                return self.definition.forward(*args, **kwargs, **xp)
        except Exception:  # a kernel may be there because the definition does not run here
            return None
        finally:
            np.random.set_state(state)

    def _difference(self, result: Any, expected: Any) -> str:
        """What is wrong with a result, in words; of saved values only how many there are."""
        if self.definition.saves:
            wanted = 1 + len(self.definition.saves)
            if not isinstance(result, tuple) or len(result) != wanted:
                names = ", ".join(("its result", *self.definition.saves))
                return f"{_seen(result)}, expected a tuple of {wanted}: {names}"
            result, expected = result[0], expected[0]
        try:
            right = backend_of(result) is self.backend
        except ArraygradError:
            right = False
        if not right:
            return f"{_seen(result)}, expected {_seen(expected)} of {self.backend.name}"
        if tuple(result.shape) != tuple(expected.shape) or result.dtype != expected.dtype:
            return f"{_seen(result)}, expected {_seen(expected)}, as its definition gives"
        return ""


def at_fault(definition: Definition, inputs: tuple[str, ...], g: Any) -> str:
    """What an error of the rule of these inputs adds if a plugin's kernel of it gave the gradient.

    g: an array of the library on which it ran; a Variable where rules run without kernels.
    """
    backend = by_type.get(type(g))
    if backend is None:
        return ""
    entry = kernels.choice(f"{definition.id}.{'.'.join(inputs)}", backend.name).entry
    if entry is None or entry.namespace == registry.CORE:
        return ""
    return f"; this is {_named(entry)}: {_fix(entry)}"


def _named(entry: Entry) -> str:
    return f"the kernel {entry.id!r} of {entry.provider}"


def _fix(entry: Entry) -> str:
    plugin = f"this plugin out with ARRAYGRAD_PLUGINS=-{entry.namespace}, or "
    return (
        f"the kernel has to be mended; until then leave "
        f"{plugin if entry.namespace != registry.LOCAL else ''}all kernels out with "
        f"ARRAYGRAD_KERNELS=0"
    )


def _seen(x: Any) -> str:
    if isinstance(x, tuple):
        return f"a tuple of {len(x)}"
    if hasattr(x, "shape") and hasattr(x, "dtype"):
        return f"an array {tuple(x.shape)} {x.dtype}"
    return f"a {type(x).__name__}"
