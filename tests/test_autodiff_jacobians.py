"""jacobian, jacrev, jacfwd, hessian, elementwise_grad."""

import importlib.util
import os

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable
from arraygrad.autodiff import jacobians
from arraygrad.errors import ArgumentError, DtypeError, ShapeError

RNG = np.random.default_rng(0)
A = RNG.normal(size=(4, 3))
X = RNG.normal(size=3)
MODES = [ag.jacobian, ag.jacrev, ag.jacfwd]
EXTRA = [name for name in os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",") if name]

each_mode = pytest.mark.parametrize("transform", MODES, ids=lambda t: t.__name__)


def close(x, expected, rtol=1e-12):
    assert type(x) is np.ndarray
    assert x.shape == np.shape(expected)
    np.testing.assert_allclose(x, expected, rtol=rtol, atol=1e-13)


@each_mode
def test_shapes_are_those_of_result_and_argument(transform):
    f = lambda x: F.reshape(F.exp(A @ x), (2, 2))
    expected = (np.exp(A @ X)[:, None] * A).reshape(2, 2, 3)
    close(transform(f)(X), expected)
    close(transform(lambda x: f(F.reshape(x, (3,))))(X.reshape(1, 3)), expected[:, :, None])
    close(transform(lambda t: F.sin(t * X))(0.5), X * np.cos(0.5 * X))
    close(transform(lambda x: (x * x).sum())(X), 2 * X)
    close(transform(lambda x: x[:0])(X), np.zeros((0, 3)))
    close(transform(lambda x: F.sum(x) * np.ones(2))(np.zeros(0)), np.zeros((2, 0)))


@each_mode
def test_argnums_containers_aux(transform):
    f = lambda p, s: {"y": p["a"] * s, "z": (F.sum(p["a"]), 5.0)}
    p = {"a": X, "none": None}
    jp, js = transform(f, argnums=(0, 1))(p, 2.0)["y"]
    close(jp["a"], 2.0 * np.eye(3))
    assert jp["none"] is None
    close(js, X)
    J = transform(f)(p, 2.0)
    close(J["z"][0]["a"], np.ones(3))
    close(J["z"][1]["a"], np.zeros(3))
    assert type(transform(f, argnums=[1])(p, 2.0)["y"]) is tuple
    J, aux = transform(lambda x: (x * x, x + 1.0), has_aux=True)(X)
    close(J, np.diag(2 * X))
    close(aux, X + 1)
    close(transform(lambda x, *, k: x * k)(X, k=3.0), 3.0 * np.eye(3))


@each_mode
def test_dtypes_and_variables(transform):
    x = X.astype(np.float32)
    assert transform(lambda x: F.exp(x) * 2.0)(x).dtype == np.float32
    assert transform(lambda x: np.ones(2, np.float32))(x).dtype == np.float32
    assert isinstance(transform(F.exp)(Variable(X)), Variable)
    v = Variable(X)
    transform(F.exp)(v).sum().backward()
    np.testing.assert_allclose(v.grad.data, np.exp(X), rtol=1e-12)


@each_mode
def test_nesting(transform):
    f = lambda x: F.sin(x) * x[0]
    s, c = np.sin(X), np.cos(X)
    second = np.zeros((3, 3, 3))
    for i in range(3):
        second[i, i, i] -= s[i] * X[0]
        second[i, i, 0] += c[i]
        second[i, 0, i] += c[i]
    for outer in MODES:
        close(outer(transform(f))(X), second)
    # A product of two Jacobians, with the inner one's argument captured from outside.
    g = lambda x: transform(lambda y: y * y * x)(x)
    expected = np.zeros((3, 3, 3))
    expected[range(3), range(3), range(3)] = 4 * X  # d/dx (2 y x) at y = x
    close(transform(g)(X), expected)


def test_the_cheaper_mode_is_chosen():
    seen = []

    @ag.custom
    def watched(x):
        return x * 1.0

    @watched.rule
    def _(g):
        seen.append(isinstance(g, Variable))  # forward mode records the rules
        return g * 1.0

    ag.jacobian(lambda x: F.concat([watched(x)] * 4))(np.ones(2))
    assert any(seen)
    seen.clear()
    ag.jacobian(lambda x: F.sum(watched(x)))(np.ones(20))
    assert not any(seen)
    assert len(seen) == 1
    assert jacobians.PREPARATION >= 1


def test_hessian_is_symmetric_and_right():
    def f(x):
        return F.tanh(A @ x).sum() ** 2 + (x[0] * x[1] * x[2])

    H = ag.hessian(f)(X)
    close(H, H.T)
    step = 1e-5
    for i, e in enumerate(np.eye(3)):
        ends = [ag.grad(f)(X + k * step * e) for k in (1, -1)]
        np.testing.assert_allclose(H[i], (ends[0] - ends[1]) / (2 * step), rtol=1e-7, atol=1e-9)
    for outer in MODES:
        close(outer(ag.grad(f))(X), H)
    close(ag.hessian(f)(X) @ X, ag.hvp(f, (X,), (X,))[0])


