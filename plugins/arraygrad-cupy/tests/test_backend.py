"""The backend itself: devices, memory, dtypes, sums at repeated places."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Variable, get_backend, models, optimizers
from arraygrad.errors import BackendError, MixedBackendError

pytestmark = pytest.mark.usefixtures("cupy")


@pytest.fixture
def backend() -> Any:
    return get_backend("cupy")


def test_devices_by_number_and_name(backend: Any, cupy: Any) -> None:
    first = cupy.cuda.Device(0)
    assert backend.devices()[0] == first
    for name in (None, 0, "0", "cuda", "cuda:0", first):
        x = backend.asarray(np.ones(2, "float32"), device=name)
        assert backend.device(x) == backend.device(backend.asarray([1.0], device=name)) == first
        assert backend.device(backend.to_device(x, name)) == first
    for name in ("cuda:99", 99, "cpu"):
        with pytest.raises(BackendError, match=r"got the device .*, expected one of 'cuda:0'"):
            backend.asarray(np.ones(2), device=name)


def test_a_step_on_the_second_device(backend: Any, cupy: Any) -> None:
    if len(backend.devices()) < 2:
        pytest.skip("there is one GPU")
    np.random.seed(0)
    model = models.MLP((4, 3))
    model(np.ones((2, 5), "float32"))
    model.to("cupy", device="cuda:1")
    x = backend.asarray(np.ones((2, 5), "float32"), device="cuda:1")
    t = backend.asarray(np.array([0, 2]), device="cuda:1")
    optimizer = optimizers.Adam().setup(model)
    with cupy.cuda.Device(1):
        for _ in range(2):
            loss = F.softmax_cross_entropy(F.dropout(model(x), 0.1), t)
            model.cleargrads()
            loss.backward()
            optimizer.update()
    assert loss.device == cupy.cuda.Device(1)
    assert {backend.device(p.data).id for p in model.params()} == {1}
    assert backend.copy(x).device == x.device
    model.to("cupy", device=0)
    assert {backend.device(p.data).id for p in model.params()} == {0}


def test_two_devices_do_not_mix(standin: Any, backend: Any) -> None:
    x, y = (backend.asarray(np.ones(2), device=i) for i in (0, 1))
    with pytest.raises(MixedBackendError, match=r"CUDA Device 0.*CUDA Device 1.*one device"):
        F.add(x, y)


def test_numpy_does_not_mix(cupy: Any) -> None:
    with pytest.raises(MixedBackendError, match=r"x0: cupy .*, x1: numpy"):
        Variable(cupy.ones(2)) + np.ones(2)
    with pytest.raises(MixedBackendError, match=r"x: numpy .*W: cupy"):
        L.Linear(2, in_size=2).to("cupy")(np.ones((1, 2), "float32"))


def test_what_comes_from_numpy_has_memory_of_its_own(backend: Any) -> None:
    for array in (np.ones(3), np.arange(6.0)[::-2], np.ones((2, 3)).T, np.ones(2, ">f4")):
        before = array.copy()
        x = backend.asarray(array)
        assert x.dtype == array.dtype.newbyteorder("=")
        x += 1
        np.testing.assert_array_equal(array, before)
        np.testing.assert_array_equal(backend.to_numpy(x), before + 1)
    assert backend.asarray(np.ones(2), dtype="float32").dtype == np.float32
    assert backend.asarray(np.float64(2.5)).shape == ()


def test_gradients_can_be_changed_in_place(cupy: Any) -> None:
    x: Any = Variable(cupy.ones((2, 3)))
    y: Any = Variable(cupy.ones((2, 3)))
    (x + y.T.T).sum().backward()
    x.grad.data += 1
    y.grad.data *= 3
    assert x.grad.data.tolist() == [[2.0] * 3] * 2
    assert y.grad.data.tolist() == [[3.0] * 3] * 2


@pytest.mark.parametrize(
    "dtype", ["float16", "float32", "float64", "int8", "int64", "uint8", "bool", "complex64"]
)
def test_sums_at_repeated_places(backend: Any, dtype: str) -> None:
    rng = np.random.default_rng(0)
    keys: list[Any] = [
        np.array([0, 2, 0, -1]), (slice(None), np.array([1, 1])), (slice(1, 3), 0), ...,
        (np.array([0, 1, 0]), np.array([2, 2, 2])), rng.uniform(size=(4, 3)) > 0.5,
    ]  # fmt: skip
    for key in keys:
        expected = np.zeros((4, 3), dtype)
        values = rng.integers(0, 2, expected[key].shape).astype(dtype)
        np.add.at(expected, key, values)
        parts = key if isinstance(key, tuple) else (key,)
        there = tuple(backend.asarray(p) if isinstance(p, np.ndarray) else p for p in parts)
        got = backend.index_add(
            (4, 3), there if isinstance(key, tuple) else there[0], backend.asarray(values)
        )
        assert got.dtype == expected.dtype
        np.testing.assert_array_equal(backend.to_numpy(got), expected)


def test_rows_of_labels(backend: Any, cupy: Any) -> None:
    t = backend.asarray(np.array([[0, 2], [1, 3]]))
    hot = backend.to_numpy(backend.one_hot(t, 3, cupy.ones(1, "float32")))
    np.testing.assert_array_equal(hot[0], [[1, 0, 0], [0, 0, 1]])
    assert np.isnan(hot[1, 1]).all()  # 3 is no label
    whole = backend.one_hot(t, 3, cupy.ones(1, "int32"))
    assert whole.dtype == np.int32
    assert backend.to_numpy(whole)[1].tolist() == [[0, 1, 0], [0, 0, 0]]
