"""vjp, jvp, linearize, hvp: numbers, structures, nesting, complex numbers, and what they refuse."""

import importlib.util
import os
from typing import NamedTuple

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Parameter, Variable
from arraygrad.errors import ArgumentError, DtypeError, GradientError, ShapeError

RNG = np.random.default_rng(0)
A, B = RNG.normal(size=(4, 3)), RNG.normal(size=(5, 4))
X, V = RNG.normal(size=3), RNG.normal(size=3)
EXTRA = [name for name in os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",") if name]


def net(x):
    return F.tanh(B @ F.tanh(A @ x))


def jacobian_of_net(x):
    h = np.tanh(A @ x)
    y = np.tanh(B @ h)
    return (1 - y * y)[:, None] * B @ ((1 - h * h)[:, None] * A)


def close(x, expected, rtol=1e-12):
    assert type(x) is np.ndarray
    assert x.shape == np.shape(expected)
    np.testing.assert_allclose(x, expected, rtol=rtol, atol=1e-14)


class Pair(NamedTuple):
    w: object
    b: object


# -- values


def test_vjp_is_the_transposed_jacobian():
    y, pull = ag.vjp(net, X)
    close(y, np.tanh(B @ np.tanh(A @ X)))
    for g in np.eye(5):
        (gx,) = pull(g)
        close(gx, g @ jacobian_of_net(X))


def test_jvp_is_the_jacobian():
    y, dy = ag.jvp(net, (X,), (V,))
    close(y, np.tanh(B @ np.tanh(A @ X)))
    close(dy, jacobian_of_net(X) @ V)


def test_linearize_pushes_many_tangents():
    calls = []

    def counted(x):
        calls.append(1)
        return net(x)

    _, push = ag.linearize(counted, X)
    for v in np.eye(3):
        close(push(v), jacobian_of_net(X) @ v)
    assert len(calls) == 1


def test_hvp():
    f = lambda x: (x**3).sum() + x[0] * x[1]
    H = np.diag(6 * X)
    H[0, 1] = H[1, 0] = 1.0
    (product,) = ag.hvp(f, (X,), (V,))
    close(product, H @ V)


def test_hvp_of_several_arguments_in_containers():
    f = lambda p, s: (p["w"] ** 2).sum() * s
    args = ({"w": X}, 2.0)
    gp, gs = ag.hvp(f, args, ({"w": V}, 3.0))
    close(gp["w"], 2 * 2.0 * V + 2 * X * 3.0)
    close(gs, 2 * X @ V)


@settings(derandomize=True, database=None, deadline=None, max_examples=30)
@given(st.integers(0, 10**6))
def test_forward_and_reverse_are_transposes_and_linear(seed):
    rng = np.random.default_rng(seed)

    def f(p):
        y = F.sin(p["a"]) @ p["b"] * p["s"]
        return y, (F.exp(-p["a"] * p["a"]), p["s"] / (2.0 + y * y).sum())

    def draw():
        return {"a": rng.normal(size=(2, 3)), "b": rng.normal(size=3), "s": rng.normal(size=())}

    def dot(x, y):
        if isinstance(x, dict):
            x, y = list(x.values()), [y[k] for k in x]
        if isinstance(x, list | tuple):
            return sum(map(dot, x, y))
        return np.sum(x * y)

    p, u, v = draw(), draw(), draw()
    _, push = ag.linearize(f, p)
    _, pull = ag.vjp(f, p)
    g = (rng.normal(size=2), (rng.normal(size=(2, 3)), rng.normal(size=())))
    dy = push(v)
    assert dot(g, dy) == pytest.approx(dot(pull(g)[0], v), rel=1e-10, abs=1e-12)
    both = push({k: 2 * u[k] - 3 * v[k] for k in u})
    np.testing.assert_allclose(both[0], 2 * push(u)[0] - 3 * dy[0], rtol=1e-9, atol=1e-12)


