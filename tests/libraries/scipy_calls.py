"""Calls of SciPy but for scipy.special and scipy.stats."""

# ruff: noqa: F401  (what is imported is for the texts of the calls)
from __future__ import annotations

import numpy as np
import scipy.cluster.hierarchy as hierarchy
import scipy.cluster.vq as vq
import scipy.constants as constants
import scipy.differentiate as differentiate
import scipy.fft as fft
import scipy.integrate as integrate
import scipy.interpolate as interpolate
import scipy.linalg as linalg
import scipy.ndimage as ndimage
import scipy.optimize as optimize
import scipy.signal as signal
import scipy.spatial.distance as distance
import scipy.spatial.transform as transform
from scipy.optimize import elementwise
from scipy.signal import windows
from scipy.stats import qmc
from table import Area, complex_, fixed, given, increasing, normal, positive, still, uniform

R, T, Slerp = transform.Rotation, transform.RigidTransform, transform.Slerp


def namespace(x):
    return x.__array_namespace__()


def sos(c):
    """Filters in sections of second order, from their coefficients but for the one that is 1."""
    xp = namespace(c)
    return xp.concat([c[:, :3], xp.ones_like(c[:, :1]), c[:, 3:]], axis=1)


COEFFICIENTS = given([[0.9, 0.5, 1.1, 0.3, 0.2], [1.2, 0.4, 0.6, 0.1, 0.4]])

# -- integrals

call = integrals = Area("scipy.integrate", globals())
call("integrate.trapezoid(y, dx=0.1)", y=normal(6))
call("integrate.trapezoid(y, x)", y=normal(6), x=increasing(6), chosen=True)
call("integrate.trapezoid(y, x, axis=0)", y=normal(6, 2), x=increasing(6))
call("integrate.cumulative_trapezoid(y, x)", y=normal(6), x=increasing(6))
call("integrate.cumulative_trapezoid(y, dx=0.2, initial=0)", y=normal(3, 6))
call("integrate.cumulative_simpson(y, dx=0.1)", y=normal(7), chosen=True)
call("integrate.cumulative_simpson(y, x=x)", y=normal(7), x=increasing(7))
call("integrate.simpson(y, x)", y=normal(7), x=increasing(7))
call("integrate.romb(y)", y=normal(9))
call("integrate.romb(y, dx=0.1, axis=0)", y=normal(9, 2))
call("integrate.fixed_quad(lambda t: namespace(a).exp(-a * t), 0, 1)[0]", a=positive())
call("integrate.quad(lambda t: namespace(a).exp(-a * t), 0, 1)[0]", a=positive())
call("integrate.quad_vec(lambda t: a * t, 0, 1)[0]", a=positive(3))
call(
    "integrate.tanhsinh(lambda t, a: namespace(t).exp(-a * t * t), lo, hi, args=(a,)).integral",
    lo=uniform(-0.5, 0, 3), hi=uniform(1, 2, 3), a=positive(3), chosen=True, rtol=1e-4,
)  # fmt: skip
call(
    "integrate.tanhsinh(lambda t, a: namespace(t).exp(-a * t), lo, lo + np.inf, args=(a,))"
    ".integral",
    lo=uniform(0, 0.5, 2), a=positive(2), rtol=1e-4,
)  # fmt: skip
call(
    "integrate.tanhsinh(lambda t, a: -a * t, lo, hi, args=(a,), log=True).integral",
    lo=uniform(0, 0.5, 2), hi=uniform(1, 2, 2), a=positive(2), rtol=1e-4,
)  # fmt: skip
call("integrate.nsum(lambda k, a: 1 / (k * k + a), lo, hi, args=(a,)).sum",
     lo=fixed([1.0, 2.0]), hi=fixed([5.0, 9.0]), a=positive(2))  # fmt: skip
call("integrate.nsum(lambda k, a: 1 / (k * k + a), lo, hi, args=(a,)).sum",
     lo=fixed([1.0]), hi=fixed([np.inf]), a=positive(1), rtol=1e-4)  # fmt: skip
