"""Broadcasting, reductions and indexing against NumPy, for the shapes that Hypothesis finds."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable

# The same examples in every run, and none written to disk.
some = settings(derandomize=True, database=None, deadline=None, max_examples=60)
finite = st.floats(-4.0, 4.0, width=32)
shapes = hnp.array_shapes(min_dims=0, max_dims=3, min_side=0, max_side=4)
pairs = hnp.mutually_broadcastable_shapes(
    num_shapes=2, min_dims=0, max_dims=3, min_side=0, max_side=4
)


def arrays(shape, elements=finite):
    return hnp.arrays(np.float64, shape, elements=elements)


def undone(g, shape):
    """`g` summed back to `shape`, element by element, the slow and obvious way."""
    out = np.zeros(shape)
    lead = g.ndim - len(shape)
    for place in np.ndindex(g.shape):
        target = tuple(0 if n == 1 else i for i, n in zip(place[lead:], shape, strict=True))
        out[target] += g[place]
    return out


def is_right(x, expected):
    assert x.shape == np.shape(expected)
    np.testing.assert_allclose(x.data, expected, rtol=1e-9, atol=1e-9)


# name -> op, its two partial derivatives, and whether the second operand must not be near 0
BINARY = {
    "+": (lambda x, y: x + y, lambda x, y: 1 + 0 * (x + y), lambda x, y: 1 + 0 * (x + y)),
    "-": (lambda x, y: x - y, lambda x, y: 1 + 0 * (x + y), lambda x, y: -1 + 0 * (x + y)),
    "*": (lambda x, y: x * y, lambda x, y: y + 0 * x, lambda x, y: x + 0 * y),
    "/": (lambda x, y: x / y, lambda x, y: 1 / y + 0 * x, lambda x, y: -x / y**2),
}


@pytest.mark.parametrize("sign", BINARY)
@some
@given(pairs, st.data())
def test_broadcasting_arithmetic(sign, shapes, data):
    f, dx, dy = BINARY[sign]
    a, b = (data.draw(arrays(s)) for s in shapes.input_shapes)
    assume(sign != "/" or np.all(np.abs(b) > 0.1))
    x, y = Variable(a), Variable(b)
    z = f(x, y)
    is_right(z, f(a, b))
    g = np.cos(np.arange(float(z.size))).reshape(z.shape)
    z.grad = g
    z.backward()
    is_right(x.grad, undone(g * dx(a, b), a.shape))
    is_right(y.grad, undone(g * dy(a, b), b.shape))


@some
@given(pairs, st.data())
def test_broadcasting_to_second_order(shapes, data):
    a, b = (data.draw(arrays(s)) for s in shapes.input_shapes)
    # f = sum (x y)^2; the gradient of sum(df/dx) for y is sum of 4 x y, undone.
    inner = lambda x, y: ag.grad(lambda x: ((x * y) ** 2).sum())(x).sum()
    gx, gy = ag.grad(inner, (0, 1))(a, b)
    np.testing.assert_allclose(gx, undone(2 * b**2 + 0 * a, a.shape), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(gy, undone(4 * a * b, b.shape), rtol=1e-9, atol=1e-9)


@some
@given(pairs, st.data())
def test_dtypes_of_mixed_operands_follow_each_input(shapes, data):
    one, other = (data.draw(st.sampled_from([np.float16, np.float32, np.float64])) for _ in "ab")
    a, b = (np.ones(s, t) for s, t in zip(shapes.input_shapes, (one, other), strict=True))
    x, y = Variable(a), Variable(b)
    z = x * y
    assert z.dtype == (a * b).dtype
    z.sum().backward()
    assert (x.grad.dtype, y.grad.dtype) == (one, other)


@some
@given(pairs)
def test_sum_to_and_broadcast_to_are_adjoint(shapes):
    small, big = shapes.input_shapes[0], shapes.result_shape
    x = np.sin(np.arange(float(np.prod(small)))).reshape(small)
    y = np.cos(np.arange(float(np.prod(big)))).reshape(big)
    spread, summed = F.broadcast_to(x, big), F.sum_to(y, small)
    is_right(spread, np.broadcast_to(x, big))
    is_right(summed, undone(y, small))
    assert (spread * y).sum().item() == pytest.approx((summed * x).sum().item(), abs=1e-9)


@st.composite
def reductions(draw, min_side=0):
    shape = draw(hnp.array_shapes(min_dims=0, max_dims=3, min_side=min_side, max_side=4))
    axes = draw(st.lists(st.integers(-len(shape), len(shape) - 1), unique=True)) if shape else []
    unique = sorted({a % len(shape) for a in axes})
    axis = draw(st.sampled_from([None, tuple(unique), *axes]))
    return draw(arrays(shape)), axis, draw(st.booleans())


@some
@given(reductions())
def test_sums(case):
    a, axis, keepdims = case
    assume(axis != ())
    x = Variable(a)
    y = x.sum(axis=axis, keepdims=keepdims)
    expected = a.sum(axis=axis, keepdims=keepdims)
    is_right(y, expected)
    g = np.cos(np.arange(float(y.size))).reshape(y.shape)
    y.grad = g
    y.backward()
    kept = a.sum(axis=axis, keepdims=True).shape
    is_right(x.grad, np.broadcast_to(g.reshape(kept), a.shape))


@pytest.mark.parametrize("name", ["max", "min", "mean", "logsumexp"])
@some
@given(reductions(min_side=1))
def test_gradients_of_reductions_sum_to_that_of_the_result(name, case):
    # Moving all elements up by h moves each of these by h: also where several are equal.
    a, axis, keepdims = case
    assume(axis != ())
    x = Variable(np.round(a))
    y = getattr(F, name)(x, axis=axis, keepdims=keepdims)
    y.sum().backward()
    assert x.grad.sum().item() == pytest.approx(y.size)
    assert np.all(x.grad.data >= 0)
    if name != "logsumexp":
        is_right(y, getattr(np, name)(x.data, axis=axis, keepdims=keepdims))


@st.composite
def basic(draw):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    key = draw(hnp.basic_indices(shape, allow_newaxis=True, allow_ellipsis=True))
    return draw(arrays(shape)), key


@st.composite
def advanced(draw):
    shape = draw(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4))
    a = draw(arrays(shape))
    kind = draw(st.sampled_from(["mask", "rows", "list", "points", "mixed"]))
    if kind == "mask":
        return a, draw(hnp.arrays(bool, shape))
    if kind == "points":
        return a, draw(hnp.integer_array_indices(shape))
    rows = draw(st.lists(st.integers(-shape[0], shape[0] - 1), min_size=1, max_size=6))
    if kind == "list":
        return a, rows
    if kind == "mixed":
        return a, (np.array(rows), ..., slice(None, None, -1))[: 1 + 2 * (len(shape) > 1)]
    return a, np.array(rows).reshape(-1, 1) if draw(st.booleans()) else np.array(rows)


@some
@given(st.one_of(basic(), advanced()))
def test_indexing_and_its_gradient(case):
    a, key = case
    x = Variable(a)
    y = x[key]
    is_right(y, a[key])
    g = np.cos(np.arange(float(y.size))).reshape(y.shape)
    y.grad = g
    y.backward()
    expected = np.zeros(a.shape)
    np.add.at(expected, key, g)
    is_right(x.grad, expected)
    is_right(F.index_add(g, key, a.shape), expected)


@some
@given(st.one_of(basic(), advanced()))
def test_indexing_to_second_order(case):
    a, key = case
    f = lambda x: (x[key] ** 3).sum()
    second = ag.grad(lambda x: (ag.grad(f)(x) * 2.0).sum())(a)
    expected = np.zeros(a.shape)
    np.add.at(expected, key, 12.0 * a[key])
    np.testing.assert_allclose(second, expected, rtol=1e-9, atol=1e-9)


@some
@given(advanced())
def test_a_variable_as_an_index(case):
    a, key = case
    assume(isinstance(key, np.ndarray))
    np.testing.assert_array_equal(Variable(a)[Variable(key)].data, a[key])


@some
@given(shapes, st.data())
def test_reshaping_and_back(shape, data):
    a = data.draw(arrays(shape))
    x = Variable(a)
    flat = x.reshape(-1) if a.size else x.reshape((0,))
    axes = data.draw(st.permutations(range(len(shape))))
    moved = F.permute_dims(flat.reshape(shape), tuple(axes))
    is_right(moved, a.transpose(axes))
    g = np.cos(np.arange(float(a.size))).reshape(moved.shape)
    moved.grad = g
    moved.backward()
    is_right(x.grad, g.transpose(np.argsort(axes).astype(int)))


@some
@given(st.lists(st.integers(0, 3), min_size=1, max_size=4), st.integers(0, 2), st.data())
def test_joining_and_taking_apart(sizes, at, data):
    rest = data.draw(hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=3))
    parts = [
        data.draw(arrays((*rest[:at], n, *rest[at:]) if at < 2 else (*rest, n))) for n in sizes
    ]
    xs = [Variable(p) for p in parts]
    for axis in (at, at - 3):
        y = F.concat(xs, axis=axis)
        is_right(y, np.concatenate(parts, axis=axis))
    g = np.cos(np.arange(float(y.size))).reshape(y.shape)
    y.grad = g
    y.backward()
    for x, gx in zip(xs, np.split(g, np.cumsum(sizes)[:-1], axis=at), strict=True):
        is_right(x.grad, gx)


@some
@given(st.data())
def test_matmul_of_any_shapes(data):
    shapes = data.draw(
        hnp.mutually_broadcastable_shapes(
            signature="(n?,k),(k,p?)->(n?,p?)", max_dims=2, min_side=1, max_side=3
        )
    )
    a, b = (data.draw(arrays(s)) for s in shapes.input_shapes)
    x, y = Variable(a), Variable(b)
    z = x @ y
    is_right(z, a @ b)
    g = np.cos(np.arange(float(z.size))).reshape(z.shape)
    (z * g).sum().backward()
    # The product is linear in each operand: its gradient against any other is the product with it.
    for v, other in ((x, np.sin(a + 1.0)), (y, np.sin(b + 1.0))):
        moved = (other @ b if v is x else a @ other) * g
        assert (v.grad.data * other).sum() == pytest.approx(moved.sum(), rel=1e-9, abs=1e-9)


@some
@given(arrays(hnp.array_shapes(min_dims=1, max_dims=3, min_side=1, max_side=4)), st.data())
def test_where_and_clip(a, data):
    mask = data.draw(hnp.arrays(bool, a.shape))
    x, y = Variable(a), Variable(-a)
    z = F.where(mask, x, y)
    is_right(z, np.where(mask, a, -a))
    z.sum().backward()
    is_right(x.grad, mask * 1.0)
    is_right(y.grad, ~mask * 1.0)
    low, high = sorted((data.draw(finite), data.draw(finite)))
    x.cleargrad()
    c = F.clip(x, low, high)
    is_right(c, np.clip(a, low, high))
    c.sum().backward()
    inside = (a > low) & (a < high)
    np.testing.assert_array_equal(x.grad.data[inside], np.ones(int(inside.sum())))
    outside = (a < low) | (a > high)
    np.testing.assert_array_equal(x.grad.data[outside], np.zeros(int(outside.sum())))


@some
@given(arrays((3, 4), st.floats(-1e4, 1e4)), st.lists(st.integers(0, 3), min_size=3, max_size=3))
def test_cross_entropy_is_finite_and_its_gradient_is_softmax_minus_label(a, t):
    x = Variable(a)
    loss = F.softmax_cross_entropy(x, np.array(t, np.uint8))
    loss.backward()
    assert np.isfinite(loss.item())
    assert loss.item() >= 0
    expected = (F.softmax(a).data - np.eye(4)[t]) / 3
    np.testing.assert_allclose(x.grad.data, expected, atol=1e-12)
