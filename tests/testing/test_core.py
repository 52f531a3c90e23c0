"""The core's own layers, models, optimizers, data sets and kernels, with the kit."""

from __future__ import annotations

import pytest

import arraygrad.datasets as D
import arraygrad.functions as F
import arraygrad.layers as L
import arraygrad.models as M
import arraygrad.optimizers as O
from arraygrad import core_plugin, registry, testing
from arraygrad.testing.core_samples import LAYERS, MODELS, OPTIMIZERS

ELSEWHERE = ("places", "moves")  # what depends on the place
LAYER_NAMES = [name for name, samples in LAYERS.items() if samples]
MODEL_NAMES = [name for name, samples in MODELS.items() if samples]
OPTIMIZER_NAMES = [name for name, samples in OPTIMIZERS.items() if samples]
KERNELS = sorted(
    {(e.op.partition(".")[0], e.backend) for e in registry.entries("kernels")
     if e.namespace == "core"}
)  # fmt: skip


@pytest.mark.parametrize("name", LAYER_NAMES)
def test_layer(name):
    report = testing.check_layer(getattr(L, name), places=[], skip=["example", *ELSEWHERE])
    report.raise_for_failures()
    assert report.ran > 10


@pytest.mark.parametrize("name", MODEL_NAMES)
def test_model(name):
    thing = getattr(M, name)
    check = testing.check_model if issubclass(thing, M.Model) else testing.check_layer
    check(thing, places=[], skip=["example", *ELSEWHERE]).raise_for_failures()


@pytest.mark.parametrize("name", [*LAYER_NAMES, *MODEL_NAMES])
def test_layer_in_all_places(name, place):
    cls = getattr(L if name in LAYERS else M, name)
    testing.check_layer(cls, places=[place], only=ELSEWHERE).raise_for_failures()


@pytest.mark.parametrize("name", OPTIMIZER_NAMES)
def test_optimizer(name, place):
    report = testing.check_optimizer(getattr(O, name), places=[place], skip="example")
    report.raise_for_failures()


@pytest.mark.parametrize("name", sorted({e.partition(":")[2] for e in core_plugin.DATASETS}))
def test_dataset(name):
    thing = getattr(D, name)
    if isinstance(thing, type):
        testing.check_dataset(thing, skip="example").raise_for_failures()


# Large arrays are for the tests of the kernels themselves.
@pytest.mark.parametrize(("op", "backend"), KERNELS)
def test_kernel(op, backend):
    report = testing.check_kernel(op, backend, dtypes=["float32"], skip="large")
    report.raise_for_failures()
    assert report.ran > 5


def test_backend(place):
    report = testing.check_backend(place, skip=["ops", "layers", "optimizers"])
    report.raise_for_failures()
    assert report.ran > 50


def test_every_layer_and_optimizer_of_the_core_is_in_the_table():
    assert sorted(LAYERS) == sorted(core_plugin.LAYERS)
    assert {name.partition(":")[2] for name in core_plugin.MODELS} == set(MODELS)
    classes = {n for n in core_plugin.OPTIMIZERS if issubclass(getattr(O, n), O.Optimizer)}
    assert classes == set(OPTIMIZERS)


def test_one_place_is_named_without_a_list():
    assert testing.check_op(F.exp, places="numpy", only="forward").ok
    assert testing.check_layer(L.Linear, places="numpy", only="places").ok
