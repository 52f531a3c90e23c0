"""What this distribution adds is found through arraygrad, and costs nothing until it is used."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

import arraygrad_board
from arraygrad import plugins
from arraygrad.cli import program
from arraygrad_board import _plugin

README = Path(__file__).parents[1] / "README.md"


def test_the_plugin_is_active_and_keeps_its_promises() -> None:
    [plugin] = [p for p in plugins.statuses() if p.distribution == "arraygrad-board"]
    assert (plugin.status, plugin.reason, plugin.namespace) == ("active", "", "board")
    assert plugin.api == _plugin.ARRAYGRAD_API
    assert plugin.provides == {"commands": ["board"]}
    assert plugins.check_targets("board") == []


def test_names_of_the_package() -> None:
    assert {"Board", "write_page"} <= set(dir(arraygrad_board))
    assert arraygrad_board.Board.__module__ == "arraygrad_board.writer"
    with pytest.raises(AttributeError, match="bord"):
        _ = arraygrad_board.bord


def test_installed_it_costs_nothing_until_it_is_used() -> None:
    code = (
        "import json, sys, arraygrad\n"
        "print(json.dumps([m for m in sys.modules if m.startswith('arraygrad_board')]))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert sorted(json.loads(done.stdout)) == ["arraygrad_board", "arraygrad_board._plugin"]


def test_example_in_the_readme(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = README.read_text(encoding="utf-8")
    exec(text.split("```python\n")[1].split("```")[0], {})
    assert capsys.readouterr().out == "sine.html\n"
    page = (tmp_path / "sine.html").read_text(encoding="utf-8")
    for word in ("<h3>loss</h3>", "held-out", "<h3>l0/W</h3>", "gradients (4)", "batch_size"):
        assert word in page


def test_the_first_commands_in_the_readme(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lines = README.read_text(encoding="utf-8").split("```sh\n")[1].splitlines()
    commands = [line for line in lines if line.startswith("arraygrad ")][:3]
    assert [command.split()[1] for command in commands] == ["train", "train", "board"]
    monkeypatch.chdir(tmp_path)
    for command in commands:
        words = command.replace("digits", "spiral --epochs 2").replace(" --open", "").split()
        done = CliRunner().invoke(program, words[1:])
        assert done.exit_code == 0, done.output
    page = (tmp_path / "page.html").read_text(encoding="utf-8")
    assert "<h1>slow and fast</h1>" in page
