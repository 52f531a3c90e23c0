"""The backend itself: memory, dtypes, devices, and life without JAX."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable, get_backend
from arraygrad.errors import BackendError, MixedBackendError

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy


@pytest.fixture
def backend() -> Any:
    return get_backend("jax")


def test_what_comes_from_numpy_has_memory_of_its_own(backend: Any) -> None:
    for array in (np.ones(1000, "float32"), np.ones((20, 30), "int32").T):
        made = [backend.from_numpy(array), backend.asarray(array)]
        array += 1
        assert all(np.all(np.asarray(x) == 1) for x in made)


def test_dtypes(backend: Any) -> None:
    assert backend.asarray(np.ones(2, "float16")).dtype == backend.dtype("float16")
    x: Any = Variable(jnp.array([0.5, 2.0], dtype=jnp.bfloat16))
    y = (F.gelu(x) * 2).sum()
    y.backward()
    assert y.dtype == x.grad.dtype == jnp.bfloat16
    wide = jax.config.jax_enable_x64  # float32 unless the user wants float64
    assert backend.asarray(np.ones(2)).dtype == ("float64" if wide else "float32")
    assert backend.asarray([1.0]).dtype == ("float64" if wide else "float32")


KEYS = [
    (slice(None), 1),
    slice(None, None, -2),
    ...,
    (1, None, slice(1, 3)),
    np.array([0, 2, 2, -1]),
    [0, 2, 2],
    (slice(None), np.array([1, 1])),
    (np.array([0, 1, 0]), np.array([2, 2, 2])),
]


@pytest.mark.parametrize("key", KEYS, ids=str)
def test_index_add(backend: Any, key: Any) -> None:
    expected = np.zeros((4, 3), "float32")
    values = np.random.default_rng(0).normal(size=expected[key].shape).astype("float32")
    np.add.at(expected, key, values)
    got = backend.index_add((4, 3), key, jnp.array(values))
    np.testing.assert_allclose(np.asarray(got), expected, rtol=1e-6)


@pytest.mark.parametrize("key", [*KEYS[:4], [0, 2], np.array([True, False, True, False])], ids=str)
def test_set_item(backend: Any, key: Any) -> None:
    expected = np.zeros((4, 3), "float32")
    values = np.random.default_rng(0).normal(size=expected[key].shape).astype("float32")
    for value in (values, 2.0):
        expected[key] = value
        x = jnp.zeros((4, 3))
        y = backend.set_item(x, key, value if value is not values else jnp.array(values))
        np.testing.assert_array_equal(np.asarray(y), expected)
        assert not x.any()


def test_arrays_are_immutable_and_averages_move_all_the_same() -> None:
    x = jnp.array(np.random.default_rng(0).normal(size=(8, 3)).astype("float32"))
    with pytest.raises(ag.errors.ArgumentError, match=r"arraygrad\.Buffer"):
        F.batch_norm(x, jnp.ones(3), jnp.zeros(3), jnp.zeros(3), jnp.ones(3))
    layer = ag.layers.BatchNorm()
    layer(x)
    np.testing.assert_allclose(layer.avg_mean.data, np.asarray(x).mean(0) * 0.1, atol=1e-6)


def test_two_libraries_do_not_mix() -> None:
    with pytest.raises(MixedBackendError, match=r"x0: jax .*, x1: numpy"):
        Variable(jnp.ones(2)) + np.ones(2)


def test_inside_of_jaxs_own_transforms() -> None:
    def f(x: Any) -> Any:
        return ag.grad(lambda v: F.sum(F.tanh(v) ** 2))(x)

    x = jnp.array([0.5, -1.0])
    expected = 2 * np.tanh(x) * (1 - np.tanh(x) ** 2)
    np.testing.assert_allclose(jax.jit(f)(x), expected, rtol=1e-5)
    np.testing.assert_allclose(jax.vmap(f)(x[:, None])[:, 0], expected, rtol=1e-5)
    theirs = jax.grad(lambda v: f(v).sum())(x)
    ours = ag.grad(lambda v: F.sum(ag.grad(lambda u: F.sum(F.tanh(u) ** 2))(v)))(x)
    np.testing.assert_allclose(theirs, ours, rtol=1e-5)


def test_what_has_no_values_yet_says_so(backend: Any) -> None:
    def f(x: Any) -> Any:
        float(Variable(x).sum())
        return x

    with pytest.raises(BackendError, match=r"no values yet.*return it from the function"):
        jax.jit(f)(jnp.ones(2))
    with pytest.raises(BackendError, match=r"got the device 'cpu:9', expected one of"):
        backend.asarray(np.ones(2), device="cpu:9")


FOUR = """
import numpy as np, jax, jax.numpy as jnp
import arraygrad as ag
import arraygrad.functions as F, arraygrad.layers as L
from arraygrad import Variable, get_backend, optimizers
from arraygrad.errors import MixedBackendError

