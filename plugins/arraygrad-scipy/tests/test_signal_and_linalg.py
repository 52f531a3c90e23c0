"""Convolutions, filters and matrices beyond the samples: sizes, words, errors, other libraries."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable
from arraygrad.errors import ArgumentError, AxisIndexError, DtypeError, MatrixError, ShapeError
from arraygrad_scipy.exponential import expm
from arraygrad_scipy.filters import _all_pole

signal: Any = pytest.importorskip("scipy.signal")
scipy_linalg: Any = pytest.importorskip("scipy.linalg")
RNG = np.random.default_rng(0)


@pytest.mark.parametrize("name", ["convolve", "correlate"])
@pytest.mark.parametrize("mode", ["full", "same", "valid"])
@pytest.mark.parametrize("method", ["direct", "fft", "auto"])
def test_every_mode_and_method_is_scipys(name: str, mode: str, method: str) -> None:
    for n, k in [
        ((40,), (7,)),
        ((7,), (40,)),
        ((9, 8), (4, 3)),
        ((3, 4), (5, 4)),
        ((5, 4, 3), (2,) * 3),
    ]:
        x, h = RNG.normal(size=n), RNG.normal(size=k) + 1j * RNG.normal(size=k)
        for window in (h.real, h):
            theirs = getattr(signal, name)(x, window, mode, method)
            ours = getattr(F, name)(x, window, mode, method)
            np.testing.assert_allclose(ours.data, theirs, atol=1e-12)


def test_gradients_of_both_methods_are_equal() -> None:
    x, h, w = RNG.normal(size=300), RNG.normal(size=40), RNG.normal(size=261)

    def loss(x: Any, h: Any, method: str) -> Any:
        return (F.convolve(x, h, "valid", method) ** 2 * w).sum()

    direct, fft = (ag.grad(loss, (0, 1))(x, h, m) for m in ("direct", "fft"))
    for a, b in zip(direct, fft, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-10, atol=1e-10)


def test_a_recursive_filter_in_blocks_is_the_one_in_c() -> None:
    a = np.array([-1.6, 0.9, -0.1])
    x = RNG.normal(size=(2, 501))
    blocks = _all_pole.definition.forward(x, a, xp=np)
    np.testing.assert_allclose(blocks, signal.lfilter([1.0], [1.0, *a], x), rtol=1e-10, atol=1e-10)


def test_a_filter_in_two_parts_is_the_filter() -> None:
    b, a = signal.butter(3, 0.2)
    x = RNG.normal(size=50)
    first, state = F.lfilter(b, a, x[:20], zi=np.zeros(3))
    second, _ = F.lfilter(b, a, x[20:], zi=state)
    whole = F.lfilter(b, a, x).data
    np.testing.assert_allclose(np.concatenate([first.data, second.data]), whole, atol=1e-12)
    short, left = F.lfilter(b, a, x[:2], zi=np.ones(3))  # shorter than the state
    theirs = signal.lfilter(b, a, x[:2], zi=np.ones(3))
    np.testing.assert_allclose(short.data, theirs[0])
    np.testing.assert_allclose(left.data, theirs[1])


def test_expm_at_every_size_of_norm() -> None:
    for scale in (1e-3, 0.05, 0.3, 0.8, 2.0, 8.0, 60.0):
        A = RNG.normal(size=(6, 6)) * (scale / 6)
        E = RNG.normal(size=(6, 6))
        value, push = ag.jvp(expm, (A,), (E,))
        theirs, frechet = scipy_linalg.expm_frechet(A, E)
        np.testing.assert_allclose(value, theirs, rtol=1e-11, atol=1e-11 * np.abs(theirs).max())
        np.testing.assert_allclose(push, frechet, rtol=1e-10, atol=1e-11 * np.abs(frechet).max())
    stack = RNG.normal(size=(3, 4, 4)) * np.array([0.1, 3.0, 40.0])[:, None, None]
    for got, A in zip(expm(stack).data, stack, strict=True):
        np.testing.assert_allclose(got, scipy_linalg.expm(A), rtol=1e-10)


def test_a_system_is_solved_through_its_cholesky_factor() -> None:
    A = RNG.normal(size=(4, 4))
    A, b = A @ A.T + np.eye(4), RNG.normal(size=4)

    def through(A: Any, b: Any) -> Any:
        return (F.cho_solve(F.cho_factor(A, True), b) ** 2).sum()

    got = ag.grad(through, (0, 1))(A, b)
    right = ag.grad(lambda A, b: (F.solve(A, b) ** 2).sum(), (0, 1))(A, b)
    np.testing.assert_allclose(got[0], (right[0] + right[0].T) / 2, rtol=1e-9)
    np.testing.assert_allclose(got[1], right[1], rtol=1e-9)


def test_moving_sums_keep_the_digits_that_running_sums_lose() -> None:
    x = np.array([1e16, 1.0, 1.0, 1.0, 1.0])
    assert F.moving_sum(x, 2).data.tolist() == [1e16, 2.0, 2.0, 2.0]
    for window in range(1, 14):
        x = RNG.normal(size=13)
        right = np.convolve(x, np.ones(window), "valid")
        np.testing.assert_allclose(F.moving_sum(x, window).data, right, atol=1e-13)


X = np.arange(4.0)
WRONG = [
    (lambda: F.convolve(X, X, "ful"), ArgumentError, "'ful'"),
    (lambda: F.convolve(X, X, method="quick"), ArgumentError, "'quick'"),
    (lambda: F.convolve(X, np.ones((2, 2))), ShapeError, "same number of axes"),
    (lambda: F.convolve(np.ones((2, 4)), np.ones((3, 2)), "valid"), ShapeError, "'same' or 'full'"),
    (lambda: F.correlate(X, np.ones(0)), ShapeError, "elements"),
    (lambda: F.convolve(X, np.array([1, 2])), DtypeError, "astype"),
    (lambda: F.fftconvolve(X, X, axes=2), AxisIndexError, "axis = 2"),
    (lambda: F.lfilter([1.0], [0.0, 1.0], X), ArgumentError, "a.0. = 0"),
    (lambda: F.lfilter([1.0], [1.0, 1.0], X, zi=np.ones(3)), ShapeError, r"expected \(1,\)"),
    (lambda: F.savgol_filter(X, 3, 3), ArgumentError, "polyorder"),
    (lambda: F.gaussian_filter1d(X, 0.0), ArgumentError, "above 0"),
    (lambda: F.gaussian_filter1d(X, 1.0, mode="miror"), ArgumentError, "'mirror'"),
    (lambda: F.moving_sum(X, 5), ArgumentError, "from 1 to 4"),
    (lambda: F.interp(X, [0.0, 2.0, 1.0], [0.0, 1.0, 2.0]), ArgumentError, "increase"),
    (lambda: F.interp(X, [0.0, 2.0], [0.0]), ShapeError, "knots"),
    (lambda: F.cubic_spline(X, X[:3], X), ShapeError, "4 values along axis 0"),
    (lambda: F.cubic_spline(X, X, X, bc_type="free"), ArgumentError, "'free'"),
    (lambda: F.cubic_spline(X, X, X, bc_type="periodic"), ArgumentError, "'periodic'"),
    (lambda: F.map_coordinates(X, np.ones((1, 2)), order=3), ArgumentError, "linear"),
    (lambda: F.expm(np.ones((2, 3))), ShapeError, "square"),
    (lambda: F.expm(np.full((2, 2), np.nan)), MatrixError, "finite"),
    (lambda: F.solve_triangular(np.zeros((2, 2)), np.ones(2)), MatrixError, "diagonal"),
    (lambda: F.solve_triangular(np.eye(2), np.ones(3)), ShapeError, r"\(2,\)"),
    (lambda: F.solve_triangular(np.eye(2), np.ones(2), "H"), ArgumentError, "'H'"),
    (lambda: F.cho_solve(np.eye(2), np.ones(2)), ArgumentError, "pair"),
    (lambda: F.matmul_toeplitz(X, np.ones(3)), ShapeError, "expected"),
    (lambda: F.block_diag(), ShapeError, "one matrix or more"),
]


@pytest.mark.parametrize(("call", "error", "says"), WRONG, ids=[str(i) for i in range(len(WRONG))])
def test_errors_say_what_was_expected(call: Any, error: type, says: str) -> None:
    with pytest.raises(error, match=says):
        call()


def test_expm_is_traced_by_jax() -> None:
    jax = pytest.importorskip("jax")
    pytest.importorskip("arraygrad_jax")
    A = np.array([[0.1, 1.0], [-3.0, 0.4]], np.float32)
    jitted = jax.jit(lambda A: ag.grad(lambda A: expm(A).sum())(A))
    right = ag.grad(lambda A: expm(A).sum())(A)
    np.testing.assert_allclose(np.asarray(jitted(A)), right, rtol=1e-4)


def test_a_filter_on_pytorch() -> None:
    torch = pytest.importorskip("torch")
    pytest.importorskip("arraygrad_torch")
    x = RNG.normal(size=30)

    def loss(x: Any, b: Any) -> Any:
        return (F.lfilter(b, [1.0, -0.7], F.convolve(x, b)) ** 2).sum()

    b = np.array([0.3, 0.2])
    on_numpy = ag.grad(loss, (0, 1))(x, b)
    on_torch = ag.grad(loss, (0, 1))(torch.asarray(x), torch.asarray(b))
    for a, t in zip(on_numpy, on_torch, strict=True):
        np.testing.assert_allclose(t.numpy(), a, rtol=1e-10)
    assert isinstance(
        F.lfilter([0.3, 0.2], [1.0, -0.7], Variable(torch.asarray(x))).data, torch.Tensor
    )


def test_examples_start_right() -> None:
    from importlib.util import module_from_spec, spec_from_file_location
    from pathlib import Path

    def loaded(name: str) -> Any:
        path = Path(__file__).parents[1] / "examples" / f"{name}.py"
        spec: Any = spec_from_file_location(name, path)
        module = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    fit = loaded("prey_and_predators")
    value, slope = ag.value_and_grad(fit.misfit)(fit.START)
    assert 0.1 < value < 20
    e = 1e-4
    moved = float(fit.misfit({**fit.START, "birth": fit.START["birth"] + e}).data)
    np.testing.assert_allclose((moved - value) / e, slope["birth"], rtol=0.02)
    sharp = loaded("deconvolution")
    y = sharp.measured()
    assert ag.grad(sharp.misfit)(y, y).shape == y.shape
