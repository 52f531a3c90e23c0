"""grad and value_and_grad: values, containers, nesting, memory, and what they refuse."""

import gc
import importlib.util
import os
import weakref
from typing import NamedTuple

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Parameter, Variable, grad, no_grad, value_and_grad
from arraygrad.errors import (
    ArgumentError,
    ArraygradError,
    DtypeError,
    GradientError,
    MixedBackendError,
    ShapeError,
)

EXTRA = [name for name in os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",") if name]


def cube(x):
    return x**3


def equal(x, expected):
    """`x` is a plain NumPy array with that value, shape and dtype."""
    assert type(x) is np.ndarray
    np.testing.assert_array_equal(x, np.asarray(expected), strict=True)


# -- what comes out


def test_a_number():
    equal(grad(cube)(2.0), 12.0)
    y, g = value_and_grad(cube)(2.0)
    equal(y, 8.0)
    equal(g, 12.0)


def test_an_array():
    x = np.array([1.0, 2.0, 3.0])
    y, g = value_and_grad(lambda x: (x**2).sum())(x)
    equal(y, 14.0)
    equal(g, 2 * x)
    equal(x, [1.0, 2.0, 3.0])


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_dtypes_follow_the_argument(dtype):
    x = np.ones((2, 3), dtype)
    y, g = value_and_grad(lambda x: (x * 2.0 + 1).mean())(x)
    assert (y.dtype, g.dtype, g.shape) == (dtype, dtype, (2, 3))


def test_a_weak_number_is_an_array_of_the_current_backend():
    assert grad(cube)(2).dtype == np.float64  # a Python number has no dtype to respect
    assert grad(lambda x: x * np.float32(2.0))(np.float32(1.0)).dtype == np.float32


def test_arrays_give_arrays_and_variables_give_variables():
    f = lambda x, y: (x * y).sum()
    a, v = np.array([1.0, 2.0]), Variable(np.array([3.0, 4.0]))
    ga, gv = grad(f, (0, 1))(a, v)
    equal(ga, v.data)
    assert isinstance(gv, Variable)
    np.testing.assert_array_equal(gv.data, a)
    y, g = value_and_grad(f)(v, a)
    assert isinstance(y, Variable)
    assert isinstance(g, Variable)
    y, g = value_and_grad(f)(a, v)  # v is only closed over, as it were
    assert type(g) is np.ndarray


def test_gradients_of_tracked_variables_can_be_differentiated_again():
    x = Variable(np.array(2.0))
    g = grad(cube)(x)
    assert g.item() == 12.0
    g.backward()
    assert x.grad.item() == 12.0  # 6x
    y, _ = value_and_grad(cube)(x)
    x.cleargrad()
    y.backward()
    assert x.grad.item() == 12.0  # 3x^2


def test_untracked_variables_give_untracked_gradients():
    g = grad(cube)(Variable(np.array(2.0), requires_grad=False))
    assert isinstance(g, Variable)
    assert not g.requires_grad
    assert g.item() == 12.0


def test_no_grad_attribute_is_touched():
    w, x = Parameter(np.array([1.0, 2.0])), Variable(np.array([3.0, 4.0]))
    grad(lambda x: (x * w).sum())(x)
    grad(lambda x: (x * w).sum())(x.data)
    assert (w.grad, x.grad) == (None, None)
    w.grad = np.ones(2)
    before = w.grad
    grad(lambda x: (x * w).sum())(x.data)
    assert w.grad is before


def test_closing_over_tracked_variables():
    w = Parameter(np.array(3.0))
    deep = F.tanh(w * 2.0)  # an op on the way, older than the call
    equal(grad(lambda x: x * w * deep)(2.0), 3.0 * np.tanh(6.0))


def test_gradient_of_a_parameter_through_a_transform():
    # The gradient norm of a model, differentiated for its weights.
    w = Parameter(np.array(3.0))
    x = Variable(np.array(2.0))
    g = grad(lambda x: w * x**2)(x)  # 2 w x
    (g * g).backward()
    assert w.grad.item() == 8 * 3.0 * 4.0


def test_gradients_are_owned_and_writable():
    a, b = grad(lambda x, y: (x + y).sum(), (0, 1))(np.ones(3), np.ones(3))
    a += 1.0
    equal(b, np.ones(3))
    g = grad(F.sum)(np.ones((2, 3)))
    g *= 2.0


