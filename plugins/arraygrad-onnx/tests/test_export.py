"""Models as ONNX files: the same results in onnxruntime, in graphs of few nodes."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

pytest.importorskip("ndonnx", reason="arraygrad-onnx needs ndonnx, spox and onnx")
pytest.importorskip("onnxruntime", reason="the tests compare with onnxruntime")

import onnx
import onnxruntime

import arraygrad.functions as F
import arraygrad.layers as L
import arraygrad.models as M
from arraygrad import Variable, as_variable, test_mode, using_config
from arraygrad_onnx import Exported, export


def draw(*shape: int) -> Any:
    return np.random.default_rng(0).normal(size=shape).astype(np.float32)


def exported(model: Any, *inputs: Any, path: Path, **options: Any) -> Exported:
    """The export of a model that was called once; the file gives the model's results."""
    np.random.seed(0)
    with test_mode():
        expected = model(*inputs)
    done = export(model, *inputs, path=path / "model.onnx", check=True, **options)
    assert done.difference is not None
    assert done.difference <= 1e-5
    session = onnxruntime.InferenceSession(str(done.path), providers=["CPUExecutionProvider"])
    found = session.run(None, dict(zip(done.inputs, inputs, strict=True)))
    results = expected if isinstance(expected, tuple) else (expected,)
    for y, z in zip(results, found, strict=True):
        np.testing.assert_allclose(y.data, z, rtol=1e-5, atol=1e-5)
    return done


def test_mlp(tmp_path: Path) -> None:
    done = exported(M.MLP((10, 3), activation=F.relu), draw(2, 4), path=tmp_path)
    assert done.nodes == {"Gemm": 2, "Relu": 1}
    assert done.inputs == {"x": ("batch", 4)}
    assert done.outputs == {"output": ("batch", 3)}
    graph = onnx.load(done.path).graph
    assert [t.name for t in graph.initializer] == ["l0/W", "l0/b", "l1/W", "l1/b"]
    assert [p.name for p in tmp_path.iterdir()] == ["model.onnx"]


class Net(M.Model):
    def __init__(self) -> None:
        self.conv = L.Conv2d(8, 3, pad=1)
        self.bn = L.BatchNorm()
        self.conv2 = L.Conv2d(8, 3, stride=2)
        self.fc = L.Linear(16)
        self.bn2 = L.BatchNorm()
        self.out = L.Linear(10)

    def forward(self, x: Any) -> Any:
        x = F.pooling(F.relu(self.bn(self.conv(x))), 2, 2)
        x = F.average_pooling(F.relu(self.conv2(x)), 2)
        x = F.dropout(F.relu(self.bn2(self.fc(F.flatten(x)))))
        return F.softmax(self.out(x))


def test_cnn_has_the_nodes_that_it_should_have(tmp_path: Path) -> None:
    model = Net()
    for i in range(3):  # averages that matter
        model(draw(4, 1, 12, 12) + i)
    for p in model.params():  # and biases
        p.data += draw(*p.shape) * 0.3
    x = draw(4, 1, 12, 12)
    done = exported(model, x, path=tmp_path)
    # Batch normalization is in the weights, dropout is gone.
    assert done.nodes == {
        "Relu": 3, "Conv": 2, "Gemm": 2, "MaxPool": 1, "AveragePool": 1, "Reshape": 1, "Softmax": 1,
    }  # fmt: skip
    session = onnxruntime.InferenceSession(str(done.path), providers=["CPUExecutionProvider"])
    for n in (1, 9):
        x = draw(n, 1, 12, 12)
        with test_mode():
            y = model(x).data
        np.testing.assert_allclose(session.run(None, {"x": x})[0], y, rtol=1e-5, atol=1e-6)


class SmallVGG16(M.VGG16):
    channels = ((4, 4), (4, 4), (4, 4, 4), (8, 8, 8), (8, 8, 8))
    fc_sizes = (8, 8, 5)


class SmallResNet18(M.ResNet18):
    width = 4
    out_size = 5


class SmallSqueezeNet(M.SqueezeNet):
    out_size = 5


@pytest.mark.parametrize(
    ("model", "side", "nodes"),
    [
        (SmallVGG16, 32, {"Relu": 15, "Conv": 13, "MaxPool": 5, "Gemm": 3, "Reshape": 1}),
        (
            SmallResNet18, 32,
            {"Conv": 20, "Relu": 17, "Add": 8, "MaxPool": 1, "ReduceMean": 1, "Gemm": 1},
        ),
        (
            SmallSqueezeNet, 48,
            {"Conv": 26, "Relu": 26, "Concat": 8, "MaxPool": 3, "Pad": 1, "ReduceMean": 1},
        ),
    ],
)  # fmt: skip
def test_networks_for_pictures(model: Any, side: int, nodes: Any, tmp_path: Path) -> None:
    done = exported(model(), draw(2, 3, side, side), path=tmp_path)
    assert done.nodes == nodes


@pytest.mark.parametrize("causal", [True, False])
def test_transformer(causal: bool, tmp_path: Path) -> None:
    model = M.Transformer(11, 8, heads=2, depth=2, length=6, causal=causal)
    tokens = np.random.default_rng(0).integers(0, 11, (2, 5))
    done = exported(model, tokens, path=tmp_path)
    assert done.inputs == {"x": ("batch", 5)}
    assert done.outputs == {"output": ("batch", 5, 11)}
    assert done.nodes["LayerNormalization"] == 5
    assert done.nodes["Softmax"] == done.nodes["Gelu"] == 2
    assert sum(done.nodes.values()) < 70
    assert "If" not in done.nodes


