"""Other libraries' functions on Variables: values, first and second derivatives, checked.

    python tests/libraries/sweep.py              every call; says what is not right
    python tests/libraries/sweep.py --record     also keeps what was found, and writes the page
    python tests/libraries/sweep.py --check      fails if less is right than is recorded
    python tests/libraries/sweep.py --on torch   chosen calls on another array library
    python tests/libraries/sweep.py --on jit     chosen calls compiled by jax.jit

It is a program, not a file of tests, as SciPy reads SCIPY_ARRAY_API once, when it is imported.
"""

from __future__ import annotations

import os

os.environ["SCIPY_ARRAY_API"] = "1"

import argparse
import json
import sys
import time
import warnings
from collections import Counter
from collections.abc import Sequence
from importlib import import_module

import numpy as np
import report
import sklearn
from check import Outcome, check
from elsewhere import check_jit, check_on
from table import AREAS, Area, Call

sklearn.set_config(array_api_dispatch=True)


def areas() -> list[Area]:
    """The whole table."""
    for name in ("special", "stats", "scipy", "sklearn", "xarray", "other"):
        try:
            import_module(f"{name}_calls")
        except ModuleNotFoundError as error:
            print(f"left out: {error}", file=sys.stderr)
    return AREAS


def run(call: Call, on: str = "numpy") -> Outcome:
    """What becomes of one call."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        if on == "numpy":
            return check(call)
        return check_jit(call) if on == "jit" else check_on(call, on)


def main(argv: Sequence[str] | None = None) -> int:
    """Run the table, or a part of it; 0 if nothing is wrong."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=_AsItIs)
    parser.add_argument("--only", default="", help="calls with this text in them")
    parser.add_argument("--chosen", action="store_true", help="a chosen few alone")
    parser.add_argument("--on", default="numpy", choices=("numpy", "torch", "jax", "strict", "jit"))
    parser.add_argument("--record", action="store_true", help="keep what is found")
    parser.add_argument("--check", action="store_true", help="compare with what is recorded")
    parser.add_argument("--json", action="store_true", help="print what is found as JSON")
    parser.add_argument("--verbose", action="store_true", help="print every call")
    args = parser.parse_args(argv)
    few = args.chosen or args.on != "numpy"
    found: dict[str, dict[str, Outcome]] = {}
    slow = []
    for area in areas():
        for call in area.calls:
            if (call.chosen or not few) and args.only in f"{call.area}: {call.text}":
                start = time.perf_counter()
                outcome = run(call, args.on)
                slow.append((time.perf_counter() - start, call.text))
                known = found.setdefault(area.name, {})
                known[report.name_of(call.text, known)] = outcome
                if args.verbose or outcome.kind in report.WRONG:
                    print(f"{outcome.kind:9} {call.text}: {outcome.why}", flush=True)
    if args.json:
        print(json.dumps({a: {c: list(o) for c, o in calls.items()} for a, calls in found.items()}))
        return 0
    if args.verbose:
        print(*(f"{seconds:.2f} s  {text}" for seconds, text in sorted(slow)[-8:]), sep="\n")
    counts = Counter(o.kind for calls in found.values() for o in calls.values())
    print(", ".join(f"{kind} {n}" for kind, n in counts.most_common()), f"of {counts.total()}")
    bad = sum(counts[kind] for kind in report.WRONG)
    if args.record:
        report.save(report.record_of(found))
    if args.check:
        record = report.load()
        lost = report.lost(record, found)
        print(*lost, sep="\n")
        # Another version of a library may refuse what ours does not.
        bad += len(lost) if record["versions"] == report.versions() else 0
    return int(bad > 0)


class _AsItIs(argparse.RawDescriptionHelpFormatter):
    pass


if __name__ == "__main__":
    sys.exit(main())
