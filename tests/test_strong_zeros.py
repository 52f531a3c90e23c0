"""What takes no part in a result has gradient zero, also where its derivative is infinite."""

from __future__ import annotations

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Variable, grad, using_config

X = np.array([0.0, 1.0, 4.0])

MASKED = {
    "sqrt": (lambda x: F.where(x > 0, F.sqrt(x), 0.0), [0.0, 0.5, 0.25]),
    "log": (lambda x: F.where(x > 0, F.log(x), 0.0), [0.0, 1.0, 0.25]),
    "div": (lambda x: F.where(x > 0, 1.0 / x, 0.0), [0.0, -1.0, -1 / 16]),
    "pow": (lambda x: F.where(x > 0, x**-0.5, 0.0), [0.0, -0.5, -1 / 16]),
    "mul": (lambda x: F.where(x > 0, (1.0 / x) * x * x, 0.0), [0.0, 1.0, 1.0]),
    "exp": (lambda x: F.where(x > 0, F.exp(-1.0 / x), 0.0), [0.0, np.exp(-1), np.exp(-0.25) / 16]),
}


@pytest.mark.parametrize("name", MASKED)
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value|overflow):RuntimeWarning")
def test_masked_branches(name):
    f, expected = MASKED[name]
    x = Variable(X)
    F.sum(f(x)).backward()
    np.testing.assert_allclose(x.grad.data, expected)
    np.testing.assert_allclose(grad(lambda x: F.sum(f(x)))(X), expected)


@pytest.mark.filterwarnings("ignore:divide by zero:RuntimeWarning")
def test_second_order():
    inner = grad(lambda x: F.sum(F.where(x > 0, F.sqrt(x) * x, 0.0)))
    np.testing.assert_allclose(grad(lambda x: F.sum(inner(x)))(X), [0.0, 0.75, 0.375])


def test_a_rule_warns_of_nothing_that_comes_right():
    x = Variable(X)
    y = F.sum(F.where(x > 0, F.sqrt(x), 0.0))  # sqrt(0) is fine; its rule divides by zero
    y.backward()
    assert x.grad.data[0] == 0.0


def test_an_infinite_derivative_that_matters_stays():
    assert grad(lambda x: F.sum(F.sqrt(x)))(X)[0] == np.inf


def test_a_nan_that_matters_stays():
    x = Variable(np.array([np.nan, 1.0]))
    F.sum(F.log(x) * 2.0).backward()
    np.testing.assert_array_equal(x.grad.data, [np.nan, 2.0])


def test_off_with_a_switch():
    f = grad(lambda x: F.sum(F.where(x > 0, F.sqrt(x), 0.0)))
    with using_config("strong_zeros", False):
        assert np.isnan(f(X)[0])
    assert f(X)[0] == 0.0


def test_the_error_state_is_put_back_after_a_failure():
    class Fails(F.Sin):
        def backward(self, gy):
            raise KeyError("no")

    y = F.sqrt(Fails()(Variable(np.array(1.0))))
    before = np.geterr()
    with pytest.raises(KeyError):
        y.backward()
    assert np.geterr() == before


def test_who_has_numpy_raise_is_told_where():
    y = F.sqrt(Variable(X))
    with np.errstate(all="raise"), pytest.raises(FloatingPointError) as caught:
        y.sum().backward()
    assert "sqrt: the rule for x" in caught.value.__notes__[0]


def test_retained_gradients_are_masked_too():
    x = Variable(X)
    root = F.sqrt(x)
    F.sum(F.where(x > 0, root, 0.0)).backward(retain_grad=True)
    np.testing.assert_array_equal(root.grad.data, [0.0, 1.0, 1.0])
    np.testing.assert_array_equal(x.grad.data, [0.0, 0.5, 0.25])


ROWS = {
    "std": lambda x: F.std(x, axis=1),
    "var, kept axes": lambda x: F.var(x, axis=-1, keepdims=True)[:, 0],
    "norm": lambda x: F.vector_norm(x, axis=(1,)),
    "max": lambda x: F.max(x, axis=1),
    "min": lambda x: F.min(x, axis=1),
    "logsumexp": lambda x: F.logsumexp(x, axis=1),
    "prod": lambda x: F.prod(x, axis=1),
    "cumprod": lambda x: F.cumprod(x, axis=1)[:, -1],
    "softmax": lambda x: F.softmax(x, axis=1)[:, 0],
    "log_softmax": lambda x: F.log_softmax(x, axis=1)[:, 0],
}


@pytest.mark.parametrize("name", ROWS)
@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
def test_rows_that_are_masked_after_a_reduction(name):
    f = ROWS[name]
    data, ok = np.array([[0.0, 2.0, 0.5], [0.4, 2.0, 0.5]]), np.array([False, True])
    masked = grad(lambda x: F.sum(F.where(ok, f(1.0 / x), 0.0)))
    alone = grad(lambda x: F.sum(f(1.0 / x)))
    np.testing.assert_allclose(masked(data), [np.zeros(3), alone(data[1:])[0]])
    twice = grad(lambda x: F.sum(masked(x) ** 2))
    np.testing.assert_allclose(twice(data)[1:], grad(lambda x: F.sum(alone(x) ** 2))(data[1:]))
    np.testing.assert_array_equal(twice(data)[0], 0.0)


@pytest.mark.filterwarnings("ignore:(divide by zero|invalid value):RuntimeWarning")
def test_a_reduction_to_one_number_that_is_masked():
    x = Variable(np.array([0.0, 1.0]))
    F.where(np.array(False), F.std(1.0 / x), x.sum()).backward()
    np.testing.assert_array_equal(x.grad.data, [1.0, 1.0])
