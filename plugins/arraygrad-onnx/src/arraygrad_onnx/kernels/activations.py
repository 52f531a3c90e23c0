"""Activation functions as ONNX operators."""

from __future__ import annotations

import math
from typing import Any

import spox.opset.ai.onnx.v21 as op

from arraygrad.functions import activation, special
from arraygrad_onnx.arrays import SINGLE, asarray, kernel, var


@kernel(activation.relu)
def relu(x: Any) -> Any:
    return asarray(op.relu(var(x)))


@kernel(activation.leaky_relu, SINGLE)
def leaky_relu(x: Any, slope: float = 0.2) -> Any:
    return asarray(op.leaky_relu(var(x), alpha=float(slope)))


@kernel(activation.sigmoid)
def sigmoid(x: Any) -> Any:
    return asarray(op.sigmoid(var(x)))


@kernel(activation.softplus, SINGLE)
def softplus(x: Any) -> Any:
    return asarray(op.softplus(var(x)))


@kernel(activation.elu, SINGLE)
def elu(x: Any, alpha: float = 1.0) -> Any:
    return asarray(op.elu(var(x), alpha=float(alpha)))


@kernel(activation.silu)
def silu(x: Any) -> Any:
    s = op.sigmoid(var(x))
    return asarray(op.mul(var(x), s)), asarray(s)


@kernel(activation._gelu, SINGLE)
def gelu(x: Any) -> Any:
    return asarray(op.gelu(var(x))), None


@kernel(activation._gelu_tanh, SINGLE)
def gelu_tanh(x: Any) -> Any:
    return asarray(op.gelu(var(x), approximate="tanh")), None


@kernel(special.erf, SINGLE)
def erf(x: Any) -> Any:
    return asarray(op.erf(var(x)))


@kernel(activation.softmax)
def softmax(x: Any, axis: int = 1) -> Any:
    return asarray(op.softmax(var(x), axis=axis)) if math.prod(x.shape) else None


@kernel(activation.log_softmax)
def log_softmax(x: Any, axis: int = 1) -> Any:
    return asarray(op.log_softmax(var(x), axis=axis)) if math.prod(x.shape) else None
