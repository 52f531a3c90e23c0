"""Functions of the array API standard: numbers at the edges, complex gradients, copies, errors."""

import itertools
import math

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable, xp
from arraygrad.errors import ArgumentError, AxisIndexError, ShapeError

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
    y.sum().backward()
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


# limits


def test_limits_that_are_arrays_share_the_gradient():
    x, low, high = (Variable(np.array(v)) for v in ([-2.0, 0.0, 3.0], [-1.0], [1.0, 1.0, 2.0]))
    F.clip(x, low, high).sum().backward()
    np.testing.assert_array_equal(x.grad.data, [0, 1, 0])
    np.testing.assert_array_equal(low.grad.data, [1])
    np.testing.assert_array_equal(high.grad.data, [0, 0, 1])


def test_where_limits_cross_the_upper_one_holds():
    x, low, high = (Variable(np.array([v])) for v in (0.0, 2.0, 1.0))
    y = F.clip(x, low, high)
    y.backward()
    assert y.data == 1.0
    assert [v.grad.data[0] for v in (x, low, high)] == [0, 0, 1]


# arrangement


@pytest.mark.parametrize(
    ("f", "args", "kwargs"),
    [
        ("repeat", (2,), {}),
        ("repeat", (3,), {"axis": -2}),
        ("repeat", (np.array([2, 0, 1]),), {"axis": 0}),
        ("repeat", (0,), {"axis": 1}),
        ("tile", ((2,),), {}),
        ("tile", ((2, 1, 3),), {}),
        ("tile", ((0, 1),), {}),
        ("roll", (5,), {}),
        ("roll", ((1, -2),), {"axis": (0, 1)}),
        ("diff", (), {"n": 3}),
        ("diff", (), {"n": 9}),
        ("diff", (), {"axis": 0, "prepend": X[:1], "append": X}),
        ("expand_dims", ((0, -1, 2),), {}),
        ("tril", (), {"k": -1}),
        ("var", (), {"axis": ()}),
    ],
)
def test_what_numpy_gives(f, args, kwargs):
    y = getattr(F, f)(Variable(X), *args, **kwargs)
    np.testing.assert_array_equal(y.data, getattr(np, f)(X, *args, **kwargs))
    assert y.requires_grad


def test_several_results_are_tuples():
    assert [y.shape for y in F.unstack(Variable(X), axis=1)] == [(3,)] * 4
    assert F.unstack(Variable(X[:0])) == ()
    assert [y.shape for y in F.broadcast_arrays(X[:1], 2.0)] == [(1, 4), (1, 4)]
    for indexing in ("xy", "ij"):
        grids = F.meshgrid(Variable(X[0]), X[1, :2], X[2, :3], indexing=indexing)
        for grid, expected in zip(
            grids, np.meshgrid(X[0], X[1, :2], X[2, :3], indexing=indexing), strict=True
        ):
            np.testing.assert_array_equal(grid.data, expected)


def test_slices_with_one_gradient_of_several():
    def f(x):
        first, _, last = F.unstack(x)
        return first * 2 + last

    expected = np.stack([np.full(4, 2.0), np.zeros(4), np.ones(4)])
    np.testing.assert_array_equal(gradient(f, X), expected)


def test_equal_elements_give_the_first_place_the_gradient():
    x = np.array([2.0, 1.0, 2.0, 1.0, 3.0])
    for f in (F.unique_values, lambda x: F.unique_all(x).values):
        np.testing.assert_array_equal(gradient(f, x), [1, 1, 0, 0, 1])
    found = F.unique_all(Variable(x))
    for part, expected in zip(found, np.unique_all(x), strict=True):
        np.testing.assert_array_equal(part.data, expected)
    assert [part.requires_grad for part in found] == [True, False, False, False]
    assert F.unique_values(Variable(x[:0])).shape == (0,)


# new arrays


