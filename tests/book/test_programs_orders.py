"""Programs that readers of the book wrote down, steps 27 to 35, word for word."""

from __future__ import annotations

import re

import pytest

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
