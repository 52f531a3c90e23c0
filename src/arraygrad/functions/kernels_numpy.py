"""Faster forms of core ops for NumPy: the same results, found by measuring small arrays.

On 30x10 float32, `np.sum` costs 3.5 us and `np.add.reduce` 1.9; operators also skip the array
machinery for 0-d results, which NumPy keeps as scalars (40 ns against 500).
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

import numpy as np


def sum(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.add.reduce(x, axis, None, None, keepdims)


def mean(x: Any, axis: Any, keepdims: bool) -> Any:
    # In float16 a sum overflows long before a mean; np.mean adds up in float32 there.
    if x.dtype.kind != "f" or x.dtype.itemsize < 4:
        return np.mean(x, axis=axis, keepdims=keepdims)
    y = np.add.reduce(x, axis, None, None, keepdims)
    return y * (y.size / x.size) if x.size else np.mean(x, axis=axis, keepdims=keepdims)


def max(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.maximum.reduce(x, axis, None, None, keepdims)


def min(x: Any, axis: Any, keepdims: bool) -> Any:
    return np.minimum.reduce(x, axis, None, None, keepdims)


def linear(x: Any, W: Any, b: Any) -> Any:
    y = np.dot(x, W) if x.ndim == 2 else np.matmul(x, W)
    if b is None:
        return y
    return np.add(y, b, y) if y.dtype == b.dtype and y.shape[-1:] == b.shape else y + b


def matmul(x: Any, W: Any) -> Any:
    return np.dot(x, W) if x.ndim == 2 == W.ndim else np.matmul(x, W)


def sigmoid(x: Any) -> Any:
    y = np.tanh(x * 0.5)
    if not isinstance(y, np.ndarray):
        return y * 0.5 + 0.5
    np.multiply(y, 0.5, y)
    return np.add(y, 0.5, y)


def relu(x: Any) -> Any:
    return np.maximum(x, 0)


def mean_squared_error(x0: Any, x1: Any) -> Any:
    if x0.shape != x1.shape or not x0.shape:
        from arraygrad.functions.loss import mean_squared_error

        return mean_squared_error.definition.forward(x0, x1, xp=np)  # which raises
    diff = (x0 - x1).ravel()
    return np.dot(diff, diff) / len(x0)


def log_softmax(x: Any, axis: int) -> Any:
    y = x - np.maximum.reduce(x, axis, None, None, True)
    total = np.add.reduce(np.exp(y), axis, None, None, True)
    return np.subtract(y, np.log(total), y)


def softmax(x: Any, axis: int) -> Any:
    y = x - np.maximum.reduce(x, axis, None, None, True)
    np.exp(y, y)
    return np.divide(y, np.add.reduce(y, axis, None, None, True), y)


def nll_loss(logp: Any, t: Any) -> Any:
    if logp.ndim != 2 or t.ndim != 1:
        from arraygrad.functions.loss import nll_loss

        return nll_loss.definition.forward(logp, t, xp=np)
    return np.add.reduce(logp[np.arange(len(t)), t]) * (-1 / len(t))


KERNELS: dict[str, Callable[..., Any]] = {
    "_get_item": operator.getitem,
    "absolute": operator.abs,
    "add": operator.add,
    "cos": np.cos,
    "cosh": np.cosh,
    "div": operator.truediv,
    "exp": np.exp,
    "expm1": np.expm1,
    "floordiv": operator.floordiv,
    "linear": linear,
    "log": np.log,
    "log1p": np.log1p,
    "log_softmax": log_softmax,
    "matmul": matmul,
    "max": max,
    "maximum": np.maximum,
    "mean": mean,
    "mean_squared_error": mean_squared_error,
    "min": min,
    "minimum": np.minimum,
    "mod": operator.mod,
    "mul": operator.mul,
    "neg": operator.neg,
    "nll_loss": nll_loss,
    "pow": operator.pow,
    "relu": relu,
    "sigmoid": sigmoid,
    "sin": np.sin,
    "sinh": np.sinh,
    "softmax": softmax,
    "sqrt": np.sqrt,
    "sub": operator.sub,
    "sum": sum,
    "tan": np.tan,
    "tanh": np.tanh,
    "where": np.where,
}
