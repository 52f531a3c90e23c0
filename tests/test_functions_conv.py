"""Convolution, its transpose and windows: the book's figures, loops, every order, bad input."""

import importlib.util
import itertools
import os

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Parameter, Variable, functions_conv, no_grad
from arraygrad.errors import ArgumentError, ArraygradError, DtypeError, NoDataError, ShapeError
from arraygrad.functions.conv import get_conv_outsize, get_deconv_outsize, pair

IMAGE = np.array([[1, 2, 3, 0], [0, 1, 2, 3], [3, 0, 1, 2], [2, 3, 0, 1]], dtype="float64")
FILTER = np.array([[2, 0, 1], [0, 1, 2], [1, 0, 2]], dtype="float64")

# stride, pad, dilation, groups
PARAMETERS = [
    (1, 0, 1, 1),
    (1, 1, 1, 2),
    (2, 1, 1, 1),
    ((2, 1), (0, 2), 1, 4),
    (1, 2, (2, 1), 1),
    (3, (1, 0), 2, 2),
]


def loops(x, W, b, stride, pad, dilation, groups):
    """The definition, one number at a time."""
    (sh, sw), (ph, pw), (dh, dw) = pair(stride), pair(pad), pair(dilation)
    (n, c, h, w), (oc, cg, kh, kw) = x.shape, W.shape
    oh = (h + 2 * ph - dh * (kh - 1) - 1) // sh + 1
    ow = (w + 2 * pw - dw * (kw - 1) - 1) // sw + 1
    padded = np.zeros((n, c, h + 2 * ph, w + 2 * pw))
    padded[:, :, ph : ph + h, pw : pw + w] = x
    y = np.zeros((n, oc, oh, ow))
    for o, i, j in itertools.product(range(oc), range(oh), range(ow)):
        first = o // (oc // groups) * cg
        for k, p, q in itertools.product(range(cg), range(kh), range(kw)):
            pixel = padded[:, first + k, i * sh + p * dh, j * sw + q * dw]
            y[:, o, i, j] += W[o, k, p, q] * pixel
        y[:, o, i, j] += b[o]
    return y


