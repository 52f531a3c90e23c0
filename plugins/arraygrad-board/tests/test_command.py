"""`arraygrad board`: what it prints, what it leaves, and errors in one line."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from arraygrad.cli import program
from arraygrad_board import Board


@pytest.fixture
def runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory, with two runs in the folder `runs`."""
    monkeypatch.chdir(tmp_path)
    for name in "ab":
        with Board(f"runs/{name}") as board:
            board.scalar("loss", 1.0)
    return tmp_path


def call(*words: str) -> Result:
    return CliRunner().invoke(program, ["board", *words])


def test_a_page_by_default_and_again(runs: Path) -> None:
    for _ in range(2):
        done = call("runs/a")
        assert done.exit_code == 0, done.output
        assert done.output.startswith("board.html (")
        assert "<h1>a</h1>" in (runs / "board.html").read_text("utf-8")


def test_several_runs_one_folder_and_a_name(runs: Path) -> None:
    for words in (("runs/a", "runs/b"), ("runs",), ("runs", "runs/a")):
        done = call(*words, "-o", "both.html", "--smooth", "0.5")
        assert done.exit_code == 0, done.output
        assert "<h1>a and b</h1>" in (runs / "both.html").read_text("utf-8")
    assert not (runs / "board.html").exists()


@pytest.mark.parametrize("works", [True, False])
def test_open(runs: Path, monkeypatch: pytest.MonkeyPatch, works: bool) -> None:
    opened: list[str] = []

    def pretend(address: str) -> bool:
        opened.append(address)
        return works

    monkeypatch.setattr(webbrowser, "open", pretend)
    done = call("runs/a", "--open")
    assert done.exit_code == 0
    assert opened == [(runs / "board.html").resolve().as_uri()]
    assert ("no browser could be opened" in done.output) == (not works)


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ([], "Missing argument"),
        (["nowhere"], "there is no folder nowhere"),
        (["."], "."),
        (["mine.html"], "is a file; expected the folder of a run"),
        (["runs/a", "-o", "mine.html"], "is no page of arraygrad-board; nothing was changed"),
        (["runs/a", "-o", "page.pdf"], "expected one that ends in .html"),
        (["runs/a", "-o", "no/page.html"], "there is no folder no for the page"),
        (["runs/a", "--smooth", "1"], "0<=x<1"),
    ],
)
def test_errors_in_one_line(runs: Path, words: list[str], text: str) -> None:
    (runs / "mine.html").write_text("<p>mine")
    done = call(*words)
    assert done.exit_code == 2
    assert done.output.startswith("error: ")
    assert done.output.count("\n") == 1
    assert text in done.output
    assert (runs / "mine.html").read_text() == "<p>mine"
    assert sorted(path.name for path in runs.iterdir()) == ["mine.html", "runs"]


def test_force_overwrites_another_file(runs: Path) -> None:
    (runs / "mine.html").write_text("<p>mine")
    assert call("runs/a", "-o", "mine.html", "--force").exit_code == 0
    assert "<h1>a</h1>" in (runs / "mine.html").read_text("utf-8")


def test_help() -> None:
    done = call("-h")
    assert done.exit_code == 0
    for word in ("RUN...", "--out", "--open", "--smooth", "--tensorboard", "--force"):
        assert word in done.output
    everything = CliRunner().invoke(program, ["-h"]).output
    assert "board" in everything
