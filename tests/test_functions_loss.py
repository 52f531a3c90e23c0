"""Losses: values by formulas, the far ends, dtypes, what they refuse."""

import math
import os

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable
from arraygrad.errors import ArgumentError, DtypeError, MixedBackendError, ShapeError

RNG = np.random.default_rng(0)
EXTRA = os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",")


def gradient(f, x):
    x = Variable(x)
    f(x).backward()
    return x.grad.data


def softplus(x):
    return max(x, 0.0) + math.log1p(math.exp(-abs(x)))


# Two outcomes


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("x", "t", "value", "slope"),
    [(50.0, 0, 50.0, 1.0), (-1000.0, 0, 0.0, 0.0), (-1000.0, 1, 1000.0, -1.0), (50.0, 1, 0.0, 0.0)],
)
def test_sigmoid_cross_entropy_far_out(x, t, value, slope, dtype):
    x, t = np.array([x], dtype), np.array([t])
    y = F.sigmoid_cross_entropy(x, t)
    assert y.dtype == dtype
    assert y.item() == pytest.approx(value, abs=1e-20)
    gx = gradient(lambda x: F.sigmoid_cross_entropy(x, t), x)
    assert gx.dtype == dtype
    np.testing.assert_allclose(gx, [slope], atol=1e-7)
    second = ag.grad(lambda x: ag.grad(lambda x: F.sigmoid_cross_entropy(x, t))(x).sum())(x)
    np.testing.assert_allclose(second, [0.0], atol=1e-12)


def test_sigmoid_cross_entropy_is_divided_by_the_number_of_rows():
    x, t = RNG.normal(size=(4, 3)), RNG.integers(0, 2, (4, 3))
    expected = sum(softplus(a) - a * b for a, b in zip(x.flat, t.flat, strict=True)) / 4
    assert F.sigmoid_cross_entropy(x, t).item() == pytest.approx(expected)
    p = F.sigmoid(x)
    assert F.binary_cross_entropy(p, t).item() == pytest.approx(expected)


@pytest.mark.parametrize("kind", ["int64", "uint8", "bool", "float32", "float64"])
def test_targets_of_any_dtype_leave_float32(kind):
    x, t = RNG.normal(size=(4, 1)).astype("float32"), np.array([0, 1, 1, 0]).astype(kind)
    for f, a in ((F.sigmoid_cross_entropy, x), (F.binary_cross_entropy, F.sigmoid(x).data)):
        for target in (t, Variable(t, requires_grad=False), t.reshape(4, 1)):
            y = f(Variable(a), target)
            assert y.dtype == "float32"
            assert y.item() == pytest.approx(f(a.astype("float64"), t).item(), rel=1e-6)
        assert gradient(lambda a, f=f: f(a, t), a).dtype == "float32"


def test_a_gradient_for_the_targets_too():
    x, t = Variable(RNG.normal(size=3)), Variable(np.array([0.2, 0.5, 1.0]))
    F.sigmoid_cross_entropy(x, t).backward()
    np.testing.assert_allclose(t.grad.data, -x.data / 3)
    np.testing.assert_allclose(x.grad.data, (F.sigmoid(x.data).data - t.data) / 3)


def test_binary_cross_entropy_is_not_clipped_early():
    assert F.binary_cross_entropy(np.array([0.9999]), np.array([0])).item() == pytest.approx(
        9.210340371976294
    )
    gp = gradient(lambda p: F.binary_cross_entropy(p, np.array([0])), np.array([0.9999]))
    np.testing.assert_allclose(gp, [1e4])
    small = F.binary_cross_entropy(np.array([1e-300]), np.array([1])).item()
    assert small == pytest.approx(-math.log(1e-300))


@pytest.mark.parametrize(("dtype", "low", "high"), [("float32", 87, 17), ("float64", 708, 37)])
def test_binary_cross_entropy_of_certainty_is_finite(dtype, low, high):
    p, t = np.array([0.0, 1.0, 0.0, 1.0], dtype), np.array([0, 1, 1, 0])
    values = [F.binary_cross_entropy(p[i : i + 1], t[i : i + 1]).item() for i in range(4)]
    assert values[:2] == pytest.approx([0, 0], abs=1e-6)
    assert [math.floor(v) for v in values[2:]] in ([low, high - 1], [low, high])
    gp = gradient(lambda p: F.binary_cross_entropy(p, t), p)
    assert np.all(np.isfinite(gp))
    assert (gp[2] < -1e6, gp[3] > 1e6) == (True, True)
    # Through a sigmoid that has reached 0 or 1 nothing becomes nan.
    x = np.array([-1000.0, 1000.0], dtype)
    gx = gradient(lambda x: F.binary_cross_entropy(F.sigmoid(x), np.array([1, 0])), x)
    assert np.all(np.isfinite(gx))


