"""Reports and the selection of checks."""

from __future__ import annotations

import json

import pytest

import arraygrad.functions as F
from arraygrad import testing
from arraygrad.errors import ArgumentError, BackendUnavailableError
from arraygrad.op import arr, case, op
from arraygrad.testing import Report, SkipCheck


def thrice(factor):
    """3 * x, with a gradient of `factor`."""

    @op(samples=[case(arr(3))])
    def thrice(x):
        """3 * x."""
        return 3 * x

    thrice.rule(lambda g: g * factor)
    return thrice


def test_counts():
    report = Report("it")
    with report.check("one"):
        assert report.expect(True, "")
        assert not report.expect(False, "no")
    with report.check("two", "there"):
        raise SkipCheck("not today")
    with report.check("three", "there"):
        raise KeyError("lost")
    assert (report.ran, report.passed, len(report.failures)) == (3, 1, 2)
    assert report.skipped == {"there: two": "not today"}
    assert report.counts == {"one": 2, "three": 1}
    assert repr(report) == "<Report it: 3 checks, 2 failed, 1 skipped>"
    assert "failed: there: three: KeyError: 'lost'" in str(report)
    assert "skipped: there: two: not today" in str(report)
    assert json.loads(json.dumps(report.as_dict()))["passed"] == 1
    with pytest.raises(AssertionError, match="2 of 3 checks failed\n  no\n"):
        report.raise_for_failures()


def test_nothing_checked_is_a_failure():
    report = testing.check_op(F.tanh, places=[], only="dtype")
    assert (report.ran, report.ok) == (0, False)
    with pytest.raises(AssertionError, match="no check ran"):
        report.raise_for_failures()
    report = Report("it")
    report.skip("all", "no time")
    with pytest.raises(AssertionError, match="no time"):
        report.raise_for_failures()


def test_expected_failures_have_a_reason_and_are_counted_apart():
    report = testing.check_op(
        thrice(2), places=["numpy"], expected_failures={"first gradient": "it is twice"}
    )
    report.raise_for_failures()
    (failure, reason) = report.expected[0]
    assert reason == "it is twice"
    assert failure.check == "first gradient"
    assert report.passed == report.ran - len(report.expected)


def test_an_expected_failure_that_passes_is_a_failure():
    report = testing.check_op(F.tanh, places=["numpy"], expected_failures={"forward": "once"})
    (failure,) = report.failures
    assert failure == "'forward' is expected to fail (once), but nothing like it failed"
    by_text = testing.check_op(
        thrice(2), places=["numpy"], expected_failures={"*gradient of order*": "it is twice"}
    )
    assert by_text.ok


def test_checks_are_selected_by_name():
    right = thrice(3)
    every = testing.check_op(right, places=["strict"])
    assert {"forward", "first gradient", "second gradient", "dtype", "0-d"} <= set(every.counts)
    assert set(every.counts) <= set(testing.check_op.checks)
    some = testing.check_op(right, places=["strict"], only=["forward", "dtype"])
    assert set(some.counts) == {"forward", "dtype"}
    less = testing.check_op(right, places=["strict"], skip="forward")
    assert set(every.counts) - set(less.counts) <= {"forward"}
    with pytest.raises(ArgumentError, match="did you mean 'forward'"):
        testing.check_op(F.exp, only="foward")
    with pytest.raises(BackendUnavailableError):
        testing.check_op(F.exp, places=["dask"])


def test_every_kind_lists_its_checks():
    for kind in ("op", "kernel", "backend", "layer", "model", "optimizer", "dataset", "plugin"):
        checks = getattr(testing, f"check_{kind}").checks
        assert len(checks) == len(set(checks)) > 4
    assert set(testing.check_layer.checks) < set(testing.check_model.checks)
