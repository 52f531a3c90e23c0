"""Elements arranged anew, arrays made of Variables, limits that are arrays: numbers and errors."""

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Variable, xp
from arraygrad.errors import ArgumentError, AxisIndexError, ShapeError

X = np.random.default_rng(0).uniform(0.2, 0.9, (3, 4))


def gradient(f, x):
    x = Variable(np.asarray(x))
    f(x).sum().backward()
    return x.grad.data


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
        ("repeat", (np.int64(2),), {"axis": 1}),
        ("tile", ((np.int64(2), 1),), {}),
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
    whole = Variable(np.array(2))
    F.linspace(whole, 3, 5, endpoint=False).sum().backward()
    np.testing.assert_allclose(whole.grad.data, 3)
    assert F.linspace(Variable(start), 1.0, 0).shape == (0,)


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
