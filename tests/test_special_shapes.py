"""Derivatives of distribution functions by the parameters of their shape."""

from __future__ import annotations

import importlib.util
import math

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable, xp
from arraygrad.errors import GradientError

scipy_special = pytest.importorskip("scipy.special")

# Computed by mpmath with 34 digits, as the integral of the density times the score: what function,
# of what; the derivatives by its parameters; the second ones, by rows without what is equal.
NUMBERS = [
    ("gammainc", (0.05, 1e-20), (-4.67936900535784,), (213.005899574801,)),
    ("gammainc", (0.05, 3.0), (-0.0156202843277173,), (-0.0533849543532173,)),
    ("gammainc", (2.5, 2.6), (-0.255278496732744,), (-0.00687377004700166,)),
    ("gammainc", (3.0, 240.0), (-7.7892358381567e-100,), (-3.48605117864852e-99,)),
    ("gammainc", (1e5, 93500.0), (-1.55110968677193e-99,), (1.04248229566071e-100,)),
    ("gammainc", (1e5, 100100.0), (-0.00119948028025019,), (-1.19888192871022e-6,)),
    ("gammainc", (1e5, 107000.0), (-2.52656749214844e-105,), (-1.70944284219661e-106,)),
    ("betainc", (0.05, 1e5, 2e-07), (-2.89654419596593, 4.13999444135073e-7,),
     (8.67730417324704, 6.86651714966756e-6, -4.01581329813609e-12,)),
    ("betainc", (1e5, 0.05, 0.9999), (-2.61513335589405e-11, 5.50305173637607e-6,),
     (2.86370297014884e-15, -5.96261403985424e-10, 2.93899874773366e-5,)),
    ("betainc", (2.0, 3.0, 0.5), (-0.195288686634962, 0.154108493924983,),
     (0.00291615800379424, 0.0437591318962172, -0.0634981692794448,)),
    ("betainc", (40.0, 60.0, 0.001), (-4.67868509896756e-92, 3.99585306895905e-93,),
     (2.81026152082886e-91, -2.39326573681754e-92, 1.99805795913819e-93,)),
    ("betainc", (1e5, 1e5, 0.476), (-6.08326762647036e-104, 5.79800764199465e-104,),
     (2.99267961166643e-105, -2.85205524990396e-105, 2.7180251242608e-105,)),
    ("betainc", (1e5, 1e5, 0.5005), (-0.00080676945341482, 0.000807576625916367,),
     (-8.02332809319349e-7, 8.07173443254297e-7, -8.12018920234747e-7,)),
    ("fdtr", (1.0, 1e5, 450.0), (2.64416468878796e-97, 6.05319994062685e-105,),
     (-5.83840873376259e-95, -1.32451673354774e-102, -1.51299521253905e-109,)),
    ("fdtr", (1e5, 3.0, 20.0), (9.13817738585496e-13, 0.0172503703459266,),
     (-1.82762660990248e-17, 2.55202899703445e-13, -0.0207693412782858,)),
    ("fdtr", (5.0, 7.0, 1e-20), (-1.04909155030821e-48, -2.60777564612188e-51,),
     (2.34948337286837e-47, 5.7172212928782e-50, 7.89889656744019e-52,)),
    ("fdtr", (8.0, 1e5, 1.3), (0.00740995326240935, 1.47881519167079e-10,),
     (-0.000184240126318938, 1.69236782976055e-11, -2.95749556092118e-15,)),
    ("fdtr", (1e5, 1e5, 1.02), (2.3030090338013e-8, 2.33990776768708e-8,),
     (-8.48887600545473e-13, -3.94821482357017e-13, -8.69444485691564e-13,)),
    ("stdtr", (0.1, 1e10), (1.01407558311166,), (-24.8747182494081,)),
    ("stdtr", (7.0, 1e-08), (1.94495465900877e-11,), (-5.40565085297058e-12,)),
    ("stdtr", (5.0, -1e+20), (-4.25512233163142e-98,), (1.907986616064e-96,)),
    ("stdtr", (1e5, -21.0), (-2.59121531772368e-103,), (6.42543889536791e-108,)),
    ("stdtr", (1000.0, 1.2), (1.42067685054318e-7,), (-2.84058851672121e-10,)),
]  # fmt: skip
# What else there is of the same distributions, by the parameters alone.
COMPLEMENTS = {"gammainc": "gammaincc", "betainc": "betaincc", "fdtr": "fdtrc"}


