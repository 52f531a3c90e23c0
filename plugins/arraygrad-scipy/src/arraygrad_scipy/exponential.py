"""The exponential of matrices."""

from __future__ import annotations

import math
from typing import Any

from arraygrad import Variable, backend_of
from arraygrad.errors import MatrixError
from arraygrad.op import arr, case, op
from arraygrad_scipy.shared import real_or_complex, scipy, square

__all__ = ["expm"]

# Of the degrees of Padé's approximants: up to which 1-norm a derivative is exact to rounding,
# and the coefficients. Al-Mohy and Higham 2009, table 6.1.
_DEGREES = (
    (3, 1.08e-2, (120.0, 60.0, 12.0, 1.0)),
    (5, 2.00e-1, (30240.0, 15120.0, 3360.0, 420.0, 30.0, 1.0)),
    (7, 7.83e-1, (17297280.0, 8648640.0, 1995840.0, 277200.0, 25200.0, 1512.0, 56.0, 1.0)),
    (
        9, 1.78,
        (
            17643225600.0, 8821612800.0, 2075673600.0, 302702400.0, 30270240.0, 2162160.0,
            110880.0, 3960.0, 90.0, 1.0,
        ),
    ),
)  # fmt: skip
_THETA_13 = 4.74
_B13 = (
    64764752532480000.0, 32382376266240000.0, 7771770303897600.0, 1187353796428800.0,
    129060195264000.0, 10559470521600.0, 670442572800.0, 33522128640.0, 1323241920.0,
    40840800.0, 960960.0, 16380.0, 182.0, 1.0,
)  # fmt: skip
_MOST_SQUARINGS = 16  # while a function is traced, and no norm can be read


@op(
    samples=[
        case(arr(3, 3, low=-0.02, high=0.02)),
        case(arr(2, 3, 3, low=-0.3, high=0.3)),
        case(arr(3, 3)),
        case(arr(2, 2, low=-9.0, high=4.0)),
        case(arr(3, 3, kind="complex")),
        case(arr(1, 1)),
    ],
    reference=scipy("linalg.expm"),
)
def expm(A: Any) -> Variable:
    """The exponential of square matrices (..., M, M): `scipy.linalg.expm`.

    By scaling and squaring. Its gradient is that of the algorithm, whose approximants are chosen
    so that derivatives are as exact as values; it costs about twice the value, where the
    exponential of a block matrix, the textbook's way, costs eight times.
    Higham 2005, doi:10.1137/04061101X; Al-Mohy and Higham 2009, doi:10.1137/080716426.
    Raises ShapeError unless A is square.

    >>> expm(Variable(np.array([[0.0, 1.0], [0.0, 0.0]])))
    variable([[1. 1.]
              [0. 1.]])
    """
    (A,) = real_or_complex("expm", A=A)
    square("expm", "A", A)
    if not A.size:
        return A
    xp = A.__array_namespace__()
    backend = backend_of(A.data)
    eye = xp.eye(A.shape[-1], dtype=A.dtype, device=backend.device(A.data))
    raw = backend.xp
    norms = raw.max(raw.sum(raw.abs(A.data), axis=-2), axis=-1)
    if not backend.concrete(A.data):
        squarings = raw.ceil(raw.log2(raw.maximum(norms / _THETA_13, raw.ones_like(norms))))
        return _squared(xp, A, eye, squarings, _MOST_SQUARINGS)
    norm = float(raw.max(norms))
    if not math.isfinite(norm):
        raise MatrixError(
            f"expm: got A of shape {A.shape} with nan or inf, expected finite numbers"
        )
    for _, theta, b in _DEGREES:
        if norm <= theta:
            return _quotient(xp, *_halves(A, eye, b))
    most = max(0, math.ceil(math.log2(norm / _THETA_13)))
    if A.ndim == 2:
        A = A / 2.0**most
        X = _quotient(xp, *_halves_13(A, eye))
        for _ in range(most):
            X = X @ X
        return X
    squarings = raw.ceil(raw.log2(raw.maximum(norms / _THETA_13, raw.ones_like(norms))))
    return _squared(xp, A, eye, squarings, most)


def _squared(xp: Any, A: Variable, eye: Variable, squarings: Any, most: int) -> Variable:
    """Each matrix of a stack scaled and squared as often as its own norm asks for."""
    count = squarings[..., None, None]
    X = _quotient(xp, *_halves_13(A * 2.0 ** (-count), eye))
    for i in range(most):
        X = xp.where(count > i, X @ X, X)
    return X


def _quotient(xp: Any, U: Variable, V: Variable) -> Variable:
    return xp.linalg.solve(V - U, V + U)


def _halves(A: Variable, eye: Variable, b: tuple[float, ...]) -> tuple[Variable, Variable]:
    """The odd and the even part of the approximant's numerator."""
    A2 = A @ A
    power, U, V = A2, b[1] * eye + b[3] * A2, b[0] * eye + b[2] * A2
    for k in range(4, len(b), 2):
        power = power @ A2
        U, V = U + b[k + 1] * power, V + b[k] * power
    return A @ U, V


def _halves_13(A: Variable, eye: Variable) -> tuple[Variable, Variable]:
    b = _B13
    A2 = A @ A
    A4 = A2 @ A2
    A6 = A4 @ A2
    U = A6 @ (b[13] * A6 + b[11] * A4 + b[9] * A2) + b[7] * A6 + b[5] * A4 + b[3] * A2 + b[1] * eye
    V = A6 @ (b[12] * A6 + b[10] * A4 + b[8] * A2) + b[6] * A6 + b[4] * A4 + b[2] * A2 + b[0] * eye
    return A @ U, V
