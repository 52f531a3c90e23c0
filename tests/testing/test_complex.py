"""Complex numbers and several results in the kit: what is right passes, and what is wrong fails."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Function, Variable
from arraygrad.op import arr, case, op
from arraygrad.testing import check_op


def made(rule):
    """z ** 2 with that rule."""

    @op(samples=[case(arr(2, 3, kind="complex"))], reference=lambda z: z * z)
    def squared(z):
        """z ** 2; z: any shape."""
        return z * z

    squared.rule(rule)
    return squared


def test_a_right_rule(place):
    report = check_op(made(lambda g, z: g * 2 * z), places=[place], skip="example")
    report.raise_for_failures()
    assert report.counts["first gradient"] >= 4
    assert report.counts["second gradient"] >= 4


@pytest.mark.parametrize("conjugated", ["z", "g"])
def test_a_rule_that_conjugates_is_found(conjugated):
    if conjugated == "z":
        bad = made(lambda g, z, xp: g * 2 * xp.conj(z))
    else:
        bad = made(lambda g, z, xp: xp.conj(g) * 2 * z)
    report = check_op(bad, places=["numpy"], skip="example")
    assert any("(imaginary part)" in text for text in report.failures)
    assert any("(real part)" in text for text in report.failures)


def test_real_and_complex_together(place):
    @op(samples=[case(arr(2, 3), arr(3, kind="complex"))], broadcasts=True)
    def times(x, z):
        """x * z; the shapes broadcast."""
        return x * z

    times.rule("x")(lambda g, z: g * z)
    times.rule("z")(lambda g, x: g * x)
    check_op(times, places=[place], skip="example").raise_for_failures()


def test_a_gradient_of_a_wrong_precision_is_found():
    wrong = made(lambda g, z, xp: g * 2 * z)
    wrong.definition.forward = lambda z: z * z + np.zeros(1, np.complex128)
    wrong.definition.forget_kernels()
    report = check_op(wrong, places=["numpy"], skip="example")
    assert any("dtype complex128, expected complex64" in text for text in report.failures)


def test_the_convention_is_that_of_pytorch():
    """The gradient of |z| ** 2 is 2 z: dL/dRe + i dL/dIm."""
    z = Variable(np.array([1.0 + 2.0j]))
    re, im = F.real(z), F.real(z * -1j)
    (re * re + im * im).sum().backward()
    assert np.allclose(z.grad.data, 2 * z.data)


class Parts(NamedTuple):
    total: Any
    places: Any
    halves: Any


def several(factor=1.0, places=None):
    """sum, argmax and two halves of x; the gradient of the second half times `factor`."""

    class Halves(Function):
        def forward(self, x):
            return x[:2, ...] * 1, x[2:, ...] * 1

        def backward(self, gy0, gy1):
            return F.concat([gy0, factor * gy1])

    @op(samples=[case(arr(4, 3))])
    def parts(x):
        """The sum, where the largest is, and both halves; x: (4, N)."""
        xp = x.__array_namespace__()
        which = xp.argmax(x) if places is None else places
        return Parts(F.sum(x), which, list(Halves()(x)))

    return parts


def test_results_in_tuples_lists_and_named_tuples(place):
    report = check_op(several(), places=[place], skip="example")
    report.raise_for_failures()
    assert report.counts["dtype"] > 3


def test_the_gradient_of_every_result_is_checked():
    report = check_op(several(factor=2.0), places=["numpy"], skip="example")
    assert any("gradient of order 1 of input 0" in text for text in report.failures)


def test_results_that_are_no_variables_are_found():
    report = check_op(several(places=3), places=["numpy"], skip="example")
    assert any("the result 1 is a int, expected a Variable" in text for text in report.failures)


def test_whole_numbers_among_the_results_are_compared():
    calls = []

    @op(samples=[case(arr(4))])
    def counting(x):
        """x, and how often it was called."""
        calls.append(x)
        return x * 1.0, Variable(np.asarray(min(len(calls), 40)))

    report = check_op(counting, places=["numpy"], skip="example")
    assert any("forward of result 1 differs" in text for text in report.failures)


def test_what_is_right_with_either_sign(place):
    sign = {"now": 1.0}

    class Unit(Function):
        """x / |x|, or its negative."""

        def forward(self, x):
            sign["now"] = -sign["now"]
            xp = ag.backend.namespace(x)
            return sign["now"] * x / xp.sqrt(xp.sum(x * x))

        def backward(self, gy):
            (x,), y = self.inputs, self.outputs[0]()
            norm = F.sqrt(F.sum(x * x))
            s = F.sum(y * x) / norm  # the sign
            return (gy * s - y * F.sum(gy * y) * s) / norm

    @op(samples=[case(arr(4, low=0.5)).through(lambda y: y * F.sum(y))])
    def unit(x):
        """A unit vector along x, with either sign; x: (N,)."""
        return Unit()(x)

    check_op(unit, places=[place], skip="example").raise_for_failures()
    unit.definition.samples[0].seen = None
    assert not check_op(unit, places=[place], skip="example").ok


def test_a_place_without_complex_numbers_is_skipped(monkeypatch):
    from arraygrad.testing.places import Place

    monkeypatch.setattr(Place, "complex", False)
    report = check_op(made(lambda g, z: g * 2 * z), places=["numpy"], skip="example")
    assert report.ok
    assert "there are no complex dtypes" in report.skipped.values()
