"""The same elements, arranged anew: repeated, shifted, cut apart, broadcast together."""

from __future__ import annotations

import math
from operator import index
from typing import Any

import numpy as np

from arraygrad.backend import backend_of
from arraygrad.errors import ArgumentError
from arraygrad.function import Function
from arraygrad.functions.checks import axis_of
from arraygrad.functions.indexing import take
from arraygrad.functions.joining import concat, stack
from arraygrad.functions.reduction import broadcast_to
from arraygrad.functions.shape import expand_dims, reshape
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_variable

__all__ = [
    "broadcast_arrays", "diff", "meshgrid", "repeat", "roll", "tile", "tril", "triu", "unstack",
]  # fmt: skip

_MATRICES = [case(arr(3, 3)), case(arr(2, 3, 2), k=1), case(arr(3, 4), k=-1)]


@op(samples=_MATRICES, standard="tril", reference="tril")
def tril(x: Any, k: int = 0, *, xp: Any = None) -> Any:
    """The last two axes with zeros above diagonal `k`, counted upwards from the main one.

    >>> tril(Variable(np.array([[1.0, 2.0], [3.0, 4.0]])))
    variable([[1. 0.]
              [3. 4.]])
    """
    return xp.tril(x, k=k)


@tril.rule
def _(g, k, xp):
    return xp.tril(g, k=k)


@op(samples=_MATRICES, standard="triu", reference="triu")
def triu(x: Any, k: int = 0, *, xp: Any = None) -> Any:
    """The last two axes with zeros below diagonal `k`, counted upwards from the main one.

    >>> triu(Variable(np.array([[1.0, 2.0], [3.0, 4.0]])))
    variable([[1. 2.]
              [0. 4.]])
    """
    return xp.triu(x, k=k)


@triu.rule
def _(g, k, xp):
    return xp.triu(g, k=k)


@op(
    samples=[
        case(arr(5), 2),
        case(arr(2, 3), 1),
        case(arr(2, 3), -1, axis=1),
        case(arr(2, 3, 2), (1, 2), axis=(0, 1)),
        case(arr(0, 3), 2, axis=0),
    ],
    standard="roll",
    reference="roll",
)
def roll(x: Any, shift: Any, axis: Any = None, *, xp: Any = None) -> Any:
    """`x` with its elements moved on by `shift` along `axis`; what leaves the end comes in again.

    shift, axis: an int, or a tuple of them; axis None: all elements in a row.

    >>> roll(Variable(np.array([1.0, 2.0, 3.0])), 1)
    variable([3. 1. 2.])
    """
    return xp.roll(x, shift, axis=axis)


@roll.rule
def _(g, shift, axis, xp):
    back = tuple(-n for n in shift) if isinstance(shift, tuple | list) else -shift
    return xp.roll(g, back, axis=axis)


@op(
    samples=[
        case(arr(3), 2),
        case(arr(2, 3), 2),
        case(arr(2, 3), 3, axis=-1),
        case(arr(3, 2), arr(3, kind="int", low=0, high=3), axis=0),
        case(arr(), 2),
    ],
    standard="repeat",
    reference="repeat",
)
def repeat(x: Any, repeats: Any, axis: int | None = None) -> Variable:
    """Each element, or slice along `axis`, `repeats` times; axis None: all elements in a row.

    repeats: a number, or an array of whole numbers, one for each element.
    Raises ArgumentError for a negative number.

    >>> repeat(Variable(np.array([1.0, 2.0])), 2)
    variable([1. 1. 2. 2.])
    """
    x = as_variable(x, requires_grad=False)
    if axis is None:
        x, axis = reshape(x, (-1,)), 0
    axis = axis_of("repeat", axis, x)
    counts = repeats.data if isinstance(repeats, Variable) else repeats
    try:
        repeats = index(counts)
    except TypeError:  # several
        xp = backend_of(x.data).xp
        along = xp.arange(x.shape[axis], device=x.device)
        return take(x, xp.repeat(along, counts), axis=axis)
    if repeats < 0:
        raise ArgumentError(f"repeat: got repeats = {repeats}, expected 0 or more")
    shape = x.shape
    more = (*shape[: axis + 1], repeats, *shape[axis + 1 :])
    y = broadcast_to(expand_dims(x, axis + 1), more)
    return reshape(y, (*shape[:axis], shape[axis] * repeats, *shape[axis + 1 :]))


@op(
    samples=[
        case(arr(3), (2,)),
        case(arr(2, 3), (2, 1)),
        case(arr(2, 3), (2,)),
        case(arr(3), (2, 2)),
        case(arr(), (3,)),
    ],
    standard="tile",
    reference="tile",
)
def tile(x: Any, repetitions: Any) -> Variable:
    """Copies of `x` side by side, so many along each axis as `repetitions` says.

    repetitions: a tuple of numbers; the shorter of it and the shape is filled up with ones.
    Raises ArgumentError for anything else.

    >>> tile(Variable(np.array([1.0, 2.0])), (2, 2))
    variable([[1. 2. 1. 2.]
              [1. 2. 1. 2.]])
    """
    x = as_variable(x, requires_grad=False)
    times = tuple(repetitions) if isinstance(repetitions, tuple | list) else (repetitions,)
    if not all(hasattr(k, "__index__") and index(k) >= 0 for k in times):
        raise ArgumentError(
            f"tile: got repetitions = {repetitions!r}, expected a tuple of numbers from 0 on"
        )
    n = max(len(times), x.ndim)
    times = (1,) * (n - len(times)) + times
    shape = (1,) * (n - x.ndim) + x.shape
    y = reshape(x, [length for m in shape for length in (1, m)])
    y = broadcast_to(y, [length for pair in zip(times, shape, strict=True) for length in pair])
    return reshape(y, tuple(k * m for k, m in zip(times, shape, strict=True)))


