"""Activation functions and softmax: one pass over memory where the definitions need several."""

from __future__ import annotations

from typing import Any

import torch
import torch.nn.functional as tf

from arraygrad.functions import activation
from arraygrad_torch.kernels import aten, floating, forward, rule

sigmoid, erf = torch.sigmoid, torch.erf


def relu(x: Any) -> Any:
    return torch.relu(x) if x.dtype is not torch.bool else forward(activation.relu, x)


def relu_x(g: Any, out: Any, xp: Any) -> Any:
    return aten.threshold_backward.default(g, out, 0) if floating(g, out) else g * (out > 0)


# Of complex numbers PyTorch's rules are conjugated, and arraygrad's are not.


def sigmoid_x(g: Any, out: Any) -> Any:
    if not floating(g, out):
        return rule(activation.sigmoid, "x")(g, out)
    return aten.sigmoid_backward.default(g, out)


def tanh_x(g: Any, out: Any) -> Any:
    if not floating(g, out):
        return rule(activation.tanh, "x")(g, out)
    return aten.tanh_backward.default(g, out)


def leaky_relu(x: Any, slope: float) -> Any:
    return tf.leaky_relu(x, slope) if floating(x) else forward(activation.leaky_relu, x, slope)


def leaky_relu_x(g: Any, x: Any, slope: float, xp: Any) -> Any:
    if not floating(g, x):
        return rule(activation.leaky_relu, "x")(g, x, slope, xp)
    return aten.leaky_relu_backward.default(g, x, slope, False)


def elu(x: Any, alpha: float) -> Any:
    return tf.elu(x, alpha) if floating(x) else forward(activation.elu, x, alpha)


def elu_x(g: Any, x: Any, alpha: float, xp: Any) -> Any:
    if not floating(g, x):
        return rule(activation.elu, "x")(g, x, alpha, xp)
    return aten.elu_backward.default(g, alpha, 1, 1, False, x)


# Of silu and gelu nothing but x is kept: PyTorch's kernels of their rules compute the rest anew.


def silu(x: Any) -> Any:
    return (tf.silu(x), None) if floating(x) else forward(activation.silu, x)


def silu_x(g: Any, x: Any, s: Any) -> Any:
    return aten.silu_backward.default(g, x) if s is None else rule(activation.silu, "x")(g, x, s)


def gelu(x: Any) -> Any:
    return (tf.gelu(x), None) if floating(x) else forward(activation._gelu, x)


def gelu_x(g: Any, x: Any, c: Any, xp: Any) -> Any:
    if c is not None:
        return rule(activation._gelu, "x")(g, x, c, xp)
    return aten.gelu_backward.default(g, x)


def gelu_tanh(x: Any) -> Any:
    if not floating(x):
        return forward(activation._gelu_tanh, x)
    return tf.gelu(x, approximate="tanh"), None


def gelu_tanh_x(g: Any, x: Any, c: Any, xp: Any) -> Any:
    if c is not None:
        return rule(activation._gelu_tanh, "x")(g, x, c, xp)
    return aten.gelu_backward.default(g, x, approximate="tanh")


def softmax(x: Any, axis: int) -> Any:
    return torch.softmax(x, axis) if floating(x) else forward(activation.softmax, x, axis)


def softmax_x(g: Any, out: Any, axis: int, xp: Any) -> Any:
    if not floating(g, out):
        return rule(activation.softmax, "x")(g, out, axis, xp)
    return aten._softmax_backward_data.default(g, out, axis, out.dtype)


def log_softmax(x: Any, axis: int) -> Any:
    return torch.log_softmax(x, axis) if floating(x) else forward(activation.log_softmax, x, axis)


def log_softmax_x(g: Any, out: Any, axis: int, xp: Any) -> Any:
    if not floating(g, out):
        return rule(activation.log_softmax, "x")(g, out, axis, xp)
    return aten._log_softmax_backward_data.default(g, out, axis, out.dtype)
