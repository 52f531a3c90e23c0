"""The derivatives of distribution functions and of incomplete integrals: densities.

The inverse of such a function has the inverse of the density at its result as its derivative.
"""

from __future__ import annotations

from arraygrad.functions.special_table import entry


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


def _poisson_mass(k, m, xp, sp):
    k = xp.floor(k)
    return xp.exp(sp.xlogy(k, m) - m - sp.gammaln(k + 1))


def _binomial_density(k, n, p, xp, sp):
    k = xp.floor(k)
    return _beta_density(k + 1, xp.floor(n) - k, p, xp, sp)


def _waiting_density(k, n, p, xp, sp):
    return _beta_density(xp.floor(n), xp.floor(k) + 1, p, xp, sp)


# Incomplete gamma and beta functions and their inverses.
entry("gammainc", (0.5, 3), (0.3, 3), a=None, x=_gamma_density)
entry(
    "gammaincc", (0.5, 3), (0.3, 3), a=None,
    x=lambda a, x, xp, sp: -_gamma_density(a, x, xp, sp),
)  # fmt: skip
entry(
    "gammaincinv", (0.5, 3), (0.2, 0.8), a=None,
    y=lambda a, out, xp, sp: 1 / _gamma_density(a, out, xp, sp),
)  # fmt: skip
entry(
    "gammainccinv", (0.5, 3), (0.2, 0.8), a=None,
    y=lambda a, out, xp, sp: -1 / _gamma_density(a, out, xp, sp),
)  # fmt: skip
entry("betainc", (0.5, 3), (0.5, 3), (0.1, 0.9), a=None, b=None, x=_beta_density)
entry(
    "betaincc", (0.5, 3), (0.5, 3), (0.1, 0.9), a=None, b=None,
    x=lambda a, b, x, xp, sp: -_beta_density(a, b, x, xp, sp),
)  # fmt: skip
entry(
    "betaincinv", (0.5, 3), (0.5, 3), (0.2, 0.8), a=None, b=None,
    y=lambda a, b, out, xp, sp: 1 / _beta_density(a, b, out, xp, sp),
)  # fmt: skip
entry(
    "betainccinv", (0.5, 3), (0.5, 3), (0.2, 0.8), a=None, b=None,
    y=lambda a, b, out, xp, sp: -1 / _beta_density(a, b, out, xp, sp),
)  # fmt: skip

# Distribution functions and their inverses.
entry("chdtr", (1, 4), (0.5, 4), v=None, x=_chi2_density)
entry("chdtrc", (1, 4), (0.5, 4), v=None, x=lambda v, x, xp, sp: -_chi2_density(v, x, xp, sp))
entry(
    "chdtri", (1, 4), (0.2, 0.8), v=None,
    p=lambda v, out, xp, sp: -1 / _chi2_density(v, out, xp, sp),
)  # fmt: skip
entry("stdtr", (1, 5), (-2, 2), df=None, t=_t_density)
entry(
    "stdtrit", (1, 5), (0.2, 0.8), df=None,
    p=lambda df, out, xp, sp: 1 / _t_density(df, out, xp, sp),
)  # fmt: skip
entry(
    "fdtr", (1, 4), (1, 4), (0.5, 3), dfn=None, dfd=None,
    x=lambda dfn, dfd, x, xp, sp: _f_density(dfn, dfd, x, xp, sp),
)  # fmt: skip
entry(
    "fdtrc", (1, 4), (1, 4), (0.5, 3), dfn=None, dfd=None,
    x=lambda dfn, dfd, x, xp, sp: -_f_density(dfn, dfd, x, xp, sp),
)  # fmt: skip
entry(
    "fdtri", (1, 4), (1, 4), (0.2, 0.8), dfn=None, dfd=None,
    p=lambda dfn, dfd, out, xp, sp: 1 / _f_density(dfn, dfd, out, xp, sp),
)  # fmt: skip
entry(
    "gdtr", (0.5, 2), (0.5, 3), (0.5, 2),
    a=lambda a, b, x, xp, sp: x * _gamma_density(b, a * x, xp, sp),
    b=None,
    x=lambda a, b, x, xp, sp: a * _gamma_density(b, a * x, xp, sp),
)  # fmt: skip
entry(
    "gdtrc", (0.5, 2), (0.5, 3), (0.5, 2),
    a=lambda a, b, x, xp, sp: -x * _gamma_density(b, a * x, xp, sp),
    b=None,
    x=lambda a, b, x, xp, sp: -a * _gamma_density(b, a * x, xp, sp),
)  # fmt: skip
entry("pdtr", (1, 3), (0.5, 3), k=None, m=lambda k, m, xp, sp: -_poisson_mass(k, m, xp, sp))
entry("pdtrc", (1, 3), (0.5, 3), k=None, m=_poisson_mass)
entry(
    "pdtri", (1, 3), (0.2, 0.8), k=None,
    y=lambda k, out, xp, sp: -1 / _poisson_mass(k, out, xp, sp),
)  # fmt: skip
entry(
    "bdtr", (1, 3), (4, 6), (0.2, 0.8), k=None, n=None,
    p=lambda k, n, p, xp, sp: -_binomial_density(k, n, p, xp, sp),
)  # fmt: skip
entry(
    "bdtrc", (1, 3), (4, 6), (0.2, 0.8), k=None, n=None,
    p=_binomial_density,
)  # fmt: skip
entry(
    "bdtri", (1, 3), (4, 6), (0.2, 0.8), k=None, n=None,
    y=lambda k, n, out, xp, sp: -1 / _binomial_density(k, n, out, xp, sp),
)  # fmt: skip
entry(
    "nbdtr", (1, 3), (3, 5), (0.2, 0.8), k=None, n=None,
    p=_waiting_density,
)  # fmt: skip
entry(
    "nbdtrc", (1, 3), (3, 5), (0.2, 0.8), k=None, n=None,
    p=lambda k, n, p, xp, sp: -_waiting_density(k, n, p, xp, sp),
)  # fmt: skip
entry(
    "nbdtri", (1, 3), (3, 5), (0.2, 0.8), k=None, n=None,
    y=lambda k, n, out, xp, sp: 1 / _waiting_density(k, n, out, xp, sp),
)  # fmt: skip
