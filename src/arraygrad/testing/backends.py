"""check_backend: a library does what arraygrad asks of one, and all of the core runs on it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np

import arraygrad.functions as F
from arraygrad.backend import Backend, backend_of, current_backend, using_backend
from arraygrad.errors import MixedBackendError
from arraygrad.testing.core import ONCE, core_ops, needless
from arraygrad.testing.core_samples import LAYERS, MODELS, OPTIMIZERS
from arraygrad.testing.layers import run_layer
from arraygrad.testing.ops import check_op
from arraygrad.testing.optimizers import run_optimizer
from arraygrad.testing.places import DTYPES, Place, on_host
from arraygrad.testing.report import Report, SkipCheck
from arraygrad.testing.suite import Suite, undisturbed
from arraygrad.variable import Variable

check = Suite("check_backend")


@check("protocol")
def _(report: Report, place: Place) -> None:
    backend = place.backend
    report.expect(isinstance(backend, Backend), f"it is a {type(backend).__name__}")
    report.expect(backend.available() is True, f"available() is {backend.available()!r}")
    report.expect(bool(backend.name), "it has no name")
    x = place.array(np.ones(3))
    report.expect(backend_of(x) is backend, f"its arrays belong to {backend_of(x)}")
    with using_backend(backend.name):
        report.expect(current_backend() is backend, "using_backend does not choose it")


@check("devices")
def _(report: Report, place: Place) -> None:
    backend = place.backend
    devices = backend.devices()
    report.expect(len(devices) > 0, "devices() is empty")
    x = np.arange(3.0, dtype=np.float32)
    for device in devices:
        there = backend.asarray(x, device=device)
        report.expect(backend.device(there) == device, f"asarray(device={device}) is elsewhere")
        moved = backend.to_device(place.array(x), device)
        report.expect(backend.device(moved) == device, f"to_device({device}) is elsewhere")
        try:
            host = on_host(moved)
        except NotImplementedError:  # a device for shapes alone, such as PyTorch's meta
            continue
        report.expect(np.array_equal(host, x), f"to_device({device}) changes values")


@check("round trip")
def _(report: Report, place: Place) -> None:
    """From NumPy and back: every dtype, every layout."""
    backend = place.backend
    for dtype in ("float32", "float64", "int32", "int64", "bool", "complex64"):
        x = np.arange(6).reshape(2, 3).astype(dtype)
        for value in (x, x.T, x[::-1, ::2], x[:0], np.asarray(x[1, 1])):
            try:
                there = backend.from_numpy(value, device=place.device)
            except (TypeError, ValueError) as error:
                if dtype in ("float32", "int32", "bool"):
                    raise
                report.skip(f"round trip of {dtype}", f"{type(error).__name__}: {error}")
                break
            back = backend.to_numpy(there)
            if back.dtype != value.dtype and dtype in ("float64", "int64", "complex64"):
                report.skip(f"round trip of {dtype}", f"it becomes {back.dtype}")
                break
            right = back.dtype == value.dtype and back.shape == value.shape
            report.expect(
                right and np.array_equal(back, value),
                f"{dtype} {value.shape} comes back as {back.dtype} {back.shape}",
            )


@check("numbers and lists")
def _(report: Report, place: Place) -> None:
    backend = place.backend
    for value in (2.5, 3, True, [[1.0, 2.0], [3.0, 4.0]]):
        x = backend.asarray(value)
        report.expect(
            np.array_equal(on_host(x), np.asarray(value)), f"asarray({value!r}) has other values"
        )
    x = backend.asarray(np.ones(2), dtype=backend.dtype("float32"))
    report.expect(x.dtype == backend.dtype("float32"), f"asarray(dtype=float32) has {x.dtype}")
    report.expect(backend.dtype(backend.dtype("int32")) == backend.dtype("int32"), "dtype twice")


@check("copies")
def _(report: Report, place: Place) -> None:
    """A copy is another array; `apart` gives arrays of which none is another one."""
    backend = place.backend
    x = place.array(np.arange(4.0, dtype=np.float32))
    y = backend.copy(x)
    report.expect(y is not x and np.array_equal(on_host(y), on_host(x)), "copy(x) is not a copy")
    if backend.mutable and not place.readonly:
        y[0] = 7.0
        report.expect(float(on_host(x)[0]) == 0.0, "writing into a copy changes the original")
    one, two = backend.apart([x, x])
    report.expect(one is not two, "apart([x, x]) gives one array twice")
    (other,) = backend.apart([x], [x])
    report.expect(other is not x, "apart([x], [x]) gives x itself")


@check("helpers")
def _(report: Report, place: Place) -> None:
    """ones_like, one_hot, within, scalar, as_array."""
    backend = place.backend
    x = place.array(np.arange(6, dtype=np.float32).reshape(2, 3))
    t = place.array(np.array([[0, 2], [1, 1]]))
    ones = backend.ones_like(x)
    like = ones.shape == x.shape and ones.dtype == x.dtype
    report.expect(like and np.array_equal(on_host(ones), np.ones((2, 3))), "ones_like")
    hot = backend.one_hot(t, 3, x)
    report.expect(
        hot.dtype == x.dtype and np.array_equal(on_host(hot), np.eye(3)[on_host(t)]), "one_hot"
    )
    for n, right in ((3, True), (2, not backend.concrete(t))):
        report.expect(backend.within(t, n) is right, f"within(0..2, {n}) is not {right}")
    negative = place.array(np.array([0, -1]))
    if backend.concrete(negative):
        report.expect(backend.within(negative, 3) is False, "within takes a negative number")
    product = x * backend.scalar(0.5, x.dtype)
    report.expect(product.dtype == x.dtype, f"x * scalar(0.5, float32) has dtype {product.dtype}")
    report.expect(hasattr(backend.as_array(x), "shape"), "as_array(x) is no array")


@check("index_add")
def _(report: Report, place: Place) -> None:
    """Repeated positions add up; slices, arrays, masks and tuples of them are keys."""
    backend = place.backend
    rng = np.random.default_rng(0)
    keys: list[Any] = [
        (1, slice(None)), (slice(None), slice(0, 4, 2)), np.array([0, 2, 0]),
        (np.array([0, 2, 0]), np.array([1, 1, 1])), (slice(None), np.array([3, 3])),
        rng.uniform(size=(3, 4)) > 0.5,
    ]  # fmt: skip
    for key in keys:
        expected = np.zeros((3, 4), np.float32)
        values = rng.uniform(size=expected[key].shape).astype(np.float32)
        np.add.at(expected, key, values)
        parts = key if isinstance(key, tuple) else (key,)
        there = tuple(place.array(p) if isinstance(p, np.ndarray) else p for p in parts)
        got = backend.index_add(
            (3, 4), there if isinstance(key, tuple) else there[0], place.array(values)
        )
        right = np.allclose(on_host(got), expected, atol=1e-6)
        report.expect(right, f"index_add at {key!r} is {on_host(got)}, expected {expected}")


@check("mixing")
def _(report: Report, place: Place) -> None:
    """Two libraries in one op are an error that names both."""
    if place.backend.name == "numpy":
        raise SkipCheck("it is NumPy itself")
    try:
        F.add(Variable(place.array(np.ones(2))), Variable(np.ones(2)))
    except MixedBackendError as error:
        text = str(error)
        right = "numpy" in text and place.backend.name in text
        report.expect(right, f"mixed with NumPy it says {text!r}, without both names")
    else:
        report.expect(False, "mixed with a NumPy array an op does not raise MixedBackendError")


@check("ops")
def _(report: Report, place: Place) -> None:
    dtypes = [dtype for dtype in DTYPES if dtype in place.dtypes]
    for dtype in DTYPES:
        if dtype not in dtypes:
            report.skip(f"{dtype} on {place.name}", "there is no such dtype")
    skip = (*ONCE, *needless(place.name))
    for op in core_ops().values():
        report.include(check_op(op, places=[place.name], dtypes=dtypes, skip=skip))


@check("layers")
def _(report: Report, place: Place) -> None:
    for name, samples in {**LAYERS, **MODELS}.items():
        told = Report(f"core:{name}")
        run_layer(told, {"places", "moves"}, None, samples, [place.name])
        report.include(told)


@check("optimizers")
def _(report: Report, place: Place) -> None:
    for name, samples in OPTIMIZERS.items():
        told = Report(f"core:{name}")
        run_optimizer(told, {"places"}, None, samples, [place.name])
        report.include(told)


@check.public
def check_backend(
    backend: str,
    *,
    only: str | Iterable[str] | None = None,
    skip: str | Iterable[str] = (),
    expected_failures: Mapping[str, str] | None = None,
) -> Report:
    """Check a backend: its own methods, and every op, layer and optimizer of the core on it.

    backend: its name, and a device if need be, as in `"torch:cuda"`. Raises UnknownBackendError
    or BackendUnavailableError.

    >>> check_backend("numpy", skip=["ops", "layers", "optimizers"])
    <Report numpy: ... checks, 0 failed, 1 skipped>
    """
    chosen = check.select(only, skip)
    place = Place(backend)
    report = Report(backend, expected_failures)
    with undisturbed():
        check.run("once", chosen, report, place, where=backend)
    return report.finish()
