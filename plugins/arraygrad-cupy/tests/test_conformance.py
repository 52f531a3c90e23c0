"""Every op of the core on CuPy, every kernel against the definition that it stands in for."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Variable, get_backend, kernels, registry, testing
from arraygrad.backend import namespace
from arraygrad.op import table
from arraygrad.testing.core import ONCE, core_ops
from arraygrad_cupy import _plugin, driver

pytestmark = pytest.mark.usefixtures("cupy")

CORE = core_ops()
if (
    driver.missing() is not None
):  # SciPy's functions are CuPy's own there; nothing stands in for them
    CORE = {name: op for name, op in CORE.items() if not name.startswith("_special_")}
KERNELS = [op for module in _plugin.KERNELS.values() for op in module]
OPS = list(dict.fromkeys(name.partition(".")[0] for name in KERNELS))


@pytest.mark.parametrize("name", CORE)
def test_every_op_of_the_core(name: str) -> None:
    skip = ONCE if name in OPS else (*ONCE, "second gradient", "half", "non-contiguous")
    dtypes = ["float32", "float64"] if name in OPS else ["float32"]
    report = testing.check_op(CORE[name], places=["cupy"], dtypes=dtypes, skip=skip)
    report.raise_for_failures()
    assert report.ran > 2


@pytest.mark.parametrize("name", OPS)
def test_every_kernel(name: str) -> None:
    report = testing.check_kernel(f"core:{name}", "cupy", dtypes=["float32"])
    report.raise_for_failures()
    assert report.ran > 5


@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_is_the_one_that_runs(name: str) -> None:
    entry = kernels.choice(f"core:{name}", "cupy").entry
    assert entry is not None
    assert entry.provider == "arraygrad-cupy 0.1.0"
    assert callable(entry.resolve())


def test_explain_names_the_kernels(cupy: Any) -> None:
    from arraygrad import explain

    text = repr(explain(F.gelu, cupy.ones(3)))
    assert text.startswith("gelu on cupy, device <CUDA Device 0>")
    assert "kernel cupy:core:_gelu@cupy of arraygrad-cupy 0.1.0" in text


def test_the_backend_and_every_layer_and_optimizer() -> None:
    report = testing.check_backend("cupy", skip=["ops"])  # which have tests of their own here
    report.raise_for_failures()
    assert report.ran > 300


def test_the_plugin() -> None:
    testing.check_plugin("cupy", only=["status", "targets", "light import"]).raise_for_failures()


def test_the_backend_is_the_plugins() -> None:
    from arraygrad_cupy.backend import CupyBackend

    assert type(get_backend("cupy")) is CupyBackend
    assert registry.find("backends", "cupy").provider == "arraygrad-cupy 0.1.0"


def test_arrays_are_the_backends_at_first_sight(cupy: Any) -> None:
    assert namespace(Variable(cupy.ones(2)).data) is get_backend("cupy").xp
    assert table["tanh"](cupy.zeros(2)).data.shape == (2,)


def test_the_texts_of_kernels_have_run(standin: Any) -> None:
    """All of them: one that no sample reaches would be one that nobody tried."""
    from cupy import _kernel

    for name in OPS:  # other tests may have run in other processes
        testing.check_kernel(f"core:{name}", "cupy", dtypes=["float32"]).raise_for_failures()
    made = {name for name in _kernel.made if name.startswith("arraygrad")}
    assert len(made) > 40
    assert made == {name for name in _kernel.launches if name.startswith("arraygrad")}


def test_numbers_of_a_table_are_sent_once(standin: Any) -> None:
    backend = get_backend("cupy")
    array = np.arange(6.0)
    first = backend.table(array, dtype=np.dtype("float32"))
    standin.traffic.clear()
    assert backend.table(array, dtype=np.dtype("float32")) is first
    assert standin.traffic == []
    assert backend.table(array).dtype == np.float64
    for _ in range(100):
        backend.table(np.ones(3))
    assert len(backend._tables) <= 64


FAR = [
    F.relu, F.leaky_relu, F.elu, F.softplus, F.silu, F.gelu, F.sigmoid, F.tanh,
    lambda x: F.gelu(x, "tanh"), lambda x: F.softmax(x, axis=0), lambda x: F.log_softmax(x, axis=0),
]  # fmt: skip


@pytest.mark.parametrize("i", range(len(FAR)))
def test_far_numbers(cupy: Any, i: int) -> None:
    """nan stays, and what is far or infinite gives what the definition gives."""
    from arraygrad import using_kernels

    for values in ([np.nan, 1.0, -1.0], [-1e30, -200.0, 200.0], [-np.inf, 0.0, 3.0]):
        found = []
        for on in (True, False):
            with using_kernels(on):
                x: Any = Variable(cupy.asarray(np.array(values, "float32")))
                y = FAR[i](x)
                y.grad = cupy.asarray(np.array([1.0, 2.0, 3.0], "float32"))
                y.backward()
                found.append([cupy.asnumpy(y.data), cupy.asnumpy(x.grad.data)])
        np.testing.assert_array_equal(np.isnan(found[0][0]), np.isnan(found[1][0]))
        for got, right in zip(*found, strict=True):
            fine = np.isfinite(right)
            np.testing.assert_allclose(got[fine], right[fine], rtol=1e-5, atol=1e-6)


def test_nan_in_a_window(cupy: Any) -> None:
    image = np.array([[[[1.0, np.nan], [3.0, 2.0]]]], "float32")
    x: Any = Variable(cupy.asarray(image))
    y = F.pooling(x, 2)
    y.backward()
    assert np.isnan(float(y))
    assert cupy.asnumpy(x.grad.data).ravel().tolist() == [0, 1, 0, 0]
    assert np.isnan(float(F.average_pooling(x, 2)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("shape", "weights", "pad", "dilation"),
    [
        ((2, 3, 6, 5), (4, 3, 3, 3), (1, 1), (1, 1)),
        ((2, 3, 7, 9), (1, 3, 2, 3), (0, 1), (2, 3)),
        ((1, 1, 4, 4), (2, 1, 4, 1), (0, 0), (1, 1)),
        ((3, 2, 5, 4), (3, 2, 1, 1), (0, 0), (1, 1)),
        ((2, 2, 3, 3), (2, 2, 3, 3), (3, 2), (1, 2)),
    ],
)
def test_shifted_convolution(
    cupy: Any, shape: Any, weights: Any, pad: Any, dilation: Any, dtype: str
) -> None:
    """Result and both gradients, against the definitions; samples of ops have few channels."""
    from arraygrad.functions import conv as core
    from arraygrad_cupy import kernels_conv as conv

    rng = np.random.default_rng(0)
    x, W, b = (rng.normal(size=s).astype(dtype) for s in (shape, weights, weights[:1]))
    y = core._conv2d.definition.forward(x, W, b, (1, 1), pad, dilation, 1, xp=np)
    g = rng.normal(size=y.shape).astype(dtype)
    size, kernel = shape[2:], weights[2:]
    wanted = [
        y,
        core._deconv2d.definition.forward(g, W, None, size, (1, 1), pad, dilation, 1, xp=np),
        core._conv2d_weight.definition.forward(x, g, kernel, (1, 1), pad, dilation, 1, xp=np),
    ]
    xs, Ws, bs, gs = map(cupy.asarray, (x, W, b, g))
    found = [
        conv.shifted(xs, Ws, bs, pad, dilation),
        conv.shifted_back(gs, Ws, None, size, pad, dilation),
        conv.shifted_weight(xs, gs, kernel, pad, dilation),
    ]
    for got, right in zip(found, wanted, strict=True):
        assert got.flags.c_contiguous
        np.testing.assert_allclose(cupy.asnumpy(got), right, rtol=1e-4, atol=1e-4)


def test_which_way_a_convolution_goes(cupy: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    from arraygrad_cupy import kernels_conv as conv

    went: list[str] = []
    for name in ("shifted", "shifted_back", "shifted_weight"):
        monkeypatch.setattr(conv, name, _noting(went, name, getattr(conv, name)))

    def gradients(channels: int, **options: Any) -> None:
        x = Variable(cupy.ones((2, channels, 6, 6), "float32"))
        groups = options.get("groups", 1)
        W = Variable(cupy.ones((4, channels // groups, 3, 3), "float32"))
        went.clear()
        F.conv2d(x, W, None, **options).sum().backward()

    gradients(conv.CHANNELS)
    assert went == ["shifted", "shifted_back", "shifted_weight"]
    for channels, options in ((3, {}), (16, {"stride": 2}), (16, {"groups": 2})):
        gradients(channels, **options)
        assert went == []


def _noting(went: list[str], name: str, function: Any) -> Any:
    def noted(*args: Any) -> Any:
        went.append(name)
        return function(*args)

    return noted
