"""Fourier transforms beyond their samples: against their definition, and what they refuse."""

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
import arraygrad.xp as xp
from arraygrad import Variable
from arraygrad.errors import ArgumentError, AxisIndexError

RNG = np.random.default_rng(0)
REAL = RNG.standard_normal((3, 5))
COMPLEX = REAL + 1j * RNG.standard_normal((3, 5))


@pytest.mark.parametrize("norm", ["backward", "ortho", "forward"])
@pytest.mark.parametrize("n", [None, 1, 2, 4, 7])
@pytest.mark.parametrize("axis", [0, -1])
def test_numpy_agrees(norm, n, axis):
    options = {"n": n, "axis": axis, "norm": norm}
    for name, x in (
        ("fft", COMPLEX), ("ifft", COMPLEX), ("rfft", REAL), ("irfft", COMPLEX), ("hfft", COMPLEX),
        ("ihfft", REAL),
    ):  # fmt: skip
        found = getattr(F, name)(Variable(x), **options)
        expected = getattr(np.fft, name)(x, **options)
        np.testing.assert_allclose(found.data, expected, atol=1e-12)
        assert found.data.dtype == expected.dtype
    for name, x in (("fftn", COMPLEX), ("ifftn", COMPLEX), ("rfftn", REAL), ("irfftn", COMPLEX)):
        s = None if n is None else (3, n)
        axes = (1, 0) if axis == 0 else (0, 1)
        found = getattr(F, name)(Variable(x), s=s, axes=axes, norm=norm)
        expected = getattr(np.fft, name)(x, s=s, axes=axes, norm=norm)
        np.testing.assert_allclose(found.data, expected, atol=1e-12)


@pytest.mark.parametrize("length", [4, 5])
def test_gradients_by_parseval(length):
    """The length of a signal is that of its transform, so the gradient is twice the signal."""
    x = RNG.standard_normal(length)

    def size(y):
        return F.sum(F.real(y * F.conj(y)))

    by_all = ag.grad(lambda x: size(F.fft(x, norm="ortho")))
    np.testing.assert_allclose(by_all(x), 2 * x)
    z = x + 1j * x[::-1]
    np.testing.assert_allclose(by_all(z), 2 * z)
    np.testing.assert_allclose(ag.grad(lambda x: size(F.irfft(F.rfft(x), n=length)))(x), 2 * x)


def test_an_inverse_has_the_identity_for_a_jacobian_to_any_order():
    x = Variable(REAL)
    y = F.irfftn(F.rfftn(x), s=x.shape, axes=(0, 1))
    F.sum(y**3).backward(create_graph=True)
    np.testing.assert_allclose(x.grad.data, 3 * REAL**2)
    gx, x.grad = x.grad, None
    F.sum(gx**2).backward(create_graph=True)
    np.testing.assert_allclose(x.grad.data, 36 * REAL**3)


def test_shifts_go_back():
    for axes in (None, 0, (1,), (0, 1)):
        x = Variable(REAL)
        y = F.ifftshift(F.fftshift(x, axes=axes), axes=axes)
        np.testing.assert_array_equal(y.data, REAL)
        F.sum(F.fftshift(x, axes=axes) * COMPLEX.real).backward()
        np.testing.assert_array_equal(x.grad.data, np.fft.ifftshift(REAL, axes=axes))


def test_precision_stays():
    x = Variable(REAL.astype(np.float32))
    y = F.rfft(x)
    assert y.data.dtype == np.complex64
    F.sum(F.irfft(y)).backward()
    assert x.grad.data.dtype == np.float32


def test_standard_names_are_these_ops():
    x = Variable(REAL)
    assert xp.fft.rfft(x, n=4, axis=0).creator is not None
    assert xp.fft.irfftn(xp.fft.rfftn(x)).creator is not None
    assert not xp.fft.fftfreq(4).requires_grad
    with pytest.raises(TypeError):
        xp.fft.rfft(x, 4)


@pytest.mark.parametrize(
    ("call", "error", "text"),
    [
        (lambda: F.fft(COMPLEX, n=0), ArgumentError, "fft: got n = 0"),
        (lambda: F.rfft(REAL, axis=2), AxisIndexError, "rfft: got axis 2 .* expected one from -"),
        (lambda: F.fftn(COMPLEX, axes=(0, 5)), AxisIndexError, "fftn: got axis 5"),
        (lambda: F.ifftn(COMPLEX, s=(2,), axes=(0, 1)), ArgumentError, r"s = \[2\] for axes"),
        (lambda: F.rfftn(np.array(1.0)), AxisIndexError, "rfftn: got no axes"),
        (lambda: F.hfft(COMPLEX, norm="full"), ArgumentError, "hfft: got norm = 'full'"),
        (lambda: F.fft(COMPLEX, norm="full"), ArgumentError, "fft"),
        (lambda: F.irfft(COMPLEX[:, :1]), ArgumentError, "irfft"),
    ],
)
def test_bad_input(call, error, text):
    with pytest.raises(error, match=text):
        call()
