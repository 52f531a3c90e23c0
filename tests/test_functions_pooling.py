"""Pooling and resizing: the book's figure, loops, ties, every order, bad input."""

import importlib.util
import itertools
import os

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Parameter, Variable, grad
from arraygrad.errors import ArgumentError, DtypeError, ShapeError
from arraygrad.functions.conv import get_conv_outsize, pair

WINDOWS = [(2, 2, 0), (3, 2, 1), ((2, 3), 1, 0), ((3, 2), (2, 3), (1, 0)), (1, 1, 0), (2, 3, 1)]


def image(*shape):
    """Different numbers in a random order: no window has two largest ones."""
    size = int(np.prod(shape))
    return np.random.default_rng(0).permutation(size).reshape(shape) / size - 0.5


def loops(x, kernel, stride, pad, reduce, empty):
    (kh, kw), (sh, sw), (ph, pw) = pair(kernel), pair(stride), pair(pad)
    n, c, h, w = x.shape
    padded = np.full((n, c, h + 2 * ph, w + 2 * pw), empty)
    padded[:, :, ph : ph + h, pw : pw + w] = x
    oh, ow = get_conv_outsize(h, kh, sh, ph), get_conv_outsize(w, kw, sw, pw)
    y = np.zeros((n, c, oh, ow))
    for i, j in itertools.product(range(oh), range(ow)):
        y[:, :, i, j] = reduce(padded[:, :, i * sh : i * sh + kh, j * sw : j * sw + kw], (2, 3))
    return y


def test_the_figure_of_the_book():
    x = np.array([[1, 2, 1, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 4, 0, 1]])[None, None]
    assert F.pooling(x, 2, 2).data[0, 0].tolist() == [[2, 3], [4, 2]]
    assert F.pooling(x, (2, 2), (2, 2), (0, 0)).dtype == x.dtype
    assert F.pooling_simple(x, 2, 2).data[0, 0].tolist() == [[2, 3], [4, 2]]


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_against_loops(window):
    x = image(2, 3, 6, 7)
    largest = loops(x, *window, np.max, -np.inf)
    np.testing.assert_array_equal(F.pooling(x, *window).data, largest)
    np.testing.assert_array_equal(F.pooling_simple(x, *window).data, largest)
    mean = loops(x, *window, np.mean, 0.0)
    np.testing.assert_allclose(F.average_pooling(x, *window).data, mean, rtol=1e-12)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
