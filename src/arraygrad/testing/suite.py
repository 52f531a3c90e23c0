"""Suite: the named checks of one kind of thing, of which a caller selects some."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple, ParamSpec, Protocol, cast

import numpy as np

from arraygrad import settings
from arraygrad.errors import ArgumentError
from arraygrad.testing.report import Report

P = ParamSpec("P")


class Checker(Protocol[P]):
    """A public function of the kit; `checks` are the names that `only` and `skip` know."""

    checks: tuple[str, ...]

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> Report: ...


class Check(NamedTuple):
    """One function of a suite: the name that selects it, and when it is called."""

    name: str
    stage: str
    function: Callable[..., None]


class Suite:
    """The checks of one kind of thing. A name may have several functions, at several stages."""

    def __init__(self, who: str) -> None:
        self.who = who
        self._checks: list[Check] = []

    def __call__(self, name: str, stage: str = "once") -> Any:
        """Decorator: a function of the report, and of what `run` passes at that stage."""

        def add(function: Callable[..., None]) -> Callable[..., None]:
            self._checks.append(Check(name, stage, function))
            return function

        return add

    def extend(self, other: Suite) -> None:
        """Have the checks of another suite too."""
        self._checks += other._checks

    @property
    def names(self) -> tuple[str, ...]:
        """The names, in the order of the definitions."""
        return tuple(dict.fromkeys(check.name for check in self._checks))

    def public(self, function: Callable[P, Report]) -> Checker[P]:
        """Decorator: give the function that runs the suite the names of its checks."""
        checker = cast("Checker[P]", function)
        checker.checks = self.names
        return checker

    def select(self, only: str | Iterable[str] | None, skip: str | Iterable[str]) -> set[str]:
        """The names that are wanted; raises ArgumentError for one that there is not."""
        wanted = self.names if only is None else _words(only)
        for name in (*wanted, *_words(skip)):
            if name not in self.names:
                raise ArgumentError(
                    f"{self.who}: got the check {name!r}, expected some of "
                    f"{', '.join(self.names)}{settings.near(name, self.names)}"
                )
        return {name for name in wanted if name not in _words(skip)}

    def run(
        self, stage: str, chosen: set[str], report: Report, *args: Any, where: str = ""
    ) -> None:
        """Call the chosen checks of a stage; what one raises is a failure of that one."""
        for name, when, function in self._checks:
            if when == stage and name in chosen:
                with report.check(name, where):
                    function(report, *args)


def _words(names: str | Iterable[str]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


@contextmanager
def undisturbed() -> Iterator[None]:
    """Leave NumPy's global generator, the user's, as it was; without warnings of overflow."""
    state = np.random.get_state()
    try:
        with np.errstate(all="ignore"):
            yield
    finally:
        np.random.set_state(state)
