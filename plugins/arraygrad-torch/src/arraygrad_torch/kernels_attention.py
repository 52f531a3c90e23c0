"""Attention on the CPU without the (T, S) arrays: PyTorch's flash kernel.

Dao et al. 2022, "FlashAttention", arXiv:2205.14135. For masks with a gradient, dropout, other
devices and shapes that the kernel does not take, the definition runs.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from arraygrad.functions import attention as core
from arraygrad_torch.kernels import aten, floating, forward, rule

_forward: Any = getattr(aten, "_scaled_dot_product_flash_attention_for_cpu", None)
_backward: Any = getattr(aten, "_scaled_dot_product_flash_attention_for_cpu_backward", None)


class Flash(NamedTuple):
    """What the forward keeps in the place of the probabilities, for its rule."""

    out: Any
    logsumexp: Any
    mask: Any


def _takes(q: Any, k: Any, v: Any, bias: Any, noise: Any) -> bool:
    return (
        _forward is not None
        and _backward is not None
        and bias is None
        and noise is None
        and floating(q, k, v)
        and q.device.type == "cpu"
        and 3 <= q.ndim <= 4
        and q.shape[:-2] == k.shape[:-2] == v.shape[:-2]
        and q.shape[-1] == v.shape[-1]
        and 0 not in q.shape
    )


def _fit(x: Any) -> Any:
    """x with the axes (N, heads, T, D), the last one dense, as the kernel reads it."""
    x = x if x.ndim == 4 else x[:, None]
    return x if x.stride(-1) == 1 else x.contiguous()


def attention(q: Any, k: Any, v: Any, bias: Any, allowed: Any, scale: float, noise: Any) -> Any:
    # A row that may attend to nothing gives zeros, which the kernel does not promise.
    if not _takes(q, k, v, bias, noise) or not (allowed is None or allowed.any(-1).all()):
        return forward(core._attention, q, k, v, bias, allowed, scale, noise)
    mask = None
    if allowed is not None:
        mask = q.new_zeros(allowed.shape).masked_fill_(~allowed, float("-inf"))
        mask = mask.expand(*q.shape[:-2], *mask.shape[-2:]) if mask.ndim > 2 else mask
        mask = mask if mask.ndim != 3 else mask[:, None]
    q4, k4, v4 = map(_fit, (q, k, v))
    out, logsumexp = _forward.default(q4, k4, v4, 0.0, False, attn_mask=mask, scale=scale)
    return out.reshape(q.shape), Flash(out, logsumexp, mask)


def attention_rule(
    g: Any, q: Any, k: Any, v: Any, p: Any, out: Any, scale: float, noise: Any, need: Any, xp: Any
) -> Any:
    if type(p) is not Flash:  # the probabilities of the definition
        named = rule(core._attention, "q", "k", "v", "bias")
        return named(g, q, k, v, p, out, scale, noise, need, xp)
    g4, q4, k4, v4 = map(_fit, (g, q, k, v))
    grads = _backward.default(
        g4, q4, k4, v4, p.out, p.logsumexp, 0.0, False, attn_mask=p.mask, scale=scale
    )
    return (*(gx.reshape(x.shape) for gx, x in zip(grads, (q, k, v), strict=True)), None)
