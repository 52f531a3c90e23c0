"""The loop of backpropagation where it is easy to be nearly right: ends, orders, sums, warnings."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Variable, engine, grad, jacobian, using_config, vjp
from arraygrad.backend import get_backend
from arraygrad.errors import ArraygradError, GradientShapeError
from arraygrad.function import Function
from arraygrad.op import op


def scalar(value):
    return Variable(np.array(value))


# Ends


@pytest.mark.parametrize("argnums", [0, 1])
def test_functions_that_return_an_argument(argnums):
    f = lambda *args: args[argnums]
    assert [float(g) for g in grad(f, argnums=(0, 1))(2.0, 3.0)] == [argnums == 0, argnums == 1]
    assert float(jacobian(f, argnums=argnums)(np.array(2.0), np.array(3.0))) == 1.0


def test_an_argument_among_the_results():
    ys, pull = vjp(lambda x: (x, x * x), np.array(3.0))
    assert [float(y) for y in ys] == [3.0, 9.0]
    (gx,) = pull((1.0, 10.0))
    assert float(gx) == 61.0


@op
def counted(x):
    return x * 1


@counted.rule
def _(g):
    calls.append(1)
    return g


calls: list[int] = []


@pytest.mark.parametrize("order", [1, -1])
def test_a_start_may_be_behind_another_one(order):
    """Each node is passed once, also where a gradient starts there."""
    x = scalar(3.0)
    y = counted(x * x)
    z = F.sin(y) * 2.0
    starts = [(y._node, np.array(1.0)), (z._node, np.array(1.0))][::order]
    calls.clear()
    (gx,) = engine.backprop(dict(starts)).values()
    np.testing.assert_allclose(gx, (1 + 2 * np.cos(9.0)) * 6)
    assert len(calls) == 1


# Orders


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize("flip", [False, True])
def test_skips_over_many_nodes(create_graph, flip):
    """Each sum joins what was computed just now with something much older."""
    x = scalar(0.5)
    old = [x * float(k) for k in range(1, 6)]
    y = old[-1]
    for k in (0, 3, 1, 4, 2):
        z = F.sin(y)
        y = z * old[k] if flip else old[k] * z
    y.backward(create_graph=create_graph)

    def f(x):
        y = x * 5
        for k in (0, 3, 1, 4, 2):
            y = np.sin(y) * x * (k + 1)
        return y

    np.testing.assert_allclose(float(x.grad), (f(0.5 + 1e-6) - f(0.5 - 1e-6)) / 2e-6, rtol=1e-8)


def test_each_rule_runs_once():
    x = scalar(2.0)
    a = counted(x)
    b = a * 3
    c = counted(b) + a * a
    calls.clear()
    (c * a + b).backward()
    assert len(calls) == 2


# Sums


class Halves(Function):
    """Gives the same array as the gradient of both inputs, and keeps it."""

    kept = None

    def forward(self, x, y):
        return x + y

    def backward(self, gy):
        type(self).kept = gy.data
        return gy, gy


def test_a_gradient_that_somebody_holds_is_not_written_into():
    x = Variable(np.ones(2))
    y = F.sin(x) + x * 2 + x * 3
    (Halves()(x, x) + y).sum().backward()
    np.testing.assert_array_equal(Halves.kept, 1.0)
    np.testing.assert_allclose(x.grad.data, 7 + np.cos(1.0))


@op
def whole(x):
    return x * 1


@whole.rule
def _(g, x):
    return x * 0 + 1


def test_whole_numbers_that_get_whole_gradients_and_others():
    x = Variable(np.array([1, 2]))
    (x * 0.5 + x * 0.25 + (whole(x) + whole(x) + whole(x)) * 1.0).sum().backward()
    np.testing.assert_array_equal(x.grad.data, 3.75)


def test_of_float32_the_sums_are_float32():
    x = Variable(np.ones(2, np.float32))
    wide = np.ones(2)
    (x * wide + F.sin(x) * wide + x * wide).sum().backward()
    assert x.grad.dtype == np.float32


# Shapes


@op
def careless(x):
    return x * 1.0


@careless.rule
def _(g):
    return None


def test_a_rule_without_a_result():
    with pytest.raises(GradientShapeError, match=r"a rule returned None, expected an array of"):
        careless(Variable(np.ones(2))).sum().backward()


@op(broadcasts=True)
def too_long(x):
    return x * 1.0


@too_long.rule
def _(g):
    return np.ones(3)


def test_a_gradient_of_a_shape_that_nothing_explains():
    with pytest.raises(GradientShapeError, match=r"has shape \(3,\), expected the input's shape"):
        too_long(Variable(np.ones(2))).sum().backward()


@op
def faulty(x):
    return x * 1.0


@faulty.rule
def _(g):
    return g.no_such_thing


def test_the_error_of_a_rule_says_of_which_op_and_input():
    with pytest.raises(ArraygradError, match=r"faulty: the rule for x .*no_such_thing") as caught:
        faulty(Variable(np.ones(2))).sum().backward()
    assert isinstance(caught.value.__cause__, AttributeError)


# Warnings and NaN


@pytest.mark.parametrize("create_graph", [False, True])
@pytest.mark.parametrize(
    ("f", "at", "slope"),
    [
        (F.sqrt, 0.0, np.inf),  # divides by zero
        (F.reciprocal, 1e-200, -np.inf),  # too large
        (lambda x: F.sqrt(x) * 0.0, 0.0, 0.0),  # zero times infinity
    ],
)
def test_backpropagation_does_not_warn(f, at, slope, create_graph):
    x = scalar(at)
    y = f(x)
    before = np.geterr()
    y.backward(create_graph=create_graph)
    assert float(x.grad) == slope
    assert np.geterr() == before


def test_rules_warn_as_long_as_no_op_has_infinite_derivatives(monkeypatch):
    class Divides(Function):
        def forward(self, x):
            return x * 1.0

        def backward(self, gy):
            return gy / (gy - 1.0)

    class Singular(Divides):
        singular = True

    monkeypatch.setattr(engine, "singular_ops", [])
    with pytest.warns(RuntimeWarning, match="divide by zero"):
        Divides()(scalar(1.0)).backward()
    before = np.geterr()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Singular()(scalar(1.0)).backward()
    assert np.geterr() == before


def test_without_infinite_derivatives_nobody_looks_for_nan(monkeypatch):
    """On an accelerator a look waits for the device."""

    def look(self, x):
        raise AssertionError("looked")

    monkeypatch.setattr(type(get_backend("numpy")), "may_have_nan", look)
    x = scalar(2.0)
    (F.sin(x) * x).backward()
    with using_config("strong_zeros", False):
        F.log(x).backward()
    with pytest.raises(AssertionError, match="looked"):
        F.log(x).backward()


def test_a_graph_without_nan_is_walked_once():
    calls = []

    @op(singular=True)
    def root(x):
        return x**0.5

    @root.rule
    def _(g, out):
        calls.append(1)
        return g / (2 * out)

    x, y = scalar(4.0), scalar(0.0)
    root(x).backward()
    assert (float(x.grad), len(calls)) == (0.25, 1)
    (root(y) * 0.0).backward()  # 0 * inf: a second time, with masks
    assert (float(y.grad), len(calls)) == (0.0, 3)


def test_masks_are_for_pointwise_ops_alone():
    """A zero in the gradient of a product of matrices says nothing of its inputs."""
    x = Variable(np.array([0.0, 4.0]))
    y = F.sqrt(x)
    z = np.array([[0.0, 1.0], [1.0, 0.0]]) @ y
    F.where(np.array([True, False]), z, 0.0).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [0.0, 0.25])


# Complex numbers


def test_real_and_complex_leaves_of_one_graph():
    x, c = Variable(np.array([1.0, 2.0])), Variable(np.array([1.0 + 1.0j, 2.0j]))
    F.absolute(x * c).sum().backward()
    modulus = np.abs(c.data)
    np.testing.assert_allclose(x.grad.data, modulus)
    np.testing.assert_allclose(c.grad.data, x.data * c.data / modulus)
    assert (x.grad.dtype, c.grad.dtype) == (np.float64, np.complex128)


def test_float32_and_complex_leaves_of_one_graph():
    x, c = Variable(np.ones(2, np.float32)), Variable(np.array([1j, 2.0], np.complex64))
    F.real(x * c * 1j).sum().backward()
    np.testing.assert_allclose(x.grad.data, [-1.0, 0.0])
    np.testing.assert_allclose(c.grad.data, [-1j, -1j])
    assert (x.grad.dtype, c.grad.dtype) == (np.float32, np.complex64)


def test_complex_gradients_of_higher_precision_keep_their_imaginary_part():
    c = Variable(np.array([1j, 2.0], np.complex64))
    F.real(c * np.array([2j, 3.0])).sum().backward()
    assert c.grad.dtype == np.complex64
    np.testing.assert_array_equal(c.grad.data, [-2j, 3.0])
