"""The derivatives of SciPy's special functions: one line for each function and argument.

What an entry says is told in `special_table`. Abramowitz and Stegun, "Handbook of Mathematical
Functions" (1964); NIST Digital Library of Mathematical Functions.
"""

from __future__ import annotations

import math
from typing import Any

from arraygrad.functions import special_distributions
from arraygrad.functions.special_table import TABLE, entry

__all__ = ["TABLE", "special_distributions"]  # which has filled the other part of the table

_ROOT_PI = math.sqrt(math.pi)
_ROOT_2PI = math.sqrt(2 * math.pi)
_DEGREE = math.pi / 180


def _no_zero(x: Any, xp: Any) -> Any:
    """`x` with 1 in place of 0, where a branch is not taken."""
    return xp.where(x == 0, xp.ones_like(x), x)


def _normal_density(x, xp):
    return xp.exp(-x * x / 2) / _ROOT_2PI


# Error functions and the normal distribution.
entry("erf", (-2, 2), x=lambda x, xp: 2 / _ROOT_PI * xp.exp(-x * x))
entry("erfc", (-2, 2), x=lambda x, xp: -2 / _ROOT_PI * xp.exp(-x * x))
entry("erfcx", (-1, 3), x=lambda x, out: 2 * x * out - 2 / _ROOT_PI)
entry("erfinv", (-0.9, 0.9), x=lambda out, xp: _ROOT_PI / 2 * xp.exp(out * out))
entry("erfcinv", (0.1, 1.9), x=lambda out, xp: -_ROOT_PI / 2 * xp.exp(out * out))
entry("ndtr", (-3, 3), x=lambda x, xp: _normal_density(x, xp))
entry("log_ndtr", (-5, 3), x=lambda x, out, xp: xp.exp(-x * x / 2 - out) / _ROOT_2PI)
entry("ndtri", (0.1, 0.9), x=lambda out, xp: _ROOT_2PI * xp.exp(out * out / 2))
entry("ndtri_exp", (-3, -0.2), x=lambda x, out, xp: _ROOT_2PI * xp.exp(x + out * out / 2))

# Gamma, beta and their relatives.
entry("gamma", (0.5, 4), x=lambda x, out, sp: out * sp.psi(x))
entry("gammaln", (0.5, 4), x=lambda x, sp: sp.psi(x))
entry("loggamma", (0.5, 4), x=lambda x, sp: sp.psi(x))
entry("rgamma", (0.5, 4), x=lambda x, out, sp: -out * sp.psi(x))
entry("psi", (0.5, 4), x=lambda x, sp: sp.zeta(2.0, x))
entry("zeta", (2, 4), (0.5, 3), x=None, q=lambda x, q, sp: -x * sp.zeta(x + 1, q))
entry(
    "poch", (1, 3), (0.5, 2),
    z=lambda z, m, out, sp: out * (sp.psi(z + m) - sp.psi(z)),
    m=lambda z, m, out, sp: out * sp.psi(z + m),
)  # fmt: skip
entry(
    "beta", (0.5, 3), (0.5, 3),
    a=lambda a, b, out, sp: out * (sp.psi(a) - sp.psi(a + b)),
    b=lambda a, b, out, sp: out * (sp.psi(b) - sp.psi(a + b)),
)  # fmt: skip
entry(
    "betaln", (0.5, 3), (0.5, 3),
    a=lambda a, b, sp: sp.psi(a) - sp.psi(a + b),
    b=lambda a, b, sp: sp.psi(b) - sp.psi(a + b),
)  # fmt: skip
entry(
    "binom", (3, 5), (0.5, 2.5),
    n=lambda n, k, out, sp: out * (sp.psi(n + 1) - sp.psi(n - k + 1)),
    k=lambda n, k, out, sp: out * (sp.psi(n - k + 1) - sp.psi(k + 1)),
)  # fmt: skip
# Logistic functions, entropies, power transformations.
entry("expit", (-3, 3), x=lambda out: out * (1 - out))
entry("logit", (0.1, 0.9), x=lambda x: 1 / (x * (1 - x)))
entry("log_expit", (-3, 3), x=lambda x, sp: sp.expit(-x))
entry(
    "xlogy", (-2, 2), (0.3, 2),
    x=lambda x, y, xp: xp.log(xp.where((x == 0) & (y == 0), xp.ones_like(y), y)),
    y=lambda x, y, xp: xp.where(x == 0, xp.zeros_like(x), x / y),
)  # fmt: skip
entry(
    "xlog1py", (-2, 2), (-0.5, 2),
    x=lambda y, xp: xp.log1p(y),
    y=lambda x, y, xp: xp.where(x == 0, xp.zeros_like(x), x / (1 + y)),
)  # fmt: skip
entry("entr", (0.2, 2), x=lambda x, xp: -xp.log(x) - 1)
entry(
    "rel_entr", (0.2, 2), (0.2, 2),
    x=lambda x, y, xp: xp.log(x / y) + 1,
    y=lambda x, y: -x / y,
)  # fmt: skip
entry(
    "kl_div", (0.2, 2), (0.2, 2),
    x=lambda x, y, xp: xp.log(x / y),
    y=lambda x, y: 1 - x / y,
)  # fmt: skip
entry(
    "huber", (0.5, 1), (-3, 3),
    delta=lambda delta, r, xp: xp.where(
        xp.abs(r) > delta, xp.abs(r) - delta, xp.zeros_like(r) * delta
    ),
    r=lambda delta, r, xp: xp.where(xp.abs(r) > delta, xp.sign(r) * delta, r + 0 * delta),
)  # fmt: skip


