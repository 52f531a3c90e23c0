"""The derivatives of distribution functions and of incomplete integrals: densities.

The inverse of such a function has the inverse of the density at its result as its derivative. How
quantiles move with parameters of the shape, and what follows from it, is told in `special_shapes`.
Parameters that are rounded to whole numbers have no derivative.
"""

from __future__ import annotations

import math

from arraygrad.functions.special_densities import beta_density, gamma_density, t_density
from arraygrad.functions.special_shapes import beta_shift, f_shift, gamma_shift, inside
from arraygrad.functions.special_table import entry


def _gamma_density(a, x, xp, sp):
    plain = xp.exp(sp.xlogy(a - 1, x) - x - sp.gammaln(a))
    large = (a > 10) & (x > 0) & (x < math.inf)
    return _either(large, lambda a, x: gamma_density(a, x, xp, sp) / x, plain, (a, x), xp)


def _beta_density(a, b, x, xp, sp):
    def density(a, b, x):
        return beta_density(a, b, x, 1 - x, xp, sp) / (x * (1 - x))

    plain = xp.exp(sp.xlogy(a - 1, x) + sp.xlog1py(b - 1, -x) - sp.betaln(a, b))
    large = (a + b > 10) & (a > 0) & (b > 0) & (x > 0) & (x < 1)
    return _either(large, density, plain, (a, b, x), xp)


def _f_density(m, n, x, xp, sp):
    def density(m, n, x):
        r, q = _f_parts(m, n, x)
        return beta_density(m / 2, n / 2, r, q, xp, sp) / x

    log = sp.xlogy(m / 2, m) + sp.xlogy(n / 2, n) + sp.xlogy(m / 2 - 1, x)
    log = log - (m + n) / 2 * xp.log(n + m * x) - sp.betaln(m / 2, n / 2)
    large = (m + n > 20) & (x > 0) & (x < math.inf)
    return _either(large, density, xp.exp(log), (m, n, x), xp)


def _f_parts(m, n, x):
    """Of the beta distribution with m / 2 and n / 2: x, of F, times m / n are the odds r / q."""
    return m * x / (n + m * x), n / (n + m * x)


def _either(large, density, plain, args, xp):
    """`density(*args)` where parameters are large, of which `plain` loses digits; else `plain`."""
    safe = [xp.where(large, x, xp.full_like(x, 0.5)) for x in args]
    return xp.where(large, density(*safe), plain)


def _chi2_density(v, x, xp, sp):
    return _gamma_density(v / 2, x / 2, xp, sp) / 2


def _poisson_mass(k, m, xp, sp):
    return _gamma_density(xp.floor(k) + 1, m, xp, sp)


def _binomial_density(k, n, p, xp, sp):
    k = xp.floor(k)
    return _beta_density(k + 1, xp.floor(n) - k, p, xp, sp)


def _waiting_density(k, n, p, xp, sp):
    return _beta_density(xp.floor(n), xp.floor(k) + 1, p, xp, sp)


def _gamma_by_a(a, x, xp, sp):
    def slope(x):
        return gamma_density(a, x, xp, sp) * gamma_shift(a, x, xp, sp)

    return -inside(slope, x, (0, math.inf), xp)


def _gamma_quantile_by_a(a, x, xp, sp):
    return inside(lambda x: x * gamma_shift(a, x, xp, sp), x, (0, math.inf), xp)


def _beta_by_a(a, b, x, xp, sp):
    def slope(x):
        return beta_density(a, b, x, 1 - x, xp, sp) * beta_shift(a, b, x, 1 - x, xp, sp)

    return -inside(slope, x, (0, 1), xp)


def _beta_by_b(a, b, x, xp, sp):
    def slope(x):
        return beta_density(a, b, x, 1 - x, xp, sp) * beta_shift(b, a, 1 - x, x, xp, sp)

    return inside(slope, x, (0, 1), xp)


