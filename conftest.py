"""What every docstring example may use by name."""

import numpy as np
import pytest

import arraygrad
import arraygrad.functions as F


@pytest.fixture(autouse=True)
def _names_in_docstrings(doctest_namespace):
    doctest_namespace.update(np=np, ag=arraygrad, Variable=arraygrad.Variable, F=F)
