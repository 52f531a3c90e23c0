"""Every primitive of the core on JAX arrays.

JAX compiles each operation for each shape, so that the whole table with second gradients and all
shapes takes many minutes: JAX_ENABLE_X64=1 python -m arraygrad.testing jax. Here are the results
and first gradients of what is not composed of others.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Variable, get_backend, registry, testing, using_kernels
from arraygrad.op import table

jax = pytest.importorskip("jax", reason="JAX is not installed")

assert F  # its import fills the table of ops
PRIMITIVES = [
    name
    for name, op in table.items()
    if op.definition.id.startswith("core:") and op.definition.samples and not op.definition.composed
]
CHECKS = ("forward", "first gradient", "dtype", "device", "inputs unchanged")


@pytest.fixture(autouse=True)
def _float64() -> Iterator[None]:
    before = jax.config.jax_enable_x64
    jax.config.update("jax_enable_x64", True)
    yield
    jax.config.update("jax_enable_x64", before)


@pytest.mark.parametrize("name", PRIMITIVES)
def test_every_primitive_of_the_core(name: str) -> None:
    report = testing.check_op(table[name], places=["jax"], dtypes=["float32"], only=CHECKS)
    report.raise_for_failures()
    assert report.ran > 2


def test_the_backend_and_every_optimizer() -> None:
    report = testing.check_backend("jax", skip=["ops", "layers"])
    report.raise_for_failures()
    assert report.ran > 50


def test_the_plugin() -> None:
    testing.check_plugin("jax", only=["status", "targets", "light import"]).raise_for_failures()


def test_the_backend_replaces_the_generic_one() -> None:
    from arraygrad_jax.backend import JaxBackend

    assert type(get_backend("jax")) is JaxBackend
    assert registry.find("backends", "jax").provider == "arraygrad-jax 0.1.0"


CALLS: dict[str, tuple[Any, list[tuple[int, ...]]]] = {
    "conv2d": (
        lambda x, W, b: F.conv2d(x, W, b, (2, 1), (1, 0), (1, 2), 2),
        [(2, 4, 7, 6), (6, 2, 3, 2), (6,)],
    ),
    "deconv2d": (
        lambda x, W, b: F.deconv2d(x, W, b, 2, 1, (6, 8)),
        [(2, 3, 3, 4), (3, 2, 3, 3), (2,)],
    ),
    "pooling": (lambda x: F.pooling(x, (3, 2), 2, 1), [(2, 3, 7, 6)]),
    "average_pooling": (lambda x: F.average_pooling(x, 3, (2, 1), 1), [(2, 3, 7, 6)]),
    "layer_norm": (F.layer_norm, [(4, 6), (6,), (6,)]),
    "softmax": (F.softmax, [(4, 6)]),
    "log_softmax": (F.log_softmax, [(4, 6)]),
    "gelu": (F.gelu, [(4, 6)]),
    "gelu, tanh": (lambda x: F.gelu(x, "tanh"), [(4, 6)]),
    "rnn_cell": (F.rnn_cell, [(3, 2), (3, 4), (7, 4)]),
    "lstm_cell": (F.lstm_cell, [(3, 2), (2, 3, 4), (7, 16)]),
    "gru_cell": (F.gru_cell, [(3, 2), (3, 4), (7, 12)]),
    "attention": (F.scaled_dot_product_attention, [(2, 3, 4), (2, 5, 4), (2, 5, 3), (3, 5)]),
    "cross entropy": (lambda x: F.softmax_cross_entropy(x, jax.numpy.arange(4)), [(4, 6)]),
}


@pytest.mark.parametrize("name", CALLS)
def test_kernels_give_what_definitions_give(name: str) -> None:
    function, shapes = CALLS[name]
    results = []
    for on in (True, False):
        rng = np.random.default_rng(0)
        # Few different numbers, so that windows have several largest ones.
        xs = [Variable(jax.numpy.array(rng.integers(-2, 3, shape) * 1.0)) for shape in shapes]
        with using_kernels(on):
            y = function(*xs)
            y.grad = jax.numpy.array(rng.normal(size=y.shape))
            y.backward()
        found: list[Any] = [y, *(x.grad for x in xs)]
        results.append([np.asarray(v.data) for v in found])
    for got, expected in zip(*results, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-9, atol=1e-9)
