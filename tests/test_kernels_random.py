"""The NumPy kernels give what the definitions give, for arguments drawn at random."""

import pytest

import arraygrad as ag

FAMILIES = [
    "attention", "cells", "convolution", "elementwise", "losses", "normalization", "products",
    "windows",
]  # fmt: skip


@pytest.mark.parametrize("family", FAMILIES)
def test_kernels_and_definitions_agree(random_calls, family):
    calls = random_calls.calls(family)
    seeds = [[] for _ in calls]
    ours = [random_calls.results(call, s) for call, s in zip(calls, seeds, strict=True)]
    with ag.using_kernels(False):
        for call, s, found in zip(calls, seeds, ours, strict=True):
            expected = random_calls.results(call, s)
            for i, (x, y) in enumerate(zip(found, expected, strict=True)):
                assert call.unlike(x, y) is None, f"{call.what}, result {i}: {call.unlike(x, y)}"
    assert len(calls) > 20


def test_all_families_are_tested(random_calls):
    assert sorted(random_calls.FAMILIES) == FAMILIES
