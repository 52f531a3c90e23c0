"""Backends: which library an array belongs to, where new arrays are born, generic fallbacks."""

import asyncio
import os
import re
import threading

import array_api_strict as strict
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Backend, Variable, backend_of, current_backend, get_backend, registry
from arraygrad import backend as backends
from arraygrad import settings as configuration
from arraygrad.errors import (
    ArraygradError,
    BackendUnavailableError,
    ConfigError,
    DtypeError,
    MixedBackendError,
    UnknownBackendError,
)
from arraygrad.gather import gather, index_add

STRICT = "array_api_strict"
DEVICES = {str(device): device for device in strict.__array_namespace_info__().devices()}
OTHER = next(device for name, device in DEVICES.items() if "device1" in name)
few = settings(derandomize=True, database=None, deadline=None, max_examples=80)


@pytest.fixture(autouse=True)
def _the_choice_is_as_before():
    yield
    ag.set_backend(None)
    registry.remove("local")
    assert current_backend().name == "numpy"


@pytest.fixture
def local():
    return registry.register_local


# -- whose array is it


def test_backend_of():
    for x in (np.ones(2), np.float32(1.0), np.ones((), bool)):
        assert backend_of(x) is get_backend("numpy")
    x = strict.asarray([1.0])
    assert backend_of(x) is get_backend(STRICT)
    assert backend_of(x).xp is strict
    assert repr(backend_of(x)) == f"<arraygrad backend {STRICT}>"


@pytest.mark.parametrize(
    "x", [None, 1.0, 1, True, 1j, "text", [1.0], (1.0,), object(), np.ma.array([1.0])]
)
def test_backend_of_what_is_no_array(x):
    for _ in range(2):  # what is refused is not remembered as known
        with pytest.raises(DtypeError, match=r"got <class .*expected an array") as caught:
            backend_of(x)
        assert str(type(x)) in str(caught.value)
        assert isinstance(caught.value, TypeError)


def test_a_subclass_of_ndarray_is_numpys():
    class Mine(np.ndarray):
        pass

    assert backend_of(np.ones(2).view(Mine)).name == "numpy"


def test_a_registered_backend_takes_its_types_over_and_gives_them_back(local):
    x = strict.asarray([1.0, 2.0])
    assert backend_of(x).name == STRICT
    local("backends", "mine", Backend("mine", strict), ("array_api_strict._array_object.Array",))
    assert backend_of(x).name == "mine"
    v = Variable(x)
    (v * v).sum().backward()
    assert [float(g) for g in v.grad] == [2.0, 4.0]
    registry.remove("local")
    assert backend_of(x).name == STRICT


# -- where new arrays are born


def born():
    """The libraries of arrays made of Python numbers, in four ways."""
    made = {
        backend_of(ag.as_array(1.5)).name,
        backend_of(ag.as_variable(1.5).data).name,
        backend_of(F.sin(1.5).data).name,
        backend_of(ag.grad(lambda x: x * x)(1.5)).name,
    }
    assert made == {current_backend().name}
    return made.pop()


def test_precedence(monkeypatch):
    assert born() == "numpy"
    assert backends.backend_origin() == ("numpy", "default")
    monkeypatch.setenv("ARRAYGRAD_BACKEND", STRICT)
    assert born() == STRICT
    assert backends.backend_origin() == (STRICT, "ARRAYGRAD_BACKEND")
    ag.set_backend("numpy")
    assert born() == "numpy"
    assert backends.backend_origin()[1].startswith("set_backend")
    with ag.using_backend(STRICT) as backend:
        assert backend.name == born() == STRICT
        assert backends.backend_origin()[1].startswith("using_backend")
        with ag.using_backend("numpy"):
            assert born() == "numpy"
        assert born() == STRICT
    assert born() == "numpy"
    ag.set_backend(None)
    assert born() == STRICT


def test_arrays_decide_where_an_op_runs_whatever_is_chosen():
    with ag.using_backend(STRICT):
        y = Variable(np.ones(2)) * 2.0
        assert backend_of(y.data).name == "numpy"
        assert backend_of(ag.as_array(np.ones(2))).name == "numpy"
        assert backend_of(ag.grad(F.sum)(np.ones(2))).name == "numpy"


def test_an_exception_restores_the_choice():
    def fails():
        with ag.using_backend(STRICT):
            raise ValueError("stop")

    with pytest.raises(ValueError, match="stop"):
        fails()
    assert born() == "numpy"


