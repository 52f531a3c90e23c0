"""How long the steps of a solver are: tolerances, the first step, and the next one."""

from __future__ import annotations

import math
from typing import Any

from arraygrad import backend_of
from arraygrad.errors import ArgumentError
from arraygrad_scipy.runge_kutta import State, combined

__all__ = ["Control", "raw"]


class Control:
    """Which steps are taken: tolerances, and the PI controller of Hairer and Wanner.

    count: how many arrays of the state have errors that matter; None for all.
    """

    def __init__(
        self,
        y: State,
        rtol: float,
        atol: float,
        mxstep: int,
        hmax: float,
        count: int | None = None,
    ) -> None:
        if not (rtol >= 0 and atol >= 0 and rtol + atol > 0 and mxstep > 0 and hmax > 0):
            raise ArgumentError(
                f"odeint: got rtol = {rtol}, atol = {atol}, mxstep = {mxstep}, hmax = {hmax}, "
                f"expected numbers above 0"
            )
        self.xps = [backend_of(x.data).xp for x in y]
        dtypes = [xp.real(x.data).dtype if "complex" in str(x.dtype) else x.dtype
                  for xp, x in zip(self.xps, y, strict=True)]  # fmt: skip
        self.eps = max(float(xp.finfo(d).eps) for xp, d in zip(self.xps, dtypes, strict=True))
        self.rtol, self.atol = max(rtol, 4 * self.eps), max(atol, self.eps**2)
        self.mxstep, self.hmax = mxstep, hmax
        self.count = count
        self.size = sum(x.size for x in y[:count])
        self.before = 1e-4  # the error of the step before

    def norm(self, errors: State, *states: State) -> float:
        """The root of the mean of squares of errors, as multiples of what is allowed."""
        total = 0.0
        of_all = list(zip(self.xps, errors, *states, strict=True))
        for xp, e, *ys in of_all[: self.count]:
            size = xp.abs(ys[0])
            for y in ys[1:]:
                size = xp.maximum(size, xp.abs(y))
            e = xp.abs(e)
            if "16" in str(e.dtype):  # whose squares overflow
                e, size = xp.astype(e, xp.float32), xp.astype(size, xp.float32)
            e = e / (self.atol + self.rtol * size)
            total += float(xp.sum(e * e))
        return math.sqrt(total / self.size)

    def first(self, f: Any, y: State, k: State, t: float, sign: float) -> float:
        """The size of the first step, from how much a small one would change the slope."""
        ys, ks = raw(y), raw(k)
        d0, d1 = self.norm(ys, ys), self.norm(ks, ys)
        h0 = 1e-6 if min(d0, d1) < 1e-5 else 0.01 * d0 / d1
        moved = [combined(a, sign * h0, [b], (1.0,)) for a, b in zip(y, k, strict=True)]
        bends = [a - b for a, b in zip(raw(f(moved, t + sign * h0)), ks, strict=True)]
        d2 = self.norm(bends, ys) / h0
        steep = max(d1, d2)
        h1 = max(1e-6, h0 * 1e-3) if steep <= 1e-15 else (0.01 / steep) ** 0.2
        return min(100 * h0, h1, self.hmax)

    def next(self, h: float, error: float, again: bool) -> float:
        """The size of the next step after one of size h; `again`: after one that was refused."""
        if not math.isfinite(error):
            return 0.1 * h
        error = max(error, 1e-10)
        if error > 1:
            return h * max(0.2, 0.9 * error**-0.17)
        change = 0.9 * error**-0.17 * self.before**0.04
        self.before = max(error, 1e-4)
        return min(h * min(1.0 if again else 10.0, max(0.2, change)), self.hmax)


def raw(xs: State) -> list[Any]:
    """The arrays of Variables."""
    return [x.data for x in xs]
