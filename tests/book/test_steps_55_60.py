"""Steps 55 to 60: convolution, VGG16, recurrent layers."""

from __future__ import annotations

import numpy as np
import pytest

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Parameter, SeqDataLoader, as_variable, datasets, models, utils

IMAGE = np.array([[1.0, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1]])[None, None]
FILTER = np.array([[2.0, 0, 1], [0, 1, 2], [1, 0, 2]])[None, None]
PADDED = [[7, 12, 10, 2], [4, 15, 16, 10], [10, 6, 15, 6], [8, 10, 4, 3]]


@pytest.mark.parametrize("conv2d", [F.conv2d, F.conv2d_simple])
def test_step_55_convolution_of_the_figures(conv2d):
    np.testing.assert_allclose(conv2d(IMAGE, FILTER).data[0, 0], [[15, 16], [6, 15]], atol=1e-9)
    np.testing.assert_allclose(conv2d(IMAGE, FILTER, pad=1).data[0, 0], PADDED, atol=1e-9)
    with_bias = conv2d(IMAGE, FILTER, np.array([3.0]))
    np.testing.assert_allclose(with_bias.data[0, 0], [[18, 19], [9, 18]], atol=1e-9)


@pytest.mark.parametrize("conv2d", [F.conv2d, F.conv2d_simple])
def test_step_55_stride_two(conv2d):
    # Figure 55-6: a 7 x 7 image whose rows repeat 1 2 3 0, 0 1 2 3, 3 0 1 2; the same filter.
    rows = ([1, 2, 3, 0, 1, 2, 3], [0, 1, 2, 3, 0, 1, 2], [3, 0, 1, 2, 3, 0, 1])
    image = np.array([*rows, [2, 3, 0, 1, 2, 3, 0], *rows], dtype=float)[None, None]
    y = conv2d(image, FILTER, stride=2).data[0, 0]
    expected = [
        [(image[0, 0, i : i + 3, j : j + 3] * FILTER[0, 0]).sum() for j in (0, 2, 4)]
        for i in (0, 2, 4)
    ]
    np.testing.assert_allclose(y, expected, atol=1e-9)
    assert y[0, 0] == pytest.approx(15)


def test_step_55_size_of_the_output():
    assert utils.get_conv_outsize(4, 3, 1, 1) == 4
    assert utils.get_conv_outsize(7, 3, 2, 0) == 3
    assert utils.get_deconv_outsize(3, 3, 2, 0) == 7


@pytest.mark.parametrize("pooling", [F.pooling, F.pooling_simple])
def test_step_56_pooling_of_the_figure(pooling):
    image = np.array([[1.0, 2, 1, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 4, 0, 1]])[None, None]
    np.testing.assert_array_equal(pooling(image, 2, stride=2).data[0, 0], [[2, 3], [4, 2]])


def test_step_57_columns():
    rng = np.random.default_rng(0)
    for n, rows in ((1, 9), (10, 90)):
        x = as_variable(rng.normal(size=(n, 3, 7, 7)))
        col = F.im2col(x, kernel_size=5, stride=1, pad=0, to_matrix=True)
        assert col.shape == (rows, 75)
        np.testing.assert_array_equal(col.data[0], x.data[0, :, :5, :5].ravel())
        np.testing.assert_array_equal(col.data[-1], x.data[-1, :, 2:, 2:].ravel())


def test_step_57_conv2d_and_its_gradients():
    rng = np.random.default_rng(0)
    x, W = (Parameter(rng.normal(size=s)) for s in ((1, 5, 15, 15), (8, 5, 3, 3)))
    y = F.conv2d(x, W, None, stride=1, pad=1)
    y.backward()
    assert (y.shape, x.grad.shape) == ((1, 8, 15, 15), (1, 5, 15, 15))
    direct = [x.grad.data, W.grad.data]
    for p in (x, W):
        p.cleargrad()
    simple = F.conv2d_simple(x, W, None, stride=1, pad=1)
    simple.backward()
    np.testing.assert_allclose(y.data, simple.data, atol=1e-9)
    for found, expected in zip(direct, (x.grad.data, W.grad.data), strict=True):
        np.testing.assert_allclose(found, expected, atol=1e-9)


