"""check_plugin: everything that a distribution registers, each with the checks of its kind."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from arraygrad import hookspecs, plugins
from arraygrad.errors import ArgumentError, BackendUnavailableError, UnknownNameError
from arraygrad.layers import Layer
from arraygrad.loading import Plugin
from arraygrad.models import Model
from arraygrad.op import Definition
from arraygrad.optimizers import Optimizer
from arraygrad.registry import Entry
from arraygrad.settings import near
from arraygrad.testing.backends import check_backend
from arraygrad.testing.datasets import check_dataset
from arraygrad.testing.examples import check_docstring, check_example
from arraygrad.testing.kernels import check_kernel
from arraygrad.testing.layers import check_layer
from arraygrad.testing.models import check_model
from arraygrad.testing.ops import check_op
from arraygrad.testing.optimizers import check_optimizer
from arraygrad.testing.places import PLACES, reason_against
from arraygrad.testing.report import Report, SkipCheck
from arraygrad.testing.suite import Suite, undisturbed

check = Suite("check_plugin")


class Subject:
    """One plugin, and how its things are checked."""

    def __init__(self, plugin: Plugin, places: Sequence[str]) -> None:
        self.plugin, self.places = plugin, places

    def entries(self, kind: str) -> list[Entry]:
        """What it registers of a kind."""
        return [e for (k, _), e in self.plugin.staging.entries.items() if k == kind]

    def each(self, report: Report, kind: str, one: Callable[[Any, Entry], Report | None]) -> None:
        """Check each thing of a kind, and go on after what cannot be checked."""
        for entry in self.entries(kind):
            told = Report(entry.id)
            with told.check(kind, f"{kind} {entry.id} of {entry.provider}"):
                found = one(entry.resolve(), entry)
                if found is not None:
                    if not found.ran:
                        reasons = "; ".join(f"{k}: {why}" for k, why in found.skipped.items())
                        told.expect(False, f"{entry.id}: no check ran; {reasons or 'no samples'}")
                    found.name = entry.id
                    told.include(found)
            report.include(told)


def _documented(thing: Any, entry: Entry) -> Report:
    """The least that holds for anything."""
    report = Report(entry.id)
    with report.check("docstring"):
        check_docstring(report, thing)
    with report.check("example"):
        check_example(report, thing)
    return report


@check("status")
def _(report: Report, subject: Subject) -> None:
    plugin = subject.plugin
    report.expect(
        plugin.status == "active", f"{plugin.distribution} is {plugin.status}: {plugin.reason}"
    )
    version = hookspecs.API_VERSION
    report.expect(
        bool(plugin.api) and plugin.api.split(".")[0] == version.split(".")[0],
        f"{plugin.distribution} is for the plugin API {plugin.api!r}, this is {version}",
    )


@check("targets")
def _(report: Report, subject: Subject) -> None:
    problems = plugins.check_targets(subject.plugin.distribution)
    report.expect(not problems, f"targets that are not there: {'; '.join(problems)}")


@check("light import")
def _(report: Report, subject: Subject) -> None:
    """Its entry module brings no other library in: that waits until something is used."""
    if subject.plugin.namespace == "core":
        raise SkipCheck("it is arraygrad itself")
    own = {name.partition(".")[0] for name in subject.plugin.modules}
    code = (
        "import sys, json, arraygrad\nbefore = set(sys.modules)\n"
        f"import importlib\nfor name in {list(subject.plugin.modules)!r}:\n"
        "    importlib.import_module(name)\n"
        "print(json.dumps(sorted({m.partition('.')[0] for m in set(sys.modules) - before})))"
    )
    env = {**os.environ, "ARRAYGRAD_PLUGINS": "none"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=env, timeout=60
    )
    if not report.expect(done.returncode == 0, f"its import fails: {done.stderr.strip()[-300:]}"):
        return
    new = set(json.loads(done.stdout.splitlines()[-1])) - own - set(sys.stdlib_module_names)
    heavy = sorted(name for name in new if not name.startswith("_"))
    report.expect(not heavy, f"its entry module imports {', '.join(heavy)}; import them in use")


@check("functions")
def _(report: Report, subject: Subject) -> None:
    def one(function: Any, entry: Entry) -> Report:
        if isinstance(getattr(function, "definition", None), Definition):
            return check_op(function, places=subject.places)
        return _documented(function, entry)

    subject.each(report, "functions", one)


@check("kernels")
def _(report: Report, subject: Subject) -> None:
    seen: set[tuple[str, str]] = set()

    def one(_: Any, entry: Entry) -> Report | None:
        key = (entry.op.partition(".")[0], entry.backend)
        if key in seen:  # rules are checked with their op
            return None
        seen.add(key)
        reason = reason_against(entry.backend)
        if reason is not None:
            raise SkipCheck(reason)
        return check_kernel(entry)

    subject.each(report, "kernels", one)


@check("layers")
def _(report: Report, subject: Subject) -> None:
    subject.each(report, "layers", lambda cls, e: _layer(cls, e, subject.places))


@check("models")
def _(report: Report, subject: Subject) -> None:
    subject.each(report, "models", lambda cls, e: _layer(cls, e, subject.places))


def _layer(cls: Any, entry: Entry, places: Sequence[str]) -> Report:
    if isinstance(cls, type) and issubclass(cls, Model):
        return check_model(cls, places=places)
    if isinstance(cls, type) and issubclass(cls, Layer):
        return check_layer(cls, places=places)
    return _documented(cls, entry)


@check("optimizers")
def _(report: Report, subject: Subject) -> None:
    def one(cls: Any, entry: Entry) -> Report:
        if isinstance(cls, type) and issubclass(cls, Optimizer):
            return check_optimizer(cls, places=subject.places)
        return _documented(cls, entry)  # a hook or a schedule

    subject.each(report, "optimizers", one)


@check("datasets")
def _(report: Report, subject: Subject) -> None:
    subject.each(
        report,
        "datasets",
        lambda cls, e: check_dataset(cls) if isinstance(cls, type) else _documented(cls, e),
    )


@check("backends")
def _(report: Report, subject: Subject) -> None:
    def one(_: Any, entry: Entry) -> Report:
        try:
            return check_backend(entry.id if subject.plugin.namespace != "core" else entry.name)
        except BackendUnavailableError as error:
            raise SkipCheck(str(error)) from None

    subject.each(report, "backends", one)


@check("commands")
def _(report: Report, subject: Subject) -> None:
    def one(command: Any, entry: Entry) -> Report:
        told = Report(entry.id)
        told.expect(callable(command), f"{entry.id} is a {type(command).__name__}, not callable")
        told.expect(bool(entry.help), f"{entry.id} has no help; give register(..., help=...)")
        return told

    subject.each(report, "commands", one)


@check.public
def check_plugin(
    name: str,
    *,
    places: Sequence[str] = PLACES,
    only: str | Iterable[str] | None = None,
    skip: str | Iterable[str] = (),
    expected_failures: Mapping[str, str] | None = None,
) -> Report:
    """Check an installed plugin, and everything that it registers with the checks of its kind.

    name: of its distribution or its namespace. Raises UnknownNameError where it is not installed.

    >>> check_plugin("core", only=["status", "targets"])
    <Report arraygrad: 3 checks, 0 failed>
    """
    found = [p for p in plugins.statuses() if p.is_named(name)]
    if not found:
        known = {n for p in plugins.statuses() for n in (p.distribution, p.namespace)}
        raise UnknownNameError(
            f"check_plugin: no plugin is named {name!r}{near(name, known)}; install it first, "
            f"as with pip install -e ."
        )
    if len(found) > 1:
        names = ", ".join(plugin.distribution for plugin in found)
        raise ArgumentError(f"check_plugin: {name!r} may be each of {names}; give the full name")
    chosen = check.select(only, skip)
    report = Report(found[0].distribution, expected_failures)
    with undisturbed():
        check.run("once", chosen, report, Subject(found[0], places), where=report.name)
    return report.finish()