def test_threads_and_tasks_choose_for_themselves():
    inside, done, seen = threading.Event(), threading.Event(), []

    def work():
        with ag.using_backend(STRICT):
            inside.set()
            assert done.wait(20)
            seen.append(born())

    thread = threading.Thread(target=work)
    thread.start()
    assert inside.wait(20)
    assert born() == "numpy"
    done.set()
    thread.join(20)
    assert seen == [STRICT]

    async def main():
        inside, done = asyncio.Event(), asyncio.Event()

        async def one():
            with ag.using_backend(STRICT):
                inside.set()
                await done.wait()
                return born()

        async def other():
            await inside.wait()
            done.set()
            return born()

        return await asyncio.gather(one(), other())

    assert asyncio.run(main()) == [STRICT, "numpy"]


@pytest.mark.parametrize("name", ["nope", "numpi", "core:nope", ""])
def test_an_unknown_backend_changes_nothing(name, monkeypatch):
    uses = [get_backend, ag.set_backend, lambda name: ag.using_backend(name).__enter__()]
    for use in uses:
        with pytest.raises(UnknownBackendError) as caught:
            use(name)
        assert isinstance(caught.value, LookupError)
        assert repr(name) in str(caught.value)
    assert born() == "numpy"
    if name:
        monkeypatch.setenv("ARRAYGRAD_BACKEND", name)
        with pytest.raises((UnknownBackendError, ConfigError)):
            current_backend()


def test_a_near_name_is_suggested():
    with pytest.raises(UnknownBackendError, match="did you mean 'numpy'"):
        get_backend("numpi")


class Ghost(Backend):
    def __init__(self):
        super().__init__("ghost", np)

    def available(self):
        return "there is no driver; install one"


@pytest.mark.parametrize("target", [Ghost, Ghost()])
def test_a_backend_that_cannot_run_gives_its_reason(local, target):
    local("backends", "ghost", target)
    for use in (get_backend, ag.set_backend, lambda name: ag.using_backend(name).__enter__()):
        with pytest.raises(BackendUnavailableError, match=r"'ghost'.*no driver; install") as caught:
            use("ghost")
        assert isinstance(caught.value, RuntimeError)
    assert born() == "numpy"


def test_a_library_that_is_not_installed(monkeypatch):
    monkeypatch.setitem(backends.COMPATIBLE, "rare", "no_such_module_anywhere")
    with pytest.raises(BackendUnavailableError, match=r"'rare'.*install it"):
        get_backend("rare")


def test_a_wrong_setting_says_where_it_came_from(monkeypatch):
    monkeypatch.setenv("ARRAYGRAD_BACKEND", "nope")
    with pytest.raises(ArraygradError, match="nope"):
        F.sin(1.0)
    assert configuration.origin("backend").detail == "ARRAYGRAD_BACKEND"
    assert F.sin(np.ones(2)).shape == (2,)  # arrays need no choice


# -- the generic backend


def make(value, device=None):
    return get_backend(STRICT).asarray(np.asarray(value), device=device)


@pytest.mark.parametrize("name", DEVICES)
def test_there_and_back(name):
    backend, device = get_backend(STRICT), DEVICES[name]
    host = np.arange(6, dtype=np.float32).reshape(2, 3)
    x = backend.asarray(host, device=device)
    assert backend.device(x) == device
    back = backend.to_numpy(x)
    np.testing.assert_array_equal(back, host, strict=True)
    host[0, 0] = 7.0
    assert float(x[0, 0]) == 0.0  # NumPy's memory is copied
    assert backend.device(backend.to_device(x, OTHER)) == OTHER
    assert backend.device(backend.ones_like(x)) == device


def test_devices_and_dtypes():
    backend = get_backend(STRICT)
    assert [str(d) for d in backend.devices()] == list(DEVICES)
    assert backend.dtype("float32") is strict.float32
    assert backend.dtype(np.dtype("int64")) is strict.int64
    assert backend.dtype(strict.bool) is strict.bool
    assert get_backend("numpy").dtype("float32") == np.float32
    assert get_backend("numpy").devices() == ["cpu"]
    assert backend.asarray([1, 2], dtype=strict.float32).dtype == strict.float32


def test_asarray_to_a_device_without_the_dtype_of_the_array():
    backend = get_backend(STRICT)
    device = next(device for name, device in DEVICES.items() if "no_float64" in name)
    x = backend.asarray(np.ones(2), dtype=strict.float32, device=device)
    assert (x.dtype, backend.device(x)) == (strict.float32, device)


