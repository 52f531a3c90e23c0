"""What docs/orders.md says: to which order functions are right on which library, in orders.json.

`python docs/generate.py --orders [PLACE ...]` checks every function of the standard that has a
derivative, and every special function, in each place (a few minutes each; JAX compiles), and keeps
what was recorded of other places.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
RECORD = DOCS / "orders.json"
PAGE = DOCS / "orders.md"
PLACES = ("numpy", "strict", "torch", "jax")
CHECKS = ("forward", "first gradient", "second gradient")
HEAD = """\
<!-- Made by docs/generate.py from docs/orders.json; a test checks that it is fresh. -->

# Functions of the standard, to which order they are right

Every function of the array API standard that has a derivative, and SciPy's special functions,
as `arraygrad.xp` has them, checked by [the test kit](testing.md) in float32 and float64, and
complex where it applies: 2 says that results, first and second derivatives are right, 0 that
there is no derivative in arraygrad. `python docs/generate.py --orders` runs the checks anew.
"""
# Run in a process of its own: place -> one line of JSON.
PROGRAM = """
import json, sys, warnings
warnings.simplefilter("ignore")
from arraygrad.testing import check_op
from arraygrad.testing.places import reason_against
from arraygrad.xp.namespaces import standard_ops
place = sys.argv[1]
out = {"reason": reason_against(place), "functions": {}}
for name, op in sorted(standard_ops().items()) if not out["reason"] else ():
    definition = op.definition
    if not definition.samples or definition.constant and not definition.rules:
        continue
    report = check_op(op, places=[place], only=("forward", "first gradient", "second gradient"))
    out["functions"][name] = {"counts": report.counts, "failures": report.failures[:3]}
    print(place, name, report, file=sys.stderr, flush=True)
known = ("numpy", "array_api_strict", "torch", "jax", "scipy")
out["with"] = {n: sys.modules[n].__version__ for n in known if n in sys.modules}
print(json.dumps(out))
"""


def record(places: Sequence[str]) -> int:
    """Run the checks in these places (all by default), and write the record; 1 if any failed."""
    known = recorded()
    failed = False
    for place in places or PLACES:
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, place],
            env={**os.environ, "JAX_ENABLE_X64": "1", "OMP_NUM_THREADS": "1"},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        )
        found = json.loads(done.stdout.splitlines()[-1])
        if found.pop("reason"):
            continue
        known[place] = found
        failed = failed or any(f["failures"] for f in found["functions"].values())
    ordered = {place: known[place] for place in PLACES if place in known}
    RECORD.write_text(json.dumps(ordered, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return int(failed)


def recorded() -> dict[str, Any]:
    """What the last recordings gave, by place."""
    return json.loads(RECORD.read_text(encoding="utf-8")) if RECORD.exists() else {}


def order(found: dict[str, Any] | None) -> str:
    """The highest order that was checked and is right."""
    if found is None:
        return ""
    if found["failures"]:
        return "failed"
    return str(max(i for i, name in enumerate(CHECKS) if found["counts"].get(name)))


def page(table: Callable[..., str]) -> str:
    """The whole page."""
    known = recorded()
    places = [place for place in PLACES if place in known]
    names = {name for place in places for name in known[place]["functions"]}
    parts = [HEAD]
    groups = {
        "Functions of the main namespace": [n for n in names if "." not in n],
        "`linalg`": [n for n in names if n.startswith("linalg.")],
        "`fft`": [n for n in names if n.startswith("fft.")],
        "`special`": [n for n in names if n.startswith("special.")],
    }
    for title, group in groups.items():
        rows = [
            (f"`{name}`", *(order(known[p]["functions"].get(name)) for p in places))
            for name in sorted(group)
        ]
        parts += [f"## {title}: {len(group)}\n", table(("Function", *places), rows)]
    counts = [
        sum(sum(f["counts"].values()) for f in known[p]["functions"].values()) for p in places
    ]
    libraries = [
        ", ".join(f"{name} {version}" for name, version in known[p]["with"].items()) for p in places
    ]
    parts += [
        "## What was counted\n",
        table(
            ("Place", "Functions", "Checks", "Failed", "With"),
            [
                (
                    f"`{p}`",
                    str(len(known[p]["functions"])),
                    f"{n:,}",
                    str(sum(bool(f["failures"]) for f in known[p]["functions"].values())),
                    library,
                )
                for p, n, library in zip(places, counts, libraries, strict=True)
            ],
        ),
    ]
    return "\n".join(parts)