def test_step_57_the_layer():
    layer = L.Conv2d(8, 3, pad=1)
    y = layer(np.zeros((2, 3, 5, 5), np.float32))
    assert (y.shape, layer.W.shape, layer.b.shape) == ((2, 8, 5, 5), (8, 3, 3, 3), (8,))
    assert {p.dtype for p in (y, layer.W, layer.b)} == {np.dtype("float32")}


def test_step_58_preprocessing_of_vgg16():
    image = pytest.importorskip("PIL.Image")
    img = image.fromarray(np.full((30, 40, 3), (10, 20, 30), np.uint8))
    x = models.VGG16.preprocess(img)
    assert (x.shape, x.dtype) == ((3, 224, 224), np.float32)
    # Blue, green, red; minus the means of ImageNet.
    expected = np.array([30 - 103.939, 20 - 116.779, 10 - 123.68], np.float32)
    np.testing.assert_allclose(x, np.broadcast_to(expected[:, None, None], x.shape), atol=1e-4)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_step_59_the_rnn_layer_is_equation_59_1(seed):
    seed(0)
    layer = L.RNN(4)
    rng = np.random.default_rng(0)
    assert layer.h is None
    xs = rng.normal(size=(3, 2, 3)).astype(np.float32)
    ys = [layer(x) for x in xs]
    Wx, b, Wh = layer.x2h.W.data, layer.x2h.b.data, layer.h2h.W.data
    h = np.zeros((2, 4), np.float32)
    for x, y in zip(xs, ys, strict=True):
        h = np.tanh(h @ Wh + x @ Wx + b)
        np.testing.assert_allclose(y.data, h, atol=1e-5)
    layer.reset_state()
    assert layer.h is None


def test_step_59_truncated_backpropagation():
    h = as_variable(np.array(1.0))
    w = Parameter(np.array(0.5))
    for _ in range(3):
        h = F.tanh(h * w)
    h.unchain_backward()
    assert h.creator is not None
    assert h.creator.inputs[0].creator is None


def test_step_59_a_loss_of_one_value():
    # The book's loop takes one value after the other: predictions (1, 1), labels (1,).
    y = Parameter(np.array([[0.5]]))
    loss = F.mean_squared_error(y, np.array([2.0]))
    loss.backward()
    assert (loss.item(), y.grad.item()) == (2.25, -3.0)


def test_step_59_sine_curve():
    data = datasets.SinCurve(train=True)
    x, t = data[0]
    assert (x.shape, t.shape, len(data)) == ((1,), (1,), 999)
    np.testing.assert_array_equal(data.data[1:], data.label[:-1])  # the label is what comes next


def test_step_60_the_lstm_layer_is_equations_60_1_to_60_3(seed):
    seed(0)
    layer = L.LSTM(4)
    rng = np.random.default_rng(0)
    xs = rng.normal(size=(3, 2, 3)).astype(np.float32)
    ys = [layer(x) for x in xs]
    h = c = np.zeros((2, 4), np.float32)
    for x, y in zip(xs, ys, strict=True):

        def gate(name, x=x, h=h):
            of_x, of_h = getattr(layer, f"x2{name}"), getattr(layer, f"h2{name}")
            return x @ of_x.W.data + of_x.b.data + h @ of_h.W.data

        f, i, o, u = (*map(sigmoid, map(gate, "fio")), np.tanh(gate("u")))
        c = f * c + i * u
        h = o * np.tanh(c)
        np.testing.assert_allclose(y.data, h, atol=1e-4)
    np.testing.assert_allclose(layer.c.data, c, atol=1e-4)


def test_step_60_streams_of_the_sequential_loader():
    class Count(datasets.Dataset):
        def prepare(self):
            self.data = np.arange(12.0)[:, None]
            self.label = self.data + 1

    loader = SeqDataLoader(Count(), batch_size=3)
    batches = [x.ravel().tolist() for x, t in loader]
    assert batches == [[0, 4, 8], [1, 5, 9], [2, 6, 10], [3, 7, 11]]
