"""Gradient rules at places that random samples do not meet: zeros, ties, signs, parts left out."""

from __future__ import annotations

import math

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable
from arraygrad import xp as numpy_xp


def slopes(f, *xs):
    """The gradients of the sum of f by each of its arguments; on arrays, and on Variables."""
    found = []
    for create_graph in (False, True):
        variables = [Variable(np.asarray(x)) for x in xs]
        f(*variables).sum().backward(create_graph=create_graph)
        found.append([x.grad.data for x in variables])
    for raw, recorded in zip(*found, strict=True):
        np.testing.assert_allclose(raw, recorded)
    return found[0]


# Ties and kinks


def test_slopes_at_kinks():
    zero = np.zeros(1)
    for f, slope in [
        (F.relu, 0.0),
        (lambda x: F.leaky_relu(x, 0.2), 0.2),
        (lambda x: F.elu(x, 3.0), 3.0),
        (F.absolute, 0.0),
    ]:
        assert slopes(f, zero)[0] == slope


def test_limits_of_clip():
    x, low, high = np.array([-2.0, 0.0, 2.0]), -np.ones(3), np.ones(3)
    for found, wanted in zip(
        slopes(F.clip, x, low, high), ([0, 1, 0], [1, 0, 0], [0, 0, 1]), strict=True
    ):
        np.testing.assert_array_equal(found, wanted)
    gx, glow = slopes(lambda x, low: F.clip(x, low), x, low)
    np.testing.assert_array_equal([gx, glow], [[0, 1, 1], [1, 0, 0]])
    gx, ghigh = slopes(lambda x, high: F.clip(x, None, high), x, high)
    np.testing.assert_array_equal([gx, ghigh], [[1, 1, 0], [0, 0, 1]])


def test_limits_of_clip_that_cross():
    """The upper one is the stronger, as in NumPy."""
    x, low, high = np.array([-5.0, 0.5, 5.0]), np.ones(3), np.zeros(3)
    np.testing.assert_array_equal(np.clip(x, low, high), 0.0)
    gx, glow, ghigh = slopes(F.clip, x, low, high)
    np.testing.assert_array_equal([gx, glow, ghigh], [np.zeros(3), np.zeros(3), np.ones(3)])


def test_limits_of_clip_that_are_met():
    gx, glow, ghigh = slopes(F.clip, np.array([-1.0, 1.0]), -np.ones(2), np.ones(2))
    np.testing.assert_array_equal([gx, glow, ghigh], [np.ones(2), np.zeros(2), np.zeros(2)])
    gx, glow, ghigh = slopes(F.clip, np.array([0.0]), np.ones(1), np.ones(1))
    np.testing.assert_array_equal([gx, glow, ghigh], [[0], [1], [0]])


# Powers


@pytest.mark.parametrize("c", [0, 1, 2, 3, -1, 0.5, 2.0, 0.0])
def test_numbers_as_exponents(c):
    x = np.array([0.5, 1.0, 2.0])
    np.testing.assert_allclose(slopes(lambda x: x**c, x)[0], c * x ** (c - 1.0))


def test_powers_of_zero():
    zero = np.zeros(4)
    gx, gc = slopes(F.pow, zero, np.array([0.0, 1.0, 2.0, 3.0]))
    np.testing.assert_array_equal([gx, gc], [[0, 1, 0, 0], np.zeros(4)])
    assert slopes(lambda x: x**0, np.zeros(1))[0] == 0.0
    assert slopes(lambda x: x**2, np.zeros(1))[0] == 0.0
    assert slopes(lambda x: x**1, np.zeros(1))[0] == 1.0


def test_exponents_that_are_variables():
    c = np.array([0.0, 1.0, 2.5])
    for x in (2.0, 0.5):
        np.testing.assert_allclose(slopes(lambda c, x=x: x**c, c)[0], x**c * math.log(x))
    np.testing.assert_array_equal(slopes(lambda c: 0.0**c, c)[0], 0.0)
    np.testing.assert_array_equal(slopes(lambda c: 1.0**c, c)[0], 0.0)
    np.testing.assert_array_equal(slopes(F.pow, -np.ones(3), np.array([1.0, 2, 3]))[1], 0.0)


