"""Attention: values, masks, what a query may see, gradients, bad input."""

import math
import os

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable, kernels
from arraygrad.errors import ArgumentError, DtypeError, ShapeError

EXTRA = os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",")


def draws(*shapes, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(size=shape).astype(dtype) for shape in shapes]


def attend(q, k, v, mask=None, scale=None):
    """The formula, row by row; mask: True where a query may attend."""
    s = q @ np.swapaxes(k, -1, -2) * (1 / math.sqrt(q.shape[-1]) if scale is None else scale)
    if mask is not None:
        s = np.where(mask, s, -1e30)
    p = np.exp(s - s.max(axis=-1, keepdims=True))
    return p / p.sum(axis=-1, keepdims=True) @ v


def gradients(function, *arrays, weight=None):
    leaves = [Variable(a) for a in arrays]
    y = function(*leaves)
    (y if weight is None else y * weight).sum().backward()
    return [y.data, *(v.grad.data for v in leaves)]


@pytest.mark.parametrize(
    "shapes",
    [
        [(3, 4), (5, 4), (5, 2)],
        [(2, 3, 4), (2, 5, 4), (2, 5, 4)],
        [(2, 3, 6, 4), (2, 1, 5, 4), (5, 7)],
        [(1, 1), (1, 1), (1, 1)],
    ],
)
def test_the_formula(shapes):
    q, k, v = draws(*shapes)
    y = F.scaled_dot_product_attention(q, k, v)
    np.testing.assert_allclose(y.data, attend(q, k, v), rtol=1e-10)
    y = F.scaled_dot_product_attention(q, k, v, scale=0.3)
    np.testing.assert_allclose(y.data, attend(q, k, v, scale=0.3), rtol=1e-10)


def test_causal_hides_the_future():
    q, k, v = draws((2, 5, 4), (2, 5, 4), (2, 5, 3))
    q, k, v = Variable(q), Variable(k), Variable(v)
    y = F.scaled_dot_product_attention(q, k, v, causal=True)
    past = np.tri(5, dtype=bool)
    np.testing.assert_allclose(y.data, attend(q.data, k.data, v.data, past), rtol=1e-10)
    y[:, 2].sum().backward()
    for x in (k, v):
        assert not np.any(x.grad.data[:, 3:])
        assert np.all(np.any(x.grad.data[:, :3], axis=-1))
    assert not np.any(np.delete(q.grad.data, 2, axis=1))


def test_the_queries_are_the_last_of_the_positions():
    q, k, v = draws((6, 4), (6, 4), (6, 3))
    whole = F.scaled_dot_product_attention(q, k, v, causal=True)
    last = F.scaled_dot_product_attention(q[-2:], k, v, causal=True)
    np.testing.assert_allclose(last.data, whole.data[-2:], rtol=1e-12)
    more = F.scaled_dot_product_attention(q, k[-2:], v[-2:], causal=True)
    assert not np.any(more.data[:4])  # four queries before the first key see nothing
    np.testing.assert_allclose(more.data[4], v[-2], rtol=1e-12)


@pytest.mark.parametrize("shape", [(3, 5), (5,), (2, 1, 5), (2, 3, 5), (1, 1, 1)])
def test_a_mask_of_booleans_and_one_of_numbers_say_the_same(shape):
    q, k, v, weight = draws((2, 3, 4), (2, 5, 4), (2, 5, 4), (2, 3, 4))
    allowed = np.random.default_rng(0).uniform(size=shape) > 0.4
    allowed[..., 0] = True
    added = np.where(allowed, 0.0, -np.inf)
    by_flag = gradients(
        lambda *a: F.scaled_dot_product_attention(*a, mask=allowed), q, k, v, weight=weight
    )
    by_number = gradients(
        lambda *a: F.scaled_dot_product_attention(*a, mask=added), q, k, v, weight=weight
    )
    np.testing.assert_allclose(by_flag[0], attend(q, k, v, allowed), rtol=1e-10)
    for a, b in zip(by_flag, by_number, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12)


