"""The table of the standard's signatures, the ops named after it, the namespaces made from it."""

from __future__ import annotations

import subprocess
import sys
from inspect import Parameter as Arg
from inspect import signature

import array_api_strict
import numpy as np
import pytest

import arraygrad.xp
from arraygrad import Variable
from arraygrad.functions import of_standard
from arraygrad.xp import signatures
from arraygrad.xp.namespaces import standard_ops
from arraygrad.xp.wrapping import parameters

NAMES = sorted(signatures.SIGNATURES)
OPS = sorted(standard_ops())


def attribute(xp: object, name: str) -> object:
    for part in name.split("."):
        xp = getattr(xp, part)
    return xp


def misfits(function: object, name: str) -> list[str]:
    """What calls as the standard has them would trip over."""
    ours = signature(function).parameters  # type: ignore[arg-type]
    places = [arg for arg in ours.values() if arg.kind is not Arg.KEYWORD_ONLY]
    found = []
    for place, (x, arg) in enumerate(parameters(name).items()):
        if arg.kind is Arg.KEYWORD_ONLY:
            mine = ours.get(x)
        else:
            mine = places[place] if place < len(places) else None
        if mine is None:
            found.append(f"no {x}")
        elif arg.kind is Arg.POSITIONAL_OR_KEYWORD and mine.name != x:
            found.append(f"{mine.name} in the place of {x}")
        else:
            starred = Arg.VAR_POSITIONAL in (arg.kind, mine.kind) and arg.kind is not mine.kind
            if starred or (arg.default is not Arg.empty and mine.default != arg.default):
                found.append(f"{mine} for {arg}")
    return found


def test_misfits_are_found() -> None:
    assert misfits(lambda x, x_min, x_max: x, "clip") == [
        "x_min in the place of min",
        "x_max in the place of max",
    ]
    assert misfits(lambda x: x, "sort") == ["no axis", "no descending", "no stable"]
    assert misfits(lambda arrays: arrays, "broadcast_arrays") == ["arrays for *arrays"]
    assert misfits(lambda x, indices, axis=0: x, "take") == ["axis=0 for axis=None"]
    assert misfits(lambda a, b, *, axis=None: a, "take") == []


@pytest.mark.parametrize("name", [name for name in OPS if name in NAMES])
def test_an_op_with_a_standard_name_can_be_called_as_the_standard_says(name: str) -> None:
    assert misfits(standard_ops()[name], name) == []


def test_other_ops_are_where_users_of_the_standard_look_for_more() -> None:
    others = {name for name in OPS if not name.startswith("special.")} - set(NAMES)
    assert others == {"linalg.lstsq"}


@pytest.mark.parametrize("name", NAMES)
def test_the_namespaces_have_the_functions_of_the_standard(name: str) -> None:
    strict = Variable(array_api_strict.ones(1)).__array_namespace__()
    for xp in (arraygrad.xp, strict):
        assert misfits(attribute(xp, name), name) == []


def test_everything_with_a_derivative_has_an_op() -> None:
    # A tracked end of a range has a say in how many numbers there are: that is refused.
    without = signatures.DIFFERENTIABLE - standard_ops().keys() - signatures.ALIASES.keys()
    assert without == {"arange", "fft.fftfreq", "fft.rfftfreq"}
    with pytest.raises(arraygrad.errors.GradientError, match="arange"):
        arraygrad.xp.arange(Variable(np.array(3.0)))


def test_the_kinds_are_kinds_of_what_there_is() -> None:
    kinds = [signatures.PLAIN, signatures.NEW_ARRAYS, signatures.CONSTANT]
    names = [name for kind in kinds for name in kind]
    assert len(set(names)) == len(names)
    assert {*names, *signatures.ALIASES, *signatures.ALIASES.values()} <= set(NAMES)
    assert len(NAMES) == 174


def test_each_op_of_the_standard_is_found_by_its_name_alone() -> None:
    code = (
        "import sys; from arraygrad.functions import of_standard\n"
        "wrong = [n for n in sys.argv[1:] if of_standard(n).definition.standard != n]\n"
        "sys.exit(', '.join(wrong) or 0)"
    )
    done = subprocess.run([sys.executable, "-c", code, *OPS], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert all(of_standard(name) is standard_ops()[name] for name in OPS)
