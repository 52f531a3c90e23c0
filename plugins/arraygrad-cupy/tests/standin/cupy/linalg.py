"""Of NumPy's functions those that CuPy has too."""

from functools import partial

import numpy as np

from cupy._array import run

__all__ = [
    "cholesky", "cross", "det", "eig", "eigh", "eigvals", "eigvalsh", "inv", "lstsq", "matmul",
    "matrix_power", "matrix_rank", "matrix_transpose", "norm", "pinv", "qr", "slogdet", "solve",
    "svd", "tensorinv", "tensorsolve",
]  # fmt: skip
for _name in __all__:
    globals()[_name] = partial(run, getattr(np.linalg, _name))
LinAlgError = np.linalg.LinAlgError