@pytest.mark.parametrize("name", DEVICES)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_training_step_on_every_device(name, dtype):
    if "no_" in name and dtype == "float64":
        return  # the device has no such dtype
    backend, device = get_backend(STRICT), DEVICES[name]

    def step(make):
        rng = np.random.default_rng(0)
        x, W, b = (Variable(make(rng.normal(size=s).astype(dtype))) for s in ((4, 3), (3, 2), (2,)))
        t = make(np.array([0, 1, 1, 0], np.int32))
        loss = F.softmax_cross_entropy(F.tanh(F.linear(x, W, b) * 2.0), t) + (W**2).sum() * 0.5
        loss.backward(create_graph=True)
        gW = W.grad
        W.cleargrad()
        (gW * gW).sum().backward()
        return loss.data, gW.data, W.grad.data

    there = step(lambda a: backend.asarray(a, device=device))
    here = step(lambda a: a)
    for a, b in zip(there, here, strict=True):
        assert backend.device(a) == device
        assert str(a.dtype).endswith(dtype)
        tolerance = 1e-5 if dtype == "float32" else 1e-12
        np.testing.assert_allclose(backend.to_numpy(a), b, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize("name", ["numpy", STRICT])
def test_one_hot_and_within(name):
    backend = get_backend(name)
    t, like = backend.asarray(np.array([[2, 0], [1, 1]])), backend.asarray(np.ones(1, np.float32))
    y = backend.one_hot(t, 3, like)
    np.testing.assert_array_equal(
        backend.to_numpy(y), np.eye(3, dtype=np.float32)[[[2, 0], [1, 1]]], strict=True
    )
    for dtype in ("int8", "uint8", "int64"):
        for values, inside in (([0, 2], True), ([0, 3], False), ([2, 2], True)):
            assert backend.within(backend.asarray(np.array(values, dtype)), 3) is inside
    assert not backend.within(backend.asarray(np.array([-1, 2])), 3)


def test_apart():
    backend = get_backend("numpy")
    a, b = np.ones(3), np.ones(3)
    c = np.broadcast_to(b, (2, 3))
    out = backend.apart([a, a, b, c, b[::2]])
    assert out[0] is a
    assert out[2] is b
    for i, x in enumerate(out):
        assert x.flags.writeable
        assert not any(np.shares_memory(x, y) for y in out[i + 1 :])
    assert backend.apart([a], others=[a])[0] is not a


# -- mixing


S, D = make([1.0, 2.0]), make([1.0, 2.0], OTHER)
N = np.ones(2)
MIXED = {
    "add": (lambda a, b: Variable(a) + b, "x0", "x1"),
    "mul": (lambda a, b: Variable(a) * b, "x0", "x1"),
    "matmul": (lambda a, b: Variable(a) @ Variable(b), "x", "W"),
    "where": (lambda a, b: F.where(Variable(a) > 0, Variable(b), 0.0), "condition", "x1"),
    "concat": (lambda a, b: F.concat([Variable(a), b]), r"xs\[0\]", r"xs\[1\]"),
    "maximum": (lambda a, b: F.maximum(Variable(a), b), "x1", "x2"),
}


@pytest.mark.parametrize("op", MIXED)
def test_two_libraries(op):
    call, first, second = MIXED[op]
    with pytest.raises(MixedBackendError, match=f"^{op}: ") as caught:
        call(N, S)
    message = str(caught.value)
    assert isinstance(caught.value, TypeError)
    for word in ("numpy", STRICT, "(2,)", "float64", "expected one"):
        assert word in message
    assert re.search(rf"{first}: numpy.*{second}: {STRICT}", message)


@pytest.mark.parametrize("op", MIXED)
def test_two_devices(op):
    call, first, second = MIXED[op]
    with pytest.raises(MixedBackendError, match=rf"^{op}: .*{first}.*CPU.*{second}.*device1"):
        call(S, D)


def test_mixing_in_a_later_argument_and_nothing_changed():
    x, W = Variable(make(np.ones((1, 2)))), Variable(make(np.ones((2, 2))))
    with pytest.raises(MixedBackendError, match=r"linear: .*b: numpy"):
        F.linear(x, W, np.ones(2))
    assert (x.grad, W.grad) == (None, None)
    y = (x @ W).sum()
    y.backward()
    assert backend_of(x.grad.data).name == STRICT


def test_numbers_mix_with_everything():
    for x in (N, S, D):
        y = Variable(x) * 2.0 + 1
        assert backend_of(y.data) is backend_of(x)
        assert backend_of(x).device(y.data) == backend_of(x).device(x)


# -- gather and index_add against NumPy


shapes = st.lists(st.integers(1, 4), min_size=1, max_size=3).map(tuple)


@st.composite
def basic_keys(draw, shape):
    parts = [
        draw(st.one_of(st.integers(-n, n - 1), st.slices(n)))
        for n in shape[: draw(st.integers(0, len(shape)))]
    ]
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), None)
    if draw(st.booleans()):
        parts.insert(draw(st.integers(0, len(parts))), ...)
        return _fit_ellipsis(parts, shape)
    return tuple(parts) if len(parts) != 1 or draw(st.booleans()) else parts[0]


