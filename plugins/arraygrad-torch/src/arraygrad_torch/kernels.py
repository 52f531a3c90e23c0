"""What the modules of kernels share: the definitions, for what PyTorch has no kernel for."""

from __future__ import annotations

from typing import Any

import array_api_compat.torch as xp
import torch

aten = torch.ops.aten


def forward(op: Any, *args: Any) -> Any:
    """The definition of an op on tensors, in terms of the array API."""
    return op.definition.forward(*args, xp=xp)


def rule(op: Any, *inputs: str) -> Any:
    """The rule of an op for the gradient of these inputs."""
    return op.definition.rules[inputs]


def floating(x: Any, *others: Any) -> bool:
    """Whether all (None aside) have one real floating-point dtype, as PyTorch's kernels want."""
    dtype = x.dtype
    return dtype.is_floating_point and all(o is None or o.dtype is dtype for o in others)
