"""Which implementation of an op, or of one of its rules, runs on a backend, and why not another.

A plugin's kernel goes before the core's. Of two plugins' kernels the settings name one, under
`[prefer.kernels]`: `"core:gelu@numpy" = "fast:core:gelu@numpy"`. The setting `kernels = false`
and `using_kernels(False)` leave the definitions alone to run, on every backend.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

from arraygrad import registry, settings
from arraygrad.errors import AmbiguousNameError
from arraygrad.registry import Entry


class Choice(NamedTuple):
    """The kernel that runs, None for the definition itself; the others, each with the reason."""

    entry: Entry | None
    others: list[tuple[Entry, str]]


_in_process: bool | None = None


def enabled() -> bool:
    """Whether kernels are used: `using_kernels` decides, then the setting.

    >>> enabled()
    True
    """
    return settings.get("kernels") if _in_process is None else _in_process


@contextmanager
def using_kernels(enabled: bool) -> Iterator[None]:
    """Use kernels inside the block or do without: in the whole process, not in this thread alone.

    The results are the same to rounding; to find out whether a kernel is to blame for one, or
    what it gains, run without.

    >>> with using_kernels(False):
    ...     F.tanh(np.array([0.0]))
    variable([0.])
    """
    global _in_process
    before = _in_process
    _in_process = bool(enabled)
    registry.changed()
    try:
        yield
    finally:
        _in_process = before
        registry.changed()


def choice(op: str, backend: str) -> Choice:
    """The kernel for an op ("core:tanh") or a rule ("core:tanh.x") on the backend of that name.

    Raises AmbiguousNameError where several plugins have one and the settings prefer none.

    >>> choice("core:tanh", "numpy").entry
    <kernels core:core:tanh@numpy of arraygrad 0.1.0>
    """
    found = [e for e in registry.entries("kernels") if (e.op, e.backend) == (op, backend)]
    if not found:
        return Choice(None, [])
    if not enabled():
        return Choice(None, [(e, "kernels are turned off") for e in found])
    best = [e for e in found if e.namespace != registry.CORE] or found
    name = f"{op}@{backend}"
    reason = "the kernel of a plugin goes first"
    prefer = settings.choice("prefer", "kernels", name)
    if prefer is not None and (wanted := [e for e in found if e.id == prefer.value]):
        best, reason = wanted, f"{prefer.detail} prefers {prefer.value}"
    if len(best) > 1:
        raise AmbiguousNameError(
            f"{op}: got kernels for {backend} from {' and '.join(e.provider for e in best)}, "
            f"expected one; set prefer.kernels.{name!r} in the settings to one of "
            f"{', '.join(repr(e.id) for e in best)}, or disable a plugin, as with "
            f"ARRAYGRAD_PLUGINS=-{best[-1].namespace}"
        )
    return Choice(best[0], [(e, reason) for e in found if e is not best[0]])
