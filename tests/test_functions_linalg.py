"""Linear algebra beyond its samples: what is singular, repeated, empty or arbitrary."""

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
import arraygrad.xp as xp
from arraygrad import Variable
from arraygrad.errors import (
    ArgumentError,
    AxisIndexError,
    DtypeError,
    GradientError,
    MatrixError,
    ShapeError,
)
from arraygrad.op import arr, case, op
from arraygrad.testing import check_op
from arraygrad.testing.places import Place

RNG = np.random.default_rng(0)
PLACES = ["numpy", "strict"]
REAL = RNG.standard_normal((2, 4, 3))
COMPLEX = REAL + 1j * RNG.standard_normal((2, 4, 3))


def adjoint(x):
    return F.conj(x).mT


def positive(x):
    """A positive definite matrix of any one."""
    return x @ adjoint(x) + np.eye(x.shape[-2])


@pytest.mark.parametrize("kind", ["real", "complex"])
@pytest.mark.parametrize("upper", [False, True])
def test_cholesky_of_positive_definite_matrices(kind, upper):
    @op(samples=[case(arr(2, 3, 3, kind=kind))])
    def factor(x):
        """The factor."""
        y = x @ adjoint(x)
        eye = xp.eye(3) if x.dtype == np.float64 else y.detach() * 0 + 1
        return F.cholesky(y + eye, upper=upper)

    check_op(factor, places=["numpy"], dtypes=["float64"]).raise_for_failures()
    a = positive(Variable(COMPLEX if kind == "complex" else REAL))
    y = F.cholesky(a, upper=upper)
    np.testing.assert_allclose((adjoint(y) @ y if upper else y @ adjoint(y)).data, a.data)
    np.testing.assert_array_equal(y.data, np.triu(y.data) if upper else np.tril(y.data))


@pytest.mark.parametrize("function", [F.cholesky, F.eigvalsh, lambda a: F.eigh(a)[0]])
def test_gradients_of_hermitian_functions_are_hermitian(function):
    for x in (REAL, COMPLEX):
        a = Variable(positive(Variable(x)).data)
        y = function(a)
        F.real(F.sum(y * RNG.standard_normal(y.shape))).backward()
        np.testing.assert_allclose(a.grad.data, adjoint(a.grad).data, atol=1e-14)


def differences(f, x, d, step=1e-6):
    return (f(x + step * d) - f(x - step * d)) / (2 * step)


@pytest.mark.parametrize(
    "x",
    [
        np.zeros((3, 3)),
        np.ones((3, 3)),
        np.diag([2.0, 0.0, 0.0]),
        np.diag([2.0, 3.0, 0.0, 0.0]),
        np.array([[1.0, 2.0], [2.0, 4.0]]),
        np.eye(3),
        np.array([[-2.0]]),
        np.zeros((2, 0, 0)),
        np.zeros((0, 2, 2)),
    ],
    ids=str,
)
def test_derivatives_of_det_are_right_for_singular_matrices(x):
    d, e = RNG.standard_normal((2, *x.shape))

    def value(x):
        return float(np.linalg.det(x).sum())

    def gradient(x):
        return ag.grad(lambda x: F.det(x).sum())(x)

    assert np.sum(gradient(x) * d) == pytest.approx(differences(value, x, d), abs=1e-8)
    second = ag.grad(lambda x: (ag.grad(lambda x: F.det(x).sum())(x) * d).sum())(x)
    numeric = differences(lambda x: np.sum(gradient(x) * d), x, e)
    assert np.sum(second * e) == pytest.approx(numeric, abs=1e-7)


@pytest.mark.parametrize("smallest", [1.0, 1e-5, 1e-9, 1e-14, 0.0])
def test_gradients_of_det_have_all_digits_also_near_singular_matrices(smallest):
    rng = np.random.default_rng(0)
    u, _, vh = np.linalg.svd(rng.normal(size=(2, 4, 4)))
    s = np.array([3.0, 2.0, 1.0, smallest])
    others = np.array([2.0, 3.0, 6.0, 6.0]) * np.array([smallest, smallest, smallest, 1.0])
    sign = (np.linalg.det(u) * np.linalg.det(vh))[:, None, None]
    got = ag.grad(lambda x: F.det(x).sum())(u * s @ vh)
    np.testing.assert_allclose(got, sign * (u * others) @ vh, rtol=1e-8, atol=1e-8)


