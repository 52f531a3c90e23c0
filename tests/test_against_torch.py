"""Results, gradients and gradients of gradients against PyTorch, for arguments drawn at random.

ARRAYGRAD_TEST_BACKENDS=torch runs them.
"""

import os

import pytest

EXTRA = os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",")

pytestmark = pytest.mark.skipif(
    "torch" not in EXTRA, reason="ARRAYGRAD_TEST_BACKENDS does not name torch"
)


@pytest.fixture(autouse=True)
def one_thread():
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.parametrize(
    "family",
    ["attention", "cells", "convolution", "elementwise", "losses", "normalization", "products",
     "windows"],
)  # fmt: skip
def test_numpy_and_torch_agree(random_calls, family):
    for call in random_calls.calls(family):
        seeds = []
        ours = random_calls.results(call, seeds)
        theirs = [t if t is None else t.numpy() for t in random_calls.results_of_torch(call, seeds)]
        for i, (x, y) in enumerate(zip(ours, theirs, strict=True)):
            assert call.unlike(x, y) is None, f"{call.what}, result {i}: {call.unlike(x, y)}"
