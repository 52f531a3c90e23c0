"""Determinants of matrices."""

from __future__ import annotations

from typing import Any, NamedTuple

from arraygrad.backend import namespace
from arraygrad.functions.matrices import (
    REGULAR,
    Several,
    adjoint,
    conj,
    defined,
    diagonals,
    eye_like,
    i_imag,
    square,
)
from arraygrad.op import arr, case, in_rule, op
from arraygrad.variable import Variable

__all__ = ["det", "slogdet"]


@op(
    samples=[
        case(arr(3, 3)),
        case(arr(2, 4, 4)),
        case(arr(1, 1)),
        case(arr(3, 3, low=1.0, high=1.0)),
        case(arr(3, 3, low=0.0, high=0.0)),
        case(arr(2, 2, kind="complex")),
    ],
    standard="linalg.det",
)
def det(x: Any, *, xp: Any = None) -> Any:
    """The determinant of square matrices (..., M, M).

    First and second derivatives are right for singular matrices too, which takes a singular value
    decomposition. For large ones `slogdet` is faster, and neither overflows nor underflows.

    >>> det(Variable(2 * np.eye(2)))
    variable(4.0)
    """
    square("det", x)
    return xp.linalg.det(x)


@det.rule
def _(g, x):
    return g[..., None, None] * in_rule(_cofactors, x)


@op(
    samples=[
        case(arr(3, 3)),
        case(arr(2, 4, 4, kind="complex")),
        case(arr(1, 1)),
    ]
)
def _cofactors(x: Any, *, xp: Any = None) -> Any:
    """The derivative of det(x) by each element; of a singular matrix, too.

    From x = u diag(s) vh: its determinant is that of u, times that of vh, times the product of s.
    """
    u, s, vh = defined("det", "finite numbers", xp.linalg.svd, x, full_matrices=False)
    phase = (xp.linalg.det(u) * xp.linalg.det(vh))[..., None, None]
    return phase * (conj(u, xp) * _others(s, xp)[..., None, :]) @ conj(vh, xp)


@_cofactors.rule
def _(g, x, xp):
    # The second derivative of the determinant of diag(s): by elements (i, i) and (k, k) it is the
    # product of all other s, by (i, k) and (k, i) the negative of that, else zero.
    u, s, vh = defined("det", "finite numbers", xp.linalg.svd, x, full_matrices=False)
    phase = (xp.linalg.det(u) * xp.linalg.det(vh))[..., None, None]
    h = phase * (adjoint(u, xp) @ g @ adjoint(vh, xp))
    pairs = _other_pairs(s, xp)
    d = diagonals(h, xp)
    both = xp.sum(pairs * d[..., None, :], axis=-1)[..., None, :] * eye_like(s)
    return conj(u, xp) @ (both - pairs * h.mT) @ conj(vh, xp)


def _others(s: Any, xp: Any) -> Any:
    """For each element of s (..., N) the product of all others, without a division."""
    eye = eye_like(s)
    return xp.prod(s[..., None, :] * (1 - eye) + eye, axis=-1)


def _other_pairs(s: Any, xp: Any) -> Any:
    """For each two elements of s (..., N), descending, the product of all others; 0 for i = k."""
    one = _others(s, xp)
    # Of the two, the product without the smaller one, divided by the larger one; where that is
    # 0, all from there on are, and only for the last two there may be something left.
    without = xp.maximum(one[..., :, None], one[..., None, :])
    larger = xp.maximum(s[..., :, None], s[..., None, :])
    zero = larger == 0
    rest = xp.prod(s[..., : max(s.shape[-1] - 2, 0)], axis=-1)[..., None, None]
    found = xp.where(zero, rest, without / xp.where(zero, xp.ones_like(larger), larger))
    return found * (1 - eye_like(s))


class SlogdetResult(NamedTuple):
    """The determinant is sign * exp(logabsdet)."""

    sign: Variable
    logabsdet: Variable


class Slogdet(Several):
    """Sign and logarithm of the size of a determinant."""

    def forward(self, x: Any) -> Any:
        return tuple(namespace(x).linalg.slogdet(x))

    def rule(self, gys: list[Any], x: Any, ys: list[Any], xp: Any) -> Any:
        gsign, glog = gys
        sign = ys[0]
        inverse = defined("slogdet", REGULAR, xp.linalg.inv, x)
        g = xp.zeros_like(sign) if glog is None else glog
        if gsign is not None:
            g = g + i_imag(gsign * sign, xp)  # 0 for a real x, whose sign does not move
        return g[..., None, None] * inverse.mT


@op(
    samples=[
        case(arr(3, 3)),
        case(arr(2, 1, 2, 2)),
        case(arr(2, 3, 3, kind="complex")),
    ],
    standard="linalg.slogdet",
)
def slogdet(x: Any) -> SlogdetResult:
    """The sign of the determinant of square matrices (..., M, M), and the log of its size.

    Raises GradientError where a gradient is asked for and x is singular.

    >>> slogdet(Variable(np.array([[2.0, 0.0], [0.0, -1.0]])))[0]
    variable(-1.0)
    """
    return SlogdetResult(*Slogdet()(square("slogdet", x)))
