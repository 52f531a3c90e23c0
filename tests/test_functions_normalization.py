"""Normalization: values, running averages, gradients to second order, and bad input."""

import os

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable, kernels
from arraygrad.errors import ArgumentError, AxisIndexError, DtypeError, ShapeError

EXTRA = os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",")


def draws(*shapes, dtype="float64", seed=0):
    rng = np.random.default_rng(seed)
    return [rng.normal(1.0, 2.0, shape).astype(dtype) for shape in shapes]


def normal(x, axis, eps):
    mean, var = x.mean(axis=axis, keepdims=True), x.var(axis=axis, keepdims=True)
    return (x - mean) / np.sqrt(var + eps)


@pytest.mark.parametrize("shape", [(6, 3), (4, 3, 5), (4, 3, 2, 5), (2, 3, 2, 2, 2)])
def test_batch_norm_and_its_running_averages_follow_the_formulas_of_the_book(shape):
    x, gamma, beta, mean, var = draws(shape, 3, 3, 3, 3)
    var = var * var
    axis = (0, *range(2, len(shape)))
    m = x.size // 3
    new_mean = 0.9 * mean + 0.1 * x.mean(axis=axis)
    new_var = 0.9 * var + 0.1 * x.var(axis=axis) * (m / (m - 1))
    per_channel = (1, 3, *(1,) * (len(shape) - 2))

    y = F.batch_norm(x, gamma, beta, mean, var)

    expected = normal(x, axis, 2e-5) * gamma.reshape(per_channel) + beta.reshape(per_channel)
    np.testing.assert_allclose(y.data, expected, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(mean, new_mean, rtol=1e-12)
    np.testing.assert_allclose(var, new_var, rtol=1e-12)


def test_running_averages_in_arrays_are_written_and_in_variables_replaced():
    x, gamma, beta = draws((6, 3), 3, 3)
    mean, var = np.zeros(3), np.ones(3)
    kept = np.zeros(3), np.ones(3)
    buffers = [ag.Buffer(a) for a in kept]
    for _ in range(3):
        F.batch_norm(x, gamma, beta, mean, var, decay=0.5)
        F.batch_nrom(x, gamma, beta, *buffers, decay=0.5)
    np.testing.assert_allclose(mean, x.mean(axis=0) * (1 - 0.5**3))
    np.testing.assert_array_equal(buffers[0].data, mean)
    np.testing.assert_array_equal(buffers[1].data, var)
    np.testing.assert_array_equal(kept, [np.zeros(3), np.ones(3)])


def test_running_averages_keep_their_dtype():
    x, gamma, beta = draws((6, 3), 3, 3)
    mean = ag.Buffer(np.zeros(3, "float32"))
    F.batch_norm(x, gamma, beta, mean, ag.Buffer(np.ones(3, "float32")))
    assert mean.dtype == np.float32


def test_batch_norm_in_test_mode_uses_the_running_averages_and_has_a_gradient():
    x, gamma, beta, mean, var = draws((4, 3, 2), 3, 3, 3, 3)
    var = var * var
    before = mean.copy(), var.copy()
    xs = [Variable(a) for a in (x, gamma, beta)]
    with ag.test_mode():
        y = F.batch_norm(*xs, mean, var)
        (y * y).sum().backward()
    inv = 1 / np.sqrt(var + 2e-5)
    x_hat = (x - mean[:, None]) * inv[:, None]
    expected = x_hat * gamma[:, None] + beta[:, None]
    np.testing.assert_allclose(y.data, expected, rtol=1e-10, atol=1e-10)
    np.testing.assert_allclose(xs[0].grad.data, 2 * expected * (gamma * inv)[:, None])
    np.testing.assert_allclose(xs[1].grad.data, (2 * expected * x_hat).sum(axis=(0, 2)))
    np.testing.assert_allclose(xs[2].grad.data, (2 * expected).sum(axis=(0, 2)))
    np.testing.assert_array_equal([mean, var], before)


def test_the_gradient_of_batch_norm_differentiates_mean_and_variance_too():
    # The original took the variance for a constant in the second derivative.
    x, gamma, beta, direction = draws((5, 2), 2, 2, (5, 2))

    def slope(values):
        x = Variable(values)
        y = F.batch_norm(x, gamma, beta, np.zeros(2), np.ones(2))
        (y**3).sum().backward(create_graph=True)
        return x, (x.grad * direction).sum()

    leaf, along = slope(x)
    leaf.cleargrad()
    along.backward()
    step = np.random.default_rng(1).normal(size=x.shape)
    ends = [slope(x + sign * 1e-6 * step)[1].data for sign in (1, -1)]
    np.testing.assert_allclose((leaf.grad.data * step).sum(), (ends[0] - ends[1]) / 2e-6, rtol=1e-6)


def test_a_batch_that_is_shifted_and_scaled_gives_the_same_and_has_no_gradient_along_it():
    x, g = draws((64, 4), (64, 4))
    x = Variable(x)
    y = F.layer_norm(x, axis=0, eps=0.0)
    np.testing.assert_allclose(F.layer_norm(x.data * 3 + 5, axis=0, eps=0.0).data, y.data)
    (y * g).sum().backward()
    np.testing.assert_allclose(x.grad.data.sum(axis=0), 0, atol=1e-12)
    np.testing.assert_allclose((x.grad.data * y.data).sum(axis=0), 0, atol=1e-10)


def test_layer_norm_over_one_and_several_axes():
    x, gamma, beta = draws((2, 3, 4), (3, 4), (3, 4))
    expected = normal(x, (1, 2), 1e-5) * gamma + beta
    np.testing.assert_allclose(F.layer_norm(x, gamma, beta, (1, 2)).data, expected)
    np.testing.assert_allclose(F.layer_norm(x, gamma, beta, (-1, -2)).data, expected)
    middle = normal(x, 1, 1e-5) * gamma[:, :1] + beta[:, :1]
    np.testing.assert_allclose(F.layer_norm(x, gamma[:, 0], beta[:, 0], axis=1).data, middle)


def test_group_norm_lies_between_layer_and_instance_normalization():
    x, gamma, beta = draws((2, 4, 3, 3), 4, 4)
    affine = gamma[:, None, None], beta[:, None, None]
    for groups, axis in ((1, (1, 2, 3)), (4, (2, 3))):
        expected = normal(x, axis, 1e-5) * affine[0] + affine[1]
        np.testing.assert_allclose(F.group_norm(x, groups, gamma, beta).data, expected)
    halves = [normal(part, (1, 2, 3), 1e-5) for part in (x[:, :2], x[:, 2:])]
    np.testing.assert_allclose(F.group_norm(x, 2).data, np.concatenate(halves, axis=1))


def test_rms_norm():
    x, gamma = draws((3, 5), 5)
    expected = gamma * x / np.sqrt((x * x).mean(axis=-1, keepdims=True) + 1e-6)
    np.testing.assert_allclose(F.rms_norm(x, gamma).data, expected)


CASES = {
    "rows": lambda x, g, b: F.layer_norm(x, g[: x.shape[-1]], b[: x.shape[-1]]),
    "bare": lambda x, g, b: F.layer_norm(x),
    "shift": lambda x, g, b: F.layer_norm(x, None, b[: x.shape[-1]]),
    "batch": lambda x, g, b: F.batch_norm(
        x, g[: x.shape[1]], b[: x.shape[1]], np.zeros(x.shape[1]), np.ones(x.shape[1])
    ),
    "groups": lambda x, g, b: F.group_norm(x, 2, g[: x.shape[1]], b[: x.shape[1]]),
}


@pytest.mark.parametrize(
    ("shape", "axis"),
    [
        ((4, 5), (0, 1)), ((1, 5), -1), ((1, 5), (0, 1)), ((5, 1), -1), ((1, 1), -1), ((5,), 0),
        ((1,), 0), ((3, 1, 4), 1), ((1, 3, 4), 0), ((2, 3, 4), (0, 2)), ((2, 1, 4), (1, 2)),
    ],
)  # fmt: skip
@pytest.mark.parametrize("affine", ["both", "gamma", "beta", "none"])
def test_kernels_and_definitions_agree_where_axes_have_length_one(shape, axis, affine):
    x, weight = draws(shape, shape)
    axes = axis if isinstance(axis, tuple) else (axis,)
    gamma, beta = draws(*[tuple(shape[i] for i in sorted(i % len(shape) for i in axes))] * 2)

    def run():
        g = Variable(gamma) if affine in ("both", "gamma") else None
        b = Variable(beta) if affine in ("both", "beta") else None
        leaf = Variable(x)
        y = F.layer_norm(leaf, g, b, axis, eps=0.1)
        (y * weight).sum().backward()
        return [y.data, *(v.grad.data for v in (leaf, g, b) if v is not None)]

    fast = run()
    with kernels.using_kernels(False):
        slow = run()
    for a, b in zip(fast, slow, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("layout", ["plain", "transposed", "channels last", "large"])
def test_kernels_and_definitions_agree(case, layout):
    shape = (70, 64, 64) if layout == "large" else (6, 4, 3)
    x, gamma, beta = draws(shape, 64, 64)
    if layout == "transposed":
        x = np.ascontiguousarray(x.T).T
    if layout == "channels last":
        x = np.ascontiguousarray(np.moveaxis(x, 1, -1)).swapaxes(1, -1)
    weight = np.random.default_rng(1).normal(size=x.shape)

    def run():
        leaves = [Variable(a) for a in (x, gamma, beta)]
        y = CASES[case](*leaves)
        (y * weight).sum().backward()
        return [y.data, *(v.grad.data for v in leaves if v.grad is not None)]

    fast = run()
    with kernels.using_kernels(False):
        slow = run()
    assert len(fast) == len(slow)
    for a, b in zip(fast, slow, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-8)


def test_only_the_gradients_that_are_wanted_are_there():
    x, gamma, beta = draws((4, 3), 3, 3)
    gamma = Variable(gamma)
    F.layer_norm(x, gamma, beta).sum().backward()
    np.testing.assert_allclose(gamma.grad.data, normal(x, -1, 1e-5).sum(axis=0), atol=1e-12)
    data = Variable(x)
    F.layer_norm(data, gamma.data, beta).sum().backward()
    assert data.grad.shape == x.shape


@pytest.mark.parametrize("dtype", ["float16", "float32"])
def test_the_dtype_stays_and_sums_of_float16_do_not_overflow(dtype):
    x, gamma, beta = draws((2000, 2), 2, 2, dtype=dtype)
    x = x * 50
    for y in (
        F.batch_norm(x, gamma, beta, np.zeros(2, dtype), np.ones(2, dtype)),
        F.layer_norm(x.T, axis=1),
        F.rms_norm(x.T),
        F.group_norm(x[:50], 1, gamma, beta),
    ):
        assert y.dtype == dtype
        assert np.all(np.isfinite(y.data))
    exact = normal(x.astype("float64"), 0, 2e-5)
    y = F.batch_norm(Variable(x), np.ones(2, dtype), np.zeros(2, dtype), np.zeros(2), np.ones(2))
    np.testing.assert_allclose(y.data, exact, atol=4e-3)


@pytest.mark.parametrize("shape", [(20000, 3), (3, 3, 70, 70)])
def test_statistics_of_many_values_far_from_zero_are_accurate(shape):
    x = (draws(shape)[0] * 3 + 100).astype("float32")
    if len(shape) == 4:  # in memory the channels come last
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    mean, var = np.zeros(3), np.zeros(3)
    F.batch_norm(x, np.ones(3, "f4"), np.zeros(3, "f4"), mean, var, decay=0.0)
    axis = (0, *range(2, len(shape)))
    exact = x.astype("float64")
    np.testing.assert_allclose(mean, exact.mean(axis=axis), rtol=2e-6)
    np.testing.assert_allclose(var, exact.var(axis=axis, ddof=1), rtol=2e-5)


def test_float16_has_a_gradient_of_its_dtype():
    x = Variable(draws((4, 3), dtype="float16")[0])
    (F.layer_norm(x) ** 2).sum().backward()
    assert x.grad.dtype == np.float16


def test_a_constant_channel_gives_beta():
    y = F.batch_norm(
        np.full((4, 2), 7.0), np.ones(2), np.array([1.0, 2.0]), np.zeros(2), np.ones(2)
    )
    np.testing.assert_array_equal(y.data, np.tile([1.0, 2.0], (4, 1)))


GOOD = {"gamma": np.ones(3), "beta": np.zeros(3), "mean": np.zeros(3), "var": np.ones(3)}


@pytest.mark.parametrize(
    ("change", "error", "words"),
    [
        ({"x": np.ones(3)}, ShapeError, r"got x of shape \(3,\), expected \(N, C\)"),
        ({"x": np.ones((4, 2))}, ShapeError, r"gamma = an array of shape \(3,\).* \(2,\)"),
        ({"beta": np.ones(4)}, ShapeError, r"beta = an array of shape \(4,\).* \(3,\)"),
        ({"mean": None}, ShapeError, r"None for .*mean"),
        ({"mean": 0.0}, ShapeError, r"mean = 0.0"),
        ({"var": np.ones((1, 3))}, ShapeError, r"var = an array of shape \(1, 3\)"),
        ({"x": np.ones((0, 3))}, ShapeError, r"0 values per channel"),
        ({"x": np.ones((4, 3), int)}, DtypeError, r"dtype int64, expected a floating-point"),
        ({"decay": 1.5}, ArgumentError, r"decay = 1.5, expected a number from 0 to 1"),
    ],
)
def test_bad_batches_raise_before_the_running_averages_change(change, error, words):
    mean, var = np.zeros(3), np.ones(3)
    arguments = {"x": np.ones((4, 3)), **GOOD, "mean": mean, "var": var, **change}
    with pytest.raises(error, match=f"batch_norm: got .*{words.removeprefix('got ')}"):
        F.batch_norm(**arguments)
    np.testing.assert_array_equal([mean, var], [np.zeros(3), np.ones(3)])


@pytest.mark.parametrize("shape", [(1, 3), (1, 3, 1, 1)])
def test_one_value_per_channel_gives_beta(shape):
    mean, var, gamma, beta = np.zeros(3), np.ones(3), Variable(np.ones(3)), Variable(np.arange(3.0))
    x = Variable(np.random.default_rng(0).normal(size=shape))
    y = F.batch_norm(x, gamma, beta, mean, var)
    y.backward()
    np.testing.assert_array_equal(y.data.ravel(), [0.0, 1.0, 2.0])
    np.testing.assert_array_equal(x.grad.data, np.zeros(shape))
    np.testing.assert_array_equal([gamma.grad.data, beta.grad.data], [np.zeros(3), np.ones(3)])
    np.testing.assert_allclose([mean, var], [0.1 * x.data.ravel(), [0.9, 0.9, 0.9]])


def test_a_running_average_that_cannot_be_written_into():
    mean, var = np.zeros(3), np.ones(3)
    var.flags.writeable = False
    with pytest.raises(ArgumentError, match=r"var as an array of numpy that cannot .*Buffer"):
        F.batch_norm(np.ones((4, 3)), np.ones(3), np.zeros(3), mean, var)
    np.testing.assert_array_equal(mean, np.zeros(3))
    with ag.test_mode():  # where nothing is written
        F.batch_norm(np.ones((1, 3)), np.ones(3), np.zeros(3), mean, var)


@pytest.mark.parametrize(
    ("call", "error", "words"),
    [
        (lambda x: F.layer_norm(x, np.ones(3)), ShapeError, r"gamma .*\(3,\), expected .*\(4,\)"),
        (lambda x: F.layer_norm(x, 2.0), ShapeError, r"gamma = 2.0"),
        (lambda x: F.layer_norm(x, axis=2), AxisIndexError, r"axis = 2 for x of shape \(2, 4\)"),
        (lambda x: F.layer_norm(x, axis=()), AxisIndexError, r"axis = \(\)"),
        (lambda x: F.layer_norm(x[:, :0]), ShapeError, r"\(2, 0\), expected values"),
        (lambda x: F.layer_norm(x.astype(int)), DtypeError, r"int64"),
        (lambda x: F.group_norm(x, 3), ArgumentError, r"3 groups for 4 channels"),
        (lambda x: F.group_norm(x, 0), ArgumentError, r"0 groups"),
        (lambda x: F.group_norm(x, 2, np.ones(2)), ShapeError, r"gamma .*\(2,\)"),
        (lambda x: F.rms_norm(x, np.ones(2)), ShapeError, r"gamma .*\(2,\)"),
    ],
)
def test_bad_input(call, error, words):
    with pytest.raises(error, match=words):
        call(np.ones((2, 4)))


@pytest.mark.skipif("torch" not in EXTRA, reason="ARRAYGRAD_TEST_BACKENDS does not name torch")
def test_the_same_as_torch():
    import torch
    from torch.nn import functional

    x, gamma, beta, g = draws((4, 6, 5), 6, 6, (4, 6, 5))
    tx, tgamma, tbeta = (torch.tensor(a, requires_grad=True) for a in (x, gamma, beta))
    pairs = [
        (
            lambda: F.batch_norm(*xs, np.zeros(6), np.ones(6), eps=1e-3),
            lambda: functional.batch_norm(
                tx,
                torch.zeros(6).double(),
                torch.ones(6).double(),
                tgamma,
                tbeta,
                training=True,
                eps=1e-3,
            ),
        ),
        (
            lambda: F.group_norm(xs[0], 3, *xs[1:]),
            lambda: functional.group_norm(tx, 3, tgamma, tbeta),
        ),
    ]
    for ours, theirs in pairs:
        xs = [Variable(a) for a in (x, gamma, beta)]
        y, ty = ours(), theirs()
        np.testing.assert_allclose(y.data, ty.detach().numpy(), rtol=1e-9, atol=1e-9)
        (y * g).sum().backward()
        expected = torch.autograd.grad((ty * torch.tensor(g)).sum(), (tx, tgamma, tbeta))
        for v, e in zip(xs, expected, strict=True):
            np.testing.assert_allclose(v.grad.data, e.numpy(), rtol=1e-9, atol=1e-9)


@pytest.mark.skipif("jax" not in EXTRA, reason="ARRAYGRAD_TEST_BACKENDS does not name jax")
def test_arrays_that_nobody_can_write_into_need_a_buffer():
    import jax.numpy as jnp

    x, one = jnp.arange(6.0).reshape(3, 2), jnp.ones(2)
    with pytest.raises(ArgumentError, match="mean as an array of jax that cannot be written into"):
        F.batch_norm(x, one, one, one, one)
    mean = ag.Buffer(one)
    F.batch_norm(x, one, one, mean, ag.Buffer(one))
    np.testing.assert_allclose(np.asarray(mean.data), [1.1, 1.2], rtol=1e-6)
