"""Every op of the core on PyTorch; every kernel against the definition that it stands in for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Variable, get_backend, kernels, registry, testing, using_kernels
from arraygrad.op import arr, table
from arraygrad_torch import _plugin

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

assert F  # its import fills the table of ops
CORE = [n for n, f in table.items() if f.definition.id.startswith("core:") and f.definition.samples]
KERNELS = [op for module in _plugin.KERNELS.values() for op in module]


@pytest.mark.parametrize("name", CORE)
def test_every_op_of_the_core(name: str) -> None:
    report = testing.check_op(table[name], places=["torch"])
    report.raise_for_failures()
    assert report.ran > 2


@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_is_the_one_that_runs(name: str) -> None:
    entry = kernels.choice(f"core:{name}", "torch").entry
    assert entry is not None
    assert entry.provider == "arraygrad-torch 0.1.0"
    assert callable(entry.resolve())


def ran(op: Any, sample: Any, seed: int, kernels: bool, order: str) -> list[Any]:
    """The result and all gradients of a sample in raw mode, with kernels or without."""
    rng = np.random.default_rng(seed)
    moving = []

    def made(value: Any) -> Any:
        if isinstance(value, list | tuple):
            return type(value)(map(made, value))
        if not isinstance(value, arr):
            return value
        if value.kind == "int":
            return torch.tensor(rng.integers(int(value.low), int(value.high), value.shape))
        if value.kind == "bool":
            return torch.tensor(rng.uniform(size=value.shape) > 0.5)
        x = torch.tensor(np.asarray(rng.uniform(value.low, value.high, value.shape)))
        if order == "turned" and x.ndim > 1:  # another order in memory: channels last, transposed
            x = x.movedim(1, -1).contiguous().movedim(-1, 1)
        moving.append(Variable(x))
        return moving[-1]

    constant = op.definition.constant
    with using_kernels(kernels):
        bound = op.definition.public.bind(*sample.args, **sample.kwargs)
        for key, value in bound.arguments.items():
            bound.arguments[key] = made(value)
            if key in constant and isinstance(bound.arguments[key], Variable):
                bound.arguments[key] = moving.pop().data
        y = op(*bound.args, **bound.kwargs)
        if y.creator is not None:
            weights = torch.tensor(np.asarray(rng.uniform(0.5, 1.5, y.shape)))
            (y * weights).sum().backward()
        return [y.data, *(x.grad.data for x in moving if x.grad is not None)]


USING = [n for n in CORE if n in KERNELS or n in {k.partition(".")[0] for k in KERNELS}]


@pytest.mark.parametrize("order", ["as made", "turned"])
@pytest.mark.parametrize("name", USING)
def test_kernels_give_what_definitions_give(name: str, order: str) -> None:
    op = table[name]
    for i, sample in enumerate(op.definition.samples):
        results = [ran(op, sample, i, on, order) for on in (True, False)]
        assert len(results[0]) == len(results[1])
        for got, expected in zip(*results, strict=True):
            assert got.dtype == expected.dtype
            assert got.shape == expected.shape
            torch.testing.assert_close(got, expected, rtol=1e-9, atol=1e-9)


def test_the_backend_and_every_layer_and_optimizer() -> None:
    report = testing.check_backend("torch", skip=["ops"])  # which have tests of their own here
    report.raise_for_failures()
    assert report.ran > 500


def test_the_plugin() -> None:
    testing.check_plugin("torch", only=["status", "targets", "light import"]).raise_for_failures()


def test_the_backend_replaces_the_generic_one() -> None:
    from arraygrad_torch.backend import TorchBackend

    assert type(get_backend("torch")) is TorchBackend
    assert registry.find("backends", "torch").provider == "arraygrad-torch 0.1.0"
