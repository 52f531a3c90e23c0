"""Transforms of functions where it is easy to be nearly right."""

from __future__ import annotations

import array_api_strict
import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable, no_grad
from arraygrad.errors import ArgumentError


def test_names_of_transforms():
    def cube(x):
        return x**3

    assert ag.grad(cube).__name__ == "grad_cube"
    assert ag.value_and_grad(cube).__name__ == "value_and_grad_cube"


@pytest.mark.parametrize(("argnums", "slope"), [(-2, 5.0), (-1, 2.0), (0, 5.0), (1, 2.0)])
def test_arguments_counted_from_the_end(argnums, slope):
    f = lambda x, y: x * y
    assert float(ag.grad(f, argnums=argnums)(2.0, 5.0)) == slope
    for wrong in (-3, 2):
        with pytest.raises(ArgumentError, match="2 positional arguments"):
            ag.grad(f, argnums=wrong)(2.0, 5.0)


def test_tangents_and_gradients_take_the_dtype_of_what_they_belong_to():
    x, wide = np.ones(2, np.float32), np.ones(2)
    y, dy = ag.jvp(F.exp, (x,), (wide,))
    assert (y.dtype, dy.dtype) == (np.float32, np.float32)
    y, pull = ag.vjp(F.exp, x)
    assert pull(wide)[0].dtype == np.float32
    y, pull = ag.vjp(F.sum, x)
    assert pull(2.0)[0].dtype == np.float32


def test_what_is_pulled_may_be_differentiated():
    """Of plain arguments, but a tracked gradient to start from."""
    x, g = np.array([1.0, 2.0]), Variable(np.array([3.0, 4.0]))
    _, pull = ag.vjp(F.square, x)
    (gx,) = pull(g)
    (gx * gx).sum().backward()
    np.testing.assert_allclose(g.grad.data, 2 * (2 * x) ** 2 * g.data)


def test_jacobians_on_another_device():
    device = array_api_strict.Device("device1")
    x = array_api_strict.asarray([1.0, 2.0], device=device)
    for jacobian in (ag.jacobian, ag.jacrev, ag.jacfwd, ag.hessian):
        f = F.square if jacobian is not ag.hessian else lambda x: F.sum(x**3)
        found = jacobian(f)(x)
        assert found.device == device
        values = np.asarray(found.to_device(array_api_strict.Device("CPU_DEVICE")))
        factor = 2 if jacobian is not ag.hessian else 6
        np.testing.assert_allclose(values, np.diag([1.0, 2.0]) * factor)


def test_custom_functions_may_be_made_of_ops():
    @ag.custom(saves=("e",))
    def twice_exp(x):
        e = F.exp(x)
        return e * 2, e

    @twice_exp.rule
    def _(g, e):
        return g * e * 2

    @twice_exp.saved("e")
    def _(x):
        return F.exp(x)

    x = Variable(np.array([0.0, 1.0]))
    twice_exp(x).sum().backward()
    np.testing.assert_allclose(x.grad.data, 2 * np.exp(x.data))
    second = ag.grad(ag.grad(lambda x: twice_exp(x)))(1.0)
    assert float(second) == pytest.approx(2 * np.e)


def test_custom_rules_of_several_inputs_may_be_made_of_ops():
    @ag.custom
    def product(x, y):
        return x * y

    @product.rule("x", "y")
    def _(g, x, y):
        return F.mul(g, y), F.mul(g, x)

    gx, gy = ag.grad(product, argnums=(0, 1))(2.0, 5.0)
    assert (float(gx), float(gy)) == (5.0, 2.0)
    assert float(ag.grad(ag.grad(product), argnums=1)(2.0, 5.0)) == 1.0


def test_checkpoints_of_functions_that_take_and_return_other_things():
    @ag.checkpoint
    def f(x, settings, word):
        assert (settings, word) == ({"n": 3}, "word")
        return {"y": x**3, "n": 3, "x": x}, word

    x = Variable(np.array([1.0, 2.0]))
    found, word = f(x, {"n": 3}, "word")
    assert (found["n"], word) == (3, "word")
    (found["y"] + found["x"]).sum().backward()
    np.testing.assert_allclose(x.grad.data, 3 * x.data**2 + 1)


def test_a_checkpoint_is_computed_again_inside_no_grad():
    x = Variable(np.array(2.0))
    y = ag.checkpoint(lambda x: F.sin(x) ** 2)(x)
    with no_grad():
        y.backward()
    assert float(x.grad) == pytest.approx(np.sin(4.0))
    assert not x.grad.requires_grad


def test_a_checkpoint_of_what_is_not_tracked():
    f = ag.checkpoint(lambda x: (x * 2, "aside"))
    y, aside = f(Variable(np.array(2.0), requires_grad=False))
    assert (float(y), aside, y.requires_grad) == (4.0, "aside", False)
    w = Variable(np.array(3.0))
    y = ag.checkpoint(lambda x: x * w)(np.array(2.0))  # tracked beside its arguments
    y.backward()
    assert float(w.grad) == 2.0


def test_a_checkpoint_keeps_the_arguments_of_its_call():
    x = Variable(np.array([1.0, 2.0])) * 1.0
    leaf = x.creator.inputs[0]
    y = ag.checkpoint(F.square)(x)
    x[0] = 100.0
    y.sum().backward()
    np.testing.assert_allclose(leaf.grad.data, [2.0, 4.0])