def on(place):
    """Makes arrays of a library from NumPy's."""
    if place == "numpy":
        return np.asarray
    library = {"torch": "torch", "dask": "dask.array"}[place]
    pytest.importorskip(library, reason=f"{library} is not installed: pip install {place}")
    return ag.get_backend(place).from_numpy


def numpy_of(x):
    return ag.backend_of(x).to_numpy(x)


def derivatives(function, *args):
    """Gradients of a sum, and gradients of the sum of each of these, as arrays of NumPy."""
    xs = [Variable(x) for x in args]
    F.sum(function(*xs)).backward(create_graph=True)
    firsts = [x.grad for x in xs]
    seconds = []
    for first in firsts:
        for x in xs:
            x.cleargrad()
        F.sum(first).backward()
        seconds.append([x.grad for x in xs])
    return [numpy_of(x.data) for x in firsts], [[numpy_of(x.data) for x in row] for row in seconds]


@pytest.mark.parametrize("name", ["gammainc", "betainc", "fdtr", "stdtr"])
@pytest.mark.parametrize("place", ["numpy", "torch"])
def test_far_tails_and_large_and_small_parameters(name, place):
    known = [entry[1:] for entry in NUMBERS if entry[0] == name]
    args = [on(place)(np.array(column)) for column in zip(*(k[0] for k in known), strict=True)]
    firsts, seconds = derivatives(getattr(xp.special, name), *args)
    n = len(args) - 1
    for i, expected in enumerate(zip(*(k[1] for k in known), strict=True)):
        np.testing.assert_allclose(firsts[i], expected, rtol=1e-12)
    pairs = [(i, j) for i in range(n) for j in range(i, n)]
    for (i, j), expected in zip(pairs, zip(*(k[2] for k in known), strict=True), strict=True):
        # A second derivative may be far smaller than what it is the derivative of.
        for got, first in ((seconds[i][j], firsts[i]), (seconds[j][i], firsts[j])):
            assert np.all(
                np.abs(got - expected) <= 1e-10 * np.abs(expected) + 1e-14 * np.abs(first)
            )


@pytest.mark.parametrize("name", COMPLEMENTS)
def test_complements_have_the_opposite_derivatives(name):
    args = [np.array(c) for c in zip(*(e[1] for e in NUMBERS if e[0] == name), strict=True)]
    firsts, seconds = derivatives(getattr(xp.special, name), *args)
    others, rows = derivatives(getattr(xp.special, COMPLEMENTS[name]), *args)
    np.testing.assert_array_equal(np.negative(firsts), others)
    np.testing.assert_array_equal(np.negative(seconds), rows)


@pytest.mark.parametrize(
    ("inverse", "function", "params"),
    [
        ("gammaincinv", "gammainc", ([0.05, 3, 400],)),
        ("gammainccinv", "gammaincc", ([0.3, 3, 400],)),
        ("betaincinv", "betainc", ([0.3, 3, 400], [2, 0.7, 30])),
        ("betainccinv", "betaincc", ([0.3, 3, 400], [2, 0.7, 30])),
        ("chdtri", "chdtrc", ([1, 3, 400],)),
        ("stdtrit", "stdtr", ([1, 3, 400],)),
        ("fdtri", "fdtr", ([1, 3, 400], [2, 5, 30])),
    ],
)
@pytest.mark.parametrize("p", [1e-6, 0.5, 0.999])
def test_a_function_of_its_inverse_does_not_depend_on_the_parameters(inverse, function, params, p):
    params = [np.asarray(x, dtype=float) for x in params]
    back, forth = getattr(xp.special, inverse), getattr(xp.special, function)
    firsts, seconds = derivatives(lambda *xs: forth(*xs, back(*xs, p)), *params)
    # They are differences of derivatives of this size.
    still = back(*params, p).data
    sizes = [np.abs(x) for x in derivatives(lambda *xs: forth(*xs, still), *params)[0]]
    for first, size in zip(firsts, sizes, strict=True):
        assert np.all(np.abs(first) <= 1e-10 * size)
    for row in seconds:
        for second, size in zip(row, sizes, strict=True):
            assert np.all(np.abs(second) <= 1e-8 * np.max(size))


def welch(x, y):
    """The p-value of Welch's t-test, as scipy.stats.ttest_ind(x, y, equal_var=False) has it."""
    n, m = x.shape[0], y.shape[0]
    a, b = F.var(x, correction=1) / n, F.var(y, correction=1) / m
    df = (a + b) ** 2 / (a * a / (n - 1) + b * b / (m - 1))
    t = (F.mean(x) - F.mean(y)) / F.sqrt(a + b)
    return 2 * xp.special.stdtr(df, -F.abs(t))


