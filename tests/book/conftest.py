"""What the tests of the book share."""

from __future__ import annotations

import contextlib
import io
import textwrap

import numpy as np
import pytest


@pytest.fixture
def seed():
    """The book draws from NumPy's global generator; afterwards it is as it was."""
    state = np.random.get_state()
    yield np.random.seed
    np.random.set_state(state)


@pytest.fixture
def run():
    """Run a reader's program with `dezero` replaced by `arraygrad`; give back what it prints."""

    def run(program: str, **names: object) -> str:
        program = textwrap.dedent(program).replace("dezero", "arraygrad")
        namespace: dict[str, object] = {"__name__": "program", **names}
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            exec(compile(program, "program", "exec"), namespace)
        names["namespace"] = namespace
        return out.getvalue()

    return run
