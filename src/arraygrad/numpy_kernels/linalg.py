"""Products of matrices on NumPy: one product whatever the number of axes, in memory used again.

Of x (N, T, I) NumPy's matmul makes N products; as a matrix (N T, I) it is one, two to three times
faster for small T. On small matrices np.dot costs 1.1 us, where the operator costs 1.5, and a sum
over rows costs twice the product with ones.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np

from arraygrad.arrays import sum_to
from arraygrad.workspace import SMALLEST, empty

FEW = 32
"""So few rows need no look at the rest: what they give is small, or costs more than its memory."""


def product(x: Any, W: Any) -> Any:
    """x (..., I) @ W (I, O)."""
    if x.ndim == 2 and W.ndim == 2 and (len(x) <= FEW or len(x) * W.shape[1] < SMALLEST // 8):
        return np.dot(x, W)
    fits = W.ndim == 2 <= x.ndim and x.dtype == W.dtype and x.shape[-1] == W.shape[0]
    if not fits or not x.size or not x.dtype.isnative:
        return np.matmul(x, W)
    rows = x.size // x.shape[-1]
    y = empty((*x.shape[:-1], W.shape[1]), x.dtype)
    np.dot(x.reshape(rows, x.shape[-1]), W, y.reshape(rows, W.shape[1]))
    return y


def linear(x: Any, W: Any, b: Any) -> Any:
    y = np.dot(x, W) if x.ndim == 2 == W.ndim and len(x) <= FEW else product(x, W)
    if b is None:
        return y
    return np.add(y, b, y) if y.dtype == b.dtype and y.shape[-1:] == b.shape else y + b


def linear_x(g: Any, W: Any, xp: Any) -> Any:
    return np.dot(g, W.T) if g.ndim == 2 and len(g) <= FEW else product(g, W.T)


def linear_W(g: Any, x: Any, xp: Any) -> Any:
    if x.ndim > 2:
        rows = math.prod(x.shape[:-1])
        x, g = x.reshape(rows, x.shape[-1]), g.reshape(rows, g.shape[-1])
    return np.dot(x.T, g) if x.shape[1] <= FEW else product(x.T, g)


@lru_cache(maxsize=64)
def ones(n: int, dtype: Any) -> Any:
    """Ones to multiply with, which nobody can write into."""
    y = np.ones(n, dtype)
    y.flags.writeable = False
    return y


def linear_b(g: Any, b_shape: Any, xp: Any) -> Any:
    if g.ndim < 2 or g.dtype.char not in "fd" or g.shape[-1:] != b_shape:
        return sum_to(g, b_shape, np)
    g = g.reshape(math.prod(g.shape[:-1]), g.shape[-1])
    return np.dot(ones(len(g), g.dtype), g)


def cofactors(x: Any) -> Any:
    """det(x) inv(x).T where that is sure of its digits: a fifth of the time of singular values."""
    try:
        inverse = np.linalg.inv(x)
    except (np.linalg.LinAlgError, TypeError):
        inverse = None
    if inverse is not None and x.size:
        determinant = np.asarray(np.linalg.det(x))
        with np.errstate(over="ignore", invalid="ignore"):
            condition = _size(x) * _size(inverse)
        if (condition < np.finfo(x.dtype).eps ** -0.4).all() and np.isfinite(determinant).all():
            return determinant[..., None, None] * inverse.mT
    from arraygrad.functions.determinants import _cofactors

    return _cofactors.definition.forward(x, xp=np)


def _size(x: Any) -> Any:
    """The norm of matrices that is the largest sum along a column."""
    return np.maximum.reduce(np.add.reduce(np.abs(x), axis=-2), axis=-1)


KERNELS: dict[str, Callable[..., Any]] = {
    "_cofactors": cofactors,
    "linear": linear,
    "linear.W": linear_W,
    "linear.b": linear_b,
    "linear.x": linear_x,
    "matmul": product,
}