def test_hessian_of_several_arguments():
    f = lambda x, p: (x * x).sum() * p["s"] ** 3
    (hxx, hxp), hp = ag.hessian(f, argnums=(0, 1))(X, {"s": 2.0})
    close(hxx, 2 * 8.0 * np.eye(3))
    close(hxp["s"], 2 * X * 12.0)
    hpx, hpp = hp["s"]
    close(hpx, 2 * X * 12.0)
    close(hpp["s"], (X @ X) * 12.0)
    close(ag.grad(lambda p: ag.hessian(f)(X, p)[0, 0])({"s": 2.0})["s"], 2 * 12.0)


def test_elementwise_grad():
    x = np.array([[0.5, 1.0], [2.0, 3.0]])
    close(ag.elementwise_grad(F.log)(x), 1 / x)
    close(ag.elementwise_grad(ag.elementwise_grad(F.sin))(x), -np.sin(x))
    gx, gy = ag.elementwise_grad(lambda x, y: x * y * y, argnums=(0, 1))(x, 2 * x)
    close(gx, 4 * x * x)
    close(gy, 4 * x * x)
    with pytest.raises(ShapeError, match=r"elementwise_grad\(sum\).*\(\).*\(2, 2\).*jacobian"):
        ag.elementwise_grad(F.sum)(x)
    with pytest.raises(DtypeError, match=r"elementwise_grad.*complex128.*real"):
        ag.elementwise_grad(lambda z: z * z)(x * 1j)


Z = np.array([1 + 2j, 3 - 1j])


def square(z):
    return z * z


def test_complex_derivatives():
    for transform in MODES:
        close(transform(square, holomorphic=True)(Z), np.diag(2 * Z))
    t = np.array([0.1, 0.2])
    for transform in (ag.jacobian, ag.jacfwd):  # real to complex
        close(transform(lambda t: F.exp(1j * t))(t), np.diag(1j * np.exp(1j * t)))
    for transform in (ag.jacobian, ag.jacrev):  # complex to real: gradients
        close(transform(lambda z: F.real(z * z))(Z), np.diag(2 * Z.conj()))


def test_complex_numbers_are_refused_without_a_word():
    for transform in MODES:
        with pytest.raises(DtypeError, match=r"square\).*complex128.*holomorphic=True"):
            transform(square)(Z)
        with pytest.raises(DtypeError, match=r"square\).*float64.*holomorphic=True"):
            transform(square, holomorphic=True)(X)
    with pytest.raises(DtypeError, match="call jacfwd, or take"):
        ag.jacrev(lambda t: F.exp(1j * t))(X)
    with pytest.raises(DtypeError, match="call jacrev, or take"):
        ag.jacfwd(lambda z: F.real(z))(Z)


@each_mode
def test_what_is_refused(transform):
    with pytest.raises(DtypeError, match=rf"{transform.__name__}\(square\).*int64.*astype"):
        transform(square)(np.arange(3))
    with pytest.raises(ArgumentError, match=r"square\).*argnums 1 and 1 positional"):
        transform(square, argnums=1)(X)
    with pytest.raises(ArgumentError, match="no arrays"):
        transform(square)(None)


def test_hessian_refuses_what_grad_refuses():
    with pytest.raises(ShapeError, match=r"\(3,\).*one number"):
        ag.hessian(square)(X)


@pytest.mark.parametrize("name", ["array_api_strict", "torch", "jax"])
def test_libraries(name):
    if name != "array_api_strict" and (name not in EXTRA or not importlib.util.find_spec(name)):
        pytest.skip(f"ARRAYGRAD_TEST_BACKENDS does not name {name}")
    library = ag.get_backend(name)
    x = library.asarray(X.astype(np.float32))
    f = lambda x: F.tanh(x[1:] * x[:-1])
    for transform in (*MODES, lambda f: ag.hessian(lambda x: F.sum(f(x)))):
        J = transform(f)(x)
        assert (type(J), J.dtype) == (type(x), x.dtype)
        np.testing.assert_allclose(library.to_numpy(J), transform(f)(X), rtol=1e-4, atol=1e-6)


@pytest.mark.skipif("jax" not in EXTRA, reason="ARRAYGRAD_TEST_BACKENDS does not name jax")
def test_against_jax_and_under_its_jit():
    jax = pytest.importorskip("jax")
    jnp = jax.numpy
    with jax.enable_x64(True):
        ours = lambda p: {"y": F.tanh(jnp.asarray(A) @ p["x"]) * p["s"], "z": F.sum(p["x"])}
        theirs = lambda p: {"y": jnp.tanh(A @ p["x"]) * p["s"], "z": p["x"].sum()}
        p = {"x": jnp.asarray(X), "s": jnp.asarray(2.0)}
        right = jax.jacobian(theirs)(p)
        for transform in MODES:
            for found in (transform(ours)(p), jax.jit(transform(ours))(p)):
                jax.tree.map(
                    lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-12), found, right
                )
        number = lambda p: F.sum(ours(p)["y"] ** 2)
        right = jax.hessian(lambda p: jnp.sum(theirs(p)["y"] ** 2))(p)
        for found in (ag.hessian(number)(p), jax.jit(ag.hessian(number))(p)):
            jax.tree.map(
                lambda a, b: np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-12), found, right
            )
