"""The core's own ops in all places: what `python -m arraygrad.testing` checks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arraygrad.functions import everything
from arraygrad.op import table
from arraygrad.testing.ops import check_op
from arraygrad.testing.places import PLACES, Place

# Checks of an op that do not depend on a place.
ONCE = ("docstring", "samples", "example")


# Of these one place of a library is enough; one that compiles takes minutes for other shapes.
_SHAPES = ("non-contiguous", "0-d", "empty", "broadcast")


def needless(place: str) -> tuple[str, ...]:
    """Checks of the core's ops that need not be run in that place, beside those without one.

    >>> needless("strict")
    ()
    """
    if place in ("numpy-readonly", "strict:device1"):
        return ("half", *_SHAPES)
    return _SHAPES if Place(place).compiles else ()


def core_ops() -> dict[str, Any]:
    """Every op of the core that has samples, private primitives included, by name.

    >>> "tanh" in core_ops()
    True
    """
    everything()
    return {
        name: function
        for name, function in table.items()
        if function.definition.id.startswith("core:") and function.definition.samples
    }


def main(places: Sequence[str]) -> int:
    """Check every op of the core in these places (all by default); print how many checks ran."""
    total = failed = 0
    for place in places or PLACES:
        skip = (*ONCE, *needless(place))
        reports = [check_op(op, places=[place], skip=skip) for op in core_ops().values()]
        ran = sum(report.ran for report in reports)
        failures = [line for report in reports for line in report.failures]
        print(f"{place}: {len(reports)} ops, {ran} checks, {len(failures)} failed")
        print(*failures, sep="\n", end="\n" if failures else "")
        total, failed = total + ran, failed + len(failures)
    print(f"{total - failed} passed, {failed} failed")
    return 1 if failed or not total else 0
