"""SciPy's compiled code for the primitives of this distribution, on NumPy arrays."""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad.errors import MatrixError
from arraygrad_scipy import convolution, filters, linalg, tridiagonal

__all__ = ["all_pole", "convolve", "solve_triangular", "solve_tridiagonal"]


def convolve(x: Any, h: Any, start: Any, shape: Any, method: str = "direct") -> Any:
    """A block of a convolution; Fourier transforms are NumPy's already."""
    if method == "fft" or (len(shape) != 1 and (not shape or _half(x, h))):
        return convolution._convolve.definition.forward(x, h, start, shape, method, xp=np)
    x, h = np.asarray(x), np.asarray(h)
    dtype = np.result_type(x, h)
    part, window = convolution.seen_by_windows(np, x, h, start, shape)
    if part.size == max(part.shape):  # a line, and so is the window
        y = np.convolve(part.reshape(-1), np.flip(window).reshape(-1), "valid").reshape(shape)
    elif window.size == window.shape[-1]:  # a line along each row: 4 to 20 times as fast as SciPy
        y = np.lib.stride_tricks.sliding_window_view(part, window.size, -1) @ window.reshape(-1)
    else:
        from scipy.signal import convolve as direct

        y = direct(part, np.flip(window), "valid", "direct")
    return y if y.dtype == dtype else y.astype(dtype)


def all_pole(x: Any, a: Any) -> Any:
    """The recursive part of a filter."""
    if _half(a, x) or not x.size:
        return filters._all_pole.definition.forward(x, a, xp=np)
    from scipy.signal import lfilter

    dtype = np.result_type(a, x)
    y = lfilter(np.ones(1, dtype), np.concatenate([np.ones(1, dtype), a]), x, axis=-1)
    return y if y.dtype == dtype else y.astype(dtype)


def solve_triangular(a: Any, b: Any, lower: bool, unit: bool = False) -> Any:
    """Triangular systems: one half of the work of a general one, or less."""
    if _half(a, b) or not (a.size and b.size):
        return linalg._solve_triangular.definition.forward(a, b, lower, unit, xp=np)
    from scipy.linalg import solve_triangular

    dtype = np.result_type(a, b)
    try:
        y = solve_triangular(a, b, lower=lower, unit_diagonal=unit, check_finite=False)
    except np.linalg.LinAlgError as error:
        raise MatrixError(
            f"solve_triangular: got a {a.shape} and b {b.shape}: {error}; expected no 0 on the "
            f"diagonal"
        ) from error
    return y if y.dtype == dtype else y.astype(dtype)


def solve_tridiagonal(d: Any, lower: Any, upper: Any, b: Any) -> Any:
    """Tridiagonal systems, in a time proportional to the size."""
    if _half(d, b) or not b.size:
        return tridiagonal._solve_tridiagonal.definition.forward(d, lower, upper, b, xp=np)
    from scipy.linalg import solve_banded

    zero = np.zeros(1, d.dtype)
    bands = np.stack([np.concatenate([zero, upper]), d, np.concatenate([lower, zero])])
    try:
        return solve_banded((1, 1), bands, b, check_finite=False)
    except np.linalg.LinAlgError as error:
        raise MatrixError(
            f"cubic_spline: got knots for which there is no spline: {error}"
        ) from error


def _half(*xs: Any) -> bool:
    """Whether it is float16, which SciPy's compiled code has not."""
    return np.result_type(*xs).itemsize < 4
