"""The first sample of an op in other shapes: none, no elements, shapes that broadcast."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from arraygrad.errors import ArraygradError
from arraygrad.op import Definition, arr
from arraygrad.testing.places import Place
from arraygrad.testing.recipes import recipes, reshaped
from arraygrad.testing.report import Report
from arraygrad.testing.runs import Run, tell
from arraygrad.testing.truth import truths

Change = Callable[[int, arr], tuple[int, ...]]


def other_shapes(report: Report, op: Any, place: Place, dtype: str, name: str) -> None:
    """The first sample so changed: right, or refused with an error of arraygrad."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # of the mean of nothing
        _other_shapes(report, op, place, dtype, name)


def _other_shapes(report: Report, op: Any, place: Place, dtype: str, name: str) -> None:
    definition: Definition = op.definition
    changes, covered = _VARIANTS[name]
    if definition.name.startswith("_") or covered(definition):
        return  # what a private primitive gets, its public op has checked
    sample = definition.samples[0]
    refused = False
    for i, change in enumerate(changes):
        other = reshaped(sample, change)
        if repr(other) == repr(sample):
            continue
        try:
            truth = truths.of(op, other, f"{name}{i}")
        except ArraygradError:
            refused = True
            continue
        if truth.complex and not place.complex:
            return
        run = Run(truth, place, dtype)
        try:
            run.compute()
        except ArraygradError:
            refused = True  # by this library
            continue
        run.compare_result(report)
        if all(
            np.all(np.isfinite(out)) for out in truth.outs
        ):  # the mean of nothing is not a number
            tell(report, truth.first_differences)
            run.compare(report, "first", run.first, truth.first)
        run.expect_dtypes(report)
        return
    if refused:
        report.expect(True, "")  # with an error of arraygrad, as it should


def _no_axes(i: int, a: arr) -> tuple[int, ...]:
    return ()


def _all_empty(i: int, a: arr) -> tuple[int, ...]:
    return (0, *a.shape[1:]) if a.shape else ()


def _first_empty(i: int, a: arr) -> tuple[int, ...]:
    return a.shape if i else _all_empty(i, a)


def _fewer_axes(i: int, a: arr) -> tuple[int, ...]:
    return a.shape[1:] if i else a.shape


def _shapes(definition: Definition) -> list[list[tuple[int, ...]]]:
    return [[a.shape for a in recipes(sample)] for sample in definition.samples]


def _has_no_axes(definition: Definition) -> bool:
    return any(set(found) == {()} for found in _shapes(definition))


def _has_empty(definition: Definition) -> bool:
    return any(0 in shape for found in _shapes(definition) for shape in found)


def _has_broadcast(definition: Definition) -> bool:
    """Whether its samples have it, or it does not broadcast at all."""
    return not definition.broadcasts or any(len(set(f)) > 1 for f in _shapes(definition))


# name -> the changes, of which the first that the op takes is checked; and whether the samples
# of the op make that superfluous.
_VARIANTS: dict[str, tuple[list[Change], Callable[[Definition], bool]]] = {
    "0-d": ([_no_axes], _has_no_axes),
    "empty": ([_first_empty, _all_empty], _has_empty),
    "broadcast": ([_fewer_axes], _has_broadcast),
}
