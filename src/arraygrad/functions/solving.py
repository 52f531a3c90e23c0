"""Systems of linear equations: their solutions, inverses of matrices, and their rank."""

from __future__ import annotations

from typing import Any, NamedTuple

from arraygrad.backend import namespace
from arraygrad.errors import ShapeError
from arraygrad.functions.linalg import matmul, promoted
from arraygrad.functions.matrices import (
    REGULAR,
    adjoint,
    computed,
    conj,
    defined,
    eye_like,
    matrices,
    square,
)
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_variable

__all__ = ["inv", "lstsq", "matrix_rank", "pinv", "solve"]


@op(
    samples=[
        case(arr(3, 3), arr(3, 2)),
        case(arr(2, 3, 3), arr(3, 2)),
        case(arr(3, 3), arr(4, 1, 3, 1)),
        case(arr(2, 2, kind="complex"), arr(2, 1)),
    ],
    broadcasts=True,
)
def _solve(a: Any, b: Any, *, xp: Any = None) -> Any:
    """The x of a x = b, where b (..., M, K) holds matrices; what `solve` calls."""
    return computed("solve", REGULAR, xp.linalg.solve, *promoted(xp, a, b))


@_solve.rule("a", "b")
def _(g, a, out, need, xp):
    gb = defined("solve", REGULAR, xp.linalg.solve, *promoted(xp, a.mT, g))
    return -(gb @ out.mT) if need[0] else None, gb


@op(
    samples=[
        case(arr(3, 3), arr(3)),
        case(arr(2, 3, 3), arr(3)),
        case(arr(3, 3), arr(3, 2)),
        case(arr(5, 1, 2, 2), arr(3, 2, 4)),
        case(arr(3, 3, kind="complex"), arr(3, kind="complex")),
    ],
    standard="linalg.solve",
)
def solve(x1: Any, x2: Any) -> Variable:
    """The x of x1 x = x2; x1 (..., M, M), x2 one vector (M,) or matrices (..., M, K).

    Raises ShapeError for shapes that do not fit, and MatrixError for a singular x1, where the
    library says so.

    >>> solve(Variable(np.array([[2.0, 0.0], [0.0, 4.0]])), np.array([2.0, 2.0]))
    variable([1.  0.5])
    """
    x1 = square("solve", x1)
    x2 = as_variable(x2, requires_grad=False)
    m = x1.shape[-1]
    if x2.shape[-1:] != (m,) if x2.ndim < 2 else x2.shape[-2] != m:
        raise ShapeError(
            f"solve: got {x1.shape} and {x2.shape}, expected x2 of shape ({m},) or (..., {m}, K)"
        )
    if x2.ndim == 1:
        return _solve(x1, x2[:, None])[..., 0]
    return _solve(x1, x2)


@op(
    samples=[
        case(arr(3, 3)),
        case(arr(2, 1, 2, 2)),
        case(arr(1, 1)),
        case(arr(2, 3, 3, kind="complex")),
    ],
    standard="linalg.inv",
)
def inv(x: Any, *, xp: Any = None) -> Any:
    """The inverse of square matrices (..., M, M).

    Raises MatrixError for a singular one, where the library says so. To solve equations,
    `solve` is faster and more accurate.

    >>> inv(Variable(np.array([[2.0, 0.0], [0.0, 4.0]])))
    variable([[0.5  0.  ]
              [0.   0.25]])
    """
    square("inv", x)
    return computed("inv", REGULAR, xp.linalg.inv, x)


@inv.rule
def _(g, out):
    return -(out.mT @ g @ out.mT)


@op(
    samples=[
        case(arr(3, 2)),
        case(arr(2, 2, 3)),
        case(arr(2, 2), rtol=1e-6),
        case(arr(2, 3, kind="complex")),
    ],
    constant=("rtol",),
    standard="linalg.pinv",
)
def pinv(x: Any, rtol: Any = None, *, xp: Any = None) -> Any:
    """The pseudo-inverse of matrices (..., M, N): (..., N, M).

    rtol: singular values up to rtol times the largest one count as 0; a number, or (...); None
    for max(M, N) times the rounding of the dtype. Its derivatives are those for changes of x that
    keep the rank: others make it jump. Golub and Pereyra 1973, doi:10.1137/0710036.

    >>> pinv(Variable(np.array([[2.0, 0.0], [0.0, 0.0]])))
    variable([[0.5 0. ]
              [0.  0. ]])
    """
    matrices("pinv", x)
    options = {} if rtol is None else {"rtol": rtol}
    return computed("pinv", "finite numbers", xp.linalg.pinv, x, **options)


@pinv.rule
def _(g, x, out, xp):
    yh = adjoint(out, xp)
    m, n = eye_like(x.mT), eye_like(x)
    left = (m - x @ out) @ g.mT @ (out @ yh)
    right = (yh @ out) @ g.mT @ (n - out @ x)
    return conj(left + right, xp) - out.mT @ g @ out.mT


class LstsqResult(NamedTuple):
    """What `lstsq` found; residuals are the squares of what is left of each column."""

    x: Variable
    residuals: Variable
    rank: Variable
    s: Variable


@op(
    samples=[
        case(arr(4, 2), arr(4)),
        case(arr(2, 3), arr(2, 2)),
        case(arr(3, 2, kind="complex"), arr(3)),
    ],
    standard="linalg.lstsq",
)
def lstsq(a: Any, b: Any, rcond: Any = None) -> LstsqResult:
    """The smallest x of those with the least length of a x - b.

    a (..., M, N), b (M,) or (..., M, K). rcond: as rtol of `pinv`, by which this is done. Not in
    the array API standard, but its users ask for it; residuals are given in any case.

    >>> lstsq(Variable(np.array([[1.0], [1.0]])), np.array([1.0, 3.0])).x
    variable([2.])
    """
    from arraygrad.functions.decompositions import svdvals

    a = matrices("lstsq", a)
    b = as_variable(b, requires_grad=False)
    x = matmul(pinv(a, rcond), b)
    left = matmul(a, x) - b
    xp = namespace(left)
    squares = xp.real(left * conj(left, xp))
    residuals = squares.sum(axis=-1 if b.ndim == 1 else -2)
    return LstsqResult(x, residuals, matrix_rank(a.detach(), rcond), svdvals(a))


@op(
    samples=[
        case(arr(3, 2)),
        case(arr(2, 2, 2, low=1.0, high=1.0)),
        case(arr(2, 2), rtol=0.9),
        case(arr(2, 3, kind="complex")),
    ],
    constant=("x",),
    standard="linalg.matrix_rank",
)
def matrix_rank(x: Any, rtol: Any = None, *, xp: Any = None) -> Any:
    """The number of singular values of matrices (..., M, N) that are not 0; without a gradient.

    rtol: as of `pinv`.

    >>> matrix_rank(np.ones((3, 3)))
    variable(1)
    """
    matrices("matrix_rank", x)
    if 0 in x.shape[-2:]:  # not every library knows
        return xp.count_nonzero(x, axis=(-2, -1))
    options = {} if rtol is None else {"rtol": rtol}
    return computed("matrix_rank", "finite numbers", xp.linalg.matrix_rank, x, **options)
