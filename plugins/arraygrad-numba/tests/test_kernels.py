"""Every kernel against the definition that it stands in for, and what it leaves to others."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable, kernels, testing, using_kernels
from arraygrad.op import table
from arraygrad_numba import _plugin

pytest.importorskip("numba", reason="Numba is not installed")

assert F  # its import fills the table of ops
KERNELS = [op for module in _plugin.KERNELS.values() for op in module]
OPS = sorted({name.partition(".")[0] for name in KERNELS})
COMPOSED = [
    "batch_norm",
    "embed_id",
    "gelu",
    "get_item",
    "gru_cell",
    "layer_norm",
    "pooling",
    "softmax_cross_entropy",
]


@pytest.mark.parametrize("name", KERNELS)
def test_every_kernel_is_the_one_that_runs(name: str) -> None:
    entry = kernels.choice(f"core:{name}", "numpy").entry
    assert entry is not None
    assert entry.provider == "arraygrad-numba 0.1.0"
    assert callable(entry.resolve())


@pytest.mark.parametrize("name", OPS + COMPOSED)
def test_every_op_that_has_a_kernel(name: str) -> None:
    # Loops are compiled once more for read-only arrays: for those one dtype is enough.
    for place, dtypes in (("numpy", ["float32", "float64"]), ("numpy-readonly", ["float64"])):
        report = testing.check_op(table[name], places=[place], dtypes=dtypes)
        report.raise_for_failures()
        assert report.ran > 2


@pytest.mark.parametrize("name", OPS)
def test_kernels_pass_the_kit(name: str) -> None:
    rule = next(kernel for kernel in KERNELS if kernel.partition(".")[0] == name)
    report = testing.check_kernel(kernels.choice(f"core:{rule}", "numpy").entry)
    report.raise_for_failures()
    assert report.ran > 2


RNG = np.random.default_rng(0)


def real(*shape: int, scale: float = 2.0) -> Any:
    return RNG.normal(size=shape) * scale


def last(x: Any) -> Any:
    """The same values with channels last in memory."""
    return np.moveaxis(np.ascontiguousarray(np.moveaxis(x, 1, -1)), -1, 1)


def labels(high: int, *shape: int) -> Any:
    return RNG.integers(0, high, shape)


def batch_norm(x: Any, gamma: Any, beta: Any) -> Any:
    return F.batch_norm(x, gamma, beta, np.zeros(len(gamma)), np.ones(len(gamma)))


IMAGES = real(3, 10, 9, 8)
CALLS: dict[str, tuple[Any, list[Any]]] = {
    "elu": (lambda x: F.elu(x, 0.7), [real(90, 70)]),
    "erf": (F.erf, [real(90, 70)]),
    "gelu": (F.gelu, [real(90, 70, scale=20)]),
    "gelu, channels last": (F.gelu, [last(real(3, 10, 9, 8))]),
    "gelu, of steps": (F.gelu, [real(90, 70)[::2, ::-1]]),
    "gelu, tanh": (lambda x: F.gelu(x, "tanh"), [real(90, 70, scale=20)]),
    "sigmoid": (F.sigmoid, [real(90, 70)]),
    "silu": (F.silu, [real(90, 70, scale=20)]),
    "silu, turned": (F.silu, [real(90, 70).T]),
    "softplus": (F.softplus, [real(90, 70, scale=20)]),
    "tanh": (F.tanh, [real(90, 70)]),
    "softmax": (F.softmax, [real(7, 29)]),
    "softmax, first axis": (lambda x: F.softmax(x, axis=0), [real(7, 29)]),
    "softmax, of steps": (F.softmax, [real(14, 29)[::2]]),
    "log_softmax": (lambda x: F.log_softmax(x, axis=-1), [real(2, 3, 37)]),
    "cross entropy": (lambda x: F.softmax_cross_entropy(x, labels(9, 8)), [real(8, 9)]),
    "cross entropy, one-hot": (
        lambda x: F.softmax_cross_entropy(x, np.eye(9)[:8]), [real(8, 9)],
    ),
    "embed_id": (lambda W: F.embed_id(labels(7, 4, 6), W), [real(7, 5)]),
    "get_item": (lambda x: x[labels(7, 60) - 3], [real(7, 5)]),
    "get_item, second axis": (lambda x: x[:, labels(5, 60)], [real(7, 5, 3)]),
    "get_item, two arrays": (lambda x: x[labels(7, 99), labels(5, 99)], [real(7, 5)]),
    "gru_cell": (F.gru_cell, [real(7, 3), real(7, 5), real(9, 15)]),
    "gru_cell, of steps": (F.gru_cell, [real(14, 3)[::2], real(5, 7).T, real(9, 30)[:, ::2]]),
    "gru_cell, far": (F.gru_cell, [real(7, 3, scale=90), real(7, 5), real(9, 15, scale=90)]),
    "index_add": (lambda x: F.index_add(x, labels(4, 90), (4, 3)), [real(90, 3)]),
    "take": (lambda x: F.take(x, labels(5, 60).astype("int8"), axis=-1), [real(7, 5)]),
    "layer_norm": (F.layer_norm, [real(300, 11), real(11), real(11)]),
    "layer_norm, plain": (F.layer_norm, [real(6, 11)]),
    "layer_norm, two axes": (
        lambda x, g: F.layer_norm(x, g, axis=(1, 2)), [real(6, 3, 4), real(3, 4)],
    ),
    "group_norm": (lambda x, g: F.group_norm(x, 2, g), [real(6, 4, 5), real(4)]),
    "batch_norm": (batch_norm, [real(6, 4, 5), real(4), real(4)]),
    "batch_norm, two axes": (batch_norm, [real(700, 4), real(4), real(4)]),
    "batch_norm, channels last": (batch_norm, [last(real(20, 4, 5, 6)), real(4), real(4)]),
    "pooling": (lambda x: F.pooling(x, 3, 2, 1), [IMAGES]),
    "pooling, channels last": (lambda x: F.pooling(x, 2, 2), [last(IMAGES)]),
    "pooling, apart": (lambda x: F.pooling(x, (2, 3), (3, 4), (0, 1)), [last(IMAGES)]),
    "pooling, few channels": (lambda x: F.pooling(x, 3, 2), [last(IMAGES[:, :3])]),
}  # fmt: skip


def ran(function: Any, arrays: list[Any], kernels: bool) -> list[Any]:
    """The result and the gradients of one call; what it draws, it draws anew from one seed."""
    global RNG
    RNG = np.random.default_rng(1)
    xs = [Variable(a) for a in arrays]
    with using_kernels(kernels):
        y = function(*xs)
        weights = np.random.default_rng(2).normal(size=y.shape).astype(y.dtype)
        (y * weights).sum().backward()
    return [y.data, *(x.grad.data for x in xs)]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("name", CALLS)
def test_kernels_give_what_definitions_give(name: str, dtype: str) -> None:
    function, arrays = CALLS[name]
    arrays = [a.astype(dtype) if a.flags.c_contiguous else _cast(a, dtype) for a in arrays]
    copies = [a.copy() for a in arrays]
    size = 30 * float(np.finfo(dtype).eps)
    for got, expected in zip(*(ran(function, arrays, on) for on in (True, False)), strict=True):
        assert got.dtype == expected.dtype
        assert got.shape == expected.shape
        np.testing.assert_allclose(got, expected, rtol=size, atol=size * np.abs(expected).max())
    for a, copy in zip(arrays, copies, strict=True):
        np.testing.assert_array_equal(a, copy)


def _cast(x: Any, dtype: str) -> Any:
    """In another dtype, with the same steps in memory, if need be in a wider array."""
    y = x.astype(dtype, order="K")
    if x.strides[-1] < 0:
        y = x[..., ::-1].astype(dtype)[..., ::-1]
    return y


@pytest.mark.parametrize("function", [F.gelu, F.silu, F.elu, F.softplus, F.softmax, F.log_softmax])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_nan_inf_and_far_numbers(function: Any, dtype: str) -> None:
    far = [0.0, -0.0, 1e-30, -1e-30, 30.0, -30.0, 1e4, -1e4, 1e30, -1e30]
    for values in (far, [*far, np.inf], [*far, -np.inf], [*far, np.nan]):
        # Above the size below which some kernels leave it to the core.
        x = np.tile(np.array(values, dtype), (500, 1))
        with np.errstate(all="ignore"):
            got, expected = (ran(function, [x], on) for on in (True, False))
            for a, b in zip(got, expected, strict=True):
                np.testing.assert_allclose(a, b, rtol=1e-5, atol=2e-6)


def test_zeros_keep_their_sign() -> None:
    x = np.tile(np.array([0.0, -0.0], "float32"), 5000)
    for function in (F.erf, F.gelu, F.silu, F.elu):
        np.testing.assert_array_equal(np.signbit(function(x).data), np.signbit(x))


@pytest.mark.parametrize("dtype", ["float16", ">f4", "int32"])
def test_other_dtypes_are_left_to_the_core(dtype: str) -> None:
    x = np.arange(-6, 6).reshape(3, 4).astype(dtype)
    with using_kernels(False):
        expected = F.silu(x).data
    assert F.silu(x).dtype.itemsize == expected.dtype.itemsize
    np.testing.assert_allclose(F.silu(x).data, expected, rtol=1e-3)


def test_nan_takes_the_place_in_pooling() -> None:
    x = last(np.zeros((1, 8, 4, 4), "float32"))
    x[0, 3, 1, 0] = x[0, 4, 3, 3] = np.nan
    for got, expected in zip(
        *(ran(lambda v: F.pooling(v, 2, 2), [x], on) for on in (True, False)), strict=True
    ):
        np.testing.assert_array_equal(got, expected)


def test_places_out_of_range_say_so() -> None:
    with pytest.raises(ag.errors.ArraygradError, match="index"):
        F.index_add(np.ones((40, 3)), np.full(40, 7), (7, 3))
    with pytest.raises(ag.errors.ArraygradError, match="positions from"):
        F.embed_id(np.full(40, 7), Variable(np.ones((7, 3))))
