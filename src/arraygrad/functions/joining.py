"""Arrays put together and taken apart: concat, stack, split, pad."""

from __future__ import annotations

from typing import Any

from arraygrad.backend import backend_of
from arraygrad.errors import ArgumentError, ShapeError
from arraygrad.function import Function
from arraygrad.functions.shape import reshape
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_variable

__all__ = ["concat", "pad", "split", "stack"]


@op(
    samples=[
        case(arr(2, 3), arr(1, 3), axis=0),
        case(arr(2), arr(3)),
        case(arr(2, 1), arr(2, 2), axis=-1),
    ]
)
def _concat(*xs: Any, axis: int = 0, xp: Any = None) -> Any:
    """Arrays joined along an existing axis; what `concat` calls."""
    return xp.concat(list(xs), axis=axis)


@_concat.rule("xs")
def _(g, xs, axis):
    axis %= g.ndim
    gxs, start = [], 0
    for x in xs:
        stop = start + x.shape[axis]
        gxs.append(g[(*(slice(None),) * axis, slice(start, stop), ...)])
        start = stop
    return gxs


@op(samples=[case(arr(2, 3), arr(2, 3)), case(arr(2), arr(2), arr(2), axis=1), case(arr(), arr())])
def _stack(*xs: Any, axis: int = 0, xp: Any = None) -> Any:
    """Arrays of one shape joined along a new axis; what `stack` calls."""
    return xp.stack(list(xs), axis=axis)


@_stack.rule("xs")
def _(g, axis):
    axis %= g.ndim
    return [g[(*(slice(None),) * axis, i, ...)] for i in range(g.shape[axis])]


@op(
    samples=[
        case([arr(2, 3), arr(1, 3)]),
        case([arr(2, 1), arr(2, 2)], axis=-1),
        case([arr(2, 1), arr(3)], axis=None),
        case([arr(2, kind="complex"), arr(3)]),
    ],
    standard="concat",
)
def concat(xs: Any, axis: int | None = 0) -> Variable:
    """The arrays of a sequence joined along an existing axis; None: all elements in a row.

    >>> concat([Variable(np.array([1.0, 2.0])), np.array([3.0])])
    variable([1. 2. 3.])
    """
    xs = _several(xs, "concat")
    if axis is None:
        xs, axis = [reshape(x, (-1,)) for x in xs], 0
    return _concat(*xs, axis=axis)


@op(samples=[case([arr(2), arr(2)]), case([arr(2), arr(2), arr(2)], axis=1)], standard="stack")
def stack(xs: Any, axis: int = 0) -> Variable:
    """The arrays of a sequence, all of one shape, joined along a new axis.

    >>> stack([Variable(np.array([1.0, 2.0])), np.array([3.0, 4.0])], axis=1)
    variable([[1. 3.]
              [2. 4.]])
    """
    return _stack(*_several(xs, "stack"), axis=axis)


def _several(xs: Any, name: str) -> Any:
    if not isinstance(xs, tuple | list) or not xs:
        raise ArgumentError(
            f"{name}: got {type(xs).__name__}, expected a list or tuple of at least one array"
        )
    return xs


class Split(Function):
    """`x` cut along an axis before each of `starts`; several outputs, so a class."""

    def __init__(self, starts: list[int], axis: int) -> None:
        self.starts, self.axis = starts, axis

    def forward(self, x: Any) -> Any:
        stops = [*self.starts[1:], x.shape[self.axis]]
        lead = (slice(None),) * self.axis
        pairs = zip(self.starts, stops, strict=True)
        return tuple(x[(*lead, slice(i, j), ...)] for i, j in pairs)

    def backward(self, *gys: Variable) -> Variable:
        return concat(gys, axis=self.axis)


