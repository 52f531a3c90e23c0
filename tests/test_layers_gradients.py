"""Every layer: its gradients, a round trip through a file, copies, and what a wrong x leaves."""

import copy
import os
import pickle
from contextlib import nullcontext

import numpy as np
import pytest

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import backend as backends
from arraygrad.config import test_mode as testing_mode
from arraygrad.errors import ArraygradError
from arraygrad.variable import Variable

EXTRA = os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",")
F64 = {"dtype": np.float64}

# Layers of float64 and an x for each.
CASES = {
    "Linear": (lambda: L.Linear(2, **F64), (3, 4)),
    "Conv2d": (lambda: L.Conv2d(4, (2, 3), (2, 1), (0, 1), **F64), (2, 3, 4, 4)),
    "Conv2d, groups": (
        lambda: L.Conv2d(4, 2, nobias=True, dilation=2, groups=2, **F64),
        (2, 2, 4, 5),
    ),
    "Deconv2d": (lambda: L.Deconv2d(3, 3, 2, 1, **F64), (2, 2, 3, 2)),
    "Deconv2d, groups": (lambda: L.Deconv2d(4, (1, 2), groups=2, dilation=2, **F64), (1, 2, 2, 2)),
    "BatchNorm": (lambda: L.BatchNorm(**F64), (5, 3)),
    "BatchNorm, images": (lambda: L.BatchNorm(**F64), (2, 3, 2, 2)),
    "LayerNorm": (lambda: L.LayerNorm(**F64), (2, 3, 4)),
    "LayerNorm, axes": (lambda: L.LayerNorm((1, 2), **F64), (2, 3, 4)),
    "GroupNorm": (lambda: L.GroupNorm(2, **F64), (2, 4, 2, 2)),
    "Flatten": (L.Flatten, (2, 3, 2)),
}
both_modes = pytest.mark.parametrize("training", [True, False], ids=["train", "test"])
each = pytest.mark.parametrize(("make", "shape"), CASES.values(), ids=CASES.keys())


def called(make, shape):
    """A layer with parameters that are not zero or one, an x, and weights of a sum."""
    rng = np.random.default_rng(0)
    np.random.seed(0)
    layer, x = make(), rng.normal(size=shape)
    y = layer(x)
    for p in layer.params():
        p.data = rng.normal(size=p.shape)
    for buffer in layer.buffers():
        buffer.data = rng.uniform(0.5, 2, size=buffer.shape)
    return layer, x, rng.normal(size=y.shape)


def differences(f, array):
    """The gradient of f, which reads `array`, by central differences."""
    g = np.zeros_like(array)
    for i in np.ndindex(array.shape):
        kept = array[i]
        array[i] = kept + 1e-5
        above = f()
        array[i] = kept - 1e-5
        below = f()
        array[i] = kept
        g[i] = (above - below) / 2e-5
    return g


@each
@both_modes
def test_gradients_are_those_of_differences(make, shape, training):
    layer, data, weights = called(make, shape)
    buffers = [(b, b.data.copy()) for b in layer.buffers()]

    def loss():
        for buffer, before in buffers:
            buffer.data = before.copy()
        if training:
            return F.sum(layer(x) * weights)
        with testing_mode():
            return F.sum(layer(x) * weights)

    x = Variable(data)
    loss().backward()
    for p in (x, *layer.params()):
        expected = differences(lambda: float(loss().data), p.data)
        np.testing.assert_allclose(p.grad.data, expected, rtol=1e-6, atol=1e-8)


@each
@both_modes
@pytest.mark.parametrize("name", ["torch", "jax"])
def test_other_libraries_give_the_same(make, shape, training, name):
    if name not in EXTRA:
        pytest.skip(f"ARRAYGRAD_TEST_BACKENDS does not name {name}")
    backend = backends.get_backend(name)
    layer, x, weights = called(make, shape)
    other = copy.deepcopy(layer).to(name)
    results = []
    for part, there, back in (
        (layer, np.asarray, np.asarray),
        (other, backend.from_numpy, backend.to_numpy),
    ):
        v = Variable(there(x.copy()))
        with nullcontext() if training else testing_mode():
            y = part(v)
        F.sum(y * there(weights)).backward()
        grads = [p.grad for p in part.params()]
        results.append([back(a.data) for a in (y, v.grad, *grads, *part.buffers())])
    for a, b in zip(*results, strict=True):
        assert a.dtype == b.dtype
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


@each
@pytest.mark.parametrize("suffix", [".npz", ".safetensors"])
def test_a_file_brings_everything_back(make, shape, suffix, tmp_path):
    layer, x, _ = called(make, shape)
    path = layer.save_weights(tmp_path / f"w{suffix}")
    fresh = make()
    fresh.load_weights(path)
    with testing_mode():
        np.testing.assert_array_equal(fresh(x).data, layer(x).data)
    assert repr(fresh) == repr(layer)


