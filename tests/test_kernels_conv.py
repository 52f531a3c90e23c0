"""NumPy's kernels of convolution and pooling against the definitions they stand in for."""

import itertools

import numpy as np
import pytest

from arraygrad.functions import conv, kernels_numpy_conv, pool
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
    kernel = kernels_numpy_conv.KERNELS[name]
    expected = definition.forward(*args, xp=np)
    got = kernel(*args)
    assert got.dtype == expected.dtype
    np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("window", WINDOWS, ids=str)
@pytest.mark.parametrize("channels", SHAPES, ids=str)
@pytest.mark.parametrize("block", [1, 3000, kernels_numpy_conv.BLOCK])
def test_convolution_in_every_form(monkeypatch, window, channels, block):
    monkeypatch.setattr(kernels_numpy_conv, "BLOCK", block)
    kernel, stride, pad, dilation = window
    c, oc, groups = channels
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
        np.testing.assert_allclose(kernels_numpy_conv.bias(h, np), expected, rtol=1e-9)
