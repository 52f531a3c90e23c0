"""Programs that readers of the book wrote down, steps 1 to 22, word for word.

Only `dezero` is replaced by `arraygrad`. What they print is compared exactly.
"""

from __future__ import annotations

import re

import pytest

SQUARE_AND_EXP = """
import numpy as np
from dezero.core_simple import Variable, Function

class Square(Function):
    def forward(self, x):
        y = x ** 2
        return y

    def backward(self, gy):
        x = self.inputs[0].data
        gx = 2 * x * gy
        return gx

class Exp(Function):
    def forward(self, x):
        y = np.exp(x)
        return y

    def backward(self, gy):
        x = self.inputs[0].data
        gx = np.exp(x) * gy
        return gx

def square(x):
    f = Square()
    return f(x)

def exp(x):
    f = Exp()
    return f(x)

def numerical_diff(f, x, eps=1e-4):
    x0 = Variable(x.data - eps)
    x1 = Variable(x.data + eps)
    y0 = f(x0)
    y1 = f(x1)
    return (y1.data - y0.data) / (2 * eps)
"""


@pytest.mark.parametrize("seed_of_one", ["", "y.grad = np.array(1.0)"])
def test_step_09_a_composition_of_functions(run, seed_of_one):
    program = f"""
x = Variable(np.array(0.5))
y = square(exp(square(x)))
{seed_of_one}
y.backward()
print(x.grad)
"""
    assert run(SQUARE_AND_EXP + program) == "3.297442541400256\n"


def test_step_09_only_arrays(run):
    program = """
x = Variable(np.array(1.0)) # Ok
x = Variable(None) # ok
try:
    x = Variable(1.0) # RaiseError
except TypeError as error:
    print('<class \\'float\\'>' in str(error))
"""
    assert run(SQUARE_AND_EXP + program) == "True\n"


def test_step_10_unittest(run):
    program = """
import io
import unittest

class SquareTest(unittest.TestCase):
    def test_forward(self):
        x = Variable(np.array(2.0))
        y = square(x)
        expected = np.array(4.0)
        self.assertEqual(y.data, expected)

    def test_backward(self):
        x = Variable(np.array(3.0))
        y = square(x)
        y.backward()
        expected = np.array(6.0)
        self.assertEqual(x.grad, expected)

    def test_gradient_check(self):
        x = Variable(np.random.rand(1))
        y = square(x)
        y.backward()
        num_grad = numerical_diff(square, x)
        flg = np.allclose(x.grad, num_grad)
        self.assertTrue(flg)

suite = unittest.defaultTestLoader.loadTestsFromTestCase(SquareTest)
stream = io.StringIO()
unittest.TextTestRunner(stream).run(suite)
print(stream.getvalue())
"""
    printed = run(SQUARE_AND_EXP + program)
    assert re.fullmatch(r"\.\.\.\n-+\nRan 3 tests in .*s\n\nOK\n\n", printed)


def test_step_14_one_variable_several_times(run):
    program = """
x = Variable(np.array(3.0))
y = x + x + x
y.backward()
print(x.grad)
x.cleargrad()
y = x + x
y.backward()
print(x.grad)
"""
    assert run(SQUARE_AND_EXP + program) == "3.0\n2.0\n"


def test_step_18_modes(run):
    program = """
from dezero.core_simple import using_config, no_grad, Config

x0 = Variable(np.array(1.0))
x1 = Variable(np.array(1.0))
t = x0 + x1
y = x0 + t
y.backward()
print(y.grad, t.grad)
print(x0.grad, x1.grad)

with using_config('enable_backprop', False):
    x = Variable(np.array(2.))
    y = square(x)
    print(y.creator, Config.enable_backprop)
with no_grad():
    x = Variable(np.array(2.))
    y = square(x)
    print(y.creator)
print(Config.enable_backprop)
"""
    assert run(SQUARE_AND_EXP + program) == "None None\n2.0 1.0\nNone False\nNone\nTrue\n"


def test_steps_19_to_22_variables_like_arrays(run):
    program = """
import numpy as np
from dezero import Variable

x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
print(len(x), x.shape, x.ndim, x.size)
print(x)
a = Variable(np.array(3.0))
b = Variable(np.array(2.0))
c = Variable(np.array(1.0))
y = a * b + c
y.backward()
print(y)
print(a.grad)
print(b.grad)
x = Variable(np.array(2.0))
print(x + np.array(3.0))
print(3.0 * x + 1.0)
print(np.array([2.0]) + x)
print(-x, 2.0 - x, x - 1.0, 3.0 / x, x / 4, x ** 3)
"""
    assert run(program) == (
        "2 (2, 3) 2 6\n"
        "variable([[1 2 3]\n          [4 5 6]])\n"
        "variable(7.0)\nvariable(2.0)\nvariable(3.0)\n"
        "variable(5.0)\nvariable(7.0)\nvariable([4.])\n"
        "variable(-2.0) variable(0.0) variable(1.0) variable(1.5) variable(0.5) variable(8.0)\n"
    )