def f_test(x, y, z):
    """The p-value of an analysis of variance whose degrees of freedom are weighted."""
    groups = [x, y, z]
    weights = [1 / F.var(g) for g in groups]
    total = sum(weights)
    mean = sum(w * F.mean(g) for w, g in zip(weights, groups, strict=True)) / total
    between = sum(w * (F.mean(g) - mean) ** 2 for w, g in zip(weights, groups, strict=True))
    spread = sum((1 - w / total) ** 2 for w in weights)
    return xp.special.fdtrc(3 - 1, 1 / spread, 5 * between)


def censored(shape, scale, x):
    """Minus the log-likelihood of gamma numbers, of which those above 4 are known to be that."""
    seen = (shape - 1) * F.log(x) - x / scale - shape * F.log(scale) - xp.special.gammaln(shape)
    return -F.sum(F.where(x < 4, seen, F.log(xp.special.gammaincc(shape, 4 / scale))))


def coverage(a, b, x):
    """How far the ranks of numbers are from those of a beta distribution."""
    y = xp.special.betainc(a, b, x)
    return sum((y[i] - (i + 1) / 6) ** 2 for i in range(5))


def power(df, x):
    """The mean of the probabilities that chi-squared numbers are above `x`, and of their limits."""
    return F.mean(xp.special.chdtrc(df, x)) + F.mean(xp.special.chdtri(df, F.exp(-x)))


RNG = np.random.default_rng(0)
PROGRAMS = {
    welch: (RNG.normal(size=8), RNG.normal(1, 2, size=6)),
    f_test: (RNG.normal(size=6), RNG.normal(0.5, size=6), RNG.normal(0.2, 2, size=6)),
    censored: (np.array(1.7), np.array(1.4), RNG.gamma(2, 1.5, 12)),
    coverage: (np.array(1.7), np.array(0.6), np.sort(RNG.uniform(size=5))),
    power: (np.array([[2.5], [7.0]]), RNG.uniform(1, 5, 4)),
}


# One will do where it takes seconds.
HERE = [(f, place) for f in PROGRAMS for place in ("numpy", "torch")]
HERE += [(welch, "dask")]


@pytest.mark.parametrize(("program", "place"), HERE, ids=lambda x: getattr(x, "__name__", x))
def test_programs(program, place):
    args = PROGRAMS[program]
    xs = [Variable(on(place)(x)) for x in args]
    program(*xs).backward()

    def value(*arrays):
        return float(program(*(Variable(x, requires_grad=False) for x in arrays)).data)

    for i, x in enumerate(xs):
        v = np.random.default_rng(i).uniform(-1, 1, args[i].shape)
        steps = [1e-3 * k * v for k in (-2, -1, 1, 2)]
        f = [value(*args[:i], args[i] + step, *args[i + 1 :]) for step in steps]
        slope = (f[0] - 8 * f[1] + 8 * f[2] - f[3]) / 12e-3
        np.testing.assert_allclose(np.sum(numpy_of(x.grad.data) * v), slope, rtol=1e-6)


def test_welch_as_scipy_has_it():
    stats = pytest.importorskip("scipy.stats")
    x, y = PROGRAMS[welch]
    expected = stats.ttest_ind(x, y, equal_var=False).pvalue
    np.testing.assert_allclose(welch(Variable(x), Variable(y)).data, expected, rtol=1e-12)


def test_compiled():
    jax = pytest.importorskip("jax", reason="jax is not installed: pip install jax")

    def slopes(*arrays):
        xs = [Variable(x) for x in arrays]
        welch(*xs).backward()
        return [x.grad.data for x in xs]

    args = PROGRAMS[welch]
    got = jax.jit(slopes)(*map(jax.numpy.asarray, args))
    rtol = 1e-10 if jax.config.jax_enable_x64 else 1e-3
    for found, expected in zip(got, slopes(*args), strict=True):
        np.testing.assert_allclose(found, expected, rtol=rtol)


