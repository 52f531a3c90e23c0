"""In-place operations: new values in old Variables, views that write through, refusals."""

from __future__ import annotations

import gc

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Buffer, Parameter, Variable, no_grad
from arraygrad import xp as numpy_xp
from arraygrad.backend import backend_of
from arraygrad.errors import (
    AxisIndexError,
    DtypeError,
    GradientError,
    ShapeError,
)

KEYS = {
    "int": 1,
    "slice": slice(1, None),
    "backwards": slice(None, None, -1),
    "ellipsis": (..., 2),
    "both": (slice(0, 2), slice(None, None, 2)),
    "newaxis": (None, 1),
    "integers": np.array([2, 0]),
    "pairs": (np.array([0, 2]), np.array([1, 3])),
    "mask": np.array([True, False, True]),
    "elements": np.arange(12).reshape(3, 4) % 3 == 0,
}


@pytest.fixture(params=["numpy", "strict"])
def xp(request):
    return numpy_xp if request.param == "numpy" else numpy_xp.strict


@pytest.mark.parametrize("name", KEYS)
def test_assignment_and_its_gradients(name):
    key = KEYS[name]
    data = np.arange(12.0).reshape(3, 4)
    x, value = Variable(data), Variable(np.array(0.5) * np.ones_like(data[key]))
    scale = np.arange(1.0, 13.0).reshape(3, 4)
    y = x * 2.0
    y[key] = value * value
    F.sum(y * y * scale).backward()
    expected = data * 2
    expected[key] = 0.25
    np.testing.assert_array_equal(y.data, expected)
    gx = 8 * data * scale
    gx[key] = 0
    np.testing.assert_allclose(x.grad.data, gx)
    np.testing.assert_allclose(value.grad.data, (2 * 0.25 * scale)[key])


def test_assignment_twice_differentiated():
    x = Variable(np.array([1.0, 2.0, 3.0]))
    y = x * x
    y[1] = x[0] ** 3
    F.sum(y * y).backward(create_graph=True)  # x0^4 + x0^6 + x2^4
    np.testing.assert_allclose(x.grad.data, [4 + 6, 0, 4 * 27])
    gx, x.grad = x.grad, None
    F.sum(gx).backward()
    np.testing.assert_allclose(x.grad.data, [12 + 30, 0, 12 * 9])


def test_of_repeated_positions_the_last_value_has_the_gradient():
    value = Variable(np.array([1.0, 2.0, 3.0]))
    y = numpy_xp.zeros(2)
    y[np.array([0, 1, 0])] = value
    F.sum(y).backward()
    np.testing.assert_array_equal(y.data, [3, 2])
    np.testing.assert_array_equal(value.grad.data, [0, 1, 1])


def test_a_broadcast_value_has_the_sum(xp):
    value = Variable(xp.asarray(2.0).data)
    y = xp.zeros((2, 3))
    y[:, 1:] = value
    F.sum(y * y).backward()
    assert float(value.grad) == 16.0


def test_numbers_and_lists(xp):
    y = xp.zeros(3)
    y[0] = 1
    y[1:] = [2.5, 3]
    np.testing.assert_array_equal(np.asarray(y), [1, 2.5, 3])


def test_values_that_the_graph_keeps_do_not_change():
    x = Variable(np.array([1.0, 2.0]))
    c = numpy_xp.asarray([3.0, 4.0])
    y = x * c  # keeps c for the gradient of x
    c[0] = 100.0
    F.sum(y).backward()
    np.testing.assert_array_equal(x.grad.data, [3, 4])
    np.testing.assert_array_equal(c.data, [100, 4])


def test_arrays_of_the_user_do_not_change():
    data = np.zeros(3)
    x = Variable(data, requires_grad=False)
    x[0] = 1.0
    x += 1.0
    np.testing.assert_array_equal(data, 0.0)
    np.testing.assert_array_equal(x.data, [2, 1, 1])


def test_an_array_of_nobody_else_is_not_copied():
    x = numpy_xp.zeros(1000)
    address = x.data.ctypes.data
    x[3] = 1.0
    assert x.data.ctypes.data == address
    view = x[10:]  # changes with it anyway
    x[4] = 1.0
    assert x.data.ctypes.data == address
    held = x.data[10:]
    x[5] = 1.0
    assert x.data.ctypes.data != address
    del view, held