def test_works_inside_no_grad():
    with no_grad():
        equal(grad(cube)(2.0), 12.0)
        equal(grad(grad(cube))(2.0), 12.0)
        assert not ag.Config.enable_backprop
    assert ag.Config.enable_backprop


def test_no_grad_inside_makes_constants():
    def f(x):
        with no_grad():
            c = x * x
        return x * c

    equal(grad(f)(2.0), 4.0)


# -- arguments


def test_argnums():
    f = lambda a, b, c: a * b**2 * c**3
    equal(grad(f, 1)(2.0, 3.0, 5.0), 2 * 2 * 3.0 * 125)
    equal(grad(f, -1)(2.0, 3.0, 5.0), 2 * 9 * 75.0)
    for numbers in ((0, 2), [0, 2]):
        ga, gc_ = grad(f, numbers)(2.0, 3.0, 5.0)
        equal(ga, 9 * 125.0)
        equal(gc_, 18 * 75.0)
    gc_, ga = grad(f, (2, 0))(2.0, 3.0, 5.0)
    equal(ga, 9 * 125.0)
    equal(gc_, 18 * 75.0)
    assert type(grad(f, (1,))(2.0, 3.0, 5.0)) is tuple


@pytest.mark.parametrize("argnums", [1, -2, (0, 1), 7])
def test_argnums_out_of_range(argnums):
    with pytest.raises(ArgumentError, match=r"cube.*1 positional") as caught:
        grad(cube, argnums)(2.0)
    assert isinstance(caught.value, ValueError)


def test_other_arguments_pass_through():
    seen = []

    def f(x, n, text, *, flag):
        seen.append((n, text, flag, type(n)))
        return x * n

    equal(grad(f)(2.0, 3, "text", flag=None), 3.0)
    assert seen == [(3, "text", None, int)]


def test_has_aux():
    def f(x):
        y = x * 2.0
        return (y * y).sum(), {"y": y, "n": 3, "text": "aux", "none": None}

    x = np.array([1.0, 2.0])
    g, aux = grad(f, has_aux=True)(x)
    equal(g, 8 * x)
    equal(aux["y"], 2 * x)
    assert (aux["n"], aux["text"], aux["none"]) == (3, "aux", None)
    (y, aux), g = value_and_grad(f, has_aux=True)(x)
    equal(y, 20.0)
    equal(aux["y"], 2 * x)
    (y, aux), g = value_and_grad(f, has_aux=True)(Variable(x))
    assert isinstance(aux["y"], Variable)


class Pair(NamedTuple):
    w: object
    b: object


def test_containers():
    params = {
        "layer": Pair(np.array([1.0, 2.0]), 3.0),
        "list": [np.array([[4.0]]), (5.0, None)],
        "empty": {},
    }

    def f(p):
        assert isinstance(p["layer"], Pair)
        assert p["list"][1][1] is None
        w, b = p["layer"]
        (a, (c, _)) = p["list"]
        return (w * w).sum() * b + (a * c).sum()

    g = grad(f)(params)
    assert list(g) == ["layer", "list", "empty"]
    assert type(g["layer"]) is Pair
    equal(g["layer"].w, [6.0, 12.0])
    equal(g["layer"].b, 5.0)
    equal(g["list"][0], [[5.0]])
    equal(g["list"][1][0], 4.0)
    assert type(g["list"][1]) is tuple
    assert g["list"][1][1] is None
    assert g["empty"] == {}
    equal(params["layer"].w, [1.0, 2.0])


def test_containers_to_second_order():
    f = lambda p: p["a"] ** 3 * p["b"]
    g = grad(lambda p: grad(f)(p)["a"])({"a": 2.0, "b": 5.0})
    equal(g["a"], 60.0)
    equal(g["b"], 12.0)


def test_the_same_array_twice():
    x = np.array([1.0, 2.0])
    a, b = grad(lambda x, y: (x * y * y).sum(), (0, 1))(x, x)
    equal(a, x**2)
    equal(b, 2 * x**2)
    v = Variable(x)
    a, b = grad(lambda p: (p[0] * p[1] * p[1]).sum())([v, v])
    np.testing.assert_array_equal(a.data, x**2)
    np.testing.assert_array_equal(b.data, 2 * x**2)


