"""check_op: proves an op right on every array library, from the samples it carries."""

from __future__ import annotations

import gc
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any
from weakref import ref

import numpy as np

from arraygrad.op import Definition
from arraygrad.testing.examples import check_docstring, check_example
from arraygrad.testing.places import DTYPES, HALVES, PLACES, Place, on_host, places_of
from arraygrad.testing.report import Report, SkipCheck
from arraygrad.testing.runs import Run, tell
from arraygrad.testing.shapes import other_shapes
from arraygrad.testing.suite import Suite, undisturbed
from arraygrad.testing.transfers import transfers
from arraygrad.testing.truth import Truth, truths
from arraygrad.variable import Variable

check = Suite("check_op")


@check("docstring", "op")
def _(report: Report, op: Any) -> None:
    check_docstring(report, op)


@check("samples", "op")
def _(report: Report, op: Any) -> None:
    report.expect(bool(op.definition.samples), "it has no samples; give @op some")


@check("example", "op")
def _(report: Report, op: Any) -> None:
    check_example(report, op)


@check("forward", "sample")
def _(report: Report, truth: Truth) -> None:
    tell(report, truth.reference)


@check("first gradient", "sample")
def _(report: Report, truth: Truth) -> None:
    tell(report, truth.differences[1])
    tell(report, truth.by_grad)


@check("second gradient", "sample")
def _(report: Report, truth: Truth) -> None:
    tell(report, truth.differences[2])


@check("forward", "run")
def _(report: Report, run: Run) -> None:
    run.compare_result(report)


@check("first gradient", "run")
def _(report: Report, run: Run) -> None:
    run.compare(report, "first", run.first, run.truth.first)


@check("second gradient", "run")
def _(report: Report, run: Run) -> None:
    if run.truth.smooth:
        first, second = run.truth.gradients(run.values, run.make)
        run.compare(report, "first (create_graph)", first, run.truth.first)
        run.compare(report, "second", second, run.truth.second)


@check("dtype", "run")
def _(report: Report, run: Run) -> None:
    run.expect_dtypes(report)


@check("device", "run")
def _(report: Report, run: Run) -> None:
    device = run.place.backend.device
    for what, x in run.found if run.values else ():
        report.expect(
            device(x) == device(run.values[0]), f"{run.where}: the {what} is on {device(x)}"
        )


@check("inputs unchanged", "run")
def _(report: Report, run: Run) -> None:
    untouched = all(
        np.array_equal(on_host(v), on_host(run.make(w)))
        for v, w in zip(run.values, run.truth.values, strict=True)
    )
    report.expect(untouched, f"{run.where}: an input was changed")


@check("half", "half")
def _(report: Report, run: Run) -> None:
    """float16 and bfloat16 stay themselves; values are not compared."""
    try:
        run.compute()
    except Exception as error:
        text = str(error).lower()
        if any(word in text for word in ("not implemented", "not support", "unsupported")):
            raise SkipCheck(f"the library has it not: {error}") from None
        raise
    run.found += [(f"first gradient {k}", g) for k, g in enumerate(run.first) if g is not None]
    run.expect_dtypes(report)


@check("non-contiguous", "strided")
def _(report: Report, run: Run) -> None:
    """Arrays with steps in memory give what others give."""
    run.where = f"{run.where}, arrays with steps"
    run.compute()
    run.compare_result(report)
    run.compare(report, "first", run.first, run.truth.first)


@check("0-d", "place")
def _(report: Report, op: Any, place: Place, dtype: str) -> None:
    other_shapes(report, op, place, dtype, "0-d")


@check("empty", "place")
def _(report: Report, op: Any, place: Place, dtype: str) -> None:
    other_shapes(report, op, place, dtype, "empty")


@check("broadcast", "place")
def _(report: Report, op: Any, place: Place, dtype: str) -> None:
    other_shapes(report, op, place, dtype, "broadcast")


@check("no host transfer", "place")
def _(report: Report, op: Any, place: Place, dtype: str) -> None:
    if place.backend.name == "numpy":
        return
    truth = truths.of(op, op.definition.samples[0], "0")
    if truth.complex and not place.complex:
        return
    if op.definition.on_host:
        report.skip(place.name, "the op says that it may be computed on the host")
        return
    run = Run(truth, place, dtype)
    gs = {id(g): run.make(g) for g in truth.gs if g is not None}
    for x in run.values[:1]:
        with transfers(place.backend, type(x)) as seen:
            truth.first_gradients(run.values, lambda g: gs[id(g)])
        said = ", ".join(sorted(set(seen)))
        report.expect(not seen, f"{run.where}: an array went to the host, by {said}")


