"""Functions that move, order and combine elements: against NumPy, repeats, edges, bad input."""

import math

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable
from arraygrad.errors import ArgumentError, AxisIndexError, DtypeError, ShapeError

RNG = np.random.default_rng(0)


def gradient(f, x, g=None):
    x = Variable(x)
    y = f(x)
    y.grad = np.ones(y.shape) if g is None else g
    y.backward()
    return x.grad.data


# einsum


@pytest.mark.parametrize(
    ("subscripts", "shapes"),
    [
        ("ij,jk->ik", [(2, 3), (3, 4)]),
        ("ij,jk", [(2, 3), (3, 4)]),
        (" i j , j k -> k i ", [(2, 3), (3, 4)]),
        ("bij,bjk->bik", [(5, 2, 3), (5, 3, 4)]),
        ("bhqd,bhkd->bhqk", [(2, 3, 4, 5), (2, 3, 6, 5)]),
        ("ab,bc,cd,de->ae", [(2, 3), (3, 4), (4, 5), (5, 2)]),
        ("i,i,i->i", [(4,), (4,), (4,)]),
        ("i,j,k->kji", [(2,), (3,), (4,)]),
        ("ii->i", [(4, 4)]),
        ("ii", [(4, 4)]),
        ("iij->j", [(3, 3, 2)]),
        ("iii->i", [(3, 3, 3)]),
        ("ij->ji", [(2, 3)]),
        ("ij->", [(2, 3)]),
        ("ij,ij->", [(2, 3), (2, 3)]),
        ("...i,...i->...", [(2, 3, 4), (3, 4)]),
        ("...ij,jk", [(2, 5, 3, 4), (4, 2)]),
        ("i...->...", [(3, 2, 4)]),
        ("...", [(2, 3)]),
        ("ab...,b...->a...", [(2, 3, 4), (3, 1)]),
        ("ij,ij->ij", [(2, 1), (1, 3)]),
        ("ij,jk->ik", [(2, 1), (3, 4)]),
        ("ba", [(2, 3)]),
        ("Ab,bA->A", [(2, 3), (3, 2)]),
        (",,i->i", [(), (), (3,)]),
        ("ij,kl->", [(2, 3), (4, 5)]),
        ("ijk,jil->kl", [(2, 3, 4), (3, 2, 5)]),
        ("i,i->", [(0,), (0,)]),
    ],
)
def test_einsum_is_that_of_numpy(subscripts, shapes):
    xs = [RNG.normal(size=s) for s in shapes]
    y = F.einsum(subscripts, *map(Variable, xs))
    np.testing.assert_allclose(y.data, np.einsum(subscripts, *xs), rtol=1e-12, atol=1e-12)
    # The gradient of a sum of products: for each operand, the sum with it taken out.
    g = RNG.normal(size=y.shape)
    found = ag.grad(lambda *xs: (F.einsum(subscripts, *xs) * g).sum(), tuple(range(len(xs))))(*xs)
    for i, gx in enumerate(found):
        d = RNG.normal(size=shapes[i])
        moved = np.einsum(subscripts, *xs[:i], d, *xs[i + 1 :])  # linear in each operand
        assert np.sum(gx * d) == pytest.approx(np.sum(g * moved), rel=1e-9, abs=1e-12)


def test_einsum_keeps_float32_and_takes_plain_arrays():
    a, b = (RNG.normal(size=(3, 3)).astype("float32") for _ in range(2))
    assert F.einsum("ij,jk->ik", a, b).dtype == "float32"
    assert gradient(lambda a: F.einsum("ij,jk->", a, b), a).dtype == "float32"


@pytest.mark.parametrize(
    ("subscripts", "shapes", "error", "words"),
    [
        ("ij,jk->ik", [(2, 3), (4, 2)], ShapeError, "axis 'j' has length 3 and 4"),
        ("ij->i", [(2, 3), (2, 3)], ArgumentError, "for 1 operands, and 2 operands"),
        ("ij->i", [(2, 3, 4)], ArgumentError, "got 'ij' for operand 0 of 3 axes"),
        ("ijk->i", [(2, 3)], ArgumentError, "got 'ijk' for operand 0 of 2 axes"),
        ("ij->k", [(2, 3)], ArgumentError, "names k, which no operand has"),
        ("ij->ii", [(2, 3)], ArgumentError, "names an axis twice"),
        ("i1->i", [(2, 3)], ArgumentError, "expected letters, commas"),
        ("i..j->ij", [(2, 3)], ArgumentError, "expected letters, commas"),
        ("ii", [(2, 3)], ShapeError, "axis 'i' has length 2 and 3"),
        ("ii", [(1, 3)], ShapeError, "expected one length"),
    ],
)
def test_einsum_says_what_is_wrong(subscripts, shapes, error, words):
    with pytest.raises(error, match=f"einsum: .*{words}"):
        F.einsum(subscripts, *(np.ones(s) for s in shapes))


