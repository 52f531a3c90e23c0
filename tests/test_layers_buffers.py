"""Buffers: saved, loaded, moved and copied with the parameters; never trained."""

import copy
import pickle

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import weights
from arraygrad.errors import GradientError, LayerError, WeightsError
from arraygrad.layers import Layer, Linear
from arraygrad.optimizers import Adam
from arraygrad.variable import Buffer, Parameter, Variable


class Scale(Layer):
    """Divides by a running count."""

    def __init__(self):
        self.count = Buffer(np.array([1.0], dtype=np.float32), name="count")
        self.gain = Parameter(np.array([2.0], dtype=np.float32))

    def forward(self, x):
        self.count.data = self.count.data + 1
        return x * self.gain / self.count


class Net(Layer):
    def __init__(self):
        self.scale = Scale()
        self.l = Linear(2, in_size=3)
        self.more = [Buffer(np.arange(3)), None]


def test_a_buffer_is_a_constant_variable():
    x = Buffer(np.array([1.0, 2.0]), name="mean")
    assert isinstance(x, Variable)
    assert not isinstance(x, Parameter)
    assert not x.requires_grad
    assert repr(x) == "variable([1. 2.])"
    assert x.name == "mean"
    p = Parameter(np.ones(2))
    F.sum(p * x).backward()
    np.testing.assert_array_equal(p.grad.data, [1.0, 2.0])
    assert x.grad is None
    with pytest.raises(GradientError):
        x.grad = np.ones(2)
    x.data = np.zeros(5)
    assert x.shape == (5,)


def test_buffers_are_listed_apart_from_parameters():
    net = Net()
    assert [name for name, _ in net.named_params()] == ["scale/gain", "l/W", "l/b"]
    assert [name for name, _ in net.named_buffers()] == ["scale/count", "more/0"]
    assert list(net.buffers()) == [net.scale.count, net.more[0]]
    assert [name for name, _ in net.named_weights()] == [
        "scale/count", "scale/gain", "l/W", "l/b", "more/0",
    ]  # fmt: skip
    assert net.scale._params == {"gain"}
    flat = {}
    net._flatten_params(flat)
    assert list(flat) == ["scale/gain", "l/W", "l/b"]


def test_changes_are_seen_at_once():
    net = Net()
    assert len(list(net.buffers())) == 2
    net.scale.other = Buffer(None)
    net.more[1] = Buffer(None)
    assert [n for n, _ in net.named_buffers()] == ["scale/count", "scale/other", "more/0", "more/1"]
    net.scale.other = None
    assert [n for n, _ in net.named_buffers()] == ["scale/count", "more/0", "more/1"]


def test_names_have_to_differ_from_those_of_parameters():
    layer = Layer()
    layer.a = {"1": Buffer(None), 1: Parameter(None)}
    with pytest.raises(LayerError, match="both called a/1"):
        list(layer.buffers())


def test_optimizers_do_not_see_them():
    layer = Scale()
    optimizer = Adam().setup(layer)
    F.sum(layer(np.ones(1, dtype=np.float32))).backward()
    optimizer.update()
    assert layer.count.data[0] == 2
    assert not any("count" in name for name in optimizer.state_dict())
    assert any(name.startswith("gain/") for name in optimizer.state_dict())
    layer.cleargrads()


@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_weights_files_have_them(tmp_path, suffix):
    net, other = Net(), Net()
    net.scale.count.data = np.array([7.0], dtype=np.float32)
    path = net.save_weights(tmp_path / f"w{suffix}")
    assert set(weights.read_arrays(path)) == {"scale/count", "scale/gain", "l/W", "l/b", "more/0"}
    count = other.scale.count
    other.load_weights(path)
    assert other.scale.count is count
    np.testing.assert_array_equal(count.data, [7.0])


def test_weights_files_are_checked_for_them(tmp_path):
    net = Net()
    arrays = {name: x.data for name, x in net.named_weights()}
    arrays["scale/count"] = np.zeros((1, 1), dtype=np.float32)
    del arrays["more/0"]
    path = weights.write_arrays(tmp_path / "w.npz", arrays)
    with pytest.raises(WeightsError, match=r"more/0: not in the file.*scale/count: shape \(1, 1\)"):
        net.load_weights(path)
    assert net.scale.count.shape == (1,)


def test_an_empty_buffer_cannot_be_saved(tmp_path):
    layer = Layer()
    layer.mean = Buffer(None)
    with pytest.raises(LayerError, match="without data: mean"):
        layer.save_weights(tmp_path / "w.npz")


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies(copied):
    net = Net()
    net.again = net.scale.count
    other = copied(net)
    assert type(other.scale.count) is Buffer
    assert other.scale.count.name == "count"
    assert other.again is other.scale.count
    assert not other.scale.count.requires_grad
    other.scale(np.ones(1, dtype=np.float32))
    assert (net.scale.count.data, other.scale.count.data) == (1, 2)


def test_they_move_with_the_layer():
    xp = pytest.importorskip("array_api_strict")
    net = Net()
    net.to("array_api_strict", xp.Device("device1"))
    assert net.scale.count.data.device == net.more[0].data.device == xp.Device("device1")
    assert not net.scale.count.requires_grad
    net.to_cpu()
    assert net.more[0].data.dtype == np.int64


def test_layers_are_listed_by_name():
    net = Net()
    assert list(net.named_layers()) == [("", net), ("scale", net.scale), ("l", net.l)]
    net.stack = [Scale(), net.l]
    assert [name for name, _ in net.named_layers()] == ["", "scale", "l", "stack/0"]
