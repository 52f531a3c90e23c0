"""implicit_root and fixed_point: first and higher derivatives of what a solver finds."""

import importlib.util
import os

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Parameter, Variable, no_grad
from arraygrad.errors import ArgumentError, DtypeError, GradientError, ShapeError

EXTRA = [name for name in os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",") if name]
A = np.array([[3.0, 1.0], [0.5, 2.0]])


def close(x, expected, rtol=1e-9):
    np.testing.assert_allclose(x, expected, rtol=rtol, atol=1e-11)


def residual(x, b):
    return A @ x + x**3 - b


def newton(f, x):
    """Newton's method on plain arrays."""
    slope = ag.jacobian(f)
    for _ in range(50):
        x = x - np.linalg.solve(slope(x), f(Variable(x)).data)
    return x


solved = lambda b: newton(lambda x: residual(x, b), np.zeros(2))
root = ag.implicit_root(residual, solved)
B = np.array([1.0, 2.0])


def test_the_value_is_the_solvers():
    x = root(B)
    assert type(x) is np.ndarray
    close(residual(x, B), 0.0)
    assert isinstance(root(Variable(B)), Variable)
    with no_grad():
        assert not root(Variable(B)).requires_grad


def test_derivatives_in_closed_form():
    x = root(B)
    J = np.linalg.inv(A + np.diag(3 * x**2))
    close(ag.jacrev(root)(B), J)
    close(ag.jacfwd(root)(B), J)
    # d2x/db2: differentiate (A + 3 x^2) J = 1 once more.
    second = np.zeros((2, 2, 2))
    for k in range(2):
        second[:, :, k] = -J @ np.diag(6 * x * J[:, k]) @ J
    for outer in (ag.jacrev, ag.jacfwd):
        for inner in (ag.jacrev, ag.jacfwd):
            close(outer(inner(root))(B), second)
    ag.check_grads(root, (B,), order=3)


def test_square_root_to_fourth_order():
    f = ag.implicit_root(lambda x, a: x * x - a, np.sqrt)
    expected = 4.0**0.5
    for k in range(4):
        close(f(4.0), expected)
        f, expected = ag.grad(f), expected * (0.5 - k) / 4.0


def test_backward_and_closed_over_parameters():
    b = Parameter(B)
    f = ag.implicit_root(lambda x: residual(x, b), lambda: solved(b.data))
    y = f()
    assert isinstance(y, Variable)
    y.sum().backward()
    close(b.grad.data, ag.grad(lambda b: root(b).sum())(B))


def test_scipy_as_the_solver():
    optimize = pytest.importorskip("scipy.optimize")
    f = ag.implicit_root(
        residual, lambda b: optimize.root(lambda x: residual(x, b), np.zeros(2), tol=1e-13).x
    )
    close(ag.jacobian(f)(B), ag.jacobian(root)(B), rtol=1e-8)


def test_containers():
    def f(x, p):
        r = A @ F.concat([x["a"], F.reshape(x["b"], (1,))]) - p["b"] * p["s"]
        return {"a": r[:1], "b": r[1]}

    def solve(p):
        x = np.linalg.solve(A, p["b"] * p["s"])
        return {"a": x[:1], "b": x[1]}

    f = ag.implicit_root(f, solve)
    p = {"b": B, "s": 2.0}
    J = ag.jacobian(f)(p)
    inverse = np.linalg.inv(A)
    close(J["a"]["b"], 2 * inverse[:1])
    close(J["b"]["s"], (inverse @ B)[1])
    ag.check_grads(f, (p,), order=2)


@pytest.mark.parametrize("linear_solve", ["dense", "cg", "own"])
def test_ways_to_solve_the_linear_system(linear_solve):
    X = np.arange(12.0).reshape(4, 3) ** 1.5 / 10
    y = np.array([1.0, -1.0, 2.0, 0.5])

    def cost(w, strength):
        return ((X @ w - y) ** 2).sum() + strength * (w * w).sum()

    ridge = lambda s: np.linalg.solve(X.T @ X + s * np.eye(3), X.T @ y)
    asked = []

    def own(matvec, b):
        asked.append(b.shape)
        return np.linalg.solve(np.stack([matvec(e) for e in np.eye(3)]), b)

    best = ag.implicit_root(
        ag.grad(cost), ridge, linear_solve=own if linear_solve == "own" else linear_solve
    )
    M = np.linalg.inv(X.T @ X + 0.5 * np.eye(3))
    first = -M @ ridge(0.5)
    close(ag.jacrev(best)(0.5), first)
    close(ag.jacfwd(best)(0.5), first)
    close(ag.jacobian(ag.jacobian(best))(0.5), -2 * M @ first, rtol=1e-7)
    assert bool(asked) == (linear_solve == "own")