# Embeddings and additions at positions


def test_rows_of_an_embedding_and_their_gradients():
    W = RNG.normal(size=(5, 3))
    x = np.array([[1, 4, 1], [1, 0, 2]])
    for given in (x, Variable(x), x.astype("uint8"), x.tolist()):
        np.testing.assert_array_equal(F.embed_id(given, Variable(W)).data, W[x])
    g = RNG.normal(size=(2, 3, 3))
    expected = np.zeros_like(W)
    np.add.at(expected, x, g)
    np.testing.assert_allclose(gradient(lambda W: F.embed_id(x, W), W, g), expected)
    assert F.embed_id(np.zeros((0,), int), W).shape == (0, 3)
    assert F.embed_id(np.array(4), W).shape == (3,)
    assert gradient(lambda W: F.embed_id(x, W), W.astype("float32")).dtype == "float32"


@pytest.mark.parametrize(
    ("x", "W", "error", "words"),
    [
        ([0, 5], (5, 3), AxisIndexError, "positions from 0 to 5, expected some from 0 to 4"),
        ([-1, 2], (5, 3), AxisIndexError, "positions from -1 to 2"),
        ([0.0, 1.0], (5, 3), DtypeError, "positions of dtype float64, expected an integer"),
        ([True, False], (5, 3), DtypeError, "positions of dtype bool"),
        ([0, 1], (5,), ShapeError, r"W of shape \(5,\), expected a matrix"),
    ],
)
def test_bad_positions(x, W, error, words):
    W = Variable(np.ones(W))
    with pytest.raises(error, match=f"embed_id: got {words}"):
        F.embed_id(np.array(x), W)


@pytest.mark.parametrize(
    ("shape", "key"),
    [
        ((50, 40), RNG.integers(-50, 50, 300)),
        ((50, 40), RNG.integers(0, 50, (20, 15)).astype("uint8")),
        ((9, 50, 8), (slice(None), RNG.integers(-50, 50, 60))),
        ((7, 8, 90), (slice(None), slice(None), RNG.integers(0, 90, (9, 5)))),
        ((60, 70), (RNG.integers(-60, 60, 3000), RNG.integers(0, 70, 3000))),
        ((60, 70), (np.arange(60)[:, None], RNG.integers(0, 70, (60, 50)))),
        ((60, 70), RNG.random((60, 70)) > 0.5),
        ((60, 70), (RNG.integers(0, 60, 90), slice(3, 60))),
        ((60, 70), (slice(3, 50), RNG.integers(0, 70, 90))),
        ((60, 70), (..., RNG.integers(0, 70, 90))),
        ((60, 70), list(RNG.integers(0, 60, 90))),
    ],
    ids=str,
)
def test_the_gradient_of_indexing_adds_repeats_up(shape, key):
    x = RNG.normal(size=shape)
    g = RNG.normal(size=x[key].shape)
    expected = np.zeros(shape)
    np.add.at(expected, key, g)
    np.testing.assert_allclose(gradient(lambda x: x[key], x, g), expected, atol=1e-12)
    np.testing.assert_allclose(F.index_add(g, key, shape).data, expected, atol=1e-12)


@pytest.mark.parametrize("library", ["numpy", "array_api_strict"])
@pytest.mark.parametrize("key", [1, (1, 0), (slice(None), -1)], ids=str)
def test_numbers_of_numpy_are_whole_numbers_in_a_key(library, key):
    xp = pytest.importorskip(library)
    parts = key if isinstance(key, tuple) else (key,)
    of_numpy = tuple(np.int64(k) if type(k) is int else k for k in parts)
    of_numpy = of_numpy if isinstance(key, tuple) else of_numpy[0]
    x = Variable(xp.asarray([[1.0, 2.0], [3.0, 4.0]]))
    y = x[of_numpy]
    np.testing.assert_array_equal(np.asarray(y.data), np.array([[1.0, 2.0], [3.0, 4.0]])[key])
    F.sum(y).backward()
    z = x * 0
    z[of_numpy] = 1.0
    np.testing.assert_array_equal(np.asarray(x.grad.data), np.asarray(z.data))


