"""Functions that F has in the form of the book, in that of the array API standard."""

from __future__ import annotations

from typing import Any

from arraygrad.errors import ArgumentError
from arraygrad.functions import (
    creation,
    cumulative,
    elementwise,
    indexing,
    reduction,
    selection,
    statistics,
)
from arraygrad.functions.joining import pad
from arraygrad.functions.reduction import broadcast_to
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable


@op(samples=[case(arr(2, 3), axis=0), case(arr(2, 3), keepdims=True)], standard="sum")
def _sum(x: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """`sum`, of `x` in another dtype if one is given."""
    return reduction.sum(_cast(x, dtype), axis, keepdims)


@op(samples=[case(arr(2, 3), axis=0), case(arr(2, 3), keepdims=True)], standard="prod")
def _prod(x: Any, axis: Any = None, dtype: Any = None, keepdims: bool = False) -> Any:
    """`prod`, of `x` in another dtype if one is given."""
    return cumulative.prod(_cast(x, dtype), axis, keepdims)


def _cast(x: Any, dtype: Any) -> Any:
    return x if dtype is None else elementwise.astype(x, dtype)


@op(
    samples=[case(arr(4)), case(arr(2, 3), axis=-1, include_initial=True)],
    standard="cumulative_sum",
)
def _cumulative_sum(
    x: Any, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """`cumsum`, which may start with the sum of nothing."""
    axis = _one("cumulative_sum", x, axis)
    y = cumulative.cumsum(_cast(x, dtype), axis)
    return _first(0.0, y, axis) if include_initial else y


@op(
    samples=[case(arr(4)), case(arr(2, 3), axis=-1, include_initial=True)],
    standard="cumulative_prod",
)
def _cumulative_prod(
    x: Any, axis: int | None = None, dtype: Any = None, include_initial: bool = False
) -> Any:
    """`cumprod`, which may start with the product of nothing."""
    axis = _one("cumulative_prod", x, axis)
    y = statistics.cumprod(_cast(x, dtype), axis)
    return _first(1.0, y, axis) if include_initial else y


def _one(who: str, x: Any, axis: int | None) -> int:
    """The axis; the only one for None."""
    if axis is None and x.ndim != 1:
        raise ArgumentError(
            f"{who}: got axis None for x of shape {tuple(x.shape)}, expected an axis; for all "
            f"elements in a row there are F.cumsum and F.cumprod"
        )
    return 0 if axis is None else axis


def _first(value: float, y: Variable, axis: int) -> Variable:
    """`y` with one more element, `value`, at the start of `axis`."""
    return pad(y, [(int(i == axis % y.ndim), 0) for i in range(y.ndim)], value)


@op(samples=[case(arr(2, 3), min=-0.5), case(arr(2, 3), -0.5, arr(3, low=0.0))], standard="clip")
def _clip(x: Any, min: Any = None, max: Any = None) -> Any:
    """`clip`, by the standard's names."""
    return selection.clip(x, min, max)


@op(
    samples=[case(arr(3, 4), arr(2, kind="int", low=0, high=3), axis=0)],
    constant=("indices",),
    standard="take",
)
def _take(x: Any, indices: Any, axis: int | None = None, *, xp: Any = None) -> Any:
    """`take`, which needs the axis wherever there are several."""
    return indexing.take.definition.forward(x, indices, axis, xp=xp)


_take.rule("x")(indexing.take.definition.rules[("x",)])


@op(samples=[case(arr(2, 3), (3, 2)), case(arr(2, 3), (-1,), copy=True)], standard="reshape")
def _reshape(x: Any, shape: Any, copy: bool | None = None, *, xp: Any = None) -> Any:
    """`reshape`, which may ask for a copy, or for none."""
    return xp.reshape(x, tuple(shape)) if copy is None else xp.reshape(x, tuple(shape), copy=copy)


@_reshape.rule("x")
def _(g, x_shape, xp):
    return xp.reshape(g, x_shape)


@op(samples=[case((2, 3), arr())], standard="full")
def _full(shape: Any, fill_value: Any, dtype: Any = None, device: Any = None) -> Variable:
    """An array full of one value, which has the sum of the gradients."""
    return broadcast_to(creation.asarray(fill_value, dtype, device), shape)


@op(samples=[case(arr(2, 3), arr())], standard="full_like")
def _full_like(x: Any, fill_value: Any, dtype: Any = None, device: Any = None) -> Variable:
    """`full` in the shape, dtype and device of `x`."""
    dtype = x.dtype if dtype is None else dtype
    device = x.device if device is None else device
    return broadcast_to(creation.asarray(fill_value, dtype, device), x.shape)


@op(standard="from_dlpack")
def _from_dlpack(x: Any, device: Any = None, copy: bool | None = None) -> Variable:
    """A tracked Variable stays one: its data need not be handed over to be here."""
    return creation.asarray(x, None, device, copy)
