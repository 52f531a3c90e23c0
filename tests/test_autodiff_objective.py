"""scipy_objective, with SciPy's optimizers."""

import importlib.util
import os

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable
from arraygrad.errors import DtypeError, GradientError, MixedBackendError, ShapeError

optimize = pytest.importorskip("scipy.optimize")
EXTRA = [name for name in os.environ.get("ARRAYGRAD_TEST_BACKENDS", "").split(",") if name]


def rosenbrock(x):
    return (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum()


START = np.array([-1.2, 1.0, 0.8, -0.5])


@pytest.mark.parametrize(
    ("method", "needs"),
    [("BFGS", ""), ("L-BFGS-B", ""), ("CG", ""), ("SLSQP", ""), ("Newton-CG", "hessp"),
     ("trust-ncg", "hessp"), ("trust-ncg", "hess"), ("trust-krylov", "hessp"),
     ("trust-exact", "hess"), ("dogleg", "hess"), ("trust-constr", "hess")],
)  # fmt: skip
def test_methods(method, needs):
    fun = ag.scipy_objective(rosenbrock)
    more = {needs: getattr(fun, needs)} if needs else {}
    # dogleg needs a convex place, and in the valley is another minimum.
    start = np.full(4, 1.1) if method == "dogleg" else np.array([1.3, 0.7, 0.8, 1.9])
    result = optimize.minimize(
        fun, start, jac=True, method=method, options={"maxiter": 500}, **more
    )
    np.testing.assert_allclose(result.x, np.ones(4), rtol=2e-3)


def test_numbers_are_those_of_scipy():
    fun = ag.scipy_objective(rosenbrock)
    value, g = fun(START)
    assert type(value) is float
    assert value == pytest.approx(optimize.rosen(START), rel=1e-14)
    for found, expected in (
        (g, optimize.rosen_der(START)),
        (fun.hess(START), optimize.rosen_hess(START)),
        (fun.hessp(START, np.ones(4)), optimize.rosen_hess_prod(START, np.ones(4))),
    ):
        assert (type(found), found.dtype) == (np.ndarray, np.float64)
        np.testing.assert_allclose(found, expected, rtol=1e-12)


def test_one_number_of_any_shape():
    assert ag.scipy_objective(lambda x: (x * x)[:1])(np.array([3.0]))[0] == 9.0
    assert ag.scipy_objective(lambda x: 5.0)(np.array([3.0]))[1].tolist() == [0.0]


def test_the_gradients_graph_is_kept_for_products_at_one_place():
    calls = []

    def f(x, scale=1.0):
        calls.append(scale)
        return (x**3).sum() * scale

    fun = ag.scipy_objective(f)
    for v in np.eye(4):
        fun.hessp(START, v)
    fun.hess(START)
    assert calls == [1.0]
    np.testing.assert_allclose(fun.hess(2 * START), np.diag(12 * START))
    np.testing.assert_allclose(fun.hess(2 * START, 3.0), np.diag(36 * START))
    assert calls == [1.0, 1.0, 3.0]


def test_containers_and_more_arguments():
    like = {"w": np.zeros((2, 2), np.float32), "b": [0.5]}

    def f(p, target):
        assert p["w"].dtype == np.float32
        return ((p["w"] - target) ** 2).sum() + (p["b"][0] - 3.0) ** 4

    fun = ag.scipy_objective(f, like)
    assert fun.x0.tolist() == [0, 0, 0, 0, 0.5]
    target = np.array([[1, 2], [3, 4]], np.float32)
    result = optimize.minimize(fun, fun.x0, args=(target,), jac=True, hess=fun.hess,
                               method="trust-exact", tol=1e-4)  # fmt: skip
    found = fun.unravel(result.x)
    np.testing.assert_allclose(found["w"], target, rtol=1e-3)
    assert found["b"][0] == pytest.approx(3.0, abs=0.05)
    assert found["w"].dtype == np.float32
    value, g = fun(fun.x0, target)
    assert (value, g.dtype) == (30 + 2.5**4, np.float64)
    assert fun.hess(fun.x0, target).dtype == np.float64
    np.testing.assert_array_equal(fun.ravel(fun.unravel(np.arange(5.0))), np.arange(5.0))


def test_constraints_have_jacobians():
    # The nearest point to the origin on the plane a @ x = 1 ...
    a = np.array([1.0, 2.0, 2.0])
    plane = lambda x: F.sum(a * x) - 1.0
    fun = ag.scipy_objective(lambda x: (x * x).sum())
    found = optimize.minimize(
        fun, np.ones(3), jac=True, method="SLSQP",
        constraints={"type": "eq", "fun": lambda x: plane(Variable(x)).data,
                     "jac": ag.jacobian(plane)},
    )  # fmt: skip
    np.testing.assert_allclose(found.x, a / 9, rtol=1e-6)
    # ... and on a sphere around (2, 2, 2), with trust-constr.
    sphere = lambda x: ((x - 2.0) ** 2).sum()
    constraint = optimize.NonlinearConstraint(
        lambda x: sphere(Variable(x)).item(), 1.0, 1.0, jac=ag.grad(sphere),
        hess=lambda x, v: v[0] * ag.hessian(sphere)(x),
    )  # fmt: skip
    found = optimize.minimize(fun, np.full(3, 1.3), jac=True, hess=fun.hess,
                              method="trust-constr", constraints=[constraint])  # fmt: skip
    np.testing.assert_allclose(found.x, np.full(3, 2 - 1 / np.sqrt(3)), rtol=1e-5)


def test_least_squares_and_root_take_jacobians():
    residuals = lambda x: x**2 - np.array([2.0, 3.0])
    jac = ag.jacobian(residuals)
    found = optimize.least_squares(residuals, np.ones(2), jac=jac)
    np.testing.assert_allclose(found.x, np.sqrt([2, 3]), rtol=1e-8)
    np.testing.assert_allclose(
        optimize.root(residuals, np.ones(2), jac=jac).x, np.sqrt([2, 3]), rtol=1e-10
    )


def test_what_is_refused():
    with pytest.raises(ShapeError, match=r"\(4,\).*one number"):
        ag.scipy_objective(lambda x: x * 2.0)(START)
    with pytest.raises(ShapeError, match=r"scipy_objective\(rosenbrock\).*\(4,\).*\(3,\)"):
        ag.scipy_objective(rosenbrock, np.ones(3))(START)
    with pytest.raises(DtypeError, match=r"scipy_objective\(rosenbrock\).*int64.*float"):
        ag.scipy_objective(rosenbrock, np.arange(3))
    with pytest.raises(DtypeError, match=r"scipy_objective\(rosenbrock\).*complex128"):
        ag.scipy_objective(rosenbrock, np.ones(3) * 1j)
    with pytest.raises(GradientError, match="returned str"):
        ag.scipy_objective(lambda x: "text")(START)


@pytest.mark.parametrize("name", ["array_api_strict", "torch", "jax"])
def test_libraries(name):
    if name != "array_api_strict" and (name not in EXTRA or not importlib.util.find_spec(name)):
        pytest.skip(f"ARRAYGRAD_TEST_BACKENDS does not name {name}")
    library = ag.get_backend(name)
    like = library.asarray(START.astype(np.float32))

    def f(x):
        assert type(x.data) is type(like)
        return rosenbrock(x)

    fun = ag.scipy_objective(f, like)
    value, g = fun(fun.x0)
    assert (type(value), type(g), g.dtype) == (float, np.ndarray, np.float64)
    np.testing.assert_allclose(g, optimize.rosen_der(fun.x0), rtol=1e-4)
    np.testing.assert_allclose(fun.hess(fun.x0), optimize.rosen_hess(fun.x0), rtol=1e-4)
    assert type(fun.unravel(fun.x0)) is type(like)
    with pytest.raises(MixedBackendError):
        ag.scipy_objective(lambda x: (x * np.ones(4)).sum(), like)(fun.x0)
