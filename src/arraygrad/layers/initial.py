"""What layers make their parameters with: sizes are checked, weights drawn, and put beside x."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from math import prod
from typing import Any

import numpy as np

from arraygrad import backend as backends
from arraygrad.errors import DtypeError, LayerError
from arraygrad.variable import Variable, as_variable

_BLOCK = 1 << 20
_blank: ContextVar[bool] = ContextVar("arraygrad.blank_weights", default=False)


def whole(who: str, what: str, value: Any, least: int = 1) -> int:
    """A parameter of a layer that has to be a whole number from `least` on.

    >>> whole("Linear", "out_size", 10)
    10
    """
    if isinstance(value, (int, np.integer)) and not isinstance(value, bool) and value >= least:
        return int(value)
    raise LayerError(f"{who}: {what} is {value!r}; it should be a whole number above {least - 1}")


def pair(who: str, what: str, value: Any, least: int = 1) -> tuple[int, int]:
    """(height, width) from two whole numbers or from one for both.

    >>> pair("Conv2d", "stride", 2), pair("Conv2d", "pad", (0, 1), least=0)
    ((2, 2), (0, 1))
    """
    both = value if isinstance(value, (tuple, list)) else (value, value)
    if len(both) != 2:
        raise LayerError(f"{who}: {what} is {value!r}; it should be one number or two (H, W)")
    return whole(who, what, both[0], least), whole(who, what, both[1], least)


def floating(who: str, dtype: Any) -> np.dtype[Any]:
    """The dtype of a layer's weights, as NumPy's.

    >>> floating("Linear", "float32")
    dtype('float32')
    """
    try:
        given = np.dtype(dtype)
    except TypeError:
        given = None
    if given is not None and given.kind in "fc":
        return given
    raise LayerError(
        f"{who}: dtype is {dtype if given is None else given}; weights should have a "
        "floating-point dtype"
    )


def between(who: str, what: str, value: Any, low: float, high: float) -> float:
    """A parameter of a layer that has to be a number from `low` to `high`.

    >>> between("Dropout", "dropout_ratio", 0.5, 0, 1)
    0.5
    """
    try:
        if low <= value <= high:
            return value
    except (TypeError, ValueError):
        pass
    raise LayerError(f"{who}: {what} is {value!r}; it should be from {low} to {high}")


def misfit(who: str, shape: tuple[int, ...], form: str, known: int | None) -> LayerError:
    """The error for an x of another shape; `known` is the C that a layer was made for, if it was.

    >>> misfit("Conv2d", (3, 4), "(N, C, H, W)", None)
    LayerError('Conv2d: x has the shape (3, 4); it should be (N, C, H, W); reshape x, or ...')
    """
    made = "" if known is None else f" with the C = {known} that the layer was made for"
    return LayerError(
        f"{who}: x has the shape {shape}; it should be {form}{made}; reshape x, or make another "
        "layer"
    )


def array_of(who: str, x: Any) -> Any:
    """The array by which a layer is sized; NoDataError for none, DtypeError for one of no numbers.

    >>> array_of("Linear", Variable(np.zeros(2)))
    array([0., 0.])
    """
    x = as_variable(x)
    if getattr(x._array().dtype, "kind", "f") in "OSUMmT":
        raise DtypeError(f"{who}: x has the dtype {x.dtype}; it should be an array of numbers")
    return x.data


def beside(like: Any = None) -> Callable[[np.ndarray[Any, Any]], Any]:
    """What moves a NumPy array to the backend and device of `like`; None: to the current backend.

    >>> beside(np.zeros(2))(np.ones(3))
    array([1., 1., 1.])
    """
    if like is None:
        return backends.current_backend().from_numpy
    backend = backends.backend_of(like)
    device = backend.device(like)
    return lambda array: backend.from_numpy(array, device=device)


def forget(*params: Variable | None) -> None:
    """Take parameters back that were made for an x that the layer cannot take."""
    for p in params:
        if p is not None:
            p.data = None


@contextmanager
def blank_weights() -> Iterator[None]:
    """Inside, weights are zeros and not drawn: for a call whose numbers do not matter.

    >>> with blank_weights():
    ...     normal((1, 2), 0.5, np.float32)
    array([[0., 0.]], dtype=float32)
    """
    token = _blank.set(True)
    try:
        yield
    finally:
        _blank.reset(token)


def normal(shape: tuple[int, ...], scale: float, dtype: Any) -> np.ndarray[Any, Any]:
    """Draws from N(0, scale ** 2), of NumPy's global generator.

    First the cast, then the scale in that dtype: the order decides the book's numbers. They are
    drawn in blocks, the same numbers as at once, so that no float64 array of that size is made.

    >>> np.random.seed(0)
    >>> normal((1, 2), 0.5, np.float32).round(3)
    array([[0.882, 0.2  ]], dtype=float32)
    """
    if _blank.get():
        return np.zeros(shape, dtype)
    flat = np.empty(prod(shape), dtype)
    for start in range(0, flat.size, _BLOCK):
        block = flat[start : start + _BLOCK]
        block[:] = np.random.randn(block.size)
    flat *= np.asarray(scale, dtype)[()]
    return flat.reshape(shape)
