"""What several files of tests use."""

import gc

import pytest


@pytest.fixture
def without_gc():
    """No collector runs meanwhile: what dies, dies by counting references."""
    gc.collect()
    gc.disable()
    yield
    gc.enable()