def test_asarray_is_the_same_or_a_copy():
    x = Variable(X)
    assert F.asarray(x) is x
    assert F.asarray(x, copy=False, dtype=np.float64) is x
    y = F.asarray(x, copy=True)
    assert y is not x
    assert not np.shares_memory(y.data, x.data)
    assert y.requires_grad
    assert F.asarray(x, dtype="float32").dtype == np.float32
    with pytest.raises(ValueError, match="copy=False"):
        F.asarray(x, dtype=np.float32, copy=False)
    with pytest.raises(ArgumentError, match="copy=False"):
        F.asarray([x, x], copy=False)


def test_asarray_of_lists():
    a, b = Variable(np.array(1.0, np.float32)), Variable(np.array([2.0, 3.0], np.float32))
    y = F.asarray([[a, 0.5], [1, True]])
    assert (y.dtype, y.shape) == (np.float32, (2, 2))
    F.asarray([b, [a, a]]).sum().backward()
    assert a.grad.data == 2
    np.testing.assert_array_equal(b.grad.data, [1, 1])
    assert F.asarray([a, np.float64(2.0)]).dtype == np.float64
    assert F.asarray([a, 1j]).dtype == np.complex64
    assert F.asarray([[], []]).shape == (2, 0)
    with pytest.raises(ShapeError, match="stack"):
        F.asarray([a, b])


def test_astype_keeps_what_need_not_change():
    x = Variable(X)
    assert F.astype(x, np.float64, copy=False) is x
    y = F.astype(x, np.float64)
    assert not np.shares_memory(y.data, x.data)
    assert not F.astype(x, np.int64, copy=False).requires_grad


def test_linspace_ends_where_it_should():
    start, stop = np.array(0.1), np.array(0.7)
    y = F.linspace(Variable(start), stop, 49).data
    assert (y[0], y[-1]) == (start, stop)
    np.testing.assert_allclose(y, np.linspace(start, stop, 49), rtol=1e-15)
    assert F.linspace(Variable(np.float32(0.1)), 1.0, 3).dtype == np.float32
    assert F.linspace(0, 1, 3).data.tolist() == [0, 0.5, 1]
    assert F.linspace(Variable(start), 1.0, 0).shape == (0,)


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


# bad input


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda x: F.repeat(x, -1), ArgumentError, "repeat: got repeats = -1"),
        (lambda x: F.repeat(x, 2, axis=2), AxisIndexError, "repeat: got axis 2"),
        (lambda x: F.diff(x, n=-1), ArgumentError, "diff: got n = -1"),
        (lambda x: F.diff(x, axis=5), AxisIndexError, "diff: got axis 5"),
        (lambda x: F.unstack(x, axis=-3), AxisIndexError, "unstack: got axis -3"),
        (lambda x: F.meshgrid(x, indexing="yx"), ArgumentError, "'yx', expected 'xy' or 'ij'"),
        (lambda x: F.expand_dims(x, (0, 0)), AxisIndexError, "expand_dims: .* different"),
        (lambda x: F.expand_dims(x, (0, 4)), AxisIndexError, "from -4 to 3"),
        (lambda x: F.linspace(x, 1.0, -2), ArgumentError, "linspace: got num = -2"),
        (lambda x: F.broadcast_arrays(x, np.ones(5)), ArgumentError, "broadcast_arrays"),
        (lambda x: F.cumprod(x, axis=2), AxisIndexError, "cumprod"),
        (lambda x: F.tile(x, (2, -1)), ArgumentError, r"tile: got repetitions = \(2, -1\)"),
        (lambda x: xp.cumulative_prod(x), ArgumentError, "cumulative_prod: got axis None"),
        (lambda x: xp.take(x, xp.asarray([0])), ArgumentError, "take: got axis None"),
        (lambda x: F.concat([], axis=None), ArgumentError, "concat"),
        (lambda x: F.std(x, axis=3), AxisIndexError, "std"),
    ],
)
def test_errors(call, error, text):
    with pytest.raises(error, match=text):
        call(Variable(X))