@each
@pytest.mark.parametrize("copied", [copy.deepcopy, lambda m: pickle.loads(pickle.dumps(m))])
def test_copies(make, shape, copied):
    layer, x, _ = called(make, shape)
    with testing_mode():
        y = layer(x)
        other = copied(layer)
        np.testing.assert_allclose(other(x).data, y.data, rtol=1e-12)
    # Kernels compare dtypes by identity.
    assert all(w.dtype is np.dtype(np.float64) for _, w in other.named_weights())


@each
def test_float32_stays_float32(make, shape):
    layer = make()
    if hasattr(layer, "dtype"):
        layer.dtype = np.dtype(np.float32)
    x = Variable(np.ones(shape, dtype=np.float32))
    for _ in range(2):
        y = layer(x)
        F.sum(y).backward()
    with testing_mode():
        assert layer(x).dtype == np.float32
    assert y.dtype == x.grad.dtype == np.float32
    assert {w.dtype for _, w in layer.named_weights()} <= {np.dtype(np.float32)}
    assert {p.grad.dtype for p in layer.params()} <= {np.dtype(np.float32)}


@each
def test_a_layer_is_born_beside_its_input(make, shape):
    xp = pytest.importorskip("array_api_strict")
    device = xp.Device("device1")
    layer = make()
    y = layer(xp.ones(shape, dtype=xp.float64, device=device))
    assert y.data.device == device
    assert all(w.data.device == device for _, w in layer.named_weights())


@each
def test_equal_seeds_give_equal_weights_on_every_backend(make, shape):
    xp = pytest.importorskip("array_api_strict")
    to_numpy = backends.get_backend("array_api_strict").to_numpy
    here, there = make(), make()
    np.random.seed(3)
    here(np.ones(shape))
    np.random.seed(3)
    there(xp.ones(shape, dtype=xp.float64))
    for a, b in zip(here.params(), there.params(), strict=True):
        np.testing.assert_array_equal(a.data, to_numpy(b.data))


def arrays(layer):
    return {name: None if w.data is None else w.data.copy() for name, w in layer.named_weights()}


def same(before, after):
    assert before.keys() == after.keys()
    for name, array in before.items():
        np.testing.assert_array_equal(array, after[name])


WRONG = {
    "Conv2d": (lambda: L.Conv2d(2, 3), (1, 3, 5, 5), [(1, 3, 2, 5), (3, 5, 5), (5,), ()]),
    "Deconv2d": (lambda: L.Deconv2d(2, 3), (1, 3, 5, 5), [(3, 5, 5), (5,), ()]),
    "BatchNorm": (L.BatchNorm, (4, 3), [(3,), (), (4, 0)]),
    "LayerNorm": (L.LayerNorm, (4, 3), [(), (4, 0)]),
    "GroupNorm": (lambda: L.GroupNorm(2), (4, 2), [(4, 3), (2,), (), (4, 0)]),
}
OTHER = {
    "Conv2d": [(1, 2, 5, 5)],
    "Deconv2d": [(1, 2, 5, 5)],
    "BatchNorm": [(4, 2), (4, 2, 3, 3)],
    "LayerNorm": [(4, 2), (3, 4)],
    "GroupNorm": [(4, 4)],
}


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_x_changes_nothing(name):
    make, right, wrong = WRONG[name]
    layer = make()
    fresh = arrays(layer)
    for shape in wrong:
        with pytest.raises(ArraygradError, match=r"expected|should"):
            layer(np.zeros(shape, dtype=np.float32))
        same(fresh, arrays(layer))
    layer(np.ones(right, dtype=np.float32))
    before = arrays(layer)
    for shape in (*wrong, *OTHER[name]):
        with pytest.raises(ArraygradError, match=r"expected|should"):
            layer(np.zeros(shape, dtype=np.float32))
        same(before, arrays(layer))


@pytest.mark.parametrize("make", [L.BatchNorm, L.LayerNorm, lambda: L.GroupNorm(1)])
def test_whole_numbers_change_nothing(make):
    layer = make()
    with pytest.raises(ArraygradError, match="int64"):
        layer(np.ones((3, 2), dtype=np.int64))
    assert all(w.data is None for _, w in layer.named_weights())


@pytest.mark.parametrize("name", OTHER)
def test_the_message_says_what_the_layer_was_made_for(name):
    make, right, _ = WRONG[name]
    layer = make()
    layer(np.ones(right, dtype=np.float32))
    for shape in OTHER[name]:
        with pytest.raises(ArraygradError, match=rf"{name}: x has the shape .* the layer was made"):
            layer(np.zeros(shape, dtype=np.float32))
