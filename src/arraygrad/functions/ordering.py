"""Order: sorting, the largest elements, and picking elements by positions along an axis."""

from __future__ import annotations

from typing import Any

from arraygrad.backend import backend_of
from arraygrad.errors import ArgumentError
from arraygrad.functions.checks import axis_of
from arraygrad.functions.indexing import whole
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_variable

__all__ = ["argsort", "sort", "take_along_axis", "topk"]

_CASES = [case(arr(5)), case(arr(3, 4), axis=0), case(arr(2, 3), axis=-1, descending=True)]


@op(
    samples=[
        case(arr(3, 4), arr(3, 2, kind="int", low=0, high=4)),
        case(arr(3, 4), arr(5, 4, kind="int", low=0, high=3), axis=0),
    ],
    constant=("indices",),
    standard="take_along_axis",
    reference=lambda x, indices, axis=-1: _np_take_along_axis(x, indices, axis),
)
def take_along_axis(x: Any, indices: Any, axis: int = -1, *, xp: Any = None) -> Any:
    """The elements of `x` at the whole numbers `indices` along `axis`, for each place beside it.

    indices: of the shape of `x`, but for any length along `axis`. Known elsewhere as gather.

    >>> take_along_axis(Variable(np.array([[1.0, 2.0], [3.0, 4.0]])), np.array([[1], [0]]))
    variable([[2.]
              [3.]])
    """
    whole("take_along_axis", indices, xp)
    return xp.take_along_axis(x, indices, axis=axis)


@take_along_axis.rule
def _(g, x_shape, indices, axis, backend):
    return backend.index_add(x_shape, _places(indices, axis % len(x_shape)), g)


def _places(indices: Any, axis: int) -> tuple[Any, ...]:
    """The index of every axis for the elements that `indices` pick along one."""
    data = indices._data if isinstance(indices, Variable) else indices
    backend, n = backend_of(data), data.ndim
    xp, device = backend.xp, backend.device(data)
    key = []
    for i, m in enumerate(data.shape):
        lengths = [1] * n
        lengths[i] = m
        along = xp.arange(m, dtype=data.dtype, device=device)
        key.append(data if i == axis else xp.reshape(along, tuple(lengths)))
    return tuple(key)


@op(samples=_CASES, constant=("x",), standard="argsort")
def argsort(
    x: Any, axis: int = -1, descending: bool = False, stable: bool = True, *, xp: Any = None
) -> Any:
    """The positions that sort `x` along `axis`.

    Equal elements stay in order, whatever the standard's `stable` says.

    >>> argsort(Variable(np.array([3.0, 1.0, 2.0])))
    variable([1 2 0])
    """
    return _argsort(x, axis, descending, xp)


def _argsort(x: Any, axis: int, descending: bool, xp: Any) -> Any:
    if x.ndim == 0:  # of which some libraries make one axis
        return xp.reshape(_argsort(xp.reshape(x, (1,)), axis, descending, xp), ())
    if not descending:
        return xp.argsort(x, axis=axis, stable=True)
    # NumPy has no descending order, and turning a stable order round leaves it unstable: so
    # both the elements and the order are turned.
    order = xp.argsort(xp.flip(x, axis=axis), axis=axis, stable=True)
    return x.shape[axis] - 1 - xp.flip(order, axis=axis)


@op(
    samples=_CASES,
    saves=("order",),
    standard="sort",
    reference=lambda x, axis=-1, descending=False: _np_sort(x, axis, descending),
)
def sort(
    x: Any, axis: int = -1, descending: bool = False, stable: bool = True, *, xp: Any = None
) -> Any:
    """`x` in ascending or descending order along `axis`; the gradient goes where it came from.

    Equal elements stay in order, whatever the standard's `stable` says.

    >>> sort(Variable(np.array([3.0, 1.0, 2.0])), descending=True)
    variable([3. 2. 1.])
    """
    order = _argsort(x, axis, descending, xp)
    return xp.take_along_axis(x, order, axis=axis), order


@sort.saved("order")
def _(x, axis, descending):
    return argsort(x, axis, descending)


@sort.rule
def _(g, order, axis, xp):
    # The order of an order is its inverse.
    return xp.take_along_axis(g, xp.argsort(order, axis=axis), axis=axis)


def _np_take_along_axis(x: Any, indices: Any, axis: int) -> Any:
    import numpy as np

    return np.take_along_axis(x, indices, axis)


def _np_sort(x: Any, axis: int, descending: bool) -> Any:
    import numpy as np

    return np.flip(np.sort(x, axis=axis), axis=axis) if descending else np.sort(x, axis=axis)


@op(samples=[case(arr(5), 2), case(arr(3, 4), 2, axis=0, largest=False)], constant=("x",))
def _topk_places(x: Any, k: int, axis: int = -1, largest: bool = True, *, xp: Any = None) -> Any:
    """The positions of the `k` largest elements, the largest first; what `topk` calls."""
    order = _argsort(x, axis, largest, xp)
    return order[(*(slice(None),) * (axis % x.ndim), slice(0, k), ...)]


@op(samples=[case(arr(5), 2), case(arr(3, 4), 3, axis=0), case(arr(2, 4), 1, largest=False)])
def topk(x: Any, k: int, axis: int = -1, largest: bool = True) -> Any:
    """The `k` largest (or smallest) elements along `axis`, in order, and their positions.

    Returns (values, indices), two Variables; the values have a gradient. Among equal elements
    the first come first. Raises ArgumentError for a `k` below 1 or above the length of the axis.

    >>> values, indices = topk(Variable(np.array([3.0, 1.0, 2.0])), 2)
    >>> values, indices
    (variable([3. 2.]), variable([0 2]))
    """
    x = as_variable(x, requires_grad=False)
    axis_of("topk", axis, x)
    if not 1 <= k <= x.shape[axis]:
        raise ArgumentError(
            f"topk: got k = {k} for axis {axis} of x of shape {x.shape}, expected 1 to "
            f"{x.shape[axis]}"
        )
    indices = _topk_places(x, k, axis, largest)
    return take_along_axis(x, indices, axis), indices
