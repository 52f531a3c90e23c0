"""What every docstring example may use by name."""

from importlib.util import find_spec

import numpy as np
import pytest

import arraygrad
import arraygrad.functions as F

# The module needs the library that it is for.
collect_ignore = [] if find_spec("einops") else ["src/arraygrad/einops.py"]


@pytest.fixture(autouse=True)
def _names_in_docstrings(doctest_namespace):
    doctest_namespace.update(np=np, ag=arraygrad, Variable=arraygrad.Variable, F=F)
