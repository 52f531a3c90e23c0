"""Decompositions of matrices: Cholesky, QR and singular values; see `eigenvalues` for the others.

Derivatives of the first order follow Giles 2008, "Collected Matrix Derivative Results for Forward
and Reverse Mode Algorithmic Differentiation", and for complex matrices Wan and Zhang 2019,
arXiv:1909.02659. Rules have no conjugation of gradients, as all rules: see the design.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from arraygrad.arrays import is_complex
from arraygrad.backend import namespace
from arraygrad.errors import ArgumentError
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
    matrices,
    tracked,
)
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, constant

__all__ = ["cholesky", "qr", "svd", "svdvals"]


class QRResult(NamedTuple):
    """x = Q @ R."""

    Q: Variable
    R: Variable


class SVDResult(NamedTuple):
    """x = U @ diag(S) @ Vh."""

    U: Variable
    S: Variable
    Vh: Variable


@op(samples=[case(arr(2, 1, 1, low=0.5))])
def _cholesky(x: Any, *, xp: Any = None) -> Any:
    """The lower Cholesky factor of Hermitian matrices; what `cholesky` calls."""
    return computed("cholesky", "positive definite matrices", xp.linalg.cholesky, x)


@_cholesky.rule
def _(g, out, xp):
    eye = eye_like(out)
    half = xp.tril(xp.ones_like(eye)) - eye / 2  # ones below the diagonal, halves on it
    inverse = xp.linalg.inv(out)  # one, as it is wanted twice
    return inverse.mT @ ((out.mT @ g) * half) @ conj(inverse, xp)


@op(
    samples=[
        case(arr(2, 1, 1, low=0.5)),
        case(arr(1, 1, low=0.5), upper=True),
        case(arr(1, 1, low=0.5, kind="complex")),
    ],
    standard="linalg.cholesky",
)
def cholesky(x: Any, upper: bool = False) -> Variable:
    """The lower factor L of positive definite matrices x = L Lᴴ (..., M, M); or the upper one, Lᴴ.

    x is taken for Hermitian: what is computed is the factor of (x + xᴴ) / 2, so the gradient is
    Hermitian too. Raises MatrixError for one that is not positive definite.

    >>> cholesky(Variable(np.array([[4.0, 2.0], [2.0, 5.0]])))
    variable([[2. 0.]
              [1. 2.]])
    """
    y = _cholesky(hermitian("cholesky", x))
    return adjoint(y, namespace(y)) if upper else y


class Qr(Several):
    """The factors of matrices with at least as many rows as columns."""

    def __init__(self, mode: str) -> None:
        self.mode = mode

    def forward(self, x: Any) -> Any:
        return tuple(namespace(x).linalg.qr(x, mode=self.mode))

    def rule(self, gys: list[Any], x: Any, ys: list[Any], xp: Any) -> Any:
        gq, gr = gys
        q, r = ys
        n = x.shape[-1]
        if q.shape[-1] > n:
            rest, q, r = q[..., n:], q[..., :n], r[..., :n, :]
            if gr is not None:
                gr = gr[..., :n, :]
            if gq is not None:
                gq = gq[..., :n] + _of_the_rest("qr", "Q", rest, gq[..., n:], q, xp)
        cq = conj(q, xp)
        h = xp.zeros_like(r) if gr is None else gr @ r.mT
        if gq is None:
            w = -h
        else:
            inner = q.mT @ gq
            w = inner - h
        below = 1 - xp.tril(xp.ones_like(eye_like(r))).mT
        h = h + (w - adjoint(w, xp)) * below
        if is_complex(w.dtype):
            h = h + i_imag(w, xp) * eye_like(w)
        y = cq @ h
        if gq is not None:
            y = y + gq - cq @ inner
        what = "matrices whose columns are linearly independent"
        return defined("qr", what, xp.linalg.solve, r, y.mT).mT


def _of_the_rest(who: str, which: str, rest: Any, g: Any, q: Any, xp: Any) -> Any:
    """What the gradient of the columns that complete a basis says of the columns `q` before them.

    Only the space that they span is decided, not they.
    """
    inner = rest.mT @ g
    what = f"which basis completes {which}"
    expect_gauge(who, what, inner - adjoint(inner, xp), g, xp)
    return -(conj(rest, xp) @ adjoint(g, xp) @ conj(q, xp))


def _qr_products(result: Any) -> Any:
    q, r = result
    rest = q[..., r.shape[-1] :]
    return q @ r, rest @ adjoint(rest, namespace(q))


@op(
    samples=[
        case(arr(3, 3)),
        case(arr(2, 4, 2)),
        case(arr(2, 3)),
        case(arr(4, 2), mode="complete").through(_qr_products),
        case(arr(2, 3), mode="complete"),
        case(arr(3, 2, kind="complex")),
        case(arr(2, 3, kind="complex")),
    ],
    standard="linalg.qr",
)
def qr(x: Any, mode: str = "reduced") -> QRResult:
    """Factors of matrices x = Q R (..., M, N): Q with orthonormal columns, R upper triangular.

    mode: "reduced" for Q (..., M, K) and R (..., K, N), where K is the smaller of M and N;
    "complete" for Q (..., M, M) and R (..., M, N). The first K columns of x have to be linearly
    independent for a gradient, or else GradientError is raised, or the gradient is large.
    Of the columns that "complete" adds only the space that they span has a gradient.

    >>> q, r = qr(Variable(np.array([[3.0, 1.0], [4.0, 2.0]])))
    >>> np.round(abs(r.data), 3)
    array([[5. , 2.2],
           [0. , 0.4]])
    """
    from arraygrad.functions.joining import concat

    x = matrices("qr", x)
    if mode not in ("reduced", "complete"):
        raise ArgumentError(f"qr: got mode = {mode!r}, expected 'reduced' or 'complete'")
    m, n = x.shape[-2:]
    if m >= n or not tracked(x):
        return QRResult(*Qr(mode)(x))
    # The first m columns decide Q; the others are products with it.
    q, r = Qr("reduced")(x[..., :m])
    return QRResult(q, concat([r, adjoint(q, namespace(q)) @ x[..., m:]], axis=-1))


class Svd(Several):
    """Singular vectors and values."""

    def __init__(self, full_matrices: bool) -> None:
        self.full_matrices = full_matrices

    def forward(self, x: Any) -> Any:
        svd = namespace(x).linalg.svd
        return tuple(computed("svd", "finite numbers", svd, x, full_matrices=self.full_matrices))

    def rule(self, gys: list[Any], x: Any, ys: list[Any], xp: Any) -> Any:
        gu, gs, gvh = gys
        u, s, vh = ys
        k = s.shape[-1]
        gv = None if gvh is None else adjoint(gvh, xp)
        v = adjoint(vh, xp)
        gu, u = _first(gu, u, k, "U", xp)
        gv, v = _first(gv, v, k, "Vh", xp)
        cu, cv = conj(u, xp), conj(v, xp)
        if gu is None and gv is None:
            return (cu * gs[..., None, :]) @ v.mT
        across, down = s[..., None, :], s[..., :, None]
        eye = eye_like(s)
        h = 0.0
        if gs is not None:
            h = h + gs[..., None, :] * eye
        gaps = (across - down) * (across + down) + eye
        outside = 0.0
        phase = 0.0
        if gu is not None:
            inner = u.mT @ gu
            h = h + (inner - adjoint(inner, xp)) / gaps * (across * (1 - eye))
            if u.shape[-2] > k:
                outside = outside + ((gu - cu @ inner) / across) @ v.mT
            phase = phase + inner
        if gv is not None:
            inner_v = v.mT @ gv
            h = h + (inner_v - adjoint(inner_v, xp)) / gaps * (down * (1 - eye))
            if v.shape[-2] > k:
                outside = outside + (cu / across) @ adjoint(gv - cv @ inner_v, xp)
            phase = phase + inner_v
        if is_complex(u.dtype):
            rest = i_imag(diagonals(phase, xp), xp)
            whole = gv if gu is None else gu
            expect_gauge("svd", "the phases of singular vectors", rest, whole, xp)
            if gu is not None:
                h = h + i_imag(inner, xp) * (eye / across)
        return cu @ h @ v.mT + outside


def _first(g: Any, q: Any, k: int, which: str, xp: Any) -> tuple[Any, Any]:
    """The first k columns and their gradient, with what that of the others says of them."""
    if q.shape[-1] == k:
        return g, q
    first, rest = q[..., :k], q[..., k:]
    if g is None:
        return None, first
    return g[..., :k] + _of_the_rest("svd", which, rest, g[..., k:], first, xp), first


def _svd_products(result: Any) -> Any:
    """The singular values, the first ones' projections, and that on what is left over."""
    u, s, vh = result
    h = adjoint(u, namespace(u))
    k = s.shape[-1]
    return s, u[..., :, :1] @ vh[..., :1, :], u[..., :, k - 1 :] @ h[..., k - 1 :, :]


