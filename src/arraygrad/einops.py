"""einops on Variables: `import arraygrad.einops` once, and einops' functions take them everywhere.

The functions here are einops' own; this module tells it about Variables and hands them on, so
that one import does both. Rogozhnikov, "Einops: Clear and Reliable Tensor Manipulations with
Einstein-like Notation" (ICLR 2022).

>>> from arraygrad.einops import rearrange, reduce
>>> x = Variable(np.arange(6.0).reshape(2, 3))
>>> y = reduce(rearrange(x, "n d -> d n"), "d n -> d", "mean")
>>> y
variable([1.5 2.5 3.5])
>>> y.sum().backward()
>>> x.grad
variable([[0.5 0.5 0.5]
          [0.5 0.5 0.5]])
"""

from __future__ import annotations

from typing import Any

import numpy as np
from einops import einsum, pack, parse_shape, rearrange, reduce, repeat, unpack
from einops._backends import AbstractBackend

import arraygrad.functions as F
from arraygrad.arrays import is_inexact
from arraygrad.backend import backend_of
from arraygrad.variable import Variable, as_variable

__all__ = ["einsum", "pack", "parse_shape", "rearrange", "reduce", "repeat", "unpack"]


class VariableBackend(AbstractBackend):  # einops finds its subclasses
    """What einops asks of an array library, in ops of arraygrad."""

    framework_name = "arraygrad.einops"

    def is_appropriate_type(self, tensor: Any) -> bool:
        return isinstance(tensor, Variable)

    def from_numpy(self, x: Any) -> Variable:
        return as_variable(x)

    def to_numpy(self, x: Variable) -> np.ndarray[Any, Any]:
        return backend_of(x.data).to_numpy(x.data)

    def arange(self, start: int, stop: int) -> Variable:
        return as_variable(np.arange(start, stop))

    def transpose(self, x: Variable, axes: Any) -> Variable:
        return F.transpose(x, tuple(axes))

    def reduce(self, x: Variable, operation: str, axes: Any) -> Variable:
        y: Variable = getattr(x.__array_namespace__(), operation)(x, axis=tuple(axes))
        return y

    def stack_on_zeroth_dimension(self, tensors: list[Any]) -> Variable:
        return F.stack(tensors)

    def add_axis(self, x: Variable, new_position: int) -> Variable:
        return F.expand_dims(x, new_position)

    def add_axes(self, x: Variable, n_axes: int, pos2len: dict[int, int]) -> Variable:
        for place in sorted(pos2len):
            x = F.expand_dims(x, place)
        shape = tuple(pos2len.get(i, n) for i, n in enumerate(x.shape))
        return F.broadcast_to(x, shape)

    def concat(self, tensors: list[Any], axis: int) -> Variable:
        return F.concat(tensors, axis)

    def is_float_type(self, x: Variable) -> bool:
        return is_inexact(x.dtype, backend_of(x.data).xp)

    def einsum(self, pattern: str, *x: Any) -> Variable:
        return F.einsum(pattern, *x)
