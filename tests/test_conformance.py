"""The record of the conformance suite: its comparison, its page; the suite where it is given."""

from __future__ import annotations

import importlib.util
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

import arraygrad.xp

FOLDER = Path(__file__).with_name("conformance")
CHECKOUT = os.environ.get("ARRAYGRAD_CONFORMANCE_SUITE")


def program(name: str) -> ModuleType:
    path = FOLDER / f"{name}.py"
    spec = importlib.util.spec_from_file_location(f"conformance_{name}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def report() -> ModuleType:
    return program("report")


def test_the_suite_is_given_tracked_arrays() -> None:
    namespaces = program("namespaces")
    assert namespaces.numpy is arraygrad.xp
    for library in ("numpy", "array_api_strict"):
        xp = getattr(namespaces, f"tracked_{library}")
        for x in (
            xp.ones(2),
            xp.asarray([1.0]),
            xp.zeros(2, dtype=xp.complex64),
            xp.exp(xp.ones(1)),
        ):
            assert x.requires_grad, x
        assert not xp.arange(3).requires_grad
        assert not (xp.ones(2) > 0).requires_grad
        x = xp.ones(2)
        x[0] = 3.0  # as the suite does
        assert float(x[0]) == 3.0


def a_report(**outcomes: str) -> dict:
    """What pytest-json-report writes, for tests of a file test_a.py."""
    tests = []
    for name, outcome in outcomes.items():
        test = {"nodeid": f"array_api_tests/test_a.py::{name}", "outcome": outcome}
        stage = "setup" if outcome == "error" else "call"
        test[stage] = {"outcome": outcome}
        if outcome in ("failed", "error"):
            test[stage]["crash"] = {"message": f"\n  {name} is wrong\nand more"}
        tests.append(test)
    return {"tests": tests}


def test_a_run_is_read_from_its_report(report: ModuleType) -> None:
    run = report.read(a_report(one="passed", two="failed", three="skipped", four="error"))
    assert run == {
        "test_a.py::one": ("passed", ""),
        "test_a.py::two": ("failed", "two is wrong"),
        "test_a.py::three": ("skipped", ""),
        "test_a.py::four": ("failed", "four is wrong"),
    }
    assert report.counts(run) == {"passed": 1, "failed": 2, "skipped": 1}


def test_only_what_differs_is_told(report: ModuleType) -> None:
    baseline = report.read(
        a_report(
            same="passed",
            broken="failed",
            worse="passed",
            better="failed",
            gone="passed",
            skipped="passed",
            more="skipped",
        )
    )
    ours = report.read(
        a_report(
            same="passed",
            broken="failed",
            worse="failed",
            better="passed",
            skipped="skipped",
            more="passed",
        )
    )
    assert report.compare(baseline, ours) == {
        "worse": {
            "test_a.py::gone": "missing: this test was not found",
            "test_a.py::skipped": "skipped: ",
            "test_a.py::worse": "worse is wrong",
        },
        "better": {"test_a.py::better": "better is wrong", "test_a.py::more": ""},
    }


def test_messages_are_one_line_of_bearable_length(report: ModuleType) -> None:
    assert report.first_line("\n\n  a\nb") == "a"
    assert report.first_line("") == ""
    assert report.first_line("x" * 500) == "x" * 157 + "..."


def test_the_page_counts_and_gives_reasons(report: ModuleType) -> None:
    def count(passed: int, failed: int) -> dict:
        return {"passed": passed, "failed": failed, "skipped": 1}

    record = {
        "suite": "abc123",
        "versions": {"Python": "3.11.9", "numpy": "2.4.6"},
        "backends": {
            "numpy": {
                "module": "array_api_compat.numpy",
                "standard": "2025.12",
                "examples": 25,
                "baseline": count(8, 2),
                "plain": {"counts": count(8, 2), "worse": {}, "better": {}, "unsteady": {}},
                "tracked": {
                    "counts": count(7, 3),
                    "worse": {"test_a.py::known": "boom", "test_a.py::new": "`bang`"},
                    "better": {"test_a.py::won": ""},
                    "unsteady": {},
                },
            }
        },
    }
    page = report.page(record, {"test_a.py::known": "because it has to be"})
    rows = [line.split(" | ") for line in page.splitlines() if line.startswith("| ")]
    cells = [[cell.strip("| ") for cell in row] for row in rows]
    tracked = "arraygrad.xp, every float array tracked, over numpy"
    assert cells[2:] == [
        ["`array_api_compat.numpy`", "2025.12", "25", "11", "8", "2", "1", "", ""],
        ["arraygrad.xp, over numpy", "2025.12", "25", "11", "8", "2", "1", "0", "0"],
        [tracked, "2025.12", "25", "11", "7", "3", "1", "2", "1"],
    ]
    assert "- `test_a.py::known`: because it has to be\n" in page
    assert "- `test_a.py::new`: `'bang'`\n" in page
    assert "- `test_a.py::won`: no message\n" in page
    assert page.count("### ") == 1  # nothing is said of the run without differences
    assert "numpy 2.4.6" in page
    assert "abc123" in page


def test_the_page_is_fresh(report: ModuleType) -> None:
    written = report.PAGE.read_text(encoding="utf-8")
    assert written == report.page(report.load()), "run: python tests/conformance/report.py"


def test_every_recorded_failure_has_a_reason(report: ModuleType) -> None:
    backends = report.load()["backends"]
    assert sorted(backends) == ["jax", "numpy", "strict", "torch"]
    runs = [backend[kind] for backend in backends.values() for kind in report.KINDS]
    assert {test for run in runs for test in run["worse"]} <= report.REASONS.keys()


def test_what_differs_by_chance_is_told_apart(report: ModuleType) -> None:
    found = {"worse": {"a": "1", "b": "2"}, "better": {"c": "3", "d": "4"}}
    alone = {"a": ("failed", ""), "b": ("passed", "")}
    here = {"c": ("passed", ""), "d": ("failed", "")}
    assert report.settle(found, alone, here) == {
        "worse": {"b": "2"},
        "better": {"c": "3"},
        "unsteady": ["a", "d"],
    }


def test_what_differs_by_chance_once_does_so_in_the_other_run(report: ModuleType) -> None:
    runs = [
        {"worse": {"a": "1", "b": "2"}, "better": {}, "unsteady": []},
        {"worse": {}, "better": {"c": "3"}, "unsteady": ["a", "d"]},
    ]
    report.share(runs)
    assert runs == [
        {"worse": {"b": "2"}, "better": {}, "unsteady": ["a"]},
        {"worse": {}, "better": {"c": "3"}, "unsteady": ["a", "d"]},
    ]


def test_the_program_says_what_it_wants(tmp_path: Path) -> None:
    command = [sys.executable, str(FOLDER / "run.py"), str(tmp_path)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 2
    assert "expected a checkout of array-api-tests" in done.stderr


@pytest.mark.skipif(not CHECKOUT, reason="ARRAYGRAD_CONFORMANCE_SUITE names no checkout")
def test_the_suite_itself() -> None:
    command = [sys.executable, str(FOLDER / "run.py"), str(CHECKOUT), "--examples", "5"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
