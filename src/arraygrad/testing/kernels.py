"""check_kernel: a faster form of an op gives what the definition of the op gives."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from time import perf_counter
from typing import Any

import numpy as np

from arraygrad import firstcall, kernels, registry
from arraygrad.errors import ArgumentError, ArraygradError
from arraygrad.functions import everything
from arraygrad.kernels import Choice
from arraygrad.op import arr, case, table
from arraygrad.registry import Entry
from arraygrad.testing.places import DTYPES, ROUNDING, Place, close, on_host
from arraygrad.testing.recipes import recipes, reshaped
from arraygrad.testing.report import Report
from arraygrad.testing.suite import Suite, undisturbed
from arraygrad.testing.truth import Truth
from arraygrad.variable import Variable

check = Suite("check_kernel")
_LARGE = 40_000  # elements: kernels often go another way for large arrays


class Both:
    """One sample on one backend and dtype, by kernels and by definitions alone."""

    def __init__(
        self, used: list[Entry], op: Any, sample: case, place: Place, dtype: str, stage: str
    ) -> None:
        self.used = used
        provider = " and ".join(dict.fromkeys(e.provider for e in used))
        self.where = f"{op.definition.id} {sample} on {place.name} {dtype}, kernel of {provider}"
        self.place, self.dtype, strided = place, dtype, stage == "strided"
        self.second = stage == "both"
        with only_kernels([], used[0]):
            self.truth = Truth(op, sample, 0)
            self.plain = self._call(strided)
        with only_kernels(used, used[0]):
            self.values = [place.cast(v, dtype, strided=strided) for v in self.truth.values]
            self.kernel = self._call(strided, self.values)

    def _call(self, strided: bool, values: Any = None) -> dict[str, Any]:
        truth, place = self.truth, self.place

        def make(v: np.ndarray) -> Any:
            return place.cast(v, self.dtype)

        if values is None:
            values = [place.cast(v, self.dtype, strided=strided) for v in truth.values]
        ys = truth.call([Variable(v) for v in values])
        found = {f"the result {k}" if k else "the result": y.data for k, y in enumerate(ys)}
        if [y.shape for y in ys] != [out.shape for out in truth.outs]:
            return found  # nothing can be said of its gradients
        ys, first = truth.first_gradients(values, make)
        found = {f"the result {k}" if k else "the result": y.data for k, y in enumerate(ys)}
        found |= {f"the gradient of input {truth.moving[k]}": g for k, g in enumerate(first)}
        if truth.smooth and len(ys) == 1 and not truth.complex:
            # A gradient of a sum is often a scalar of NumPy's, one that is started from an array.
            ones = enumerate(truth.from_result(values))
            found |= {f"the gradient of input {truth.moving[k]} of ones": g for k, g in ones}
        if truth.smooth and self.second:
            _, second = truth.gradients(values, make)
            found |= {f"the second gradient {k}": g for k, g in enumerate(second)}
        return found

    def compare(self, report: Report, what: str) -> None:
        """One of "shape", "dtype", "values"."""
        rounding = ROUNDING[self.dtype] * 10
        for name, y in self.kernel.items():
            x = self.plain[name]
            if x is None or y is None:
                if what == "values":
                    nothing = all(v is None or not np.any(on_host(v)) for v in (x, y))
                    report.expect(nothing, f"{self.where}: {name} is missing")
            elif what == "values":
                if x.shape == y.shape:
                    big = max(1.0, float(np.max(np.abs(on_host(x)), initial=0.0)))
                    right = close(on_host(y) / big, on_host(x) / big, rounding)
                    report.expect(right, f"{self.where}: {name} differs from the definition's")
            else:
                got, wanted = getattr(y, what), getattr(x, what)
                report.expect(
                    got == wanted, f"{self.where}: {name} has {what} {got}, expected {wanted}"
                )


@check("used")
def _(report: Report, used: list[Entry], op: Any) -> None:
    """It is for something that arraygrad looks for kernels of."""
    rules = {".".join(inputs): None for inputs in op.definition.rules}
    for entry in used:
        rule = entry.op.partition(".")[2]
        report.expect(
            not op.definition.composed,
            f"{entry.id} of {entry.provider} never runs: {op.definition.id} is composed of other "
            f"ops; give a kernel for one of those, which arraygrad.explain names",
        )
        report.expect(
            not rule or op.definition.composed or rule in rules,
            f"{entry.id} of {entry.provider} never runs: {op.definition.id} has no rule "
            f"{rule!r}, expected one of {', '.join(rules)}",
        )


@check("shape", "both")
def _(report: Report, both: Both) -> None:
    both.compare(report, "shape")


@check("dtype", "both")
def _(report: Report, both: Both) -> None:
    both.compare(report, "dtype")


@check("values", "both")
def _(report: Report, both: Both) -> None:
    both.compare(report, "values")


@check("inputs unchanged", "both")
def _(report: Report, both: Both) -> None:
    for i, (x, v) in enumerate(zip(both.values, both.truth.values, strict=True)):
        same = np.array_equal(on_host(x), on_host(both.place.cast(v, both.dtype)))
        report.expect(same, f"{both.where}: it writes into input {i}")


@check("non-contiguous", "strided")
def _(report: Report, both: Both) -> None:
    both.compare(report, "shape")
    both.compare(report, "values")


@check("large", "large")
def _(report: Report, both: Both) -> None:
    both.compare(report, "shape")
    both.compare(report, "values")


@check.public
def check_kernel(
    kernel: Any,
    backend: str | None = None,
    *,
    dtypes: Sequence[str] = DTYPES,
    measure: bool = False,
    only: str | Iterable[str] | None = None,
    skip: str | Iterable[str] = (),
    expected_failures: Mapping[str, str] | None = None,
) -> Report:
    """Check a kernel, with those of its rules, against the definition of its op on all samples.

    kernel: the id of an op such as "core:tanh" (with `backend`), or an Entry of the registry. On
    NumPy its inputs are read-only. measure: note how many times as fast it is, on large arrays.
    Raises ArgumentError for a kernel or an op that there is not.

    >>> check_kernel("core:tanh", "numpy")
    <Report core:tanh@numpy: ... checks, 0 failed>
    """
    chosen = check.select(only, skip)
    used = _entries(kernel, backend)
    entry = used[0]
    op = _op(entry)
    report = Report(f"{entry.op.partition('.')[0]}@{entry.backend}", expected_failures)
    place = Place("numpy-readonly" if entry.backend == "numpy" else entry.backend)
    with undisturbed():
        check.run("once", chosen, report, used, op, where=report.name)
        for sample in op.definition.samples:
            for dtype in dtypes:
                if dtype in place.dtypes:
                    _stage(report, chosen, "both", used, op, sample, place, dtype)
            _stage(report, chosen, "strided", used, op, sample, place, dtypes[0])
        if "large" in chosen or measure:
            _large(report, chosen, used, op, place, dtypes[0], measure)
    return report.finish()


def _stage(
    report: Report, chosen: set[str], stage: str, used: list[Entry], op: Any, sample: case,
    place: Place, dtype: str,
) -> Both | None:  # fmt: skip
    name = {"both": "values", "strided": "non-contiguous", "large": "large"}[stage]
    if stage != "both" and name not in chosen:
        return None
    who = f"{op.definition.id} {sample} on {place.name}, kernel of {used[0].provider}"
    with report.check(name, who):
        both = Both(used, op, sample, place, dtype, stage)
        check.run(stage, chosen, report, both, where=both.where)
        return both
    return None


def _large(
    report: Report, chosen: set[str], used: list[Entry], op: Any, place: Place, dtype: str,
    measure: bool,
) -> None:  # fmt: skip
    """The first sample that can be made large along the first axes of some of its arrays."""
    for sample in op.definition.samples:
        for which in ("like the first", "first", "all"):
            other = _larger(sample, which)
            if other is None:
                continue
            try:
                with only_kernels([], used[0]):
                    truth = Truth(op, other, 0)
                    truth.call([Variable(place.cast(v, dtype)) for v in truth.values])
            except (ArraygradError, ValueError, IndexError, TypeError, MemoryError):
                continue  # the definition does not take such arrays
            both = _stage(report, chosen, "large", used, op, other, place, dtype)
            if both is not None and measure:
                report.notes.append(f"{report.name}: {_ratio(both):.2f} times as fast, {other}")
            return


def _larger(sample: case, which: str) -> case | None:
    """The sample with more along the first axis: of arrays as long as the first one, ..."""
    shapes = [a.shape for a in recipes(sample)]
    if not shapes or not shapes[0] or not all(map(np.prod, shapes)):
        return None
    length, factor = shapes[0][0], -(-_LARGE // int(max(map(np.prod, shapes))))

    def change(i: int, a: arr) -> tuple[int, ...]:
        wanted = which == "all" or not i or (which != "first" and a.shape[:1] == (length,))
        return (a.shape[0] * factor, *a.shape[1:]) if a.shape and wanted else a.shape

    return reshaped(sample, change)


def _ratio(both: Both, rounds: int = 5) -> float:
    """How many times as fast forward and backward are, the best of some rounds in turns."""
    best = [np.inf, np.inf]
    gs = {id(g): both.place.cast(g, both.dtype) for g in both.truth.gs if g is not None}
    for _ in range(rounds):
        for i, used in enumerate(([], both.used)):
            with only_kernels(used, both.used[0]):
                both.truth.first_gradients(both.values, lambda g: gs[id(g)])  # chooses kernels
                start = perf_counter()
                both.truth.first_gradients(both.values, lambda g: gs[id(g)])
                best[i] = min(best[i], perf_counter() - start)
    return float(best[0] / best[1])


@contextmanager
def only_kernels(used: list[Entry], of: Entry) -> Iterator[None]:
    """For the op of that entry, and its rules, use these kernels and no others."""
    original, limit = kernels.choice, firstcall.LIMIT
    firstcall.LIMIT = -1  # here is who compares
    base = of.op.partition(".")[0]
    wanted = {(e.op, e.backend): e for e in used}

    def choice(op: str, backend: str) -> Choice:
        if backend == of.backend and op.partition(".")[0] == base:
            return Choice(wanted.get((op, backend)), [])
        return original(op, backend)

    kernels.choice = choice
    registry.changed()
    try:
        yield
    finally:
        kernels.choice, firstcall.LIMIT = original, limit
        registry.changed()


def _entries(kernel: Any, backend: str | None) -> list[Entry]:
    """All kernels of one provider for one op and backend: forward and rules."""
    everything = registry.entries("kernels")
    if not isinstance(kernel, Entry):
        name, _, at = str(kernel).partition("@")
        name = name if ":" in name else f"core:{name}"
        backend = backend or at
        found = [e for e in everything if (e.op.partition(".")[0], e.backend) == (name, backend)]
        if not found:
            raise ArgumentError(
                f"check_kernel: got {kernel!r} on {backend!r}, for which nobody registers a "
                f"kernel; `arraygrad kernels` lists them"
            )
        used = [kernels.choice(e.op, e.backend).entry for e in found]
        kernel = next((e for e in used if e is not None), found[0])
    base = kernel.op.partition(".")[0]
    same = (kernel.namespace, kernel.backend)
    mine = [
        e for e in everything if e.op.partition(".")[0] == base and (e.namespace, e.backend) == same
    ]
    return sorted(mine, key=lambda e: e.op)


def _op(entry: Entry) -> Any:
    base = entry.op.partition(".")[0]
    everything()  # private ops may be imported late
    for function in table.values():
        if function.definition.id == base:
            return function
    try:
        function = registry.lookup("functions", base)
    except LookupError:
        function = None
    if not hasattr(function, "definition"):
        raise ArgumentError(
            f"check_kernel: {entry.provider} registers a kernel of {entry.op!r}, but there is no "
            f"op of that id; expected one such as 'core:tanh'"
        )
    return function
