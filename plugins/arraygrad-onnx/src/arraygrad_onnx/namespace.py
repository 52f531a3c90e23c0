"""The array API namespace of the backend: ndonnx's, with shorter graphs for some functions.

ndonnx writes graphs for arrays of any rank, empty ones included: `max` takes 14 nodes there, with
two branches. While a model is traced all shapes are known, and one node does.
"""

from __future__ import annotations

import math
from typing import Any

import spox.opset.ai.onnx.v21 as op

from arraygrad_onnx._ndonnx import ndonnx
from arraygrad_onnx.arrays import FLOATS, asarray, axes_of, ints, number, var


def __getattr__(name: str) -> Any:
    return getattr(ndonnx, name)


def max(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    if x.size == 0:
        return ndonnx.max(x, axis=axis, keepdims=keepdims)
    return asarray(op.reduce_max(var(x), axes_of(axis, x), keepdims=int(keepdims)))


def min(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    if x.size == 0:
        return ndonnx.min(x, axis=axis, keepdims=keepdims)
    return asarray(op.reduce_min(var(x), axes_of(axis, x), keepdims=int(keepdims)))


def mean(x: Any, /, *, axis: Any = None, keepdims: bool = False) -> Any:
    if x.dtype not in FLOATS:
        return ndonnx.mean(x, axis=axis, keepdims=keepdims)
    return asarray(op.reduce_mean(var(x), axes_of(axis, x), keepdims=int(keepdims)))


def reshape(x: Any, /, shape: tuple[int, ...]) -> Any:
    # ndonnx leaves a shape that does not fit to whoever runs the graph.
    shape = tuple(shape)
    known = math.prod(n for n in shape if n != -1)
    fits = known and x.size % known == 0 if -1 in shape else x.size == known
    if not fits:
        raise ValueError(f"cannot reshape an array of shape {x.shape} to {shape}")
    # Without allowzero a 0 stands for the length that the axis had.
    return asarray(op.reshape(var(x), ints(shape), allowzero=int(0 in shape)))


def matmul(x1: Any, x2: Any, /) -> Any:
    return asarray(op.matmul(var(x1), var(x2))) if x1.dtype == x2.dtype else x1 @ x2


def clip(x: Any, /, min: Any = None, max: Any = None) -> Any:
    numbers = all(type(limit) in (int, float) for limit in (min, max) if limit is not None)
    if x.dtype not in FLOATS or not numbers:
        return ndonnx.clip(x, min, max)
    low, high = (None if n is None else number(n, x) for n in (min, max))
    return asarray(op.clip(var(x), low, high))