backend = get_backend("jax")
devices = backend.devices()
assert len(devices) == 4, devices
np.random.seed(0)
model = L.Linear(3, in_size=4).to("jax", device=devices[2])
optimizer = optimizers.Adam().setup(model)
x = backend.asarray(np.random.randn(8, 4).astype("float32"), device="cpu:2")
t = backend.asarray(np.arange(8) % 3, device=devices[2])

@ag.jit
def step(x, t):
    loss = F.softmax_cross_entropy(F.dropout(model(x), 0.5), t)
    model.cleargrads(); loss.backward(); optimizer.update()
    return loss

for _ in range(3):
    loss = step(x, t)
for p in (loss, model.W, model.W.grad, *optimizer.state(model.W).values()):
    assert backend.device(getattr(p, "data", p)) == devices[2], p
try:
    Variable(jax.device_put(jnp.ones(2), devices[0])) + jax.device_put(jnp.ones(2), devices[1])
except MixedBackendError as error:
    print(error)

# A step over two devices: what moves an array moves its gradient back.
a = Variable(jax.device_put(jnp.array([1.0, 2.0]), devices[0]))
b = Variable(jax.device_put(jnp.array([3.0, 4.0]), devices[1]))
y = F.sum(a.to_device(devices[1]) * b)
y.backward(create_graph=True)
assert y.device == devices[1]
assert (a.grad.device, b.grad.device) == (devices[0], devices[1])
assert a.grad.data.tolist() == [3, 4] and b.grad.data.tolist() == [1, 2]
F.sum(a.grad ** 2).backward()  # through the way back, and back again
assert b.grad.data.tolist() == [1 + 6, 2 + 8] and b.grad.device == devices[1]

# One batch over all devices: JAX splits the work, arraygrad's tape does not notice.
from jax.sharding import Mesh, NamedSharding, PartitionSpec as P
mesh = Mesh(np.array(devices), ("batch",))
model = L.Linear(3, in_size=4)
everywhere, split = NamedSharding(mesh, P()), NamedSharding(mesh, P("batch"))
for p in model.params():
    p.data = jax.device_put(p.data, everywhere)
xs, ts = jax.device_put(np.asarray(x), split), jax.device_put(np.asarray(t), split)
optimizer = optimizers.Adam().setup(model)
def step(x, t):
    loss = F.softmax_cross_entropy(model(x), t)
    model.cleargrads(); loss.backward(); optimizer.update()
    return loss
run = ag.jit(step)
losses = [float(run(xs, ts)) for _ in range(4)]
assert len(model.W.data.sharding.device_set) == 4
assert losses[-1] < losses[0]
"""


def test_several_devices() -> None:
    env = {**os.environ, "XLA_FLAGS": "--xla_force_host_platform_device_count=4"}
    text = fresh(FOUR, env)
    assert "cpu:0" in text
    assert "cpu:1" in text
    assert "one device" in text


def fresh(code: str, env: Any = None) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=False, env=env
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def test_jax_is_not_imported_until_it_is_needed() -> None:
    code = "import sys, arraygrad; arraygrad.jit; print('jax' in sys.modules)"
    assert fresh(code) == "False"


def test_to_import_jax_takes_no_random_numbers() -> None:
    code = """
import numpy as np, arraygrad as ag
np.random.seed(0)
ag.set_backend("jax")
print(np.random.rand() == np.random.RandomState(0).rand())
"""
    assert fresh(code) == "True"


def test_without_jax_there_is_a_reason_and_nothing_breaks() -> None:
    code = """
import sys
sys.modules["jax"] = None  # an import of it fails
import arraygrad as ag
print([p.status for p in ag.plugins.statuses() if p.namespace == "jax"])
try:
    ag.set_backend("jax")
except ag.errors.BackendUnavailableError as error:
    print(error)
"""
    text = fresh(code)
    assert text.startswith("['active']")
    assert "backend 'jax' cannot run here: JAX cannot be imported" in text
