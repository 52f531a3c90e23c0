"""The gradient of a parameter, checked to fit it."""

from __future__ import annotations

from typing import Any

from arraygrad.arrays import is_inexact
from arraygrad.backend import backend_of
from arraygrad.errors import DtypeError, GradientShapeError, MixedBackendError
from arraygrad.variable import Parameter


def gradient(param: Parameter) -> Any:
    """The array of a parameter's gradient, in the shape and dtype of the parameter.

    Raises GradientShapeError, MixedBackendError, or DtypeError for a parameter of integers.
    """
    g, x = param.grad.data, param.data  # type: ignore[union-attr]
    xp = backend_of(g).xp
    if backend_of(x) is not backend_of(g):
        raise MixedBackendError(
            f"Optimizer: {_name(param)} is an array of {backend_of(x).name} and its gradient one "
            f"of {backend_of(g).name}; expected one library: clear the gradients of a model that "
            "was moved, and compute them anew"
        )
    if not is_inexact(x.dtype, xp):
        raise DtypeError(
            f"Optimizer: {_name(param)} has the dtype {x.dtype}; expected floating point, integers "
            "cannot be changed by small steps: make it from an array of floats"
        )
    if g.shape != x.shape:
        raise GradientShapeError(
            f"Optimizer: {_name(param)} has the shape {tuple(x.shape)} and a gradient of shape "
            f"{tuple(g.shape)}; both should be the same: assign a gradient that fits"
        )
    return g if g.dtype == x.dtype else xp.astype(g, x.dtype)


def _name(param: Parameter) -> str:
    return f"parameter {param.name!r}" if param.name else "a parameter"
