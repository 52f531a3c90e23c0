"""Every op of the table, on its own samples, in every place: the conformance kit on core."""

import os

import pytest

import arraygrad.functions as F
from arraygrad import op, testing

EXTRA = [name for name in os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",") if name]
OPS = {name: f for name, f in op.table.items() if f.definition.id.startswith("core:")}
counted: dict[str, int] = {}


@pytest.mark.parametrize("place", [*testing.PLACES, *EXTRA])
@pytest.mark.parametrize("name", OPS)
def test_op(name, place):
    report = testing.check_op(OPS[name], places=[place])
    report.raise_for_failures()
    counted[f"{name} {place}"] = report.ran


def test_every_public_function_is_an_op_with_samples():
    without = {name for name in F.__all__ if not hasattr(getattr(F, name), "definition")}
    assert without == set()
    assert {n for n, f in OPS.items() if not f.definition.samples} == {"to_device"}