def drawn(kernel=(3, 2), groups=1):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 4, 7, 6))
    return x, rng.normal(size=(8, 4 // groups, *kernel)), rng.normal(size=8)


def test_the_figures_of_the_book():
    x, W = IMAGE[None, None], FILTER[None, None]
    assert F.conv2d(x, W).data[0, 0].tolist() == [[15, 16], [6, 15]]
    assert F.conv2d(x, W, pad=1).data[0, 0].tolist() == [
        [7, 12, 10, 2], [4, 15, 16, 10], [10, 6, 15, 6], [8, 10, 4, 3],
    ]  # fmt: skip
    wide = np.array(
        [
            [1, 2, 3, 1, 2, 3, 0], [0, 1, 2, 0, 1, 2, 3], [3, 0, 1, 3, 0, 1, 2],
            [1, 2, 3, 1, 2, 3, 0], [0, 1, 2, 0, 1, 2, 3], [3, 0, 1, 3, 0, 1, 2],
            [2, 3, 0, 2, 3, 0, 1],
        ]
    )  # fmt: skip
    y = F.conv2d(wide[None, None], W, stride=2)
    assert y.shape == (1, 1, 3, 3)
    assert y.data[0, 0, 0, :2].tolist() == [15, 11]
    assert get_conv_outsize(4, 3, 1, 1) == 4


def test_sizes():
    assert get_conv_outsize(7, 3, 2, 0) == 3
    assert get_conv_outsize(7, 3, 1, 0, 2) == 3
    assert get_deconv_outsize(3, 3, 2, 0) == 7
    assert get_deconv_outsize(3, 3, 1, 0, 2) == 7
    for size, k, s, p in itertools.product((4, 7), (1, 3), (1, 2, 3), (0, 1)):
        assert get_conv_outsize(get_deconv_outsize(size, k, s, p), k, s, p) == size
    assert pair(2) == (2, 2)
    assert pair([1, 2]) == (1, 2)
    with pytest.raises(ArgumentError, match=r"pair: got \(1, 2, 3\)"):
        pair((1, 2, 3))


@pytest.mark.parametrize("parameters", PARAMETERS, ids=str)
def test_against_loops(parameters):
    x, W, b = drawn(groups=parameters[-1])
    np.testing.assert_allclose(F.conv2d(x, W, b, *parameters).data, loops(x, W, b, *parameters))
    np.testing.assert_allclose(
        F.conv2d(x, W, None, *parameters).data, loops(x, W, 0 * b, *parameters), atol=1e-12
    )


@pytest.mark.parametrize("parameters", PARAMETERS, ids=str)
def test_the_transpose_is_the_adjoint(parameters):
    # sum(conv(x) * y) == sum(x * deconv(y)) for every x and y is the definition of it.
    stride, pad, dilation, groups = parameters
    x, W, _ = drawn(groups=groups)
    y = F.conv2d(x, W, None, *parameters).data
    h = np.random.default_rng(1).normal(size=y.shape)
    back = F.deconv2d(h, W, None, stride, pad, x.shape[2:], dilation, groups).data
    assert back.shape == x.shape
    np.testing.assert_allclose(np.sum(y * h), np.sum(x * back))


def test_the_transpose_without_outsize():
    h, W, b = np.ones((1, 2, 3, 4)), np.ones((2, 3, 3, 2)), np.array([0.0, 10.0, 20.0])
    y = F.deconv2d(h, W, b, stride=2, pad=(1, 0))
    assert y.shape == (1, 3, 5, 8)
    assert y.data[0, :, 0, 0].tolist() == [2, 12, 22]
    assert F.deconv2d(h, W, b, 2, (1, 0), (6, 9)).shape == (1, 3, 6, 9)
    assert F.deconv2d(h, W, None, 2, (1, 0), outsize=(6, 8)).shape == (1, 3, 6, 8)


def test_simple_is_the_same():
    x, W, b = drawn()
    for args in ((1, 0), (2, 1), ((1, 2), (0, 1))):
        y = F.conv2d_simple(x, W, b, *args)
        np.testing.assert_allclose(y.data, F.conv2d(x, W, b, *args).data)


def test_windows_of_the_book():
    assert F.im2col(np.ones((1, 3, 7, 7)), 5, 1, 0, to_matrix=True).shape == (9, 75)
    assert F.im2col(np.ones((10, 3, 7, 7)), (5, 5), (1, 1), (0, 0), True).shape == (90, 75)
    x = np.arange(2 * 3 * 4 * 5.0).reshape(2, 3, 4, 5)
    col = F.im2col(x, (2, 3), (1, 2), (1, 0), to_matrix=False).data
    assert col.shape == (2, 3, 2, 3, 5, 2)
    assert col[1, 2, 1, 2, 0, 1] == x[1, 2, 0, 4]
    assert not col[:, :, 0, :, 0].any()
    rows = F.im2col(x, (2, 3), (1, 2), (1, 0)).data
    np.testing.assert_array_equal(rows[1 + 2 * 2], col[0, :, :, :, 2, 1].ravel())


@pytest.mark.parametrize("to_matrix", [True, False])
def test_windows_and_their_sum_are_adjoint(to_matrix):
    rng = np.random.default_rng(0)
    x = rng.normal(size=(2, 3, 5, 6))
    for args in ((2, 1, 0), ((3, 2), (2, 1), (1, 0)), (1, 2, 0)):
        col = functions_conv.im2col_array(x, *args, to_matrix)
        h = rng.normal(size=col.shape)
        back = functions_conv.col2im_array(h, x.shape, *args, to_matrix)
        assert isinstance(back, np.ndarray)
        np.testing.assert_allclose(np.sum(col * h), np.sum(x * back))


def test_third_order_in_images_and_weights():
    # sum(conv(x, W) ** 2) ** 2 has derivatives of every order in both.
    x, W = Variable(IMAGE[None, None] / 3), Variable(FILTER[None, None] / 2)
    direction = np.cos(np.arange(16.0)).reshape(1, 1, 4, 4)

    def third(at):
        x = Variable(at)
        g = F.sum(F.conv2d(x, W, None, 1, 1) ** 2) ** 2
        for _ in range(2):
            x.cleargrad()
            W.cleargrad()
            g.backward(create_graph=True)
            g = F.sum(x.grad * direction) + F.sum(W.grad**2)
        x.cleargrad()
        W.cleargrad()
        g.backward()
        return float(g.data), float(np.sum(x.grad.data * direction))

    step = 1e-5
    ends = [third(x.data + sign * step * direction)[0] for sign in (1, -1)]
    np.testing.assert_allclose(third(x.data)[1], (ends[0] - ends[1]) / (2 * step), rtol=1e-6)


@pytest.mark.parametrize("dtype", ["float32", "float64", "float16"])
def test_dtype_stays(dtype):
    x, W, b = (Parameter(v.astype(dtype)) for v in drawn())
    y = F.conv2d(x, W, b, 2, 1)
    F.sum(F.deconv2d(y * 0.01, W, None, 2, 1) ** 2).backward()
    assert {v.dtype for v in (y, x.grad, W.grad, b.grad)} == {np.dtype(dtype)}


def test_mixed_dtypes_are_promoted():
    # float64 data into float32 weights: every step of the book from 44 on.
    x, W, b = drawn()
    W, b = Parameter(W.astype("float32")), Parameter(b.astype("float32"))
    y = F.conv2d(x, W, b)
    np.testing.assert_allclose(y.data, loops(x, W.data, b.data, 1, 0, 1, 1))
    assert y.dtype == np.float64
    F.sum(y).backward()
    assert W.grad.dtype == b.grad.dtype == np.float32


def test_integers_and_no_graph():
    with no_grad():
        y = F.conv2d(Variable(IMAGE.astype(int)[None, None]), FILTER.astype(int)[None, None])
    assert y.dtype == np.int64
    assert y.creator is None
    assert repr(y) == "variable([[[[15 16]\n            [ 6 15]]]])"


def test_numbers_of_another_machine():
    # As they come out of files: the other order of bytes.
    x, W, b = drawn()
    y = F.conv2d(x.astype(">f8"), W.astype(">f8"), b.astype(">f8"))
    np.testing.assert_allclose(y.data, F.conv2d(x, W, b).data)


def test_an_empty_batch():
    y = F.conv2d(np.zeros((0, 3, 5, 5)), np.zeros((2, 3, 3, 3)), np.zeros(2))
    assert y.shape == (0, 2, 3, 3)


def test_one_node_for_images_weights_and_bias():
    x, W, b = map(Variable, drawn())
    y = F.conv2d(x, W, b, pad=1)
    assert [v is None for v in y.creator.edges] == [False, False, False]
    assert {edge.is_leaf for edge in y.creator.edges} == {True}


BAD = [
    (lambda x, W, b: F.conv2d(x[0], W), ShapeError, r"x of shape \(4, 7, 6\), expected \(N, C, H"),
    (lambda x, W, b: F.conv2d(x, W[0]), ShapeError, r"conv2d: got W of shape \(4, 3, 2\)"),
    (lambda x, W, b: F.conv2d(x[:, :3], W), ShapeError, "expected x of 4 channels"),
    (lambda x, W, b: F.conv2d(x, W, groups=2), ShapeError, "groups = 2, expected x of 8 channels"),
    (lambda x, W, b: F.conv2d(x, W[:7, :2], groups=2), ShapeError, "divisible by groups"),
    (lambda x, W, b: F.conv2d(x, W, b[:-1]), ShapeError, r"b of shape \(7,\), expected \(8,\)"),
    (lambda x, W, b: F.conv2d(x, W, b[None]), ShapeError, r"b of shape \(1, 8\)"),
    (lambda x, W, b: F.conv2d(x[..., :1], W), ShapeError, "window of 3 x 2 for images of 7 x 1"),
    (lambda x, W, b: F.conv2d(x, W, dilation=6), ShapeError, "window of 13 x 7"),
    (lambda x, W, b: F.conv2d(x, W, stride=0), ArgumentError, "stride 0, expected .* from 1"),
    (lambda x, W, b: F.conv2d(x, W, stride=(1, 0)), ArgumentError, r"stride \(1, 0\)"),
    (lambda x, W, b: F.conv2d(x, W, stride=1.5), ArgumentError, "stride 1.5"),
    (lambda x, W, b: F.conv2d(x, W, stride=(1, 2, 3)), ArgumentError, r"stride \(1, 2, 3\)"),
    (lambda x, W, b: F.conv2d(x, W, stride=np.ones(2)), ArgumentError, "stride array"),
    (lambda x, W, b: F.conv2d(x, W, pad=-1), ArgumentError, "pad -1, expected .* from 0"),
    (lambda x, W, b: F.conv2d(x, W, dilation=0), ArgumentError, "dilation 0"),
    (lambda x, W, b: F.conv2d(x, W, groups=0), ArgumentError, "groups 0"),
    (lambda x, W, b: F.conv2d([1, 2], W), DtypeError, "conv2d: got <class 'list'> for x"),
    (lambda x, W, b: F.conv2d(Variable(None), W), NoDataError, "no data"),
    (lambda x, W, b: F.deconv2d(x, W), ShapeError, r"deconv2d: .*expected x of 8 channels"),
    (lambda x, W, b: F.deconv2d(x, W[:4], b), ShapeError, r"b of shape \(8,\), expected \(4,\)"),
    (lambda x, W, b: F.deconv2d(x, W[:4], pad=5), ShapeError, "-1 x -3"),
    (lambda x, W, b: F.deconv2d(x, W[:4], None, 2, 0, 15), ArgumentError, r"from \(15, 12\) to"),
    (lambda x, W, b: F.deconv2d(x, W[:4], outsize=0), ArgumentError, "outsize 0"),
    (lambda x, W, b: F.im2col(x, 8), ShapeError, "im2col: got a window of 8 x 8"),
    (lambda x, W, b: F.im2col(x, 0), ArgumentError, "kernel_size 0"),
    (lambda x, W, b: F.im2col(x, 2, 0), ArgumentError, "stride 0"),
    (lambda x, W, b: F.col2im(x, x.shape, 2), ShapeError, "col2im: got x of shape"),
    (lambda x, W, b: F.col2im(b[None], x.shape, 2), ShapeError, r"expected \(60, 16\)"),
    (lambda x, W, b: F.col2im(b[None], (2, 2), 2), ShapeError, r"input_shape \(2, 2\)"),
]


@pytest.mark.parametrize(("call", "error", "message"), BAD, ids=range(len(BAD)))
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message) as caught:
        call(*drawn())
    assert isinstance(caught.value, ArraygradError)


def test_the_books_module():
    for name in functions_conv.__all__:
        assert callable(getattr(functions_conv, name))
        if hasattr(F, name):
            assert getattr(F, name) is getattr(functions_conv, name)


USES_TORCH = "torch" in os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",")


@pytest.mark.skipif(
    not (USES_TORCH and importlib.util.find_spec("torch")), reason="torch is not under test"
)
@pytest.mark.parametrize("parameters", PARAMETERS, ids=str)
def test_against_torch(parameters):
    import torch

    stride, pad, dilation, groups = parameters
    arrays = drawn(groups=groups)
    ours = [Variable(v) for v in arrays]
    theirs = [torch.from_numpy(v.copy()).requires_grad_() for v in arrays]
    F.sum(F.conv2d(*ours, *parameters) ** 2).backward()
    (torch.conv2d(*theirs, stride, pad, dilation, groups) ** 2).sum().backward()
    for a, b in zip(ours, theirs, strict=True):
        np.testing.assert_allclose(a.grad.data, b.grad.numpy(), rtol=1e-9)
    h, W = np.random.default_rng(1).normal(size=(2, 8, 4, 6)), arrays[1]
    pads = pair(pad)
    y = torch.nn.functional.conv_transpose2d(
        torch.from_numpy(h), torch.from_numpy(W), None, stride, pads, 0, groups, dilation
    )
    np.testing.assert_allclose(
        F.deconv2d(h, W, None, stride, pad, None, dilation, groups).data, y.numpy(), rtol=1e-9
    )
