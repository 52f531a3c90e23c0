"""check_dataset: length, indices, dtypes, transforms, and what happens without a network."""

from __future__ import annotations

import copy
import pickle
import socket
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from arraygrad.dataloaders import DataLoader
from arraygrad.datasets import Dataset, Text
from arraygrad.errors import ArraygradError
from arraygrad.testing.examples import check_docstring, check_example
from arraygrad.testing.report import Report
from arraygrad.testing.samples import name_of, samples_of
from arraygrad.testing.suite import Suite, undisturbed

check = Suite("check_dataset")
BASES = (Dataset, Text)  # for others to derive from
_MANY = 100  # how many samples of a large set are looked at


class Offline(OSError):
    """Raised for a connection while there is no network."""


@contextmanager
def offline() -> Iterator[list[str]]:
    """No connection can be made; the list has the hosts that were asked for."""
    asked: list[str] = []

    def refuse(*args: Any, **kwargs: Any) -> Any:
        asked.append(str(args[0] if args else ""))
        raise Offline("there is no network in this check")

    names = ("create_connection", "getaddrinfo", "gethostbyname")
    before = {name: getattr(socket, name) for name in names}
    for name in names:
        setattr(socket, name, refuse)
    try:
        yield asked
    finally:
        for name, function in before.items():
            setattr(socket, name, function)


@check("docstring", "class")
def _(report: Report, cls: Any) -> None:
    check_docstring(report, cls)


@check("example", "class")
def _(report: Report, cls: Any) -> None:
    with offline():
        check_example(report, cls)


@check("length", "data")
def _(report: Report, data: Any, make: Any) -> None:
    report.expect(isinstance(data, Dataset), f"make() gives a {type(data).__name__}")
    n = len(data)
    report.expect(n > 0, "it has no samples")
    for index in (n, -n - 1):
        try:
            data[index]
        except IndexError:
            report.expect(True, "")
        else:
            report.expect(False, f"index {index} of {n} samples gives one, expected IndexError")
    report.expect(_equal(data[n - 1], data[-1]), "the index -1 is not the last sample")


@check("indexing", "data")
def _(report: Report, data: Any, make: Any) -> None:
    """Many at a time are the same as one by one."""
    if not getattr(data, "_takes_many", lambda: False)():
        return
    n = min(len(data), _MANY)
    for many in (slice(0, n, 3), list(range(n))[::-2], np.arange(0, n, 2)):
        one_by_one = [data[int(i)] for i in np.arange(len(data))[many]]
        xs, ts = data[many]
        for k, (x, t) in enumerate(one_by_one):
            right = _equal(xs[k], x) and (ts is None or _equal(ts[k], t))
            if not report.expect(right, f"data[{many!r}][{k}] is another than one by one"):
                return


@check("dtype", "data")
def _(report: Report, data: Any, make: Any) -> None:
    """All samples are of one dtype, and none is float64 or object."""
    found: dict[str, set[str]] = {"sample": set(), "label": set()}
    for i in range(min(len(data), _MANY)):
        for what, x in zip(found, data[i], strict=True):
            if x is not None:
                found[what].add(str(np.asarray(x).dtype))
    for what, dtypes in found.items():
        report.expect(len(dtypes) < 2, f"each {what} has a dtype of its own: {sorted(dtypes)}")
        report.expect("object" not in dtypes, f"a {what} is no array of numbers")


@check("repeatable", "data")
def _(report: Report, data: Any, make: Any) -> None:
    """Equal seeds give equal samples."""
    sets = []
    for _ in range(2):
        np.random.seed(1)
        sets.append(make())
    report.expect(len(sets[0]) == len(sets[1]), "another one has another length")
    for i in range(min(len(data), 5)):
        report.expect(_equal(sets[0][i], sets[1][i]), f"sample {i} of another one differs")


@check("transforms", "data")
def _(report: Report, data: Any, make: Any) -> None:
    if not hasattr(data, "transform") or type(data).__getitem__ is not Dataset.__getitem__:
        return
    plain = make()
    plain.transform = plain.target_transform = None
    changed = copy.copy(plain)
    changed.transform = lambda x: ("x", x)
    changed.target_transform = lambda t: ("t", t)
    (x, t), (x0, t0) = changed[0], plain[0]
    report.expect(x[0] == "x" and _equal(x[1], x0), "transform is not called with the sample")
    if t0 is not None:
        report.expect(t[0] == "t" and _equal(t[1], t0), "target_transform is not called")


@check("loader", "data")
def _(report: Report, data: Any, make: Any) -> None:
    """A loader makes batches of it."""
    x, _ = next(iter(DataLoader(data, batch_size=2, shuffle=False)))
    report.expect(len(x) == min(2, len(data)), f"a batch of two has {len(x)} samples")


@check("pickle", "data")
def _(report: Report, data: Any, make: Any) -> None:
    other = pickle.loads(pickle.dumps(data))
    report.expect(_equal(other[0], data[0]), "out of a pickle it has another first sample")


@check("offline", "made")
def _(report: Report, made: Any) -> None:
    """Without a network: there, or an error that says what is missing."""
    error, asked = made
    if error is None:
        report.expect(not asked, f"it asks {', '.join(asked)} and goes on without an answer")
        return
    known = isinstance(error, ArraygradError | ImportError) and not isinstance(error, Offline)
    text = f"{type(error).__name__}: {error}"
    report.expect(known, f"without a network it raises {text}; expected an error of arraygrad")
    report.expect(len(str(error)) > 20, f"without a network it says too little: {text}")


@check.public
def check_dataset(
    dataset: Any,
    *,
    only: str | Iterable[str] | None = None,
    skip: str | Iterable[str] = (),
    expected_failures: Mapping[str, str] | None = None,
) -> Report:
    """Check a data set: length, indices, dtypes, transforms; made without a network.

    dataset: a function without arguments that makes one, or a class that says itself how to make
    one: see `Sample`; a class whose __init__ needs no arguments is made like that. What is not
    on this machine is not downloaded: then its error is checked, and the rest is skipped.

    >>> from arraygrad.datasets import Spiral
    >>> check_dataset(Spiral)
    <Report core:Spiral: ... checks, 0 failed>
    """
    chosen = check.select(only, skip)
    report = Report(name_of(dataset), expected_failures)
    with undisturbed():
        if isinstance(dataset, type):
            check.run("class", chosen, report, dataset)
        for make in _ways(dataset):
            data, error = None, None
            with offline() as asked:
                try:
                    data = make()
                except Exception as reason:
                    error = reason
            check.run("made", chosen, report, (error, asked))
            if error is None:
                check.run("data", chosen, report, data, make)
            else:
                report.skip("data", f"not on this machine ({type(error).__name__})")
    return report.finish()


def _ways(dataset: Any) -> list[Any]:
    if dataset in BASES:
        return []
    if isinstance(dataset, type) and "samples" not in vars(dataset):
        import inspect

        arguments = inspect.signature(dataset).parameters.values()
        if all(a.default is not a.empty or a.kind in (2, 4) for a in arguments):
            return [dataset]
    return [sample.make for sample in samples_of("check_dataset", dataset, (), {}, {})]


def _equal(x: Any, y: Any) -> bool:
    if isinstance(x, tuple | list):
        return len(x) == len(y) and all(map(_equal, x, y))
    return bool(np.array_equal(np.asarray(x), np.asarray(y)))
