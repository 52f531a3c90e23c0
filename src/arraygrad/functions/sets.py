"""Sets: the different elements of an array, each with the gradient of its first place."""

from __future__ import annotations

from typing import Any, NamedTuple

from arraygrad.backend import backend_of
from arraygrad.functions.indexing import take
from arraygrad.functions.shape import reshape
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_variable, constant

__all__ = ["unique_all", "unique_counts", "unique_inverse", "unique_values"]


class UniqueAll(NamedTuple):
    """What `unique_all` returns; of these, `values` has a gradient."""

    values: Variable
    indices: Variable
    inverse_indices: Variable
    counts: Variable


class UniqueCounts(NamedTuple):
    """What `unique_counts` returns; of these, `values` has a gradient."""

    values: Variable
    counts: Variable


class UniqueInverse(NamedTuple):
    """What `unique_inverse` returns; of these, `values` has a gradient."""

    values: Variable
    inverse_indices: Variable


def _sorted(ys: Any) -> Any:
    """For tests: the values in order, which is each library's own."""
    from arraygrad.functions.ordering import sort

    return sort(ys[0] if isinstance(ys, tuple) else ys)


_SAMPLES = [case(arr(5)).through(_sorted), case(arr(2, 3)).through(_sorted)]


@op(samples=_SAMPLES, standard="unique_values")
def unique_values(x: Any) -> Variable:
    """The different elements of `x`, in the order that `unique_inverse` of the library has.

    >>> unique_values(Variable(np.array([2.0, 1.0, 2.0]))).shape
    (2,)
    """
    found: Any = unique_all(x)
    values: Variable = found.values
    return values


@op(samples=_SAMPLES, standard="unique_counts")
def unique_counts(x: Any) -> Any:
    """The different elements of `x`, and how often each is there: (values, counts).

    >>> unique_counts(Variable(np.array([2.0, 1.0, 2.0]))).counts
    variable([1 2])
    """
    found: Any = unique_all(x)
    return UniqueCounts(found.values, found.counts)


@op(samples=_SAMPLES, standard="unique_inverse")
def unique_inverse(x: Any) -> Any:
    """The different elements of `x`, and the place of each of `x` in them.

    >>> unique_inverse(Variable(np.array([2.0, 1.0, 2.0]))).inverse_indices
    variable([1 0 1])
    """
    found: Any = unique_all(x)
    return UniqueInverse(found.values, found.inverse_indices)


@op(samples=_SAMPLES, standard="unique_all")
def unique_all(x: Any) -> Any:
    """(values, indices, inverse_indices, counts): the first place of each value is in `indices`.

    >>> unique_all(Variable(np.array([2.0, 1.0, 2.0]))).indices
    variable([1 0])
    """
    x = as_variable(x, requires_grad=False)
    xp = backend_of(x.data).xp
    values, inverse = xp.unique_inverse(x.data)
    # By the places alone: complex numbers have no order, and NaNs are not equal to themselves.
    which = xp.reshape(inverse, (-1,))
    order = xp.argsort(which, stable=True)
    ends = xp.arange(values.shape[0] + 1, dtype=which.dtype, device=x.device)
    starts = xp.searchsorted(xp.take(which, order, axis=0), ends)
    indices = xp.take(order, starts[:-1], axis=0)
    counts = xp.astype(starts[1:] - starts[:-1], which.dtype)
    parts = (indices, xp.reshape(inverse, x.shape), counts)
    return UniqueAll(take(reshape(x, (-1,)), indices), *map(constant, parts))