@pytest.mark.parametrize("f", [F.sigmoid_cross_entropy, F.binary_cross_entropy])
@pytest.mark.parametrize(
    ("p", "t", "error", "words"),
    [
        ((4,), (3,), ShapeError, r"shape \(4,\) and targets of shape \(3,\)"),
        ((4, 2), (2, 4), ShapeError, r"shape \(4, 2\) and targets of shape \(2, 4\)"),
        ((), (), ShapeError, r"expected one shape \(N, ...\)"),
        ((0,), (0,), ShapeError, r"got an empty batch of shape \(0,\)"),
        ((4,), 2.0, ArgumentError, "got targets from 2 to 2, expected values from 0 to 1"),
        ((4,), -1.0, ArgumentError, "got targets from -1 to -1"),
        ((4,), math.nan, ArgumentError, "got targets from nan to nan"),
    ],
)
def test_bad_targets(f, p, t, error, words):
    t = np.full(p, t) if isinstance(t, float) else np.zeros(t)
    with pytest.raises(error, match=f"{f.__name__}: .*{words}"):
        f(np.full(p, 0.5), t)


@pytest.mark.parametrize("p", [-0.1, 1.5, math.nan])
def test_probabilities_have_to_be_some(p):
    with pytest.raises(ArgumentError, match="binary_cross_entropy: got p from"):
        F.binary_cross_entropy(np.array([0.5, p]), np.array([0, 1]))


# Numbers


def test_losses_of_numbers():
    x0, x1 = RNG.normal(size=(5, 2)) * 3, RNG.normal(size=(5, 2))
    d = np.abs(x0 - x1)
    assert F.mean_absolute_error(x0, x1).item() == pytest.approx(d.sum() / 5)
    assert F.mean_squared_error(x0, x1).item() == pytest.approx((d**2).sum() / 5)
    for delta in (0.5, 1.0, 2.0):
        h = np.where(d <= delta, d * d / 2, delta * (d - delta / 2))
        assert F.huber_loss(x0, x1, delta=delta).item() == pytest.approx(h.sum() / 5)
    gx = gradient(lambda x0: F.huber_loss(x0, x1), x0)
    np.testing.assert_allclose(gx, np.clip(x0 - x1, -1, 1) / 5)


LOSSES = [F.mean_squared_error, F.mean_absolute_error, F.huber_loss]


@pytest.mark.parametrize("f", LOSSES)
def test_large_differences_and_equal_values(f):
    big = np.array([1e15, -1e15], "float32")
    assert np.isfinite(f(big, big * 0).item())
    same = np.array([1.0, 2.0], "float32")
    assert f(same, same).item() == 0
    np.testing.assert_array_equal(gradient(lambda x: f(x, same), same), [0, 0])
    assert f(same, same).dtype == "float32"


@pytest.mark.parametrize("f", LOSSES)
@pytest.mark.parametrize(
    ("a", "b", "words"),
    [
        ((4, 1), (4,), r"got shapes \(4, 1\) and \(4,\), expected one shape"),
        ((4,), (4, 1), r"got shapes \(4,\) and \(4, 1\), expected one shape"),
        ((4, 2), (4, 3), r"got shapes \(4, 2\) and \(4, 3\)"),
        ((), (), r"got shapes \(\) and \(\)"),
        ((0, 2), (0, 2), r"got an empty batch of shape \(0, 2\)"),
    ],
)
def test_bad_shapes(f, a, b, words):
    with pytest.raises(ShapeError, match=f"{f.__name__}: {words}"):
        f(Variable(np.ones(a)), np.ones(b))


@pytest.mark.parametrize("f", LOSSES)
def test_one_value_may_come_as_a_row(f):
    x, t = Variable(np.array([[3.0]])), Variable(np.array([1.0]))
    y = f(x, t)
    y.backward()
    assert y.shape == ()
    assert (x.grad.shape, t.grad.shape) == ((1, 1), (1,))
    assert x.grad.item() == -t.grad.item() != 0


@pytest.mark.parametrize("delta", [0, -1.0, math.nan, math.inf])
def test_huber_wants_a_positive_delta(delta):
    with pytest.raises(ArgumentError, match="huber_loss: got delta = "):
        F.huber_loss(np.ones(2), np.ones(2), delta=delta)


# Distributions and classes