def test_values_that_are_equal_have_right_and_finite_gradients():
    rotation = np.linalg.qr(RNG.standard_normal((3, 3)))[0]
    a = rotation @ np.diag([2.0, 2.0, 5.0]) @ rotation.T
    inverse = np.linalg.inv(a)
    for x in (a, np.eye(3)):
        for function in (F.eigvalsh, F.svdvals):
            gradient = ag.grad(lambda x, f=function: (f(x) ** 3).sum())(x)
            np.testing.assert_allclose(gradient, 3 * x @ x, atol=1e-12)
        gradient = ag.grad(lambda x: F.real(F.sum(F.eigvals(x) ** 3)))(x)
        np.testing.assert_allclose(gradient, 3 * x @ x, atol=1e-12)
    np.testing.assert_allclose(ag.grad(lambda x: F.slogdet(x).logabsdet)(a), inverse, rtol=1e-12)
    nuclear = ag.grad(lambda x: F.matrix_norm(x, ord="nuc"))(np.diag([2.0, 2.0]))
    np.testing.assert_allclose(nuclear, np.eye(2), atol=1e-15)


def test_vectors_of_equal_values_have_no_gradient():
    for of_vectors in (
        lambda x: F.eigh(x).eigenvectors[0, 0],
        lambda x: F.svd(x, full_matrices=False).U[0, 0],
    ):
        with np.errstate(all="ignore"):
            gradient = ag.grad(of_vectors)(np.eye(2))
        assert not np.all(np.isfinite(gradient))


@pytest.mark.parametrize(
    "of_phases",
    [
        lambda x: F.real(F.sum(F.eigh(x + adjoint(x)).eigenvectors)),
        lambda x: F.real(F.sum(F.eig(x).eigenvectors)),
        lambda x: F.real(F.sum(F.svd(x, full_matrices=False).U)),
        lambda x: F.real(F.sum(F.svd(x, full_matrices=False).Vh)),
    ],
)
def test_gradients_of_arbitrary_phases_are_refused(of_phases):
    with pytest.raises(GradientError, match="depends on the phases of"):
        ag.grad(of_phases)(COMPLEX[0, :3])


def test_gradients_of_an_arbitrary_basis_are_refused():
    for function in (lambda x: F.svd(x).U, lambda x: F.qr(x, mode="complete").Q):
        with pytest.raises(GradientError, match="which basis completes"):
            ag.grad(lambda x, f=function: f(x)[0, -1])(REAL[0, :, :2])
    # One column more is decided, but for its sign.
    assert np.all(np.isfinite(ag.grad(lambda x: F.svd(x).U[0, -1])(REAL[0])))


@pytest.mark.parametrize("place", PLACES)
def test_pinv_and_lstsq_of_a_deficient_rank(place):
    @op(samples=[case(arr(4, 2), arr(2, 3))])
    def of_rank_two(a, b):
        """The pseudo-inverse of a product, which has rank 2."""
        return F.pinv(F.matmul(a, b), rtol=1e-3)

    check_op(of_rank_two, places=[place]).raise_for_failures()
    a = np.array([[1.0, 1.0], [1.0, 1.0], [1.0, 1.0]])
    found = F.lstsq(Variable(a), np.array([1.0, 2.0, 6.0]))
    np.testing.assert_allclose(found.x.data, [1.5, 1.5])
    np.testing.assert_allclose(found.residuals.data, 14.0)
    assert int(found.rank) == 1


def test_norms_have_gradient_zero_at_zero():
    for order in (2, 1, 3, 1.5, np.inf):
        x = Variable(np.zeros((2, 3)))
        F.vector_norm(x, axis=1, ord=order).sum().backward(create_graph=True)
        np.testing.assert_array_equal(x.grad.data, np.zeros((2, 3)))
    gradient = ag.grad(lambda x: F.vector_norm(x, ord=3))
    np.testing.assert_allclose(gradient(np.array([0.0, -2.0])), [0.0, -1.0])
    np.testing.assert_array_equal(ag.grad(F.matrix_norm)(np.zeros((2, 2))), np.zeros((2, 2)))
    assert not F.vector_norm(Variable(np.ones(3)), ord=0).requires_grad


@pytest.mark.parametrize("place", PLACES)
def test_matrices_without_elements(place):
    array = Place(place).array
    empty, none = Variable(array(np.zeros((0, 0)))), Variable(array(np.zeros((0, 2, 2))))
    for x in (empty, none):
        results = [F.inv(x), F.cholesky(x), F.det(x), *F.slogdet(x), *F.eigh(x), *F.svd(x)]
        results += [*F.qr(x), F.svdvals(x), F.eigvalsh(x), F.solve(x, x), F.matrix_power(x, 3)]
        F.sum(F.stack([F.sum(y) for y in results])).backward()
        assert x.grad.shape == x.shape
    assert float(F.det(empty)) == 1.0
    assert int(F.matrix_rank(empty)) == 0
    assert F.matrix_rank(none).shape == (0,)


