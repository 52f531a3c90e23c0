"""Triangular systems, and matrices with a structure."""

from __future__ import annotations

from typing import Any

from arraygrad import Variable, as_variable, backend_of
from arraygrad.errors import ArgumentError, ShapeError
from arraygrad.op import arr, case, in_rule, op
from arraygrad_scipy.convolution import _convolve, faster
from arraygrad_scipy.shared import alike, one_of, real_or_complex, scipy, square, zeros

__all__ = [
    "block_diag",
    "cho_factor",
    "cho_solve",
    "matmul_toeplitz",
    "solve_triangular",
]

Pair = tuple[Any, bool]


@op(
    samples=[
        case(arr(3, 3), arr(3, 2), True),
        case(arr(2, 3, 3, low=0.5), arr(3, 1), False),
        case(arr(3, 3), arr(2, 3, 2), True, True),
        case(arr(2, 2, kind="complex"), arr(2, 1), False),
    ],
    broadcasts=True,
)
def _solve_triangular(a: Any, b: Any, lower: bool, unit: bool = False, *, xp: Any = None) -> Any:
    """The x of a x = b, with what is on the other side of the diagonal taken for 0."""
    a, b = alike(xp, triangle(xp, a, lower, unit), b)
    return xp.linalg.solve(a, b)


@_solve_triangular.rule("a", "b")
def _(g, a, out, lower, unit, need, xp):
    gb = in_rule(_solve_triangular, a.mT, g, not lower, unit)
    if not need[0]:
        return None, gb
    half, k = (xp.tril, -1) if lower else (xp.triu, 1)
    return -half(gb @ out.mT, k=k if unit else 0), gb


def triangle(xp: Any, a: Any, lower: bool, unit: bool) -> Any:
    """The triangle of `a` that is meant; with ones on the diagonal if `unit`."""
    half, k = (xp.tril, -1) if lower else (xp.triu, 1)
    if not unit:
        return half(a)
    eye = xp.eye(a.shape[-1], dtype=a.dtype, device=backend_of(a).device(a))
    return half(a, k=k) + eye


@op(
    samples=[
        case(arr(3, 3, low=0.5), arr(3)),
        case(arr(3, 3, low=0.5), arr(3, 2), lower=True),
        case(arr(3, 3, low=0.5), arr(3), trans=1),
        case(arr(3, 3), arr(3), lower=True, unit_diagonal=True),
        case(arr(2, 2, low=0.5, kind="complex"), arr(2), "C"),
        case(arr(2, 2, 2, low=0.5), arr(2, 2, 3), "T", True),
    ],
    reference=scipy("linalg.solve_triangular"),
)
def solve_triangular(
    a: Any, b: Any, trans: Any = 0, lower: bool = False, unit_diagonal: bool = False
) -> Variable:
    """The x of a x = b for a triangular matrix a: `scipy.linalg.solve_triangular`.

    a: (..., M, M), of which one triangle is read; b: (M,), or matrices (..., M, K). trans: 0 or
    "N"; 1 or "T" for the transpose of a; 2 or "C" for its conjugate transpose. unit_diagonal: the
    diagonal is taken for ones.
    Raises ShapeError for shapes that do not fit; MatrixError for a 0 on the diagonal, on NumPy.

    >>> solve_triangular(Variable(np.array([[2.0, 1.0], [9.0, 4.0]])), np.array([4.0, 8.0]))
    variable([1. 2.])
    """
    a, b = real_or_complex("solve_triangular", a=a, b=b)
    square("solve_triangular", "a", a)
    m = a.shape[-1]
    if b.shape[-1:] != (m,) if b.ndim < 2 else b.shape[-2] != m:
        raise ShapeError(
            f"solve_triangular: got {a.shape} and {b.shape}, expected b of shape ({m},) or "
            f"(..., {m}, K)"
        )
    one_of("solve_triangular", "trans", trans, (0, 1, 2, "N", "T", "C"))
    if trans in (1, 2, "T", "C"):
        a, lower = a.mT, not lower
        if trans in (2, "C") and "complex" in str(a.dtype):
            a = a.__array_namespace__().conj(a)
    if b.ndim == 1:
        return _solve_triangular(a, b[:, None], bool(lower), bool(unit_diagonal))[..., 0]
    return _solve_triangular(a, b, bool(lower), bool(unit_diagonal))


def cho_factor(a: Any, lower: bool = False) -> tuple[Variable, bool]:
    """The Cholesky factor of a, and whether it is the lower one: for `cho_solve`.

    a: (..., M, M), positive definite. As `scipy.linalg.cho_factor`, but with zeros on the other
    side of the diagonal. Raises MatrixError where there is none.

    >>> import numpy as np
    >>> cho_factor(np.array([[4.0, 0.0], [0.0, 9.0]]))[0]
    variable([[2. 0.]
              [0. 3.]])
    """
    from arraygrad.functions import cholesky

    return cholesky(a, upper=not lower), lower


