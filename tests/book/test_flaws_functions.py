"""What the original gets wrong in its functions, and is right here: values and gradients."""

from __future__ import annotations

import numpy as np
import pytest

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Parameter, Variable, datasets, grad, test_mode
from arraygrad.testing import check_op

RNG = np.random.default_rng(0)


def f32(*shape):
    return RNG.normal(size=shape).astype(np.float32)


def gradient(f, *xs):
    """The gradients of the sum of f at xs."""
    variables = [Variable(x) for x in xs]
    F.sum(f(*variables)).backward()
    found = [x.grad.data for x in variables]
    return found[0] if len(found) == 1 else found


def difference(f, x, eps=1e-6):
    """The gradient of the sum of f at x by central differences."""
    g = np.zeros_like(x)
    for i in np.ndindex(*x.shape):
        up, down = x.copy(), x.copy()
        up[i] += eps
        down[i] -= eps
        g[i] = (np.sum(f(up).data) - np.sum(f(down).data)) / (2 * eps)
    return g


# dtype


@pytest.mark.parametrize(
    "f",
    [
        lambda x: F.softmax_cross_entropy(x, np.array([0, 1, 2, 1])),
        F.mean,
        F.average,
        lambda x: F.mean_squared_error(x, np.zeros((4, 3), np.float32)),
        lambda x: F.dropout(x, 0.3),
        lambda x: F.batch_norm(
            x, *(Parameter(v) for v in np.ones((2, 3), np.float32)), *np.ones((2, 3), np.float32)
        ),
    ],
    ids=["softmax_cross_entropy", "mean", "average", "mean_squared_error", "dropout", "batch_norm"],
)
def test_float32_stays_float32(f):
    x = Variable(f32(4, 3))
    y = f(x)
    F.sum(y).backward()
    assert (y.dtype, x.grad.dtype) == (np.float32, np.float32)


def test_weights_of_embed_id_are_float32():
    layer = L.EmbedID(5, 3)
    assert (layer.W.dtype, layer(np.array([1, 2])).dtype) == (np.float32, np.float32)


# second order


def test_second_derivative_of_batch_norm_in_x():
    x, v, w = (RNG.normal(size=(6, 2)) for _ in range(3))
    gamma, beta = np.array([2.0, 0.5]), np.zeros(2)

    def first(x):
        return grad(
            lambda x: F.sum(v * F.batch_norm(x, gamma, beta, np.zeros(2), np.ones(2)) ** 2)
        )(x)

    found = grad(lambda x: F.sum(w * first(x)))(x)
    np.testing.assert_allclose(found, difference(lambda x: w * first(x), x), atol=1e-5)


@pytest.mark.parametrize("name", ["conv2d", "deconv2d"])
def test_second_derivative_of_convolutions_in_the_weights(name):
    f = getattr(F, name)
    x, W, w = (RNG.normal(size=s) for s in ((2, 2, 4, 4), (2, 2, 3, 3), (2, 2, 3, 3)))

    def first(W):
        return grad(lambda W: F.sum(f(x, W, stride=2, pad=1) ** 3))(W)

    found = grad(lambda W: F.sum(w * first(W)))(W)
    np.testing.assert_allclose(found, difference(lambda W: w * first(W), W), rtol=1e-4, atol=1e-4)


def test_third_derivative_of_pooling():
    x = RNG.permutation(16.0 * np.arange(16) / 16).reshape(1, 1, 4, 4)

    def f(x):
        return F.sum(F.pooling(x, 2, stride=2) ** 4)

    g1 = grad(f)
    g2 = grad(lambda x: F.sum(g1(x)))
    third = grad(lambda x: F.sum(g2(x)))(x)
    blocks = x.reshape(2, 2, 2, 2)
    chosen = blocks == blocks.max(axis=(1, 3), keepdims=True)
    np.testing.assert_allclose(third, (24 * blocks * chosen).reshape(x.shape), rtol=1e-9)


@pytest.mark.parametrize(
    "name",
    ["max", "min", "clip", "softmax", "log_softmax", "conv2d", "deconv2d", "pooling", "batch_norm"],
)
def test_what_the_book_calls_is_right_to_second_order(name):
    report = check_op(getattr(F, name), places=["numpy"])
    assert [str(failure) for failure in report.failures] == []


# max; pooling; batch normalization


@pytest.mark.parametrize(("f", "ties"), [(F.max, [1.0, 1.0, 0.0]), (F.min, [1.0, 1.0, 2.0])])
def test_ties_share_the_gradient(f, ties):
    np.testing.assert_allclose(gradient(f, np.array(ties)), [0.5, 0.5, 0.0])


