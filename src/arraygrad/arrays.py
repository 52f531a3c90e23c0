"""What shapes and dtypes of arrays say, of whatever library: axes, broadcasting, kinds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np


def kept_shape(shape: Sequence[int], axis: int | tuple[int, ...] | None) -> tuple[int, ...]:
    """`shape` with lengths of 1 along `axis`, as a reduction with keepdims has it; None for all."""
    if axis is None:
        return (1,) * len(shape)
    lengths = list(shape)
    for i in axis if isinstance(axis, tuple) else (axis,):
        lengths[i] = 1
    return tuple(lengths)


def taken_back(axes: Sequence[int]) -> tuple[int, ...]:
    """The permutation of axes that takes back the permutation `axes`."""
    n = len(axes)
    back = [0] * n
    for to, axis in enumerate(axes):
        back[axis % n] = to
    return tuple(back)


def broadcasts_to(small: tuple[int, ...], big: tuple[int, ...]) -> bool:
    """Whether an array of shape `small` broadcasts to the shape `big`."""
    pairs = zip(reversed(big), reversed(small), strict=False)
    return len(small) <= len(big) and all(n in (1, m) for m, n in pairs)


_sum: Any = np.add.reduce  # whose faster positional form NumPy's stubs do not know


def sum_to(x: Any, shape: tuple[int, ...], xp: Any) -> Any:
    """`x` summed over the axes along which an array of `shape` was broadcast to it."""
    lead = x.ndim - len(shape)
    axes = tuple(range(lead))
    if x.shape[lead:] != shape:
        axes += tuple(i for i, n in enumerate(shape, lead) if n == 1 and x.shape[i] != 1)
    elif not lead:
        return x
    if xp is np:
        # np.sum costs twice as much on small arrays, and biases are summed in every step.
        y = _sum(x, axes, None, None, len(axes) != lead)
    else:
        y = xp.sum(x, axis=axes, keepdims=len(axes) != lead)
    return y if len(axes) == lead else xp.reshape(y, shape)


def is_inexact(dtype: Any, xp: Any) -> bool:
    """Whether `dtype` holds real or complex floating point numbers."""
    kind = getattr(dtype, "kind", "V")  # NumPy's own dtypes, 20 times faster than isdtype
    if kind != "V":  # which is what extension dtypes such as bfloat16 say
        return kind in "fc"
    return bool(xp.isdtype(dtype, ("real floating", "complex floating")))


def is_complex(dtype: Any) -> bool:
    """Whether `dtype` holds complex numbers; every library says so in its name."""
    kind = getattr(dtype, "kind", None)
    return kind == "c" if kind is not None else "complex" in str(dtype)