def _fit_ellipsis(parts, shape):
    """Indices after the ellipsis count from the last axis: make those of the wrong axis fit."""
    at = parts.index(...)
    after = [p for p in parts[at + 1 :] if p is not None]
    ns = shape[len(shape) - len(after) :]
    fitted = iter(
        min(p, n - 1) if isinstance(p, int) else p for p, n in zip(after, ns, strict=True)
    )
    rest = [None if p is None else next(fitted) for p in parts[at + 1 :]]
    rest = [max(p, -1) if isinstance(p, int) else p for p in rest]
    return (*parts[: at + 1], *rest)


@st.composite
def advanced_keys(draw, shape):
    kind = draw(st.sampled_from(["first", "axis", "all", "mask"]))

    def positions(n, size):
        return np.array(draw(st.lists(st.integers(0, n - 1), min_size=size, max_size=size)))

    if kind == "mask":
        size = int(np.prod(shape))
        flat = draw(st.lists(st.booleans(), min_size=size, max_size=size))
        return np.array(flat, bool).reshape(shape)
    size = draw(st.integers(1, 6))
    if kind == "first":
        return positions(shape[0], size)
    if kind == "axis":
        axis = draw(st.integers(0, len(shape) - 1))
        return (*(slice(None),) * axis, positions(shape[axis], size))
    return tuple(positions(n, size) for n in shape)


@st.composite
def cases(draw):
    shape = draw(shapes)
    key = draw(st.one_of(basic_keys(shape), advanced_keys(shape)))
    return np.arange(1.0, 1.0 + np.prod(shape)).reshape(shape), key


def there(key):
    if isinstance(key, np.ndarray):
        return strict.asarray(key)
    return tuple(map(there, key)) if isinstance(key, tuple) else key


@few
@given(cases())
def test_gather_is_indexing(c):
    x, key = c
    y = gather(strict, strict.asarray(x), there(key))
    np.testing.assert_array_equal(np.asarray(y), x[key], strict=True)


@few
@given(cases(), st.booleans())
def test_index_add_is_add_at(c, mutable):
    x, key = c
    values = np.asarray(x[key]) * 10.0
    expected = np.zeros(x.shape)
    np.add.at(expected, key, values)
    y = index_add(strict, x.shape, there(key), strict.asarray(values), mutable=mutable)
    np.testing.assert_array_equal(np.asarray(y), expected, strict=True)
    frozen = Backend("frozen", strict, mutable=mutable)
    y = frozen.index_add(x.shape, there(key), strict.asarray(values))
    np.testing.assert_array_equal(np.asarray(y), expected, strict=True)


@few
@given(cases())
def test_index_add_of_numpy_is_add_at(c):
    x, key = c
    values = np.asarray(x[key]) * 10.0
    expected = np.zeros(x.shape)
    np.add.at(expected, key, values)
    np.testing.assert_array_equal(get_backend("numpy").index_add(x.shape, key, values), expected)


@pytest.mark.parametrize("mutable", [True, False])
def test_index_add_keeps_dtype_and_device(mutable):
    values = make(np.ones(3, np.float32), OTHER)
    key = make(np.array([0, 0, 1]), OTHER)
    y = index_add(strict, (2,), key, values, mutable=mutable)
    assert (y.dtype, y.device) == (strict.float32, OTHER)
    assert [float(v) for v in (y[0], y[1])] == [2.0, 1.0]
    empty = index_add(strict, (2,), key[:0], values[:0], mutable=mutable)
    assert float(strict.sum(empty)) == 0.0


# -- other libraries, where the environment asks for them


@pytest.mark.parametrize("name", ["torch", "jax"])
def test_other_libraries(name):
    if name not in os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(","):
        pytest.skip(f"ARRAYGRAD_TEST_BACKENDS does not name {name}")
    backend = get_backend(name)
    host = np.arange(6, dtype=np.float32).reshape(2, 3)
    x = Variable(backend.asarray(host))
    assert backend_of(x.data) is backend
    y = (F.tanh(x[:, np.array([0, 0, 2]).tolist()] if name == "jax" else x[:, 1:]) * 2.0).sum()
    y.backward()
    assert x.grad.dtype == x.dtype
    with pytest.raises(MixedBackendError, match="numpy"):
        x + host
    with ag.using_backend(name):
        assert born() == name
