"""Products of matrices."""

from __future__ import annotations

import math
from typing import Any

from arraygrad.arrays import sum_to
from arraygrad.functions.arithmetic import reflect
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable

__all__ = ["linear", "linear_simple", "matmul"]


def promoted(xp: Any, x: Any, W: Any) -> tuple[Any, Any]:
    """Both in the dtype of their sum: not every library multiplies matrices of two dtypes."""
    if x.dtype == W.dtype:
        return x, W
    dtype = xp.result_type(x, W)
    return (
        x if x.dtype == dtype else xp.astype(x, dtype),
        W if W.dtype == dtype else xp.astype(W, dtype),
    )


@op(
    samples=[
        case(arr(2, 3), arr(3, 4)),
        case(arr(5, 2, 3), arr(3, 4)),
        case(arr(2, 1, 2, 3), arr(5, 3, 2)),
        case(arr(3), arr(3)),
        case(arr(2, 3), arr(3)),
        case(arr(3), arr(3, 2)),
        case(arr(4, 2, 3), arr(3)),
        case(arr(3), arr(4, 3, 2)),
    ],
    broadcasts=True,
    methods=("__matmul__", "matmul", "dot"),
    standard="matmul",
    reference="matmul",
)
def matmul(x: Any, W: Any, *, xp: Any = None) -> Any:
    """The matrix product, over the last two axes; other axes broadcast, and 1-d is a vector.

    >>> matmul(Variable(np.ones((2, 3))), np.ones((3, 4))).shape
    (2, 4)
    """
    x, W = promoted(xp, x, W)
    return x @ W


@matmul.rule("x")
def _(g, W, x_shape, xp):
    g, W = promoted(xp, g, W)
    if W.ndim == 1:
        return xp.expand_dims(g, axis=-1) * W
    if len(x_shape) == 1:
        return W @ g if W.ndim == 2 else (xp.expand_dims(g, axis=-2) @ W.mT)[..., 0, :]
    return g @ W.mT


@matmul.rule("W")
def _(g, x, W_shape, xp):
    g, x = promoted(xp, g, x)
    if x.ndim == 1:
        if len(W_shape) == 1:
            return g * x
        return xp.expand_dims(x, axis=-1) * xp.expand_dims(g, axis=-2)
    if len(W_shape) == 1 and x.ndim > 2:
        return (x.mT @ xp.expand_dims(g, axis=-1))[..., 0]
    return x.mT @ g


@op(
    samples=[
        case(arr(2, 3), arr(3, 4), arr(4)),
        case(arr(2, 3), arr(3, 4)),
        case(arr(5, 2, 3), arr(3, 4), arr(4)),
        case(arr(2, 3, 0), arr(0, 4), arr(4)),
    ]
)
def linear(x: Any, W: Any, b: Any = None, *, xp: Any = None) -> Any:
    """x W + b: x (..., I), W (I, O), b (O,) or None; x may have any number of leading axes.

    Fused, so that the product is not kept, and the bias is added without a second array.

    >>> linear(Variable(np.ones((2, 3))), np.ones((3, 4)), np.ones(4)).shape
    (2, 4)
    """
    x, W = promoted(xp, x, W)
    y = x @ W
    return y if b is None else y + b


@linear.rule("x")
def _(g, W, xp):
    g, W = promoted(xp, g, W)
    return g @ W.mT


@linear.rule("W")
def _(g, x, xp):
    g, x = promoted(xp, g, x)
    if x.ndim > 2:
        rows = math.prod(x.shape[:-1])
        x = xp.reshape(x, (rows, x.shape[-1]))
        g = xp.reshape(g, (rows, g.shape[-1]))
    return x.mT @ g


@linear.rule("b")
def _(g, b_shape, xp):
    return sum_to(g, b_shape, xp)


@op(samples=[case(arr(2, 3), arr(3, 4), arr(4)), case(arr(2, 3), arr(3, 4))])
def linear_simple(x: Any, W: Any, b: Any = None) -> Variable:
    """`linear` composed of `matmul` and `add`, as the book first writes it."""
    y = matmul(x, W)
    return y if b is None else y + b


reflect("__rmatmul__", matmul)
