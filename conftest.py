"""What every docstring example may use by name, and how much JAX may keep."""

import itertools
import sys
from importlib.util import find_spec

import numpy as np
import pytest

import arraygrad
import arraygrad.functions as F

# The module needs the library that it is for.
collect_ignore = [] if find_spec("einops") else ["src/arraygrad/einops.py"]
COUNTER = itertools.count(1)


@pytest.fixture(autouse=True)
def _names_in_docstrings(doctest_namespace):
    doctest_namespace.update(np=np, ag=arraygrad, Variable=arraygrad.Variable, F=F)


# JAX keeps each program that it compiled, of each op, shape and dtype: up to 200 MB a test, so that
# each worker would need gigabytes.
@pytest.fixture(autouse=True)
def _forget_what_jax_compiled():
    yield
    clear = getattr(sys.modules.get("jax"), "clear_caches", None)
    if clear is not None and next(COUNTER) % 10 == 0:
        clear()
