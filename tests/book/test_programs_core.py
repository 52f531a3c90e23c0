"""Programs that readers of the book wrote down, steps 1 to 41, word for word.

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


NEWTON = """\
0 variable(2.0)
1 variable(1.4545454545454546)
2 variable(1.1510467893775467)
3 variable(1.0253259289766978)
4 variable(1.0009084519430513)
5 variable(1.0000012353089454)
6 variable(1.000000000002289)
7 variable(1.0)
8 variable(1.0)
9 variable(1.0)
"""


def numbers(text):
    return [float(number) for number in re.findall(r"\((.*?)\)", text)]


def test_step_29_newton_by_hand(run):
    program = """
import numpy as np
from dezero.core_simple import Variable

def f(x):
    y = x ** 4 - 2 * x ** 2
    return y

def gx2(x):
    return 12 * x ** 2 - 4

x = Variable(np.array(2.0))
iters = 10

for i in range(iters):
    print(i, x)
    y = f(x)
    x.cleargrad()
    y.backward()

    x.data -= x.grad / gx2(x.data)
"""
    assert numbers(run(program)) == pytest.approx(numbers(NEWTON), abs=1e-14)


def test_step_33_newton_by_double_backprop(run):
    program = """
import numpy as np
from dezero import Variable

def f(x):
    y = x ** 4 - 2 * x ** 2
    return y

x = Variable(np.array(2.0))
iters = 10

for i in range(iters):
    print(i, x)
    y = f(x)
    x.cleargrad()
    y.backward(create_graph=True)

    gx = x.grad
    x.cleargrad()
    gx.backward()
    gx2 = x.grad

    x.data -= gx.data / gx2.data
"""
    assert numbers(run(program)) == pytest.approx(numbers(NEWTON), abs=1e-14)


@pytest.mark.parametrize(("clear", "second"), [("", 68.0), ("x.cleargrad()", 44.0)])
def test_step_33_second_backward(run, clear, second):
    program = f"""
import numpy as np
from dezero import Variable

def f(x):
    y = x ** 4 - 2 * x ** 2
    return y

x = Variable(np.array(2.0))
y = f(x)
y.backward(create_graph=True)
print(x.grad)

gx = x.grad
{clear}
gx.backward()
print(x.grad)
"""
    assert run(program) == f"variable(24.0)\nvariable({second})\n"


def test_steps_34_and_35_functions_of_ones_own(run):
    program = """
import numpy as np
from dezero import Variable
from dezero.core import Function

class Sin(Function):
    def forward(self, x):
        y = np.sin(x)
        return y

    def backward(self, gy):
        x, = self.inputs
        gx = gy * cos(x)
        return gx

def sin(x):
    return Sin()(x)

class Cos(Function):
    def forward(self, x):
        y = np.cos(x)
        return y

    def backward(self, gy):
        x, = self.inputs
        gx = gy * -sin(x)
        return gx

def cos(x):
    return Cos()(x)

class Tanh(Function):
    def forward(self, x):
        y = np.tanh(x)
        return y

    def backward(self, gy):
        y = self.outputs[0]()
        gx = gy * (1 - y * y)
        return gx

def tanh(x):
    return Tanh()(x)

x = Variable(np.linspace(-7, 7, 200))
y = sin(x)
y.backward(create_graph=True)

logs = [y.data]
for i in range(3):
    logs.append(x.grad.data)
    gx = x.grad
    x.cleargrad()
    gx.backward(create_graph=True)
    print(logs[-1].shape)
print(np.allclose(logs[1:] + [x.grad.data],
      [np.cos(x.data), -np.sin(x.data), -np.cos(x.data), np.sin(x.data)], atol=1e-12))

x = Variable(np.array(1.0))
y = tanh(x)
x.name, y.name = 'x', 'y'
y.backward(create_graph=True)
gx = x.grad
x.cleargrad()
gx.backward(create_graph=True)
t = np.tanh(1.0)
print(np.allclose(x.grad.data, -2 * t * (1 - t * t), atol=1e-9))
"""
    assert run(program) == "(200,)\n(200,)\n(200,)\nTrue\nTrue\n"


def test_step_27_taylor_series(run):
    program = """
import math
import numpy as np
from dezero import Variable

def my_sin(x, threshold = 0.0001):
    y = 0
    for i in range(100000):
        c = (-1) ** i / math.factorial(2 * i + 1)
        t = c * x ** (2 * i + 1)
        y = y + t
        if abs(t.data) < threshold:
            break

    return y

for threshold in (0.0001, 1e-150):
    x = Variable(np.array(np.pi / 4))
    y = my_sin(x, threshold)
    y.backward()
    print(y)
    print(x.grad)
"""
    found = numbers(run(program))
    assert found[:2] == pytest.approx([0.7071064695751781, 0.7071032148228457], abs=1e-15)
    assert found[2:] == pytest.approx([0.7071067811865475, 0.7071067811865475], abs=2e-16)