def test_both_forms_have_the_same_gradients(window):
    gxs = []
    for function in (F.pooling, F.pooling_simple):
        x = Variable(image(1, 2, 6, 7))
        F.sum(function(x, *window) ** 3).backward(create_graph=True)
        first, x.grad = x.grad, None
        F.sum(first**2).backward()
        gxs.append((first.data, x.grad.data))
    for a, b in zip(*gxs, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_the_padding_never_wins():
    # The original pads with zeros and gives 0 here.
    x = np.full((1, 1, 2, 2), -1.0)
    assert (F.pooling(x, 3, 1, 1).data == -1).all()
    assert (F.pooling_simple(x, 3, 1, 1).data == -1).all()
    for dtype in ("int8", "int64", "uint8"):
        least = np.full((1, 1, 2, 2), np.iinfo(dtype).min, dtype)
        y = F.pooling(least, 2, 1, 1)
        assert y.dtype == dtype
        assert (y.data == least.min()).all()


def test_the_first_of_several_largest_elements_gets_the_gradient():
    x = Variable(np.array([[[[1.0, 5.0], [5.0, 5.0]]]]))
    F.pooling(x, 2).backward()
    assert x.grad.data[0, 0].tolist() == [[0, 1], [0, 0]]
    x.cleargrad()
    F.pooling(x, 2, 1, 1).sum().backward()
    assert x.grad.data[0, 0].tolist() == [[1, 4], [3, 1]]


@pytest.mark.parametrize("window", [(2, 2, 0), (3, 2, 1), (2, 1, 0)], ids=str)
def test_third_order_with_and_without_ties(window):
    # Far from ties, pooling is a choice of elements: d3 (x ** 4) = 24 x at the chosen ones. With
    # ties the same choice is made at every order.
    for x in (image(1, 2, 5, 5), np.round(image(1, 2, 5, 5) * 3) + 2.0):
        v = Variable(x)
        F.sum(F.pooling(v, *window)).backward()
        counts, v.grad = v.grad.data, None
        y = F.sum(F.pooling(v, *window) ** 4)
        for factor, power in ((4, 3), (12, 2), (24, 1)):
            v.cleargrad()
            y.backward(create_graph=True)
            np.testing.assert_allclose(v.grad.data, factor * counts * x**power, atol=1e-12)
            y = F.sum(v.grad)


def test_average_pooling_of_rectangles():
    # The original exchanges height and width of the window here, and raises.
    x = Variable(image(1, 2, 4, 6))
    y = F.average_pooling(x, (2, 3), (2, 3))
    y.backward()
    assert y.shape == (1, 2, 2, 2)
    np.testing.assert_allclose(x.grad.data, np.full(x.shape, 1 / 6))
    x.cleargrad()
    F.average_pooling(x, (3, 2), (1, 2), (1, 0)).backward()
    np.testing.assert_allclose(x.grad.data[0, 0, :, 0], np.array([2, 3, 3, 2]) / 6)
    assert F.average_pooling(np.ones((1, 1, 2, 2), int), 2).data == 1.0


def test_adaptive_average_pooling():
    x = image(2, 3, 7, 5)
    np.testing.assert_allclose(
        F.adaptive_average_pooling(x, 1).data, x.mean(axis=(2, 3), keepdims=True)
    )
    np.testing.assert_allclose(F.adaptive_average_pooling(x, (7, 5)).data, x)
    y = F.adaptive_average_pooling(x, (3, 2)).data
    # Bins of 7 rows in 3: 0-2, 2-4, 4-6; of 5 columns in 2: 0-2, 2-4.
    for i, rows in enumerate((slice(0, 3), slice(2, 5), slice(4, 7))):
        for j, cols in enumerate((slice(0, 3), slice(2, 5))):
            np.testing.assert_allclose(y[:, :, i, j], x[:, :, rows, cols].mean(axis=(2, 3)))
    even = F.adaptive_average_pooling(image(1, 2, 6, 4), (3, 2)).data
    np.testing.assert_allclose(even, F.average_pooling(image(1, 2, 6, 4), 2, 2).data)


def test_resize():
    x = np.array([[[[0.0, 1.0], [2.0, 3.0]]]])
    corners = F.resize(x, (3, 3), align_corners=True).data[0, 0]
    np.testing.assert_allclose(corners, [[0, 0.5, 1], [1, 1.5, 2], [2, 2.5, 3]])
    edges = F.resize(x, (1, 4)).data[0, 0]
    np.testing.assert_allclose(edges, [[1, 1.25, 1.75, 2]])
    nearest = F.resize(x, (4, 3), mode="nearest").data[0, 0]
    assert nearest.tolist() == [[0, 0, 1], [0, 0, 1], [2, 2, 3], [2, 2, 3]]
    np.testing.assert_allclose(F.resize(x, 2).data, x)
    np.testing.assert_allclose(F.resize(x, 1, align_corners=True).data, [[[[0.0]]]])
    assert F.resize(x.astype(int), 3, align_corners=True).data[0, 0, 0, 1] == 0.5


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_stays(dtype):
    for function in (
        lambda x: F.pooling(x, 3, 2, 1),
        lambda x: F.pooling(x, 2, 2),
        lambda x: F.average_pooling(x, (2, 3), 1, 1),
        lambda x: F.adaptive_average_pooling(x, (3, 2)),
        lambda x: F.adaptive_average_pooling(x, 1),
        lambda x: F.resize(x, 9),
    ):
        x = Parameter(image(2, 3, 6, 7).astype(dtype))
        y = function(x)
        F.sum(y * y).backward()
        assert y.dtype == x.grad.dtype == np.dtype(dtype)


def test_a_gradient_between_numbers():
    f = grad(lambda x: F.sum(F.pooling(x, 2, 2) * F.average_pooling(x, 2, 2)))
    x = np.array([[[[1.0, 2.0], [3.0, 4.0]]]])
    np.testing.assert_allclose(f(x)[0, 0], [[1, 1], [1, 1 + 2.5]])


BAD = [
    (lambda f, x: f(x[0], 2), ShapeError, r"x of shape \(3, 6, 7\), expected \(N, C, H, W\)"),
    (lambda f, x: f(x, 8), ShapeError, "a window of 8 x 8 for images of 6 x 7"),
    (lambda f, x: f(x, (2, 8)), ShapeError, "a window of 2 x 8"),
    (lambda f, x: f(x, 0), ArgumentError, "kernel_size 0, expected a whole number from 1"),
    (lambda f, x: f(x, 2, 0), ArgumentError, "stride 0"),
    (lambda f, x: f(x, 2, 1, -1), ArgumentError, "pad -1"),
    (lambda f, x: f(x, 2, 1, 2), ArgumentError, "pad 2 for windows of 2 x 2, expected less"),
    (lambda f, x: f(x, "2"), ArgumentError, "kernel_size '2'"),
    (lambda f, x: f(1.0, 2), DtypeError, "<class 'float'> for x"),
]


@pytest.mark.parametrize("function", [F.pooling, F.pooling_simple, F.average_pooling])
@pytest.mark.parametrize(("call", "error", "message"), BAD, ids=range(len(BAD)))
def test_bad_input(function, call, error, message):
    with pytest.raises(error, match=f"{function.__name__}: got .*{message}"):
        call(function, image(2, 3, 6, 7))


def test_bad_sizes():
    x = image(2, 3, 6, 7)
    with pytest.raises(ArgumentError, match="adaptive_average_pooling: got output_size 0"):
        F.adaptive_average_pooling(x, 0)
    with pytest.raises(ShapeError, match="adaptive_average_pooling: got x of shape"):
        F.adaptive_average_pooling(x[:, :, :0], 1)
    with pytest.raises(ArgumentError, match=r"resize: got output_size \(2, -1\)"):
        F.resize(x, (2, -1))
    with pytest.raises(ArgumentError, match="resize: got mode 'cubic'"):
        F.resize(x, 3, mode="cubic")
    with pytest.raises(ArgumentError, match="'nearest' without align_corners"):
        F.resize(x, 3, "nearest", True)


USES_TORCH = "torch" in os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",")


