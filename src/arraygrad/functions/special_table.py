"""The table of SciPy's special functions: filled by `special_derivatives`, one entry for each.

An entry says in which ranges to test the arguments, and gives the derivative by each of them, or
None where there is none here. Derivatives ask by name for arguments, the result `out`, the
namespace `xp` and the special functions themselves, `sp`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


class Entry:
    """One special function: the ranges of its samples, and the derivative by each argument."""

    def __init__(self, ranges: dict[str, tuple[float, float]], derivatives: dict[str, Any]) -> None:
        self.ranges = ranges
        self.derivatives = derivatives


TABLE: dict[str, Entry] = {}


def entry(
    name: str, *ranges: tuple[float, float], **derivatives: Callable[..., Any] | None
) -> None:
    """Add a function to the table."""
    TABLE[name] = Entry(dict(zip(derivatives, ranges, strict=True)), derivatives)
