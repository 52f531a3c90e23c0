"""What several files of tests use."""

import gc
import importlib.util
from pathlib import Path

import pytest


@pytest.fixture
def without_gc():
    """No collector runs meanwhile: what dies, dies by counting references."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()


@pytest.fixture(scope="session")
def random_calls():
    """The module beside this one that draws calls at random."""
    path = Path(__file__).with_name("random_calls.py")
    spec = importlib.util.spec_from_file_location("random_calls", path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