def test_operators_bind_the_variable_anew():
    x = Variable(np.array([1.0, 2.0]))
    y = x * 1.0
    same = y
    y += x
    y *= 3.0
    y -= 1.0
    y /= 2.0
    y **= 2
    assert same is y
    F.sum(y).backward()  # ((6x - 1) / 2)^2
    np.testing.assert_allclose(x.grad.data, 2 * (6 * x.data - 1) / 2 * 3)


def test_bits_and_whole_numbers(xp):
    i = xp.asarray([6, 7])
    i &= 3
    i |= 8
    i ^= 1
    i <<= 2
    i >>= 1
    i //= 2
    i %= 4
    i @= xp.asarray([[1, 0], [0, 1]])
    expected = ((((np.array([6, 7]) & 3) | 8) ^ 1) << 2) >> 1
    np.testing.assert_array_equal(np.asarray(i), expected // 2 % 4)
    b = xp.asarray([True, False])
    b |= xp.asarray([False, False])
    np.testing.assert_array_equal(np.asarray(b), [True, False])
    np.testing.assert_array_equal(np.asarray(1 << xp.asarray([1, 2])), [2, 4])


def test_a_leaf_keeps_its_value():
    x = Variable(np.array([1.0, 2.0]))
    leaf = x
    x += 1.0
    assert x is not leaf
    np.testing.assert_array_equal(leaf.data, [1, 2])
    with pytest.raises(GradientError, match=r"no op made.*no_grad"):
        leaf[0] = 5.0
    view = leaf[1:]
    with pytest.raises(GradientError, match="no op made"):
        view += 1.0
    np.testing.assert_array_equal(leaf.data, [1, 2])


def test_parameters_inside_no_grad():
    W = Parameter(np.array([1.0, 2.0]))
    same = W
    with no_grad():
        W -= 0.5
        W[0] = 7.0
    assert W is same
    assert W.requires_grad
    np.testing.assert_array_equal(W.data, [7, 1.5])


def test_buffers_stay_constants():
    mean = Buffer(np.zeros(2))
    mean += np.ones(2)
    with pytest.raises(GradientError, match="buffer"):
        mean += Variable(np.ones(2))
    np.testing.assert_array_equal(mean.data, 1)
    assert not mean.requires_grad


VIEWS = {
    "item": lambda xp, x: x[1:, ::2],
    "of a view": lambda xp, x: x[1:][0],
    "T": lambda xp, x: x.T,
    "mT": lambda xp, x: x.mT,
    "transposed": lambda xp, x: x.transpose(1, 0) if isinstance(x, Variable) else x.T,
    "reversed": lambda xp, x: x.transpose() if isinstance(x, Variable) else x.T,
    "reshaped": lambda xp, x: xp.reshape(x, (2, 6))[1:],
    "reshaped by its method": lambda xp, x: x.reshape(2, -1)[:, 1:],
    "permuted": lambda xp, x: xp.permute_dims(x, (1, 0)),
    "moved": lambda xp, x: xp.moveaxis(x, 0, 1),
    "expanded": lambda xp, x: xp.expand_dims(x, axis=0)[0],
    "squeezed": lambda xp, x: xp.squeeze(x[:1], axis=0),
    "unstacked": lambda xp, x: xp.unstack(x)[1],
    "unstacked along the last axis": lambda xp, x: xp.unstack(x, axis=-1)[2][1:],
    "deep": lambda xp, x: xp.permute_dims(x, (1, 0))[1:].T[0],
}


@pytest.mark.parametrize("name", VIEWS)
def test_views_write_through(name, xp):
    take = VIEWS[name]
    data = np.arange(12.0).reshape(3, 4)
    w = Variable(xp.asarray(3.0).data)
    x = xp.asarray(data) * 1.0
    view = take(xp, x)
    gc.collect()  # Variables in between are not needed
    view += w
    expected, places = data.copy(), take(xp, xp.reshape(xp.arange(12), (3, 4)))
    expected.reshape(-1)[np.asarray(places).reshape(-1)] += 3.0
    np.testing.assert_array_equal(np.asarray(x.detach()), expected)
    F.sum(x).backward()
    assert float(w.grad) == places.size
    view[...] = 0.0
    expected.reshape(-1)[np.asarray(places).reshape(-1)] = 0.0
    np.testing.assert_array_equal(np.asarray(x.detach()), expected)


def test_a_view_changes_with_what_it_is_a_view_of():
    x = numpy_xp.asarray([1.0, 2.0, 3.0])
    view = x[:2]
    x *= 10.0
    view += 1.0
    np.testing.assert_array_equal(x.data, [11, 21, 30])
    np.testing.assert_array_equal(view.data, [11, 21])


def test_single_elements_and_copies_are_no_views():
    x = numpy_xp.asarray([1.0, 2.0])
    s = x[0]
    s += 5.0
    c = x[np.array([0, 1])]
    c += 5.0
    m = x[True]  # a mask, which is no int
    m += 5.0
    u = numpy_xp.unstack(x)[1]
    u += 5.0
    np.testing.assert_array_equal(x.data, [1, 2])


def test_what_is_refused_changes_nothing():
    x = numpy_xp.asarray([1, 2, 3])
    with pytest.raises(DtypeError, match=r"int64 on the left and float64"):
        x += 0.5
    with pytest.raises(GradientError, match=r"dtype int64"):
        x[0] = Variable(np.array(0.5))
    with pytest.raises(ShapeError, match=r"\(3,\) on the left and \(2, 3\)"):
        x += np.ones((2, 3), int)
    with pytest.raises(AxisIndexError):
        x[5] = 1
    with pytest.raises(AxisIndexError, match="mask"):
        x[np.array([True, False])] = 1
    with pytest.raises((ShapeError, DtypeError)):
        x[:2] = np.array([1, 2, 3])
    np.testing.assert_array_equal(x.data, [1, 2, 3])


def test_the_fallback_for_libraries_without_assignment():
    import array_api_strict as strict

    from arraygrad.gather import replaced

    data = np.arange(12.0).reshape(3, 4)
    for name, key in KEYS.items():
        if name in ("pairs", "elements"):
            continue  # not in the standard: the library's own affair
        strict_key = strict.asarray(key) if isinstance(key, np.ndarray) else key
        expected = data.copy()
        expected[key] = -1.0
        got = replaced(strict, strict.asarray(data), strict_key, -1.0)
        np.testing.assert_array_equal(np.asarray(got), expected, err_msg=name)
    assert backend_of(strict.asarray(data)).mutable


def program(x, seed, xp):
    """A random program of views and in-place operations, and all arrays that it has made."""
    rng = np.random.default_rng(seed)
    made = [x * 1.0]
    for _ in range(12):
        arrays = [a for a in made if 0 not in a.shape]
        a = arrays[rng.integers(len(arrays))]
        kind, start = rng.integers(11), int(rng.integers(2))
        if kind == 0:
            made.append(a[start:, ...])
        elif kind == 1:
            made.append(a.T[:, start:])
        elif kind == 2:
            made.append(xp.permute_dims(a, (1, 0)))
        elif kind == 3:
            a += 0.5
        elif kind == 4:
            a *= 1.1
        elif kind == 5:
            a[0, ...] = a[-1, ...] * 2
        elif kind == 6:
            a[a > 1] = 0.3
        elif kind == 7:
            a[..., -1] += a[..., 0]
        elif kind == 8:
            made.append(a.reshape(a.shape[1], a.shape[0]))  # NumPy copies some
        elif kind == 9:
            made.append(a.transpose(1, 0))
        else:
            made.append(a * 2)
    return made


@pytest.mark.parametrize("tracked", [False, True])
def test_random_programs_with_views_do_what_they_do_in_numpy(tracked):
    for seed in range(150):
        data = np.random.default_rng(seed).normal(size=(4, 4))
        expected = program(data, seed, np)
        got = program(Variable(data, requires_grad=tracked), seed, numpy_xp)
        for x, y in zip(expected, got, strict=True):
            np.testing.assert_array_equal(y.data, x, err_msg=f"seed {seed}")


def test_gradients_of_programs_with_views():
    from arraygrad import grad

    for seed in range(20):
        data = np.random.default_rng(seed).normal(size=(3, 3))
        v = np.random.default_rng(seed + 1).normal(size=(3, 3))

        def f(x, seed=seed):
            xp = np if isinstance(x, np.ndarray) else numpy_xp
            return sum(F.sum(F.sin(y)) for y in program(x, seed, xp))

        h = 1e-6
        slope = (f(data + h * v) - f(data - h * v)).item() / (2 * h)
        assert np.vdot(grad(f)(data), v) == pytest.approx(slope, rel=1e-5, abs=1e-6)


def test_functions_give_results_of_their_own():
    x = numpy_xp.asarray(np.eye(2))
    for y in (F.diagonal(x), F.einsum("ii->i", x), F.reshape(x, (4,)), F.transpose(x)):
        y += 1.0
    np.testing.assert_array_equal(x.data, np.eye(2))
