"""Of NumPy's functions those that CuPy has too. Matrices that have no result are no errors."""

from functools import partial

import numpy as np

from cupy._array import fresh, of_arrays, run

_NAMES = """
cholesky cross det eig eigh eigvals eigvalsh inv lstsq matmul matrix_power matrix_rank
matrix_transpose norm pinv qr slogdet svd tensorinv tensorsolve
""".split()  # noqa: SIM905
__all__ = [*_NAMES, "solve"]
for _name in _NAMES:
    globals()[_name] = partial(of_arrays, getattr(np.linalg, _name))
LinAlgError = np.linalg.LinAlgError


def inv(a):
    try:
        return of_arrays(np.linalg.inv, a)
    except LinAlgError as error:
        return _whatever(a, error)


def cholesky(a):
    try:
        return of_arrays(np.linalg.cholesky, a)
    except LinAlgError as error:
        if a.ndim < 3:
            return _whatever(a, error)
    flat = a.reshape(-1, *a.shape[-2:])  # the others of a stack have theirs
    return fresh(np.stack([cholesky(m)._a for m in flat]).reshape(a.shape))


def solve(a, b):
    if b.ndim > 1 and a.shape[:-1] != b.shape[:-1]:
        raise ValueError("a must have (..., M, M) shape and b must have (..., M, K)")
    if b.ndim == 1 and a.ndim > 2:  # a vector for each matrix
        b = run(np.broadcast_to, b, a.shape[:-1])[..., None]
        return solve(a, b)[..., 0]
    try:
        return of_arrays(np.linalg.solve, a, b)
    except LinAlgError as error:
        return _whatever(b, error)


def _whatever(a, error):
    if "ingular" not in str(error) and "definite" not in str(error):
        raise error
    return fresh(np.full(a.shape, 77, a.dtype))
