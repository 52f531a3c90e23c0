"""Programs that readers of the book wrote down, steps 37 to 43, word for word."""

from __future__ import annotations

import re

import pytest

HEAD = """
import numpy as np
import dezero.functions as F
from dezero import Variable
"""
ONES = "variable([[1 1 1]\n          [1 1 1]])\n"


def test_step_37_sin_of_a_number(run):
    program = """
x = Variable(np.array(1.0))
y = F.sin(x)
print(y)
"""
    assert run(HEAD + program) == "variable(0.8414709848078965)\n"


def test_step_37_sin_of_a_matrix(run):
    program = """
x = Variable(np.array([[1,2,3], [4,5,6]]))
y = F.sin(x)
print(y)
"""
    found = [float(number) for number in re.findall(r"-?\d+\.\d+", run(HEAD + program))]
    assert found == pytest.approx([0.841, 0.909, 0.141, -0.757, -0.959, -0.279], abs=6e-4)


def test_step_37_sums(run):
    program = """
x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
c = Variable(np.array([[10, 20, 30], [40, 50, 60]]))
y = x + c
print(y)
t = x + c
y = F.sum(t)
y.backward(retain_grad=True)
print(y.grad)
print(x.grad)
print(c.grad)
print(t.grad)
"""
    expected = "variable([[11 22 33]\n          [44 55 66]])\nvariable(1)\n" + 3 * ONES
    assert run(HEAD + program) == expected


def test_step_38_reshape(run):
    program = """
x = Variable(np.array([[1,2,3], [4,5,6]]))
y = F.reshape(x, (6,))
y.backward(retain_grad=True)
print(x.grad)
x = Variable(np.random.randn(1, 2, 3))
for y in (x.reshape((2, 3)), x.reshape([2, 3]), x.reshape(2, 3)):
    print(y.shape, np.array_equal(y.data, x.data[0]))
"""
    assert run(HEAD + program) == ONES + 3 * "(2, 3) True\n"


def test_steps_38_to_40_functions_that_keep_a_shape(run):
    program = """
from dezero import Function

class Reshape(Function):
    def __init__(self, shape):
        self.shape = shape

    def forward(self, x):
        self.x_shape = x.shape
        y = x.reshape(self.shape)
        return y

    def backward(self, gy):
        return F.reshape(gy, self.x_shape)

class BroadcastTo(Function):
    def __init__(self, shape):
        self.shape = shape

    def forward(self, x):
        self.x_shape = x.shape
        y = np.broadcast_to(x, self.shape)
        return y

    def backward(self, gy):
        gx = F.sum_to(gy, self.x_shape)
        return gx

x = Variable(np.array([1, 2, 3]))
y = BroadcastTo((2, 3))(x)
z = Reshape((6,))(y)
z.backward()
print(z)
print(x.grad)
"""
    assert run(HEAD + program) == "variable([1 2 3 1 2 3])\nvariable([2 2 2])\n"


def test_step_38_transpose(run):
    program = """
x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
print(x.transpose())
print(x.T)
A, B, C, D = 1, 2, 3, 4
x = Variable(np.random.rand(A, B, C, D))
y = x.transpose(1, 0, 3, 2)
print(y.shape)
y.backward()
print(x.grad.shape)
"""
    transposed = "variable([[1 4]\n          [2 5]\n          [3 6]])\n"
    assert run(HEAD + program) == 2 * transposed + "(2, 1, 4, 3)\n(1, 2, 3, 4)\n"


def test_step_39_sum(run):
    program = """
x = Variable(np.array([1, 2, 3, 4, 5, 6]))
y = F.sum(x)
y.backward()
print(y)
print(x.grad)

x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
y = F.sum(x)
y.backward()
print(y)
print(x.grad)

x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
y = F.sum(x, axis=0)
y.backward()
print(y)
print(x.grad)

x = Variable(np.random.randn(2, 3, 4, 5))
y = x.sum(keepdims=True)
print(y.shape)
"""
    assert run(HEAD + program) == (
        "variable(21)\nvariable([1 1 1 1 1 1])\n"
        f"variable(21)\n{ONES}"
        f"variable([5 7 9])\n{ONES}"
        "(1, 1, 1, 1)\n"
    )