def test_kl_div_by_its_formula():
    p = np.array([[0.2, 0.3, 0.5], [0.0, 1.0, 0.0]])
    q = np.array([[0.1, 0.6, 0.3], [0.25, 0.5, 0.25]])
    expected = np.sum(np.where(p > 0, p * np.log(np.where(p > 0, p, 1) / q), 0)) / 2
    assert F.kl_div(np.log(q), p).item() == pytest.approx(expected)
    assert F.kl_div(np.log(q), q).item() == pytest.approx(0, abs=1e-15)
    # Where the truth says never, the model may say so too.
    logq = np.array([[-np.inf, 0.0]])
    assert F.kl_div(logq, np.array([[0.0, 1.0]])).item() == 0
    gp = gradient(lambda p: F.kl_div(np.log(q), p), p)
    np.testing.assert_allclose(gp[0], (np.log(p[0] / q[0]) + 1) / 2)
    assert np.all(np.isfinite(gp))
    # Up to the entropy of the truth it is the cross entropy.
    x, labels = RNG.normal(size=(2, 3)), np.array([0, 2])
    assert F.nll_loss(np.array([[-np.inf, 0.0]]), np.array([1])).item() == 0
    hard = F.kl_div(F.log_softmax(x), np.eye(3)[labels]).item()
    assert hard == pytest.approx(F.softmax_cross_entropy(x, labels).item())
    assert F.kl_div(np.log(q).astype("float32"), p).dtype == "float32"


@pytest.mark.parametrize(("a", "b"), [((2, 3), (3, 2)), ((2, 3), (3,)), ((), ()), ((0, 3), (0, 3))])
def test_kl_div_of_bad_shapes(a, b):
    with pytest.raises(ShapeError, match="kl_div: got log probabilities of shape"):
        F.kl_div(np.ones(a), np.ones(b))


@pytest.mark.parametrize("f", [F.softmax_cross_entropy, F.nll_loss, F.accuracy])
@pytest.mark.parametrize(
    ("t", "error", "words"),
    [
        (np.array([0, 1, 3]), ArgumentError, "got labels from 0 to 3, expected .* 0 to 2"),
        (np.array([0, -1, 2]), ArgumentError, "got labels from -1 to 2"),
        (np.array([0, 1]), ShapeError, r".*labels of shape \(2,\)"),
        (np.array([0.0, 1.0, 2.0]), DtypeError, "got class indices of dtype float64"),
    ],
)
def test_bad_labels(f, t, error, words):
    x = Variable(np.zeros((3, 3)))
    with pytest.raises(error, match=f"{f.__name__}: {words}"):
        f(x, t)
    assert x.grad is None


@pytest.mark.parametrize("f", [F.softmax_cross_entropy, F.nll_loss, F.accuracy])
def test_empty_batches_of_labels(f):
    for t in (np.zeros(0, int), np.zeros((0, 3))):
        with pytest.raises(ShapeError, match=f"{f.__name__}: got an empty batch"):
            f(np.zeros((0, 3)), t)


@pytest.mark.skipif("torch" not in EXTRA, reason="ARRAYGRAD_TEST_BACKENDS does not name torch")
def test_against_torch():
    import torch
    import torch.nn.functional as T

    x, t, p = RNG.normal(size=(6, 4)), RNG.random((6, 4)), RNG.random((6, 4))
    mean = {"reduction": "sum"}
    tx, tt, tp = (torch.tensor(a) for a in (x, t, p))
    pairs = [
        (F.sigmoid_cross_entropy(x, t), T.binary_cross_entropy_with_logits(tx, tt, **mean)),
        (F.binary_cross_entropy(p, t), T.binary_cross_entropy(tp, tt, **mean)),
        (F.huber_loss(x, t, 0.7), T.huber_loss(tx, tt, delta=0.7, **mean)),
        (F.mean_absolute_error(x, t), T.l1_loss(tx, tt, **mean)),
        (F.kl_div(np.log(p), t), T.kl_div(tp.log(), tt, **mean)),
    ]
    for ours, theirs in pairs:
        assert ours.item() == pytest.approx(theirs.item() / 6)


def test_accuracy_of_no_rows_and_of_two_libraries():
    import array_api_strict

    with pytest.raises(ShapeError, match=r"accuracy: got scores of shape \(\)"):
        F.accuracy(np.asarray(1.0), np.asarray(0))
    with pytest.raises(MixedBackendError, match="scores of array_api_strict and labels of numpy"):
        F.accuracy(array_api_strict.ones((2, 3)), np.array([0, 1]))