@pytest.mark.parametrize(
    ("name", "args"),
    [
        ("gammainc", (0.3, 1e-3)),
        ("gammaincc", (1e4, 1.05e4)),
        ("betainc", (0.3, 400.0, 0.01)),
        ("stdtr", (1e4, -3.0)),
        ("fdtrc", (3.0, 1e4, 12.0)),
        ("gammaincinv", (1e4, 1e-5)),
    ],
)
def test_float32(name, args):
    function = getattr(xp.special, name)
    exact, _ = derivatives(function, *map(np.float64, args))
    narrow, rows = derivatives(function, *(np.array(x, dtype="float32") for x in args))
    assert {x.dtype for xs in [narrow, *rows] for x in xs} == {np.dtype("float32")}
    np.testing.assert_allclose(narrow[:-1], exact[:-1], rtol=3e-5)


def at(function, params, x):
    """Derivatives by the parameters, of a function of them and of a number."""
    return derivatives(lambda *xs: function(*xs, x), *params)


def test_at_the_ends_of_the_range():
    a, b = np.array(2.0), np.array(3.0)
    for name, params, ends in [
        ("gammainc", (a,), (0.0, math.inf)),
        ("gammaincc", (a,), (0.0, math.inf)),
        ("betainc", (a, b), (0.0, 1.0)),
        ("chdtrc", (a,), (0.0, 1e4)),
        ("fdtrc", (a, b), (0.0, math.inf)),
        ("stdtr", (a,), (-math.inf, math.inf)),
        ("gammaincinv", (a,), (0.0, 1.0)),
        ("betaincinv", (a, b), (0.0, 1.0)),
        ("stdtrit", (a,), (0.0, 1.0)),
        ("fdtri", (a, b), (0.0, 1.0)),
    ]:
        for end in ends:
            firsts, seconds = at(getattr(xp.special, name), params, end)
            assert not np.any(firsts), name
            assert not np.any(seconds), name


def test_student_is_smooth_at_0():
    firsts, seconds = derivatives(xp.special.stdtr, np.array(3.0), np.array(0.0))
    assert firsts[0] == 0
    assert seconds[0][0] == 0
    # How the density at 0, gamma((df + 1) / 2) / gamma(df / 2) / sqrt(pi df), depends on df.
    psi = scipy_special.psi
    expected = firsts[1] * (psi(2.0) - psi(1.5) - 1 / 3) / 2
    np.testing.assert_allclose([seconds[0][1], seconds[1][0]], expected, rtol=1e-13)


def test_nan_stays_nan():
    firsts, _ = derivatives(xp.special.gammainc, np.array([2.0, 2.0]), np.array([math.nan, 1.0]))
    np.testing.assert_array_equal(np.isnan(firsts[0]), [True, False])


def test_shapes_broadcast():
    a, x = np.array([[1.0], [2.0]]), np.array([0.5, 1.0, 3.0])
    firsts, _ = derivatives(xp.special.gammainc, a, x)
    each, _ = derivatives(xp.special.gammainc, *(y.copy() for y in np.broadcast_arrays(a, x)))
    np.testing.assert_allclose(firsts[0], each[0].sum(axis=1, keepdims=True), rtol=1e-14)
    np.testing.assert_allclose(firsts[1], each[1].sum(axis=0), rtol=1e-14)


def test_large_parameters_keep_the_density_exact():
    # By mpmath. The usual formula has 1e-10 and 1e-9 of these.
    slope = ag.elementwise_grad(lambda x: xp.special.gammainc(1e5, x))
    np.testing.assert_allclose(slope(np.array(100100.0)), 0.00119887904131046, rtol=1e-13)
    slope = ag.elementwise_grad(lambda x: xp.special.betainc(1e5, 2e5, x))
    np.testing.assert_allclose(slope(np.array(0.334)), 343.116526902581, rtol=1e-12)


@pytest.mark.parametrize("place", ["numpy", "torch", "jax"])
def test_whole_numbers_beside_fractions(place):
    if importlib.util.find_spec(place) is None:
        pytest.skip(f"{place} is not installed: pip install {place}")
    k = ag.get_backend(place).from_numpy(np.array([2, 3]))
    for name in ("gammainc", "xlogy"):
        expected = getattr(scipy_special, name)(np.array([2.0, 3.0]), 2.5)
        got = getattr(xp.special, name)(k, 2.5)
        np.testing.assert_allclose(numpy_of(got.data), expected, rtol=1e-5)


@pytest.mark.parametrize(("name", "args"), [("pdtr", (2.0, 1.5)), ("bdtr", (2.0, 5, 0.3))])
def test_whole_parameters_are_refused(name, args):
    k = Variable(np.array(args[0]))
    with pytest.raises(GradientError, match=rf"{name}: got a tracked Variable for k,"):
        getattr(xp.special, name)(k, *args[1:]).backward()
