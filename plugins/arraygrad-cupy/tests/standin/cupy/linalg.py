"""Of NumPy's functions those that CuPy has too."""

from functools import partial

import numpy as np

from cupy._array import run

_NAMES = """
cholesky cross det eig eigh eigvals eigvalsh inv lstsq matmul matrix_power matrix_rank
matrix_transpose norm pinv qr slogdet solve svd tensorinv tensorsolve
""".split()  # noqa: SIM905
__all__ = list(_NAMES)
for _name in _NAMES:
    globals()[_name] = partial(run, getattr(np.linalg, _name))
LinAlgError = np.linalg.LinAlgError
