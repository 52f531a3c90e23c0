"""Steps 1 to 24: a box around a number, the graph behind it, operators; the book's numbers."""

from __future__ import annotations

import contextlib
import gc
import io
import weakref

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Function, Variable, no_grad, using_config


class Square(Function):
    def forward(self, x):
        return x**2

    def backward(self, gy):
        x = self.inputs[0].data
        return 2 * x * gy


class Exp(Function):
    def forward(self, x):
        return np.exp(x)

    def backward(self, gy):
        x = self.inputs[0].data
        return np.exp(x) * gy


def square(x):
    return Square()(x)


def exp(x):
    return Exp()(x)


def numerical_diff(f, x, eps=1e-4):
    x0, x1 = Variable(x.data - eps), Variable(x.data + eps)
    return (f(x1).data - f(x0).data) / (2 * eps)


def composition(x):
    return square(exp(square(x)))


def test_step_04_numerical_differentiation():
    dy = numerical_diff(composition, Variable(np.array(0.5)))
    assert dy == pytest.approx(3.2974426293330694, abs=1e-8)
    dy = numerical_diff(square, Variable(np.array(2.0)))
    assert dy == pytest.approx(4.000000000004, abs=1e-8)


@pytest.mark.parametrize("given", [False, True])
def test_step_09_backward(given):
    x = Variable(np.array(0.5))
    y = composition(x)
    if given:
        y.grad = np.array(1.0)
    y.backward()
    assert x.grad.item() == pytest.approx(3.297442541400256, abs=1e-15)


def test_step_09_only_arrays():
    Variable(np.array(1.0))
    Variable(None)
    with pytest.raises(TypeError, match="<class 'float'>"):
        Variable(1.0)


def test_step_07_creators():
    x = Variable(np.array(0.5))
    a = square(x)
    b = exp(a)
    y = square(b)
    assert y.creator.inputs[0].creator is b.creator
    assert b.creator.inputs[0].creator is a.creator
    assert a.creator.inputs[0].creator is None
    assert y.creator.inputs[0] == b
    assert a.creator.inputs[0] == x


def test_step_10_tests_of_square():
    assert square(Variable(np.array(2.0))).data == 4.0
    x = Variable(np.array(3.0))
    square(x).backward()
    assert x.grad.data == 6.0
    x = Variable(np.random.default_rng(0).random(1))
    square(x).backward()
    assert np.allclose(x.grad.data, numerical_diff(square, x))


def test_step_14_one_variable_several_times():
    x = Variable(np.array(3.0))
    y = F.add(F.add(x, x), x)
    y.backward()
    assert repr(x.grad) == "variable(3.0)"
    x.cleargrad()
    F.add(x, x).backward()
    assert repr(x.grad) == "variable(2.0)"


def test_step_16_order_of_a_branched_graph():
    x = Variable(np.array(2.0))
    a = square(x)
    y = F.add(square(a), square(a))
    y.backward()
    assert (y.item(), x.grad.item()) == (32.0, 64.0)


def test_step_17_no_garbage():
    gc.collect()
    gc.disable()
    try:
        x = Variable(np.ones(10))
        y = composition(x)
        node, data = weakref.ref(y.creator), weakref.ref(y.data)
        del y
        assert (node(), data()) == (None, None)
    finally:
        gc.enable()


def test_step_18_memory():
    x0, x1 = Variable(np.array(1.0)), Variable(np.array(1.0))
    t = F.add(x0, x1)
    y = F.add(x0, t)
    y.backward()
    assert (y.grad, t.grad) == (None, None)
    assert (x0.grad.item(), x1.grad.item()) == (2.0, 1.0)
    for block in (using_config("enable_backprop", False), no_grad()):
        with contextlib.suppress(ZeroDivisionError), block:
            assert square(x0).creator is None
            raise ZeroDivisionError
        assert square(x0).creator is not None


def test_step_19_like_an_array():
    x = Variable(np.array([[1, 2, 3], [4, 5, 6]]), "x")
    assert (x.shape, x.ndim, x.size, x.dtype, len(x)) == ((2, 3), 2, 6, np.int64, 2)
    out = io.StringIO()
    with contextlib.redirect_stdout(out):
        print(x)
        print(Variable(np.array([1, 2, 3])))
    assert out.getvalue() == "variable([[1 2 3]\n          [4 5 6]])\nvariable([1 2 3])\n"


def test_step_20_operators():
    a, b, c = (Variable(np.array(v)) for v in (3.0, 2.0, 1.0))
    y = a * b + c
    y.backward()
    assert repr(y) == "variable(7.0)"
    assert repr(a.grad) == "variable(2.0)"
    assert repr(b.grad) == "variable(3.0)"


def test_steps_21_and_22_mixed_operands():
    x = Variable(np.array(2.0))
    assert repr(x + np.array(3.0)) == "variable(5.0)"
    assert repr(3.0 * x + 1.0) == "variable(7.0)"
    assert repr(np.array([2.0]) + x) == "variable([4.])"
    assert repr(-x) == "variable(-2.0)"
    assert (repr(2.0 - x), repr(x - 1.0)) == ("variable(0.0)", "variable(1.0)")
    assert (repr(3.0 / x), repr(x / 4)) == ("variable(1.5)", "variable(0.5)")
    assert repr(x**3) == "variable(8.0)"


def sphere(x, y):
    return x**2 + y**2


def matyas(x, y):
    return 0.26 * (x**2 + y**2) - 0.48 * x * y


def goldstein(x, y):
    return (1 + (x + y + 1) ** 2 * (19 - 14 * x + 3 * x**2 - 14 * y + 6 * x * y + 3 * y**2)) * (
        30 + (2 * x - 3 * y) ** 2 * (18 - 32 * x + 12 * x**2 + 48 * y - 36 * x * y + 27 * y**2)
    )


@pytest.mark.parametrize(
    ("f", "gx", "gy"),
    [(sphere, 2.0, 2.0), (matyas, 0.04, 0.04), (goldstein, -5376.0, 8064.0)],
)
def test_step_24_functions_of_two_numbers(f, gx, gy):
    x, y = Variable(np.array(1.0)), Variable(np.array(1.0))
    f(x, y).backward()
    assert (x.grad.item(), y.grad.item()) == pytest.approx((gx, gy), abs=1e-9)