def test_max_pooling_does_not_see_its_padding():
    y = F.pooling(np.full((1, 1, 2, 2), -1.0), 2, stride=2, pad=1)
    np.testing.assert_array_equal(y.data, np.full((1, 1, 2, 2), -1.0))


def test_average_pooling_with_a_rectangular_kernel():
    x = RNG.normal(size=(1, 2, 4, 6))
    y = F.average_pooling(x, (2, 3), stride=(2, 3))
    np.testing.assert_allclose(y.data, x.reshape(1, 2, 2, 2, 2, 3).mean(axis=(3, 5)))
    found = gradient(lambda x: F.average_pooling(x, (2, 3), stride=(2, 3)), x)
    np.testing.assert_allclose(found, np.full(x.shape, 1 / 6))


def test_batch_norm_has_a_gradient_at_test_time():
    layer = L.BatchNorm()
    layer(f32(8, 3))
    x = Variable(f32(4, 3))
    with test_mode():
        layer(x).sum().backward()
    scale = layer.gamma.data / np.sqrt(layer.avg_var.data + np.float32(2e-5))
    np.testing.assert_allclose(x.grad.data, np.broadcast_to(scale, (4, 3)), rtol=1e-4)


def test_running_averages_are_no_parameters():
    layer = L.BatchNorm()
    layer(f32(8, 3))
    assert [name for name, _ in layer.named_params()] == ["gamma", "beta"]
    assert sorted(name for name, _ in layer.named_buffers()) == ["avg_mean", "avg_var"]


# losses; dropout


def test_labels_of_shape_n_1():
    x, t = RNG.normal(size=(4, 3)), np.array([0, 2, 1, 1])
    expected = gradient(lambda x: F.softmax_cross_entropy(x, t), x)
    found = gradient(lambda x: F.softmax_cross_entropy(x, t[:, None]), x)
    np.testing.assert_allclose(found, expected)


def test_sigmoid_cross_entropy_far_out():
    x = Variable(np.array([[50.0], [-800.0], [800.0]]))
    t = np.array([[0], [1], [1]])
    y = F.sigmoid_cross_entropy(x, t)
    y.backward()
    assert y.item() == pytest.approx((50.0 + 800.0) / 3)
    np.testing.assert_allclose(x.grad.data, np.array([[1.0], [-1.0], [0.0]]) / 3, atol=1e-12)


def test_binary_cross_entropy_near_one():
    p = Variable(np.array([[0.9999]]))
    y = F.binary_cross_entropy(p, np.array([[0]]))
    y.backward()
    assert y.item() == pytest.approx(-np.log(1 - 0.9999))
    assert p.grad.item() == pytest.approx(1 / (1 - 0.9999), rel=1e-6)


def test_dropout_of_everything():
    x = Variable(np.ones((3, 3), np.float32))
    y = F.dropout(x, 1.0)
    y.backward()
    np.testing.assert_array_equal(y.data, np.zeros((3, 3)))
    np.testing.assert_array_equal(x.grad.data, np.zeros((3, 3)))


def test_dropout_is_one_node():
    x = Variable(f32(3, 3))
    assert F.dropout(x, 0.5).creator.inputs[0].creator is None


# EmbedID, clip, indexing


def test_embed_id_takes_a_variable():
    layer = L.EmbedID(5, 3)
    i = np.array([1, 1, 4])
    y = layer(Variable(i))
    y.sum().backward()
    np.testing.assert_array_equal(y.data, layer.W.data[i])
    np.testing.assert_array_equal(layer.W.grad.data[:, 0], [0, 2, 0, 0, 1])


def test_clip_with_one_bound():
    x = np.array([-2.0, 3.0])
    np.testing.assert_array_equal(gradient(lambda x: F.clip(x, 0, None), x), [0.0, 1.0])
    np.testing.assert_array_equal(gradient(lambda x: F.clip(x, None, 0), x), [1.0, 0.0])


def test_the_gradient_of_a_slice_is_not_scattered(monkeypatch):
    # np.add.at costs ten times as much as an addition to the slice; it is for repeated indices.
    class Ufunc:
        def at(self, *args):
            raise AssertionError("a slice went through np.add.at")

    x = Variable(np.ones((4, 4)))
    y = x[1:3, ::2]
    monkeypatch.setattr(np, "add", Ufunc())
    y.backward()
    assert x.grad.data.sum() == 4.0


def test_the_training_pictures_of_cifar_are_not_float64():
    transform = datasets.CIFAR10.__init__.__defaults__[1]
    x = transform(np.zeros((3, 32, 32), np.uint8))
    assert x.dtype == np.float32
