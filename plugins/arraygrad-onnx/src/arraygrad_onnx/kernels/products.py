"""Products of matrices, normalization, attention and embeddings as ONNX operators."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import spox.opset.ai.onnx.v21 as op

from arraygrad.functions import attention as attentions
from arraygrad.functions import embedding, linalg, normalization
from arraygrad_onnx import namespace as xp
from arraygrad_onnx._ndonnx import ndonnx
from arraygrad_onnx.arrays import asarray, ints, kernel, number, var


@kernel(linalg.matmul)
def matmul(x: Any, W: Any) -> Any:
    x, W = linalg.promoted(xp, x, W)
    return asarray(op.matmul(var(x), var(W)))


@kernel(linalg.linear)
def linear(x: Any, W: Any, b: Any = None) -> Any:
    x, W = linalg.promoted(xp, x, W)
    if b is None:
        return asarray(op.matmul(var(x), var(W)))
    if x.ndim == 2 and b.dtype == x.dtype and 0 not in x.shape:
        return asarray(op.gemm(var(x), var(W), var(b)))
    return asarray(op.matmul(var(x), var(W))) + b


@kernel(normalization._normalize)
def normalize(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    axis: Any = (-1,),
    eps: float = 1e-5,
    moments: Any = None,
) -> Any:
    axes = sorted(i % x.ndim for i in axis)
    sizes = tuple(x.shape[i] for i in axes)
    shaped = all(p is None or (p.shape == sizes and p.dtype == x.dtype) for p in (gamma, beta))
    # LayerNormalization needs a scale of those sizes; a large one made up for it costs more.
    if moments is not None or axes[-1] != x.ndim - 1 or len(axes) != x.ndim - axes[0]:
        return None
    if not shaped or 0 in x.shape:
        return None
    if gamma is None:
        gamma = asarray(np.ones(sizes, x.dtype.unwrap_numpy()))
    shift = None if beta is None else var(beta)
    y, _, _ = op.layer_normalization(var(x), var(gamma), shift, axis=axes[0], epsilon=eps)
    return asarray(y), None, None


@kernel(attentions._attention)
def attention(
    q: Any,
    k: Any,
    v: Any,
    bias: Any = None,
    allowed: Any = None,
    scale: float = 1.0,
    noise: Any = None,
) -> Any:
    axes = (*range(k.ndim - 2), k.ndim - 1, k.ndim - 2)
    factor = number(scale, q)
    s = op.matmul(op.mul(var(q), factor), op.transpose(var(k), perm=axes))
    if bias is not None:
        s = op.add(s, var(bias))
    none = None
    if allowed is not None:
        zero = number(0, q)
        never = number(-math.inf, q)
        s = op.where(var(allowed), s, never)
        if not _everywhere(allowed):
            # Softmax of a row with nothing allowed is nan; it should be zeros.
            some = op.reduce_max(op.cast(var(allowed), to=np.int32), ints([-1]))
            none = op.not_(op.cast(some, to=np.bool_))
    p = op.softmax(s, axis=-1)
    if none is not None:
        p = op.where(none, zero, p)
    if noise is not None:
        p = op.mul(p, var(noise))
    return asarray(op.matmul(p, var(v))), asarray(p)


def _everywhere(allowed: Any) -> bool:
    """Whether each query may attend to something, as far as is known."""
    try:
        return bool(allowed.unwrap_numpy().any(axis=-1).all())
    except ValueError:
        return False


@kernel(embedding._embed_id)
def embed_id(x: Any, W: Any) -> Any:
    if x.dtype not in (ndonnx.int32, ndonnx.int64):
        x = x.astype(ndonnx.int64)
    return asarray(op.gather(var(W), var(x), axis=0))
