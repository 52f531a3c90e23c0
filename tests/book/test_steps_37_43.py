"""Steps 37 to 43: tensors, broadcasting, linear regression and a network by hand."""

from __future__ import annotations

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Variable


def test_step_37_tensors():
    assert repr(F.sin(Variable(np.array(1.0)))) == "variable(0.8414709848078965)"
    x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
    np.testing.assert_allclose(
        F.sin(x).data, [[0.841, 0.909, 0.141], [-0.757, -0.959, -0.279]], atol=6e-4
    )
    c = Variable(np.array([[10, 20, 30], [40, 50, 60]]))
    y = x + c
    assert repr(y) == "variable([[11 22 33]\n          [44 55 66]])"
    z = F.sum(y)
    z.backward(retain_grad=True)
    ones = "variable([[1 1 1]\n          [1 1 1]])"
    assert [repr(v.grad) for v in (x, c, y)] == [ones] * 3
    assert repr(z.grad) == "variable(1)"


def test_step_38_reshape_and_transpose():
    x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
    y = F.reshape(x, (6,))
    y.backward(retain_grad=True)
    assert repr(x.grad) == "variable([[1 1 1]\n          [1 1 1]])"
    x = Variable(np.random.default_rng(0).normal(size=(1, 2, 3)))
    for y in (x.reshape((2, 3)), x.reshape([2, 3]), x.reshape(2, 3)):
        assert y.shape == (2, 3)
    x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
    y = F.transpose(x)
    y.backward()
    assert repr(y) == "variable([[1 4]\n          [2 5]\n          [3 6]])"
    assert x.grad.shape == (2, 3)
    assert (x.transpose().shape, x.T.shape) == ((3, 2), (3, 2))
    x = Variable(np.ones((1, 2, 3, 4)))
    y = x.transpose(1, 0, 3, 2)
    y.backward()
    assert (y.shape, x.grad.shape) == ((2, 1, 4, 3), (1, 2, 3, 4))


def test_step_39_sum():
    x = Variable(np.array([1, 2, 3, 4, 5, 6]))
    y = F.sum(x)
    y.backward()
    assert (repr(y), repr(x.grad)) == ("variable(21)", "variable([1 1 1 1 1 1])")
    x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
    y = F.sum(x, axis=0)
    y.backward()
    assert repr(y) == "variable([5 7 9])"
    assert repr(x.grad) == "variable([[1 1 1]\n          [1 1 1]])"
    x = Variable(np.ones((2, 3, 4, 5)))
    assert x.sum(keepdims=True).shape == (1, 1, 1, 1)


def test_step_40_broadcasting():
    x = Variable(np.array([1.0, 2.0, 3.0]))
    y = F.broadcast_to(x, (2, 3))
    gy = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]])
    y.grad = gy
    y.backward()
    np.testing.assert_allclose(x.grad.data, F.sum_to(gy, (3,)).data, atol=1e-9)
    y = Variable(gy)
    s = F.sum_to(y, (1, 3))
    s.grad = np.array([[1.0, 2.0, 3.0]])
    s.backward()
    np.testing.assert_allclose(y.grad.data, [[1.0, 2.0, 3.0]] * 2, atol=1e-9)
    x0, x1 = Variable(np.array([1, 2, 3])), Variable(np.array([10]))
    y = x0 + x1
    assert repr(y) == "variable([11 12 13])"
    y.backward()
    assert (repr(x0.grad), repr(x1.grad)) == ("variable([1 1 1])", "variable([3])")


def test_step_41_matmul():
    rng = np.random.default_rng(0)
    x, W, gy = (rng.normal(size=s) for s in ((2, 3), (3, 4), (2, 4)))
    vx, vW = Variable(x), Variable(W)
    y = F.matmul(vx, vW)
    y.grad = gy
    y.backward()
    np.testing.assert_allclose(y.data, x @ W, atol=1e-9)
    np.testing.assert_allclose(vx.grad.data, gy @ W.T, atol=1e-9)
    np.testing.assert_allclose(vW.grad.data, x.T @ gy, atol=1e-9)


@pytest.mark.parametrize("loss", [F.mean_squared_error, F.mean_squared_error_simple])
def test_step_42_linear_regression(seed, loss):
    seed(0)
    x = np.random.rand(100, 1)
    y = 5 + 2 * x + np.random.rand(100, 1)
    x, y = Variable(x), Variable(y)
    W, b = Variable(np.zeros((1, 1))), Variable(np.zeros(1))
    for _ in range(100):
        value = loss(y, F.matmul(x, W) + b)
        W.cleargrad()
        b.cleargrad()
        value.backward()
        W.data -= 0.1 * W.grad.data
        b.data -= 0.1 * b.grad.data
    assert W.item() == pytest.approx(2.11807369, abs=1e-8)
    assert b.item() == pytest.approx(5.46608905, abs=1e-8)
    assert value.item() == pytest.approx(0.07908606512411756, abs=1e-12)


@pytest.mark.parametrize(
    ("linear", "sigmoid", "steps", "expected"),
    [
        (F.linear, F.sigmoid, 9000, 0.07722132399559317),
        (F.linear_simple, F.sigmoid_simple, 1000, 0.2514286285183606),
    ],
    ids=["fused", "simple"],
)
def test_step_43_a_network_by_hand(seed, linear, sigmoid, steps, expected):
    seed(0)
    x = np.random.rand(100, 1)
    y = np.sin(2 * np.pi * x) + np.random.rand(100, 1)
    W1, b1 = Variable(0.01 * np.random.randn(1, 10)), Variable(np.zeros(10))
    W2, b2 = Variable(0.01 * np.random.randn(10, 1)), Variable(np.zeros(1))
    for i in range(steps + 1):
        loss = F.mean_squared_error(y, linear(sigmoid(linear(x, W1, b1)), W2, b2))
        for p in (W1, b1, W2, b2):
            p.cleargrad()
        loss.backward()
        if i == 0:
            assert loss.item() == pytest.approx(0.8473695850105871, abs=1e-12)
        for p in (W1, b1, W2, b2):
            p.data -= 0.2 * p.grad.data
    assert loss.item() == pytest.approx(expected, abs=1e-6)


def test_step_43_linear_and_sigmoid():
    rng = np.random.default_rng(0)
    x, W, b = (Variable(rng.normal(size=s)) for s in ((5, 3), (3, 2), (2,)))
    np.testing.assert_allclose(F.linear(x, W, b).data, F.linear_simple(x, W, b).data, atol=1e-9)
    np.testing.assert_allclose(F.linear(x, W).data, F.linear_simple(x, W).data, atol=1e-9)
    extremes = F.sigmoid(Variable(np.array([-1000.0, 1000.0])))
    np.testing.assert_array_equal(extremes.data, [0.0, 1.0])
