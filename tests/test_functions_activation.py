"""Activations and erf: values from formulas, the far ends, dtypes, and the NumPy kernels."""

import math
import os

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable
from arraygrad.errors import ArgumentError

RNG = np.random.default_rng(0)
FAR = [-3e38, -1e20, -1e4, -100.0, -40.0, 0.0, 40.0, 100.0, 1e4, 1e20, 3e38]
EXTRA = os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",")


def value_and_gradient(f, x):
    x = Variable(x)
    y = f(x)
    y.sum().backward()
    return y.data, x.grad.data


# name -> op, value and derivative far to the left and far to the right
ENDS = {
    "elu": (F.elu, (-1.0, 0.0), (None, 1.0)),
    "selu": (F.selu, (-1.7580993408473766, 0.0), (None, 1.0507009873554805)),
    "silu": (F.silu, (0.0, 0.0), (None, 1.0)),
    "gelu": (F.gelu, (0.0, 0.0), (None, 1.0)),
    "gelu tanh": (lambda x: F.gelu(x, "tanh"), (0.0, 0.0), (None, 1.0)),
    "softplus": (F.softplus, (0.0, 0.0), (None, 1.0)),
    "erf": (F.erf, (-1.0, 0.0), (1.0, 0.0)),
    "sigmoid": (F.sigmoid, (0.0, 0.0), (1.0, 0.0)),
    "relu": (F.relu, (0.0, 0.0), (None, 1.0)),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", ENDS)
def test_the_far_ends(name, dtype):
    f, left, right = ENDS[name]
    x = np.array(FAR, dtype)
    y, gx = value_and_gradient(f, x)
    assert y.dtype == gx.dtype == dtype
    assert np.all(np.isfinite(y))
    for end, (value, slope) in ((x < -99, left), (x > 99, right)):
        expected = x[end] * slope if value is None else np.full(end.sum(), value)
        np.testing.assert_allclose(y[end], expected, rtol=1e-6, atol=1e-30)
        np.testing.assert_allclose(gx[end], slope, rtol=1e-6, atol=1e-30)
    second = ag.grad(lambda x: ag.grad(lambda x: f(x).sum())(x).sum())(x)
    assert np.all(np.isfinite(second))


@pytest.mark.parametrize(("dtype", "error"), [("float32", 3.0e-7), ("float64", 9e-16)])
def test_erf_is_right_to_the_last_digits(dtype, error):
    x = np.concatenate([np.linspace(-6.5, 6.5, 2601), 10.0 ** np.arange(-30, 0)]).astype(dtype)
    exact = np.array([math.erf(v) for v in x.tolist()])
    y = F.erf(x).data
    assert y.dtype == dtype
    assert np.max(np.abs(y - exact) / np.maximum(np.abs(exact), 1e-300)) < error
    assert np.all(np.abs(y) <= 1)


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_erf_of_odd_numbers(dtype):
    x = np.array([np.nan, np.inf, -np.inf, 0.0, -0.0], dtype)
    y = F.erf(x).data
    assert y.dtype == dtype
    np.testing.assert_array_equal(y, [np.nan, 1, -1, 0, 0])
    assert list(np.signbit(y[3:])) == [False, True]


def test_gelu_by_its_formula_and_its_approximation():
    x = np.linspace(-6, 6, 241)
    cdf = np.array([(1 + math.erf(v / math.sqrt(2))) / 2 for v in x.tolist()])
    density = np.exp(-x * x / 2) / math.sqrt(2 * math.pi)
    y, gx = value_and_gradient(F.gelu, x)
    np.testing.assert_allclose(y, x * cdf, rtol=1e-12, atol=1e-15)
    np.testing.assert_allclose(gx, cdf + x * density, rtol=1e-12, atol=1e-15)
    near = F.gelu(x, approximate="tanh").data
    assert 1e-5 < np.max(np.abs(near - y)) < 1e-3
    with pytest.raises(ArgumentError, match="gelu: got approximate='erf', expected 'none'"):
        F.gelu(x, approximate="erf")


def test_elu_is_accurate_near_zero():
    x = -(10.0 ** np.arange(-12, 0))
    np.testing.assert_allclose(F.elu(x).data, np.expm1(x), rtol=1e-14)
    y, gx = value_and_gradient(lambda x: F.elu(x, alpha=0.3), np.array([-1.0, 2.0]))
    np.testing.assert_allclose(y, [0.3 * np.expm1(-1), 2.0])
    np.testing.assert_allclose(gx, [0.3 * np.exp(-1), 1.0])


def test_selu_keeps_mean_and_variance():
    x = RNG.normal(size=200_000)
    y = F.selu(x).data
    assert abs(y.mean()) < 0.01
    assert abs(y.var() - 1) < 0.02


# Kernels for NumPy go another way from some size on: what they give has to be the definition.

KERNELS = {
    "elu": F.elu,
    "elu 0.5": lambda x: F.elu(x, 0.5),
    "erf": F.erf,
    "gelu": F.gelu,
    "gelu tanh": lambda x: F.gelu(x, "tanh"),
    "leaky_relu": F.leaky_relu,
    "leaky_relu 0": lambda x: F.leaky_relu(x, 0.0),
    "leaky_relu 2": lambda x: F.leaky_relu(x, 2.0),
    "relu": F.relu,
    "sigmoid": F.sigmoid,
    "silu": F.silu,
    "softmax": F.softmax,
    "softmax 0": lambda x: F.softmax(x, axis=0),
    "log_softmax": F.log_softmax,
    "tanh": F.tanh,
    "clip": lambda x: F.clip(x, -0.5, 0.5),
    "clip below": lambda x: F.clip(x, None, 0.5),
    "clip nothing": lambda x: F.clip(x, None, None),
    "maximum": lambda x: F.maximum(x, 0.25),
    "minimum": lambda x: F.minimum(x, x[::-1]),
    "where": lambda x: F.where(x.data > 0, x, x * 3),
    "where 0": lambda x: F.where(x.data > 0, x, 0.0),
    "where 1": lambda x: F.where(x.data > 0, 1.0, x),
    "sort": lambda x: F.sort(x, axis=0),
    "sort down": lambda x: F.sort(x, descending=True),
}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", KERNELS)
def test_large_arrays_are_as_small_ones(name, dtype):
    f = KERNELS[name]
    big = RNG.normal(size=(301, 257)).astype(dtype)
    weights = RNG.normal(size=big.shape).astype(dtype)

    def both(x):
        x = Variable(x)
        y = f(x)
        (y * weights).sum().backward()
        return y.data, x.grad.data

    strict = pytest.importorskip("array_api_strict")
    x = Variable(strict.asarray(big))
    y = f(x)
    (y * strict.asarray(weights)).sum().backward()
    expected = np.asarray(y.data), np.asarray(x.grad.data)
    tolerance = {"rtol": 1e-5 if dtype == "float32" else 1e-12, "atol": 1e-6}
    for given in (big, np.asfortranarray(big), np.repeat(big, 2, axis=0)[::2]):
        before = given.copy()
        for found, right in zip(both(given), expected, strict=True):
            assert found.dtype == dtype
            np.testing.assert_allclose(found, right, **tolerance)
        np.testing.assert_array_equal(given, before)


def test_whole_numbers_give_floats():
    x = np.array([[1, 2, 3]])
    for f in (F.softmax, F.log_softmax, F.sigmoid, F.silu, F.gelu, F.elu, F.softplus, F.erf):
        np.testing.assert_array_equal(f(x).data, f(x.astype(float)).data)
    loss = F.softmax_cross_entropy(x, np.array([1]))
    assert loss.item() == F.softmax_cross_entropy(x.astype(float), np.array([1])).item()


def test_selection_keeps_nan_out():
    x = np.full(5000, np.nan, "float32")
    x[::2] = 1.0
    ok = ~np.isnan(x)
    y = F.where(ok, Variable(x), 0.0)
    assert y.sum().item() == 2500
    # The classic trap: 0 * nan in the gradient of what was not chosen.
    v = Variable(np.zeros(5000))
    F.where(v.data > 0, F.log(F.where(v.data > 0, v, 1.0)), v).sum().backward()
    np.testing.assert_array_equal(v.grad.data, np.ones(5000))
    g = Variable(np.zeros(5000))
    y = F.where(np.arange(5000) < 10, g, 1.0)
    y.grad = np.full(5000, np.inf)
    y.backward()
    np.testing.assert_array_equal(g.grad.data[10:], 0)


@pytest.mark.skipif("torch" not in EXTRA, reason="ARRAYGRAD_TEST_BACKENDS does not name torch")
@pytest.mark.parametrize("name", ["elu", "selu", "silu", "gelu", "gelu tanh", "softplus"])
def test_against_torch(name):
    import torch

    word, _, approximate = name.partition(" ")
    kwargs = {"approximate": approximate} if approximate else {}
    x = RNG.normal(size=(7, 9)) * 5
    tx = torch.tensor(x, requires_grad=True)
    ty = getattr(torch.nn.functional, word)(tx, **kwargs)
    ty.sum().backward()
    y, gx = value_and_gradient(lambda x: getattr(F, word)(x, **kwargs), x)
    np.testing.assert_allclose(y, ty.detach().numpy(), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(gx, tx.grad.numpy(), rtol=1e-9, atol=1e-12)