call(
    "integrate.cubature(lambda t, a: namespace(t).exp(-namespace(t).sum(t * t, axis=-1) * a), "
    "lo, hi, args=(a,)).estimate",
    lo=still(uniform(0, 0.1, 2)), hi=still(uniform(1, 1.5, 2)), a=positive(),
)  # fmt: skip
call(
    "integrate.cubature(lambda t, a: namespace(t).exp(-namespace(t).sum(t * t, axis=-1) * a), "
    "lo, hi, args=(a,)).estimate",
    lo=uniform(0, 0.1, 2), hi=uniform(1, 1.5, 2), a=positive(),
)  # fmt: skip
call(
    "integrate.qmc_quad(lambda t: namespace(t).sum(t * t, axis=0), lo, hi, n_points=16, "
    "qrng=qmc.Halton(2, seed=1)).integral",
    lo=uniform(0, 0.1, 2), hi=uniform(1, 1.5, 2),
)  # fmt: skip
call("integrate.solve_ivp(lambda t, y: -y, (0, 1), y).y", y=normal(2))

# -- optimization and derivatives

call = optimization = Area("scipy.optimize, scipy.differentiate", globals())
call("optimize.rosen(x)", x=normal(4), chosen=True)
call("optimize.rosen_der(x)", x=normal(4))
call("optimize.rosen_hess(x)", x=normal(4))
call("optimize.rosen_hess_prod(x, p)", x=normal(4), p=normal(4))
call(
    "elementwise.find_root(lambda t, a: t * t * t + t - a, (lo, hi), args=(a,)).x",
    lo=fixed([-3.0, -3.0]), hi=fixed([3.0, 3.0]), a=normal(2),
)  # fmt: skip
call(
    "elementwise.find_minimum(lambda t, a: (t - a) ** 2 + t ** 4, (lo, mid, hi), args=(a,)).f_x",
    lo=fixed([-3.0, -3.0]), mid=fixed([0.1, 0.1]), hi=fixed([3.0, 3.0]), a=normal(2), rtol=1e-4,
)  # fmt: skip
call(
    "elementwise.bracket_root(lambda t, a: t - a, lo, args=(a,)).bracket",
    lo=given([-1.3, -1.4]), a=positive(2),
)  # fmt: skip
call(
    "elementwise.bracket_root(lambda t, a: t - a, lo, args=(a,)).f_bracket",
    lo=given([-1.3, -1.4]), a=positive(2),
)  # fmt: skip
call(
    "elementwise.bracket_minimum(lambda t, a: (t - a) ** 2, lo, args=(a,)).f_bracket",
    lo=given([-1.3, -1.4]), a=positive(2),
)  # fmt: skip
call("differentiate.derivative(lambda t, a: namespace(t).exp(a * t), x, args=(a,)).df",
     x=normal(3), a=normal(3), rtol=1e-4, chosen=True)  # fmt: skip
call("differentiate.jacobian(lambda x: namespace(x).stack([x[0] * x[1], x[1] ** 3]), x).df",
     x=normal(2), rtol=1e-4)  # fmt: skip
call("differentiate.hessian(lambda x: x[0] ** 2 * x[1] + x[1] ** 3, x).ddf",
     x=positive(2), rtol=1e-3)  # fmt: skip
call("optimize.minimize(lambda x: namespace(x).sum((x - a) ** 2), a * 0).x", a=normal(2))
call("optimize.root_scalar(lambda t: t ** 3 - a, bracket=(0, 3)).root", a=positive())
call("optimize.approx_fprime(x, lambda x: namespace(x).sum(x * x))", x=normal(3))
call("optimize.linear_sum_assignment(x)", x=normal(3, 3))
call("optimize.nnls(A, b)[0]", A=positive(3, 2), b=positive(3))
call("optimize.lsq_linear(A, b).x", A=positive(3, 2), b=positive(3))

