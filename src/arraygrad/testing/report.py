"""Report: what was checked, what failed, what was expected to fail, what was skipped, and why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from fnmatch import fnmatchcase
from typing import Any


class SkipCheck(Exception):
    """Raised inside a check that cannot run here; the text is the reason in the report."""


class Failure(str):
    """What went wrong, in words; `check` is the name of the check that found it."""

    __slots__ = ("check", "subject")

    check: str
    subject: str

    @classmethod
    def of(cls, text: str, check: str, subject: str) -> Failure:
        failure = cls(text)
        failure.check, failure.subject = check, subject
        return failure

    def matches(self, pattern: str) -> bool:
        """Whether it is meant: by its check's name, or by a pattern of a subject or the text."""
        return pattern == self.check or any(
            fnmatchcase(text, pattern) for text in (f"{self.subject} {self.check}", self)
        )


class Report:
    """What was checked: `ran` counts the checks, `failures` tells each that failed.

    expected_failures: name of a check, or a pattern of a failure's text such as `"*on torch*"`
    -> reason. What matches is counted apart, in `expected`; one that matches nothing is a failure
    itself, for then the list is out of date. `skipped` has what could not run, with the reason.

    >>> report = Report("two", {"three": "nobody counts that far"})
    >>> with report.check("one"):
    ...     _ = report.expect(1 + 1 == 2, "1 + 1 is not 2")
    >>> with report.check("three"):
    ...     _ = report.expect(1 + 1 == 3, "1 + 1 is not 3")
    >>> report.finish()
    <Report two: 2 checks, 0 failed, 1 expected to fail>
    """

    def __init__(self, name: str, expected_failures: Mapping[str, str] | None = None) -> None:
        self.name = name
        self.ran = 0
        self.failures: list[Failure] = []
        self.expected: list[tuple[Failure, str]] = []
        self.skipped: dict[str, str] = {}
        self.counts: dict[str, int] = {}
        self.notes: list[str] = []
        self._expected_failures = dict(expected_failures or {})
        self._met: set[str] = set()
        self._check = ""

    @property
    def passed(self) -> int:
        """How many checks passed."""
        return self.ran - len(self.failures) - len(self.expected)

    @property
    def ok(self) -> bool:
        """Whether something was checked, and nothing failed that was not expected to."""
        return self.ran > 0 and not self.failures

    def __repr__(self) -> str:
        more = f", {len(self.expected)} expected to fail" if self.expected else ""
        more += f", {len(self.skipped)} skipped" if self.skipped else ""
        return f"<Report {self.name}: {self.ran} checks, {len(self.failures)} failed{more}>"

    def __str__(self) -> str:
        lines = [repr(self)]
        lines += [f"  failed: {failure}" for failure in self.failures]
        lines += [f"  expected to fail ({why}): {failure}" for failure, why in self.expected]
        lines += [f"  skipped: {what}: {why}" for what, why in self.skipped.items()]
        lines += [f"  {note}" for note in self.notes]
        return "\n".join(lines)

    def expect(self, right: bool, what: str) -> bool:
        """Count one check; note `what` if it failed. Returns whether it was right."""
        self.ran += 1
        self.counts[self._check] = self.counts.get(self._check, 0) + 1
        if not right:
            self._fail(Failure.of(what, self._check, self.name))
        return bool(right)

    def skip(self, what: str, reason: str) -> None:
        """Note what could not be checked, and why."""
        self.skipped[what] = reason

    @contextmanager
    def check(self, name: str, where: str = "") -> Iterator[None]:
        """What is expected inside belongs to that check; an exception is a failure of it."""
        before, self._check = self._check, name
        try:
            yield
        except SkipCheck as reason:
            self.skip(f"{where}: {name}" if where else name, str(reason))
        except Exception as error:
            self.expect(False, f"{where or self.name}: {name}: {type(error).__name__}: {error}")
        finally:
            self._check = before

    def include(self, other: Report) -> None:
        """Count what another report counted."""
        self.ran += other.ran
        for name, count in other.counts.items():
            self.counts[name] = self.counts.get(name, 0) + count
        for failure in other.failures:
            text = failure if failure.startswith(other.name) else f"{other.name}: {failure}"
            self._fail(Failure.of(text, failure.check, failure.subject))
        self.expected += other.expected
        for what, why in other.skipped.items():
            self.skipped[what if what.startswith(other.name) else f"{other.name}: {what}"] = why
        self.notes += other.notes

    def finish(self) -> Report:
        """Report the expected failures that did not come; returns the report itself."""
        for pattern, reason in self._expected_failures.items():
            if pattern not in self._met:
                self.ran += 1
                text = f"{pattern!r} is expected to fail ({reason}), but nothing like it failed"
                self.failures.append(Failure.of(text, "expected failures", self.name))
        self._met.update(self._expected_failures)
        return self

    def raise_for_failures(self) -> None:
        """Raise AssertionError with all failures, or if nothing was checked at all."""
        if not self.ran:
            why = "; ".join(f"{what}: {reason}" for what, reason in self.skipped.items())
            raise AssertionError(
                f"{self.name}: no check ran; give it samples"
                + (f" (skipped: {why})" if why else "")
            )
        if self.failures:
            lines = "\n  ".join(self.failures)
            raise AssertionError(
                f"{self.name}: {len(self.failures)} of {self.ran} checks failed\n  {lines}"
            )

    def as_dict(self) -> dict[str, Any]:
        """Everything, in types that JSON knows."""
        return {
            "name": self.name,
            "ran": self.ran,
            "passed": self.passed,
            "failures": [str(failure) for failure in self.failures],
            "expected": [{"failure": str(f), "reason": why} for f, why in self.expected],
            "skipped": dict(self.skipped),
            "counts": dict(self.counts),
            "notes": list(self.notes),
        }

    def _fail(self, failure: Failure) -> None:
        for pattern, reason in self._expected_failures.items():
            if failure.matches(pattern):
                self._met.add(pattern)
                self.expected.append((failure, reason))
                return
        self.failures.append(failure)
