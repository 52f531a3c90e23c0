"""summary(): the table of a model's layers, and that making it changes nothing."""

import numpy as np
import pytest

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad.errors import LayerError
from arraygrad.layers.summary import summary
from arraygrad.models import MLP, Sequential
from arraygrad.variable import Parameter

f32 = np.float32


class Block(L.Layer):
    def __init__(self):
        self.scale = Parameter(np.ones(4, dtype=f32))
        self.convs = [L.Conv2d(4, 3, pad=1), L.Conv2d(4, 3, pad=1)]
        self.bn = L.BatchNorm()
        self.unused = L.Linear(7)

    def forward(self, x):
        for conv in self.convs:
            x = conv(x)
        return self.bn(x) * F.reshape(self.scale, (1, 4, 1, 1))


def net():
    return Sequential(Block(), L.Flatten(), F.relu, L.Dropout(), L.Linear(5, in_size=64))


EXPECTED = """\
layer                output        parameters
Sequential           (2, 5)
  l0  Block          (2, 4, 4, 4)           4
    convs/0  Conv2d  (2, 4, 4, 4)         112
    convs/1  Conv2d  (2, 4, 4, 4)         148
    bn  BatchNorm    (2, 4, 4, 4)           8
    unused  Linear   -
  l1  Flatten        (2, 64)
  l3  Dropout        (2, 64)
  l4  Linear         (2, 5)               325

parameters: 597 (2.4 kB), and 2 without data
buffers: 8 (32 bytes)"""


def test_the_table(capsys):
    text = net().summary(np.zeros((2, 3, 4, 4), dtype=f32))
    assert text == EXPECTED
    assert capsys.readouterr().out == EXPECTED + "\n"
    assert summary(net(), (2, 3, 4, 4)) == EXPECTED


def test_less_depth_sums_up():
    lines = summary(net(), (2, 3, 4, 4), depth=1).splitlines()
    assert [line.split() for line in lines[1:6]] == [
        ["Sequential", "(2,", "5)"],
        ["l0", "Block", "(2,", "4,", "4,", "4)", "272"],
        ["l1", "Flatten", "(2,", "64)"],
        ["l3", "Dropout", "(2,", "64)"],
        ["l4", "Linear", "(2,", "5)", "325"],
    ]
    assert summary(net(), (2, 3, 4, 4), depth=0).splitlines()[1].split()[-1] == "597"
    with pytest.raises(LayerError, match="depth is -1"):
        summary(net(), (2, 3, 4, 4), depth=-1)


def test_nothing_changes():
    model = net()
    x = np.random.rand(2, 3, 4, 4).astype(f32)
    F.sum(model(x)).backward()
    weights = {name: w.data.copy() for name, w in model.named_weights() if w.data is not None}
    grads = {name: p.grad for name, p in model.named_params()}
    inputs, outputs = model.l0.inputs, model.l0.outputs
    np.random.seed(0)
    summary(model, (3, 3, 4, 4))
    assert np.random.rand() == np.random.RandomState(0).rand()
    for name, w in model.named_weights():
        assert w.data is None or (w.data == weights[name]).all()
    assert grads == {name: p.grad for name, p in model.named_params()}
    assert model.l0.inputs is inputs
    assert model.l0.outputs is outputs
    assert "forward" not in vars(model.l0)


def test_a_model_that_was_never_called_stays_so():
    model = MLP((10, 3))
    np.random.seed(0)
    assert "parameters: 63 (252 bytes)" in summary(model, (5, 2))
    assert np.random.rand() == np.random.RandomState(0).rand()
    assert all(p.data is None for p in model.params())
    assert model(np.ones((1, 4), dtype=f32)).shape == (1, 3)


def test_shared_layers_count_once():
    shared = L.Linear(4, in_size=4)
    text = summary(Sequential(shared, F.relu, shared), (1, 4))
    assert text.splitlines()[2].split() == ["l0", "Linear", "(1,", "4)", "20"]
    assert "parameters: 20 (80 bytes)" in text
    assert len(text.splitlines()) == 5


def test_several_results_and_other_libraries():
    xp = pytest.importorskip("array_api_strict")

    class Two(L.Layer):
        def __init__(self):
            self.l = L.Linear(2)

        def forward(self, x, scale):
            return self.l(x), [x, None], scale

    text = summary(Two(), xp.ones((3, 4), dtype=xp.float32), 1.0)
    assert text.splitlines()[1].split(maxsplit=1)[1] == "(3, 2), (3, 4), NoneType, float"
    text = summary(Two().to("array_api_strict"), xp.ones((3, 4), dtype=xp.float32), None)
    assert "parameters: 10 (40 bytes)" in text


def test_errors_of_the_model_are_its_own():
    model = Sequential(L.Linear(4, in_size=4))
    with pytest.raises(LayerError, match="last axis should have the size 4"):
        summary(model, (2, 3))
    assert model(np.ones((2, 4), dtype=f32)).shape == (2, 4)


@pytest.mark.parametrize(
    ("n", "size"),
    [(249, "996 bytes"), (250, "1.0 kB"), (250_000, "1.0 MB"), (137_500, "550.0 kB")],
)
def test_sizes_in_words(n, size):
    assert f"parameters: {n:,} ({size})" in summary(L.Linear(n, nobias=True), (1, 1))
