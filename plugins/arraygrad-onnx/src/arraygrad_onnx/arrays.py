"""Between ndonnx's arrays and the variables of spox that hold their graph."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

import numpy as np
from spox._future import initializer  # a Constant node would be run to get its value

from arraygrad_onnx._ndonnx import ndonnx

FLOATS = (ndonnx.float32, ndonnx.float64, ndonnx.float16)
# ONNX has the operators in double precision too, onnxruntime most of them only in these.
SINGLE = (ndonnx.float32, ndonnx.float16)

asarray = ndonnx.asarray


def var(x: Any) -> Any:
    """The spox variable of an array."""
    return x.unwrap_spox()


def ints(values: Any) -> Any:
    """Whole numbers as a constant of the graph."""
    return initializer(np.asarray(values, np.int64))


def number(value: Any, x: Any) -> Any:
    """A number as a constant of the graph, in the dtype of `x`."""
    return initializer(np.asarray(value, x.dtype.unwrap_numpy()))


def axes_of(axis: Any, x: Any) -> Any:
    """The axes of a reduction as a constant, none negative; None for all."""
    if axis is None:
        return None
    return ints([i % x.ndim for i in (axis if isinstance(axis, tuple) else (axis,))])


def kernel(function: Any, dtypes: tuple[Any, ...] = FLOATS) -> Callable[[Any], Any]:
    """Decorator: a kernel of the op `function` for these dtypes; its definition does the others.

    Where gradients are recorded, an op that saves values for its rules runs by its definition.
    """
    definition = function.definition

    def decorate(kernel: Callable[..., Any]) -> Callable[..., Any]:
        @wraps(kernel)
        def checked(*args: Any, **kwargs: Any) -> Any:
            from arraygrad.config import is_recording

            arrays = [a for a in args if isinstance(a, ndonnx.Array)]
            floats = [a.dtype for a in arrays if a.dtype in FLOATS]
            fits = floats and all(dtype in dtypes for dtype in floats)
            if fits and not (definition.saves and is_recording()):
                y = kernel(*args, **kwargs)
                if y is not None:
                    return y
            return by_definition(function, *args, **kwargs)

        checked.is_kernel = True  # type: ignore[attr-defined]
        return checked

    return decorate


def by_definition(function: Any, *args: Any, **kwargs: Any) -> Any:
    """What an op's definition, in terms of the array API, gives for these arrays."""
    from arraygrad_onnx import namespace

    definition = function.definition
    if "xp" in definition.arguments:
        kwargs["xp"] = namespace
    return definition.forward(*args, **kwargs)