class Sequence(M.Model):
    def __init__(self, layer: Any) -> None:
        self.rnn = layer(7)
        self.fc = L.Linear(2)

    def forward(self, x: Any) -> Any:
        self.rnn.reset_state()
        for t in range(x.shape[1]):
            h = self.rnn(x[:, t])
        return self.fc(h), h


@pytest.mark.parametrize(("layer", "most"), [(L.LSTM, 60), (L.GRU, 60), (L.RNN, 26)])
def test_recurrent_networks_unrolled(layer: Any, most: int, tmp_path: Path) -> None:
    model = Sequence(layer)
    done = exported(model, draw(3, 4, 5), path=tmp_path)
    assert list(done.outputs) == ["output_0", "output_1"]
    assert sum(done.nodes.values()) <= most
    assert model.rnn.h is not None  # the model's own state is what it was
    assert model.rnn.h.shape == (3, 7)


class TwoInputs(M.Model):
    def __init__(self) -> None:
        self.fc = L.Linear(3)

    def forward(self, x: Any, scale: Any) -> Any:
        y = self.fc(x) * scale
        return {"scores": y, "mean": y.mean(axis=0), "sizes": y / len(x), "rows": y.reshape(-1, 1)}


def test_several_inputs_and_results(tmp_path: Path) -> None:
    model = TwoInputs()
    x, scale = draw(4, 2), draw(3)
    model(x, scale)
    done = export(model, x, scale, path=tmp_path / "a.onnx", dynamic_batch=["x"], check=True)
    assert done.inputs == {"x": ("batch", 2), "scale": (3,)}
    assert done.outputs == {
        "scores": ("batch", 3), "mean": (3,), "sizes": ("batch", 3), "rows": ("3*batch", 1),
    }  # fmt: skip
    done = export(
        model, x, scale, path=tmp_path / "b.onnx", dynamic_batch=False,
        input_names=["a", "b"], output_names=["p", "q", "r", "s"],
    )  # fmt: skip
    assert done.inputs == {"a": (4, 2), "b": (3,)}
    assert list(done.outputs) == ["p", "q", "r", "s"]


def test_shapes_for_inputs_opset_and_metadata(tmp_path: Path) -> None:
    model = M.Sequential(L.Linear(4, in_size=3), F.gelu)
    done = export(model, (None, 3), path=tmp_path / "m.onnx", opset=21, metadata={"classes": 4})
    assert done.opset == 21
    assert done.inputs == {"x": ("batch", 3)}
    file = onnx.load(done.path)
    assert [(p.key, p.value) for p in file.metadata_props] == [("classes", "4")]
    assert file.producer_name == "arraygrad"
    assert "x (batch, 3) -> output (batch, 4), 2 nodes, opset 21, within" in str(done)


def test_double_precision(tmp_path: Path) -> None:
    model = M.Sequential(
        L.Conv2d(3, 3, pad=1, dtype=np.float64), F.gelu, L.BatchNorm(dtype=np.float64), F.flatten,
        L.Linear(2, dtype=np.float64),
    )  # fmt: skip
    x = np.random.default_rng(0).normal(size=(2, 1, 5, 5))
    with test_mode():
        model(x)
    done = export(model, x, path=tmp_path / "m.onnx", check=True)
    assert done.difference is not None
    assert done.difference < 1e-11


def test_the_model_is_as_before(tmp_path: Path) -> None:
    model = Net()
    x = draw(2, 1, 12, 12)
    model(x)
    before = {name: p.data.copy() for name, p in model.named_weights()}
    state = np.random.get_state()[1].copy()
    export(model, x, path=tmp_path / "m.onnx")
    for name, p in model.named_weights():
        assert type(p.data) is np.ndarray
        np.testing.assert_array_equal(p.data, before[name])
    np.testing.assert_array_equal(np.random.get_state()[1], state)
    y = model(Variable(x)).sum()
    y.backward()  # and it can be trained on


class Slope(M.Model):
    """The gradient of a network in its input."""

    def __init__(self) -> None:
        self.net = M.MLP((4, 1))

    def forward(self, x: Any) -> Any:
        with using_config("enable_backprop", True):
            v = as_variable(x.data)
            self.net(v).sum().backward()
        return v.grad


def test_gradients_can_be_exported_too(tmp_path: Path) -> None:
    model = Slope()
    model(Variable(draw(3, 2)))
    done = export(model, (None, 2), path=tmp_path / "m.onnx", check=True)
    assert done.outputs == {"output": ("batch", 2)}
    assert done.difference is not None
    assert done.nodes["MatMul"] == 2


class Twice(M.Model):
    """A result of which two others are made, and one that is computed two times."""

    def __init__(self) -> None:
        self.conv = L.Conv2d(3, 3)
        self.bn = L.BatchNorm()

    def forward(self, x: Any) -> Any:
        y = self.conv(x)
        return self.bn(y) + y * F.sigmoid(y) - F.sigmoid(y)


def test_what_is_used_twice(tmp_path: Path) -> None:
    model = Twice()
    model(draw(4, 1, 5, 5) + 1)
    done = exported(model, draw(4, 1, 5, 5), path=tmp_path)
    assert done.nodes == {"Mul": 2, "Add": 2, "Conv": 1, "Sigmoid": 1, "Sub": 1}


def test_a_sequence_begins_without_a_state(tmp_path: Path) -> None:
    model = M.Sequential(L.RNN(4))
    model(draw(3, 2))
    done = export(model, draw(2, 2), path=tmp_path / "m.onnx", check=True)
    assert done.outputs == {"output": ("batch", 4)}
    assert model.l0.h.shape == (3, 4)
