"""What the tests of the book share."""

from __future__ import annotations

import contextlib
import io
import os
import textwrap

import numpy as np
import pytest

from arraygrad import get_backend


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


@pytest.fixture
def backend_named():
    """The backend of a name; torch and jax only where ARRAYGRAD_TEST_BACKENDS asks for them."""

    def backend_named(name: str):
        asked = os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",")
        if name in ("torch", "jax") and name not in asked:
            pytest.skip(f"ARRAYGRAD_TEST_BACKENDS does not name {name}")
        return get_backend(name)

    return backend_named