def test_what_implicit_root_refuses():
    with pytest.raises(ArgumentError, match="linear_solve='magic'"):
        ag.implicit_root(residual, solved, "magic")
    bad = ag.implicit_root(lambda x, b: F.sum(x - b), solved)
    with pytest.raises(ShapeError, match=r"implicit_root\(<lambda>\).*one equation"):
        bad(B)
    bad = ag.implicit_root(lambda x, b: [x - b], lambda b: b)
    with pytest.raises(ArgumentError, match=r"structure \[\*\], expected \*"):
        bad(B)
    for result in (np.arange(2), np.ones(2) * 1j):
        bad = ag.implicit_root(lambda x, b: x - b, lambda b, r=result: r)
        with pytest.raises(DtypeError, match=r"solver returned dtype.*floating"):
            bad(B)
    singular = ag.implicit_root(lambda x, b: x * 0.0 + b * 0.0, lambda b: b)
    with pytest.raises(GradientError, match=r"singular df/dx.*inverted"):
        ag.jacobian(singular)(B)
    bad = ag.implicit_root(residual, solved, lambda matvec, b: b[:1])
    with pytest.raises(ShapeError, match=r"linear_solve returned \(1,\).*\(2,\)"):
        ag.jacobian(bad)(B)
    zero = ag.implicit_root(lambda x, b: x * 0.0 + b * 0.0, lambda b: b, "cg")
    with pytest.raises(GradientError, match=r"conjugate gradients.*definite"):
        ag.jacobian(zero)(B)


# -- fixed points


def test_a_fixed_point():
    f = ag.fixed_point(lambda x, a: F.cos(a * x), 0.5)
    x = float(f(1.0))
    assert x == pytest.approx(0.7390851332151607, rel=1e-14)
    s = np.sin(x)
    assert float(ag.grad(f)(1.0)) == pytest.approx(-x * s / (1 + s), rel=1e-12)
    ag.check_grads(f, (0.9,), order=3)
    assert float(ag.jvp(f, (1.0,), (2.0,))[1]) == pytest.approx(-2 * x * s / (1 + s), rel=1e-12)


def test_a_fixed_point_in_containers():
    def step(x, a):
        return {"p": F.cos(a * x["p"]) * 0.5 + F.sum(x["q"]) * 0.1, "q": F.sin(x["p"] + x["q"] * a)
                * np.array([0.1, 0.2])}  # fmt: skip

    f = ag.fixed_point(step, {"p": 0.1, "q": np.zeros(2)})
    x = f(0.7)
    close(step(x, 0.7)["q"].data, x["q"])
    ag.check_grads(f, (0.7,), order=2)


def test_what_fixed_point_refuses():
    with pytest.raises(GradientError, match=r"fixed_point\(<lambda>\).*step 1000.*contract"):
        ag.fixed_point(lambda x, a: 1.0 - x * a, 0.1)(1.0)
    with pytest.raises(GradientError, match="step 5"):
        ag.fixed_point(lambda x: F.cos(x), 0.1, limit=5)()
    assert float(ag.fixed_point(lambda x: F.cos(x), 0.1, tol=0.1)()) == pytest.approx(0.73, abs=0.1)
    with pytest.raises(DtypeError, match=r"fixed_point.*int64"):
        ag.fixed_point(lambda x, a: x, np.arange(2))(1.0)


@pytest.mark.parametrize("name", ["array_api_strict", "torch", "jax"])
def test_libraries(name):
    if name != "array_api_strict" and (name not in EXTRA or not importlib.util.find_spec(name)):
        pytest.skip(f"ARRAYGRAD_TEST_BACKENDS does not name {name}")
    library = ag.get_backend(name)
    x = library.asarray(np.array([1.0, 4.0], np.float32))
    f = ag.implicit_root(lambda x, a: x * x - a, library.xp.sqrt)
    g = ag.grad(lambda a: F.sum(f(a)))(x)
    assert (type(g), g.dtype) == (type(x), x.dtype)
    np.testing.assert_allclose(library.to_numpy(g), [0.5, 0.25], rtol=1e-6)
    f = ag.fixed_point(lambda x, a: (x + a / x) * 0.5, library.asarray(np.ones(2, np.float32)))
    g = ag.grad(lambda a: F.sum(f(a)))(x)
    np.testing.assert_allclose(library.to_numpy(g), [0.5, 0.25], rtol=1e-5)
