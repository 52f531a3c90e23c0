"""Cubic splines and monotone cubics, differentiable in the knots, the values and the points."""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad import Variable, backend_of
from arraygrad.errors import ArgumentError, ShapeError
from arraygrad.op import arr, case, op
from arraygrad_scipy.piecewise import Piecewise
from arraygrad_scipy.shared import alike, constant, one_of, zeros
from arraygrad_scipy.tridiagonal import _solve_tridiagonal

__all__ = ["CubicSpline", "PchipInterpolator", "cubic_spline", "pchip_interpolate"]

ENDS = ("not-a-knot", "natural", "clamped", "periodic")
_NAMED = {"clamped": (1, 0.0), "natural": (2, 0.0)}


class CubicSpline(Piecewise):
    """The cubic spline through (x, y): `scipy.interpolate.CubicSpline`.

    x: (N,), increasing; y: N values along `axis`. bc_type: "not-a-knot", "natural", "clamped",
    "periodic", or a pair for the two ends of one of these words or (order, value of that
    derivative). extrapolate: True, False for nan, "periodic"; None for what fits bc_type.
    Gradients go to x, y, values in bc_type and the points.
    Raises ShapeError, ArgumentError for data or words that do not fit.
    de Boor, "A Practical Guide to Splines", 1978.

    >>> import numpy as np
    >>> from arraygrad import Variable
    >>> y = Variable(np.array([0.0, 1.0, 8.0, 27.0]))
    >>> spline = CubicSpline(np.array([0.0, 1.0, 2.0, 3.0]), y)
    >>> spline(np.array([1.5, 4.0])), spline(np.array([2.0]), nu=1)
    (variable([ 3.375 64.   ]), variable([12.]))
    """

    def __init__(
        self, x: Any, y: Any, axis: int = 0, bc_type: Any = "not-a-knot", extrapolate: Any = None
    ) -> None:
        if extrapolate is None:
            extrapolate = "periodic" if isinstance(bc_type, str) and bc_type == "periodic" else True
        super().__init__("CubicSpline", x, y, axis, extrapolate)
        n = self.x.shape[0]
        if isinstance(bc_type, str):
            ends = [one_of(self.who, "bc_type", bc_type, ENDS)] * 2
        elif isinstance(bc_type, tuple | list) and len(bc_type) == 2:
            ends = list(bc_type)
            if "periodic" in [e for e in ends if isinstance(e, str)]:
                raise ArgumentError(
                    f"CubicSpline: got bc_type {bc_type!r}, expected 'periodic' alone"
                )
        else:
            raise ArgumentError(f"CubicSpline: got bc_type {bc_type!r}, expected a word or a pair")
        if ends[0] == "periodic":
            self._expect_period()
            if n > 2:
                self._through(self._periodic_slopes())
                return
            ends = ["not-a-knot"] * 2
        self._through(self._slopes(*[self._end(e) for e in ends]))

    def _end(self, end: Any) -> Any:
        if isinstance(end, str):
            end = _NAMED.get(end, end)
        if end == "not-a-knot" if isinstance(end, str) else False:
            return (1, self._slope[0, :]) if self.x.shape[0] == 2 else None
        if not (isinstance(end, tuple | list) and len(end) == 2 and end[0] in (1, 2)):
            raise ArgumentError(
                f"CubicSpline: got bc_type {end!r} for an end, expected one of "
                f"{', '.join(map(repr, ENDS[:3]))}, (1, slope) or (2, second derivative)"
            )
        order, value = end
        if hasattr(value, "shape") and value.shape:
            if value.shape != self._rest:
                raise ShapeError(
                    f"CubicSpline: got a value of shape {value.shape} in bc_type, expected "
                    f"{self._rest}, that of y without its axis"
                )
            value = self.xp.reshape(value, (-1,))
        return order, value

    def _expect_period(self) -> None:
        first, last = self._y[0, :].data, self._y[-1, :].data
        backend = backend_of(first)
        if backend.concrete(first):
            raw = backend.xp
            bound = 1e-15 + float(raw.finfo(first.dtype).eps) ** 0.9 * raw.abs(last)
            if not bool(raw.all(raw.abs(first - last) <= bound)):
                raise ArgumentError(
                    "CubicSpline: got other values at the last knot than at the first, expected "
                    "the same ones for bc_type 'periodic'"
                )

    def _row(self, value: Any) -> Variable:
        """A value, or one for each column, as a row of the right side."""
        return (zeros(self.xp, self._y.shape[1:], self._y) + value)[None, :]

    def _slopes(self, first: Any, last: Any) -> Variable:
        xp, h, m, y = self.xp, self._h, self._slope, self._y
        n = y.shape[0]
        if n == 2 and first[0] == last[0] == 1:
            return xp.concat([self._row(first[1]), self._row(last[1])])
        one, none = xp.ones_like(h[:1, 0]), xp.zeros_like(h[:1, 0])
        d, lower, upper = 2 * (h[:-1, 0] + h[1:, 0]), h[1:, 0], h[:-1, 0]
        right = 3 * (h[1:, :] * m[:-1, :] + h[:-1, :] * m[1:, :])
        rows = []
        for end, i, j, sign in ((first, 0, 1, -0.5), (last, -1, -2, 0.5)):
            if end is None and n == 3:  # both ends: the parabola
                rows.append((one, one, 2 * m[i, :][None, :]))
            elif end is None:
                a, b = h[i, 0], h[j, 0]
                w = a + b
                side = ((a + 2 * w) * b * m[i, :] + a * a * m[j, :]) / w
                rows.append((b[None], w[None], side[None, :]))
            elif end[0] == 1:
                rows.append((one, none, self._row(end[1])))
            else:
                a = h[i, :]
                side = sign * end[1] * a * a + 3 * a * m[i, :]
                rows.append((2 * a, a, self._row(side)))
        if n == 3 and (first is None) != (last is None):
            raise ArgumentError(
                "CubicSpline: got 3 knots and 'not-a-knot' at one end, expected it at both ends, "
                "or 4 knots"
            )
        (d0, u0, b0), (d1, l1, b1) = rows
        return _solve_tridiagonal(
            xp.concat([d0, d, d1]),
            xp.concat([lower, l1]),
            xp.concat([u0, upper]),
            xp.concat(alike(xp, b0, right, b1)),
        )

    def _periodic_slopes(self) -> Variable:
        """Without the last unknown the system is tridiagonal; the last equation gives that."""
        xp = self.xp
        h, m = self._h, self._slope
        before_h, before_m = xp.roll(h, 1, axis=0), xp.roll(m, 1, axis=0)
        d, lower, upper = 2 * (h + before_h)[:, 0], h[:, 0], before_h[:, 0]
        right = 3 * (h * before_m + before_h * m)
        n = d.shape[0] - 1  # how many remain
        first = constant(np.eye(n)[0], h)
        final = constant(np.eye(n)[n - 1], h)
        column = (first * lower[0] + final * upper[n - 1])[:, None]
        both = xp.concat(alike(xp, right[:n, :], column), axis=1)
        both = _solve_tridiagonal(d[:n], lower[1:n], upper[: n - 1], both)
        u, v = both[:, :-1], both[:, -1:]
        row = (first * upper[n] + final * lower[n])[None, :]
        row, u, v = alike(xp, row, u, v)
        s = (right[n:, :] - row @ u) / (d[n] - row @ v)
        u = u - v * s
        return xp.concat([u, s, u[:1, :]])


