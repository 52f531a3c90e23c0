"""Namespaces and definitions of ops where it is easy to be nearly right."""

from __future__ import annotations

import re

import numpy as np
import pytest

from arraygrad import Variable, xp
from arraygrad.errors import ArgumentError
from arraygrad.op import arr, case, op


def test_names_that_there_are_not():
    for namespace in (xp, xp.strict, xp.linalg, xp.fft):
        with pytest.raises(AttributeError, match="no_such_function"):
            getattr(namespace, "no_such_function")  # noqa: B009
        with pytest.raises(AttributeError):
            getattr(namespace, "__wrapped__")  # noqa: B009


def test_the_version_of_the_standard():
    for namespace in (xp, xp.strict):
        assert re.fullmatch(r"20\d\d\.12", namespace.__array_api_version__)


@pytest.mark.parametrize("name", ["sin", "add", "sum", "permute_dims", "reshape", "linalg.svd"])
def test_functions_explain_themselves(name):
    function = xp
    for part in name.split("."):
        function = getattr(function, part)
    assert len(function.__doc__.split()) > 3


@pytest.mark.parametrize(
    "f",
    [
        lambda x: xp.permute_dims(x, (1, 0)),
        lambda x: xp.reshape(x, (3, 2)),
        lambda x: xp.flip(x, axis=0),
        lambda x: xp.expand_dims(x, axis=0),
        lambda x: xp.broadcast_to(x, (4, 2, 3)),
        lambda x: xp.unstack(x)[1],
        lambda x: xp.matrix_transpose(x),
        lambda x: xp.moveaxis(x, 0, 1),
        lambda x: xp.squeeze(x[:1], axis=0),
    ],
)
def test_plain_arrays_become_variables(f):
    """Also by functions that give views of Variables."""
    x = np.arange(6.0).reshape(2, 3)
    y = f(x)
    assert type(y) is Variable
    assert not y.requires_grad
    np.testing.assert_array_equal(y.data, f(Variable(x)).data)


def test_rules_keep_their_names():
    @op(samples=[case(arr(2))])
    def same(x):
        return x * 1

    @same.rule("x")
    def of_x(g):
        return g

    assert of_x(3.0) == 3.0
    x = Variable(np.ones(2))
    same(x).sum().backward()
    np.testing.assert_array_equal(x.grad.data, 1)


def test_names_of_parameters():
    """Those that the written code has for the arrays, edges and kept values of others are taken."""

    @op(samples=[case(arr(2))])
    def shifted(x, a_shift=1.0):
        return x + a_shift

    @shifted.rule("x")
    def _(g):
        return g

    x = Variable(np.ones(2))
    y = shifted(x, a_shift=2.0)
    y.sum().backward()
    np.testing.assert_array_equal([y.data, x.grad.data], [[3, 3], [1, 1]])
    for name in ("a_x", "e_x", "s_x"):
        with pytest.raises(ArgumentError, match=f"parameter named '{name}'"):
            op(eval(f"lambda x, {name}: x"))


def test_any_number_of_arrays():
    x, y = Variable(np.ones(2, np.float32)), np.zeros((3, 1))
    assert xp.result_type(x, y) == np.float64
    assert xp.result_type(x, 1.0) == np.float32
    assert [z.shape for z in xp.broadcast_arrays(x, y)] == [(3, 2), (3, 2)]
    assert [z.shape for z in xp.meshgrid(x, np.arange(3.0))] == [(3, 2), (3, 2)]
    assert xp.concat((x, x, x)).shape == (6,)
    assert xp.stack([x, Variable(np.ones(2, np.float32))]).shape == (2, 2)


def test_new_arrays_like_tracked_ones_are_constants():
    x = Variable(np.ones((2, 3), np.float32))
    for y in (xp.zeros_like(x), xp.ones_like(x), xp.full_like(x, 2.0), xp.empty_like(x)):
        assert (y.shape, y.dtype, y.requires_grad) == ((2, 3), np.float32, False)
    y = xp.full_like(x, Variable(np.array(2.0, np.float32)))
    assert y.requires_grad
    for y in (xp.sign(x), xp.floor(x), xp.isfinite(x), xp.argmax(x), x > 0):
        assert not y.requires_grad
    assert xp.astype(x, np.float32, copy=False) is x
    assert xp.asarray(x) is x
    assert xp.asarray(x, copy=True) is not x


def test_arguments_by_position():
    np.testing.assert_array_equal(xp.eye(2, 3).data, np.eye(2, 3))
    np.testing.assert_array_equal(xp.eye(2, 3, k=1).data, np.eye(2, 3, 1))
    np.testing.assert_array_equal(xp.eye(2).data, np.eye(2))
    np.testing.assert_array_equal(xp.arange(1, 7, 2).data, [1, 3, 5])
    np.testing.assert_array_equal(xp.arange(3).data, [0, 1, 2])
