"""NumPy's kernels of convolution and pooling against the definitions they stand in for."""

import numpy as np
import pytest

from arraygrad.functions import conv, pool
from arraygrad.numpy_kernels import conv as conv_kernels
from arraygrad.numpy_kernels import depthwise as depthwise_kernels
from arraygrad.numpy_kernels import pool as pool_kernels
from arraygrad.op import table

SHAPES = [  # C, OC, groups: few and many channels, in all combinations
    (1, 16, 1), (3, 2, 1), (8, 16, 1), (16, 3, 1), (10, 8, 1), (16, 32, 2), (4, 4, 4), (8, 8, 8),
]  # fmt: skip
WINDOWS = [  # kernel, stride, pad, dilation
    ((3, 3), (1, 1), (1, 1), (1, 1)),
    ((1, 1), (1, 1), (0, 0), (1, 1)),
    ((1, 1), (2, 2), (0, 0), (1, 1)),
    ((2, 3), (2, 1), (0, 1), (1, 1)),
    ((3, 2), (1, 2), (2, 0), (2, 3)),
    ((1, 1), (1, 1), (1, 2), (1, 1)),
]


def memory(x, order):
    """`x` in another order in memory: channels first, channels last, or part of a larger array."""
    if order == "last":
        return np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    if order == "part":
        return np.repeat(np.repeat(x, 2, axis=1), 2, axis=3)[:, ::2, :, ::2]
    return x


def compare(name, *args):
    definition = table[name].definition
    kernel = conv_kernels.KERNELS[name]
    expected = definition.forward(*args, xp=np)
    got = kernel(*args)
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("channels", SHAPES, ids=str)
@pytest.mark.parametrize("block", [1, 20, 1000], ids=lambda n: f"{n} windows")
def test_convolution_in_every_form(monkeypatch, window, channels, block):
    kernel, stride, pad, dilation = window
    c, oc, groups = channels
    size = 8 * kernel[0] * kernel[1] * c
    monkeypatch.setattr(conv_kernels, "BLOCK", block * size)
    monkeypatch.setattr(conv_kernels, "BLOCK_OF_FEW", block * size)
    monkeypatch.setattr(conv_kernels, "LEAST", 1)
    monkeypatch.setattr(depthwise_kernels, "BLOCK", block * size)
    rng = np.random.default_rng(0)
    W = rng.normal(size=(oc, c // groups, *kernel))
    b = rng.normal(size=oc)
    out = tuple(map(conv.get_conv_outsize, (7, 6), kernel, stride, pad, dilation))
    for order in ("first", "last", "part"):
        x = memory(rng.normal(size=(3, c, 7, 6)), order)
        h = memory(rng.normal(size=(3, oc, *out)), order)
        for bias in (None, b):
            compare("_conv2d", x, W, bias, stride, pad, dilation, groups)
        compare("_conv2d_weight", x, h, kernel, stride, pad, dilation, groups)
        for bias in (None, rng.normal(size=c)):
            compare("_deconv2d", h, W, bias, (7, 6), stride, pad, dilation, groups)
        expected = h.sum(axis=(0, 2, 3))
        np.testing.assert_allclose(conv_kernels.bias(h, np), expected, rtol=1e-9)


POOLS = [  # size, kernel, stride, pad
    ((6, 8), (2, 2), (2, 2), (0, 0)),
    ((7, 5), (2, 2), (2, 2), (0, 0)),
    ((7, 5), (2, 2), (2, 2), (1, 1)),
    ((7, 6), (2, 2), (1, 1), (0, 0)),
    ((7, 7), (3, 3), (2, 2), (1, 1)),
    ((9, 7), (3, 2), (4, 1), (2, 0)),
    ((4, 5), (1, 1), (1, 1), (0, 0)),
    ((4, 5), (1, 1), (2, 3), (0, 0)),
    ((5, 4), (5, 4), (1, 1), (0, 0)),
    ((40, 20), (20, 17), (1, 1), (0, 0)),  # more places than a byte counts
]


@pytest.mark.parametrize("case", POOLS, ids=str)
@pytest.mark.parametrize("order", ["first", "last", "part"])
def test_pooling_in_every_form(case, order):
    size, *args = case
    rng = np.random.default_rng(0)
    # Few different numbers, so that most windows have several largest ones.
    x = memory(rng.integers(0, 4, (2, 3, *size)).astype("float64"), order)
    forward, rule = (pool._pooling.definition.forward, pool._pooling.definition.rules["x",])
    expected, place = forward(x, *args, xp=np)
    y, kept = pool_kernels.pooling(x, *args)
    np.testing.assert_array_equal(y, expected)
    g = memory(rng.normal(size=y.shape), order)
    gx = pool_kernels.pooling_x(g, kept, x.shape, *args)
    np.testing.assert_allclose(gx, rule(g, place, x.shape, *args), rtol=1e-12, atol=1e-12)

    for name, v, more in (("_average_pooling", x, ()), ("_spread", g, (size,))):
        got = pool_kernels.KERNELS[name](v, *more, *args)
        np.testing.assert_allclose(
            got, table[name].definition.forward(v, *more, *args, xp=np), rtol=1e-12, atol=1e-12
        )


def test_pooling_of_whole_numbers_and_nan():
    x = np.array([[[[-5, -7], [-9, -6]]]], dtype="int8")
    y, _ = pool_kernels.pooling(x, (2, 2), (1, 1), (1, 1))
    assert y.dtype == x.dtype
    assert y[0, 0].tolist() == [[-5, -5, -7], [-5, -5, -6], [-9, -6, -6]]
    x = np.array([[[[1.0, np.nan], [3.0, 2.0]]]])
    y, _ = pool_kernels.pooling(x, (2, 2), (2, 2), (0, 0))
    assert np.isnan(y).all()


def test_results_are_channels_last_in_memory():
    x, W = np.ones((2, 8, 6, 6)), np.ones((4, 8, 3, 3))
    y = conv_kernels.conv2d(x, W, None, (1, 1), (1, 1), (1, 1), 1)
    z, _ = pool_kernels.pooling(y, (2, 2), (2, 2), (0, 0))
    for v in (y, z, pool_kernels.average_pooling(y, (2, 2), (2, 2), (0, 0))):
        assert v.transpose(0, 2, 3, 1).flags.c_contiguous
