"""Densities and derivatives of log gamma that stay accurate for large parameters.

Differences of `gammaln` or of `psi` lose what large parameters have in common: 1e-10 is left of a
gamma density at a = 1e5, and nothing of how it changes with 1e5 degrees of freedom. Here what they
have in common is taken out before: Loader 2000, "Fast and Accurate Computation of Binomial
Probabilities"; NIST Digital Library of Mathematical Functions, 5.11.

Arguments are arrays or Variables of one library; `xp` is their namespace and `sp` has SciPy's
special functions of them.
"""

from __future__ import annotations

import math
from typing import Any

_HALF_LOG_2PI = math.log(2 * math.pi) / 2
# From here on the asymptotic series have all digits of float64.
_LARGE = 10.0
# Of gammaln(a) and, with another sign, of psi(a): B(2k) / (2k (2k - 1)) and B(2k) / (2k).
_STIRLING = (1 / 12, -1 / 360, 1 / 1260, -1 / 1680, 1 / 1188, -691 / 360360, 1 / 156)
_DIGAMMA = tuple((2 * k + 1) * c for k, c in enumerate(_STIRLING))


def _polynomial(z: Any, coefficients: tuple[float, ...]) -> Any:
    total = coefficients[-1] * z + coefficients[-2]
    for c in reversed(coefficients[:-2]):
        total = total * z + c
    return total


def _parted(a: Any, xp: Any) -> tuple[Any, Any, Any]:
    """Where `a` is large; `a` where it is not, and where it is."""
    large, edge = a >= _LARGE, xp.full_like(a, _LARGE)
    return large, xp.where(large, edge, a), xp.where(large, a, edge)


def stirling(a: Any, xp: Any, sp: Any) -> Any:
    """gammaln(a) less Stirling's (a - 1/2) log(a) - a + log(2 pi) / 2."""
    large, small, big = _parted(a, xp)
    series = _polynomial(1 / (big * big), _STIRLING) / big
    exact = sp.gammaln(small) - (small - 0.5) * xp.log(small) + small - _HALF_LOG_2PI
    return xp.where(large, series, exact)


def log_less(y: Any, log: Any, xp: Any) -> Any:
    """log(1 + y) - y, of order y ** 2 at 0; `log` is log(1 + y)."""
    near = xp.abs(y) < 0.2
    small = xp.where(near, y, xp.zeros_like(y))
    z = small / (2 + small)  # of which the logarithm is 2 atanh(z)
    series = _polynomial(z * z, tuple(2 / (2 * k + 3) for k in range(9)))
    return xp.where(near, z * z * z * series - small * z, log - y)


def psi_rise(b: Any, a: Any, xp: Any, sp: Any) -> Any:
    """psi(a + b) - psi(b) less log1p(a / b), which is most of it where b is large."""
    large, small, big = _parted(b, xp)
    n = a + big
    z, w = 1 / (big * big), 1 / (n * n)
    series = a / (2 * big * n) + z * _polynomial(z, _DIGAMMA) - w * _polynomial(w, _DIGAMMA)
    exact = sp.psi(small + a) - sp.psi(small) - xp.log1p(a / small)
    return xp.where(large, series, exact)


def gamma_density(a: Any, x: Any, xp: Any, sp: Any) -> Any:
    """The density of log x for x of the gamma distribution with shape `a`; 0 < x < infinity."""
    exponent = a * log_less((x - a) / a, xp.log(x / a), xp) - stirling(a, xp, sp)
    return xp.sqrt(a / (2 * math.pi)) * xp.exp(exponent)


def beta_density(a: Any, b: Any, r: Any, q: Any, xp: Any, sp: Any) -> Any:
    """The density of log(r / q) for r = 1 - q of the beta distribution; 0 < r < 1."""
    n = a + b
    off = r * b - q * a
    exponent = a * log_less(off / a, xp.log(r * (n / a)), xp)
    exponent = exponent + b * log_less(-off / b, xp.log(q * (n / b)), xp)
    exponent = exponent + stirling(n, xp, sp) - stirling(a, xp, sp) - stirling(b, xp, sp)
    return xp.sqrt(a / n * b / (2 * math.pi)) * xp.exp(exponent)


def t_density(df: Any, t: Any, xp: Any, sp: Any) -> Any:
    """The density of Student's t with `df` degrees of freedom."""
    half, y = df / 2, 1 / df
    exponent = half * log_less(y, xp.log1p(y), xp) + stirling(half + 0.5, xp, sp)
    exponent = exponent - stirling(half, xp, sp) - (df + 1) / 2 * xp.log1p(t * t / df)
    return xp.exp(exponent) / math.sqrt(2 * math.pi)