def test_complex_powers():
    c = np.array([0.5 + 1j, 2.0])
    for x in (np.array([-2.0, 1.5]), np.array([1j, -2 + 1j]), np.array([0.3, 0.7])):
        ag.check_grads(F.pow, (x, c))
    for x in (2.0, -2.0, 1j, 0.5 - 1j):
        ag.check_grads(lambda c, x=x: F.pow(x, c), (c,))
    np.testing.assert_array_equal(slopes(lambda c: F.real(F.pow(0j, c)), c)[0], 0.0)
    ag.check_grads(lambda x: x ** (2 - 1j), (np.array([0.5, 2.0]),))


# Special functions


@pytest.mark.parametrize("name", ["i0e", "i1e", "i1", "j0", "j1", "i0", "sinc", "erf", "expit"])
def test_special_functions_on_both_sides(name):
    pytest.importorskip("scipy")
    f = getattr(numpy_xp.special, name)
    ag.check_grads(f, (np.array([-3.0, -1.0, -0.4, 0.4, 1.0, 3.0]),))


def test_special_functions_at_zero():
    pytest.importorskip("scipy")
    special = numpy_xp.special
    for name, slope in {"i1e": 0.5, "i1": 0.5, "j1": 0.5, "sinc": 0.0, "j0": 0.0}.items():
        np.testing.assert_allclose(slopes(getattr(special, name), np.zeros(1))[0], slope)
    np.testing.assert_allclose(slopes(special.spence, np.ones(1))[0], -1.0)


def test_angles():
    pytest.importorskip("scipy")
    d, m, s = slopes(numpy_xp.special.radian, np.ones(1), np.ones(1), np.ones(1))
    np.testing.assert_allclose([d, m, s], [[math.pi / 180 / k] for k in (1, 60, 3600)])


def test_entropies_at_zero():
    """The value is 0 at x = 0 for every y, so that it does not depend on y there."""
    pytest.importorskip("scipy")
    x, y = np.array([0.0, 0.0, 1.0, 2.0]), np.array([0.0, 3.0, 3.0, 1.0])
    gx, gy = slopes(numpy_xp.special.xlogy, x, y)
    np.testing.assert_allclose(gx, [0, math.log(3), math.log(3), 0])
    np.testing.assert_allclose(gy, [0, 0, 1 / 3, 2])
    gx, gy = slopes(numpy_xp.special.xlog1py, x, y)
    np.testing.assert_allclose(gx, np.log1p(y))
    np.testing.assert_allclose(gy, x / (1 + y))


def test_both_parts_of_huber():
    pytest.importorskip("scipy")
    delta, r = np.array([2.0, 2.0, 2.0, 2.0]), np.array([-5.0, -1.0, 0.5, 3.0])
    gdelta, gr = slopes(numpy_xp.special.huber, delta, r)
    np.testing.assert_array_equal(gdelta, [3, 0, 0, 1])
    np.testing.assert_array_equal(gr, [-2, -1, 0.5, 2])


def test_forms_for_libraries_with_fewer_functions():
    """Distribution functions by those that libraries have: the same values as SciPy's own."""
    pytest.importorskip("scipy")
    from arraygrad.functions.scipy_special import _BY_OTHERS, scipy_function

    x = np.array([-1.5, 0.2, 0.7, 2.0, 5.0])
    for name, (other, formula) in _BY_OTHERS.items():
        values = [np.linspace(1.5, 4.5, 5), x if name == "stdtr" else np.abs(x)]
        if name.startswith("fdtr"):
            values.insert(0, np.linspace(6.0, 2.0, 5))
        found = formula(scipy_function(other), np, *values)
        np.testing.assert_allclose(found, scipy_function(name)(*values), rtol=1e-12)


# Factors of which only some are used


TALL = np.array([[2.0, 0.3], [-0.4, 1.5], [0.7, 0.9]])
WIDE = TALL.T.copy()