@op(
    samples=[
        case(arr(6), 3),
        case(arr(2, 5), [1, 3], axis=1),
        case(arr(4, 2), (1,), axis=-2),
        case(arr(2, 3), 1),
    ]
)
def split(x: Any, indices_or_sections: Any, axis: int = 0) -> Any:
    """A list of the parts of `x` along `axis`: so many equal ones, or cut before each index.

    Raises ShapeError where the length is no multiple of the number of parts, ArgumentError for
    indices out of order or out of range. The inverse of `concat`, whose gradient this has.

    >>> split(Variable(np.array([1.0, 2.0, 3.0])), [1])
    [variable([1.]), variable([2. 3.])]
    """
    x = as_variable(x, requires_grad=False)
    if not -x.ndim <= axis < x.ndim:
        raise ArgumentError(f"split: got axis {axis} for x of shape {x.shape}")
    axis %= x.ndim
    n = x.shape[axis]
    if hasattr(indices_or_sections, "tolist"):  # numbers of NumPy
        indices_or_sections = indices_or_sections.tolist()
    if isinstance(indices_or_sections, int):
        parts = indices_or_sections
        if parts < 1 or n % parts:
            raise ShapeError(
                f"split: got {parts} parts of axis {axis} of shape {x.shape}, expected a number "
                f"that divides {n}; give a list of indices for parts of other lengths"
            )
        starts = [i * (n // parts) for i in range(parts)]
    else:
        starts = [0, *map(int, indices_or_sections)]
        if starts != sorted(starts) or starts[-1] > n:
            raise ArgumentError(
                f"split: got the indices {starts[1:]}, expected ascending ones from 0 to {n}"
            )
    ys = Split(starts, axis)(x)
    return ys if isinstance(ys, list) else [ys]


@op(samples=[case(arr(2, 3), ((0, 1), (2, 0)), 0.5), case(arr(2), ((1, 1),), 0.0)])
def _pad(x: Any, widths: Any, value: float, *, xp: Any = None) -> Any:
    """`x` with `widths` of `value` before and after each axis; what `pad` calls."""
    device = backend_of(x).device(x)  # what a compiler traces has no .device
    for axis, (before, after) in enumerate(widths):
        ends = []
        for width in (before, after):
            shape = (*x.shape[:axis], width, *x.shape[axis + 1 :])
            ends += [xp.full(shape, value, dtype=x.dtype, device=device)] if width else [None]
        parts = [part for part in (ends[0], x, ends[1]) if part is not None]
        x = xp.concat(parts, axis=axis) if len(parts) > 1 else x
    return x


@_pad.rule
def _(g, x_shape, widths):
    pairs = zip(widths, x_shape, strict=True)
    return g[(*(slice(before, before + n) for (before, _), n in pairs), ...)]


@op(
    samples=[
        case(arr(2, 3), 1),
        case(arr(3), (1, 2)),
        case(arr(2, 3), ((0, 1), (2, 0)), value=0.5),
        case(arr(2, 3), 0),
    ],
    reference=lambda x, pad_width, value=0.0: _np_pad(x, pad_width, value),
)
def pad(x: Any, pad_width: Any, value: float = 0.0) -> Variable:
    """`x` with a border of the number `value`.

    pad_width: so many on every side; or (before, after) for every axis; or one such pair for
    each axis. Raises ArgumentError for anything else.

    >>> pad(Variable(np.array([1.0, 2.0])), (1, 2))
    variable([0. 1. 2. 0. 0.])
    """
    x = as_variable(x, requires_grad=False)
    w = pad_width.tolist() if hasattr(pad_width, "tolist") else pad_width
    pairs: Any = None
    if isinstance(w, int):
        pairs = ((w, w),) * x.ndim
    elif all(isinstance(n, int) for n in w) and len(w) == 2:
        pairs = (tuple(w),) * x.ndim
    elif len(w) == x.ndim and all(isinstance(pair, tuple | list) for pair in w):
        pairs = tuple(tuple(pair) for pair in w)
    if pairs is None or not all(len(p) == 2 and min(p) >= 0 for p in pairs):
        raise ArgumentError(
            f"pad: got pad_width {pad_width!r} for x of shape {x.shape}, expected a number from 0 "
            f"on, a pair (before, after), or such a pair for each axis"
        )
    return _pad(x, pairs, value)


def _np_pad(x: Any, pad_width: Any, value: float) -> Any:
    import numpy as np

    return np.pad(x, pad_width, constant_values=value)
