"""The networks of the first book, layers as pairs of forward and backward: the example has them."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Variable

PATH = Path(__file__).parents[2] / "examples" / "two_layer_net.py"
RNG = np.random.default_rng(0)


@pytest.fixture(scope="module")
def net():
    spec = importlib.util.spec_from_file_location("example_two_layer_net", PATH)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def one_hot(t, n):
    return np.eye(n)[t]


def gradients(f, *xs):
    """The result of f, and the gradient of its product with fixed numbers for each x."""
    variables = [Variable(x) for x in xs]
    y = f(*variables)
    y.grad = np.random.default_rng(1).normal(size=y.shape)
    gy = y.grad.data.copy()
    y.backward()
    return y.data, gy, [x.grad.data for x in variables]


def test_relu(net):
    x = RNG.normal(size=(3, 4))
    y, gy, (gx,) = gradients(net.Relu(), x)
    # The first book sets where x <= 0 to zero, in out and in dout.
    mask = x <= 0
    np.testing.assert_array_equal(y, np.where(mask, 0, x))
    np.testing.assert_allclose(gx, np.where(mask, 0, gy), atol=1e-9)
    np.testing.assert_allclose(gradients(F.relu, x)[2][0], gx, atol=1e-9)


def test_sigmoid(net):
    x = RNG.normal(size=(3, 4))
    y, gy, (gx,) = gradients(net.Sigmoid(), x)
    np.testing.assert_allclose(y, 1 / (1 + np.exp(-x)), atol=1e-9)
    np.testing.assert_allclose(gx, gy * (1.0 - y) * y, atol=1e-9)
    np.testing.assert_allclose(gradients(F.sigmoid, x)[2][0], gx, atol=1e-9)


def test_affine_of_a_tensor(net):
    x, W, b = RNG.normal(size=(5, 2, 3)), RNG.normal(size=(6, 4)), RNG.normal(size=4)
    y, dout, (dx, dW, db) = gradients(net.Affine(), x, W, b)
    rows = x.reshape(5, -1)
    np.testing.assert_allclose(y, np.dot(rows, W) + b, atol=1e-9)
    np.testing.assert_allclose(dx, np.dot(dout, W.T).reshape(x.shape), atol=1e-9)
    np.testing.assert_allclose(dW, np.dot(rows.T, dout), atol=1e-9)
    np.testing.assert_allclose(db, np.sum(dout, axis=0), atol=1e-9)
    ours = gradients(lambda x, W, b: F.linear(F.flatten(x), W, b), x, W, b)[2]
    for found, expected in zip(ours, (dx, dW, db), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_softmax_with_loss(net):
    x, t = RNG.normal(size=(5, 3)), np.array([0, 2, 1, 1, 0])
    v = Variable(x)
    loss = net.SoftmaxWithLoss()(v, one_hot(t, 3))
    loss.backward()
    p = np.exp(x) / np.exp(x).sum(axis=1, keepdims=True)
    assert loss.item() == pytest.approx(-np.log(p[np.arange(5), t]).mean(), abs=1e-9)
    np.testing.assert_allclose(v.grad.data, (p - one_hot(t, 3)) / 5, atol=1e-9)
    for labels in (t, one_hot(t, 3)):
        v.cleargrad()
        F.softmax_cross_entropy(v, labels).backward()
        np.testing.assert_allclose(v.grad.data, (p - one_hot(t, 3)) / 5, atol=1e-9)


def test_gradient_agrees_with_numerical_gradient(net, seed):
    seed(0)
    network = net.TwoLayerNet(input_size=6, hidden_size=5, output_size=3, weight_init_std=0.5)
    x, t = RNG.normal(size=(4, 6)), one_hot(np.array([0, 2, 1, 1]), 3)
    before = {key: p.copy() for key, p in network.params.items()}
    by_backprop, by_differences = network.gradient(x, t), network.numerical_gradient(x, t)
    assert list(by_backprop) == list(by_differences) == ["W1", "b1", "W2", "b2"]
    for key, p in network.params.items():
        np.testing.assert_allclose(by_backprop[key], by_differences[key], atol=1e-4)
        np.testing.assert_array_equal(p, before[key])


def test_initial_weights(net, seed):
    seed(0)
    network = net.TwoLayerNet(784, 50, 10)
    assert network.params["W1"].std() == pytest.approx(0.01, rel=0.02)
    assert not network.params["b1"].any()
    assert network.accuracy(np.ones((2, 784)), np.array([0, 1])) <= 0.5


def test_training_on_digits(net, seed, tmp_path, capsys):
    train_acc, test_acc = net.main(steps=600, picture=str(tmp_path / "curve.png"))
    assert min(train_acc, test_acc) > 0.9
    assert (tmp_path / "curve.png").read_bytes().startswith(b"\x89PNG")
    assert "step 0: train acc" in capsys.readouterr().out
