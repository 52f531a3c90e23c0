"""Docstrings: whether there is one, whether its example runs, and what the example makes."""

from __future__ import annotations

import copy
import doctest
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from arraygrad import functions
from arraygrad.testing.places import on_host
from arraygrad.testing.report import Report, SkipCheck
from arraygrad.variable import Variable

_FLAGS = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


def check_docstring(report: Report, thing: Any) -> None:
    """It has a docstring of its own."""
    report.expect(bool((thing.__doc__ or "").strip()), "it has no docstring")


def check_example(report: Report, thing: Any) -> None:
    """The example in the docstring gives what it says."""
    test = example(thing)
    if not test.examples:
        raise SkipCheck("the docstring has no example")
    said: list[str] = []
    runner = doctest.DocTestRunner(verbose=False, optionflags=_FLAGS)
    runner.run(test, out=said.append)
    missing = "ModuleNotFoundError" in "".join(said) or "BackendUnavailable" in "".join(said)
    if said and missing and not report.failures:
        raise SkipCheck(f"its example needs what is not installed: {_last_line(said)}")
    report.expect(not said, f"its example fails:\n{''.join(said).strip()}")


def example(thing: Any) -> doctest.DocTest:
    """The doctest of one thing; `np`, `ag`, `Variable` and `F` are known in it."""
    package: Any = sys.modules["arraygrad"]
    module = sys.modules.get(getattr(thing, "__module__", ""), package)
    known = {"np": np, "ag": package, "Variable": Variable, "F": functions}
    title = getattr(thing, "__name__", type(thing).__name__)
    # A class that is made in a function or a notebook is not in its module.
    names = {**known, title: thing, **vars(module)}
    file = getattr(module, "__file__", None)
    return doctest.DocTestParser().get_doctest(thing.__doc__ or "", names, title, file, 0)


class Made:
    """What an example made of a class, and how it called it: arguments as they were."""

    def __init__(self, args: tuple[Any, ...], kwargs: dict[str, Any]) -> None:
        self.args, self.kwargs = args, kwargs
        self.inputs: tuple[Any, ...] = ()
        self.options: dict[str, Any] = {}
        self.called = False


def made_in_example(cls: type) -> Made | None:
    """The first object of that class that its example makes; one that is called goes first."""
    made: dict[int, Made] = {}
    alive: list[Any] = []
    init: Any = cls.__init__  # type: ignore[misc]

    def recording_init(self: Any, *args: Any, **kwargs: Any) -> None:
        if type(self) is cls:
            try:
                made[id(self)] = Made(copy.deepcopy(args), copy.deepcopy(kwargs))
            except Exception:  # what cannot be copied is used as it is
                made[id(self)] = Made(args, kwargs)
            alive.append(self)
        init(self, *args, **kwargs)

    def recording_call(self: Any, *args: Any, **kwargs: Any) -> Any:
        found = made.get(id(self))
        if found is not None and not found.called:
            found.called = True
            found.inputs = tuple(map(_kept, args))
            found.options = {k: _kept(v) for k, v in kwargs.items()}
        return call(self, *args, **kwargs)

    call: Any = cls.__call__ if "__call__" in _attributes(cls) else None
    runner = doctest.DocTestRunner(verbose=False, optionflags=_FLAGS)
    with _replaced(cls, "__init__", recording_init):
        if call is None:
            runner.run(example(cls), out=lambda _: None)
        else:
            with _replaced(cls, "__call__", recording_call):
                runner.run(example(cls), out=lambda _: None)
    found = sorted(made.values(), key=lambda m: not m.called)
    return found[0] if found else None


@contextmanager
def _replaced(cls: type, name: str, function: Callable[..., Any]) -> Iterator[None]:
    own = vars(cls).get(name)
    setattr(cls, name, function)
    try:
        yield
    finally:
        if own is None:
            delattr(cls, name)
        else:
            setattr(cls, name, own)


def _attributes(cls: type) -> set[str]:
    return {name for c in cls.__mro__ for name in vars(c)}


def _kept(x: Any) -> Any:
    if isinstance(x, Variable):
        return on_host(x.data).copy()
    return on_host(x).copy() if hasattr(x, "shape") and hasattr(x, "dtype") else copy.deepcopy(x)


def _last_line(said: list[str]) -> str:
    return "".join(said).strip().splitlines()[-1].strip()