@pytest.mark.parametrize("x", [TALL, TALL[:2], WIDE], ids=["tall", "square", "wide"])
@pytest.mark.parametrize("part", ["Q", "R"])
@pytest.mark.parametrize("kind", ["real", "complex"])
def test_one_factor_of_qr(x, part, kind):
    weights = np.arange(1.0, 10.0) ** 2
    x = x + 0.5j * x[::-1] if kind == "complex" else x

    def f(x):
        y = getattr(F.qr(x), part)
        y = F.absolute(y) ** 2 if kind == "complex" else y
        y = F.reshape(y, (-1,))
        return F.sum(y * weights[: y.shape[0]])

    ag.check_grads(f, (x,))
    assert float(F.sum(F.absolute(ag.grad(f)(x)))) > 0.1


@pytest.mark.parametrize("x", [TALL, np.stack([TALL, TALL**2])], ids=["one", "batch"])
def test_all_rows_of_q(x):
    """Of mode complete: what depends on the span of the others alone has a derivative."""

    def rest(x):
        q = F.qr(x, mode="complete").Q
        return F.sum((q[..., 2:] @ q[..., 2:].mT) * np.arange(9.0).reshape(3, 3))

    ag.check_grads(rest, (x,))
    ag.check_grads(lambda x: F.sum(F.qr(x, mode="complete").R ** 3), (x,))
    ag.check_grads(lambda x: F.sum(F.qr(x).R ** 3) + F.sum(F.qr(x).Q ** 3), (x,))


@pytest.mark.parametrize("x", [TALL, WIDE], ids=["tall", "wide"])
def test_one_factor_of_svd(x):
    weights = np.arange(9.0).reshape(3, 3)

    def of_u(x):
        u = F.svd(x, full_matrices=False).U[:, :1]
        return F.sum((u @ u.mT) * weights[: x.shape[0], : x.shape[0]])

    def of_v(x):
        v = F.svd(x, full_matrices=False).Vh[:1]
        return F.sum((v.mT @ v) * weights[: x.shape[1], : x.shape[1]])

    for f in (of_u, of_v, lambda x: F.sum(F.svd(x, full_matrices=False).S ** 3)):
        ag.check_grads(f, (x,))


def test_eigenvectors_alone():
    x = np.array([[2.0, 0.3, 0.1], [-0.4, 1.0, 0.5], [0.2, 0.1, -1.0]])
    weights = np.arange(3.0)[:, None] ** 2

    def lengths(x):
        v = F.eig(x).eigenvectors
        return F.sum(F.real(v * F.conj(v)) ** 2 * weights)

    ag.check_grads(lengths, (x,))
    ag.check_grads(lambda x: F.sum(F.eigh(x + x.mT).eigenvectors ** 4 * weights), (x,))


def test_lists_of_shifts():
    x = np.arange(6.0).reshape(2, 3)
    for shift in ((1, 2), [1, 2]):
        f = lambda x, shift=shift: F.roll(x, shift, axis=(0, 1)) * x
        np.testing.assert_array_equal(
            slopes(f, x)[0], np.roll(x, (1, 2), (0, 1)) + np.roll(x, (-1, -2), (0, 1))
        )


# Forms of rules for NumPy: the same as those on Variables, which `slopes` compares


def test_large_normalizations():
    rng = np.random.default_rng(0)
    for shape in ((2, 70_000), (5,), (3, 1), (2, 3, 4)):
        x, gamma, weights = (rng.normal(size=shape) for _ in range(3))
        row = gamma[0] if len(shape) == 2 else gamma if len(shape) == 1 else gamma[0, 0]
        slopes(lambda x, g, w=weights: F.layer_norm(x, g, g * 2) * w, x, row)


def test_attention_with_dropout():
    rng = np.random.default_rng(0)
    q, k, v, weights = (rng.normal(size=(2, 3, 4)) for _ in range(4))

    def f(q, k, v):
        np.random.seed(0)
        return F.scaled_dot_product_attention(q, k, v, dropout_ratio=0.4) * weights

    slopes(f, q, k, v)
    ag.check_grads(f, (q, k, v), order=1)
    assert np.abs(f(q, k, v).data - F.scaled_dot_product_attention(q, k, v).data).max() > 0.01


def test_a_running_product_of_one_element():
    (gx,) = slopes(lambda x: F.cumprod(x, axis=1) * np.array([[2.0], [3.0]]), np.ones((2, 1)))
    np.testing.assert_array_equal(gx, [[2], [3]])
    assert slopes(lambda x: F.cumprod(x, axis=1), np.ones((2, 0)))[0].shape == (2, 0)
