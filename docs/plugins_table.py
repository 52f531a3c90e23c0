"""What docs/plugins-table.md says: counts of the test kit, recorded in docs/plugins-table.json.

`python docs/generate.py --conformance [NAME ...]` runs the kit on the plugins and backends that are
installed, or on those named, each in a process of its own, and keeps what was recorded of others.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

DOCS = Path(__file__).parent
RECORD = DOCS / "plugins-table.json"
PAGE = DOCS / "plugins-table.md"
# place -> the plugin that has it
PLACES = {
    "numpy": "none", "numpy-readonly": "none", "strict": "none", "strict:device1": "none",
    "torch": "torch", "jax": "jax", "cupy": "cupy",
}  # fmt: skip
HEAD = """\
<!-- Made by docs/generate.py from docs/plugins-table.json; a test checks that it is fresh. -->

# Plugins and array libraries, as counted

What [the test kit](testing.md) counted. `python docs/generate.py --conformance` runs it anew on
all that is installed, `--conformance acts jax` on these alone; a row keeps what was recorded where
a library or a device is missing. *Expected* are failures that are known, each with a reason;
*skipped* is what could not run there.
"""
PLUGINS_HEAD = """
## Plugins

`check_plugin(NAME)`: everything that a distribution of this repository registers, each with the
checks of its kind; array libraries are below.
"""
PLACES_HEAD = """
## Array libraries

`check_backend(NAME)`: the methods of the backend, and all functions, layers and optimizers of
arraygrad itself on its arrays. On a library that compiles each shape anew, checks of other shapes
are left to the others.
"""
# Run in a process of its own: kind, name -> one line of JSON.
PROGRAM = """
import json, sys, warnings
warnings.simplefilter("ignore")
from importlib.metadata import version
from arraygrad import errors, plugins, testing
from arraygrad.testing.places import reason_against
kind, name = sys.argv[1:]
out = {}
if kind == "plugins":
    found = [p for p in plugins.statuses() if p.distribution == name]
    if not found or found[0].status != "active":
        out["reason"] = found[0].reason if found else "it is not installed"
    else:
        provides = {kind: len(names) for kind, names in found[0].provides.items()}
        out = {"version": found[0].version, "provides": provides}
        report = testing.check_plugin(name, skip="backends")
else:
    out["reason"] = reason_against(name)
    if not out["reason"]:
        del out["reason"]
        report = testing.check_backend(name)
if "reason" not in out:
    out |= {"ran": report.ran, "failed": len(report.failures), "expected": len(report.expected)}
    out |= {"skipped": len(report.skipped), "failures": [str(f) for f in report.failures][:20]}
    known = ("numpy", "torch", "jax", "cupy", "numba", "ndonnx", "onnxruntime")
    out["with"] = {n: sys.modules[n].__version__ for n in known if n in sys.modules}
    out["with"]["arraygrad"] = version("arraygrad")
print(json.dumps(out))
"""


def projects() -> dict[str, dict[str, Any]]:
    """Distribution -> the `project` table of its pyproject.toml, of all in plugins/."""
    files = sorted(DOCS.parent.glob("plugins/*/pyproject.toml"))
    tables = [tomllib.loads(file.read_text(encoding="utf-8"))["project"] for file in files]
    return {table["name"]: table for table in tables}


def recorded() -> dict[str, dict[str, Any]]:
    """What RECORD holds: "plugins" and "places", each name -> counts."""
    text = (
        RECORD.read_text(encoding="utf-8") if RECORD.exists() else '{"plugins": {}, "places": {}}'
    )
    found: dict[str, dict[str, Any]] = json.loads(text)
    return found


def record(names: Sequence[str] = ()) -> int:
    """Run the kit on what is installed, or on those of these names; 1 if something failed."""
    subjects = [("plugins", name, name) for name in projects()]
    subjects += [("places", place, plugin) for place, plugin in PLACES.items()]
    failed = 0
    for kind, name, plugin in subjects:
        if names and name.removeprefix("arraygrad-") not in names and name not in names:
            continue
        env = {**os.environ, "ARRAYGRAD_PLUGINS": plugin, "JAX_ENABLE_X64": "1"}
        done = subprocess.run(
            [sys.executable, "-c", PROGRAM, kind, name], env=env, stdout=subprocess.PIPE, text=True
        )
        try:
            counts = json.loads(done.stdout.splitlines()[-1])
        except (IndexError, ValueError):
            counts = {"reason": f"the kit ended with exit code {done.returncode}"}
        print(name, counts.get("reason") or f"{counts['ran']} checks, {counts['failed']} failed")
        if "reason" not in counts:
            failed += counts["failed"]
            print(*counts.pop("failures"), sep="\n", end="")
            record = recorded()  # read again: another process may record something else
            record[kind][name] = counts
            RECORD.write_text(json.dumps(record, indent=1, sort_keys=True) + "\n", encoding="utf-8")
    return 1 if failed else 0


def page(table: Any) -> str:
    """The whole page; `table` makes one of Markdown of columns and rows."""
    found = recorded()
    plugins = []
    for name, project in projects().items():
        counts = found["plugins"].get(name)
        link = f"[{name}](../plugins/{name})"
        brings = (
            "" if counts is None else ", ".join(_many(*item) for item in counts["provides"].items())
        )
        plugins.append((link, project["description"], brings, *_cells(counts)))
    places = [(f"`{name}`", *_cells(found["places"].get(name))) for name in PLACES]
    numbers = ("Checks", "Passed", "Failed", "Expected", "Skipped", "With")
    return "".join(
        [
            HEAD, PLUGINS_HEAD, "\n", table(("Plugin", "What it is", "Brings", *numbers), plugins),
            PLACES_HEAD, "\n", table(("Place", *numbers), places),
        ]
    )  # fmt: skip


def _cells(counts: dict[str, Any] | None) -> tuple[str, ...]:
    if counts is None:
        return ("not recorded", "", "", "", "", "")
    ran, failed, expected = counts["ran"], counts["failed"], counts["expected"]
    passed = ran - failed - expected
    libraries = ", ".join(f"{n} {v}" for n, v in counts["with"].items() if n != "arraygrad")
    return (*(f"{n:,}" for n in (ran, passed, failed, expected, counts["skipped"])), libraries)


def _many(kind: str, n: int) -> str:
    return f"{n} {kind if n > 1 else kind[:-1]}"
