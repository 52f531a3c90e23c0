"""Functions that draw random numbers."""

from __future__ import annotations

from typing import Any

from arraygrad.backend import backend_of
from arraygrad.config import Config
from arraygrad.errors import ArgumentError
from arraygrad.functions.arithmetic import mul
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_variable

__all__ = ["dropout"]


@op(samples=[case(arr(4, 5), 0.5), case(arr(4, 5), 1.0), case(arr(3), 0.0)])
def dropout(x: Any, dropout_ratio: float = 0.5) -> Variable:
    """Zero each element with probability `dropout_ratio` and scale the rest up, while training.

    Under `test_mode()` it is the identity. The mask comes from NumPy's global generator, so
    `np.random.seed` decides it on every backend.
    Raises ArgumentError for a ratio outside of 0 .. 1.
    Srivastava et al. 2014, "Dropout: a simple way to prevent neural networks from overfitting".

    >>> with ag.test_mode():
    ...     dropout(Variable(np.array([1.0, 2.0])))
    variable([1. 2.])
    """
    if not 0 <= dropout_ratio <= 1:
        raise ArgumentError(f"dropout: got the ratio {dropout_ratio}, expected one from 0 to 1")
    x = as_variable(x, requires_grad=False)
    if not Config.train or dropout_ratio == 0:
        return x
    # One array is kept for the gradient: the mask, scaled, in the dtype of x.
    return mul(x, scaled_mask(x, x.shape, dropout_ratio))


def scaled_mask(x: Variable, shape: tuple[int, ...], ratio: float) -> Any:
    """Zeros with probability `ratio`, else what keeps the mean; of the dtype and place of x."""
    backend = backend_of(x._array())
    keep = backend.keep_mask(shape, ratio, x.device)
    return backend.xp.astype(keep, x.dtype) * (1 / (1 - ratio) if ratio < 1 else 0.0)
