"""The import time of arraygrad against numpy and the peers, in fresh processes, interleaved."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

from .harness import OURS, Result, Row, Target, in_fresh_process, take_turns

MODULES = {
    "numpy": "numpy",
    "autograd": "autograd.numpy",
    "jax": "jax.numpy",
    "torch": "torch",
    OURS: "arraygrad",
}
QUICK_ONES = ("numpy", "autograd", OURS)
SLOW_ONES = ("jax", "torch")
# Installed packages are compiled; a checkout where that is turned off would take twice the time.
COMPILED = {"PYTHONDONTWRITEBYTECODE": ""}


def results(*, quick: bool) -> Iterator[Result]:
    answers: dict[str, list[Any]] = {}
    # The first round warms the caches of the disk and of the byte code.
    for names, rounds in ((QUICK_ONES, 8 if quick else 26), (SLOW_ONES, 3 if quick else 8)):
        found = take_turns(
            names,
            lambda name: in_fresh_process("benchmarks/_import.py", MODULES[name], env=COMPILED),
            rounds,
        )
        answers |= {name: list_[1:] for name, list_ in found.items()}
    missing = [name for name, found in answers.items() if not found]
    rows = {}
    for name, found in answers.items():
        if found:
            turns = [1e3 * a["seconds"] for a in found]
            note = f"{found[0]['modules']} new modules"
            rows[name] = Row(min(turns), statistics.median(turns), turns, note)
    yield Result("import", "ms", rows, missing, targets=(Target("numpy", 1.6),), best=True)