def _beta_quantile_by_a(a, b, x, xp, sp):
    return inside(lambda x: x * (1 - x) * beta_shift(a, b, x, 1 - x, xp, sp), x, (0, 1), xp)


def _beta_quantile_by_b(a, b, x, xp, sp):
    return -inside(lambda x: x * (1 - x) * beta_shift(b, a, 1 - x, x, xp, sp), x, (0, 1), xp)


def _t_by_df(df, t, xp, sp):
    return -t_density(df, t, xp, sp) * _t_quantile_by_df(df, t, xp, sp)


def _t_quantile_by_df(df, t, xp, sp):
    def slope(t):
        # t * t is of the F distribution with 1 and df.
        r, q = _f_parts(1, df, t * t)
        return t * f_shift(xp.ones_like(df), df, r, q, xp, sp) / 2

    return inside(slope, t, (-math.inf, math.inf), xp)


def _f_by_dfn(m, n, x, xp, sp):
    def slope(x):
        r, q = _f_parts(m, n, x)
        return beta_density(m / 2, n / 2, r, q, xp, sp) * f_shift(n, m, q, r, xp, sp)

    return inside(slope, x, (0, math.inf), xp)


def _f_by_dfd(m, n, x, xp, sp):
    def slope(x):
        r, q = _f_parts(m, n, x)
        return beta_density(m / 2, n / 2, r, q, xp, sp) * f_shift(m, n, r, q, xp, sp)

    return -inside(slope, x, (0, math.inf), xp)


def _f_quantile_by_dfn(m, n, x, xp, sp):
    def slope(x):
        r, q = _f_parts(m, n, x)
        return x * f_shift(n, m, q, r, xp, sp)

    return -inside(slope, x, (0, math.inf), xp)


def _f_quantile_by_dfd(m, n, x, xp, sp):
    def slope(x):
        r, q = _f_parts(m, n, x)
        return x * f_shift(m, n, r, q, xp, sp)

    return inside(slope, x, (0, math.inf), xp)


# Incomplete gamma and beta functions and their inverses.
entry("gammainc", (0.5, 3), (0.3, 3), a=_gamma_by_a, x=_gamma_density)
entry(
    "gammaincc", (0.5, 3), (0.3, 3),
    a=lambda a, x, xp, sp: -_gamma_by_a(a, x, xp, sp),
    x=lambda a, x, xp, sp: -_gamma_density(a, x, xp, sp),
)  # fmt: skip
entry(
    "gammaincinv", (0.5, 3), (0.2, 0.8),
    a=lambda a, out, xp, sp: _gamma_quantile_by_a(a, out, xp, sp),
    y=lambda a, out, xp, sp: 1 / _gamma_density(a, out, xp, sp),
)  # fmt: skip
entry(
    "gammainccinv", (0.5, 3), (0.2, 0.8),
    a=lambda a, out, xp, sp: _gamma_quantile_by_a(a, out, xp, sp),
    y=lambda a, out, xp, sp: -1 / _gamma_density(a, out, xp, sp),
)  # fmt: skip
entry(
    "betainc", (0.5, 3), (0.5, 3), (0.1, 0.9),
    a=_beta_by_a, b=_beta_by_b, x=_beta_density,
)  # fmt: skip
entry(
    "betaincc", (0.5, 3), (0.5, 3), (0.1, 0.9),
    a=lambda a, b, x, xp, sp: -_beta_by_a(a, b, x, xp, sp),
    b=lambda a, b, x, xp, sp: -_beta_by_b(a, b, x, xp, sp),
    x=lambda a, b, x, xp, sp: -_beta_density(a, b, x, xp, sp),
)  # fmt: skip
entry(
    "betaincinv", (0.5, 3), (0.5, 3), (0.2, 0.8),
    a=lambda a, b, out, xp, sp: _beta_quantile_by_a(a, b, out, xp, sp),
    b=lambda a, b, out, xp, sp: _beta_quantile_by_b(a, b, out, xp, sp),
    y=lambda a, b, out, xp, sp: 1 / _beta_density(a, b, out, xp, sp),
)  # fmt: skip
entry(
    "betainccinv", (0.5, 3), (0.5, 3), (0.2, 0.8),
    a=lambda a, b, out, xp, sp: _beta_quantile_by_a(a, b, out, xp, sp),
    b=lambda a, b, out, xp, sp: _beta_quantile_by_b(a, b, out, xp, sp),
    y=lambda a, b, out, xp, sp: -1 / _beta_density(a, b, out, xp, sp),
)  # fmt: skip

