"""The module for pytest, in a run of its own."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

TESTS = """
import pytest
from arraygrad import current_backend
import arraygrad.functions as F
from arraygrad.testing import check_op

pytest_plugins = ["arraygrad.testing.pytest_plugin"]


def test_place(place):
    check_op(F.relu, places=[place]).raise_for_failures()


def test_backend(backend):
    assert current_backend() is backend


@pytest.mark.only_backends("numpy")
def test_only(place):
    assert place.startswith("numpy")


@pytest.mark.skip_backends("array_api_strict", reason="too strict")
def test_skipped(backend):
    assert backend.name == "numpy"


@pytest.mark.parametrize("place", ["here"])
def test_of_its_own(place):
    assert place == "here"
"""


@pytest.fixture
def run(tmp_path):
    """The outcome of a run of pytest with these options, in a folder of its own."""
    tmp_path.joinpath("conftest.py").write_text(
        'pytest_plugins = ["arraygrad.testing.pytest_plugin"]\n'
    )
    tmp_path.joinpath("test_it.py").write_text(TESTS.replace(TESTS.split("\n")[6], ""))

    def run(*options, code=0, **env):
        command = [sys.executable, "-m", "pytest", "-rs", "-p", "no:cacheprovider"]
        clean = {k: v for k, v in os.environ.items() if not k.startswith(("ARRAYGRAD", "PYTEST"))}
        done = subprocess.run(
            [*command, "--strict-markers", "-W", "error", *options],
            capture_output=True,
            text=True,
            cwd=tmp_path,
            env={**clean, "ARRAYGRAD_PLUGINS": "none", **env},
            check=False,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout + done.stderr

    return run


def test_all_places(run):
    out = run("-v")
    for place in ("numpy", "numpy-readonly", "strict", "strict:device1"):
        assert f"test_place[{place}] PASSED" in out
    assert "test_backend[array_api_strict] PASSED" in out
    assert "test_only[strict] SKIPPED" in out
    assert "too strict" in out
    assert "test_of_its_own[here] PASSED" in out


def test_one_place_and_a_missing_one(run):
    out = run("-v", "--backend", "strict,dask", "-k", "test_place")
    assert "test_place[strict] PASSED" in out
    assert "test_place[dask] SKIPPED" in out
    assert "No module named 'dask'" in out
    assert "test_place[numpy]" not in out


def test_a_required_backend_that_is_missing_is_an_error(run):
    out = run("--require-backend", "dask", code=4)
    assert "--require-backend dask: backend 'dask' needs a library" in out
