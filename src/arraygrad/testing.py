"""The conformance kit: proves an op right on every array library, from the samples it carries.

`python -m arraygrad.testing [PLACE ...]` checks every op of the core and counts the checks.
`check_op(op)` runs each sample in every place (a library, a device, read-only arrays) and dtype:
forward against the op's reference, first and second gradient against differences, dtype and
device follow the inputs, inputs stay untouched. It returns a Report that counts what ran.
"""

from __future__ import annotations

import math
import sys
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np

from arraygrad.backend import backend_of, get_backend, is_inexact
from arraygrad.op import Definition, arr, case
from arraygrad.variable import Variable

PLACES = ("numpy", "numpy-readonly", "strict", "strict:device1")
DTYPES = ("float32", "float64")
_ROUNDING = {"float32": 2e-4, "float64": 1e-6}


class Report:
    """What was checked: `ran` counts the checks, `failures` tells each that failed."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.ran = 0
        self.failures: list[str] = []

    def __repr__(self) -> str:
        return f"<Report {self.name}: {self.ran} checks, {len(self.failures)} failed>"

    def expect(self, right: bool, what: str) -> None:
        """Count one check; note `what` if it failed."""
        self.ran += 1
        if not right:
            self.failures.append(what)

    def raise_for_failures(self) -> None:
        """Raise AssertionError with all failures, or if nothing was checked at all."""
        if not self.ran:
            raise AssertionError(f"{self.name}: no check ran; give the op samples")
        if self.failures:
            lines = "\n  ".join(self.failures)
            raise AssertionError(
                f"{self.name}: {len(self.failures)} of {self.ran} checks failed\n  {lines}"
            )


class Place:
    """Where samples are made: a backend, one of its devices, and whether arrays are read-only."""

    def __init__(self, name: str) -> None:
        self.name = name
        library, _, device = name.partition(":")
        self.readonly = library == "numpy-readonly"
        known = {"strict": "array_api_strict", "numpy-readonly": "numpy"}
        self.backend = get_backend(known.get(library, library))
        self.device: Any = None
        if device:
            self.device = next(d for d in self.backend.devices() if device in str(d))

    def array(self, value: np.ndarray) -> Any:
        """A fresh array here of the values and dtype of a NumPy array."""
        x = self.backend.asarray(value.copy(), device=self.device)
        if self.readonly:
            x.flags.writeable = False
        return x


def check_op(op: Any, *, places: Sequence[str] = PLACES, dtypes: Sequence[str] = DTYPES) -> Report:
    """Check an op on its samples in every place and dtype; see `Report.raise_for_failures`.

    >>> import arraygrad.functions as F
    >>> check_op(F.tanh, places=["numpy"]).failures
    []
    """
    definition: Definition = op.definition
    report = Report(definition.id)
    report.expect(bool((op.__doc__ or "").strip()), "it has no docstring")
    for i, sample in enumerate(definition.samples):
        with np.errstate(all="ignore"), _seeded():
            truth = _Truth(op, sample, zlib.crc32(f"{definition.name}{i}".encode()))
            truth.check(report)
            for name in places:
                place = Place(name)
                for dtype in dtypes:
                    _check_at(report, truth, place, dtype)
    return report


def main(places: Sequence[str]) -> int:
    """Check every op of the core in these places (all by default); print how many checks ran."""
    from arraygrad.op import table

    total = failed = 0
    for place in places or PLACES:
        reports = [
            check_op(op, places=[place])
            for op in table.values()
            if op.definition.id.startswith("core:") and op.definition.samples
        ]
        ran = sum(report.ran for report in reports)
        failures = [line for report in reports for line in report.failures]
        print(f"{place}: {len(reports)} ops, {ran} checks, {len(failures)} failed")
        print(*failures, sep="\n", end="\n" if failures else "")
        total, failed = total + ran, failed + len(failures)
    print(f"{total - failed} passed, {failed} failed")
    return 1 if failed or not total else 0


class _Truth:
    """One sample in float64 on NumPy: its inputs, output and gradients, checked by differences."""

    def __init__(self, op: Any, sample: case, seed: int) -> None:
        self.op, self.sample = op, sample
        self.where = f"{op.definition.name} {sample}"
        self.rng = np.random.default_rng(seed)
        self.values: list[np.ndarray] = []  # of the arrays, in order of appearance
        self.moving: list[int] = []  # which of them are differentiated
        constant = op.definition.constant
        bound = op.definition.public.bind(*sample.args, **sample.kwargs)
        for name, value in bound.arguments.items():
            self._draw(value, name in constant)
        y = self.call([Variable(v.copy()) for v in self.values])
        self.out = _host(y.data)
        self.smooth = y.creator is not None and self.out.dtype.kind in "fc"
        self.first: list[Any] = []
        self.second: list[Any] = []
        if self.smooth:
            self.g = self.rng.uniform(0.5, 1.5, self.out.shape)
            self.ds = [self.rng.uniform(0.5, 1.5, self.values[i].shape) for i in self.moving]
            self.first, self.second = self.gradients(self.values, lambda v: v)

    def _draw(self, value: Any, constant: bool) -> None:
        if isinstance(value, arr):
            if value.kind == "real":
                if not constant:
                    self.moving.append(len(self.values))
                drawn: Any = np.asarray(self.rng.uniform(value.low, value.high, value.shape))
            elif value.kind == "int":
                drawn = self.rng.integers(int(value.low), int(value.high), value.shape)
            else:
                drawn = self.rng.uniform(size=value.shape) > 0.5
            self.values.append(np.asarray(drawn))
        elif isinstance(value, list | tuple):
            for part in value:
                self._draw(part, constant)

    def call(self, arrays: Sequence[Any]) -> Variable:
        """The op on the sample, with these arrays in place of the recipes."""
        np.random.seed(0)
        remaining = iter(arrays)
        bound = self.op.definition.public.bind(*self.sample.args, **self.sample.kwargs)
        for name, value in bound.arguments.items():
            bound.arguments[name] = _filled(value, remaining)
        y = self.op(*bound.args, **bound.kwargs)
        return _end_to_end(y) if isinstance(y, tuple | list) else y

    def gradients(self, values: Sequence[Any], make: Any) -> tuple[list[Any], list[Any]]:
        """First gradients of sum(g * y), and second ones: of the first along the directions."""
        xs = [Variable(v) for v in values]
        moving = [xs[i] for i in self.moving]
        y = self.call(xs)
        (y * make(self.g)).sum().backward(create_graph=True)
        first = [x.grad for x in moving]
        along: Any = None
        for gx, d in zip(first, self.ds, strict=True):
            if gx is not None and gx.creator is not None:
                term = (gx * make(d)).sum()
                along = term if along is None else along + term
        for x in moving:
            x.cleargrad()
        if along is not None:
            along.backward()
        second = [x.grad for x in moving]
        for x in moving:
            x.cleargrad()
        return (
            [None if gx is None else gx.data for gx in first],
            [None if gx is None else gx.data for gx in second],
        )

    def check(self, report: Report) -> None:
        """Compare with the reference and with central differences."""
        reference = self.op.definition.reference
        if reference is not None:
            function = getattr(np, reference) if isinstance(reference, str) else reference
            remaining = iter(self.values)
            args = [_filled(a, remaining) for a in self.sample.args]
            expected = np.asarray(function(*args, **self.sample.kwargs))
            report.expect(
                _close(self.out, expected, 1e-9), f"{self.where}: forward differs from reference"
            )
        if not self.smooth:
            return
        step = 1e-6
        for order, analytic in enumerate((self.first, self.second), 1):
            for k, i in enumerate(self.moving):
                e = self.rng.uniform(-1, 1, self.values[i].shape)
                ends = []
                for sign in (step, -step):
                    moved = [v.copy() for v in self.values]
                    moved[i] = moved[i] + sign * e
                    ends.append(self._scalar(moved, order))
                numeric = (ends[0] - ends[1]) / (2 * step)
                exact = 0.0 if analytic[k] is None else float(np.sum(np.asarray(analytic[k]) * e))
                report.expect(
                    math.isclose(numeric, exact, rel_tol=1e-5, abs_tol=1e-6),
                    f"{self.where}: gradient of order {order} of input {i} is {exact!r} along a "
                    f"direction, differences give {numeric!r}",
                )

    def _scalar(self, values: Sequence[np.ndarray], order: int) -> float:
        if order == 1:
            return float(np.sum(self.call([Variable(v) for v in values]).data * self.g))
        first, _ = self.gradients(values, lambda v: v)
        pairs = zip(first, self.ds, strict=True)
        return float(sum(np.sum(gx * d) for gx, d in pairs if gx is not None))


def _check_at(report: Report, truth: _Truth, place: Place, dtype: str) -> None:
    """One sample in one place and dtype, against the float64 truth."""
    backend, where = place.backend, f"{truth.where} on {place.name} {dtype}"

    def make(value: np.ndarray) -> Any:
        return place.array(value.astype(dtype) if value.dtype.kind == "f" else value)

    values = [make(v) for v in truth.values]
    try:
        y = truth.call([Variable(v) for v in values])
        first, second = truth.gradients(values, make) if truth.smooth else ([], [])
    except Exception as error:
        report.expect(False, f"{where}: {type(error).__name__}: {error}")
        return
    report.expect(isinstance(y, Variable), f"{where}: the result is a {type(y).__name__}")
    rounding = _ROUNDING[dtype]
    data = y.data
    report.expect(_close(backend.to_numpy(data), truth.out, rounding), f"{where}: forward differs")
    pairs = [("result", data)]
    orders = {"first": (first, truth.first), "second": (second, truth.second)}
    for order, (found, expected) in orders.items():
        for k, (gx, right) in enumerate(zip(found, expected, strict=True)):
            if right is None or gx is None:
                report.expect(
                    all(v is None or not np.any(_host(v)) for v in (gx, right)),
                    f"{where}: {order} gradient {k} is missing",
                )
                continue
            pairs.append((f"{order} gradient {k}", gx))
            report.expect(
                _close(backend.to_numpy(gx), right, rounding * 10),
                f"{where}: {order} gradient {k} differs",
            )
    # A result that is not differentiable, such as a share of right answers, has a dtype of its own.
    kept = truth.smooth and truth.op.definition.title != "astype"
    for what, x in pairs:
        if is_inexact(x.dtype, backend.xp) and kept:
            report.expect(
                x.dtype == backend.dtype(dtype), f"{where}: the {what} has dtype {x.dtype}"
            )
        if values:
            report.expect(
                backend.device(x) == backend.device(values[0]),
                f"{where}: the {what} is on {backend.device(x)}",
            )
    untouched = all(
        np.array_equal(backend.to_numpy(v), backend.to_numpy(make(w)))
        for v, w in zip(values, truth.values, strict=True)
    )
    report.expect(untouched, f"{where}: an input was changed")


def _host(x: Any) -> np.ndarray:
    return backend_of(x).to_numpy(x)


def _end_to_end(ys: Sequence[Variable]) -> Variable:
    """Several results as one, so that all of them are checked; constants beside others not."""
    from arraygrad.functions import concat, reshape

    return concat([reshape(y, (-1,)) for y in ys if y.requires_grad or len(ys) == 1])


def _filled(value: Any, arrays: Iterator[Any]) -> Any:
    if isinstance(value, arr):
        return next(arrays)
    if isinstance(value, list | tuple):
        return type(value)(_filled(part, arrays) for part in value)
    return value


def _close(x: np.ndarray, y: np.ndarray, tolerance: float) -> bool:
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        return False
    if x.dtype.kind in "biu" and y.dtype.kind in "biu":
        return bool(np.array_equal(x, y))
    return bool(np.allclose(x, y, rtol=tolerance, atol=tolerance, equal_nan=True))


@contextmanager
def _seeded() -> Iterator[None]:
    """NumPy's global generator is the user's: leave it as it was."""
    state = np.random.get_state()
    try:
        yield
    finally:
        np.random.set_state(state)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
