"""What keeping the book's names asks: nine points that its programs rely on."""

from __future__ import annotations

import json
import subprocess
import sys

import numpy as np
import pytest

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Model, Parameter, Variable, models, optimizers

# 1: random numbers come from NumPy's global generator


@pytest.mark.parametrize("make", [lambda: L.Linear(4, in_size=3), lambda: L.EmbedID(4, 3)])
def test_weights_follow_the_global_seed(seed, make):
    found = []
    for start in (0, 0, 1):
        seed(start)
        found.append(make().W.data)
    np.testing.assert_array_equal(found[0], found[1])
    assert not np.array_equal(found[0], found[2])


def test_weights_of_a_convolution_are_drawn_as_in_the_book(seed):
    seed(0)
    W = L.Conv2d(4, 3, in_channels=2).W.data
    seed(0)
    expected = np.random.randn(4, 2, 3, 3).astype(np.float32) * np.float32(np.sqrt(1 / 18))
    np.testing.assert_allclose(W, expected, rtol=1e-6)


def test_the_mask_of_dropout_is_the_book_s(seed):
    seed(0)
    y = F.dropout(np.ones(1000), 0.4)
    seed(0)
    np.testing.assert_array_equal(y.data != 0, np.random.rand(1000) > 0.4)


# 2: integer Variables


def test_integer_gradients_and_their_text():
    x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
    (x * 2 + x).backward()
    assert x.grad.dtype.kind == "i"
    assert repr(x.grad) == "variable([[3 3 3]\n          [3 3 3]])"


# 3: float64 data and float32 parameters


@pytest.mark.parametrize("library", ["numpy", "array_api_strict", "torch", "jax"])
def test_float64_data_and_float32_parameters(library, backend_named):
    backend = backend_named(library)
    x = backend.from_numpy(np.ones((2, 1, 4, 4)))
    conv = L.Conv2d(2, 3, in_channels=1).to(library)
    linear = L.Linear(3, in_size=8).to(library)
    F.linear(F.flatten(conv(x)), linear.W, linear.b).sum().backward()
    plain = F.matmul(backend.from_numpy(np.ones((2, 8))), linear.W)
    widest = backend.to_numpy(x).dtype  # JAX has float32 alone unless it is told
    assert backend.to_numpy(plain.data).dtype == widest
    for p in (*conv.params(), *linear.params()):
        assert backend.to_numpy(p.data).dtype == backend.to_numpy(p.grad.data).dtype == np.float32


# 4: Python numbers are weak


@pytest.mark.parametrize(
    "f", [lambda x: x * 2.0, lambda x: 1 / x, lambda x: x**0.5, lambda x: 3 - x]
)
def test_numbers_leave_the_dtype_alone(f):
    x = Variable(np.ones(3, np.float32))
    y = f(x)
    y.backward()
    assert (y.dtype, x.grad.dtype) == (np.float32, np.float32)


def test_a_gradient_has_the_dtype_of_its_input():
    x, w = Variable(np.ones(3)), Variable(np.ones(3, np.float32))
    (x * w).backward()
    assert (x.grad.dtype, w.grad.dtype) == (np.float64, np.float32)


# 5: parameters whose data come later


def test_data_that_come_later():
    p = Parameter(None, name="W")
    assert repr(p) == "variable(None)"
    p.data = np.arange(6.0).reshape(2, 3).T
    F.matmul(np.ones((1, 3)), p).backward()
    np.testing.assert_array_equal(p.grad.data, np.ones((3, 2)))
    p.data -= 0.5 * p.grad.data
    np.testing.assert_array_equal(p.data, np.arange(6.0).reshape(2, 3).T - 0.5)


@pytest.mark.parametrize("library", ["torch", "jax"])
def test_updates_in_place_on_every_library(library, backend_named):
    backend = backend_named(library)
    p = Parameter(backend.from_numpy(np.array([1.0, 2.0], np.float32)))
    (p * p).sum().backward()
    p.data -= 0.5 * p.grad.data
    np.testing.assert_array_equal(backend.to_numpy(p.data), [0.0, 0.0])


# 6: what the examples use