def test_a_query_that_may_attend_to_nothing_gets_zeros():
    q, k, v = draws((3, 4), (5, 4), (5, 4))
    allowed = np.ones((3, 5), bool)
    allowed[1] = False
    for mask in (allowed, np.where(allowed, 0.0, -np.inf)):
        with kernels.using_kernels(mask.dtype == bool):
            y, *gxs = gradients(
                lambda *a, mask=mask: F.scaled_dot_product_attention(*a, mask=mask), q, k, v
            )
        assert not np.any(y[1])
        assert not np.any(gxs[0][1])
        assert all(np.all(np.isfinite(gx)) for gx in gxs)
        np.testing.assert_allclose(y[[0, 2]], attend(q[[0, 2]], k, v), rtol=1e-10)


def test_a_mask_of_numbers_has_a_gradient():
    q, k, v, bias, step = draws((2, 3, 4), (2, 5, 4), (2, 5, 4), (3, 5), (3, 5))
    bias = Variable(bias)

    def value(mask):
        return (F.scaled_dot_product_attention(q, k, v, mask=mask, causal=True) ** 2).sum()

    value(bias).backward()
    ends = [value(bias.data + sign * 1e-6 * step).data for sign in (1, -1)]
    np.testing.assert_allclose((bias.grad.data * step).sum(), (ends[0] - ends[1]) / 2e-6, rtol=1e-6)


@pytest.mark.parametrize("size", [1.0, 30.0, 1e4])
@pytest.mark.parametrize("masked", ["no", "causal", "flags", "numbers"])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_kernel_and_definition_agree_also_for_large_scores(size, masked, dtype):
    q, k, v, weight = draws((2, 3, 6, 4), (2, 3, 6, 4), (2, 3, 6, 4), (2, 3, 6, 4), dtype=dtype)
    q = q * np.array(size, dtype)
    options = {
        "no": {},
        "causal": {"causal": True},
        "flags": {"mask": np.random.default_rng(1).uniform(size=(2, 1, 6, 6)) > 0.5},
        "numbers": {"mask": draws((6, 6), dtype=dtype)[0] * 3},
    }[masked]

    def function(*a):
        return F.scaled_dot_product_attention(*a, **options)

    fast = gradients(function, q, k, v, weight=weight)
    with kernels.using_kernels(False):
        slow = gradients(function, q, k, v, weight=weight)
    tolerance = 1e-9 if dtype == "float64" else 2e-3
    for a, b in zip(fast, slow, strict=True):
        assert a.dtype == dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance * max(1, size / 30))


def test_one_large_score_does_not_drown_the_other_rows():
    q, k, v = np.array([[1000.0], [0.001]]), np.array([[1.0], [-1.0]]), np.array([[1.0], [3.0]])
    y = F.scaled_dot_product_attention(q, k, v)
    np.testing.assert_allclose(y.data, attend(q, k, v), rtol=1e-10)
    assert y.data[0, 0] == 1.0


def test_heads_are_joined_without_a_copy():
    x = draws((2, 6, 3, 4))[0]  # (N, T, heads, D)
    heads = x.transpose(0, 2, 1, 3)
    y = F.scaled_dot_product_attention(heads, heads, heads).data
    assert y.transpose(0, 2, 1, 3).flags.c_contiguous
    np.testing.assert_allclose(y, attend(heads, heads, heads), rtol=1e-10)


def test_float16_stays_what_it_is():
    q, k, v = draws((3, 4), (5, 4), (5, 4), dtype="float16")
    y, *gxs = gradients(F.scaled_dot_product_attention, q, k, v)
    assert {a.dtype for a in (y, *gxs)} == {np.dtype("float16")}
    np.testing.assert_allclose(y, attend(*(a.astype(float) for a in (q, k, v))), atol=5e-3)


def test_dtypes_that_differ():
    q, k, v = draws((3, 4), (5, 4), (5, 2))
    mixed = F.scaled_dot_product_attention(q, k.astype("float32"), v)
    assert mixed.dtype == np.float64
    np.testing.assert_allclose(mixed.data, attend(q, k, v), rtol=1e-5)
    q, k, v = (Variable(a.astype("float32")) for a in (q, k, v))
    y = F.scaled_dot_product_attention(q, k, v, mask=np.zeros((3, 5)))  # float64, but only a mask
    y.sum().backward()
    assert {y.dtype, q.grad.dtype, v.grad.dtype} == {np.dtype("float32")}