class PchipInterpolator(Piecewise):
    """The monotone piecewise cubic through (x, y): `scipy.interpolate.PchipInterpolator`.

    It rises where the values rise, and has its extrema at knots. Parameters and errors as of
    `CubicSpline`; y: real. Fritsch and Butland 1984, doi:10.1137/0905021.

    >>> import numpy as np
    >>> curve = PchipInterpolator(np.array([0.0, 1.0, 2.0]), np.array([0.0, 1.0, 1.0]))
    >>> curve(np.array([0.5, 1.5]))
    variable([0.6875 1.    ])
    """

    def __init__(self, x: Any, y: Any, axis: int = 0, extrapolate: Any = None) -> None:
        super().__init__("PchipInterpolator", x, y, axis, extrapolate is not False)
        if extrapolate == "periodic":
            self.extrapolate = extrapolate
        if "complex" in str(self._y.dtype):
            raise ArgumentError(
                f"PchipInterpolator: got y of dtype {y.dtype}, expected real numbers"
            )
        h, m, xp = self._h, self._slope, self.xp
        if self.x.shape[0] == 2:
            self._through(xp.concat([m, m]))
            return
        a, b = m[:-1, :], m[1:, :]
        rising = a.detach() * b.detach() > 0
        one = xp.ones_like(a)
        before, after = 2 * h[1:, :] + h[:-1, :], h[1:, :] + 2 * h[:-1, :]
        mean = before / xp.where(rising, a, one) + after / xp.where(rising, b, one)
        inside = xp.where(rising, (before + after) / xp.where(rising, mean, one), xp.zeros_like(a))
        first = self._edge(h[0, :], h[1, :], m[0, :], m[1, :])
        last = self._edge(h[-1, :], h[-2, :], m[-1, :], m[-2, :])
        self._through(xp.concat([first, inside, last]))

    def _edge(self, h0: Any, h1: Any, m0: Any, m1: Any) -> Variable:
        """The slope of the parabola at an end, if it does not spoil the shape."""
        xp = self.xp
        d = ((2 * h0 + h1) * m0 - h0 * m1) / (h0 + h1)
        keeps = xp.sign(d.detach()) == xp.sign(m0.detach())
        steep = (xp.sign(m0.detach()) != xp.sign(m1.detach())) & (abs(d) > 3 * abs(m0))
        return xp.where(keeps, xp.where(steep, 3 * m0, d), xp.zeros_like(d))[None, :]


