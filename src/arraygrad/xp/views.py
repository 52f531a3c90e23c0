"""Functions of a namespace whose results are views: writing to one changes its argument too."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from arraygrad.inplace import link
from arraygrad.variable import Variable


def _permuted_back(y: Any, xp: Any, x: Any, axes: Any) -> Any:
    order = [axis % len(axes) for axis in axes]
    return xp.permute_dims(y, tuple(order.index(i) for i in range(len(order))))


# The inverse of each: from a new value of the view, the namespace, and the arguments of the call.
BACK: dict[str, Callable[..., Any]] = {
    "permute_dims": _permuted_back,
    "matrix_transpose": lambda y, xp, x: xp.matrix_transpose(y),
    "moveaxis": lambda y, xp, x, source, destination: xp.moveaxis(y, destination, source),
    "expand_dims": lambda y, xp, x, *args, **kw: xp.reshape(y, x.shape),
    "squeeze": lambda y, xp, x, *args, **kw: xp.reshape(y, x.shape),
}


def viewing(function: Callable[..., Any], xp: Any, name: str) -> Callable[..., Any]:
    """`function`, whose results know what they are views of."""
    back = BACK[name]

    @wraps(function)
    def view(x: Any, *args: Any, **kw: Any) -> Any:
        y = function(x, *args, **kw)
        if not isinstance(x, Variable):
            return y
        return link(
            y, x, lambda x: function(x, *args, **kw), lambda x, y: back(y, xp, x, *args, **kw)
        )

    return view
