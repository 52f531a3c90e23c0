"""Functions of a namespace whose results are views: writing to one changes its argument too."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arraygrad.arrays import taken_back
from arraygrad.functions.indexing import get_item, put_back
from arraygrad.functions.shape import was_copied
from arraygrad.inplace import link
from arraygrad.variable import Variable


def _permuted_back(x: Any, y: Any, xp: Any, axes: Any) -> Any:
    return xp.permute_dims(y, taken_back(axes))


def _exchanged_back(x: Any, y: Any, xp: Any) -> Any:
    return xp.matrix_transpose(y)


def _moved_back(x: Any, y: Any, xp: Any, source: Any, destination: Any) -> Any:
    return xp.moveaxis(y, destination, source)


def _reshaped_back(x: Any, y: Any, xp: Any, *args: Any) -> Any:
    return xp.reshape(y, x.shape)


def _flipped(x: Any, xp: Any, axis: Any) -> Any:
    return xp.flip(x, axis=axis)


def _flipped_back(x: Any, y: Any, xp: Any, axis: Any) -> Any:
    return xp.flip(y, axis=axis)


# How a new value of the argument comes from it, a new value of the view, and the call.
BACK: dict[str, Callable[..., Any]] = {
    "expand_dims": _reshaped_back,
    "flip": _flipped_back,
    "matrix_transpose": _exchanged_back,
    "moveaxis": _moved_back,
    "permute_dims": _permuted_back,
    "reshape": _reshaped_back,
    "squeeze": _reshaped_back,
    "unstack": put_back,
}


def viewer(xp: Any, name: str) -> Callable[..., Any]:
    """What makes `y` a view of `x`, given both and the other arguments of the call."""
    back = BACK[name]

    def take(x: Any, xp: Any, *args: Any) -> Any:
        return getattr(xp, name)(x, *args)

    taken = _flipped if name == "flip" else take

    def view(y: Any, x: Any, *args: Any) -> Any:
        return link(y, x, taken, back, xp, *args) if isinstance(x, Variable) else y

    def view_reshaped(y: Any, x: Any, shape: Any, copy: Any) -> Any:
        # NumPy copies what it cannot show in another shape.
        if copy or (isinstance(x, Variable) and was_copied(y._data, x._data)):
            return y
        return view(y, x, shape)

    def view_unstacked(ys: Any, x: Any, axis: Any) -> Any:
        if not isinstance(x, Variable) or x.ndim < 2:  # single elements are no views
            return ys
        lead = (slice(None),) * (axis % x.ndim)
        return tuple(link(y, x, get_item, put_back, (*lead, i)) for i, y in enumerate(ys))

    own: dict[str, Callable[..., Any]] = {"reshape": view_reshaped, "unstack": view_unstacked}
    return own.get(name, view)
