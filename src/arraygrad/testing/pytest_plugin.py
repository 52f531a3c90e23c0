"""Fixtures, markers and options for pytest: run tests in all places, and require some.

Load it with `pytest_plugins = ["arraygrad.testing.pytest_plugin"]` in the outermost conftest.py,
or `-p arraygrad.testing.pytest_plugin`. A test that asks for `place` (the name of one, for the
functions of `arraygrad.testing`) or `backend` (where new arrays are made meanwhile) runs in each:
NumPy, read-only NumPy, array-api-strict and a second device of it, and on every backend that an
installed plugin registers.

--backend NAME         only there; may be repeated, or be several with commas between
--require-backend NAME run there too, and fail at once if it cannot run here
@pytest.mark.only_backends("numpy", ...)             only on these
@pytest.mark.skip_backends("jax", ..., reason="...") not on these

The option `arraygrad_places` in the settings of pytest replaces the list, and the variable
ARRAYGRAD_TEST_BACKENDS adds to it, as in `ARRAYGRAD_TEST_BACKENDS=torch,jax`.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import pytest

REQUIRED = pytest.StashKey[list[str]]()


def pytest_addoption(parser: pytest.Parser) -> None:
    group = parser.getgroup("arraygrad")
    group.addoption(
        "--backend", action="append", default=[], metavar="NAME", help="test there, nowhere else"
    )
    group.addoption(
        "--require-backend",
        action="append",
        default=[],
        metavar="NAME",
        help="test there too, and fail at once if NAME cannot run here",
    )
    parser.addini("arraygrad_places", "where to test, in place of all that is there", type="args")


def pytest_configure(config: pytest.Config) -> None:
    config.stash[REQUIRED] = _split(config.getoption("--require-backend"))
    for line in (
        "only_backends(*names): run the test on these backends alone",
        "skip_backends(*names, reason): do not run the test on these backends",
    ):
        config.addinivalue_line("markers", line)


# Last, so that the places of one op come one after the other, which share its truth.
@pytest.hookimpl(trylast=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    for fixture in ("place", "backend"):
        if fixture in metafunc.fixturenames and _is_ours(metafunc, fixture):
            names = _places(metafunc.config)
            if fixture == "backend":  # a place is more than that
                names = list(dict.fromkeys(_backend(name) for name in names))
            marked = [pytest.param(name, marks=_marks(metafunc, name)) for name in names]
            metafunc.parametrize(fixture, marked, indirect=True)
            return


def pytest_sessionstart(session: pytest.Session) -> None:
    from arraygrad.testing.places import reason_against

    for name in session.config.stash[REQUIRED]:
        if (reason := reason_against(name)) is not None:
            raise pytest.UsageError(f"--require-backend {name}: {reason}")


@pytest.fixture
def place(request: pytest.FixtureRequest) -> str:
    """The name of a place, for `check_op(..., places=[place])` and the like."""
    name: str = request.param
    _need(name)
    return name


@pytest.fixture
def backend(request: pytest.FixtureRequest) -> Iterator[Any]:
    """A backend; new arrays are made there while the test runs."""
    from arraygrad.backend import using_backend

    _need(request.param)
    with using_backend(request.param) as backend:
        yield backend


def _is_ours(metafunc: pytest.Metafunc, fixture: str) -> bool:
    """Whether the argument is the fixture of this module, not one of the test's own making."""
    for mark in metafunc.definition.iter_markers("parametrize"):
        names = mark.args[0] if mark.args else mark.kwargs.get("argnames", ())
        if fixture in (_split([names]) if isinstance(names, str) else names):
            return False
    found = metafunc._arg2fixturedefs.get(fixture, ())
    return bool(found) and found[-1].func.__module__ == __name__


def _need(name: str) -> None:
    from arraygrad.testing.places import reason_against

    reason = reason_against(name)
    if reason is not None:
        pytest.skip(reason)


def _places(config: pytest.Config) -> list[str]:
    from arraygrad import registry
    from arraygrad.testing.places import PLACES

    chosen = _split(config.getoption("--backend"))
    if not chosen:
        others = [name for name in registry.names("backends") if name != "numpy"]
        chosen = [*(config.getini("arraygrad_places") or [*PLACES, *others])]
        chosen += _split([os.environ.get("ARRAYGRAD_TEST_BACKENDS", "")])
    return list(dict.fromkeys([*chosen, *config.stash[REQUIRED]]))


def _marks(metafunc: pytest.Metafunc, name: str) -> list[pytest.MarkDecorator]:
    names = {name, _backend(name)}
    node = metafunc.definition
    only = [m.args for m in node.iter_markers("only_backends")]
    if any(not names & set(args) for args in only):
        return [pytest.mark.skip(reason=f"only for {', '.join(only[0])}")]
    for mark in node.iter_markers("skip_backends"):
        if names & set(mark.args):
            return [pytest.mark.skip(reason=mark.kwargs.get("reason", f"not for {name}"))]
    return []


def _backend(place: str) -> str:
    library = place.partition(":")[0]
    return {"strict": "array_api_strict", "numpy-readonly": "numpy"}.get(library, library)


def _split(texts: list[str]) -> list[str]:
    return [name.strip() for text in texts for name in text.split(",") if name.strip()]