@check("graph freed", "place")
def _(report: Report, op: Any, place: Place, dtype: str) -> None:
    truth = truths.of(op, op.definition.samples[0], "0")
    if not truth.smooth or (truth.complex and not place.complex):
        return
    run = Run(truth, place, dtype)
    with no_collector():
        xs = [Variable(v) for v in run.values]
        ys: Any = [y for y in truth.call(xs) if isinstance(y, Variable)]
        nodes, pending = [ref(y) for y in ys], [y._node for y in ys]
        seen = set()  # by id: a node that is held here would not be freed
        while pending:
            node = pending.pop()
            if node is not None and not node.is_leaf and id(node) not in seen:
                seen.add(id(node))
                nodes.append(ref(node))
                pending += node.edges
        truth.total(ys, run.make).backward()
        del ys, node, pending
        alive = [found() for found in nodes if found() is not None]
        said = ", ".join(sorted({type(found).__name__ for found in alive}))
        report.expect(not alive, f"{run.where}: alive after its result has gone: {said}")


@contextmanager
def no_collector() -> Iterator[None]:
    """What dies meanwhile dies by counting references."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@check.public
def check_op(
    op: Any,
    *,
    places: Sequence[str] = PLACES,
    dtypes: Sequence[str] = DTYPES,
    only: str | Iterable[str] | None = None,
    skip: str | Iterable[str] = (),
    expected_failures: Mapping[str, str] | None = None,
) -> Report:
    """Check an op on its samples in every place and dtype.

    only, skip: names of checks, which `check_op.checks` lists. expected_failures: see `Report`.
    Raises ArgumentError for a check that there is not, and UnknownBackendError or
    BackendUnavailableError for a place.

    >>> import arraygrad.functions as F
    >>> check_op(F.tanh, places=["numpy"]).failures
    []
    >>> check_op(F.tanh, places=["numpy"], only=["forward", "dtype"])
    <Report core:tanh: ... checks, 0 failed>
    """
    definition: Definition = op.definition
    chosen = check.select(only, skip)
    report = Report(definition.id, expected_failures)
    at = places_of(places)
    with undisturbed():
        check.run("op", chosen, report, op)
        for i, sample in enumerate(definition.samples):
            with report.check("forward", f"{definition.name} {sample}"):
                truth = truths.of(op, sample, str(i))
                check.run("sample", chosen, report, truth)
                for place in at:
                    _check_at(report, chosen, truth, place, dtypes)
        if definition.samples and not (report.failures or report.expected):
            for place in at:
                where = f"{definition.name} on {place.name}"
                check.run("place", chosen, report, op, place, dtypes[0], where=where)
    return report.finish()


def _check_at(
    report: Report, chosen: set[str], truth: Truth, place: Place, dtypes: Sequence[str]
) -> None:
    if truth.complex and not place.complex:
        report.skip(f"{truth.where} on {place.name}", "there are no complex dtypes")
        return
    # A library that compiles does so anew for each shape and dtype of each call, which takes nearly
    # all of the time: there one dtype has all samples, and the others have the first.
    first = truth.sample is truth.op.definition.samples[0]
    for dtype in dtypes if first or not place.compiles else dtypes[:1]:
        if dtype not in place.dtypes:
            report.skip(f"{dtype} on {place.name}", "there is no such dtype")
            continue
        run = Run(truth, place, dtype)
        if run.forward(report):
            check.run("run", chosen, report, run, where=run.where)
    ends = (truth.op.definition.samples[0], truth.op.definition.samples[-1])
    halves = truth.smooth and not truth.complex and "half" in chosen
    if halves and (first or (truth.sample in ends and not place.compiles)):
        for dtype in place.dtypes:
            if dtype in HALVES:
                run = Run(truth, place, dtype)
                check.run("half", chosen, report, run, where=run.where)
    if "non-contiguous" in chosen:
        run = Run(truth, place, dtypes[0], strided=True)
        check.run("strided", chosen, report, run, where=run.where)