@pytest.mark.parametrize("key", [np.full(2000, 5), np.full(2000, -6)])
def test_additions_out_of_bounds_raise(key):
    with pytest.raises(IndexError, match="out of bounds"):
        F.index_add(np.ones(2000), key, (5,))


# Order


@pytest.mark.parametrize("axis", [0, 1, -1])
@pytest.mark.parametrize("descending", [False, True])
def test_sort_and_argsort_are_stable(axis, descending):
    x = RNG.integers(0, 4, (6, 7)).astype(float)
    y, order = F.sort(x, axis, descending).data, F.argsort(x, axis, descending).data
    expected = np.sort(-x if descending else x, axis=axis)
    np.testing.assert_array_equal(y, -expected if descending else expected)
    stable = np.argsort(-x if descending else x, axis=axis, kind="stable")
    np.testing.assert_array_equal(order, stable)
    g = RNG.normal(size=x.shape)
    expected = np.zeros_like(x)
    np.put_along_axis(expected, stable, g, axis)
    np.testing.assert_array_equal(gradient(lambda x: F.sort(x, axis, descending), x, g), expected)


@pytest.mark.parametrize(("largest", "k"), [(True, 1), (True, 3), (False, 2), (False, 5)])
def test_topk(largest, k):
    x = RNG.permutation(20.0 * np.arange(20)).reshape(4, 5)
    values, indices = F.topk(Variable(x), k, largest=largest)
    order = np.argsort(-x if largest else x)[:, :k]
    np.testing.assert_array_equal(indices.data, order)
    np.testing.assert_array_equal(values.data, np.take_along_axis(x, order, 1))
    assert indices.creator is None
    gx = gradient(lambda x: F.topk(x, k, largest=largest)[0], x)
    assert gx.sum() == 4 * k
    np.testing.assert_array_equal(np.take_along_axis(gx, order, 1), 1)


@pytest.mark.parametrize("k", [0, -1, 6])
def test_topk_of_more_than_there_is(k):
    with pytest.raises(ArgumentError, match=f"topk: got k = {k} for axis -1 .* expected 1 to 5"):
        F.topk(np.ones((2, 5)), k)
    with pytest.raises(AxisIndexError, match="topk: got axis 2"):
        F.topk(np.ones((2, 5)), 1, axis=2)


@pytest.mark.parametrize("indices", [[[True, False]], [[1.0, 0.0]]])
def test_what_is_taken_is_named_by_whole_numbers(indices):
    x, indices = Variable(np.ones((1, 2))), np.array(indices)
    with pytest.raises(DtypeError, match="take_along_axis: got indices of dtype"):
        F.take_along_axis(x, indices)
    with pytest.raises(DtypeError, match="take: got indices of dtype"):
        F.take(x, indices[0], axis=1)


def test_take_along_axis_twice_from_one_place():
    x, i = np.array([[1.0, 2.0, 3.0]]), np.array([[2, 2, 0]])
    np.testing.assert_array_equal(F.take_along_axis(x, i).data, [[3, 3, 1]])
    np.testing.assert_array_equal(gradient(lambda x: F.take_along_axis(x, i), x), [[1, 0, 2]])


# Sums and products that run along an axis


def test_cumsum():
    x = RNG.normal(size=(3, 4))
    for axis in (None, 0, 1, -1):
        np.testing.assert_allclose(F.cumsum(x, axis).data, np.cumsum(x, axis))
    np.testing.assert_array_equal(gradient(F.cumsum, np.zeros(4)), [4, 3, 2, 1])
    assert F.cumsum(x.astype("float32")).dtype == "float32"
    with pytest.raises(IndexError):
        F.cumsum(x, 2)
    xp = Variable(x).__array_namespace__()
    y = xp.cumulative_sum(Variable(x), axis=1, include_initial=True)
    np.testing.assert_allclose(y.data, np.cumulative_sum(x, axis=1, include_initial=True))
    assert xp.cumulative_sum(Variable(x[0]), dtype=np.float32).dtype == "float32"
    with pytest.raises(ArgumentError, match="cumulative_sum: got axis None"):
        xp.cumulative_sum(Variable(x))
    np.testing.assert_array_equal(xp.sort(Variable(x), axis=0, stable=False).data, np.sort(x, 0))


