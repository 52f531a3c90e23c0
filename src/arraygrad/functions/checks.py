"""What functions ask of their inputs.

Answers for normalization and attention are remembered, by shape and dtype: on small arrays these
questions would cost as much as the arithmetic.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from arraygrad.backend import backend_of
from arraygrad.errors import AxisIndexError, DtypeError, ShapeError
from arraygrad.functions.shape import reshape
from arraygrad.variable import Variable, as_variable


def axis_of(who: str, axis: int, x: Any) -> int:
    """`axis` counted from the first one; raises AxisIndexError for one that `x` has not."""
    n = len(x.shape)
    if not -n <= axis < n:
        has = f"expected one from {-n} to {n - 1}" if n else "which has no axes"
        raise AxisIndexError(f"{who}: got axis {axis} for x of shape {tuple(x.shape)}, {has}")
    return axis % n


@lru_cache(maxsize=64)
def bits(dtype: Any, xp: Any) -> int:
    """The bits of a real floating-point dtype; 0 for any other dtype."""
    return int(xp.finfo(dtype).bits) if xp.isdtype(dtype, "real floating") else 0


def real(who: str, name: str, x: Any) -> Variable:
    """`x` as a Variable, a constant if it is none, if it holds real floating-point numbers."""
    x = as_variable(x, requires_grad=False)
    if not bits(x.dtype, backend_of(x._array()).xp):
        raise DtypeError(
            f"{who}: got {name} of dtype {x.dtype}, expected a floating-point dtype; use "
            f"F.astype({name}, 'float32')"
        )
    return x


def channelled(who: str, x: Any, **per_channel: Any) -> Variable:
    """x as a Variable (N, C, ...), where each of the others is None or has shape (C,)."""
    x = real(who, "x", x)
    shape = x.shape
    if len(shape) < 2:
        raise ShapeError(f"{who}: got x of shape {shape}, expected (N, C) or (N, C, ...)")
    channels = (shape[1],)
    for name, value in per_channel.items():
        if value is not None and getattr(value, "shape", None) != channels:
            raise _misfit(who, name, value, channels, f"one for each channel of x {shape}")
    return x


def along(who: str, x: Any, gamma: Any, beta: Any, axis: Any) -> tuple[Variable, Any, Any, Any]:
    """x as a Variable, the axes, none negative, and gamma and beta so that they broadcast."""
    x = real(who, "x", x)
    shape = x.shape
    axes, sizes, spread = _axes(who, tuple(axis) if isinstance(axis, list) else axis, shape)
    given = {"gamma": gamma, "beta": beta}
    for name, value in given.items():
        if value is None:
            continue
        if getattr(value, "shape", None) != sizes:
            raise _misfit(who, name, value, sizes, f"the shape of x {shape} along axis {axis}")
        if spread is not None:
            given[name] = reshape(value, spread)
    return x, axes, given["gamma"], given["beta"]


@lru_cache(maxsize=256)
def _axes(who: str, axis: Any, shape: tuple[int, ...]) -> tuple[Any, Any, Any]:
    """The axes, their lengths, and the shape in which what has these lengths broadcasts to x."""
    ndim = len(shape)
    axes = axis if isinstance(axis, tuple) else (axis,)
    if not axes or any(not -ndim <= i < ndim for i in axes):
        raise AxisIndexError(
            f"{who}: got axis = {axis!r} for x of shape {shape}, expected one or more from "
            f"{-ndim} to {ndim - 1}"
        )
    axes = tuple(sorted({i % ndim for i in axes}))
    sizes = tuple(shape[i] for i in axes)
    has_values(who, shape, sizes)
    if axes[0] == ndim - len(axes):  # the last ones: it broadcasts as it is
        return axes, sizes, None
    return axes, sizes, tuple(n if i in axes else 1 for i, n in enumerate(shape))


def has_values(who: str, shape: tuple[int, ...], sizes: tuple[int, ...]) -> None:
    """Raise ShapeError where there is nothing to take a mean of."""
    if 0 in sizes:
        raise ShapeError(f"{who}: got x of shape {shape}, expected values to take the mean of")


def _misfit(who: str, name: str, value: Any, shape: tuple[int, ...], what: str) -> ShapeError:
    got = getattr(value, "shape", None)
    words = repr(value) if got is None else f"an array of shape {tuple(got)}"
    return ShapeError(f"{who}: got {name} = {words}, expected the shape {shape}: {what}")