# -- signals

call = signals = Area("scipy.signal", globals())
call("signal.fftconvolve(x, k)", x=normal(8), k=normal(3), chosen=True)
call("signal.fftconvolve(x, k, mode='same')", x=normal(8), k=normal(3))
call("signal.fftconvolve(x, k, mode='valid', axes=1)", x=normal(2, 8), k=normal(2, 3))
call("signal.fftconvolve(x, k)", x=complex_(8), k=complex_(3))
call("signal.oaconvolve(x, k)", x=normal(60), k=normal(3), chosen=True)
call("signal.oaconvolve(x, k, mode='same', axes=1)", x=normal(2, 60), k=normal(2, 3))
call("signal.convolve(x, k)", x=normal(8), k=normal(3))
call("signal.convolve(x, k, method='fft')", x=normal(8), k=normal(3))
call("signal.correlate(x, k, method='fft')", x=normal(8), k=normal(3))
call("signal.convolve2d(x, k)", x=normal(4, 4), k=normal(2, 2))
call("signal.correlate2d(x, k)", x=normal(4, 4), k=normal(2, 2))
call("signal.deconvolve(x, k)", x=normal(8), k=normal(3))
call("namespace(x).real(signal.hilbert(x))", x=normal(8))
call("namespace(x).abs(signal.hilbert(x))", x=normal(8), chosen=True)
call("namespace(x).abs(signal.hilbert2(x))", x=normal(4, 4))
call("signal.envelope(x, (1, 3))", x=normal(12))
call("signal.resample(x, 12)", x=normal(8))
call("signal.resample(x, 6, window='hann')", x=normal(8))
call("signal.resample_poly(x, 2, 3)", x=normal(9))
call("signal.upfirdn(k, x, 2)", x=normal(8), k=normal(3))
call("signal.detrend(x)", x=normal(8))
call("signal.detrend(x, type='constant')", x=normal(8))
call("namespace(b).abs(signal.freqz(b, a, worN=w)[1])",
     b=normal(3), a=positive(3), w=fixed(np.linspace(0.1, 3, 5)))  # fmt: skip
call("namespace(b).abs(signal.freqz(b, worN=w)[1])",
     b=normal(3), w=given(np.linspace(0.1, 3, 5)))  # fmt: skip
call("namespace(b).abs(signal.freqz(b, worN=8)[1])", b=normal(3))
call("namespace(c).abs(signal.freqz_sos(sos(c), worN=w)[1])",
     c=COEFFICIENTS, w=fixed(np.linspace(0.1, 3, 5)))  # fmt: skip
call("namespace(z).abs(signal.freqz_zpk(z, p, 1.3, worN=w)[1])",
     z=normal(2), p=normal(2), w=fixed(np.linspace(0.1, 3, 5)))  # fmt: skip
call("namespace(b).abs(signal.freqs(b, a, worN=w)[1])",
     b=normal(3), a=positive(3), w=fixed(np.linspace(0.1, 3, 5)))  # fmt: skip
