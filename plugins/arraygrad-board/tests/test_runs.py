"""Runs as they are read: whole, damaged, gone back, resumed, and folders that are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arraygrad import registry
from arraygrad.errors import RunError
from arraygrad.layers import Linear
from arraygrad.training import make_recipe, train
from arraygrad_board import Board
from arraygrad_board.runs import read_run, read_runs
from arraygrad_board.trained import complete


def write(folder: Path, *records: Any, name: str = "board.jsonl") -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    lines = [r if isinstance(r, str) else json.dumps(r) for r in records]
    (folder / name).write_text("".join(line + "\n" for line in lines))
    return folder


def scalar(step: Any, value: Any, name: Any = "loss") -> dict[str, Any]:
    return {"scalar": name, "step": step, "value": value}


def test_a_run_of_arraygrad_train(tmp_path: Path) -> None:
    log = train(make_recipe(dataset="spiral", epochs=3, hidden=(7,)), tmp_path / "run")
    [run] = read_runs([tmp_path / "run", tmp_path / "run" / ".." / "run"])
    complete(run)
    assert run.label == "run"
    assert run.problems == []
    assert run.scalars["test_loss"] == [(line["epoch"], line["test_loss"]) for line in log]
    assert run.step_words["test_loss"] == "epoch"
    assert run.settings["model"] == "core:MLP"
    assert run.settings["data: classes"] == 3
    assert "parameters: 45" in run.graphs[0]["summary"]
    [(step, made)] = run.histograms["parameters/l0/W"]
    assert (step, sum(made["counts"])) == (3, 14)


def test_to_build_the_model_draws_nothing(tmp_path: Path) -> None:
    def drawn(out_size: int) -> Linear:
        return Linear(out_size, in_size=2)

    registry.register_local("models", drawn)
    try:
        train(make_recipe(dataset="spiral", model="drawn", epochs=1), tmp_path)
        state: Any = np.random.get_state()
        run = read_run(tmp_path)
        complete(run)
    finally:
        registry.remove("local")
    assert [record["graph"] for record in run.graphs] == ["Linear"]
    now: Any = np.random.get_state()
    np.testing.assert_array_equal(now[1], state[1])
    assert now[2:] == state[2:]


def test_a_model_that_cannot_be_built_costs_its_picture_only(tmp_path: Path) -> None:
    train(make_recipe(dataset="spiral", epochs=1), tmp_path)
    text = (tmp_path / "settings.json").read_text()
    (tmp_path / "settings.json").write_text(text.replace("core:MLP", "gone:Net"))
    run = read_run(tmp_path)
    complete(run)
    assert list(run.scalars) != []
    assert run.graphs == []
    assert "the model cannot be shown" in run.problems[0]
    assert "gone:Net" in run.problems[0]


@pytest.mark.parametrize("text", ["{", "[]", '{"recipe": 3}', "[" * 100_000])
def test_damaged_settings_are_left_out(tmp_path: Path, text: str) -> None:
    write(tmp_path, {"epoch": 1, "train_loss": 1.0}, name="log.jsonl")
    (tmp_path / "settings.json").write_text(text)
    run = read_run(tmp_path)
    assert run.scalars == {"train_loss": [(1, 1.0)]}
    assert "settings.json" in run.problems[0]


DAMAGED = [
    "nonsense",
    "{",
    "[1, 2]",
    "\x00\x00",
    "[" * 100_000,
    {"scalar": "loss"},
    scalar("1", 2.0),
    scalar(-1, 2.0),
    scalar(True, 2.0),
    scalar(1.5, 2.0),
    scalar(2**60, 2.0),
    scalar(1, None),
    scalar(1, "0.5"),
    scalar(1, True),
    scalar(1, 2.0, ["loss"]),
    {"histogram": "W", "step": 1},
    {"histogram": "W", "step": 1, "counts": [1]},
    {"histogram": "W", "step": 1, "counts": [0], "low": 0, "high": 1, "mean": 0, "std": 0},
    {"histogram": "W", "step": 1, "counts": [-1, 2], "low": 0, "high": 1, "mean": 0, "std": 0},
    {"histogram": "W", "step": 1, "counts": [1], "low": 2, "high": 1, "mean": 0, "std": 0},
    {"histogram": "W", "step": 1, "counts": [1], "low": "nan", "high": 1, "mean": 0, "std": 0},
    {"graph": "MLP"},
    {"graph": "MLP", "summary": "", "items": [["script", "x"]], "links": []},
    {"graph": "MLP", "summary": "", "items": [["function", "x"]], "links": [[1, 2]]},
    {"settings": [1]},
]


@pytest.mark.parametrize("line", DAMAGED, ids=lambda line: str(line)[:60])
def test_damaged_lines_are_left_out_and_told(tmp_path: Path, line: Any) -> None:
    write(tmp_path, {"board": 1}, scalar(0, 1.0), line, scalar(1, 2.0))
    run = read_run(tmp_path)
    assert run.scalars == {"loss": [(0, 1.0), (1, 2.0)]}
    assert (run.histograms, run.graphs, run.settings) == ({}, [], {})
    assert run.problems == ["board.jsonl: 1 damaged line left out, from line 3 on"]


def test_the_last_line_may_be_half_of_one(tmp_path: Path) -> None:
    write(tmp_path, {"board": 1}, scalar(0, 1.0))
    for n in range(1, 30):
        with (tmp_path / "board.jsonl").open("a") as file:
            file.write(json.dumps(scalar(1, 2.0))[n - 1 : n])
        run = read_run(tmp_path)
        assert (run.scalars, run.problems) == ({"loss": [(0, 1.0)]}, [])


def test_steps_that_go_back(tmp_path: Path) -> None:
    write(tmp_path, {"board": 1}, *(scalar(i, i / 1) for i in (0, 1, 2, 3, 1, 2)))
    run = read_run(tmp_path)
    assert run.scalars["loss"] == [(0, 0.0), (1, 1.0), (2, 2.0)]
    assert run.problems == ["board.jsonl: steps go back, first to 1; what was written later counts"]


def test_a_script_that_goes_on_from_a_checkpoint(tmp_path: Path) -> None:
    for start in (0, 3):
        with Board(tmp_path, resume=True) as board:
            for step in range(start, 5):
                board.scalar("loss", 10 * start + step, step)
                board.histogram("W", np.full(3, start), step)
    run = read_run(tmp_path)
    assert run.problems == []
    assert run.scalars["loss"] == [(0, 0), (1, 1), (2, 2), (3, 33), (4, 34)]
    assert [made["low"] for _, made in run.histograms["W"]] == [0, 0, 0, 3, 3]


def test_wrong_lines_of_a_log(tmp_path: Path) -> None:
    lines = [{"epoch": 1, "train_loss": 2.0, "note": "warm"}, {"loss": 1}, {"epoch": "two"}, 7]
    write(tmp_path, *lines, {"epoch": 2, "train_loss": float("nan")}, name="log.jsonl")
    run = read_run(tmp_path)
    assert str(run.scalars) == "{'train_loss': [(1, 2.0), (2, nan)]}"
    assert run.problems == ["log.jsonl: 3 damaged lines left out, from line 2 on"]


def test_folders_without_a_run(tmp_path: Path) -> None:
    write(tmp_path / "a", {"board": 1})
    (tmp_path / "empty").mkdir()
    (tmp_path / "model.npz").write_bytes(b"PK")
    cases = [
        ("nowhere", "there is no folder"),
        ("empty", "has neither log.jsonl nor board.jsonl"),
        ("model.npz", "is a file; expected the folder of a run$"),
        ("a/board.jsonl", r"is a file; expected the folder of a run: give .*a$"),
    ]
    for name, text in cases:
        with pytest.raises(RunError, match=text):
            read_runs([tmp_path / name])
    with pytest.raises(RunError, match="got no run"):
        read_runs([])


def test_a_newer_format_is_refused(tmp_path: Path) -> None:
    write(tmp_path, {"board": 2})
    with pytest.raises(RunError, match="format 2, expected 1"):
        read_run(tmp_path)


def test_labels_tell_runs_apart(tmp_path: Path) -> None:
    folders = [write(tmp_path / name, {"board": 1}) for name in ("a/x", "b/x", "b/y")]
    assert [run.label for run in read_runs(folders)] == ["a/x", "b/x", "b/y"]
    assert [run.label for run in read_runs(folders[1:])] == ["x", "y"]
    assert [run.label for run in read_runs([tmp_path / "b", *folders[1:]])] == ["x", "y"]
