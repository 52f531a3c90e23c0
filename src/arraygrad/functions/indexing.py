"""Indexing: `x[key]`, and its adjoint, which adds values up at a key."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from arraygrad.backend import backend_of, namespace
from arraygrad.errors import ArgumentError, AxisIndexError, DtypeError
from arraygrad.functions.elementwise import astype
from arraygrad.functions.selection import where
from arraygrad.inplace import link
from arraygrad.op import arr, case, in_rule, op
from arraygrad.variable import Variable, as_variable

__all__ = ["get_item", "index_add", "set_item", "take"]


def plain_key(key: Any) -> Any:
    """The key with arrays in place of Variables, which have no gradient as an index.

    Whole numbers of NumPy become those of Python: other libraries would take them for arrays.
    """
    if type(key) in _BASIC:  # nearly all
        return key
    if isinstance(key, Variable):
        return backend_of(key._array()).accept(key._array())
    if isinstance(key, tuple):
        return tuple(plain_key(part) for part in key)
    return int(key) if isinstance(key, np.integer) else key


def whole(who: str, indices: Any, xp: Any) -> None:
    """Raise DtypeError unless the indices are whole numbers; libraries may take others for them."""
    kind = getattr(indices.dtype, "kind", None)
    if kind not in ("i", "u") and (kind or not xp.isdtype(indices.dtype, "integral")):
        raise DtypeError(
            f"{who}: got indices of dtype {indices.dtype}, expected an integer dtype; with a mask "
            f"write x[mask]"
        )


@op(
    samples=[
        case(arr(3, 4), 1),
        case(arr(3, 4), (slice(None), slice(None, None, 2))),
        case(arr(3, 4), (..., None, -1)),
        case(arr(3), slice(None, None, -1)),
    ]
)
def _get_item(x: Any, key: Any, *, xp: Any = None) -> Any:
    """The elements of `x` at `key`; what `x[key]` and `get_item` call."""
    from arraygrad.gather import gather  # its import of array-api-compat is not for NumPy alone

    return gather(xp, x, key)


@_get_item.rule
def _(g, x_shape, key, backend):
    return backend.index_add(x_shape, key, g)


@op(
    samples=[
        case(arr(4), (1, slice(None)), (3, 4)),
        case(arr(3, 2), (slice(None), slice(None, None, 2)), (3, 4)),
    ]
)
def _index_add(x: Any, key: Any, shape: Any) -> Any:
    """Zeros of `shape` with `x` added at `key`; what `index_add` calls."""
    return backend_of(x).index_add(shape, key, x)


@_index_add.rule
def _(g, key):
    return in_rule(_get_item, g, key)


@op(
    samples=[
        case(arr(3, 4), (slice(1, None), 2)),
        case(arr(3, 4), arr(5, kind="int", low=0, high=3)),
        case(arr(3, 4), (arr(2, kind="int", low=0, high=3), arr(2, kind="int", low=0, high=4))),
        case(arr(3, 4), arr(3, 4, kind="bool")),
    ],
)
def get_item(x: Any, slices: Any) -> Variable:
    """`x[slices]`: ints, slices, None, ..., masks and arrays of ints, as the library allows.

    >>> get_item(Variable(np.array([1, 2, 3])), slice(1, None))
    variable([2 3])
    """
    return _get_item(x, plain_key(slices))


def _getitem(self: Variable, slices: Any) -> Variable:
    y = get_item(self, slices)
    if y._data.shape and is_view(slices):
        link(y, self, get_item, put_back, slices)
    return y


def put_back(x: Variable, y: Variable, slices: Any) -> Variable:
    """A new value of `x` from one of its view `x[slices]`."""
    return set_item(x, slices, y)


_getitem.__name__ = _getitem.__qualname__ = "__getitem__"
_getitem.__doc__ = get_item.__doc__
Variable.__getitem__ = _getitem  # type: ignore[method-assign]


def is_view(key: Any) -> bool:
    """Whether `x[key]` is a view of `x`: made by ints, slices, None and ... alone."""
    if type(key) in _BASIC:  # nearly all
        return True
    # True and False are masks, and ints only for Python.
    for part in key if isinstance(key, tuple) else (key,):
        if type(part) not in _BASIC and (type(part) is bool or not isinstance(part, _WHOLE)):
            return False
    return True


_BASIC = frozenset({slice, int, type(None), type(...)})
_WHOLE = (int, np.integer)


@op(
    samples=[
        case(arr(3, 4), arr(4), (1,)),
        case(arr(3, 4), arr(3, 2), (slice(None), slice(None, None, 2))),
        case(arr(3), 2.5, slice(1, None)),
        case(arr(3, 4), arr(), (..., -1)),
    ],
    broadcasts=True,
)
def _set_item(x: Any, value: Any, key: Any) -> Any:
    """`x` with `value` at `key`; what `set_item` calls."""
    return backend_of(x).set_item(x, key, value)


@_set_item.rule("x")
def _(g, key, backend):
    return backend.set_item(g, key, 0.0)


@_set_item.rule("value")
def _(g, key, xp):
    y = in_rule(_get_item, g, key)
    return y if is_view(key) else xp.where(_stayed(g, key, y.shape), y, xp.zeros_like(y))


def _stayed(g: Any, key: Any, shape: tuple[int, ...]) -> Any:
    """Which of the assigned values were not overwritten by another one at the same place."""
    data = g._data if isinstance(g, Variable) else g
    backend = backend_of(data)
    xp, device = backend.xp, backend.device(data)
    ranks = xp.reshape(xp.arange(1, math.prod(shape) + 1, device=device), shape)
    empty = xp.zeros(data.shape, dtype=ranks.dtype, device=device)
    return _get_item(backend.set_item(empty, key, ranks), key).data == ranks


@op(
    samples=[
        case(arr(3, 4), (slice(1, None), 2), arr(2)),
        case(arr(3, 4), arr(3, 4, kind="bool"), -1.0),
        case(arr(3, 4), arr(3, kind="bool"), arr()),
    ]
)
def set_item(x: Any, key: Any, value: Any) -> Variable:
    """A copy of `x` with `value` at `key`, broadcast to the elements there; `x[key] = value`.

    >>> set_item(Variable(np.array([1, 2, 3])), slice(1, None), 0)
    variable([1 0 0])
    """
    key = plain_key(key)
    x = as_variable(x, requires_grad=False)
    shape = getattr(value, "shape", ())
    if shape == () and _is_mask(key):
        # Without reading the mask, so that functions can be compiled.
        mask = key
        if key.shape != x.shape[: key.ndim]:
            raise AxisIndexError(
                f"set_item: got a mask of shape {tuple(key.shape)} for x of shape {x.shape}, "
                f"expected the shape of the first axes of x"
            )
        xp = namespace(key)
        if x.ndim > key.ndim:
            mask = xp.reshape(key, (*key.shape, *(1,) * (x.ndim - key.ndim)))
        if hasattr(value, "dtype"):
            value = value if value.dtype == x.dtype else astype(value, x.dtype)
        else:
            value = xp.asarray(value, dtype=x.dtype, device=x.device)
        return where(mask, value, x)
    return _set_item(x, value, key)


def _is_mask(key: Any) -> bool:
    return hasattr(key, "dtype") and not isinstance(key, np.generic) and "bool" in str(key.dtype)


@op(samples=[case(arr(3), arr(3, kind="int", low=0, high=4), (4,))])
def index_add(x: Any, key: Any, shape: Any) -> Variable:
    """Zeros of `shape` with `x` added at `key`: the adjoint of `get_item`; repeats add up.

    >>> index_add(Variable(np.array([1.0, 2.0, 3.0])), np.array([0, 0, 2]), (4,))
    variable([3. 0. 3. 0.])
    """
    return _index_add(x, plain_key(key), tuple(shape))


@op(
    samples=[
        case(arr(3, 4), arr(2, kind="int", low=0, high=3), axis=0),
        case(arr(3, 4), arr(5, kind="int", low=0, high=4), axis=-1),
    ],
    constant=("indices",),
    reference="take",
)
def take(x: Any, indices: Any, axis: int = 0, *, xp: Any = None) -> Any:
    """The slices of `x` along `axis` at the one-dimensional whole-number `indices`.

    axis: None for 0, where x has one axis alone.
    Raises DtypeError for indices of another kind, such as a mask.

    >>> take(Variable(np.array([1.0, 2.0, 3.0])), np.array([2, 0, 2]))
    variable([3. 1. 3.])
    """
    whole("take", indices, xp)
    if axis is None and x.ndim != 1:
        raise ArgumentError(
            f"take: got axis None for x of shape {tuple(x.shape)}, expected the axis to take from"
        )
    return xp.take(x, indices, axis=axis)


@take.rule
def _(g, x_shape, indices, axis, backend):
    key = (slice(None),) * ((axis or 0) % len(x_shape)) + (indices,)
    return backend.index_add(x_shape, key, g)