def test_steps_39_to_41_functions_of_ones_own(run):
    program = """
import dezero
from dezero import utils
from dezero.core import Function
from dezero.functions import broadcast_to, matmul

class Sum(Function):
    def __init__(self, axis, keepdims):
        self.axis = axis
        self.keepdims = keepdims

    def forward(self, x):
        self.x_shape = x.shape
        y = x.sum(axis=self.axis, keepdims=self.keepdims)
        return y

    def backward(self, gy):
        gy = utils.reshape_sum_backward(gy, self.x_shape, self.axis, self.keepdims)
        gx = broadcast_to(gy, self.x_shape)
        return gx

class Add(Function):
    def forward(self, x0, x1):
        self.x0_shape, self.x1_shape = x0.shape, x1.shape
        y = x0 + x1
        return y

    def backward(self, gy):
        gx0, gx1 = gy, gy
        if self.x0_shape != self.x1_shape: # for broadcast
            gx0 = dezero.functions.sum_to(gx0, self.x0_shape)
            gx1 = dezero.functions.sum_to(gx1, self.x1_shape)
        return gx0, gx1

class MatMul(Function):
    def forward(self, x, W):
        y = x.dot(W)
        return y

    def backward(self, gy):
        x, W = self.inputs
        gx = matmul(gy, W.T)
        gw = matmul(x.T, gy)
        return gx, gw

x = Variable(np.array([[1, 2, 3], [4, 5, 6]]))
y = Sum(0, False)(x)
y.backward()
print(y)
print(x.grad)

x0 = Variable(np.array([1, 2, 3]))
x1 = Variable(np.array([10]))
y = Add()(x0, x1)
y.backward()
print(y, x0.grad, x1.grad)

x = Variable(np.array([[1.0, 2.0], [3.0, 4.0]]))
W = Variable(np.array([[1.0], [-1.0]]))
y = MatMul()(x, W)
y.backward()
print(x.grad)
print(W.grad)
"""
    assert run(HEAD + program) == (
        f"variable([5 7 9])\n{ONES}"
        "variable([11 12 13]) variable([1 1 1]) variable([3])\n"
        "variable([[ 1. -1.]\n          [ 1. -1.]])\nvariable([[4.]\n          [6.]])\n"
    )


REGRESSION = """
np.random.seed(0)
x = np.random.rand(100, 1)
y = 5 + 2 * x + np.random.rand(100, 1)
x, y = Variable(x), Variable(y)

W = Variable(np.zeros((1, 1)))
b = Variable(np.zeros(1))

def predict(x):
    y = F.matmul(x, W) + b
    return y

def mean_squared_error(x0, x1):
    diff = x0 - x1
    return F.sum(diff ** 2) / len(diff)

lr = 0.1
iters = 100

for i in range(iters):
    y_pred = predict(x)
    loss = mean_squared_error(y, y_pred)

    W.cleargrad()
    b.cleargrad()
    loss.backward()

    W.data -= lr * W.grad.data
    b.data -= lr * b.grad.data
print(f'W : {W}, b : {b}, loss : {loss}')
"""


def test_step_42_linear_regression(run, seed):
    printed = run(HEAD + REGRESSION)
    W, b, loss = (float(number) for number in re.findall(r"[\d.]{4,}", printed))
    assert (W, b) == pytest.approx((2.11807369, 5.46608905), abs=1e-8)
    assert loss == pytest.approx(0.07908606512411756, abs=1e-12)
    before = (
        "W : variable([[2.11807369]]), b : variable([5.46608905]), loss : variable(0.0790860651"
    )
    assert printed.startswith(before)


def test_step_43_linear_simple_of_ones_own(run):
    program = """
from dezero.functions import matmul

def linear_simple(x, W, b=None):
    t = matmul(x, W)
    if b is None:
        return t

    y = t + b
    t.data = None # t의 데이터 삭제
    return y

x, W, b = (Variable(np.random.randn(*shape)) for shape in ((5, 3), (3, 2), (2,)))
y = linear_simple(x, W, b)
y.backward()
print(np.allclose(y.data, F.linear(x, W, b).data, atol=1e-9))
print(np.allclose(W.grad.data, x.data.sum(axis=0)[:, None] * np.ones((1, 2)), atol=1e-9))
"""
    assert run(HEAD + program) == "True\nTrue\n"