call("signal.firwin(7, c)", c=given([0.31, 0.62]))
call("signal.firwin2(7, f, g)", f=fixed([0.0, 0.4, 1.0]), g=positive(3))
call("signal.lfilter(b, a, x)", b=normal(3), a=positive(3), x=normal(8))
call("signal.lfilter_zi(b, a)", b=normal(3), a=positive(3))
call("signal.lfiltic(b, a, y)", b=normal(3), a=positive(3), y=normal(3))
call("signal.filtfilt(b, a, x)", b=normal(2), a=positive(2), x=normal(20))
call("signal.sosfilt(sos(c), x)", c=COEFFICIENTS, x=normal(8))
call("signal.sosfilt_zi(sos(c))", c=COEFFICIENTS)
call("signal.savgol_filter(x, 5, 2)", x=normal(12))
call("signal.medfilt(x)", x=normal(8))
call("signal.wiener(x, 3)", x=normal(8))
call("signal.order_filter(x, d, 1)", x=normal(8), d=fixed(np.ones(3)))
call("signal.decimate(x, 2)", x=normal(40))
call("signal.periodogram(x)[1]", x=normal(16))
call("signal.welch(x, nperseg=8)[1]", x=normal(16))
call("signal.csd(x, y, nperseg=8)[1]", x=normal(16), y=normal(16))
call("signal.stft(x, nperseg=8)[2]", x=normal(16))
call("signal.spectrogram(x, nperseg=8)[2]", x=normal(16))
call("signal.lombscargle(t, y, w)", t=increasing(6), y=normal(6), w=positive(4))
call("signal.vectorstrength(t, 1.7)", t=increasing(6))
call("signal.gauss_spline(x, 3)", x=normal(6))
call("signal.cspline1d(x)", x=normal(8))
call("signal.qspline1d(x)", x=normal(8))
call("signal.zpk2tf(z, p, 1.5)", z=normal(2), p=normal(2))
call("signal.zpk2sos(z, p, 1.5)", z=normal(2), p=normal(2))
# Of poles and zeros, which come in any order, a sum.
call(
    "namespace(b).sum(namespace(b).abs(signal.tf2zpk(b, a)[1]) ** 2)",
    b=normal(3),
    a=given([1.0, -0.9, 0.14]),
)
call("signal.tf2ss(b, a)[0]", b=normal(3), a=positive(3))
call("signal.tf2sos(b, a)", b=normal(3), a=given([1.0, -0.9, 0.14]))
call("signal.sos2tf(sos(c))", c=COEFFICIENTS)
call("namespace(c).sum(namespace(c).abs(signal.sos2zpk(sos(c))[0]) ** 2)", c=COEFFICIENTS)
call("signal.normalize(b, a)", b=normal(3), a=positive(3))
call("signal.bilinear(b, a)", b=normal(3), a=positive(3))
call("signal.bilinear_zpk(z, p, 1.5, 1.0)", z=normal(2), p=normal(2))
call("signal.lp2lp(b, a, 1.4)", b=normal(3), a=positive(3))
call("signal.lp2hp(b, a, 1.4)", b=normal(3), a=positive(3))
call("signal.lp2bp(b, a, 1.4)", b=normal(3), a=positive(3))
call("signal.lp2bs(b, a, 1.4)", b=normal(3), a=positive(3))
call("signal.lp2lp_zpk(z, p, 1.5)", z=complex_(2), p=complex_(2))
call("signal.lp2hp_zpk(z, p, 1.5)", z=complex_(2), p=complex_(2))
call("signal.lp2bp_zpk(z, p, 1.5)", z=complex_(2), p=complex_(2))
call("signal.lp2bs_zpk(z, p, 1.5)", z=complex_(2), p=complex_(2))
call("signal.minimum_phase(h, n_fft=32)", h=given([0.1, 0.4, 1.3, 0.4, 0.1]))
call("windows.general_cosine(9, a)", a=positive(3))

# -- Fourier transforms

call = fourier = Area("scipy.fft", globals())
for name in ("fft", "ifft"):
    call(f"fft.{name}(x)", x=complex_(8), chosen=name == "fft")
    call(f"fft.{name}(x, n=5, axis=0, norm='ortho')", x=complex_(6, 2))
    call(f"fft.{name}2(x)", x=complex_(4, 4))
    call(f"fft.{name}n(x)", x=complex_(2, 3, 4))
