"""What the original gets wrong in operators, products and indices, and is right here."""

from __future__ import annotations

import operator

import numpy as np
import pytest

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Variable
from arraygrad.errors import ArraygradError, DtypeError, GradientError

RNG = np.random.default_rng(0)


# matmul


def test_a_stack_of_products():
    x, W = (Variable(RNG.normal(size=s)) for s in ((2, 3, 4), (2, 4, 5)))
    y = F.matmul(x, W)
    assert y.shape == (2, 3, 5)
    np.testing.assert_allclose(y.data, x.data @ W.data)
    y.backward()
    ones = np.ones((2, 3, 5))
    np.testing.assert_allclose(x.grad.data, ones @ W.data.mT)
    np.testing.assert_allclose(W.grad.data, x.data.mT @ ones)


def test_products_with_vectors():
    x, W = Variable(np.array([1.0, 2.0])), Variable(np.array([[1.0, 2.0], [3.0, 4.0]]))
    (x @ W).backward()
    np.testing.assert_array_equal(x.grad.data, [3.0, 7.0])
    np.testing.assert_array_equal(W.grad.data, [[1.0, 1.0], [2.0, 2.0]])
    x.cleargrad()
    F.matmul(x, x).backward()
    np.testing.assert_array_equal(x.grad.data, [2.0, 4.0])


def test_the_operator_of_the_product():
    x, W = RNG.normal(size=(2, 3)), RNG.normal(size=(3, 2))
    for y in (Variable(x) @ Variable(W), Variable(x) @ W, x @ Variable(W)):
        np.testing.assert_allclose(y.data, x @ W)


def test_linear_of_a_sequence():
    layer = L.Linear(5)
    y = layer(np.ones((2, 7, 3), np.float32))
    assert (y.shape, layer.W.shape) == ((2, 7, 5), (3, 5))


# operators


def test_power_of_a_number():
    x = Variable(np.array(3.0))
    y = 2**x
    y.backward()
    assert (y.item(), x.grad.item()) == pytest.approx((8.0, 8.0 * np.log(2)))


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge])
def test_comparisons(compare):
    x, y = np.array([1.0, 2.0, 3.0]), np.array([2.0, 2.0, 2.0])
    np.testing.assert_array_equal(compare(Variable(x), Variable(y)).data, compare(x, y))


def test_absolute_value():
    x = Variable(np.array([-2.0, 3.0]))
    y = abs(x)
    y.backward()
    np.testing.assert_array_equal(y.data, [2.0, 3.0])
    np.testing.assert_array_equal(x.grad.data, [-1.0, 1.0])


def test_numbers_of_a_0d_variable():
    x = Variable(np.array(2.5))
    assert (float(x), int(x), bool(x)) == (2.5, 2, True)
    assert not Variable(np.array(0.0))


def test_the_method_mean():
    x = Variable(np.array([1.0, 3.0]))
    y = x.mean()
    y.backward()
    assert y.item() == 2.0
    np.testing.assert_array_equal(x.grad.data, [0.5, 0.5])


@pytest.mark.parametrize(
    ("f", "expected"), [(F.add, 3.0), (F.sub, -1.0), (F.mul, 2.0), (F.div, 0.5)]
)
def test_functions_of_a_number_and_a_variable(f, expected):
    assert f(1.0, Variable(np.array(2.0))).item() == expected


def test_a_function_of_numpy_says_what_to_call():
    with pytest.raises(DtypeError, match=r"F\.sin"):
        np.sin(Variable(np.array(1.0)))


def test_no_array_of_objects():
    with pytest.raises(GradientError, match="lose the gradient"):
        np.asarray(Variable(np.array([1.0, 2.0])))


def test_an_array_does_not_turn_into_a_variable_in_place():
    array = np.array([1.0, 2.0])
    with pytest.raises((TypeError, ArraygradError)):
        array -= Variable(np.array([1.0, 1.0]))
    assert type(array) is np.ndarray
    np.testing.assert_array_equal(array, [1.0, 2.0])


def test_zero_to_the_zero():
    x = Variable(np.array([0.0, 2.0]))
    (x**0).backward()
    np.testing.assert_array_equal(x.grad.data, [0.0, 0.0])
    x = Variable(np.array([0, 2]))
    y = x**0
    y.backward()
    np.testing.assert_array_equal(y.data, [1, 1])
    np.testing.assert_array_equal(x.grad.data, [0, 0])