class Unstack(Function):
    """`x` cut into its slices along an axis; several outputs, so a class."""

    def __init__(self, axis: int) -> None:
        self.axis = axis

    def forward(self, x: Any) -> Any:
        lead = (slice(None),) * self.axis
        return tuple(x[(*lead, i, ...)] for i in range(x.shape[self.axis]))

    def backward(self, *gys: Variable) -> Variable:
        return stack(gys, axis=self.axis)


@op(samples=[case(arr(2, 3)), case(arr(2, 3), axis=-1), case(arr(1, 2))], standard="unstack")
def unstack(x: Any, axis: int = 0) -> Any:
    """A tuple of the slices of `x` along `axis`: the inverse of `stack`.

    >>> unstack(Variable(np.array([[1.0, 2.0], [3.0, 4.0]])))
    (variable([1. 2.]), variable([3. 4.]))
    """
    x = as_variable(x, requires_grad=False)
    axis = axis_of("unstack", axis, x)
    if x.shape[axis] == 0:
        return ()
    ys = Unstack(axis)(x)
    return tuple(ys) if isinstance(ys, list) else (ys,)


@op(samples=[case(arr(2, 1), arr(3)), case(arr(), arr(2))], standard="broadcast_arrays")
def broadcast_arrays(*arrays: Any) -> Any:
    """A tuple of the arrays, each broadcast to the shape that they have together.

    >>> broadcast_arrays(Variable(np.array([1.0, 2.0])), np.array([[3.0]]))
    (variable([[1. 2.]]), variable([[3. 3.]]))
    """
    xs = [as_variable(x, requires_grad=False) for x in arrays]
    shape = np.broadcast_shapes(*[x.shape for x in xs])
    return tuple(x if x.shape == shape else broadcast_to(x, shape) for x in xs)


@op(
    samples=[
        case(arr(2), arr(3)),
        case(arr(2), arr(3), arr(1), indexing="ij"),
        case(arr(2)),
    ],
    standard="meshgrid",
)
def meshgrid(*arrays: Any, indexing: str = "xy") -> Any:
    """A tuple of grids: each one-dimensional array along an axis of its own, and repeated beside.

    indexing: "ij" has the axes in the order of the arrays; "xy" exchanges the first two.
    Raises ArgumentError for another word.

    >>> meshgrid(Variable(np.array([1.0, 2.0])), np.array([3.0]), indexing="ij")
    (variable([[1.]
              [2.]]), variable([[3.]
              [3.]]))
    """
    if indexing not in ("xy", "ij"):
        raise ArgumentError(f"meshgrid: got indexing = {indexing!r}, expected 'xy' or 'ij'")
    xs = [as_variable(x, requires_grad=False) for x in arrays]
    n = len(xs)
    axes = [1, 0, *range(2, n)] if indexing == "xy" and n > 1 else range(n)
    shape = [0] * n
    for x, axis in zip(xs, axes, strict=True):
        shape[axis] = math.prod(x.shape)
    along = [tuple(-1 if i == axis else 1 for i in range(n)) for axis in axes]
    return tuple(broadcast_to(reshape(x, one), shape) for x, one in zip(xs, along, strict=True))


@op(
    samples=[
        case(arr(4)),
        case(arr(3, 4), axis=0, n=2),
        case(arr(2, 3), 1, 1, arr(2, 1), arr(2, 2)),
        case(arr(3), n=0),
        case(arr(2), n=3),
    ],
    standard="diff",
    reference=lambda x, axis=-1, n=1, *ends: np.diff(x, n, axis, *ends),
)
def diff(x: Any, axis: int = -1, n: int = 1, prepend: Any = None, append: Any = None) -> Variable:
    """The differences of neighbours along `axis`, taken `n` times.

    prepend, append: arrays to put before and behind `x` first.
    Raises ArgumentError for a negative `n`.

    >>> diff(Variable(np.array([1.0, 4.0, 9.0])))
    variable([3. 5.])
    """
    x = as_variable(x, requires_grad=False)
    axis = axis_of("diff", axis, x)
    if n < 0:
        raise ArgumentError(f"diff: got n = {n}, expected 0 or more")
    parts = [part for part in (prepend, x, append) if part is not None]
    y = concat(parts, axis=axis) if len(parts) > 1 else x
    lead = (slice(None),) * axis
    for length in range(y.shape[axis], max(y.shape[axis] - n, 0), -1):
        y = y[(*lead, slice(1, None), ...)] - y[(*lead, slice(0, length - 1), ...)]
    return y