call("fft.fft(x)", x=normal(8))
call("namespace(x).abs(fft.fft(x))", x=normal(8))
call("fft.rfft(x)", x=normal(8))
call("fft.rfft(x, n=7, axis=0)", x=normal(8, 2))
call("fft.rfft2(x)", x=normal(4, 4))
call("fft.rfftn(x)", x=normal(2, 3, 4))
call("fft.irfft(x)", x=complex_(5))
call("fft.irfft(x, n=7)", x=complex_(5))
call("fft.irfft2(x)", x=complex_(4, 3))
call("fft.irfftn(x)", x=complex_(2, 3, 3))
call("fft.hfft(x)", x=complex_(5))
call("fft.ihfft(x)", x=normal(8))
call("fft.hfft2(x)", x=complex_(4, 3))
call("fft.ihfft2(x)", x=normal(4, 4))
call("fft.hfftn(x)", x=complex_(2, 3, 3))
call("fft.ihfftn(x)", x=normal(2, 3, 4))
call("fft.fftshift(x)", x=normal(7))
call("fft.ifftshift(x)", x=normal(7))
call("fft.fht(x, 0.1, 1.0)", x=normal(8), chosen=True)
call("fft.ifht(x, 0.1, 1.0)", x=normal(8))
for name in ("dct", "idct", "dst", "idst"):
    call(f"fft.{name}(x)", x=normal(8))
call("fft.dctn(x)", x=normal(3, 4))
call("fft.dstn(x)", x=normal(3, 4))

# -- rotations

call = rotations = Area("scipy.spatial", globals())
call("R.from_rotvec(v).as_matrix()", v=normal(3), chosen=True)
call("R.from_rotvec(v).as_quat()", v=normal(4, 3))
call("R.from_quat(q).as_rotvec()", q=normal(4))
call("R.from_quat(q).as_matrix()", q=normal(3, 4))
# SciPy writes to a matrix that is not orthogonal.
call("R.from_matrix(m * 1).as_quat()", m=uniform(-1, 1, 3, 3))
call("R.from_euler('xyz', a).as_matrix()", a=uniform(-0.5, 0.5, 3))
call("R.from_euler('ZXZ', a).apply(x)", a=uniform(-0.5, 0.5, 3), x=normal(5, 3))
call("R.from_rotvec(v).as_euler('xyz')", v=uniform(-0.5, 0.5, 3))
call("R.from_mrp(v).as_mrp()", v=uniform(-0.5, 0.5, 3))
call("R.from_davenport(x, 'e', a).as_rotvec()", x=given([[1.0, 0, 0]]), a=uniform(0.1, 0.5, 1))
call("(R.from_rotvec(v) * R.from_rotvec(w)).as_quat()", v=normal(3), w=normal(3))
call("(R.from_rotvec(v) ** 0.4).as_rotvec()", v=uniform(0.1, 0.6, 3))
call("R.from_rotvec(v).inv().apply(x)", v=normal(3), x=normal(3))
call("R.from_rotvec(v).magnitude()", v=normal(4, 3))
call("R.from_rotvec(v).mean().as_rotvec()", v=uniform(0.1, 0.6, 4, 3))
call("R.align_vectors(x, y)[0].as_rotvec()", x=normal(6, 3), y=normal(6, 3), rtol=1e-4)
call("R.from_rotvec(v).reduce().as_rotvec()", v=uniform(0.1, 0.6, 3))
call("Slerp(t, R.from_rotvec(v))(s).as_rotvec()",
     t=fixed([0.0, 1.0, 2.0]), v=uniform(0.1, 0.6, 3, 3), s=given([0.4, 1.3]))  # fmt: skip
call("T.from_translation(x).apply(y)", x=normal(3), y=normal(5, 3))
call("T.from_components(x, R.from_rotvec(v)).as_matrix()", x=normal(3), v=normal(3))
call("T.from_exp_coords(x).as_exp_coords()", x=uniform(0.1, 0.6, 6), rtol=1e-4)
call("T.from_dual_quat(q).as_matrix()", q=normal(8))
call("T.from_exp_coords(x).as_dual_quat()", x=uniform(0.1, 0.6, 6))
call("(T.from_exp_coords(x) * T.from_exp_coords(y)).inv().as_matrix()",
     x=uniform(0.1, 0.6, 6), y=uniform(0.1, 0.6, 6))  # fmt: skip
