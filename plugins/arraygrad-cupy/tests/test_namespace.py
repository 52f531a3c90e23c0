"""What CuPy, or array-api-compat over it, does not do as the standard says, or waits for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Variable, get_backend

pytestmark = pytest.mark.usefixtures("cupy")
NAN = float("nan")


@pytest.fixture
def xp() -> Any:
    return get_backend("cupy").xp


@pytest.mark.parametrize(
    ("low", "high"), [(-1.0, 1), (None, 0.5), (0, None), (None, None), (2.0, 1.0), (NAN, 1.0)]
)
@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_clip(cupy: Any, xp: Any, dtype: str, low: Any, high: Any) -> None:
    x = np.array([[-2.0, -0.5, 0.0], [0.75, 3.0, np.nan]], dtype)
    wanted = x if low is None and high is None else np.clip(x, low, high).astype(dtype)
    for at in (
        (low, high),
        (_array(cupy, low, dtype), _array(cupy, high, dtype)),
        (np.float64(low) if low else low, high),
    ):
        y = xp.clip(cupy.asarray(x), *at)
        assert y.dtype == dtype
        np.testing.assert_array_equal(cupy.asnumpy(y), wanted)
    assert xp.clip(cupy.asarray(x), min=low, max=high).shape == x.shape


def _array(cupy: Any, bound: Any, dtype: str) -> Any:
    return None if bound is None else cupy.asarray(np.full(3, bound, dtype))


def test_clip_of_whole_numbers(cupy: Any, xp: Any) -> None:
    x = cupy.asarray(np.array([-100, -1, 0, 1, 100], "int8"))
    for low, high, wanted in (
        (0, None, [0, 0, 0, 1, 100]), (-1000, 50, [-100, -1, 0, 1, 50]),
        (None, 1000, [-100, -1, 0, 1, 100]), (0.5, 2, [0, 0, 0, 1, 2]),
    ):  # fmt: skip
        y = xp.clip(x, low, high)
        assert y.dtype == np.int8
        assert y.tolist() == wanted
    y = xp.clip(x, cupy.asarray(np.array(0)), cupy.asarray(np.array(3, "int64")))
    assert y.dtype == np.int8
    assert y.tolist() == [0, 0, 0, 1, 3]


def test_sign(cupy: Any, xp: Any) -> None:
    for values in ([-2.0, 0.0, 3.0, np.nan], [-2, 0, 3], [3 + 4j, 0j, -2j]):
        x = np.array(values)
        y = xp.sign(cupy.asarray(x))
        assert y.dtype == x.dtype
        np.testing.assert_allclose(cupy.asnumpy(y), np.sign(x))


@pytest.mark.parametrize(
    ("a", "b"),
    [
        ((2, 2), (2,)), ((3, 2, 2), (2,)), ((3, 2, 2), (2, 1)), ((2, 2), (4, 1, 2, 3)),
        ((4, 1, 2, 2), (3, 2, 1)), ((2, 2, 2), (2, 2, 2)),
    ],
)  # fmt: skip
def test_solve_broadcasts(cupy: Any, xp: Any, a: Any, b: Any) -> None:
    rng = np.random.default_rng(0)
    A, B = rng.normal(size=a), rng.normal(size=b)
    wanted = np.linalg.solve(A, B if len(b) > 1 else B[:, None])
    got = cupy.asnumpy(xp.linalg.solve(cupy.asarray(A), cupy.asarray(B)))
    np.testing.assert_allclose(got, wanted if len(b) > 1 else wanted[..., 0], rtol=1e-6)
    vA = Variable(cupy.asarray(A))
    F.solve(vA, Variable(cupy.asarray(B))).sum().backward()
    assert vA.grad is not None
    assert vA.grad.shape == a


@pytest.mark.parametrize("dtype", ["float32", "float64", "complex64"])
@pytest.mark.parametrize("upper", [False, True])
def test_cholesky(cupy: Any, xp: Any, dtype: str, upper: bool) -> None:
    a = np.random.default_rng(0).normal(size=(3, 20, 20)).astype(dtype)
    a = a + 1j * a[::-1] if dtype == "complex64" else a
    x = (a @ a.conj().mT).astype(dtype)
    factor = np.linalg.cholesky(x)
    wanted = factor.conj().mT if upper else factor
    got = cupy.asnumpy(xp.linalg.cholesky(cupy.asarray(x), upper=upper))
    assert got.dtype == dtype
    np.testing.assert_allclose(got, wanted, rtol=1e-2, atol=1e-2)
    assert xp.linalg.cholesky(cupy.asarray(x[:0])).shape == (0, 20, 20)


def test_matrices_that_have_no_factor(cupy: Any) -> None:
    """nan, not a number that looks like one; the other matrices have theirs."""
    bad = np.array([[1.0, 2.0], [2.0, 1.0]])
    for x in (bad, -np.eye(3), np.array([[np.nan]]), np.diag([1.0, 0.0])):
        assert np.isnan(cupy.asnumpy(F.cholesky(cupy.asarray(x)).data)).all()
    both = cupy.asnumpy(F.cholesky(cupy.asarray(np.stack([bad, 4 * np.eye(2)]))).data)
    assert np.isnan(both[0]).all()
    np.testing.assert_array_equal(both[1], 2 * np.eye(2))


def test_nothing_waits(standin: Any) -> None:
    def steps() -> None:
        x: Any = Variable(standin.asarray(np.array([[0.1, 0.9], [0.4, 0.6]], "float32")))
        t = standin.asarray(np.array([[0.0, 1.0], [1.0, 0.0]], "float32"))
        standin.traffic.clear()
        for loss in (
            F.huber_loss(x, t), F.mean_absolute_error(x, t), F.binary_cross_entropy(x, t),
            F.clip(x, 0.2, 0.5).sum(), F.erf(x).sum(), F.absolute(x).sum(),
        ):  # fmt: skip
            loss.backward()
            x.cleargrad()

    steps()
    assert standin.traffic == []


def test_labels_of_few_bits(cupy: Any) -> None:
    """There may be more classes than an int8 has numbers."""
    x = np.random.default_rng(0).normal(size=(2, 300)).astype("float32")
    found = []
    for dtype in ("int8", "uint8", "int64"):
        v: Any = Variable(cupy.asarray(x))
        loss = F.softmax_cross_entropy(v, cupy.asarray(np.array([0, 40], dtype)))
        loss.backward()
        found.append(cupy.asnumpy(v.grad.data))
    np.testing.assert_array_equal(found[0], found[2])
    np.testing.assert_allclose(found[1], found[2], rtol=1e-5, atol=1e-7)
    hot = get_backend("cupy").one_hot(
        cupy.asarray(np.array([0, 255], "uint8")), 300, cupy.asarray(x)
    )
    assert cupy.asnumpy(hot).sum() == 2


def test_tables_of_the_current_device(cupy: Any) -> None:
    backend: Any = get_backend("cupy")
    if len(backend.devices()) < 2:
        pytest.skip("there is one GPU")
    array = np.arange(3.0)
    for i in (0, 1, 0):
        with cupy.cuda.Device(i):
            assert backend.table(array).device == cupy.cuda.Device(i)
