"""Kernels whose text is C++ and, but for the types of declarations, Python too.

The GPU compiles the text; the tests run the same text on NumPy arrays, where there is no GPU.
So it consists of assignments and calls; `pick(c, a, b)` stands for `c ? a : b`.
"""

from __future__ import annotations

from typing import Any

import cupy

_PICK = "template <typename T> __device__ T pick(bool c, T a, T b) { return c ? a : b; }"


def elementwise(inputs: str, outputs: str, text: str, name: str) -> Any:
    """A function of arrays that broadcast, of one pass over memory; numbers are arguments too."""
    return cupy.ElementwiseKernel(inputs, outputs, text, f"arraygrad_{name}", preamble=_PICK)


def floating(*arrays: Any) -> bool:
    """Whether all (None aside) have one dtype, float32 or float64; others are left to CuPy."""
    given = [a.dtype for a in arrays if a is not None]
    return given[0].char in "fd" and all(dtype == given[0] for dtype in given)


def forward(op: Any, *args: Any) -> Any:
    """The definition of an op, in terms of the array API."""
    from arraygrad_cupy import namespace as xp

    return op.definition.forward(*args, xp=xp)


def rule(op: Any, *inputs: str) -> Any:
    """The rule of an op for the gradient of these inputs."""
    return op.definition.rules[inputs]
