"""exp, tanh and erf in plain arithmetic, so that the compiler puts 8 or 16 into one register.

exp(x) = 2^k exp(r) with |r| <= log(2) / 2, where exp(r) - 1 is its Taylor series, and 2^k is made
of bits; tanh(x) = e / (e + 2) with e = exp(2 x) - 1, which is exact near 0 too. Two units in the
last place at most. The functions of the C library that Numba calls take ten times as long.

Numba's cache on disk looks at the file of a loop alone: after a change here, touch the others.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from numba import njit, types
from numba.extending import overload

from arraygrad.functions import special

_OPTIONS: dict[str, Any] = {"fastmath": {"contract"}, "error_model": "numpy", "forceinline": True}


class _Forms:
    """The functions for one dtype; every number in them is of that dtype, and so is the result."""

    def __init__(self, T: Any, integer: Any, terms: int, parts: tuple[float, float]) -> None:
        info = np.finfo(T)
        one, two, log2e, high, low = map(T, (1, 2, math.log2(math.e), *parts))
        # What is added to round to a whole number, which is then in the lowest bits.
        rounding = T(1.5 * 2**info.nmant)
        bias, shift = integer(1 - info.minexp), integer(info.nmant)
        series = tuple(T(1 / math.factorial(n)) for n in range(terms, 1, -1))
        atanh = tuple(T(1 / n) for n in range(2 * terms + 5, 1, -2))
        lowest, far = T(math.ceil(math.log(info.tiny))), T(20)
        P, Q, limit = special.ERF[info.bits]
        P, Q, limit = tuple(map(T, P)), tuple(map(T, Q)), T(limit)
        zero = T(0)

        @njit(**_OPTIONS)
        def split(x: Any) -> Any:
            """exp(r) - 1 and 2^k."""
            z = x * log2e + rounding
            k = z - rounding
            r = (x - k * high) - k * low
            p = zero
            for a in series:
                p = p * r + a
            return p * r * r + r, integer((T(z).view(integer) + bias) << shift).view(T)

        def exp(x: Any) -> Any:
            p, s = split(max(x, lowest))
            return zero if x < lowest else p * s + s

        def expm1(x: Any) -> Any:
            p, s = split(max(x, -far - far))
            return p * s + (s - one)

        def log1p(x: Any) -> Any:
            u = x / (x + two)
            s, p = u * u, zero
            for a in atanh:
                p = p * s + a
            return two * (u * s * p + u)

        @njit(**_OPTIONS)
        def tanh(x: Any) -> Any:
            v = min(max(x, -far), far)
            p, s = split(v + v)
            e = p * s + (s - one)
            return e / (e + two)

        def erf(x: Any) -> Any:
            v = min(max(x, -limit), limit)
            s = v * v
            p = q = zero
            for a in P:
                p = p * s + a
            for a in Q:
                q = q * s + a
            y = tanh(v * (p / q))
            return x if x == zero else y  # -0.0 stays itself

        def sigmoid(x: Any) -> Any:
            p, s = split(max(-abs(x), lowest))
            e = zero if abs(x) > -lowest else p * s + s
            return (e if x < zero else one) / (one + e)

        self.of: dict[str, Callable[..., Any]] = {
            "erf": erf, "exp": exp, "expm1": expm1, "log1p": log1p, "sigmoid": sigmoid,
            "tanh": tanh.py_func,
        }  # fmt: skip


# log(2) in two parts, of which the first times a whole number is exact.
_FORMS = {
    types.float32: _Forms(np.float32, np.int32, 7, (0.693359375, -2.12194440e-4)),
    types.float64: _Forms(
        np.float64, np.int64, 13, (6.93147180369123816490e-01, 1.90821492927058770002e-10)
    ),
}


def exp(x: Any) -> Any:
    """exp(x) for x <= 0; zero where it would be less than the smallest normal number."""
    raise NotImplementedError


def expm1(x: Any) -> Any:
    """exp(x) - 1 for x <= 0."""
    raise NotImplementedError


def log1p(x: Any) -> Any:
    """log(1 + x) for 0 <= x <= 1, as 2 atanh(x / (x + 2))."""
    raise NotImplementedError


def sigmoid(x: Any) -> Any:
    """1 / (1 + exp(-x)), right to the last places also where it is near 0."""
    raise NotImplementedError


def tanh(x: Any) -> Any:
    """The hyperbolic tangent."""
    raise NotImplementedError


def erf(x: Any) -> Any:
    """The error function; see `arraygrad.functions.special`."""
    raise NotImplementedError


def _compiled(stub: Callable[..., Any]) -> None:
    def form(x: Any) -> Any:
        return _FORMS[x].of[stub.__name__] if x in _FORMS else None

    overload(stub, jit_options=_OPTIONS)(form)


for _stub in (erf, exp, expm1, log1p, sigmoid, tanh):
    _compiled(_stub)