def test_structures_of_results():
    f = lambda p: {"y": Pair(p[0] * p[1], [p[0]]), "n": 3.0, "none": None}
    y, pull = ag.vjp(f, (np.array(2.0), 5.0))
    assert type(y["y"]) is Pair
    assert (y["n"], y["none"]) == (3.0, None)
    close(y["y"].b[0], 2.0)
    ((ga, gb),) = pull({"y": Pair(1.0, [10.0]), "n": 0.0, "none": None})
    close(ga, 15.0)
    close(gb, 2.0)
    _, dy = ag.jvp(f, ((2.0, 5.0),), ((1.0, 10.0),))
    close(dy["y"].w, 25.0)
    close(dy["y"].b[0], 1.0)
    close(dy["n"], np.array(0.0))


def test_results_that_are_arguments_or_the_same_or_constant():
    f = lambda x, y: (x, x, y * 2.0, np.ones(2), x + y)
    _, pull = ag.vjp(f, 3.0, 4.0)
    gx, gy = pull((1.0, 10.0, 100.0, np.ones(2), 1000.0))
    close(gx, 1011.0)
    close(gy, 1200.0)
    _, dy = ag.jvp(f, (3.0, 4.0), (1.0, 10.0))
    assert [float(np.sum(d)) for d in dy] == [1.0, 1.0, 20.0, 0.0, 11.0]
    dy[0][...] = 7.0  # results share no memory
    close(dy[1], 1.0)