def _pseudo_huber_delta(delta, r, xp):
    root = xp.sqrt(1 + (r / delta) ** 2)
    return 2 * delta * (root - 1) - r * r / (delta * root)


entry(
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


def _exprel(x: Any, out: Any, xp: Any, sp: Any) -> Any:
    # For infinity SciPy's hyp1f1 never returns.
    far = x > 20.0
    large = xp.where(far, x, xp.ones_like(x))
    near = sp.hyp1f1(2.0, 3.0, xp.where(far, xp.zeros_like(x), x)) / 2
    return xp.where(far, 1 / large + (1 - 1 / large) * out, near)


def _inv_boxcox_lmbda(y, lmbda, power, xp):
    # The power is (l y + 1)^(1 / l), or exp(y) at l = 0.
    zero = lmbda == 0
    safe = xp.where(zero, xp.ones_like(lmbda), lmbda)
    inner = safe * y + 1
    return power * xp.where(zero, -y * y / 2, y / (safe * inner) - xp.log(inner) / (safe * safe))


entry(
    "boxcox", (0.3, 3), (0.3, 2),
    x=lambda x, lmbda: x ** (lmbda - 1),
    lmbda=lambda x, lmbda, xp: _boxcox_lmbda(xp.log(x), lmbda, xp),
)  # fmt: skip
entry(
    "boxcox1p", (-0.5, 2), (0.3, 2),
    x=lambda x, lmbda: (1 + x) ** (lmbda - 1),
    lmbda=lambda x, lmbda, xp: _boxcox_lmbda(xp.log1p(x), lmbda, xp),
)  # fmt: skip
entry(
    "inv_boxcox", (-0.3, 2), (0.3, 2),
    y=lambda lmbda, out: out ** (1 - lmbda),
    lmbda=lambda y, lmbda, out, xp: _inv_boxcox_lmbda(y, lmbda, out, xp),
)  # fmt: skip
entry(
    "inv_boxcox1p", (-0.3, 2), (0.3, 2),
    y=lambda lmbda, out: (1 + out) ** (1 - lmbda),
    lmbda=lambda y, lmbda, out, xp: _inv_boxcox_lmbda(y, lmbda, 1 + out, xp),
)  # fmt: skip

# Powers, exponentials, trigonometry.
entry("cbrt", (0.3, 3), x=lambda out: 1 / (3 * out * out))
entry("exp2", (-2, 2), x=lambda out: out * math.log(2))
entry("exp10", (-1, 1), x=lambda out: out * math.log(10))
entry("exprel", (-1, 1), x=lambda x, out, xp, sp: _exprel(x, out, xp, sp))
entry("cosm1", (-2, 2), x=lambda x, xp: -xp.sin(x))
entry(
    "powm1", (0.3, 2), (-1, 2),
    x=lambda x, y: y * x ** (y - 1),
    y=lambda x, out, xp: (out + 1) * xp.log(x),
)  # fmt: skip
entry("sindg", (-90, 90), x=lambda x, sp: _DEGREE * sp.cosdg(x))
entry("cosdg", (-90, 90), x=lambda x, sp: -_DEGREE * sp.sindg(x))
entry("tandg", (-60, 60), x=lambda out: _DEGREE * (1 + out * out))
entry("cotdg", (30, 120), x=lambda out: -_DEGREE * (1 + out * out))
entry(
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


entry("sinc", (0.3, 2), x=_sinc)

# Bessel functions: of the first and second kind, modified, and scaled by an exponential.
entry("j0", (0.5, 4), x=lambda x, sp: -sp.j1(x))
entry("y0", (0.5, 4), x=lambda x, sp: -sp.y1(x))
entry("y1", (0.5, 4), x=lambda x, out, sp: sp.y0(x) - out / x)
entry("i0", (-2, 2), x=lambda x, sp: sp.i1(x))
entry("i0e", (0.2, 2), x=lambda x, out, xp, sp: sp.i1e(x) - xp.sign(x) * out)
entry("k0", (0.5, 4), x=lambda x, sp: -sp.k1(x))
entry("k1", (0.5, 4), x=lambda x, out, sp: -sp.k0(x) - out / x)
entry("k0e", (0.5, 4), x=lambda x, out, sp: out - sp.k1e(x))
entry("k1e", (0.5, 4), x=lambda x, out, sp: out - sp.k0e(x) - out / x)


def _over(out, x, xp):
    """out / x for an odd function of slope 1/2 at 0."""
    return xp.where(x == 0, 0.5 + 0 * x, out / _no_zero(x, xp))


entry("j1", (0.5, 4), x=lambda x, out, xp, sp: sp.j0(x) - _over(out, x, xp))
entry("i1", (0.2, 2), x=lambda x, out, xp, sp: sp.i0(x) - _over(out, x, xp))
entry(
    "i1e", (0.2, 2),
    x=lambda x, out, xp, sp: sp.i0e(x) - xp.sign(x) * out - _over(out, x, xp),
)  # fmt: skip
entry("jv", (0, 3), (0.5, 4), v=None, z=lambda v, z, sp: (sp.jv(v - 1, z) - sp.jv(v + 1, z)) / 2)
entry("yv", (0, 3), (0.5, 4), v=None, z=lambda v, z, sp: (sp.yv(v - 1, z) - sp.yv(v + 1, z)) / 2)
entry("iv", (0, 3), (0.5, 4), v=None, z=lambda v, z, sp: (sp.iv(v - 1, z) + sp.iv(v + 1, z)) / 2)
entry("kv", (0, 3), (0.5, 4), v=None, z=lambda v, z, sp: -(sp.kv(v - 1, z) + sp.kv(v + 1, z)) / 2)

# Exponential integrals, elliptic integrals, hypergeometric functions.
entry("expi", (0.3, 3), x=lambda x, xp: xp.exp(x) / x)
entry("exp1", (0.3, 3), x=lambda x, xp: -xp.exp(-x) / x)
entry(
    "spence", (1.2, 3),
    z=lambda z, xp: xp.where(z == 1, -xp.ones_like(z), xp.log(z) / _no_zero(1 - z, xp)),
)  # fmt: skip


def _ellipk(m, k, e, xp, sp):
    """The slope of K(m) = k where E(m) = e."""
    near, small, large = _parted(m, xp)
    series = math.pi / 8 * sp.hyp2f1(1.5, 1.5, 2.0, small)
    return xp.where(near, series, (e / (1 - large) - k) / (2 * large))


def _ellipe(m, k, e, xp, sp):
    near, small, large = _parted(m, xp)
    series = -math.pi / 8 * sp.hyp2f1(0.5, 1.5, 2.0, small)
    return xp.where(near, series, (e - k) / (2 * large))


def _parted(m, xp):
    """Where m is near 0, where K and E are too much alike; m there, and m elsewhere."""
    near = xp.abs(m) < 0.5
    return near, xp.where(near, m, xp.zeros_like(m)), xp.where(near, xp.ones_like(m), m)


entry("ellipk", (0.1, 0.8), m=lambda m, out, xp, sp: _ellipk(m, out, sp.ellipe(m), xp, sp))
entry(
    "ellipkm1", (0.2, 0.9),
    p=lambda p, out, xp, sp: -_ellipk(1 - p, out, sp.ellipe(1 - p), xp, sp),
)  # fmt: skip
entry("ellipe", (0.1, 0.8), m=lambda m, out, xp, sp: _ellipe(m, sp.ellipk(m), out, xp, sp))
entry(
    "hyp0f1", (0.5, 2), (-1, 1), v=None,
    z=lambda v, z, sp: sp.hyp0f1(v + 1, z) / v,
)  # fmt: skip
entry(
    "hyp1f1", (0.5, 2), (1, 3), (-1, 1), a=None, b=None,
    x=lambda a, b, x, sp: a / b * sp.hyp1f1(a + 1, b + 1, x),
)  # fmt: skip
entry(
    "hyp2f1", (0.5, 2), (0.5, 2), (2, 3), (-0.5, 0.5), a=None, b=None, c=None,
    z=lambda a, b, c, z, sp: a * b / c * sp.hyp2f1(a + 1, b + 1, c + 1, z),
)  # fmt: skip
