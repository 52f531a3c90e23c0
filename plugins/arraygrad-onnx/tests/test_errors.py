"""What cannot be exported, and what the message says; nothing is written then."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("ndonnx", reason="arraygrad-onnx needs ndonnx, spox and onnx")
pytest.importorskip("onnxruntime", reason="the tests compare with onnxruntime")

import arraygrad.functions as F
import arraygrad.layers as L
import arraygrad.models as M
from arraygrad import Variable, get_backend
from arraygrad.variable import Buffer
from arraygrad_onnx import ExportError, checking, export


class Made(M.Model):
    """A model of a function; `held` is what it has beside parameters."""

    def __init__(self, function: Any, held: Any = None) -> None:
        self.function, self.held = function, held

    def forward(self, x: Any) -> Any:
        return self.function(self, x)


TABLE = np.arange(3, dtype=np.float32)
VALUES = "values of an array|values were asked for"


@pytest.mark.parametrize(
    ("function", "message"),
    [
        (lambda self, x: x * 2 if float(x.sum()) > 0 else x, VALUES),
        (lambda self, x: x if x.sum() > 0 else -x, VALUES),
        (lambda self, x: x * np.asarray(x).max(), VALUES),
        (lambda self, x: x * x.sum().item(), VALUES),
        (lambda self, x: F.stack([row * i for i, row in enumerate(x)]), "computes something else"),
        (lambda self, x: x if len(x) < 6 else x * 2, "computes something else"),
        (lambda self, x: x * float(len(x) ** 2), "depend on the size of the batch: 25.0 for 5"),
        (lambda self, x: F.reshape(x, (2, 3)), "cannot reshape an array of shape"),
        (lambda self, x: "text", "returned a str"),
        (lambda self, x: TABLE, "returned a ndarray"),
        (lambda self, x: x.missing, r"AttributeError: .*test_errors.py|test_errors.py.*Attribute"),
    ],
)
def test_models_that_cannot_be_traced(function: Any, message: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match=message) as caught:
        export(Made(function, TABLE), (None, 3), path=tmp_path / "m.onnx")
    assert "export: Made" in str(caught.value)
    assert not list(tmp_path.iterdir())


def test_the_message_has_the_line_of_the_model(tmp_path: Path) -> None:
    model = Made(lambda self, x: bool(x.sum() > 0))
    with pytest.raises(ExportError, match=re.escape("test_errors.py:")) as caught:
        export(model, (2, 3), path=tmp_path / "m.onnx")
    assert "F.where" in str(caught.value)


@pytest.mark.parametrize(
    "held",
    [Buffer(TABLE), TABLE, Variable(TABLE), [TABLE], {"a": TABLE}],
    ids=lambda x: str(type(x)),
)
def test_arrays_that_a_layer_holds_are_constants(held: Any, tmp_path: Path) -> None:
    def scaled(self: Any, x: Any) -> Any:
        if isinstance(self.held, dict):
            return x * self.held["a"]
        return x * (self.held[0] if isinstance(self.held, list) else self.held)

    assert export(Made(scaled, held), (None, 3), path=tmp_path / "m.onnx").nodes == {"Mul": 1}


@pytest.mark.parametrize(
    ("inputs", "options", "message"),
    [
        ([], {}, "got no inputs"),
        ([(None, 0)], {}, "lengths above 0"),
        ([(3, None)], {}, "lengths above 0"),
        ([[1.0, 2.0]], {}, "expected an array or a shape"),
        ([np.array(["a"])], {}, "expected real numbers"),
        ([(2, 3)], {"input_names": ["a", "b"]}, "expected 1 different"),
        ([(2, 3)], {"output_names": ["a", "b"]}, "expected 1 different"),
        ([(2, 3)], {"output_names": ["x"]}, "of an input and of a result"),
        ([(2, 3)], {"dynamic_batch": ["y"]}, "or the names of those that have it"),
        ([np.zeros((0, 3), np.float32)], {}, "batch of 0"),
        ([(2, 3)], {"opset": 5}, "opset 5"),
    ],
)
def test_wrong_arguments(inputs: Any, options: Any, message: str, tmp_path: Path) -> None:
    model = Made(lambda self, x: F.relu(x) * 2)
    with pytest.raises(ExportError, match=message):
        export(model, *inputs, path=tmp_path / "m.onnx", **options)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("name", ["", "missing/m.onnx"])
def test_a_path_that_is_none_for_a_file(name: str, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="expected the name of a file"):
        export(Made(lambda self, x: x), (None, 3), path=tmp_path / name)


def test_names_of_results_that_inputs_have(tmp_path: Path) -> None:
    model = Made(lambda self, x: {"x": x * 2, "y": x})
    with pytest.raises(ExportError, match="output_names"):
        export(model, (None, 3), path=tmp_path / "m.onnx")
    done = export(model, (None, 3), path=tmp_path / "m.onnx", output_names=["z", "y"])
    assert list(done.outputs) == ["z", "y"]


def test_what_is_no_model_or_was_never_called(tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="expected a Layer"):
        export(F.relu, (2, 3), path=tmp_path / "m.onnx")  # type: ignore[arg-type]
    with pytest.raises(ExportError, match="call the model once before"):
        export(L.Linear(3), (2, 3), path=tmp_path / "m.onnx")


def test_a_model_that_changes_and_the_old_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"old")
    noise = [0.0]

    def drifting(self: Any, x: Any) -> Any:
        noise[0] += 1
        return x + noise[0]

    with pytest.raises(ExportError, match="depend on the size"):
        export(Made(drifting), (2, 3), path=path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["m.onnx"]


@pytest.mark.parametrize(
    "function",
    [
        lambda self, x: x * (1.0 if isinstance(x.data, np.ndarray) else 2.0),
        lambda self, x: x * (1.0 if len(x) == 1 else 2.0),  # and no trace has one sample
    ],
)
def test_results_that_differ(function: Any, tmp_path: Path) -> None:
    with pytest.raises(ExportError, match="its ONNX graph differ in 'output'"):
        export(Made(function), (2, 3), path=tmp_path / "m.onnx")
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "m.onnx"
    path.write_bytes(b"old")

    def fail(*args: Any) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr("os.replace", fail)
    with pytest.raises(OSError, match="disk is full"):
        export(Made(lambda self, x: F.relu(x)), (2, 3), path=path)
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["m.onnx"]


def test_without_onnxruntime(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(checking, "has_runtime", lambda: False)
    model = Made(lambda self, x: F.relu(x))
    done = export(model, (None, 3), path=tmp_path / "m.onnx")
    assert done.difference is None
    assert "not compared" in str(done)
    with pytest.raises(ExportError, match="needs onnxruntime"):
        export(model, (None, 3), path=tmp_path / "m.onnx", check=True)


def test_the_comparison_can_fail() -> None:
    assert checking._difference(np.ones(2, np.float32), np.ones(2, np.float32)) == 0
    assert checking._difference(np.ones(2, np.float32), np.ones(2)) is None
    assert checking._difference(np.ones(2), np.array([1.0, np.nan])) == np.inf
    assert checking._difference(np.array([1.0, 4.0]), np.array([1.0, 4.4])) == pytest.approx(0.1)
    assert checking._difference(np.array([1, 2]), np.array([1, 3])) == 1


def test_values_of_constants_are_known() -> None:
    backend = get_backend("ndonnx")
    x = backend.asarray(np.array([1.0, 2.0]))
    assert backend.concrete(x)
    np.testing.assert_array_equal(backend.to_numpy(x + 1), [2.0, 3.0])