def test_has_aux():
    f = lambda x: (x * x, {"seen": x + 1.0, "text": "aux"})
    y, pull, aux = ag.vjp(f, 3.0, has_aux=True)
    close(aux["seen"], 4.0)
    close(pull(1.0)[0], 6.0)
    y, dy, aux = ag.jvp(f, (3.0,), (1.0,), has_aux=True)
    assert (float(y), float(dy), aux["text"]) == (9.0, 6.0, "aux")
    y, push, aux = ag.linearize(f, 3.0, has_aux=True)
    close(push(2.0), 12.0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtypes_follow(dtype):
    x = np.ones(3, dtype)
    y, pull = ag.vjp(lambda x: F.exp(x) * 2.0, x)
    assert pull(np.ones(3))[0].dtype == dtype
    y, dy = ag.jvp(lambda x: F.exp(x) * 2.0, (x,), (np.ones(3),))
    assert (y.dtype, dy.dtype) == (dtype, dtype)
    y, dy = ag.jvp(lambda x: x.astype(np.float64), (x,), (x,))
    assert dy.dtype == np.float64


def test_variables_come_back_as_variables():
    y, pull = ag.vjp(net, Variable(X))
    assert isinstance(y, Variable)
    (gx,) = pull(np.ones(5))
    assert isinstance(gx, Variable)
    assert isinstance(ag.vjp(net, X)[1](Variable(np.ones(5)))[0], Variable)
    assert isinstance(ag.jvp(net, (X,), (Variable(V),))[1], Variable)


def test_products_can_be_differentiated_with_backward():
    x, v, w = Variable(np.array(2.0)), Variable(np.array(3.0)), Parameter(np.array(5.0))
    _, dy = ag.jvp(lambda x: w * x**3, (x,), (v,))
    assert dy.item() == 5 * 12 * 3
    dy.backward()
    assert [x.grad.item(), v.grad.item(), w.grad.item()] == [5 * 12 * 3, 5 * 12, 12 * 3]


# -- nesting


def test_orders_of_sine():
    s, c = np.sin(0.7), np.cos(0.7)
    d = {"rev": ag.grad, "fwd": lambda f: lambda x: ag.jvp(f, (x,), (1.0,))[1]}
    for names in [("fwd", "fwd"), ("fwd", "rev"), ("rev", "fwd"), ("rev", "fwd", "rev", "fwd")]:
        f = F.sin
        for name in names:
            f = d[name](f)
        assert float(f(0.7)) == pytest.approx({2: -s, 3: -c, 4: s}[len(names)], rel=1e-12)


def test_perturbations_are_not_confused():
    d = lambda f: lambda x: ag.jvp(f, (x,), (1.0,))[1]
    close(d(lambda x: x * d(lambda y: x + y)(x))(3.0), 1.0)
    close(d(lambda x: x * d(lambda y: x * y)(2.0))(3.0), 6.0)
    close(ag.grad(lambda x: x * d(lambda y: x * y)(2.0))(3.0), 6.0)
    close(d(lambda x: x * ag.grad(lambda y: x * y)(2.0))(3.0), 6.0)
    close(d(lambda x: d(lambda y: x * y * y)(x))(3.0), 12.0)
    # The tangent itself depends on the outer argument.
    close(ag.grad(lambda x: ag.jvp(lambda y: y * y, (x,), (x * x,))[1])(3.0), 6 * 9.0)
    close(d(lambda x: ag.vjp(lambda y: y * y, x)[1](x * x)[0])(3.0), 6 * 9.0)


def test_a_pull_made_outside_is_differentiated_inside():
    _, pull = ag.vjp(lambda x: x**3, 2.0)
    close(ag.grad(lambda g: pull(g * g)[0])(5.0), 12 * 10.0)
    _, push = ag.linearize(lambda x: x**3, 2.0)
    close(ag.grad(lambda v: push(v * v))(5.0), 12 * 10.0)


def test_masked_infinities_in_forward_mode():
    f = lambda x: F.where(x > 0, F.sqrt(x), 0.0)
    _, dy = ag.jvp(f, (np.array([0.0, 4.0]),), (np.ones(2),))
    close(dy, [0.0, 0.25])
    _, dy = ag.jvp(F.sqrt, (np.array([0.0, 4.0]),), (np.array([0.0, 1.0]),))
    close(dy, [0.0, 0.25])  # a zero tangent is a strong zero
    # Sensitivities that cancel are no zeros of the function: they do not mask anything.
    centred = lambda x: f(x) - F.mean(f(x))
    _, dy = ag.jvp(centred, (np.array([0.0, 4.0]),), (np.ones(2),))
    close(dy, [-0.125, 0.125])


def test_complex_numbers():
    # PyTorch's convention: the pull of a real-linear function is its adjoint.
    f = lambda z: z * z.__array_namespace__().conj(z) * z
    z, v = np.array([1 + 2j, 3 - 1j]), np.array([1j, 2 + 1j])
    fz, fc = 2 * z * z.conj(), z * z
    _, dy = ag.jvp(f, (z,), (v,))
    close(dy, fz * v + fc * v.conj())
    _, pull = ag.vjp(f, z)
    close(pull(v)[0], fz.conj() * v + fc * v.conj())
    _, dy = ag.jvp(lambda t: F.exp(1j * t), (np.array([0.5]),), (np.ones(1),))
    close(dy, 1j * np.exp(0.5j) * np.ones(1))


def test_arguments_changed_in_place():
    def f(x):
        x *= 2.0  # another Variable, or this one with another value: not the caller's
        return (x * x).sum()

    x = np.array([1.0, 2.0])
    close(ag.grad(f)(x), 8 * x)
    close(ag.hessian(f)(x), 8 * np.eye(2))
    close(ag.jvp(lambda x: ag.vjp(f, x)[1](1.0)[0], (x,), (x,))[1], 8 * x)
    close(x, [1.0, 2.0])

    def g(x):
        y = x * 1.0
        y[0] = 5.0
        y += x
        return (y * y).sum()

    close(ag.grad(g)(x), [2 * 6.0, 2 * 4.0 * 2])
    close(ag.hessian(g)(x), np.diag([2.0, 8.0]))
    y, pull = ag.vjp(lambda x: x * x, Variable(x))
    y *= 100.0
    close(pull(np.ones(2))[0].data, 2 * x)
    for transform in (ag.vjp, ag.linearize):
        y, product = transform(F.exp, np.zeros(2))
        y *= 100.0  # not what the record keeps
        close(np.asarray(product(np.ones(2))).reshape(2), np.ones(2))


# -- what is refused


def named(x):
    return x * 2.0


def test_whole_numbers_are_refused():
    for call in (
        lambda: ag.vjp(named, np.arange(3)),
        lambda: ag.jvp(named, (np.arange(3),), (np.arange(3),)),
        lambda: ag.linearize(named, np.arange(3)),
        lambda: ag.hvp(named, (np.arange(3),), (np.arange(3),)),
    ):
        with pytest.raises(DtypeError, match=r"\(named\).*int64.*astype"):
            call()


@pytest.mark.parametrize("g", [np.ones(2), np.ones((3, 1)), 1.0])
def test_gradients_and_tangents_of_another_shape(g):
    _, pull = ag.vjp(named, np.ones(3))
    with pytest.raises((ShapeError, DtypeError), match=r"vjp\(named\).*\(3,\)"):
        pull(g)
    with pytest.raises((ShapeError, DtypeError), match=r"jvp\(named\).*\(3,\)"):
        ag.jvp(named, (np.ones(3),), (g,))


def test_gradients_and_tangents_of_another_structure():
    _, pull = ag.vjp(lambda x: {"a": x}, 1.0)
    with pytest.raises(ArgumentError, match=r"vjp.*\[\*\].*\{'a': \*\}"):
        pull([1.0])
    with pytest.raises(ArgumentError, match=r"jvp\(named\).*structure \(\*, \*\)"):
        ag.jvp(named, (1.0,), (1.0, 2.0))
    with pytest.raises(ArgumentError, match=r"linearize\(named\).*2 tangents, expected 1"):
        ag.linearize(named, 1.0)[1](1.0, 1.0)
    with pytest.raises(ArgumentError, match=r"jvp\(named\).*tuple.*\(x,\)"):
        ag.jvp(named, np.ones(3), np.ones(3))


def test_complex_tangents_of_real_numbers():
    with pytest.raises(DtypeError, match=r"complex.*real part"):
        ag.jvp(named, (1.0,), (np.array(1j),))


def test_results_that_are_no_arrays():
    with pytest.raises(GradientError, match=r"vjp.*returned str.*has_aux"):
        ag.vjp(lambda x: (x, "text"), 1.0)
    with pytest.raises(GradientError, match="has_aux=True says"):
        ag.vjp(named, 1.0, has_aux=True)
    with pytest.raises(ArgumentError, match="no arrays"):
        ag.vjp(lambda x: x, None)


def test_an_exception_ends_the_nesting():
    with pytest.raises(ZeroDivisionError):
        ag.vjp(lambda x: 1 / 0, 1.0)
    assert type(ag.grad(lambda x: x * x)(2.0)) is np.ndarray


# -- other libraries


@pytest.mark.parametrize("name", ["array_api_strict", "torch", "jax"])
def test_libraries(name):
    if name != "array_api_strict" and (name not in EXTRA or not importlib.util.find_spec(name)):
        pytest.skip(f"ARRAYGRAD_TEST_BACKENDS does not name {name}")
    library = ag.get_backend(name)
    x, v = (library.asarray(a.astype(np.float32)) for a in (X, V))
    f = lambda x: F.tanh(x[1:] * x[:-1])
    y, dy = ag.jvp(f, (x,), (v,))
    assert (type(dy), dy.dtype) == (type(x), x.dtype)
    np.testing.assert_allclose(library.to_numpy(dy), ag.jvp(f, (X,), (V,))[1], rtol=1e-4, atol=1e-6)
    (gx,) = ag.vjp(f, x)[1](y)
    assert (type(gx), gx.dtype) == (type(x), x.dtype)


@pytest.mark.skipif("jax" not in EXTRA, reason="ARRAYGRAD_TEST_BACKENDS does not name jax")
def test_against_jax_and_under_its_jit():
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    with jax.enable_x64(True):
        ours = lambda x: F.where(x > 0, F.sqrt(F.abs(x)), 0.0) * F.sin(x)
        theirs = lambda x: jnp.sqrt(jnp.abs(x)) * jnp.sin(x)
        x, v = jnp.asarray([0.3, 1.0, 4.0]), jnp.asarray([1.0, -2.0, 0.5])
        right = jax.jvp(theirs, (x,), (v,))[1]
        np.testing.assert_allclose(ag.jvp(ours, (x,), (v,))[1], right, rtol=1e-12)
        jitted = jax.jit(lambda x, v: ag.jvp(ours, (x,), (v,))[1])
        np.testing.assert_allclose(jitted(x, v), right, rtol=1e-12)
        assert np.asarray(jitted(x * 0, v)).tolist() == [0.0, 0.0, 0.0]
        right = jax.vjp(theirs, x)[1](v)[0]
        np.testing.assert_allclose(
            jax.jit(lambda x: ag.vjp(ours, x)[1](v)[0])(x), right, rtol=1e-12
        )
