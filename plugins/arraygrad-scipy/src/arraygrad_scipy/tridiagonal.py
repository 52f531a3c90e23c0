"""Tridiagonal systems: what makes splines cheap."""

from __future__ import annotations

from typing import Any

from arraygrad import backend_of
from arraygrad.errors import ShapeError
from arraygrad.op import arr, case, in_rule, op
from arraygrad_scipy.shared import alike

__all__: list[str] = []


@op(
    samples=[
        case(arr(4, low=3.0, high=4.0), arr(3, low=0.5), arr(3, low=0.5), arr(4, 2)),
        case(arr(1, low=3.0, high=4.0), arr(0), arr(0), arr(1, 2)),
        case(
            arr(3, low=3.0, high=4.0), arr(2, low=0.5), arr(2, low=0.5), arr(3, 1, kind="complex")
        ),
    ]
)
def _solve_tridiagonal(d: Any, lower: Any, upper: Any, b: Any, *, xp: Any = None) -> Any:
    """The x (N, K) of a tridiagonal system; d: (N,), lower and upper: (N - 1,), b: (N, K)."""
    n, device = d.shape[0], backend_of(d).device(d)
    if not lower.shape[0] == upper.shape[0] == n - 1:
        raise ShapeError(
            f"tridiagonal: got {d.shape}, {lower.shape} and {upper.shape}, expected lower and "
            f"upper ({n - 1},)"
        )
    none = xp.zeros((1,), dtype=d.dtype, device=device)
    matrix = xp.zeros((n, n), dtype=d.dtype, device=device)
    for k, band in ((0, d), (-1, xp.concat([none, lower])), (1, xp.concat([upper, none]))):
        matrix = matrix + xp.eye(n, k=k, dtype=d.dtype, device=device) * band[:, None]
    return xp.linalg.solve(*alike(xp, matrix, b))


@_solve_tridiagonal.rule("d", "lower", "upper", "b")
def _(g, d, lower, upper, out, need, xp):
    gb = in_rule(_solve_tridiagonal, d, upper, lower, g)
    pairs = ((gb, out), (gb[1:, :], out[:-1, :]), (gb[:-1, :], out[1:, :]))
    bands = [-xp.sum(p * q, axis=1) if n else None for n, (p, q) in zip(need, pairs, strict=False)]
    return (*bands, gb)
