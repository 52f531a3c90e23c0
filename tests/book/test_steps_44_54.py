"""Steps 44 to 54: layers, models, optimizers, data, weights in files, dropout."""

from __future__ import annotations

import numpy as np
import pytest

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import DataLoader, Layer, Model, Parameter, Variable, datasets, models, optimizers


def test_step_44_parameters():
    x, p = Variable(np.array(1.0)), Parameter(np.array(2.0))
    y = x * p
    assert repr(p * x) == "variable(2.0)"
    assert [isinstance(v, Parameter) for v in (p, x, y)] == [True, False, False]


def test_step_44_a_layer_knows_its_parameters():
    layer = Layer()
    layer.p1 = Parameter(np.array(1))
    layer.p2 = Parameter(np.array(2))
    layer.p3 = Variable(np.array(3))
    layer.p4 = "test"
    assert set(layer._params) == {"p1", "p2"}
    assert [repr(layer.p1), repr(layer.p2)] == ["variable(1)", "variable(2)"]


def test_step_44_weights_of_linear(seed):
    seed(0)
    layer = L.Linear(10)
    layer(np.ones((4, 5), np.float32))
    seed(0)
    expected = np.random.randn(5, 10).astype(np.float32) * np.float32(np.sqrt(1 / 5))
    np.testing.assert_allclose(layer.W.data, expected, atol=1e-6)
    assert layer.W.dtype == np.float32
    np.testing.assert_array_equal(layer.b.data, np.zeros(10, np.float32))


LOSSES = [
    0.8165178492839196,
    0.24990280802148895,
    0.24609876581126014,
    0.23721590814318072,
    0.20793216413350174,
    0.12311905720649353,
    0.07888166506355153,
    0.07655073683421634,
    0.07637803086238225,
    0.07618764131185568,
]


def test_step_46_a_model_and_an_optimizer(seed):
    class TwoLayerNet(Model):
        def __init__(self, hidden_size, out_size):
            super().__init__()
            self.l1 = L.Linear(hidden_size)
            self.l2 = L.Linear(out_size)

        def forward(self, x):
            return self.l2(F.sigmoid(self.l1(x)))

    seed(0)
    x = np.random.rand(100, 1)
    y = np.sin(2 * np.pi * x) + np.random.rand(100, 1)
    model = TwoLayerNet(10, 1)
    optimizer = optimizers.SGD(0.2).setup(model)
    losses = []
    for i in range(9001):
        loss = F.mean_squared_error(y, model(x))
        model.cleargrads()
        loss.backward()
        optimizer.update()
        if i % 1000 == 0:
            losses.append(loss.item())
    assert losses[0] == pytest.approx(LOSSES[0], abs=1e-6)
    assert losses == pytest.approx(LOSSES, abs=3e-4)


def test_step_47_softmax_and_cross_entropy():
    x = Variable(np.array([[0.2, -0.4]]))
    p = F.softmax(x)
    assert p.sum().item() == pytest.approx(1.0)
    np.testing.assert_allclose(p.data, F.softmax_simple(x).data, rtol=1e-12)
    x = Variable(np.array([[0.2, -0.4], [0.3, 0.5], [1.3, -3.2], [2.1, 0.3]]))
    t = np.array([1, 0, 1, 0])
    loss = F.softmax_cross_entropy(x, t)
    simple = F.softmax_cross_entropy_simple(x, t)
    logs = np.log(np.exp(x.data) / np.exp(x.data).sum(1, keepdims=True))
    assert loss.item() == pytest.approx(-logs[np.arange(4), t].mean(), rel=1e-12)
    assert simple.item() == pytest.approx(loss.item(), rel=1e-9)
    assert repr(x[1]) == "variable([0.3 0.5])"
    assert x[:, 1].shape == (4,)


def test_steps_48_to_50_data():
    x, t = datasets.get_spiral(train=True)
    assert (x.shape, x.dtype, t.shape) == ((300, 2), np.float32, (300,))
    assert np.bincount(t).tolist() == [100, 100, 100]
    data = datasets.Spiral(train=True)
    np.testing.assert_array_equal(data[10][0], x[10])
    batches = list(DataLoader(data, 70))
    assert [len(t) for x, t in batches] == [70, 70, 70, 70, 20]
    seen = np.concatenate([x for x, t in batches])
    np.testing.assert_array_equal(np.unique(seen, axis=0), np.unique(x, axis=0))


def test_step_48_the_losses_that_are_printed(seed):
    # There, making the spiral leaves NumPy's global generator in this state; here, untouched.
    seed(1984)
    np.random.randn(300)
    np.random.permutation(300)
    x, t = datasets.get_spiral(train=True)
    model = models.MLP((10, 3))
    optimizer = optimizers.SGD(1.0).setup(model)
    losses = []
    for _ in range(3):
        index, total = np.random.permutation(300), 0.0
        for i in range(0, 300, 30):
            rows = index[i : i + 30]
            loss = F.softmax_cross_entropy(model(x[rows]), t[rows])
            model.cleargrads()
            loss.backward()
            optimizer.update()
            total += float(loss.data) * len(rows)
        losses.append(round(total / 300, 2))
    assert losses == [1.13, 1.05, 0.95]


def test_step_53_weights_before_the_first_call(tmp_path):
    x = np.ones((3, 4), np.float32)
    model, again = models.MLP((10, 2)), models.MLP((10, 2))
    y = model(x)
    path = model.save_weights(tmp_path / "my_mlp.npz")
    again.load_weights(path)
    np.testing.assert_allclose(again(x).data, y.data, atol=1e-9)


def test_step_50_accuracy():
    y = np.array([[0.2, 0.8, 0], [0.1, 0.9, 0], [0.8, 0.1, 0.1]])
    t = np.array([1, 2, 0])
    assert F.accuracy(y, t).item() == pytest.approx(2 / 3, abs=0)


def test_step_51_relu():
    x = Variable(np.array([-1.0, 0.0, 2.0]))
    y = F.relu(x)
    y.sum().backward()
    np.testing.assert_array_equal(y.data, [0.0, 0.0, 2.0])
    np.testing.assert_array_equal(x.grad.data, [0.0, 0.0, 1.0])


def test_step_54_dropout(seed):
    from arraygrad import test_mode

    seed(0)
    x = np.ones(10000)
    y = F.dropout(x, 0.6)
    assert set(np.unique(y.data).tolist()) <= {0.0, 2.5, 1 / 0.4}
    assert y.data.mean() == pytest.approx(1.0, abs=0.1)
    with test_mode():
        np.testing.assert_array_equal(F.dropout(x, 0.6).data, x)
