"""Cubics between knots: their coefficients from slopes, and their values."""

from __future__ import annotations

import math
from typing import Any

from arraygrad import Variable
from arraygrad.errors import ArgumentError, ShapeError
from arraygrad_scipy.interpolation import interval
from arraygrad_scipy.shared import alike, axis_of, increasing, one_of, together

__all__ = ["Piecewise"]


class Piecewise:
    """Cubics between knots, called as SciPy's: (points, nu) -> values, or the nu-th derivative."""

    def __init__(self, who: str, x: Any, y: Any, axis: int, extrapolate: Any) -> None:
        self.who = who
        x, y = together(who, x=x, y=y)
        self.axis = axis_of(who, axis, y)
        increasing(who, "x", x, 2)
        if y.shape[self.axis] != x.shape[0]:
            raise ShapeError(
                f"{who}: got x of shape {x.shape} and y of shape {y.shape}, expected "
                f"{x.shape[0]} values along axis {self.axis}"
            )
        self.xp = x.__array_namespace__()
        self.x, self.extrapolate = x, extrapolate
        self._rest = (*y.shape[: self.axis], *y.shape[self.axis + 1 :])
        self._y = self.xp.reshape(self.xp.moveaxis(y, self.axis, 0), (x.shape[0], -1))
        self._h = (x[1:] - x[:-1])[:, None]
        self._slope = (self._y[1:, :] - self._y[:-1, :]) / self._h

    def _through(self, s: Variable) -> None:
        """Take the cubics with these slopes at the knots."""
        t = (s[:-1, :] + s[1:, :] - 2 * self._slope) / self._h
        c = [t / self._h, (self._slope - s[:-1, :]) / self._h - t, s[:-1, :], self._y[:-1, :]]
        self._c = self.xp.stack(alike(self.xp, *c), axis=1)  # (N - 1, 4, K)

    @property
    def c(self) -> Variable:
        """The coefficients, (4, N - 1, ...), highest power first, as in SciPy."""
        c = self.xp.permute_dims(self._c, (1, 0, 2))
        return self.xp.reshape(c, (4, c.shape[1], *self._rest))

    def __call__(self, x: Any, nu: int = 0, extrapolate: Any = None) -> Variable:
        """The values at points x, or their nu-th derivative; x: any shape, which replaces the axis.

        extrapolate: True, False for nan beyond the knots, "periodic", or None for the spline's.
        """
        xp = self.xp
        if extrapolate is None:
            extrapolate = self.extrapolate
        one_of(self.who, "extrapolate", extrapolate, (True, False, "periodic"))
        if not isinstance(nu, int) or nu < 0:
            raise ArgumentError(f"{self.who}: got nu = {nu!r}, expected a whole number from 0 on")
        _, x = together(self.who, knots=self.x, x=x)
        shape, x = x.shape, xp.reshape(x, (-1,))
        low, high = self.x[0], self.x[-1]
        if extrapolate == "periodic":
            period = high - low
            x = x - xp.floor((x - low).detach() / period.detach()) * period
        at = interval(xp, self.x, x)
        c = xp.take(self._c, at, axis=0)  # (M, 4, K)
        t = (x - xp.take(self.x, at, axis=0))[:, None]
        y = xp.zeros_like(c[:, 0, :])
        for k in range(4 - nu):
            y = y * t + c[:, k, :] * float(math.perm(3 - k, nu))
        if extrapolate is False:
            beyond = (x < low) | (x > high)
            y = xp.where(beyond[:, None], math.nan, y)
        y = xp.reshape(y, (*shape, *self._rest))
        ends = list(range(len(shape)))
        return xp.moveaxis(y, tuple(ends), tuple([i + self.axis for i in ends])) if ends else y

    def derivative(self, nu: int = 1) -> Any:
        """The function of points that is the nu-th derivative."""
        return lambda x, extrapolate=None: self(x, nu, extrapolate)