def test_untracked_calls_do_no_more_than_the_library(monkeypatch):
    x = REAL[:, :3]
    monkeypatch.setattr(np.linalg, "svd", None)
    monkeypatch.setattr(np.linalg, "eigh", None)
    assert not F.eigvalsh(x).requires_grad
    with ag.no_grad():
        F.eigvalsh(Variable(x))
    with pytest.raises(TypeError):
        F.eigvalsh(Variable(x))


def test_matrix_power_and_matrix_functions_agree():
    x = Variable(REAL[:, :3])
    np.testing.assert_array_equal(F.matrix_power(x, 0).data, np.stack([np.eye(3)] * 2))
    for n in (-3, 1, 6, 7):
        np.testing.assert_allclose(
            F.matrix_power(x, n).data, np.linalg.matrix_power(x.data, n), rtol=1e-9, atol=1e-9
        )


@pytest.mark.parametrize("order", ["fro", "nuc", 1, -1, 2, -2, np.inf, -np.inf])
def test_norms_of_matrices(order):
    for x in (REAL, COMPLEX):
        for keepdims in (False, True):
            found = F.matrix_norm(Variable(x), ord=order, keepdims=keepdims)
            expected = np.linalg.matrix_norm(x, ord=order, keepdims=keepdims)
            np.testing.assert_allclose(found.data, expected, rtol=1e-12)


def test_standard_names_are_these_ops():
    x = Variable(REAL[:, :3])
    assert type(xp.linalg.svd(x)).__name__ == "SVDResult"
    assert [tuple(vars(t)["_fields"]) for t in map(type, (
        xp.linalg.eigh(x), xp.linalg.eig(x), xp.linalg.qr(x), xp.linalg.slogdet(x),
        xp.linalg.svd(x),
    ))] == [
        ("eigenvalues", "eigenvectors"), ("eigenvalues", "eigenvectors"), ("Q", "R"),
        ("sign", "logabsdet"), ("U", "S", "Vh"),
    ]  # fmt: skip
    assert xp.linalg.solve(x, Variable(np.ones(3))).creator is not None
    assert xp.linalg.matmul(x, x).shape == xp.matmul(x, x).shape


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: F.inv(np.zeros((2, 2))), MatrixError, r"inv: got \(2, 2\) float64: Singular"),
        (lambda: F.solve(np.zeros((2, 2)), np.ones(2)), MatrixError, "solve: got"),
        (lambda: F.cholesky(-np.eye(2)), MatrixError, "expected positive definite matrices"),
        (lambda: F.cholesky(-np.eye(2)), np.linalg.LinAlgError, "cholesky"),
        (lambda: F.svd(np.full((2, 2), np.nan)), MatrixError, "svd: .* expected finite numbers"),
        (lambda: F.inv(np.ones((2, 3))), ShapeError, r"inv: got x of shape \(2, 3\)"),
        (lambda: F.det(np.ones(3)), ShapeError, "det: got x of shape"),
        (lambda: F.eigh(np.ones((2, 2), int)), DtypeError, "eigh: got x of dtype int64"),
        (lambda: F.solve(np.eye(2), np.ones(3)), ShapeError, r"expected x2 of shape \(2,\)"),
        (lambda: F.qr(np.eye(2), mode="r"), ArgumentError, "qr: got mode = 'r'"),
        (lambda: F.outer(np.eye(2), np.ones(2)), ShapeError, "outer: got"),
        (lambda: F.cross(np.ones(2), np.ones(2)), ShapeError, "expected vectors of length 3"),
        (lambda: F.cross(np.ones(3), np.ones(3), axis=0), AxisIndexError, "from -1 to -1"),
        (lambda: F.diagonal(np.ones(3)), ShapeError, "diagonal"),
        (lambda: F.matrix_power(np.eye(2), 0.5), ArgumentError, "n = 0.5"),
        (lambda: F.matrix_norm(np.eye(2), ord=3), ArgumentError, "matrix_norm: got ord = 3"),
        (lambda: F.vector_norm(np.ones(2), ord="fro"), ArgumentError, "ord = 'fro'"),
        (lambda: ag.grad(lambda x: F.slogdet(x)[1])(np.zeros((2, 2))), GradientError, "slogdet"),
        (lambda: ag.grad(lambda x: F.qr(x).R.sum())(np.zeros((2, 2))), GradientError, "qr: the"),
    ],
)
def test_bad_input(call, error, text):
    with np.errstate(all="ignore"), pytest.raises(error, match=text):
        call()
