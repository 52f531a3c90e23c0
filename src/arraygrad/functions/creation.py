"""Arrays made of Variables and numbers: asarray of nested lists, evenly spaced values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from arraygrad.arrays import is_inexact
from arraygrad.backend import PYTHON_SCALARS, Backend, backend_of, current_backend
from arraygrad.errors import ArgumentError
from arraygrad.functions.elementwise import astype
from arraygrad.functions.joining import stack
from arraygrad.functions.shape import reshape, to_device
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_variable, constant

__all__ = ["asarray", "linspace"]


@op(samples=[case(arr(2, 3))])
def _copy(x: Any) -> Any:
    """A copy of `x`; what `asarray` calls."""
    return backend_of(x).copy(x)


@_copy.rule
def _(g):
    return g


@op(
    samples=[
        case(arr(2, 3)),
        case(arr(2, 3), copy=True),
        case([arr(), arr()]),
        case([[arr(), 2.0], [arr(), 1]]),
        case([arr(3), arr(3)]),
    ],
    standard="asarray",
)
def asarray(obj: Any, dtype: Any = None, device: Any = None, copy: bool | None = None) -> Variable:
    """A Variable, array or number, or nested lists of them, as one Variable; gradients flow.

    dtype, device: those of `obj` for None. copy: True for an array of its own, False for an
    error where that would be necessary. Raises ArgumentError then, ShapeError for lists of
    different lengths.

    >>> x = Variable(np.array(1.0))
    >>> asarray([[x, 2.0], [3.0, x]])
    variable([[1. 2.]
              [3. 1.]])
    """
    if isinstance(obj, list | tuple) or type(obj) in PYTHON_SCALARS:
        x = _made(obj, dtype, device)
        same = False
    else:
        x = as_variable(obj, requires_grad=False)
        backend = backend_of(x.data)
        keeps = dtype is None or backend.dtype(dtype) == x.dtype
        stays = device is None or device == x.device
        same = keeps and stays
        if same and copy:
            return _copy(x)
        x = x if keeps else astype(x, dtype)
        x = x if stays else to_device(x, device)
    if copy is False and not same:
        raise ArgumentError(
            "asarray: got copy=False, but another dtype, another device or a list needs a copy; "
            "expected copy=None or True"
        )
    return x


def _made(obj: Any, dtype: Any, device: Any) -> Variable:
    """Numbers, arrays and Variables in nested lists, as one Variable."""
    parts = list(_leaves(obj))
    arrays = [getattr(x, "_data", x) for x in parts if type(x) not in PYTHON_SCALARS]
    if not arrays:
        born = current_backend()
        return constant(born.asarray(obj, dtype=dtype, device=device))
    backend = backend_of(arrays[0])
    if dtype is None:
        numbers = [x for x in parts if type(x) in PYTHON_SCALARS]
        dtype = backend.xp.result_type(*[x.dtype for x in arrays], *numbers)
    place = backend.device(arrays[0]) if device is None else device
    return _stacked(obj, backend, backend.dtype(dtype), place)


def _leaves(obj: Any) -> Iterator[Any]:
    if isinstance(obj, list | tuple):
        for part in obj:
            yield from _leaves(part)
    else:
        yield obj


def _stacked(obj: Any, backend: Backend, dtype: Any, device: Any) -> Variable:
    if isinstance(obj, list | tuple):
        if not obj:
            return constant(backend.xp.empty((0,), dtype=dtype, device=device))
        return stack([_stacked(part, backend, dtype, device) for part in obj])
    if type(obj) in PYTHON_SCALARS:
        return constant(backend.asarray(obj, dtype=dtype, device=device))
    return asarray(obj, dtype, device)


@op(
    samples=[
        case(arr(), arr(), 5),
        case(arr(), 3.0, 4),
        case(-1, arr(), 3, endpoint=False),
        case(arr(), arr(), 1),
        case(arr(2), arr(2), 3),
        case(arr(kind="complex"), arr(), 3),
    ],
    standard="linspace",
    reference="linspace",
)
def linspace(
    start: Any, stop: Any, num: int, dtype: Any = None, device: Any = None, endpoint: bool = True
) -> Variable:
    """`num` evenly spaced values from `start` to `stop`, which is left out without `endpoint`.

    start, stop: numbers or arrays, for which there is a new first axis.
    dtype, device: those of start and stop for None. Raises ArgumentError for a negative num.

    >>> linspace(Variable(np.array(0.0)), 1.0, 5)
    variable([0.   0.25 0.5  0.75 1.  ])
    """
    if num < 0:
        raise ArgumentError(f"linspace: got num = {num}, expected 0 or more")
    arrays = [getattr(x, "_data", x) for x in (start, stop) if hasattr(x, "dtype")]
    backend = backend_of(arrays[0]) if arrays else current_backend()
    xp = backend.xp
    made = None if dtype is None else backend.dtype(dtype)
    if not arrays:
        ys = xp.linspace(start, stop, num, dtype=made, device=device, endpoint=endpoint)
        return constant(ys)
    device = backend.device(arrays[0]) if device is None else device
    if made is None:
        numbers = [x for x in (start, stop) if type(x) in PYTHON_SCALARS]
        made = xp.result_type(*[x.dtype for x in arrays], *numbers)
        made = made if is_inexact(made, xp) else backend.asarray(0.0).dtype
    start, stop = (
        x if type(x) in PYTHON_SCALARS else astype(x, made, False) for x in (start, stop)
    )
    # 0 and 1 at the ends, so that start and stop are in the result as they are.
    w = constant(xp.linspace(0.0, 1.0, num, dtype=made, device=device, endpoint=endpoint))
    ndim = max(getattr(x, "ndim", 0) for x in (start, stop))
    w = reshape(w, (num, *(1,) * ndim))
    return start * (1 - w) + stop * w
