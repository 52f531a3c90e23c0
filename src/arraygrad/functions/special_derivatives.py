"""The derivatives of SciPy's special functions: one line for each function and argument.

An entry says in which ranges to test the arguments, and gives the derivative by each of them, or
None where there is no closed form. Derivatives ask by name for arguments, the result `out`, the
namespace `xp` and the special functions themselves, `sp`. Abramowitz and Stegun, "Handbook of
Mathematical Functions" (1964); NIST Digital Library of Mathematical Functions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

_ROOT_PI = math.sqrt(math.pi)
_ROOT_2PI = math.sqrt(2 * math.pi)
_DEGREE = math.pi / 180


class Entry:
    """One special function: the ranges of its samples, and the derivative by each argument."""

    def __init__(self, ranges: dict[str, tuple[float, float]], derivatives: dict[str, Any]) -> None:
        self.ranges = ranges
        self.derivatives = derivatives


TABLE: dict[str, Entry] = {}


def _entry(
    name: str, *ranges: tuple[float, float], **derivatives: Callable[..., Any] | None
) -> None:
    TABLE[name] = Entry(dict(zip(derivatives, ranges, strict=True)), derivatives)


def _no_zero(x: Any, xp: Any) -> Any:
    """`x` with 1 in place of 0, where a branch is not taken."""
    return xp.where(x == 0, xp.ones_like(x), x)


# Densities: the derivatives of incomplete integrals and of distribution functions.


def _gamma_density(a, x, xp, sp):
    return xp.exp(sp.xlogy(a - 1, x) - x - sp.gammaln(a))


def _beta_density(a, b, x, xp, sp):
    return xp.exp(sp.xlogy(a - 1, x) + sp.xlog1py(b - 1, -x) - sp.betaln(a, b))


def _chi2_density(v, x, xp, sp):
    return _gamma_density(v / 2, x / 2, xp, sp) / 2


def _t_density(df, t, xp, sp):
    log = -sp.betaln(df / 2, 0.5) - (df + 1) / 2 * xp.log1p(t * t / df)
    return xp.exp(log) / xp.sqrt(df)


def _f_density(d1, d2, x, xp, sp):
    log = sp.xlogy(d1 / 2, d1) + sp.xlogy(d2 / 2, d2) + sp.xlogy(d1 / 2 - 1, x)
    log = log - (d1 + d2) / 2 * xp.log(d2 + d1 * x) - sp.betaln(d1 / 2, d2 / 2)
    return xp.exp(log)


def _normal_density(x, xp):
    return xp.exp(-x * x / 2) / _ROOT_2PI


def _poisson_mass(k, m, xp, sp):
    k = xp.floor(k)
    return xp.exp(sp.xlogy(k, m) - m - sp.gammaln(k + 1))


def _binomial_density(k, n, p, xp, sp):
    k = xp.floor(k)
    return _beta_density(k + 1, xp.floor(n) - k, p, xp, sp)


def _waiting_density(k, n, p, xp, sp):
    return _beta_density(xp.floor(n), xp.floor(k) + 1, p, xp, sp)


# Error functions and the normal distribution.
_entry("erf", (-2, 2), x=lambda x, xp: 2 / _ROOT_PI * xp.exp(-x * x))
_entry("erfc", (-2, 2), x=lambda x, xp: -2 / _ROOT_PI * xp.exp(-x * x))
_entry("erfcx", (-1, 3), x=lambda x, out: 2 * x * out - 2 / _ROOT_PI)
_entry("erfinv", (-0.9, 0.9), x=lambda out, xp: _ROOT_PI / 2 * xp.exp(out * out))
_entry("erfcinv", (0.1, 1.9), x=lambda out, xp: -_ROOT_PI / 2 * xp.exp(out * out))
_entry("ndtr", (-3, 3), x=lambda x, xp: _normal_density(x, xp))
_entry("log_ndtr", (-5, 3), x=lambda x, out, xp: xp.exp(-x * x / 2 - out) / _ROOT_2PI)
_entry("ndtri", (0.1, 0.9), x=lambda out, xp: _ROOT_2PI * xp.exp(out * out / 2))
_entry("ndtri_exp", (-3, -0.2), x=lambda x, out, xp: _ROOT_2PI * xp.exp(x + out * out / 2))

# Gamma, beta and their relatives.
_entry("gamma", (0.5, 4), x=lambda x, out, sp: out * sp.psi(x))
_entry("gammaln", (0.5, 4), x=lambda x, sp: sp.psi(x))
_entry("loggamma", (0.5, 4), x=lambda x, sp: sp.psi(x))
_entry("rgamma", (0.5, 4), x=lambda x, out, sp: -out * sp.psi(x))
_entry("psi", (0.5, 4), x=lambda x, sp: sp.zeta(2.0, x))
_entry("zeta", (2, 4), (0.5, 3), x=None, q=lambda x, q, sp: -x * sp.zeta(x + 1, q))
_entry(
    "poch", (1, 3), (0.5, 2),
    z=lambda z, m, out, sp: out * (sp.psi(z + m) - sp.psi(z)),
    m=lambda z, m, out, sp: out * sp.psi(z + m),
)  # fmt: skip
_entry(
    "beta", (0.5, 3), (0.5, 3),
    a=lambda a, b, out, sp: out * (sp.psi(a) - sp.psi(a + b)),
    b=lambda a, b, out, sp: out * (sp.psi(b) - sp.psi(a + b)),
)  # fmt: skip
_entry(
    "betaln", (0.5, 3), (0.5, 3),
    a=lambda a, b, sp: sp.psi(a) - sp.psi(a + b),
    b=lambda a, b, sp: sp.psi(b) - sp.psi(a + b),
)  # fmt: skip
_entry(
    "binom", (3, 5), (0.5, 2.5),
    n=lambda n, k, out, sp: out * (sp.psi(n + 1) - sp.psi(n - k + 1)),
    k=lambda n, k, out, sp: out * (sp.psi(n - k + 1) - sp.psi(k + 1)),
)  # fmt: skip
_entry("gammainc", (0.5, 3), (0.3, 3), a=None, x=_gamma_density)
_entry(
    "gammaincc", (0.5, 3), (0.3, 3), a=None, x=lambda a, x, xp, sp: -_gamma_density(a, x, xp, sp)
)
_entry(
    "gammaincinv", (0.5, 3), (0.2, 0.8), a=None,
    y=lambda a, out, xp, sp: 1 / _gamma_density(a, out, xp, sp),
)  # fmt: skip
_entry(
    "gammainccinv", (0.5, 3), (0.2, 0.8), a=None,
    y=lambda a, out, xp, sp: -1 / _gamma_density(a, out, xp, sp),
)  # fmt: skip
_entry("betainc", (0.5, 3), (0.5, 3), (0.1, 0.9), a=None, b=None, x=_beta_density)
_entry(
    "betaincc", (0.5, 3), (0.5, 3), (0.1, 0.9), a=None, b=None,
    x=lambda a, b, x, xp, sp: -_beta_density(a, b, x, xp, sp),
)  # fmt: skip
_entry(
    "betaincinv", (0.5, 3), (0.5, 3), (0.2, 0.8), a=None, b=None,
    y=lambda a, b, out, xp, sp: 1 / _beta_density(a, b, out, xp, sp),
)  # fmt: skip
_entry(
    "betainccinv", (0.5, 3), (0.5, 3), (0.2, 0.8), a=None, b=None,
    y=lambda a, b, out, xp, sp: -1 / _beta_density(a, b, out, xp, sp),
)  # fmt: skip

# Logistic functions, entropies, power transformations.
_entry("expit", (-3, 3), x=lambda out: out * (1 - out))
_entry("logit", (0.1, 0.9), x=lambda x: 1 / (x * (1 - x)))
_entry("log_expit", (-3, 3), x=lambda x, sp: sp.expit(-x))
_entry(
    "xlogy", (-2, 2), (0.3, 2),
    x=lambda x, y, xp: xp.log(xp.where((x == 0) & (y == 0), xp.ones_like(y), y)),
    y=lambda x, y, xp: xp.where(x == 0, xp.zeros_like(x), x / y),
)  # fmt: skip
_entry(
    "xlog1py", (-2, 2), (-0.5, 2),
    x=lambda y, xp: xp.log1p(y),
    y=lambda x, y, xp: xp.where(x == 0, xp.zeros_like(x), x / (1 + y)),
)  # fmt: skip
_entry("entr", (0.2, 2), x=lambda x, xp: -xp.log(x) - 1)
_entry(
    "rel_entr", (0.2, 2), (0.2, 2),
    x=lambda x, y, xp: xp.log(x / y) + 1,
    y=lambda x, y: -x / y,
)  # fmt: skip
_entry(
    "kl_div", (0.2, 2), (0.2, 2),
    x=lambda x, y, xp: xp.log(x / y),
    y=lambda x, y: 1 - x / y,
)  # fmt: skip
_entry(
    "huber", (0.5, 1), (-3, 3),
    delta=lambda delta, r, xp: xp.where(
        xp.abs(r) > delta, xp.abs(r) - delta, xp.zeros_like(r) * delta
    ),
    r=lambda delta, r, xp: xp.where(xp.abs(r) > delta, xp.sign(r) * delta, r + 0 * delta),
)  # fmt: skip


def _pseudo_huber_delta(delta, r, xp):
    root = xp.sqrt(1 + (r / delta) ** 2)
    return 2 * delta * (root - 1) - r * r / (delta * root)


_entry(
    "pseudo_huber", (0.5, 2), (-3, 3),
    delta=_pseudo_huber_delta,
    r=lambda delta, r, xp: r / xp.sqrt(1 + (r / delta) ** 2),
)  # fmt: skip


def _boxcox_lmbda(log, lmbda, xp):
    # (x^l (l log x - 1) + 1) / l^2, and its limit at l = 0.
    zero = lmbda == 0
    safe = xp.where(zero, xp.ones_like(lmbda), lmbda)
    slope = (xp.exp(safe * log) * (safe * log - 1) + 1) / (safe * safe)
    return xp.where(zero, log * log / 2, slope)


def _inv_boxcox_lmbda(y, lmbda, power, xp):
    # The power is (l y + 1)^(1 / l), or exp(y) at l = 0.
    zero = lmbda == 0
    safe = xp.where(zero, xp.ones_like(lmbda), lmbda)
    inner = safe * y + 1
    return power * xp.where(zero, -y * y / 2, y / (safe * inner) - xp.log(inner) / (safe * safe))


_entry(
    "boxcox", (0.3, 3), (0.3, 2),
    x=lambda x, lmbda: x ** (lmbda - 1),
    lmbda=lambda x, lmbda, xp: _boxcox_lmbda(xp.log(x), lmbda, xp),
)  # fmt: skip
_entry(
    "boxcox1p", (-0.5, 2), (0.3, 2),
    x=lambda x, lmbda: (1 + x) ** (lmbda - 1),
    lmbda=lambda x, lmbda, xp: _boxcox_lmbda(xp.log1p(x), lmbda, xp),
)  # fmt: skip
_entry(
    "inv_boxcox", (-0.3, 2), (0.3, 2),
    y=lambda lmbda, out: out ** (1 - lmbda),
    lmbda=lambda y, lmbda, out, xp: _inv_boxcox_lmbda(y, lmbda, out, xp),
)  # fmt: skip
_entry(
    "inv_boxcox1p", (-0.3, 2), (0.3, 2),
    y=lambda lmbda, out: (1 + out) ** (1 - lmbda),
    lmbda=lambda y, lmbda, out, xp: _inv_boxcox_lmbda(y, lmbda, 1 + out, xp),
)  # fmt: skip

# Powers, exponentials, trigonometry.
_entry("cbrt", (0.3, 3), x=lambda out: 1 / (3 * out * out))
_entry("exp2", (-2, 2), x=lambda out: out * math.log(2))
_entry("exp10", (-1, 1), x=lambda out: out * math.log(10))
_entry("exprel", (-1, 1), x=lambda x, sp: sp.hyp1f1(2.0, 3.0, x) / 2)
_entry("cosm1", (-2, 2), x=lambda x, xp: -xp.sin(x))
_entry(
    "powm1", (0.3, 2), (-1, 2),
    x=lambda x, y: y * x ** (y - 1),
    y=lambda x, out, xp: (out + 1) * xp.log(x),
)  # fmt: skip
_entry("sindg", (-90, 90), x=lambda x, sp: _DEGREE * sp.cosdg(x))
_entry("cosdg", (-90, 90), x=lambda x, sp: -_DEGREE * sp.sindg(x))
_entry("tandg", (-60, 60), x=lambda out: _DEGREE * (1 + out * out))
_entry("cotdg", (30, 120), x=lambda out: -_DEGREE * (1 + out * out))
_entry(
    "radian", (0, 90), (0, 60), (0, 60),
    d=lambda d: _DEGREE + 0 * d,
    m=lambda m: _DEGREE / 60 + 0 * m,
    s=lambda s: _DEGREE / 3600 + 0 * s,
)  # fmt: skip


def _sinc(x, out, xp):
    # (cos(pi x) - sinc(x)) / x, which cancels near 0: its Taylor series there.
    z = math.pi * math.pi * x * x
    near = math.pi**2 * x * (-1 / 3 + z / 30 - z * z / 840 + z**3 / 45360 - z**4 / 3991680)
    small = xp.abs(x) < 0.1
    far = (xp.cos(math.pi * x) - out) / xp.where(small, xp.ones_like(x), x)
    return xp.where(small, near, far)


_entry("sinc", (0.3, 2), x=_sinc)

# Bessel functions: of the first and second kind, modified, and scaled by an exponential.
_entry("j0", (0.5, 4), x=lambda x, sp: -sp.j1(x))
_entry("y0", (0.5, 4), x=lambda x, sp: -sp.y1(x))
_entry("y1", (0.5, 4), x=lambda x, out, sp: sp.y0(x) - out / x)
_entry("i0", (-2, 2), x=lambda x, sp: sp.i1(x))
_entry("i0e", (0.2, 2), x=lambda x, out, xp, sp: sp.i1e(x) - xp.sign(x) * out)
_entry("k0", (0.5, 4), x=lambda x, sp: -sp.k1(x))
_entry("k1", (0.5, 4), x=lambda x, out, sp: -sp.k0(x) - out / x)
_entry("k0e", (0.5, 4), x=lambda x, out, sp: out - sp.k1e(x))
_entry("k1e", (0.5, 4), x=lambda x, out, sp: out - sp.k0e(x) - out / x)


def _over(out, x, xp):
    """out / x for an odd function of slope 1/2 at 0."""
    return xp.where(x == 0, 0.5 + 0 * x, out / _no_zero(x, xp))


_entry("j1", (0.5, 4), x=lambda x, out, xp, sp: sp.j0(x) - _over(out, x, xp))
_entry("i1", (0.2, 2), x=lambda x, out, xp, sp: sp.i0(x) - _over(out, x, xp))
_entry(
    "i1e", (0.2, 2),
    x=lambda x, out, xp, sp: sp.i0e(x) - xp.sign(x) * out - _over(out, x, xp),
)  # fmt: skip
_entry("jv", (0, 3), (0.5, 4), v=None, z=lambda v, z, sp: (sp.jv(v - 1, z) - sp.jv(v + 1, z)) / 2)
_entry("yv", (0, 3), (0.5, 4), v=None, z=lambda v, z, sp: (sp.yv(v - 1, z) - sp.yv(v + 1, z)) / 2)
_entry("iv", (0, 3), (0.5, 4), v=None, z=lambda v, z, sp: (sp.iv(v - 1, z) + sp.iv(v + 1, z)) / 2)
_entry("kv", (0, 3), (0.5, 4), v=None, z=lambda v, z, sp: -(sp.kv(v - 1, z) + sp.kv(v + 1, z)) / 2)

# Exponential integrals, elliptic integrals, hypergeometric functions.
_entry("expi", (0.3, 3), x=lambda x, xp: xp.exp(x) / x)
_entry("exp1", (0.3, 3), x=lambda x, xp: -xp.exp(-x) / x)
_entry(
    "spence", (1.2, 3),
    z=lambda z, xp: xp.where(z == 1, -xp.ones_like(z), xp.log(z) / _no_zero(1 - z, xp)),
)  # fmt: skip


def _ellipk(m, k, e, xp):
    """The slope of K(m) = k where E(m) = e; pi / 8 at 0."""
    at_0 = math.pi / 8 + 0 * m
    return xp.where(m == 0, at_0, (e / (1 - m) - k) / (2 * _no_zero(m, xp)))


_entry("ellipk", (0.1, 0.8), m=lambda m, out, xp, sp: _ellipk(m, out, sp.ellipe(m), xp))
_entry("ellipkm1", (0.2, 0.9), p=lambda p, out, xp, sp: -_ellipk(1 - p, out, sp.ellipe(1 - p), xp))
_entry(
    "ellipe", (0.1, 0.8),
    m=lambda m, out, xp, sp: xp.where(
        m == 0, -math.pi / 8 + 0 * m, (out - sp.ellipk(m)) / (2 * _no_zero(m, xp))
    ),
)  # fmt: skip
_entry(
    "hyp0f1", (0.5, 2), (-1, 1), v=None,
    z=lambda v, z, sp: sp.hyp0f1(v + 1, z) / v,
)  # fmt: skip
_entry(
    "hyp1f1", (0.5, 2), (1, 3), (-1, 1), a=None, b=None,
    x=lambda a, b, x, sp: a / b * sp.hyp1f1(a + 1, b + 1, x),
)  # fmt: skip
_entry(
    "hyp2f1", (0.5, 2), (0.5, 2), (2, 3), (-0.5, 0.5), a=None, b=None, c=None,
    z=lambda a, b, c, z, sp: a * b / c * sp.hyp2f1(a + 1, b + 1, c + 1, z),
)  # fmt: skip

# Distribution functions and their inverses.
_entry("chdtr", (1, 4), (0.5, 4), v=None, x=_chi2_density)
_entry("chdtrc", (1, 4), (0.5, 4), v=None, x=lambda v, x, xp, sp: -_chi2_density(v, x, xp, sp))
_entry(
    "chdtri", (1, 4), (0.2, 0.8), v=None,
    p=lambda v, out, xp, sp: -1 / _chi2_density(v, out, xp, sp),
)  # fmt: skip
_entry("stdtr", (1, 5), (-2, 2), df=None, t=_t_density)
_entry(
    "stdtrit",
    (1, 5),
    (0.2, 0.8),
    df=None,
    p=lambda df, out, xp, sp: 1 / _t_density(df, out, xp, sp),
)
_entry(
    "fdtr",
    (1, 4),
    (1, 4),
    (0.5, 3),
    dfn=None,
    dfd=None,
    x=lambda dfn, dfd, x, xp, sp: _f_density(dfn, dfd, x, xp, sp),
)
_entry(
    "fdtrc",
    (1, 4),
    (1, 4),
    (0.5, 3),
    dfn=None,
    dfd=None,
    x=lambda dfn, dfd, x, xp, sp: -_f_density(dfn, dfd, x, xp, sp),
)
_entry(
    "fdtri",
    (1, 4),
    (1, 4),
    (0.2, 0.8),
    dfn=None,
    dfd=None,
    p=lambda dfn, dfd, out, xp, sp: 1 / _f_density(dfn, dfd, out, xp, sp),
)
_entry(
    "gdtr", (0.5, 2), (0.5, 3), (0.5, 2),
    a=lambda a, b, x, xp, sp: x * _gamma_density(b, a * x, xp, sp),
    b=None,
    x=lambda a, b, x, xp, sp: a * _gamma_density(b, a * x, xp, sp),
)  # fmt: skip
_entry(
    "gdtrc", (0.5, 2), (0.5, 3), (0.5, 2),
    a=lambda a, b, x, xp, sp: -x * _gamma_density(b, a * x, xp, sp),
    b=None,
    x=lambda a, b, x, xp, sp: -a * _gamma_density(b, a * x, xp, sp),
)  # fmt: skip
_entry("pdtr", (1, 3), (0.5, 3), k=None, m=lambda k, m, xp, sp: -_poisson_mass(k, m, xp, sp))
_entry("pdtrc", (1, 3), (0.5, 3), k=None, m=lambda k, m, xp, sp: _poisson_mass(k, m, xp, sp))
_entry(
    "pdtri", (1, 3), (0.2, 0.8), k=None,
    y=lambda k, out, xp, sp: -1 / _poisson_mass(k, out, xp, sp),
)  # fmt: skip
_entry(
    "bdtr",
    (1, 3),
    (4, 6),
    (0.2, 0.8),
    k=None,
    n=None,
    p=lambda k, n, p, xp, sp: -_binomial_density(k, n, p, xp, sp),
)
_entry(
    "bdtrc",
    (1, 3),
    (4, 6),
    (0.2, 0.8),
    k=None,
    n=None,
    p=lambda k, n, p, xp, sp: _binomial_density(k, n, p, xp, sp),
)
_entry(
    "bdtri",
    (1, 3),
    (4, 6),
    (0.2, 0.8),
    k=None,
    n=None,
    y=lambda k, n, out, xp, sp: -1 / _binomial_density(k, n, out, xp, sp),
)
_entry(
    "nbdtr",
    (1, 3),
    (3, 5),
    (0.2, 0.8),
    k=None,
    n=None,
    p=lambda k, n, p, xp, sp: _waiting_density(k, n, p, xp, sp),
)
_entry(
    "nbdtrc",
    (1, 3),
    (3, 5),
    (0.2, 0.8),
    k=None,
    n=None,
    p=lambda k, n, p, xp, sp: -_waiting_density(k, n, p, xp, sp),
)
_entry(
    "nbdtri",
    (1, 3),
    (3, 5),
    (0.2, 0.8),
    k=None,
    n=None,
    y=lambda k, n, out, xp, sp: 1 / _waiting_density(k, n, out, xp, sp),
)