def _scipy_spline(
    x: Any, y: Any, xnew: Any, axis: int = 0, bc_type: Any = "not-a-knot", nu: int = 0,
    extrapolate: Any = None,
) -> Any:  # fmt: skip
    from scipy.interpolate import CubicSpline

    return CubicSpline(np.asarray(x), y, axis, bc_type, extrapolate)(xnew, nu)


_X = [-1.5, -0.2, 0.3, 1.1, 1.6]


@op(
    samples=[
        case(_X, arr(5), arr(6)),
        case(_X, arr(5, 2), arr(3), bc_type="natural", nu=1),
        case(_X, arr(2, 5), arr(2, 2), axis=1, bc_type=("clamped", "not-a-knot")),
        case(_X[:3], arr(3), arr(4)),
        case(_X[:2], arr(2), arr(), bc_type=((1, 0.5), "natural"), nu=2),
        case(_X, arr(5), arr(4), bc_type=((2, 0.5), (1, -1.0))),
        case(_X, arr(5, kind="complex"), arr(4)),
        case([0.0, 1.0], arr(2), arr(3), extrapolate=True),
    ],
    reference=_scipy_spline,
)
def cubic_spline(
    x: Any,
    y: Any,
    xnew: Any,
    axis: int = 0,
    bc_type: Any = "not-a-knot",
    nu: int = 0,
    extrapolate: Any = None,
) -> Variable:
    """The cubic spline through (x, y) at the points xnew, or its nu-th derivative.

    `CubicSpline(x, y, axis, bc_type)(xnew, nu)`, where parameters and errors are told.

    >>> y = Variable(np.array([0.0, 1.0, 4.0, 9.0]))
    >>> cubic_spline(np.array([0.0, 1.0, 2.0, 3.0]), y, np.array([1.5]))
    variable([2.25])
    """
    return CubicSpline(x, y, axis, bc_type, extrapolate)(xnew, nu)


def _scipy_pchip(xi: Any, *args: Any, **kwargs: Any) -> Any:
    from scipy.interpolate import pchip_interpolate

    return pchip_interpolate(np.asarray(xi), *args, **kwargs)


@op(
    samples=[
        case(_X, arr(5), arr(6)),
        case(_X, arr(5, 3), arr(4), der=1),
        case(_X, arr(2, 5), arr(3), axis=1),
        case(_X[:2], arr(2), arr(3)),
        case(_X[:3], arr(3), arr(3)),
    ],
    reference=_scipy_pchip,
)
def pchip_interpolate(xi: Any, yi: Any, x: Any, der: int = 0, axis: int = 0) -> Variable:
    """The monotone piecewise cubic through (xi, yi) at x: `scipy.interpolate.pchip_interpolate`.

    der: which derivative. `PchipInterpolator` tells the rest.

    >>> yi = Variable(np.array([0.0, 1.0, 1.0]))
    >>> pchip_interpolate(np.array([0.0, 1.0, 2.0]), yi, np.array([0.5, 1.5]))
    variable([0.6875 1.    ])
    """
    return PchipInterpolator(xi, yi, axis)(x, der)
