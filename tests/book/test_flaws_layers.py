"""What the original gets wrong in layers, optimizers and weight files, and is right here."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Layer, Parameter, models, optimizers
from arraygrad.errors import LayerError, WeightsError


def holder(*parameters):
    layer = Layer()
    layer.ps = list(parameters)
    return layer


def give_gradients(layer, value=1.0):
    for p in layer.params():
        p.grad = np.full(p.shape, value, p.dtype)


# hooks; optimizer state


def test_frozen_parameters_stay():
    model = models.MLP((4, 2))
    x = np.ones((3, 5), np.float32)
    F.sum(model(x)).backward()
    before = [p.data.copy() for p in model.params()]
    optimizer = optimizers.SGD(0.1).setup(model)
    optimizer.add_hook(optimizers.FreezeParam(model.l0))
    optimizer.update()
    after = [p.data for p in model.params()]
    same = [np.array_equal(a, b) for a, b in zip(before, after, strict=True)]
    assert same == [True, True, False, False]


def test_the_rate_of_adam_before_the_first_update():
    assert optimizers.Adam(alpha=0.25).lr >= 0


@pytest.mark.parametrize("name", ["MomentumSGD", "AdaGrad", "AdaDelta", "Adam"])
def test_a_fresh_parameter_has_no_momentum_of_a_dead_one(name):
    optimizer = getattr(optimizers, name)()
    found = []
    for _ in range(100):
        # Each parameter may get the address of the one before.
        layer = holder(Parameter(np.zeros(3)))
        optimizer.setup(layer)
        optimizer.t = 0  # Adam's count of steps is its own
        give_gradients(layer)
        optimizer.update()
        found.append(next(layer.params()).data.tolist())
    assert found == [found[0]] * 100


@pytest.mark.parametrize("name", ["MomentumSGD", "AdaGrad", "AdaDelta", "Adam"])
def test_the_state_of_an_optimizer_can_be_saved(name):
    def run(steps, state=None, data=None):
        layer = holder(Parameter(np.zeros(3) if data is None else data))
        optimizer = getattr(optimizers, name)().setup(layer)
        if state is not None:
            optimizer.load_state_dict(state)
        for step in steps:
            give_gradients(layer, step)
            optimizer.update()
        return next(layer.params()).data, optimizer.state_dict()

    straight, _ = run([1.0, -2.0, 3.0, 0.5])
    half, state = run([1.0, -2.0])
    again, _ = run([3.0, 0.5], state, half)
    np.testing.assert_array_equal(again, straight)


# the registry of a layer


ORDER = """
from arraygrad import Layer, Parameter
import numpy as np
layer = Layer()
for name in ("one", "two", "three", "four", "five"):
    setattr(layer, name, Parameter(np.zeros(1)))
print(*(name for name, p in layer.named_params()))
"""


def test_the_order_of_parameters_is_that_of_their_definition():
    found = {
        subprocess.run(
            [sys.executable, "-c", ORDER],
            env={**os.environ, "PYTHONHASHSEED": seed, "ARRAYGRAD_PLUGINS": "none"},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for seed in ("1", "2")
    }
    assert found == {"one two three four five\n"}


def test_a_parameter_may_become_none_or_go():
    layer = L.Linear(2, in_size=3)
    layer.b = None
    layer.cleargrads()
    assert [name for name, _ in layer.named_params()] == ["W"]
    assert layer(np.ones((1, 3), np.float32)).shape == (1, 2)
    del layer.W
    layer.cleargrads()
    assert list(layer.params()) == []


def test_a_shared_layer_is_updated_once():
    class Twice(Layer):
        def __init__(self):
            super().__init__()
            self.first = L.Linear(2, in_size=2)
            self.second = self.first

    model = Twice()
    give_gradients(model)
    before = model.first.W.data.copy()
    optimizers.SGD(0.5).setup(model).update()
    np.testing.assert_allclose(model.first.W.data, before - 0.5)
    assert len(list(model.params())) == 2


def test_lists_of_layers_are_seen():
    layer = Layer()
    layer.blocks = [L.Linear(2, in_size=2), L.Linear(3, in_size=2)]
    assert [name for name, _ in layer.named_params()] == [
        "blocks/0/W", "blocks/0/b", "blocks/1/W", "blocks/1/b",
    ]  # fmt: skip


# weights


def test_a_model_without_weights_is_not_saved(tmp_path):
    with pytest.raises(LayerError, match="l0/W"):
        models.MLP((4, 2)).save_weights(tmp_path / "w.npz")
    assert list(tmp_path.iterdir()) == []


def test_a_path_without_a_suffix(tmp_path):
    layer, again = L.Linear(2, in_size=3), L.Linear(2)
    layer.save_weights(tmp_path / "w")
    again.load_weights(tmp_path / "w")
    np.testing.assert_array_equal(again.W.data, layer.W.data)


def test_weights_of_wrong_shapes_are_refused(tmp_path):
    path = L.Linear(2, in_size=3).save_weights(tmp_path / "w.npz")
    layer = L.Linear(2, in_size=4)
    before = layer.W.data.copy()
    with pytest.raises(WeightsError, match=r"\(3, 2\)"):
        layer.load_weights(path)
    np.testing.assert_array_equal(layer.W.data, before)


def test_a_file_that_lacks_a_name_changes_nothing(tmp_path):
    path = tmp_path / "w.npz"
    one = L.Linear(4, in_size=3)
    np.savez(path, **{"l0/W": one.W.data, "l0/b": one.b.data})
    model = models.MLP((4, 2))
    model(np.ones((1, 3), np.float32))
    before = [p.data.copy() for p in model.params()]
    with pytest.raises(WeightsError, match="l1/W"):
        model.load_weights(path)
    for p, data in zip(model.params(), before, strict=True):
        np.testing.assert_array_equal(p.data, data)


def test_saving_moves_nothing(tmp_path):
    strict = pytest.importorskip("array_api_strict")
    layer = L.Linear(2, in_size=3).to("array_api_strict")
    layer.save_weights(tmp_path / "w.npz")
    assert isinstance(layer.W.data, type(strict.zeros(1)))


# recurrent layers


@pytest.mark.parametrize("name", ["RNN", "LSTM"])
def test_a_recurrent_layer_with_its_size_given(name):
    layer = getattr(L, name)(5, in_size=3)
    x = np.ones((2, 3), np.float32)
    assert (layer(x).shape, layer(x).shape) == ((2, 5), (2, 5))


# stubs and names


def test_the_parameters_of_a_resnet_are_those_that_are_trained():
    model = models.ResNet50()
    # 53 convolutions, each followed by a normalization of two parameters, and the last layer.
    convolutions = [name for name, _ in model.named_params() if name.endswith("/W")]
    assert len(convolutions) == 53 + 1
    names = {name.rpartition("/")[2] for name, _ in model.named_params()}
    assert names == {"W", "b", "gamma", "beta"}
    assert len(list(model.buffers())) == 106


def test_squeezenet_is_a_network():
    model = models.SqueezeNet()
    assert len(list(model.params())) > 40


def test_both_spellings():
    from arraygrad import datasets

    x, ones, zeros = np.ones((4, 2), np.float32), np.ones(2, np.float32), np.zeros(2, np.float32)
    y = F.batch_nrom(x, ones, zeros, zeros.copy(), ones.copy())
    np.testing.assert_allclose(y.data, np.zeros((4, 2)), atol=1e-6)
    assert issubclass(datasets.Shakespear, datasets.Shakespeare)