@pytest.mark.parametrize("zeros", [0, 1, 2, 3])
def test_products_through_zeros_to_second_order(zeros):
    x = np.array([2.0, 3.0, 5.0, 7.0])
    x[:zeros] = 0

    def others(*without):
        return math.prod(v for i, v in enumerate(x) if i not in without)

    np.testing.assert_allclose(ag.grad(F.prod)(x), [others(i) for i in range(4)])
    second = [[0 if i == j else others(i, j) for j in range(4)] for i in range(4)]
    found = [ag.grad(lambda x, i=i: ag.grad(F.prod)(x)[i])(x) for i in range(4)]
    np.testing.assert_allclose(found, second)


# Together and apart


def test_split():
    x = Variable(np.arange(12.0).reshape(2, 6))
    parts = F.split(x, 3, axis=1)
    assert [p.shape for p in parts] == [(2, 2)] * 3
    a, b, c = F.split(x, [1, 5], axis=-1)
    np.testing.assert_array_equal(F.concat([a, b, c], axis=1).data, x.data)
    (b * 2 + 0 * a.sum()).sum().backward()  # c is not used at all
    np.testing.assert_array_equal(x.grad.data, [[0, 2, 2, 2, 2, 0]] * 2)
    assert [p.shape for p in F.split(x, [0, 2])] == [(0, 6), (2, 6), (0, 6)]
    assert len(F.split(x, 1)) == 1
    assert len(F.split(x, np.int64(2))) == len(F.split(x, np.array([1]))) == 2
    for given, error in ((4, ShapeError), (0, ShapeError), ([3, 1], ArgumentError)):
        with pytest.raises(error, match="split: got"):
            F.split(x, given, axis=1)
    with pytest.raises(ArgumentError, match=r"split: got the indices \[7\]"):
        F.split(x, [7], axis=1)


@pytest.mark.parametrize("width", [0, 2, (1, 2), ((0, 1), (2, 0)), [[1, 1], [0, 0]], np.int64(1)])
def test_pad(width):
    x = RNG.normal(size=(2, 3)).astype("float32")
    expected = np.pad(x, width, constant_values=-1.5)
    y = F.pad(x, width, value=-1.5)
    assert y.dtype == "float32"
    np.testing.assert_array_equal(y.data, expected)
    g = RNG.normal(size=expected.shape)
    gx = gradient(lambda x: F.pad(x, width, value=-1.5), x, g)
    inside = F.pad(np.ones((2, 3)), width).data > 0
    np.testing.assert_allclose(gx.ravel(), g[inside], rtol=1e-6)


@pytest.mark.parametrize("width", [-1, (1, -1), ((1, 1),), (1, 2, 3), ((1, 1), (1,)), (1.5, 1)])
def test_bad_widths(width):
    with pytest.raises(ArgumentError, match="pad: got pad_width"):
        F.pad(np.ones((2, 3)), width)


def test_flatten():
    assert F.flatten(np.ones((0, 3, 2))).shape == (0, 6)
    assert F.flatten(np.ones(4)).shape == (4, 1)
    with pytest.raises(ShapeError, match="flatten: got a 0-d array"):
        F.flatten(np.array(1.0))


# dropout


def test_dropout_keeps_one_array_and_one_node():
    x = Variable(np.ones((50, 40), "float32"))
    np.random.seed(0)
    y = F.dropout(x, 0.6)
    assert (type(y.creator).__name__, y.dtype) == ("Mul", "float32")
    assert set(np.unique(y.data)) == {0, np.float32(2.5)}
    np.random.seed(0)
    np.testing.assert_array_equal(y.data > 0, np.random.rand(50, 40) > 0.6)
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, y.data)
    assert not np.any(F.dropout(x, 1.0).data)
    for ratio in (-0.1, 1.1, math.nan):
        with pytest.raises(ArgumentError, match="dropout: got the ratio"):
            F.dropout(x, ratio)


def test_clip_without_a_bound():
    x = np.array([-2.0, 0.0, 2.0])
    for low, high, slope in ((0, None, [0, 1, 1]), (None, 0, [1, 1, 0]), (None, None, [1, 1, 1])):
        gx = gradient(lambda x, a=low, b=high: F.clip(x, a, b), x)
        np.testing.assert_array_equal(gx, slope)
