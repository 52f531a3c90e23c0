"""Functions of the array API standard: numbers at the edges, complex gradients, tracked or not."""

import itertools
import math

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable, xp
from arraygrad.xp.namespaces import standard_ops

RNG = np.random.default_rng(0)
X = RNG.uniform(0.2, 0.9, (3, 4))
Z = X + 1j * RNG.uniform(0.2, 0.9, (3, 4))


def gradient(f, x):
    x = Variable(np.asarray(x))
    f(x).sum().backward()
    return x.grad.data


# complex numbers: the gradient of a real number L at z is dL/dRe(z) + i dL/dIm(z)


@pytest.mark.parametrize(
    ("f", "expected"),
    [
        (lambda z: F.absolute(z), lambda z: z / np.abs(z)),
        (lambda z: F.real(z * F.conj(z)), lambda z: 2 * z),
        (lambda z: F.imag(z), lambda z: np.full_like(z, 1j)),
        (lambda z: F.real(F.exp(z)), lambda z: np.conj(np.exp(z))),
        (lambda z: F.imag(z**3), lambda z: 1j * np.conj(3 * z**2)),
        (lambda z: F.real(F.sign(z)), lambda z: -1j * z.imag * z / np.abs(z) ** 3),
        (lambda z: F.var(z, axis=0), lambda z: 2 * (z - z.mean(axis=0)) / 3),
        (lambda z: F.real((2 + 1j) * z), lambda z: np.full_like(z, 2 - 1j)),
    ],
)
def test_complex_gradients(f, expected):
    np.testing.assert_allclose(gradient(f, Z), expected(Z), rtol=1e-12)


def test_complex_derivatives_at_zero_are_taken_as_zero():
    z = np.zeros(2, complex)
    assert np.all(gradient(F.absolute, z) == 0)
    assert np.all(gradient(lambda z: F.real(F.sign(z)), z) == 0)
    second = ag.grad(lambda z: F.real(ag.grad(lambda w: F.absolute(w).sum())(z)).sum())
    assert np.all(second(Variable(z)).data == 0)


def test_the_exponent_of_a_negative_base_may_be_complex():
    c = np.array([0.5 + 1j, -1.5 - 0.3j])
    for base in (-2.0, np.array([-2.0, -0.5]), Variable(np.array([-2.0, -0.5]))):
        b = np.asarray(getattr(base, "data", base)).astype(complex)
        expected = np.conj(b**c * np.log(b))
        np.testing.assert_allclose(gradient(lambda c, x=base: F.real(x**c), c), expected)


def test_a_real_input_gets_a_real_gradient_in_its_dtype():
    x = Variable(np.ones(3, np.float32))
    F.absolute(x * np.complex64(1 + 1j)).sum().backward()
    assert x.grad.dtype == np.float32
    np.testing.assert_allclose(x.grad.data, math.sqrt(2), rtol=1e-6)


@pytest.mark.parametrize("name", ["sign", "imag"])
def test_steps_of_real_numbers_are_constants(name):
    assert not getattr(F, name)(Variable(X)).requires_grad
    assert getattr(F, name)(Variable(Z)).requires_grad


# products, where elements are zero


@pytest.mark.parametrize("zeros", list(itertools.product([0.0, 1.5], repeat=4)), ids=str)
def test_products_through_zeros_to_third_order(zeros):
    x = np.array(zeros)
    made = {
        "prod": lambda x: F.prod(x),
        "cumprod": lambda x: (F.cumprod(x) * np.array([0.3, -2.0, 0.7, 1.1])).sum(),
    }
    by_hand = {
        "prod": lambda x: x[0] * x[1] * x[2] * x[3],
        "cumprod": lambda x: x[0] * 0.3 + x[0] * x[1] * (x[2] * (x[3] * 1.1 + 0.7) - 2.0),
    }
    v, w = RNG.normal(size=(2, 4))
    for name, f in made.items():
        for order in range(1, 4):
            found, expected = (along(g, order, v, w)(x) for g in (f, by_hand[name]))
            np.testing.assert_allclose(found, expected, atol=1e-12, err_msg=f"{name} {order}")


def along(f, order, v, w):
    """The gradient of that order, the later ones along v and w."""
    d = ag.grad(f)
    for direction in (v, w)[: order - 1]:
        d = ag.grad(lambda x, d=d, by=direction: (d(x) * by).sum())
    return lambda x: np.asarray(d(Variable(x)).data)


def test_cumprod_of_long_rows():
    x = RNG.uniform(0.9, 1.1, (2, 37))
    expected = np.flip(np.cumsum(np.flip(np.cumprod(x, 1), 1), 1), 1) / x
    np.testing.assert_allclose(gradient(lambda x: F.cumprod(x, axis=1), x), expected)


# spread


def test_equal_elements_have_no_slope():
    assert np.all(gradient(F.std, np.full(3, 7.0)) == 0)
    assert np.all(gradient(lambda x: F.std(x, axis=1), X[:, :1]) == 0)
    mixed = np.stack([np.full(4, 7.0), X[0]])
    expected = (X[0] - X[0].mean()) / (4 * X[0].std())
    np.testing.assert_allclose(
        gradient(lambda x: F.std(x, axis=1), mixed), [np.zeros(4), expected], atol=1e-15
    )


def test_more_correction_than_elements():
    for f in (F.var, F.std):
        with np.errstate(all="ignore"), pytest.warns(RuntimeWarning):
            g = gradient(lambda x, f=f: f(x, correction=1), [3.0])
        assert np.isnan(g).all()


