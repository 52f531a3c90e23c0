"""What a GPU alone can tell. `--require-backend cupy` makes it an error to have none."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable, get_backend, models, optimizers, using_backend
from arraygrad_cupy import driver

pytestmark = pytest.mark.skipif(
    driver.missing() is not None, reason=f"needs a GPU: {driver.missing()}"
)


@contextmanager
def without_warnings() -> Iterator[None]:
    """CuPy warns that it does not see all that waits."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


def test_a_training_step_does_not_wait(cupy: Any) -> None:
    cupyx = pytest.importorskip("cupyx")
    if not hasattr(cupyx, "allow_synchronize"):
        pytest.skip("CuPy no longer tells what waits")
    with using_backend("cupy") as backend:
        x = backend.asarray(np.ones((8, 5), "float32"))
        t = backend.asarray(np.arange(8) % 3)
        model = models.MLP((8, 3), activation=F.gelu)
        optimizer = optimizers.Adam().setup(model)
        for i in range(3):
            with without_warnings(), cupyx.allow_synchronize(i == 0):
                loss = F.softmax_cross_entropy(F.dropout(model(x), 0.1), t)
                model.cleargrads()
                loss.backward()
                optimizer.update()
    assert np.isfinite(float(loss))


def test_float32_stays_fast(cupy: Any) -> None:
    x = Variable(cupy.ones((64, 64), "float32"))
    for function in (F.gelu, F.softmax, F.sigmoid, lambda x: F.layer_norm(x, None, None)):
        y = function(x)
        x.cleargrad()
        y.sum().backward()
        assert y.dtype == x.grad.dtype == np.float32  # type: ignore[union-attr]


def test_large_arrays_with_and_without_kernels(cupy: Any) -> None:
    backend = get_backend("cupy")
    rng = np.random.default_rng(0)
    x = backend.asarray(rng.normal(size=(8, 32, 56, 56)).astype("float32"))
    W = backend.asarray(rng.normal(size=(48, 32, 3, 3)).astype("float32"))
    found = []
    for on in (True, False):
        with ag.using_kernels(on):
            vx, vW = Variable(x), Variable(W)
            F.pooling(F.relu(F.conv2d(vx, vW, None, 1, 1)), 2, 2).sum().backward()
            found.append([backend.to_numpy(v.grad.data) for v in (vx, vW)])  # type: ignore[union-attr]
    for got, expected in zip(*found, strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-3, atol=1e-2)
