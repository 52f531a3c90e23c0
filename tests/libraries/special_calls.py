"""Calls of scipy.special."""

from __future__ import annotations

import scipy.special as special
from table import Area, fixed, normal, positive, still, uniform

from arraygrad.functions.special_derivatives import TABLE

call = Area("scipy.special", globals())
# Most are right only because SciPy asks for `xp.special` before it computes on NumPy's arrays,
# which it does not document: these are among the calls that the ordinary tests run.
CHOSEN = {"erf", "gammaln", "betainc", "ndtri", "stdtr", "xlogy"}

for name, entry in TABLE.items():
    if not hasattr(special, name):
        continue
    args = {
        x: uniform(*span, 5) if entry.derivatives[x] is not None else still(uniform(*span, 5))
        for x, span in entry.ranges.items()
    }
    call(f"special.{name}({', '.join(args)})", chosen=name in CHOSEN, **args)

call("special.polygamma(n, x)", n=fixed([1, 2, 3, 1, 2]), x=positive(5))
call("special.expn(n, x)", n=fixed([1, 2, 3, 1, 2]), x=positive(5))
call("special.yn(n, x)", n=fixed([1, 2, 3, 1, 2]), x=positive(5))
call("special.gammasgn(x)", x=positive(5))
call("special.zetac(x)", x=uniform(2, 4, 5))
call("special.lpmv(m, v, x)", m=fixed([0, 1, 1]), v=fixed([1, 2, 3]), x=uniform(-0.9, 0.9, 3))
call("special.multigammaln(a, 2)", a=uniform(2, 4, 5))
call("special.logsumexp(x)", x=normal(6), chosen=True)
call("special.logsumexp(x, axis=1)", x=normal(3, 4))
call("special.logsumexp(x, axis=0, keepdims=True)", x=normal(3, 4))
call("special.logsumexp(x, b=b)", x=normal(5), b=positive(5))
call("special.logsumexp(x, b=b, return_sign=True)", x=normal(5), b=normal(5))
call("special.softmax(x)", x=normal(5))
call("special.softmax(x, axis=1)", x=normal(3, 4), chosen=True)
call("special.log_softmax(x, axis=-1)", x=normal(3, 4))
call("special.entr(x / special.logsumexp(x))", x=positive(4))
call("special.gammainc(a, x)", a=positive(4), x=positive(4))
call("special.betainc(a, b, x)", a=positive(4), b=positive(4), x=uniform(0.1, 0.9, 4))
call("special.diric(x, 3)", x=normal(4))
call("special.comb(n, k)", n=uniform(4, 6, 3), k=uniform(1, 3, 3))
call("special.softplus(x)", x=normal(4))
call("special.eval_legendre(2, x)", x=uniform(-0.9, 0.9, 4))
call("special.wofz(x)", x=normal(4))
call("special.lambertw(x)", x=positive(4))
