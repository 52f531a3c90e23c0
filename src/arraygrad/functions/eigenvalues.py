"""Eigenvalues and eigenvectors of matrices, Hermitian ones and others.

Derivatives of the first order follow Giles 2008, "Collected Matrix Derivative Results for Forward
and Reverse Mode Algorithmic Differentiation". Rules have no conjugation of gradients, as all
rules: see the design.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from arraygrad.arrays import is_complex
from arraygrad.backend import namespace
from arraygrad.functions.matrices import (
    Several,
    adjoint,
    computed,
    conj,
    defined,
    diagonals,
    expect_gauge,
    eye_like,
    hermitian,
    i_imag,
    square,
    tracked,
)
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, constant

__all__ = ["eig", "eigh", "eigvals", "eigvalsh"]


class EighResult(NamedTuple):
    """x = eigenvectors @ diag(eigenvalues) @ adjoint of eigenvectors."""

    eigenvalues: Variable
    eigenvectors: Variable


class EigResult(NamedTuple):
    """x @ eigenvectors = eigenvectors @ diag(eigenvalues)."""

    eigenvalues: Variable
    eigenvectors: Variable


class Eigh(Several):
    """Eigenvalues and eigenvectors of Hermitian matrices."""

    def forward(self, x: Any) -> Any:
        return tuple(computed("eigh", "finite numbers", namespace(x).linalg.eigh, x))

    def rule(self, gys: list[Any], x: Any, ys: list[Any], xp: Any) -> Any:
        gw, gv = gys
        w, v = ys
        cv = conj(v, xp)
        if gv is None:
            return (cv * gw[..., None, :]) @ v.mT
        inner = v.mT @ gv
        if is_complex(v.dtype):
            phase = i_imag(diagonals(inner, xp), xp)
            expect_gauge("eigh", "the phases of eigenvectors", phase, gv, xp)
        h = (inner - adjoint(inner, xp)) / 2 / _gaps(w)
        if gw is not None:
            h = h + gw[..., None, :] * eye_like(v)
        return cv @ h @ v.mT


def _gaps(w: Any) -> Any:
    """w[k] - w[i] for each i and k; 1 on the diagonal."""
    return w[..., None, :] - w[..., :, None] + eye_like(w)


def _eigh_products(result: Any) -> Any:
    """The eigenvalues, and the projections on the first and on the last eigenvector."""
    w, v = result
    h = adjoint(v, namespace(v))
    return w, v[..., :, :1] @ h[..., :1, :], v[..., :, -1:] @ h[..., -1:, :]


@op(
    samples=[
        case(arr(3, 3)).through(_eigh_products),
        case(arr(2, 2, 2)).through(_eigh_products),
        case(arr(3, 3, kind="complex")).through(_eigh_products),
    ],
    standard="linalg.eigh",
)
def eigh(x: Any) -> EighResult:
    """Eigenvalues (..., M), ascending, and eigenvectors, the columns of (..., M, M).

    x is taken for Hermitian: what is computed belongs to (x + xᴴ) / 2, so the gradient is
    Hermitian too. Where eigenvalues are equal their eigenvectors are arbitrary, and a gradient
    that comes from eigenvectors is nan or infinite. Raises GradientError if it depends on the
    phase of a complex eigenvector, which is arbitrary too.

    >>> eigh(Variable(np.array([[2.0, 1.0], [1.0, 2.0]]))).eigenvalues
    variable([1. 3.])
    """
    return EighResult(*Eigh()(hermitian("eigh", x)))


@op(
    samples=[
        case(arr(3, 3)),
        case(arr(2, 2, 2)),
        case(arr(3, 3, kind="complex")),
    ],
    standard="linalg.eigvalsh",
)
def eigvalsh(x: Any) -> Variable:
    """The eigenvalues (..., M), ascending, of x (..., M, M), taken for Hermitian as by `eigh`.

    First derivatives are right where eigenvalues are equal, for functions that do not depend on
    their order; second ones are nan there.

    >>> eigvalsh(Variable(np.array([[2.0, 1.0], [1.0, 2.0]])))
    variable([1. 3.])
    """
    x = hermitian("eigvalsh", x)
    if tracked(x):
        w: Variable = Eigh()(x)[0]
        return w
    xp = namespace(x.data)
    return constant(computed("eigvalsh", "finite numbers", xp.linalg.eigvalsh, x.data))


class Eig(Several):
    """Eigenvalues and eigenvectors of any square matrices."""

    def forward(self, x: Any) -> Any:
        xp = namespace(x)
        found = computed("eig", "finite numbers", xp.linalg.eig, x)
        # NumPy gives real arrays where all eigenvalues are real; the standard wants complex ones.
        return tuple(_complex(y, xp) for y in found)

    def rule(self, gys: list[Any], x: Any, ys: list[Any], xp: Any) -> Any:
        gw, gv = gys
        w, v = ys
        h = 0.0
        if gw is not None:
            h = gw[..., None, :] * eye_like(v)
        if gv is not None:
            inner = v.mT @ gv
            d = diagonals(inner, xp)
            phase = i_imag(d, xp)
            expect_gauge("eig", "the phases of eigenvectors", phase, gv, xp)
            # Their lengths stay 1.
            inner = inner - (v.mT @ conj(v, xp)) * (d - phase)[..., None, :]
            h = h + inner * (1 - eye_like(v)) / _gaps(w)
        return defined("eig", "as many eigenvectors as rows", xp.linalg.solve, v.mT, h @ v.mT)


def _complex(y: Any, xp: Any) -> Any:
    if is_complex(y.dtype):
        return y
    return xp.astype(y, xp.complex64 if y.dtype == xp.float32 else xp.complex128)


def _in_order(w: Any) -> Any:
    """What does not depend on the order of eigenvalues, which is arbitrary."""
    return [(w**k).sum(axis=-1) for k in (1, 2, 3)]


def _eig_products(result: Any) -> Any:
    """Sums over all eigenvectors, whatever their order and their phases."""
    w, v = result
    xp = namespace(v)
    lengths = v * conj(v, xp)
    return [(lengths * (w**k)[..., None, :]).sum(axis=-1) for k in (1, 2)]


@op(
    samples=[
        case(arr(3, 3)).through(_eig_products),
        case(arr(2, 2, 2)).through(_eig_products),
        case(arr(3, 3, kind="complex")).through(_eig_products),
    ],
    standard="linalg.eig",
)
def eig(x: Any) -> EigResult:
    """Eigenvalues (..., M) and eigenvectors, columns of (..., M, M), of any x (..., M, M); complex.

    Their order is that of the library. Where eigenvalues are equal a gradient that comes from
    eigenvectors is nan or infinite. Raises GradientError if it depends on the phase of an
    eigenvector, which is arbitrary. A matrix with fewer eigenvectors than rows has no derivatives:
    gradients are huge then, or GradientError is raised.

    >>> abs(eig(Variable(np.array([[0.0, 1.0], [-1.0, 0.0]]))).eigenvalues.data)
    array([1., 1.])
    """
    return EigResult(*Eig()(square("eig", x)))


@op(
    samples=[
        case(arr(3, 3)).through(_in_order),
        case(arr(2, 2, 2)).through(_in_order),
        case(arr(3, 3, kind="complex")).through(_in_order),
    ],
    standard="linalg.eigvals",
)
def eigvals(x: Any) -> Variable:
    """The eigenvalues (..., M), complex, of any square matrices (..., M, M); see `eig`.

    >>> np.round(eigvals(Variable(np.array([[0.0, 1.0], [-1.0, 0.0]]))).data.imag, 3)
    array([ 1., -1.])
    """
    x = square("eigvals", x)
    if tracked(x):
        w: Variable = Eig()(x)[0]
        return w
    xp = namespace(x.data)
    return constant(_complex(computed("eigvals", "finite numbers", xp.linalg.eigvals, x.data), xp))
