"""Steps 25 to 36: drawings of the graph, and derivatives of every order."""

from __future__ import annotations

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Variable


@pytest.mark.parametrize(("threshold", "tolerance"), [(1e-4, 1e-5), (1e-150, 1e-15)])
def test_step_27_taylor_series_of_sin(threshold, tolerance):
    import math

    def my_sin(x):
        y = 0
        for i in range(100000):
            c = (-1) ** i / math.factorial(2 * i + 1)
            t = c * x ** (2 * i + 1)
            y = y + t
            if abs(t.data) < threshold:
                break
        return y

    x = Variable(np.array(np.pi / 4))
    y = F.sin(x)
    y.backward()
    assert (y.item(), x.grad.item()) == pytest.approx((0.7071067811865475,) * 2, abs=2e-16)
    x.cleargrad()
    my_sin(x).backward()
    assert x.grad.item() == pytest.approx(0.7071067811865476, abs=tolerance)


def rosenbrock(x0, x1):
    return 100 * (x1 - x0**2) ** 2 + (x0 - 1) ** 2


def test_step_28_gradient_descent():
    x0, x1 = Variable(np.array(0.0)), Variable(np.array(2.0))
    rosenbrock(x0, x1).backward()
    assert (x0.grad.item(), x1.grad.item()) == (-2.0, 400.0)
    for _ in range(1000):
        y = rosenbrock(x0, x1)
        x0.cleargrad()
        x1.cleargrad()
        y.backward()
        x0.data -= 0.001 * x0.grad.data
        x1.data -= 0.001 * x1.grad.data
    end = (0.6837118569138317, 0.4659526837427042)  # printed with five digits
    assert (x0.item(), x1.item()) == pytest.approx(end, abs=1e-6)


NEWTON = [
    2.0,
    1.4545454545454546,
    1.1510467893775467,
    1.0253259289766978,
    1.0009084519430513,
    1.0000012353089454,
    1.000000000002289,
    1.0,
    1.0,
    1.0,
]


def test_step_29_newton_by_hand():
    x, path = Variable(np.array(2.0)), []
    for _ in range(10):
        path.append(x.item())
        y = x**4 - 2 * x**2
        x.cleargrad()
        y.backward()
        x.data -= x.grad.data / (12 * x.data**2 - 4)
    assert path == pytest.approx(NEWTON, abs=1e-14)


def test_step_33_newton_by_double_backprop():
    x, path = Variable(np.array(2.0)), []
    for _ in range(10):
        path.append(x.item())
        y = x**4 - 2 * x**2
        x.cleargrad()
        y.backward(create_graph=True)
        gx = x.grad
        x.cleargrad()
        gx.backward()
        gx2 = x.grad
        x.data -= gx.data / gx2.data
    assert path == pytest.approx(NEWTON, abs=1e-14)


def test_step_33_second_backward():
    x = Variable(np.array(2.0))
    y = x**4 - 2 * x**2
    y.backward(create_graph=True)
    assert repr(x.grad) == "variable(24.0)"
    gx = x.grad
    gx.backward()
    assert repr(x.grad) == "variable(68.0)"
    x.cleargrad()
    gx.backward()
    assert repr(x.grad) == "variable(44.0)"


def test_step_34_derivatives_of_sin():
    x = Variable(np.linspace(-7, 7, 200))
    y = F.sin(x)
    y.backward(create_graph=True)
    logs = []
    for _ in range(4):
        logs.append(x.grad.data)
        gx = x.grad
        x.cleargrad()
        gx.backward(create_graph=True)
    sin, cos = np.sin(x.data), np.cos(x.data)
    np.testing.assert_allclose(logs, [cos, -sin, -cos, sin], atol=1e-12)


def test_step_35_derivatives_of_tanh():
    x = Variable(np.array(1.0))
    y = F.tanh(x)
    y.backward(create_graph=True)
    found = []
    for _ in range(6):
        gx = x.grad
        found.append(gx.item())
        x.cleargrad()
        gx.backward(create_graph=True)
    t, p = np.tanh(1.0), np.polynomial.Polynomial([0.0, 1.0])
    expected = []
    for _ in range(6):
        p = p.deriv() * np.polynomial.Polynomial([1.0, 0.0, -1.0])
        expected.append(p(t))
    assert found == pytest.approx(expected, abs=1e-9)


def test_step_36_a_gradient_in_a_computation():
    x = Variable(np.array(2.0))
    y = x**2
    y.backward(create_graph=True)
    gx = x.grad
    x.cleargrad()
    z = gx**3 + y
    z.backward()
    assert repr(x.grad) == "variable(100.0)"