@op(
    samples=[
        case(arr(3, 3), full_matrices=False).through(_svd_products),
        case(arr(2, 4, 2), full_matrices=False).through(_svd_products),
        case(arr(2, 3), full_matrices=False).through(_svd_products),
        case(arr(4, 2)).through(_svd_products),
        case(arr(2, 4)).through(lambda y: y.Vh[..., 2:, :].mT @ y.Vh[..., 2:, :]),
        case(arr(3, 2, kind="complex"), full_matrices=False).through(_svd_products),
        case(arr(2, 3, kind="complex"), full_matrices=False).through(_svd_products),
    ],
    standard="linalg.svd",
)
def svd(x: Any, full_matrices: bool = True) -> SVDResult:
    """Singular vectors and values: x = U diag(S) Vh (..., M, N), S descending.

    full_matrices: U (..., M, M) and Vh (..., N, N); else U (..., M, K) and Vh (..., K, N), where
    K is the smaller of M and N. Of the vectors that are more than K only the space that they span
    has a gradient. Where singular values are equal or 0, a gradient that comes from vectors is
    nan or infinite. Raises GradientError if it depends on the phase of a complex vector or on
    which basis completes the first K, which are arbitrary.

    >>> svd(Variable(np.array([[3.0, 0.0], [0.0, 4.0]]))).S
    variable([4. 3.])
    """
    return SVDResult(*Svd(bool(full_matrices))(matrices("svd", x)))


@op(
    samples=[
        case(arr(3, 3)),
        case(arr(2, 2, 3)),
        case(arr(3, 2)),
        case(arr(3, 2, kind="complex")),
    ],
    standard="linalg.svdvals",
)
def svdvals(x: Any) -> Variable:
    """The singular values (..., K), descending, of matrices (..., M, N); K is the smaller of both.

    First derivatives are right where singular values are equal, for functions that do not depend
    on their order; at 0 they are one of those possible. Second ones are nan there.

    >>> svdvals(Variable(np.array([[3.0, 0.0], [0.0, 4.0]])))
    variable([4. 3.])
    """
    x = matrices("svdvals", x)
    if tracked(x):
        s: Variable = Svd(False)(x)[1]
        return s
    xp = namespace(x.data)
    return constant(computed("svdvals", "finite numbers", xp.linalg.svdvals, x.data))
