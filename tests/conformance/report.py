"""What two runs of the suite differ in; the record of it, and the page made from the record.

    python tests/conformance/report.py        write docs/conformance.md anew from result.json

A run is a dict: the id of a test -> (outcome, message), the message being the first line of why.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

RESULT = Path(__file__).with_name("result.json")
PAGE = Path(__file__).parents[2] / "docs" / "conformance.md"
KINDS = {
    "plain": "arraygrad.xp",
    "tracked": "arraygrad.xp, every float array tracked",
}
HEAD = """\
<!-- Made by tests/conformance/report.py from tests/conformance/result.json; a test checks that it
is fresh. -->

# Conformance to the array API standard

The [public suite](https://github.com/data-apis/array-api-tests) of the standard checks names,
signatures, shapes, dtypes, values and special values of everything that the standard defines, on
arrays drawn at random. Here it ran on the differentiable namespace of each array library, and
beside it on the library alone: what the library itself gets wrong, arraygrad gets wrong too, as
without a gradient to compute it hands arrays on to the library. What counts is the last columns:
tests that pass on the library and fail here, and the other way round.

*Tracked* means that each array of floats or complex numbers that the suite makes is the result of
a recorded operation on a leaf, so that the suite's calls go through the ops that differentiate.
"""
FOOT = """\
To run it again, with a checkout of the suite and its submodule:

```sh
git clone --recurse-submodules https://github.com/data-apis/array-api-tests
pip install pytest hypothesis ndindex pytest-json-report array-api-compat array-api-strict
python tests/conformance/run.py array-api-tests --tracked --backend numpy
```
"""

# Why a test that passes on the library alone does not pass here, or the other way round.
REASONS = {
    "test_dlpack.py::test_dunder_dlpack": "a tracked array does not leave by DLPack, as its "
    "gradient would be lost without a word: `GradientError`; `x.detach()` does",
    "test_creation_functions.py::test_meshgrid": "a tuple, as the standard asks for since 2025.12; "
    "that of 2024.12, which JAX states, asks for a list",
    "test_data_type_functions.py::test_broadcast_arrays": "a tuple, as `meshgrid`",
    "test_statistical_functions.py::test_std": "fractions as correction, which PyTorch lacks",
    "test_array_object.py::test_setitem": "Variables can be changed in place, arrays of JAX cannot",
    "test_array_object.py::test_setitem_masking": "as `test_setitem`",
    "test_array_object.py::test_getitem": "slices with negative steps, which PyTorch has not",
    "test_has_names.py::test_has_names[array_method-__array_namespace__]": "PyTorch has it not",
    "test_has_names.py::test_has_names[array_method-to_device]": "PyTorch has it not",
    "test_signatures.py::test_array_method_signature[__array_namespace__]": "PyTorch has it not",
    "test_signatures.py::test_array_method_signature[to_device]": "PyTorch has it not",
    "test_data_type_functions.py::TestBroadcastShapes::test_error": "shapes that do not fit are a "
    "`ValueError`, with PyTorch a `RuntimeError`",
    **{
        f"test_signatures.py::{test}": "skipped with PyTorch, whose signature nothing tells"
        for test in (
            "test_extension_func_signature[fft.fftfreq]",
            "test_extension_func_signature[fft.rfftfreq]",
            "test_func_signature[moveaxis]",
            "test_func_signature[tile]",
        )
    },
}

Run = dict[str, tuple[str, str]]


def read(report: dict[str, Any]) -> Run:
    """The run that a report of pytest-json-report tells of."""
    run: Run = {}
    for test in report["tests"]:
        stages = [test.get(stage, {}) for stage in ("setup", "call", "teardown")]
        text = next((s["crash"]["message"] for s in stages if "crash" in s), "")
        outcome = "failed" if test["outcome"] == "error" else test["outcome"]
        run[test["nodeid"].removeprefix("array_api_tests/")] = (outcome, first_line(text))
    return run


def first_line(text: str) -> str:
    """The first line of a message that says something."""
    lines = (line.strip() for line in text.splitlines())
    line = next((line for line in lines if line), "")
    return line if len(line) <= 160 else line[:157] + "..."


def counts(run: Run) -> dict[str, int]:
    """How many tests passed, failed and were skipped."""
    seen = Counter(outcome for outcome, _ in run.values())
    return {outcome: seen[outcome] for outcome in ("passed", "failed", "skipped")}


def compare(baseline: Run, ours: Run) -> dict[str, dict[str, str]]:
    """The tests that fail or are skipped in one run alone: id -> message.

    worse: what does not pass in `ours` and did in the baseline, or is not in `ours` at all.
    better: what passes in `ours` alone.
    """
    missing = ("missing", "this test was not found")
    worse = {
        test: text if outcome == "failed" else f"{outcome}: {text}"
        for test, (before, _) in baseline.items()
        for outcome, text in [ours.get(test, missing)]
        if before == "passed" and outcome != "passed"
    }
    better = {
        test: baseline.get(test, missing)[1]
        for test, (outcome, _) in ours.items()
        if outcome == "passed" and baseline.get(test, missing)[0] != "passed"
    }
    return {"worse": dict(sorted(worse.items())), "better": dict(sorted(better.items()))}


def settle(found: dict[str, Any], alone: Run, here: Run) -> dict[str, Any]:
    """What `compare` found, without what differs by the examples drawn: that is "unsteady".

    alone, here: what was worse, run again on the library alone with more examples; what was
    better, run again here. What fails there now differs no more.
    """
    unsteady = {
        test
        for run, what in [(alone, "worse"), (here, "better")]
        for test in found[what]
        if run.get(test, ("passed", ""))[0] != "passed"
    }
    left = {
        what: {test: text for test, text in tests.items() if test not in unsteady}
        for what, tests in found.items()
    }
    return {**left, "unsteady": sorted(unsteady)}


def share(runs: list[dict[str, Any]]) -> None:
    """Let what is unsteady in one run of a library be so in its others."""
    unsteady = {test for run in runs for test in run["unsteady"]}
    for run in runs:
        moved = unsteady & {*run["worse"], *run["better"]}
        run["unsteady"] = sorted({*run["unsteady"], *moved})
        for what in ("worse", "better"):
            run[what] = {t: text for t, text in run[what].items() if t not in moved}


def page(record: dict[str, Any], reasons: dict[str, str] = REASONS) -> str:
    """The page of a record, with what is known of why."""
    parts = [HEAD, "## Results\n", _table(record)]
    for name, backend in record["backends"].items():
        for kind, title in KINDS.items():
            if kind in backend:
                parts += _differences(f"{name}: {title}", backend[kind], reasons)
    versions = ", ".join(f"{name} {number}" for name, number in record["versions"].items())
    facts = [
        f"Suite: commit `{record['suite']}`.",
        f"Software: {versions}.",
    ]
    return "\n".join([*parts, "## What ran\n", *(f"- {fact}" for fact in facts), "", FOOT])


def _table(record: dict[str, Any]) -> str:
    columns = "Namespace | Standard | Examples of each | Tests | Passed | Failed | Skipped"
    columns += " | Fails here alone | Passes here alone"
    lines = [columns, " | ".join("---" for _ in columns.split("|"))]
    for name, backend in record["backends"].items():
        rows = [(f"`{backend['module']}`", backend["baseline"], "", "")]
        for kind, title in KINDS.items():
            if kind in backend:
                run = backend[kind]
                text = f"{title}, over {name}"
                rows.append((text, run["counts"], str(len(run["worse"])), str(len(run["better"]))))
        for title, count, *rest in rows:
            examples, standard = backend["examples"], backend["standard"]
            cells = [title, standard, examples, sum(count.values()), *count.values(), *rest]
            lines.append(" | ".join(map(str, cells)))
    return "".join(f"| {line} |\n" for line in lines)


def _differences(title: str, run: dict[str, Any], reasons: dict[str, str]) -> Iterable[str]:
    if run["worse"] or run["better"] or run["unsteady"]:
        yield f"### {title}\n"
    for what, tests in [("Fails here alone", run["worse"]), ("Passes here alone", run["better"])]:
        if tests:
            yield f"{what}:\n"
            yield "".join(
                f"- `{test}`: {reasons.get(test) or _code(text)}\n" for test, text in tests.items()
            )
    if run["unsteady"]:
        yield "Fails in both with forty times the examples, and in one by chance with these:\n"
        yield "".join(f"- `{test}`\n" for test in run["unsteady"])


def _code(text: str) -> str:
    return f"`{text.replace('`', chr(39))}`" if text else "no message"


def load() -> dict[str, Any]:
    """The record that is kept beside this file."""
    if not RESULT.exists():
        return {"suite": "", "versions": {}, "backends": {}}
    return json.loads(RESULT.read_text(encoding="utf-8"))


def save(record: dict[str, Any]) -> None:
    """Keep a record, and write the page of it."""
    RESULT.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    PAGE.write_text(page(record), encoding="utf-8")


if __name__ == "__main__":
    save(load())
