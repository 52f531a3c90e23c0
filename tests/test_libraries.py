"""SciPy, scikit-learn and others on Variables: chosen calls, the record of all, and its page."""

from __future__ import annotations

import importlib.util
import json
import os
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest

FOLDER = Path(__file__).with_name("libraries")
RIGHT = {"first", "second", "constant"}
LIBRARIES = ("scipy", "sklearn")
needs_them = pytest.mark.skipif(
    any(importlib.util.find_spec(name) is None for name in LIBRARIES),
    reason=f"not all of {', '.join(LIBRARIES)} are installed",
)


@pytest.fixture(scope="module")
def report() -> ModuleType:
    spec = importlib.util.spec_from_file_location("libraries_report", FOLDER / "report.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def sweep(*words: str) -> dict[str, dict[str, list[str]]]:
    """What the program finds, in a process of its own: SciPy reads SCIPY_ARRAY_API at import."""
    command = [sys.executable, str(FOLDER / "sweep.py"), "--json", *words]
    environment = {**os.environ, "JAX_ENABLE_X64": "1"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@needs_them
def test_chosen_calls(report: ModuleType) -> None:
    found = sweep("--chosen")
    outcomes = {name: o for calls in found.values() for name, o in calls.items()}
    assert {name: o for name, o in outcomes.items() if o[0] in report.WRONG} == {}
    assert len(outcomes) >= 30
    record = report.load()
    if report.versions().items() <= record["versions"].items():
        assert report.lost(record, found) == []
    # Other versions of these libraries may refuse what ours do not, but hardly most of it.
    assert sum(kind in RIGHT for kind, _ in outcomes.values()) >= 30


def test_the_program_finds_what_is_wrong(tmp_path: Path) -> None:
    text = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from check import check
from table import Area, fixed, normal
import arraygrad.functions as F
from arraygrad import Variable

def ours(x): return isinstance(x, Variable)
def halved(x): return F.exp(x) / 2 + F.exp(x.detach()) / 2 if ours(x) else np.exp(x)
def lost(x): return x.detach() * 2 if ours(x) else x * 2
def other(x): return x * 2 if ours(x) else x * 3
def number(x): return Variable(np.asarray(float(x)), requires_grad=False) if ours(x) else x

call = Area("made up", globals())
call("halved(x)", x=normal(3))
call("lost(x)", x=normal(3))
call("other(x)", x=normal(3))
call("number(x)", x=normal())
call("float(x)", x=normal())
call("x // 1", x=normal(3))
call("np.asarray(x)", x=normal(3))
call("x.nothing", x=normal(3))
call("x * x", x=normal(3))
for c in call.calls:
    print(c.text, *check(c), sep="|")
"""
    command = [sys.executable, "-c", text, str(FOLDER)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    found = dict(line.split("|")[:2] for line in done.stdout.splitlines())
    assert found == {
        "halved(x)": "wrong",
        "lost(x)": "wrong",
        "other(x)": "wrong",
        "number(x)": "number",
        "float(x)": "number",
        "x // 1": "constant",
        "np.asarray(x)": "refused",
        "x.nothing": "broken",
        "x * x": "second",
    }


def test_the_page_is_fresh(report: ModuleType) -> None:
    written = report.PAGE.read_text(encoding="utf-8")
    assert written == report.page(report.load()), "run: python tests/libraries/report.py"


@needs_them
def test_the_examples_of_the_page() -> None:
    test = str(Path(__file__).with_name("test_docs.py"))
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", test]
    environment = {**os.environ, "SCIPY_ARRAY_API": "1"}
    for name in [name for name in environment if name.startswith("PYTEST_")]:
        del environment[name]  # of the process that runs this test
    done = subprocess.run(
        [*command, "-k", "python_block_runs and libraries"],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert "1 passed" in done.stdout, done.stdout


def test_nothing_wrong_is_recorded(report: ModuleType) -> None:
    areas = report.load()["areas"]
    kinds = {kind for calls in areas.values() for kind, _ in calls.values()}
    assert kinds <= report.KINDS.keys()
    assert sum(kind in RIGHT for calls in areas.values() for kind, _ in calls.values()) >= 510


def test_what_was_right_and_is_not_any_more_is_told(report: ModuleType) -> None:
    before = {"areas": {"a": {"f": ["second", ""], "g": ["refused", ""], "h": ["first", ""]}}}
    assert report.lost(before, {"a": {"f": ("second", ""), "g": ("number", "")}}) == []
    assert report.lost(before, {"a": {"h": ("second", "")}}) == []
    now = {"a": {"f": ("first", "why"), "new": ("second", "")}}
    assert report.lost(before, now) == [
        "a: f: second before, now first: why",
        "a: new: not recorded before, now second: ",
    ]
