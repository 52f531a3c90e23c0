"""dask arrays: programs and their gradients are laid out, and nothing is computed on the way."""

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable

dask = pytest.importorskip("dask", reason="dask is not installed: pip install dask")
da = pytest.importorskip("dask.array", reason="dask is not installed: pip install dask")
from dask.callbacks import Callback  # noqa: E402

RNG = np.random.default_rng(0)
X, W, B = RNG.normal(size=(8, 6)), RNG.normal(size=(6, 4)), RNG.normal(size=4)


def mlp(x, w, b):
    return F.sum(F.tanh(x @ w + b) ** 2)


PROGRAMS = {
    "softmax": lambda x, w, b: F.sum(F.softmax(x @ w + b) ** 2),
    "log_softmax": lambda x, w, b: -F.mean(F.log_softmax(x @ w + b)[:, 0]),
    "logsumexp": lambda x, w, b: F.sum(F.logsumexp(x @ w + b, axis=1)),
    "matmul, tanh": mlp,
    "mean squares": lambda x, w, b: F.mean_squared_error(x @ w, F.exp(b) + x[:, :4]),
    "gelu, layer norm": lambda x, w, b: F.sum(F.gelu(F.layer_norm(x @ w, b, b)) ** 2),
    "max": lambda x, w, b: F.sum(F.max(x @ w + b, axis=1)),
    "parts": lambda x, w, b: F.sum(F.concat([x, x.T[:4].T * b], axis=1)[2:5, ::2] ** 3),
}


class Computes(Callback):
    """How often a scheduler was started."""

    def __init__(self):
        self.count = 0
        super().__init__(start=self.counted)

    def counted(self, graph):
        self.count += 1


@pytest.mark.parametrize("name", PROGRAMS)
def test_nothing_is_computed_early(name):
    program = PROGRAMS[name]
    arrays = [da.from_array(a, chunks=3) for a in (X, W, B)]
    slopes = ag.grad(program, argnums=(0, 1, 2))
    with Computes() as seen:
        found = slopes(*arrays)
        xs = [Variable(a) for a in arrays]
        y = program(*xs)
        y.backward()
    assert seen.count == 0
    assert all(isinstance(g, da.Array) for g in found)
    with Computes() as seen:
        np.testing.assert_allclose(y.data.compute(), program(X, W, B).data, rtol=1e-12)
        for x, g, expected in zip(xs, found, slopes(X, W, B), strict=True):
            np.testing.assert_allclose(g.compute(), expected, rtol=1e-9, atol=1e-12)
            if x.grad is not None:
                np.testing.assert_allclose(x.grad.data.compute(), expected, rtol=1e-9, atol=1e-12)
    assert seen.count > 0


def test_second_derivatives_too():
    def along(x, w, b):
        return ag.grad(lambda v: F.sum(ag.grad(mlp, argnums=1)(x, v, b) ** 2))(w)

    arrays = [da.from_array(a, chunks=4) for a in (X, W, B)]
    with Computes() as seen:
        found = along(*arrays)
    assert seen.count == 0
    np.testing.assert_allclose(found.compute(), along(X, W, B), rtol=1e-9)


def test_dask_and_numpy_do_not_mix():
    with pytest.raises(ag.errors.MixedBackendError, match=r"dask .*numpy"):
        Variable(da.ones(3)) * np.ones(3)
