"""Complex numbers: the gradient of a real L at x is dL/dRe(x) + i dL/dIm(x), as in PyTorch."""

from __future__ import annotations

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Function, Variable, grad

X = np.array([1 + 2j, -0.5 + 0.3j, 3 - 1j])
C = np.array([0.5 - 1j, 2j, -1 + 0.2j])

LOSSES = {
    "mul": lambda x: F.sum(F.real(x * x * C)),
    "div": lambda x: F.sum(F.real(C / x)),
    "pow": lambda x: F.sum(F.real(x**3)),
    "exponent": lambda x: F.sum(F.real(C**x)),
    "exp": lambda x: F.sum(F.real(F.exp(x) * C)),
    "log": lambda x: F.sum(F.real(F.log(x) * 1j)),
    "matmul": lambda x: F.real(F.matmul(x, C)),
    "mean": lambda x: F.real(F.mean(x) * (2 + 1j)),
    "indexed": lambda x: F.sum(F.real(x[1:] * x[:2])),
}


def difference(f, x, step=1e-6):
    """dL/dRe + i dL/dIm by central differences."""
    g = np.zeros_like(x)
    for i in range(x.size):
        for unit in (1, 1j):
            e = np.zeros_like(x)
            e[i] = step * unit
            g[i] += unit * (f(x + e).data - f(x - e).data) / (2 * step)
    return g


@pytest.mark.parametrize("name", LOSSES)
def test_both_doors(name):
    f = LOSSES[name]
    x = Variable(X)
    f(x).backward()
    expected = difference(f, X)
    np.testing.assert_allclose(x.grad.data, expected, rtol=1e-6)
    np.testing.assert_allclose(grad(f)(X), expected, rtol=1e-6)


def test_a_real_input_has_a_real_gradient():
    x = Variable(np.array([1.0, 2.0]))
    F.sum(F.real(x * (1 + 2j) * x)).backward()
    np.testing.assert_allclose(x.grad.data, [2.0, 4.0])
    assert x.grad.dtype == np.float64


def test_rules_have_no_conjugates():
    class Square(Function):
        def forward(self, x):
            return x**2

        def backward(self, gy):
            (x,) = self.inputs
            return 2 * x * gy

    x = Variable(X)
    F.sum(F.real(Square()(x) * C)).backward()
    np.testing.assert_allclose(x.grad.data, np.conj(2 * X * C))


def test_the_starting_gradient_is_conjugated_too():
    x = Variable(X)
    y = x * C
    y.grad = Variable(C)
    y.backward()
    np.testing.assert_allclose(x.grad.data, C * np.conj(C))


def test_retained_gradients():
    x = Variable(X)
    y = x * C
    F.sum(F.real(y * y)).backward(retain_grad=True)
    np.testing.assert_allclose(y.grad.data, np.conj(2 * X * C))
