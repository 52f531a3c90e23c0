"""Every elementwise op in a branch that is not taken: no gradient comes of it, wherever it is."""

from __future__ import annotations

import itertools
import warnings

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Variable, using_config
from arraygrad.testing.core import core_ops

# Where derivatives are infinite, too large, or no numbers, for one function or another.
ODD = [0.0, -0.0, 0.5, 1.0, -0.5, -1.0, 2.0, -2.0, 3.0, 50.0, -1e3, 1e3, 1e300, -1e300, 1e-300]
HARMLESS = ([0.3, 0.7, 0.2], [1.3, 1.7, 1.2], [-0.3, -0.7, -0.2])


def required(op):
    return [p for p in op.definition.public.parameters.values() if p.default is p.empty]


def gradients(op, xs, weights):
    xs = [Variable(np.array(x)) for x in xs]
    y = op(*xs)
    y.grad = np.array(weights)
    y.backward()
    return [x.grad.data for x in xs]


def elementwise(op, n):
    """Whether all elements of the result depend on the same elements of n inputs alone."""
    if len(required(op)) != n or any(p.kind == p.VAR_POSITIONAL for p in required(op)):
        return False
    for x in HARMLESS:
        try:
            gs = gradients(op, [x] * n, [0.0, 1.0, 0.0])
        except Exception:
            continue  # it takes something else
        if np.isfinite(gs).all():
            return all(g[1] != 0 for g in gs) and not np.any([g[::2] for g in gs])
    return False


with warnings.catch_warnings(), using_config("train", False):  # the same ones in each process
    warnings.simplefilter("ignore")
    UNARY = [name for name, op in core_ops().items() if elementwise(op, 1)]
    BINARY = [name for name, op in core_ops().items() if elementwise(op, 2)]


def test_there_are_many():
    assert len(UNARY) > 35
    assert len(BINARY) > 10


def masked(op, *xs):
    with warnings.catch_warnings():
        # What comes out of impossible values is no concern here.
        warnings.simplefilter("ignore", RuntimeWarning)
        xs = [Variable(np.array(x)) for x in xs]
        y = op(*xs)
    F.where(np.zeros(y.shape, bool), y, 0.0).sum().backward()
    return [x.grad.data for x in xs]


def of_infinity(op):
    return lambda *xs: op(*(F.reciprocal(x) for x in xs))


def of_nan(op):
    return lambda *xs: op(*(F.log(x) for x in xs))


@pytest.mark.parametrize("name", UNARY)
def test_one_input(name):
    op = core_ops()[name]
    for f in (op, of_infinity(op), of_nan(op)):
        (gx,) = masked(f, ODD)
        np.testing.assert_array_equal(gx, 0.0)


@pytest.mark.parametrize("name", BINARY)
def test_two_inputs(name):
    op, pairs = core_ops()[name], list(itertools.product(ODD[:11], repeat=2))
    for f in (op, of_infinity(op), of_nan(op)):
        for gx in masked(f, *zip(*pairs, strict=True)):
            np.testing.assert_array_equal(gx, 0.0)