def test_dropout_drops_weights_while_training_only():
    q, k, v = draws((50, 4), (60, 4), (60, 60))
    v = np.eye(60)  # so that the result is the weights themselves
    np.random.seed(0)
    y = F.scaled_dot_product_attention(q, k, v, dropout_ratio=0.25).data
    p = attend(q, k, v)
    dropped = y == 0
    assert 0.2 < dropped.mean() < 0.3
    np.testing.assert_allclose(y[~dropped], p[~dropped] / 0.75, rtol=1e-10)
    np.random.seed(0)
    again = F.scaled_dot_product_attention(q, k, v, dropout_ratio=0.25).data
    np.testing.assert_array_equal(y, again)
    assert not np.any(F.scaled_dot_product_attention(q, k, v, dropout_ratio=1.0).data)
    with ag.test_mode():
        y = F.scaled_dot_product_attention(q, k, v, dropout_ratio=0.25)
    np.testing.assert_allclose(y.data, p, rtol=1e-10)


def test_only_the_gradients_that_are_wanted_are_there():
    q, k, v = draws((3, 4), (5, 4), (5, 2))
    full = gradients(F.scaled_dot_product_attention, q, k, v)[1:]
    for i, expected in enumerate(full):
        arguments = [q, k, v]
        arguments[i] = leaf = Variable(arguments[i])
        F.scaled_dot_product_attention(*arguments).sum().backward()
        np.testing.assert_allclose(leaf.grad.data, expected, rtol=1e-10)


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"q": np.ones(4)}, ShapeError, r"q \(4,\), k \(5, 4\), v \(5, 2\), expected"),
        ({"k": np.ones((5, 3))}, ShapeError, r"k \(5, 3\)"),
        ({"v": np.ones((4, 2))}, ShapeError, r"v \(4, 2\)"),
        ({"k": np.ones((0, 4)), "v": np.ones((0, 2))}, ShapeError, r"D and S above 0"),
        ({"q": np.ones((2, 3, 4)), "v": np.ones((3, 5, 2))}, ShapeError, r"axes that broadcast"),
        ({"q": np.ones((3, 4), int)}, DtypeError, r"dtype int64"),
        ({"mask": np.ones((3, 4), bool)}, ShapeError, r"mask of shape \(3, 4\).*\(3, 5\)"),
        ({"mask": np.ones((2, 3, 5), bool)}, ShapeError, r"mask of shape \(2, 3, 5\)"),
        ({"mask": np.ones((3, 5), int)}, DtypeError, r"mask of dtype int64, expected booleans"),
        ({"dropout_ratio": 1.5}, ArgumentError, r"dropout_ratio = 1.5"),
    ],
)
def test_bad_input(change, error, words):
    arguments = {"q": np.ones((3, 4)), "k": np.ones((5, 4)), "v": np.ones((5, 2)), **change}
    with pytest.raises(error, match=f"scaled_dot_product_attention: got .*{words}"):
        F.scaled_dot_product_attention(**arguments)


@pytest.mark.skipif("torch" not in EXTRA, reason="ARRAYGRAD_TEST_BACKENDS does not name torch")
@pytest.mark.parametrize("options", [{}, {"causal": True}, {"mask": np.tri(5, dtype=bool)}])
def test_the_same_as_torch(options):
    import torch
    from torch.nn import functional

    arrays = draws((2, 3, 5, 4), (2, 3, 5, 4), (2, 3, 5, 4))
    tensors = [torch.tensor(a, requires_grad=True) for a in arrays]
    theirs = {"is_causal": True} if "causal" in options else {}
    if "mask" in options:
        theirs = {"attn_mask": torch.tensor(options["mask"])}
    y, *gxs = gradients(lambda *a: F.scaled_dot_product_attention(*a, **options) ** 2, *arrays)
    ty = functional.scaled_dot_product_attention(*tensors, **theirs) ** 2
    np.testing.assert_allclose(y, ty.detach().numpy(), rtol=1e-8, atol=1e-10)
    for gx, expected in zip(gxs, torch.autograd.grad(ty.sum(), tensors), strict=True):
        np.testing.assert_allclose(gx, expected.numpy(), rtol=1e-8, atol=1e-10)
