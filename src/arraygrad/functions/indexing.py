"""Indexing: `x[key]`, and its adjoint, which adds values up at a key."""

from __future__ import annotations

from typing import Any

from arraygrad.backend import backend_of
from arraygrad.errors import ArgumentError, DtypeError
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable

__all__ = ["get_item", "index_add", "take"]


def _plain(key: Any) -> Any:
    """The key with arrays in place of Variables, which have no gradient as an index."""
    if isinstance(key, Variable):
        return backend_of(key._array()).accept(key._array())
    if isinstance(key, tuple):
        return tuple(_plain(part) for part in key)
    return key


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
    y = _get_item(g, key)
    return y if isinstance(g, Variable) else y.data


@op(
    samples=[
        case(arr(3, 4), (slice(1, None), 2)),
        case(arr(3, 4), arr(5, kind="int", low=0, high=3)),
        case(arr(3, 4), (arr(2, kind="int", low=0, high=3), arr(2, kind="int", low=0, high=4))),
        case(arr(3, 4), arr(3, 4, kind="bool")),
    ],
    methods=("__getitem__",),
)
def get_item(x: Any, slices: Any) -> Variable:
    """`x[slices]`: ints, slices, None, ..., masks and arrays of ints, as the library allows.

    >>> get_item(Variable(np.array([1, 2, 3])), slice(1, None))
    variable([2 3])
    """
    return _get_item(x, _plain(slices))


@op(samples=[case(arr(3), arr(3, kind="int", low=0, high=4), (4,))])
def index_add(x: Any, key: Any, shape: Any) -> Variable:
    """Zeros of `shape` with `x` added at `key`: the adjoint of `get_item`; repeats add up.

    >>> index_add(Variable(np.array([1.0, 2.0, 3.0])), np.array([0, 0, 2]), (4,))
    variable([3. 0. 3. 0.])
    """
    return _index_add(x, _plain(key), tuple(shape))


@op(
    samples=[
        case(arr(3, 4), arr(2, kind="int", low=0, high=3), axis=0),
        case(arr(3, 4), arr(5, kind="int", low=0, high=4), axis=-1),
    ],
    constant=("indices",),
    standard="take",
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