# Distribution functions and their inverses.
entry(
    "chdtr", (1, 4), (0.5, 4),
    v=lambda v, x, xp, sp: _gamma_by_a(v / 2, x / 2, xp, sp) / 2,
    x=_chi2_density,
)  # fmt: skip
entry(
    "chdtrc", (1, 4), (0.5, 4),
    v=lambda v, x, xp, sp: -_gamma_by_a(v / 2, x / 2, xp, sp) / 2,
    x=lambda v, x, xp, sp: -_chi2_density(v, x, xp, sp),
)  # fmt: skip
entry(
    "chdtri", (1, 4), (0.2, 0.8),
    v=lambda v, out, xp, sp: _gamma_quantile_by_a(v / 2, out / 2, xp, sp),
    p=lambda v, out, xp, sp: -1 / _chi2_density(v, out, xp, sp),
)  # fmt: skip
entry("stdtr", (1, 5), (-2, 2), df=_t_by_df, t=t_density)
entry(
    "stdtrit", (1, 5), (0.2, 0.8),
    df=lambda df, out, xp, sp: _t_quantile_by_df(df, out, xp, sp),
    p=lambda df, out, xp, sp: 1 / t_density(df, out, xp, sp),
)  # fmt: skip
entry(
    "fdtr", (1, 4), (1, 4), (0.5, 3),
    dfn=lambda dfn, dfd, x, xp, sp: _f_by_dfn(dfn, dfd, x, xp, sp),
    dfd=lambda dfn, dfd, x, xp, sp: _f_by_dfd(dfn, dfd, x, xp, sp),
    x=lambda dfn, dfd, x, xp, sp: _f_density(dfn, dfd, x, xp, sp),
)  # fmt: skip
entry(
    "fdtrc", (1, 4), (1, 4), (0.5, 3),
    dfn=lambda dfn, dfd, x, xp, sp: -_f_by_dfn(dfn, dfd, x, xp, sp),
    dfd=lambda dfn, dfd, x, xp, sp: -_f_by_dfd(dfn, dfd, x, xp, sp),
    x=lambda dfn, dfd, x, xp, sp: -_f_density(dfn, dfd, x, xp, sp),
)  # fmt: skip
entry(
    "fdtri", (1, 4), (1, 4), (0.2, 0.8),
    dfn=lambda dfn, dfd, out, xp, sp: _f_quantile_by_dfn(dfn, dfd, out, xp, sp),
    dfd=lambda dfn, dfd, out, xp, sp: _f_quantile_by_dfd(dfn, dfd, out, xp, sp),
    p=lambda dfn, dfd, out, xp, sp: 1 / _f_density(dfn, dfd, out, xp, sp),
)  # fmt: skip
entry(
    "gdtr", (0.5, 2), (0.5, 3), (0.5, 2),
    a=lambda a, b, x, xp, sp: x * _gamma_density(b, a * x, xp, sp),
    b=lambda a, b, x, xp, sp: _gamma_by_a(b, a * x, xp, sp),
    x=lambda a, b, x, xp, sp: a * _gamma_density(b, a * x, xp, sp),
)  # fmt: skip
entry(
    "gdtrc", (0.5, 2), (0.5, 3), (0.5, 2),
    a=lambda a, b, x, xp, sp: -x * _gamma_density(b, a * x, xp, sp),
    b=lambda a, b, x, xp, sp: -_gamma_by_a(b, a * x, xp, sp),
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
