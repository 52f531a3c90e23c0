"""The book's classes of functions: called as classes, with gradients of every order."""

from __future__ import annotations

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Function, Variable, core, functions_conv
from arraygrad.autodiff import grad

RNG = np.random.default_rng(0)


def arr(*shape):
    # No two are equal or close, and none is near 0: every derivative is far from a kink.
    size = int(np.prod(shape))
    return (RNG.permutation(size) + 1.3).reshape(shape) / size * RNG.choice([-1, 1], shape)


X = arr(3, 4)
P = np.abs(X) + 0.5
IMAGE, FILTERS = arr(2, 3, 5, 5), arr(4, 3, 3, 3)
BACK = arr(3, 4, 3, 3)
COLUMNS = arr(2 * 3 * 3, 3 * 3 * 3)
LABELS = np.array([0, 3, 1])
ONE, ZERO = np.ones(4), np.zeros(4)
C = functions_conv

CASES = {
    "Add": (lambda: core.Add(), F.add, (X, arr(4))),
    "Sub": (lambda: core.Sub(), F.sub, (X, arr(4))),
    "Mul": (lambda: core.Mul(), F.mul, (X, arr(4))),
    "Div": (lambda: core.Div(), F.div, (X, P)),
    "Neg": (lambda: core.Neg(), F.neg, (X,)),
    "Pow": (lambda: core.Pow(3), lambda x: x**3, (X,)),
    "Sin": (lambda: F.Sin(), F.sin, (X,)),
    "Cos": (lambda: F.Cos(), F.cos, (X,)),
    "Tanh": (lambda: F.Tanh(), F.tanh, (X,)),
    "Exp": (lambda: F.Exp(), F.exp, (X,)),
    "Log": (lambda: F.Log(), F.log, (P,)),
    "Reshape": (lambda: F.Reshape((4, 3)), lambda x: F.reshape(x, (4, 3)), (X,)),
    "Transpose": (lambda: F.Transpose(), F.transpose, (X,)),
    "Transpose axes": (lambda: F.Transpose((1, 0)), F.transpose, (X,)),
    "GetItem": (lambda: F.GetItem(1), lambda x: x[1], (X,)),
    "GetItemGrad": (
        lambda: F.GetItemGrad([0, 0, 2], (3, 4)),
        lambda g: np.array([[1.0, 1, 0], [0, 0, 0], [0, 0, 1]]) @ g,
        (X,),
    ),
    "Sum": (lambda: F.Sum(0, True), lambda x: F.sum(x, 0, True), (X,)),
    "SumTo": (lambda: F.SumTo((1, 4)), lambda x: F.sum_to(x, (1, 4)), (X,)),
    "BroadcastTo": (
        lambda: F.BroadcastTo((2, 3, 4)),
        lambda x: F.broadcast_to(x, (2, 3, 4)),
        (X,),
    ),
    "MatMul": (lambda: F.MatMul(), F.matmul, (X, arr(4, 2))),
    "Linear": (lambda: F.Linear(), F.linear, (X, arr(4, 2), arr(2))),
    "Sigmoid": (lambda: F.Sigmoid(), F.sigmoid, (X,)),
    "ReLU": (lambda: F.ReLU(), F.relu, (X,)),
    "LeakyReLU": (lambda: F.LeakyReLU(0.3), lambda x: F.leaky_relu(x, 0.3), (X,)),
    "Softmax": (lambda: F.Softmax(axis=0), lambda x: F.softmax(x, axis=0), (X,)),
    "LogSoftmax": (lambda: F.LogSoftmax(), F.log_softmax, (X,)),
    "MeanSquaredError": (lambda: F.MeanSquaredError(), F.mean_squared_error, (X, P)),
    "SoftmaxCrossEntropy": (
        lambda: lambda x: F.SoftmaxCrossEntropy()(x, LABELS),
        lambda x: F.softmax_cross_entropy(x, LABELS),
        (X,),
    ),
    "BatchNorm": (
        lambda: F.BatchNorm(ZERO.copy(), ONE.copy(), 0.9, 2e-5),
        lambda *xs: F.batch_norm(*xs, ZERO.copy(), ONE.copy()),
        (X, arr(4), arr(4)),
    ),
    "Max": (lambda: F.Max(axis=1), lambda x: F.max(x, axis=1), (X,)),
    "Min": (lambda: F.Min(), F.min, (X,)),
    "Clip": (lambda: F.Clip(-0.5, 0.5), lambda x: F.clip(x, -0.5, 0.5), (X,)),
    "Conv2d": (
        lambda: C.Conv2d(2, 1),
        lambda x, W: F.conv2d(x, W, None, 2, 1),
        (IMAGE, FILTERS),
    ),
    "Deconv2d": (
        lambda: C.Deconv2d(2, 1),
        lambda x, W, b: F.deconv2d(x, W, b, 2, 1),
        (BACK, FILTERS, arr(3)),
    ),
    "Pooling": (lambda: C.Pooling(2, 2, 1), lambda x: F.pooling(x, 2, 2, 1), (IMAGE,)),
    "AveragePooling": (
        lambda: C.AveragePooling(2, 2, 1),
        lambda x: F.average_pooling(x, 2, 2, 1),
        (IMAGE,),
    ),
    "Im2col": (lambda: C.Im2col(3, 1, 0, True), lambda x: F.im2col(x, 3), (IMAGE,)),
    "Col2im": (
        lambda: C.Col2im((2, 3, 5, 5), 3, 1, 0, True),
        lambda x: F.col2im(x, (2, 3, 5, 5), 3),
        (COLUMNS,),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_a_class_is_its_function_with_its_gradients(name):
    make, function, xs = CASES[name]

    def results(f):
        """Value, gradients of the sum of squares, and gradients of the sum of their squares."""

        def first(*xs):
            return grad(lambda *xs: F.sum(f(*xs) ** 2), argnums=tuple(range(len(xs))))(*xs)

        second = grad(lambda *xs: sum(F.sum(g * g) for g in first(*xs)), tuple(range(len(xs))))
        return [f(*map(Variable, xs)).data, *first(*xs), *second(*xs)]

    for found, expected in zip(results(make()), results(function), strict=True):
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("name", [name for name in CASES if name != "SoftmaxCrossEntropy"])
def test_a_class_of_the_book_is_a_function(name):
    make, _, xs = CASES[name]
    f = make()
    assert isinstance(f, Function)
    y = f(*xs[:-1], Variable(xs[-1]))
    node = y.creator
    assert (type(node), len(node.inputs)) == (type(f), len(xs))
    np.testing.assert_array_equal(node.outputs[0]().data, y.data)
    gxs = node.backward(Variable(np.ones(y.shape)))
    gxs = gxs if isinstance(gxs, (tuple, list)) else [gxs]
    shapes = [gx.shape for gx in gxs if gx is not None]
    assert shapes[-1] == xs[-1].shape


def test_the_classes_of_gradients():
    conv = C.Conv2d(1, 0)
    y = conv(Variable(IMAGE), Variable(FILTERS))
    gy = arr(*y.shape)
    gW = C.Conv2DGradW(y.creator)(IMAGE, gy)
    expected = grad(lambda W: F.sum(F.conv2d(IMAGE, W) * gy))(FILTERS)
    np.testing.assert_allclose(gW.data, expected, rtol=1e-9)
    pool = C.Pooling(2, 2)
    y = pool(Variable(IMAGE[..., :4, :4]))
    gy = arr(*y.shape)
    gx = C.Pooling2DGrad(y.creator)(gy)
    expected = grad(lambda x: F.sum(F.pooling(x, 2, 2) * gy))(IMAGE[..., :4, :4])
    np.testing.assert_allclose(gx.data, expected)
    again = C.Pooling2DWithIndexes(y.creator)(IMAGE[..., :4, :4])
    np.testing.assert_array_equal(again.data, y.data)
