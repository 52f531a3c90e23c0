"""Every primitive of the core on JAX arrays.

JAX compiles each operation for each shape, so that the whole table with second gradients and all
shapes takes many minutes: JAX_ENABLE_X64=1 python -m arraygrad.testing jax. Here are the results
and first gradients of what is not composed of others.
"""

from __future__ import annotations

import pytest

import arraygrad.functions as F
from arraygrad import get_backend, registry, testing
from arraygrad.op import table

jax = pytest.importorskip("jax", reason="JAX is not installed")

assert F  # its import fills the table of ops
PRIMITIVES = [
    name
    for name, op in table.items()
    if op.definition.id.startswith("core:") and op.definition.samples and not op.definition.composed
]
CHECKS = ("forward", "first gradient", "dtype", "device", "inputs unchanged")


@pytest.mark.parametrize("name", PRIMITIVES)
def test_every_primitive_of_the_core(name: str) -> None:
    report = testing.check_op(table[name], places=["jax"], dtypes=["float32"], only=CHECKS)
    report.raise_for_failures()
    assert report.ran > 2


def test_the_backend_replaces_the_generic_one() -> None:
    from arraygrad_jax.backend import JaxBackend

    assert type(get_backend("jax")) is JaxBackend
    assert registry.find("backends", "jax").provider == "arraygrad-jax 0.1.0"
