"""The command line in this process, in an empty folder, without anybody's settings."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result

from arraygrad import registry, settings
from arraygrad.cli import program
from arraygrad.training import pictures
from arraygrad.weights import read_arrays


class Cli:
    """Runs `arraygrad ...` and checks its exit code."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def __call__(self, *args: object, code: int = 0) -> Result:
        result = CliRunner().invoke(program, [str(arg) for arg in args])
        assert result.exit_code == code, result.output
        return result

    def error(self, *args: object) -> str:
        """What a command says that has to fail: one line, and no traceback."""
        lines = self(*args, code=2).output.strip().splitlines()
        assert lines[-1].startswith("error: "), lines
        assert not any("Traceback" in line for line in lines)
        return lines[-1]

    def json(self, *args: object) -> object:
        return json.loads(self(*args, "--json").stdout)

    def train(self, *args: object, out: str = "run") -> Path:
        """A short run; its folder."""
        self("train", "--limit", 100, "--epochs", 2, "--out", out, *args)
        return self.folder / out

    @staticmethod
    def log(folder: Path) -> list[dict]:
        """The log without the one thing that differs from run to run."""
        lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
        return [{k: v for k, v in line.items() if k != "seconds"} for line in lines]

    @staticmethod
    def state(folder: Path) -> dict[str, bytes]:
        """Everything that decides how a run goes on, as bytes."""
        arrays = read_arrays(folder / "checkpoint.npz")
        return {k: a.tobytes() for k, a in arrays.items() if k not in ("log", "settings")}

    @staticmethod
    def files(folder: Path) -> dict[str, bytes]:
        """Every file of a folder."""
        return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.fixture(autouse=True)
def _clean(request, monkeypatch, tmp_path):
    if "draws" not in request.fixturenames:
        monkeypatch.setattr(pictures, "missing", lambda: "not in this test")
    for name in list(os.environ):
        if name.startswith("ARRAYGRAD_"):
            monkeypatch.delenv(name)
    tmp_path.joinpath(".git").mkdir()
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ARRAYGRAD_CONFIG_DIR", str(tmp_path / "user"))
    settings.reload()
    random = np.random.get_state()
    yield
    np.random.set_state(random)
    registry.remove("local")
    settings.reload()


@pytest.fixture
def draws():
    """Draw pictures in this test, which takes most of the time of a short run."""


@pytest.fixture
def cli(tmp_path):
    return Cli(tmp_path)


@pytest.fixture
def without(monkeypatch):
    """Make an installed package look as if it were not."""

    def hide(*names: str) -> None:
        for name in list(sys.modules):
            if name.partition(".")[0] in names:
                monkeypatch.delitem(sys.modules, name)
        for name in names:
            monkeypatch.setitem(sys.modules, name, None)

    return hide