# a zero upstream times an infinite derivative is zero

SINGULAR = {
    F.acos: 1.0, F.acosh: 1.0, F.asin: -1.0, F.atanh: 1.0, F.log2: 0.0, F.log10: 0.0,
    F.reciprocal: 0.0,
}  # fmt: skip


@pytest.mark.parametrize("f", SINGULAR, ids=lambda f: f.__name__)
def test_where_nothing_is_wanted_nothing_comes_back(f):
    x = Variable(np.array([SINGULAR[f], 0.5 if f is not F.acosh else 2.0]))
    with np.errstate(all="ignore"):
        y = F.where(np.array([False, True]), f(x), 0.0)
    y.sum().backward(create_graph=True)
    assert x.grad.data[0] == 0
    assert np.isfinite(x.grad.data[1])
    first = x.grad
    x.cleargrad()
    with np.errstate(invalid="ignore"):  # of 0 * inf on the way
        first.sum().backward()
    assert x.grad.data[0] == 0
    assert np.isfinite(x.grad.data[1])


@pytest.mark.parametrize("f", [F.hypot, F.atan2, F.logaddexp], ids=lambda f: f.__name__)
def test_the_same_of_two_arguments(f):
    nowhere = -np.inf if f is F.logaddexp else 0.0
    a, b = Variable(np.array([nowhere, 1.0])), Variable(np.array([nowhere, 2.0]))
    with np.errstate(all="ignore"):
        y = F.where(np.array([False, True]), f(a, b), 0.0)
    y.sum().backward()
    assert a.grad.data[0] == b.grad.data[0] == 0
    assert np.isfinite(a.grad.data[1])


def test_large_and_small_numbers():
    for scale in (1e-200, 1e200):
        a, b = Variable(np.array([3 * scale])), Variable(np.array([4 * scale]))
        F.hypot(a, b).sum().backward()
        np.testing.assert_allclose([a.grad.data[0], b.grad.data[0]], [0.6, 0.8])
    a, b = Variable(np.array([3e180])), Variable(np.array([4e180]))
    F.atan2(a, b).sum().backward()
    np.testing.assert_allclose([a.grad.data[0], b.grad.data[0]], [4 / 25e180, -3 / 25e180])
    a, b = Variable(np.array([-900.0])), Variable(np.array([0.0]))
    F.logaddexp(a, b).sum().backward()
    assert (a.grad.data[0], b.grad.data[0]) == (0.0, 1.0)
    near = gradient(F.asin, [1 - 2.0**-52])[0]
    np.testing.assert_allclose(near, 1 / math.sqrt(2.0**-51), rtol=1e-12)


# the namespace: tracked or not, the same numbers

CALLS = {
    "acos": lambda x: xp.acos(x),
    "asarray": lambda x: xp.asarray([[x[0, 0], 1.0], [x[1, 1], x[2, 2]]]),
    "astype": lambda x: xp.astype(x, xp.float32, copy=False),
    "atan2": lambda x: xp.atan2(x, x[:1]),
    "clip": lambda x: xp.clip(x, max=xp.asarray([0.5, 0.6, 0.7, 0.8])),
    "concat": lambda x: xp.concat([x, x[:1]], axis=None),
    "copysign": lambda x: xp.copysign(x, -1.0),
    "cumulative_prod": lambda x: xp.cumulative_prod(x, axis=1, include_initial=True),
    "cumulative_sum": lambda x: xp.cumulative_sum(x, axis=0, dtype=xp.float32),
    "diff": lambda x: xp.diff(x, n=2, prepend=x[:, :1]),
    "linspace": lambda x: xp.linspace(x[0, 0], x[1, 1], 5),
    "logaddexp": lambda x: xp.logaddexp(x, 0.5),
    "meshgrid": lambda x: xp.meshgrid(x[0], x[1])[1],
    "prod": lambda x: xp.prod(x, axis=0, dtype=xp.float32),
    "repeat": lambda x: xp.repeat(x, xp.asarray([1, 0, 2]), axis=0),
    "reshape": lambda x: xp.reshape(x, (4, 3), copy=True),
    "roll": lambda x: xp.roll(x, (1, -1), axis=(0, 1)),
    "sort": lambda x: xp.sort(x, descending=True, stable=False),
    "std": lambda x: xp.std(x, axis=1, correction=1),
    "sum": lambda x: xp.sum(x, axis=(0, 1), dtype=xp.float32, keepdims=True),
    "take": lambda x: xp.take(x, xp.asarray([2, 0]), axis=1),
    "unique_inverse": lambda x: xp.unique_inverse(x).values,
    "unstack": lambda x: xp.unstack(x, axis=-1)[1],
    "var": lambda x: xp.var(x, correction=1.5),
}


@pytest.mark.parametrize("name", CALLS)
def test_tracked_or_not(name):
    tracked = CALLS[name](Variable(X))
    plain = CALLS[name](Variable(X, requires_grad=False))
    assert (tracked.requires_grad, plain.requires_grad) == (True, False)
    assert tracked.dtype == plain.dtype
    np.testing.assert_array_equal(tracked.data, plain.data)


def test_each_op_of_the_standard_is_found_without_importing_all() -> None:
    late = dict.fromkeys(F._PRIVATE, "standard") | F._MODULE
    for name, op in standard_ops().items():
        module = op.definition.forward.__module__.removeprefix("arraygrad.functions.")
        if module in F.LATE and module != "scipy_special":
            assert late.get(name.rpartition(".")[2]) == module, name
