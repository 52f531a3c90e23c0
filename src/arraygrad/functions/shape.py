"""Shape: the same elements in another shape or order."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from arraygrad.arrays import taken_back
from arraygrad.backend import backend_of
from arraygrad.errors import ArgumentError, AxisIndexError, ShapeError
from arraygrad.inplace import link
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable

__all__ = [
    "expand_dims", "flatten", "flip", "matrix_transpose", "moveaxis", "permute_dims", "reshape",
    "squeeze", "to_device", "transpose",
]  # fmt: skip


@op(
    samples=[case(arr(2, 3), (3, 2)), case(arr(2, 3), (-1,)), case(arr(), (1, 1))],
    reference="reshape",
)
def reshape(x: Any, shape: Any, *, xp: Any = None) -> Any:
    """`x` with its elements in another shape; one length may be -1.

    >>> reshape(Variable(np.array([[1, 2, 3], [4, 5, 6]])), (6,))
    variable([1 2 3 4 5 6])
    """
    return xp.reshape(x, tuple(shape) if isinstance(shape, tuple | list) else (shape,))


@reshape.rule
def _(g, x_shape, xp):
    return xp.reshape(g, x_shape)


@op(
    samples=[
        case(arr(2, 3), (1, 0)),
        case(arr(2, 3, 4), (2, 0, 1)),
        case(arr(2, 3, 4), (-1, 0, 1)),
    ],
    standard="permute_dims",
    reference="transpose",
)
def permute_dims(x: Any, axes: Any, *, xp: Any = None) -> Any:
    """`x` with its axes in the order `axes`.

    >>> permute_dims(Variable(np.ones((2, 3, 4))), (2, 0, 1)).shape
    (4, 2, 3)
    """
    n = x.ndim
    # What is out of range stays so, for the library to refuse.
    return xp.permute_dims(x, tuple([axis + n if -n <= axis < 0 else axis for axis in axes]))


@permute_dims.rule
def _(g, axes, xp):
    return xp.permute_dims(g, taken_back(axes))


@op(samples=[case(arr(2, 3)), case(arr(2, 3, 4)), case(arr(3))])
def transpose(x: Any, axes: Any = None) -> Any:
    """`x` with its axes reversed, or in the order `axes`.

    >>> transpose(Variable(np.array([[1, 2, 3], [4, 5, 6]])))
    variable([[1 4]
              [2 5]
              [3 6]])
    """
    return permute_dims(x, tuple(reversed(range(x.ndim))) if axes is None else axes)


@op(
    samples=[case(arr(2, 3)), case(arr(4, 2, 3))],
    standard="matrix_transpose",
    reference=lambda x: x.swapaxes(-1, -2),
)
def matrix_transpose(x: Any) -> Any:
    """`x` with its last two axes exchanged.

    >>> matrix_transpose(Variable(np.ones((4, 2, 3)))).shape
    (4, 3, 2)
    """
    if x.ndim < 2:
        raise ShapeError(f"matrix_transpose: got {x.ndim} axes, expected two or more")
    return x.mT


@matrix_transpose.rule
def _(g):
    return g.mT


@op(
    samples=[case(arr(2, 3, 4), 0, 2), case(arr(2, 3, 4), (0, 1), (-1, 0))],
    standard="moveaxis",
    reference="moveaxis",
)
def moveaxis(x: Any, source: Any, destination: Any, *, xp: Any = None) -> Any:
    """`x` with the axes `source` moved to the positions `destination`.

    >>> moveaxis(Variable(np.ones((2, 3, 4))), 0, -1).shape
    (3, 4, 2)
    """
    return xp.moveaxis(x, source, destination)


@moveaxis.rule
def _(g, source, destination, xp):
    return xp.moveaxis(g, destination, source)


@op(
    samples=[case(arr(2, 3), axis=0), case(arr(2, 3)), case(arr(2, 3), axis=(0, 1))],
    standard="flip",
    reference="flip",
)
def flip(x: Any, axis: Any = None, *, xp: Any = None) -> Any:
    """`x` with the order of its elements reversed along `axis`, or along all.

    >>> flip(Variable(np.array([1, 2, 3])))
    variable([3 2 1])
    """
    return xp.flip(x, axis=axis)


@flip.rule
def _(g, axis, xp):
    return xp.flip(g, axis=axis)


@op(
    samples=[case(arr(2, 3), 0), case(arr(2, 3), -1), case(arr(2, 3), (0, -1)), case(arr(2), ())],
    standard="expand_dims",
    reference="expand_dims",
)
def expand_dims(x: Any, axis: Any = 0, *, xp: Any = None) -> Any:
    """`x` with a new axis of length 1 at `axis`, or at each of a tuple of them.

    The axes are those of the result. Raises AxisIndexError for one out of range or given twice.

    >>> expand_dims(Variable(np.array([1, 2])), 1).shape
    (2, 1)
    """
    if not isinstance(axis, tuple):
        return xp.expand_dims(x, axis=axis)
    n = x.ndim + len(axis)
    new = {i % n for i in axis if -n <= i < n}
    if len(new) != len(axis):
        raise AxisIndexError(
            f"expand_dims: got axis = {axis} for x of shape {tuple(x.shape)}, expected different "
            f"axes of the result, from {-n} to {n - 1}"
        )
    lengths = iter(x.shape)
    return xp.reshape(x, tuple(1 if i in new else next(lengths) for i in range(n)))


@expand_dims.rule
def _(g, x_shape, xp):
    return xp.reshape(g, x_shape)


@op(
    samples=[case(arr(1, 3), 0), case(arr(2, 1, 3, 1), (1, 3))],
    standard="squeeze",
    reference="squeeze",
)
def squeeze(x: Any, axis: Any, *, xp: Any = None) -> Any:
    """`x` without the axes `axis`, which have length 1.

    >>> squeeze(Variable(np.ones((1, 3))), 0).shape
    (3,)
    """
    return xp.squeeze(x, axis=axis)


@squeeze.rule
def _(g, x_shape, xp):
    return xp.reshape(g, x_shape)


@op(samples=[case(arr(2, 3, 2)), case(arr(4))])
def flatten(x: Any) -> Any:
    """`x` as a matrix with one row for each sample: (N, ...) becomes (N, D).

    >>> flatten(Variable(np.ones((2, 3, 4)))).shape
    (2, 12)
    """
    if not x.shape:
        raise ShapeError("flatten: got a 0-d array, expected one of shape (N, ...)")
    return reshape(x, (x.shape[0], math.prod(x.shape[1:])))


@op
def to_device(x: Any, device: Any) -> Any:
    """`x` on another device of its library; the gradient comes back.

    >>> to_device(Variable(np.ones(2)), "cpu").device
    'cpu'
    """
    return backend_of(x).to_device(x, device)


@to_device.rule
def _(g, x_device, backend):
    return backend.to_device(g, x_device)


def _words(words: tuple[Any, ...]) -> Any:
    """The methods of the book take `x.reshape(2, 3)`, `((2, 3))` and `([2, 3])` alike."""
    if len(words) == 1 and isinstance(words[0], tuple | list):
        return tuple(words[0])
    return words


def was_copied(y: Any, x: Any) -> bool:
    """Whether NumPy had to copy the array `x` to give it another shape."""
    if type(y) is not np.ndarray:
        return False
    return y.base is not x and (y.base is None or y.base is not getattr(x, "base", None))


def _reshape_method(self: Variable, *shape: Any) -> Variable:
    """`F.reshape` of the shape given as numbers, a tuple or a list: a view where NumPy has one."""
    words = _words(shape)
    y = reshape(self, words)
    if was_copied(y._data, self._data):
        return y
    return link(y, self, reshape, _reshaped_back, words)


def _transpose_method(self: Variable, *axes: Any) -> Variable:
    """`F.transpose`: all axes reversed, or in the order given as numbers, a tuple or a list."""
    if len(axes) == 0 or axes == (None,):
        return _all_reversed(self)
    words = _words(axes)
    return link(transpose(self, words), self, transpose, _permuted_back, words)


def _all_reversed(self: Variable) -> Variable:
    """All axes reversed: a view."""
    return link(transpose(self), self, transpose, _reversed_back)


def _last_exchanged(self: Variable) -> Variable:
    """The last two axes exchanged: a view."""
    return link(matrix_transpose(self), self, matrix_transpose, _exchanged_back)


def _reshaped_back(x: Variable, y: Variable, shape: Any) -> Variable:
    return reshape(y, x.shape)


def _permuted_back(x: Variable, y: Variable, axes: Any) -> Variable:
    return transpose(y, taken_back(axes))


def _reversed_back(x: Variable, y: Variable) -> Variable:
    return transpose(y)


def _exchanged_back(x: Variable, y: Variable) -> Variable:
    return matrix_transpose(y)


def _to_device_method(self: Variable, device: Any, /, *, stream: Any = None) -> Variable:
    """`F.to_device`: a copy on another device of the same library; `stream` must be None."""
    if stream is not None:
        raise ArgumentError(f"to_device: got stream {stream!r}, expected None")
    return to_device(self, device)


Variable.reshape = _reshape_method  # type: ignore[method-assign]
Variable.transpose = _transpose_method  # type: ignore[method-assign]
Variable.to_device = _to_device_method  # type: ignore[method-assign]
Variable.T = property(_all_reversed)  # type: ignore[assignment]
Variable.mT = property(_last_exchanged)  # type: ignore[assignment]
