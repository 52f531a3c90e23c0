"""Board: what it writes, that it is there at once, and what it refuses before it writes."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Variable, using_backend
from arraygrad.errors import (
    ArgumentError,
    ArraygradError,
    DtypeError,
    LayerError,
    RunError,
    ShapeError,
)
from arraygrad.layers import Linear
from arraygrad.models import MLP
from arraygrad_board import Board


def lines(folder: Path) -> list[dict[str, Any]]:
    text = (folder / "board.jsonl").read_text()
    assert text.endswith("\n")
    return [json.loads(line) for line in text.splitlines()]


def values(folder: Path, name: str = "loss") -> list[tuple[int, Any]]:
    return [(r["step"], r["value"]) for r in lines(folder) if r.get("scalar") == name]


def test_each_line_is_in_the_file_when_the_call_returns(tmp_path: Path) -> None:
    board = Board(tmp_path / "deep" / "run")
    assert repr(board).startswith("<board ")
    for n in range(3):
        board.scalar("loss", n / 2)
        assert values(board.path) == [(i, i / 2) for i in range(n + 1)]
    board.close()
    board.close()
    with pytest.raises(RunError, match="closed"):
        board.scalar("loss", 1.0)
    assert len(values(board.path)) == 3


NUMBERS = [2, 2.0, True + 1, np.float32(2), np.int64(2), np.array(2.0), np.array([[2.0]])]


@pytest.mark.parametrize("value", [*NUMBERS, Variable(np.array(2.0))], ids=repr)
def test_numbers_of_any_kind(tmp_path: Path, value: Any) -> None:
    with Board(tmp_path) as board:
        board.scalar("loss", value)
    assert values(tmp_path) == [(0, 2.0)]


@pytest.mark.parametrize("name", ["numpy", "array_api_strict", "torch", "jax"])
def test_arrays_of_any_library(tmp_path: Path, name: str) -> None:
    if name in ("torch", "jax"):
        pytest.importorskip(name)
    with using_backend(name) as backend, Board(tmp_path) as board:
        x = backend.asarray(np.arange(6, dtype=np.float32))
        board.scalar("loss", x[2])
        board.scalar("loss", Variable(x[3]))
        board.histogram("x", Variable(x))
        board.histogram("x", x > 2)
        board.parameters(MLP((2,)), 0)  # without data yet: nothing to write
        if name == "torch":
            board.histogram("tracked", x.to(backend.xp.bfloat16).requires_grad_())
    assert values(tmp_path) == [(0, 2.0), (1, 3.0)]
    [first, second, *_] = [r for r in lines(tmp_path) if "histogram" in r]
    assert (first["low"], first["high"], first["mean"], sum(first["counts"])) == (0, 5, 2.5, 6)
    assert (second["low"], second["high"], second["mean"]) == (0, 1, 0.5)


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_what_is_not_finite_is_written_as_json_can(tmp_path: Path, value: float) -> None:
    with Board(tmp_path) as board:
        board.scalar("loss", value)
        board.histogram("W", np.array([1.0, value, 3.0]))
        board.histogram("W", np.array([value]))
        board.settings(threshold=value)
    assert "NaN" not in (tmp_path / "board.jsonl").read_text()
    assert values(tmp_path) == [(0, str(value))]
    [first, second] = [r for r in lines(tmp_path) if "histogram" in r]
    assert (first["bad"], first["size"], first["low"], first["high"]) == (1, 3, 1, 3)
    assert (second["bad"], second["counts"]) == (1, [])
    assert lines(tmp_path)[-1] == {"settings": {"threshold": str(value)}}


@pytest.mark.parametrize(
    "x",
    [np.zeros(0), np.zeros(3), np.array([5e-324, 0]), np.array([-1.7e308, 1.7e308]), np.ones(1)],
    ids=["empty", "equal", "tiny", "huge", "one"],
)
def test_histograms_of_extremes(tmp_path: Path, x: np.ndarray) -> None:
    with Board(tmp_path) as board:
        board.histogram("x", x)
    record = lines(tmp_path)[-1]
    assert sum(record["counts"]) == record["size"] == x.size


def test_parameters_and_gradients(tmp_path: Path) -> None:
    np.random.seed(0)
    model, x = MLP((4, 2)), np.random.randn(8, 3).astype(np.float32)
    loss = F.mean_squared_error(model(x), np.zeros((8, 2), np.float32))
    loss.backward()
    grads: dict[str, Any] = {name: p.grad for name, p in model.named_params()}
    kept = {name: gx.data.copy() for name, gx in grads.items()}
    with Board(tmp_path) as board:
        board.parameters(model, 7)
        board.scalar("loss", loss)
        board.histogram("x", model(x))
    for name, p in model.named_params():
        assert p.grad is grads[name]
        np.testing.assert_array_equal(grads[name].data, kept[name])
    found = {r["histogram"]: r for r in lines(tmp_path) if "histogram" in r}
    expected = [f"{part}/{n}" for n in kept for part in ("parameters", "gradients")]
    assert list(found) == [*expected, "x"]
    W: Any = kept["l0/W"]
    made = found["gradients/l0/W"]
    assert made["step"] == 7
    np.testing.assert_allclose([made["mean"], made["std"]], [W.mean(), W.std()], rtol=1e-5)
    counts, _ = np.histogram(W.astype(np.float64), len(made["counts"]))
    assert made["counts"] == counts.tolist()
    loss.backward()  # the graph is what it was
    W = dict(model.named_params())["l0/W"].grad
    np.testing.assert_allclose(W.data, 2 * kept["l0/W"], rtol=1e-6)


def test_graph_leaves_the_model_as_it_was(tmp_path: Path) -> None:
    np.random.seed(3)
    state: Any = np.random.get_state()
    model, layer = MLP((4, 2)), Linear(3)
    with Board(tmp_path) as board:
        board.graph(model, (5, 3))
        board.graph(layer, np.ones((1, 2), np.float32))
    assert all(p.data is None for m in (model, layer) for _, p in m.named_params() if "W" in _)
    np.testing.assert_array_equal(np.random.get_state()[1], state[1])  # type: ignore[index]
    first, second = lines(tmp_path)[1:]
    assert (first["graph"], second["graph"]) == ("MLP", "Linear")
    assert ["function", "Sigmoid"] in first["items"]
    assert "parameters: 26" in first["summary"]


def test_steps_go_up_for_each_name(tmp_path: Path) -> None:
    with Board(tmp_path) as board:
        board.scalar("loss", 1.0, np.int32(5))
        board.scalar("loss", 1.0)
        board.scalar("lr", 0.1, 2)
        for wrong in (6, 0, -1, 1.5, True, "7", 2**60):
            with pytest.raises(RunError, match=r"Board.scalar\('loss'\): got the step"):
                board.scalar("loss", 1.0, wrong)  # type: ignore[arg-type]
        board.scalar("loss", 1.0)
    assert [step for step, _ in values(tmp_path)] == [5, 6, 7]


def test_parameters_at_an_earlier_step_write_nothing(tmp_path: Path) -> None:
    model = MLP((2,))
    model(np.ones((1, 2), np.float32))
    with Board(tmp_path) as board:
        board.histogram("parameters/l0/b", np.ones(3), 9)
        before = lines(tmp_path)
        with pytest.raises(RunError, match="after the step 9"):
            board.parameters(model, 5)
    assert lines(tmp_path) == before


BAD: list[tuple[str, tuple[Any, ...], type[Exception], str]] = [
    ("scalar", ("loss", np.ones(3)), ShapeError, r"the shape \(3,\)"),
    ("scalar", ("loss", np.ones(0)), ShapeError, r"the shape \(0,\)"),
    ("scalar", ("loss", "0.5"), DtypeError, "str"),
    ("scalar", ("loss", None), DtypeError, "NoneType"),
    ("scalar", ("loss", 1j), DtypeError, "complex128"),
    ("scalar", ("loss", Variable(None)), ArgumentError, "without data"),
    ("scalar", ("", 1.0), ArgumentError, "expected a text"),
    ("scalar", (3, 1.0), ArgumentError, "expected a text"),
    ("histogram", ("W", [1.0, 2.0]), DtypeError, "list"),
    ("histogram", ("W", np.array(["a"])), DtypeError, "<U1"),
    ("parameters", (np.ones(3),), DtypeError, "expected a Layer"),
    ("graph", (np.sin, np.ones(3)), DtypeError, "expected a Layer"),
    ("graph", (MLP((2,)),), LayerError, "forward"),
]


@pytest.mark.parametrize(("method", "args", "error", "text"), BAD)
def test_bad_input_writes_nothing(
    tmp_path: Path, method: str, args: tuple[Any, ...], error: type[Exception], text: str
) -> None:
    with Board(tmp_path) as board:
        with pytest.raises(error, match=text):
            getattr(board, method)(*args)
        assert len(lines(tmp_path)) == 1


def test_a_run_that_is_there(tmp_path: Path) -> None:
    with Board(tmp_path, resume=True) as board:  # nothing to resume: a new one
        board.scalar("loss", 1.0, 10)
    before = (tmp_path / "board.jsonl").read_bytes()
    with pytest.raises(RunError, match=r"resume=True, start over with force=True"):
        Board(tmp_path)
    with pytest.raises(RunError, match="exclude each other"):
        Board(tmp_path, resume=True, force=True)
    assert (tmp_path / "board.jsonl").read_bytes() == before
    with Board(tmp_path, resume=True) as board:
        board.scalar("loss", 2.0)
    assert values(tmp_path) == [(10, 1.0), (11, 2.0)]
    with Board(tmp_path, force=True) as board:
        board.scalar("loss", 3.0)
    assert values(tmp_path) == [(0, 3.0)]


def test_resume_after_a_line_that_was_cut_off(tmp_path: Path) -> None:
    with Board(tmp_path) as board:
        board.scalar("loss", 1.0)
    with (tmp_path / "board.jsonl").open("ab") as file:
        file.write(b'{"scalar": "lo')
    with Board(tmp_path, resume=True) as board:
        board.scalar("loss", 2.0)
    written = (tmp_path / "board.jsonl").read_bytes().split(b"\n")
    assert written[2] == b'{"scalar": "lo'
    assert json.loads(written[4]) == {"scalar": "loss", "step": 1, "value": 2.0}


@pytest.mark.parametrize("name", ["file", "file/run"])
def test_a_file_is_no_folder(tmp_path: Path, name: str) -> None:
    (tmp_path / "file").write_text("mine")
    with pytest.raises(RunError, match="is a file"):
        Board(tmp_path / name)
    assert (tmp_path / "file").read_text() == "mine"


def test_errors_inside_the_block_close_the_board(tmp_path: Path) -> None:
    def train(board: Board) -> None:
        with board:
            board.scalar("loss", 1.0)
            raise ZeroDivisionError

    board = Board(tmp_path)
    with pytest.raises(ZeroDivisionError):
        train(board)
    assert "closed" in repr(board)
    assert issubclass(RunError, ArraygradError)
    assert values(tmp_path) == [(0, 1.0)]