def test_an_argument_that_does_not_matter():
    a, b = grad(lambda x, y: (x * x).sum(), (0, 1))(np.ones(2, np.float32), np.ones((2, 3)))
    equal(a, np.full(2, 2.0, np.float32))
    equal(b, np.zeros((2, 3)))
    equal(grad(lambda x: x)(3.0), 1.0)
    equal(grad(lambda x: 5.0)(3.0), 0.0)
    equal(grad(lambda x: np.float64(5.0))(3.0), 0.0)
    equal(grad(lambda x: x // 1.0)(3.5), 0.0)


# -- nesting


def test_orders():
    f = lambda x: F.sin(x) * x
    x, s, c = 0.7, np.sin(0.7), np.cos(0.7)
    expected = [s + x * c, 2 * c - x * s, -3 * s - x * c, -4 * c + x * s]
    for order, value in enumerate(expected, 1):
        g = f
        for _ in range(order):
            g = grad(g)
        assert g(x) == pytest.approx(value, rel=1e-13)


def test_value_and_grad_of_value_and_grad():
    def first(x):
        y, g = value_and_grad(cube)(x)
        return y + g

    y, g = value_and_grad(first)(2.0)
    equal(y, 8.0 + 12.0)
    equal(g, 12.0 + 12.0)


def test_perturbations_are_not_confused():
    inner = lambda x: grad(lambda y: x + y)(x)
    equal(grad(lambda x: x * inner(x))(3.0), 1.0)
    equal(grad(lambda x: x * grad(lambda y: x * y)(2.0))(3.0), 6.0)
    # d/dx (d/dy (x y^2) at y = x) = d/dx 2 x^2
    equal(grad(lambda x: grad(lambda y: x * y * y)(x))(3.0), 12.0)
    # Shadowed three deep.
    f = lambda x: grad(lambda y: y * grad(lambda z: x * y * z * z)(y))(x)
    equal(grad(f)(2.0), 18 * 4.0)


def test_a_constant_inside_is_constant():
    equal(grad(lambda x: x * grad(lambda y: y * y)(3.0))(5.0), 6.0)


def test_a_tracked_variable_beside_a_plain_array():
    x, a = Variable(np.array(2.0)), np.array(5.0)
    gx, ga = grad(lambda x, a: x * x * a, (0, 1))(x, a)
    equal(ga, 4.0)
    gx.backward()
    assert x.grad.item() == 10.0


def test_hessian_vector_product():
    A = np.array([[2.0, 1.0], [1.0, 3.0]])
    f = lambda x: (x @ A @ x) * 0.5 + (x**4).sum()
    x, v = np.array([1.0, 2.0]), np.array([0.5, -1.0])
    hvp = grad(lambda x: (grad(f)(x) * v).sum())(x)
    np.testing.assert_allclose(hvp, A @ v + 12 * x**2 * v, rtol=1e-14)


def test_an_exception_ends_the_nesting():
    def fails(x):
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        grad(lambda x: grad(fails)(x))(1.0)
    equal(grad(cube)(2.0), 12.0)  # plain again, not a Variable


def test_with_backward_inside():
    def f(x):
        y = Variable(np.array(2.0))
        (y * y).backward()
        return x * y.grad

    equal(grad(f)(3.0), 4.0)


def test_control_flow_and_loops():
    def f(x):
        y = x
        while y < 100.0:
            y = y * x
        return y

    equal(grad(f)(3.0), 5 * 81.0)


# -- memory


@pytest.mark.parametrize("order", [1, 2, 3])
def test_no_reference_cycles(without_gc, order):
    nodes = []

    def f(p):
        y = F.tanh(p["w"] * p["b"] + 1.0)
        nodes.append(weakref.ref(y.creator))
        return (y * y).sum()

    def run(order):
        if order == 1:
            return lambda p: grad(f)(p)["w"]
        lower = run(order - 1)
        return lambda p: grad(lambda p: lower(p).sum())(p)["w"]

    p = {"w": np.array([0.5, 0.25]), "b": np.array([1.0, 2.0])}
    run(order)(p)  # compiles the ops
    gc.collect()
    nodes.clear()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        run(order)(p)
        assert nodes
        assert [node() for node in nodes] == [None] * len(nodes)
        gc.collect()
        ours = [x for x in gc.garbage if type(x).__module__.startswith("arraygrad")]
        assert ours == []
    finally:
        gc.set_debug(0)
        gc.garbage.clear()


def test_a_deep_function(without_gc):
    def f(x):
        for _ in range(50_000):
            x = x + 1.0
        return x

    equal(grad(f)(2.0), 1.0)


# -- bad input


@pytest.mark.parametrize("dtype", ["int64", "uint8", "bool"])
def test_whole_numbers_are_refused(dtype):
    for x in (np.ones(3, dtype), np.ones((), dtype), Variable(np.ones(3, dtype))):
        for bad in (x, [x], {"x": (1.0, x)}):
            with pytest.raises(DtypeError, match=rf"total.*{dtype}.*astype") as caught:
                grad(total)(bad)
            assert isinstance(caught.value, TypeError)


def total(x):
    raise AssertionError("the function is not called")


def test_text_is_refused():
    with pytest.raises(DtypeError, match=r"<class 'str'>"):
        grad(total)({"x": "text"})


def test_nothing_to_differentiate():
    for nothing in (None, [], {"a": None}):
        with pytest.raises(ArgumentError, match=r"total.*no arrays"):
            grad(total)(nothing)
    with pytest.raises(ArgumentError, match=r"total.*no arrays"):
        grad(total, ())(1.0)


def test_a_result_of_several_elements():
    with pytest.raises(ShapeError, match=r"\(3,\).*sum") as caught:
        grad(lambda x: x * 2.0)(np.ones(3))
    assert isinstance(caught.value, ValueError)


def test_a_constant_result_of_several_elements():
    with pytest.raises(ShapeError, match=r"\(3,\).*sum"):
        grad(lambda x: np.ones(3))(1.0)


@pytest.mark.parametrize("result", [None, "text", (1.0, 2.0), [1.0]])
def test_a_result_that_is_no_number(result):
    with pytest.raises(GradientError, match=rf"returned {type(result).__name__}"):
        grad(lambda x: result)(1.0)


def test_a_pair_without_has_aux_and_the_reverse():
    with pytest.raises(GradientError, match="tuple"):
        grad(lambda x: (x, x))(1.0)
    with pytest.raises(ArraygradError, match="has_aux"):
        grad(lambda x: x * 2.0, has_aux=True)(1.0)


def test_a_complex_result():
    with pytest.raises(DtypeError, match=r"complex.*real"):
        grad(lambda x: x * x)(1 + 2j)
    with pytest.raises(DtypeError, match=r"complex.*real"):
        grad(lambda x: x * 1j)(2.0)
    assert grad(lambda x: F.real(x * (3 + 4j)))(2.0) == 3.0


def test_a_gradient_lost_on_the_way_raises():
    with pytest.raises(GradientError, match="detach"):
        grad(lambda x: np.asarray(x).sum())(np.ones(3))


# -- other libraries


LIBRARIES = ["numpy", "array_api_strict", "torch", "jax"]


@pytest.fixture(params=LIBRARIES)
def library(request):
    name = request.param
    if name in ("torch", "jax"):
        if name not in EXTRA:
            pytest.skip(f"ARRAYGRAD_TEST_BACKENDS does not name {name}")
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name} is not installed")
    return ag.get_backend(name)


def test_libraries(library):
    host = np.array([[1.0, 2.0], [3.0, 4.0]], np.float32)
    x = library.asarray(host)

    def f(p):
        y = F.tanh(p["x"] @ p["x"] * 0.1)
        return (y[0] * y.T[1]).sum() + p["s"]

    def on_numpy(h):
        return value_and_grad(f)({"x": h, "s": 1.0})

    y, g = value_and_grad(f)({"x": x, "s": library.asarray(1.0, dtype=x.dtype)})
    assert type(g["x"]) is type(x)
    assert type(y) is type(x)
    assert g["x"].dtype == x.dtype
    expected, expected_g = on_numpy(host)
    np.testing.assert_allclose(library.to_numpy(y), expected, rtol=1e-5)
    np.testing.assert_allclose(library.to_numpy(g["x"]), expected_g["x"], rtol=1e-4)
    h = grad(lambda x: (grad(lambda x: (x**3).sum())(x) * x).sum())(x)
    np.testing.assert_allclose(library.to_numpy(h), 9 * host**2, rtol=1e-5)
    assert type(h) is type(x)


def test_libraries_do_not_mix(library):
    if library.name == "numpy":
        return
    with pytest.raises(MixedBackendError, match=f"numpy.*{library.name}|{library.name}.*numpy"):
        grad(lambda x, y: (x * y).sum())(library.asarray(np.ones(2)), np.ones(2))
