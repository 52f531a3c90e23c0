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
    """The different elements of `x`, in the order of the array library.

    >>> unique_values(Variable(np.array([2.0, 1.0, 2.0]))).shape
    (2,)
    """
    x = as_variable(x, requires_grad=False)
    return _first(x, backend_of(x.data).xp.unique_values(x.data))


@op(samples=_SAMPLES, standard="unique_counts")
def unique_counts(x: Any) -> Any:
    """The different elements of `x`, and how often each is there: (values, counts).

    >>> unique_counts(Variable(np.array([2.0, 1.0, 2.0]))).counts
    variable([1 2])
    """
    x = as_variable(x, requires_grad=False)
    values, counts = backend_of(x.data).xp.unique_counts(x.data)
    return UniqueCounts(_first(x, values), constant(counts))


@op(samples=_SAMPLES, standard="unique_inverse")
def unique_inverse(x: Any) -> Any:
    """The different elements of `x`, and the place of each of `x` in them.

    >>> unique_inverse(Variable(np.array([2.0, 1.0, 2.0]))).inverse_indices
    variable([1 0 1])
    """
    x = as_variable(x, requires_grad=False)
    values, inverse = backend_of(x.data).xp.unique_inverse(x.data)
    return UniqueInverse(_first(x, values), constant(inverse))


@op(samples=_SAMPLES, standard="unique_all")
def unique_all(x: Any) -> Any:
    """(values, indices, inverse_indices, counts): the first place of each value is in `indices`.

    >>> unique_all(Variable(np.array([2.0, 1.0, 2.0]))).indices
    variable([1 0])
    """
    x = as_variable(x, requires_grad=False)
    xp = backend_of(x.data).xp
    values, inverse = xp.unique_inverse(x.data)
    indices = _places(x.data, values)
    values = take(reshape(x, (-1,)), indices)
    counts = xp.unique_counts(x.data)[1]
    return UniqueAll(values, *map(constant, (indices, inverse, counts)))


def _first(x: Variable, values: Any) -> Variable:
    """The elements of `x` that are `values`, each from its first place."""
    return take(reshape(x, (-1,)), _places(x.data, values))


def _places(x: Any, values: Any) -> Any:
    """Where each of `values` is first, among the elements of `x` in a row."""
    xp = backend_of(x).xp
    flat = xp.reshape(x, (-1,))
    order = xp.argsort(flat, stable=True)
    return xp.take(order, xp.searchsorted(xp.take(flat, order), values))
