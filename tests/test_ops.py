"""Every op of the table, on its own samples, in every place: the conformance kit on core."""

import pytest

import arraygrad.functions as F
from arraygrad import op, testing
from arraygrad.errors import UnknownBackendError
from arraygrad.testing.core import core_ops, needless
from arraygrad.testing.places import Place

OPS = core_ops()


@pytest.mark.parametrize("name", OPS)
def test_op(name, place):
    # Docstrings are run by pytest itself.
    skip = ["example", *needless(place)]
    # What is composed has second gradients of what it is composed of, which are checked there; a
    # library that compiles would compile them once more.
    if OPS[name].definition.composed and Place(place).compiles:
        skip.append("second gradient")
    testing.check_op(OPS[name], places=[place], skip=skip).raise_for_failures()


def test_the_command_counts_its_checks(capsys):
    assert testing.main(["numpy"]) == 0
    out = capsys.readouterr().out
    assert out.startswith("numpy: ")
    assert int(out.splitlines()[-1].split()[0]) > 5000
    with pytest.raises(UnknownBackendError):
        testing.main(["nowhere"])


def test_every_public_function_is_an_op_with_samples():
    without = {name for name in F.__all__ if not hasattr(getattr(F, name), "definition")}
    assert without == set()
    assert {
        name
        for name, f in op.table.items()
        if f.definition.id.startswith("core:") and not f.definition.samples
    } == {"to_device", "_from_dlpack", "_special_lpmv", "_special_zetac"}