@op(
    samples=[
        case((arr(3, 3, low=0.5), False), arr(3)),
        case((arr(3, 3, low=0.5), True), arr(3, 2)),
        case((arr(2, 2, low=0.5, kind="complex"), True), arr(2)),
    ],
    reference=scipy("linalg.cho_solve"),
)
def cho_solve(c_and_lower: Pair, b: Any) -> Variable:
    """The x of a x = b, where `cho_factor(a)` gave (c, lower): `scipy.linalg.cho_solve`.

    Gradients go to c and b; with `cho_factor` they go on to a. Errors as of `solve_triangular`.

    >>> import numpy as np
    >>> cho_solve(cho_factor(np.array([[4.0, 0.0], [0.0, 9.0]])), np.array([4.0, 9.0]))
    variable([1. 1.])
    """
    if not isinstance(c_and_lower, tuple | list) or len(c_and_lower) != 2:
        raise ArgumentError(
            f"cho_solve: got {type(c_and_lower).__name__}, expected a pair (c, lower), as "
            f"cho_factor gives"
        )
    c, lower = c_and_lower
    first, second = (0, "C") if lower else ("C", 0)
    return solve_triangular(c, solve_triangular(c, b, first, lower), second, lower)


@op(
    samples=[
        case(arr(2, 2), arr(1, 3)),
        case(arr(2), arr(), arr(2, 1)),
        case(arr(2, 2), arr(2, 1, kind="complex")),
    ],
    reference=scipy("linalg.block_diag"),
)
def block_diag(*arrs: Any) -> Variable:
    """A matrix with others along its diagonal, and zeros elsewhere: `scipy.linalg.block_diag`.

    arrs: matrices, (N,) for a row, or numbers. Raises ShapeError for more axes, and none at all.

    >>> block_diag(Variable(np.ones((1, 2))), np.array([[5.0]]))
    variable([[1. 1. 0.]
              [0. 0. 5.]])
    """
    blocks = [as_variable(x, requires_grad=False) for x in arrs]
    if not blocks or any(x.ndim > 2 for x in blocks):
        raise ShapeError(
            f"block_diag: got shapes {[x.shape for x in blocks]}, expected one matrix or more"
        )
    xp = blocks[0].__array_namespace__()
    blocks = [xp.reshape(x, (1,) * (2 - x.ndim) + x.shape) for x in alike(xp, *blocks)]
    width, rows, before = sum(x.shape[1] for x in blocks), [], 0
    for x in blocks:
        h, w = x.shape
        left, right = zeros(xp, (h, before), x), zeros(xp, (h, width - before - w), x)
        rows.append(xp.concat([left, x, right], axis=1))
        before += w
    return xp.concat(rows, axis=0)


@op(
    samples=[
        case((arr(4), arr(3)), arr(3)),
        case(arr(3), arr(3, 2)),
        case((arr(2, kind="complex"), arr(4)), arr(4, 1)),
    ],
    reference=scipy("linalg.matmul_toeplitz"),
)
def matmul_toeplitz(c_or_cr: Any, x: Any) -> Variable:
    """A Toeplitz matrix times x, without the matrix: `scipy.linalg.matmul_toeplitz`.

    c_or_cr: the first column (M,), or a pair of it and the first row (N,), whose first element is
    not read; without a row it is the conjugate of the column. x: (N,) or (N, K).
    Raises ShapeError for shapes that do not fit.

    >>> matmul_toeplitz((np.array([1.0, 2.0]), np.array([1.0, 3.0])), np.array([10.0, 1.0]))
    variable([13. 21.])
    """
    is_pair = isinstance(c_or_cr, tuple | list) and len(c_or_cr) == 2
    c, r = c_or_cr if is_pair else (c_or_cr, c_or_cr)
    c, r, x = real_or_complex("matmul_toeplitz", c=c, r=r, x=x)
    xp = c.__array_namespace__()
    if not is_pair and "complex" in str(r.dtype):
        r = xp.conj(r)
    if c.ndim != 1 or r.ndim != 1 or x.ndim not in (1, 2) or x.shape[0] != r.shape[0]:
        raise ShapeError(
            f"matmul_toeplitz: got c {c.shape}, r {r.shape} and x {x.shape}, expected (M,), (N,) "
            f"and (N,) or (N, K)"
        )
    c, r = alike(xp, c, r)
    band = xp.concat([xp.flip(r[1:]), c])[:, None]
    columns = x[:, None] if x.ndim == 1 else x
    n, k = columns.shape
    if not (n and k and c.shape[0]):
        raise ShapeError(f"matmul_toeplitz: got x of shape {x.shape}, expected elements")
    method = faster(band.shape, columns.shape, "full")
    y = _convolve(columns, band, (n - 1, 0), (c.shape[0], k), method)
    return y[:, 0] if x.ndim == 1 else y