def test_what_the_examples_use():
    model = models.Sequential(L.Linear(4), F.relu, L.Linear(2))
    y = model(np.ones((3, 5), np.float32))
    assert model.layers[0].W.data.shape == (5, 4)
    assert model.layers[2].outputs[0]() is y
    optimizer = optimizers.SGD().setup(model)
    optimizer.add_hook(hook := optimizers.WeightDecay(1e-4))
    assert optimizer.hooks == [hook]
    picture = Model()
    picture.param = Parameter(np.zeros((1, 3, 4, 4), np.float32))
    assert list(picture.params()) == [picture.param]


def test_outputs_of_a_layer_inside_of_a_model(without_gc):
    # As for Grad-CAM: what a layer gave, and its gradient, after the whole model has run.
    model = models.Sequential(L.Conv2d(4, 3, pad=1), F.relu, F.flatten, L.Linear(3))
    conv = model.layers[0]
    x = np.random.default_rng(0).normal(size=(1, 1, 5, 5)).astype(np.float32)
    y = model(x)
    found = conv.outputs[0]()
    np.testing.assert_array_equal(found.data, conv(x).data)
    y = model(x)
    found = conv.outputs[0]()
    y[0, 1].backward(retain_grad=True)
    expected = np.where(found.data > 0, model.layers[3].W.data[:, 1].reshape(1, 4, 5, 5), 0)
    np.testing.assert_allclose(found.grad.data, expected, rtol=1e-6)
    del y, found
    assert conv.outputs[0]() is None  # it does not outlive its graph


# 7: batch normalization writes the running arrays


def test_batch_norm_writes_the_arrays_it_is_given():
    rng = np.random.default_rng(0)
    x = rng.normal(size=(8, 3)).astype(np.float32)
    mean, var = np.zeros(3, np.float32), np.ones(3, np.float32)
    F.batch_norm(x, np.ones(3, np.float32), np.zeros(3, np.float32), mean, var, decay=0.9, eps=2e-5)
    np.testing.assert_allclose(mean, 0.1 * x.mean(axis=0), rtol=1e-4)
    # The unbiased variance, as the original.
    np.testing.assert_allclose(var, 0.9 + 0.1 * x.var(axis=0) * 8 / 7, rtol=1e-4)


def test_running_averages_of_the_layer_are_readable():
    layer = L.BatchNorm()
    x = np.random.default_rng(0).normal(size=(8, 3)).astype(np.float32)
    layer(x)
    np.testing.assert_allclose(layer.avg_mean.data, 0.1 * x.mean(axis=0), rtol=1e-4)
    assert layer.avg_var.data.shape == (3,)


# 8: labels


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_labels_of_any_integer_dtype(dtype):
    x = Variable(np.array([[2.0, 1.0], [0.0, 3.0]], np.float32))
    t = np.array([0, 0], dtype)
    loss = F.softmax_cross_entropy(x, t)
    loss.backward()
    p = np.exp(x.data) / np.exp(x.data).sum(axis=1, keepdims=True)
    assert loss.item() == pytest.approx(-np.log(p[:, 0]).mean(), rel=1e-6)
    np.testing.assert_allclose(x.grad.data, (p - [1, 0]) / 2, rtol=1e-5)
    assert F.accuracy(x, t).item() == 0.5


def test_one_hot_labels():
    x, t = np.array([[2.0, 1.0], [0.0, 3.0], [1.0, 0.0]]), np.array([0, 0, 1])
    rows = np.eye(2)[t]
    assert F.softmax_cross_entropy(x, rows).item() == F.softmax_cross_entropy(x, t).item()
    assert F.accuracy(x, rows).item() == F.accuracy(x, t).item() == pytest.approx(1 / 3)


# 9: the import


def test_import_is_light_and_complete():
    code = """
import json, sys, arraygrad
heavy = sorted({"PIL", "matplotlib"} & set(sys.modules))
names = "core datasets dataloaders optimizers functions functions_conv layers models utils cuda"
there = [name for name in names.split() if not hasattr(arraygrad, name)]
import arraygrad.functions as F
shadows = [callable(getattr(F, name)) for name in ("sum", "max", "min", "pow")]
print(json.dumps([heavy, there, shadows]))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [[], [], [True] * 4]