@pytest.mark.skipif(
    not (USES_TORCH and importlib.util.find_spec("torch")), reason="torch is not under test"
)
def test_against_torch():
    import torch.nn.functional as T
    from torch import from_numpy

    x = np.round(image(2, 3, 6, 7) * 4)  # with ties
    pairs = [
        (lambda v: F.pooling(v, 3, 2, 1), lambda v: T.max_pool2d(v, 3, 2, 1)),
        (lambda v: F.pooling(v, 2, 2), lambda v: T.max_pool2d(v, 2)),
        (
            lambda v: F.average_pooling(v, (2, 3), 1, 1),
            lambda v: T.avg_pool2d(v, (2, 3), 1, 1),
        ),
        (
            lambda v: F.adaptive_average_pooling(v, (4, 3)),
            lambda v: T.adaptive_avg_pool2d(v, (4, 3)),
        ),
        (lambda v: F.resize(v, (9, 4)), lambda v: T.interpolate(v, (9, 4), mode="bilinear")),
        (
            lambda v: F.resize(v, (4, 9), align_corners=True),
            lambda v: T.interpolate(v, (4, 9), mode="bilinear", align_corners=True),
        ),
        (lambda v: F.resize(v, (9, 4), "nearest"), lambda v: T.interpolate(v, (9, 4))),
    ]
    for ours, theirs in pairs:
        a, b = Variable(x), from_numpy(x.copy()).requires_grad_()
        y, z = ours(a), theirs(b)
        np.testing.assert_allclose(y.data, z.detach().numpy(), rtol=1e-9, atol=1e-12)
        F.sum(y**2).backward()
        (z**2).sum().backward()
        np.testing.assert_allclose(a.grad.data, b.grad.numpy(), rtol=1e-9, atol=1e-12)