call("(T.from_exp_coords(x) ** 0.7).as_matrix()", x=uniform(0.8, 1.2, 6))
for name in ("euclidean", "cosine", "correlation", "sqeuclidean", "cityblock", "minkowski"):
    call(f"distance.{name}(x, y)", x=normal(4), y=normal(4))
call("distance.pdist(x)", x=normal(4, 3))
call("distance.cdist(x, y)", x=normal(4, 3), y=normal(2, 3))

# -- the rest

call = rest = Area("scipy.linalg, cluster, interpolate, ndimage, constants", globals())
call("linalg.orthogonal_procrustes(A, B)", A=normal(5, 3), B=normal(5, 3), chosen=True)
call("linalg.block_diag(A, B)", A=normal(2, 2), B=normal(1, 3))
call("linalg.fiedler(a)", a=normal(4))
for text in ("inv(A)", "det(A)", "expm(A)", "svdvals(A)", "lu(A)", "pinv(A)", "norm(A)",
             "cholesky(A @ A.T + A.shape[0])", "eigvalsh(A + A.T)", "sqrtm(A @ A.T)"):  # fmt: skip
    call(f"linalg.{text}", A=normal(3, 3))
call("linalg.solve(A, b)", A=normal(3, 3), b=normal(3))
call("linalg.solve_triangular(A, b)", A=positive(3, 3), b=normal(3))
call("linalg.toeplitz(c)", c=normal(4))
call("linalg.khatri_rao(A, B)", A=normal(2, 3), B=normal(4, 3))
call("vq.whiten(x)", x=normal(6, 3))
call("vq.vq(x, c)[1]", x=normal(6, 2), c=normal(2, 2))
call("vq.kmeans(x, c)[1]", x=normal(6, 2), c=normal(2, 2))
call("hierarchy.linkage(x)", x=normal(4, 2))
call("hierarchy.cophenet(z)", z=given([[0, 1, 0.5, 2], [2, 3, 1.2, 3.0]]))
call("interpolate.RBFInterpolator(x, y)(z)", x=normal(8, 2), y=normal(8), z=normal(3, 2))
call("interpolate.RBFInterpolator(x, y, kernel='gaussian', epsilon=1.0, degree=-1)(z)",
     x=normal(6, 2), y=normal(6), z=normal(3, 2))  # fmt: skip
call("interpolate.CubicSpline(x, y)(z)", x=increasing(6), y=normal(6), z=given([1.1, 2.2]))
call("interpolate.PchipInterpolator(x, y)(z)", x=increasing(6), y=normal(6), z=given([1.1, 2.2]))
call("interpolate.Akima1DInterpolator(x, y)(z)", x=increasing(6), y=normal(6), z=given([1.1, 2.2]))
call("interpolate.make_interp_spline(x, y)(z)", x=increasing(6), y=normal(6), z=given([1.1, 2.2]))
call("interpolate.RegularGridInterpolator((x, x), y)(z)",
     x=fixed([0.0, 1.0, 2.0]), y=normal(3, 3), z=given([[0.3, 1.2]]))  # fmt: skip
call("interpolate.BarycentricInterpolator(x, y)(z)", x=increasing(4), y=normal(4), z=given([1.1]))
call("ndimage.gaussian_filter(x, 1.0)", x=normal(5, 5))
call("ndimage.convolve(x, k)", x=normal(5, 5), k=normal(3, 3))
call("ndimage.sobel(x)", x=normal(5, 5))
call("ndimage.map_coordinates(x, c)", x=normal(5, 5), c=uniform(1, 3, 2, 3))
call("ndimage.zoom(x, 2)", x=normal(3, 3))
call("ndimage.mean(x)", x=normal(5, 5))
call("constants.convert_temperature(x, 'Celsius', 'Fahrenheit')", x=normal(3))
call("constants.lambda2nu(x)", x=positive(3))
call("constants.nu2lambda(x)", x=positive(3))
