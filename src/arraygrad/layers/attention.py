"""MultiHeadAttention: each position looks at all others, in several ways at once."""

from __future__ import annotations

from typing import Any

import numpy as np

import arraygrad.functions as F
from arraygrad.errors import LayerError, ShapeError
from arraygrad.layers.initial import between, whole
from arraygrad.layers.layer import Layer
from arraygrad.layers.linear import Linear
from arraygrad.variable import Variable, as_variable


class MultiHeadAttention(Layer):
    """Attention of x to itself, or to a context, by several heads of width size / heads.

    x: (..., T, I); context: (..., S, J), x itself if it is not given; result: (..., T, size).
    Queries, keys and values are made by the Linear layers `q`, `k` and `v`, and what the heads
    find is put together by `out`; their inputs are sized at the first call, or at once by in_size
    (which is I and J). mask, causal: as for `F.scaled_dot_product_attention`; a mask of (..., T, S)
    holds for all heads, one of (..., heads, T, S) for each. dropout_ratio: the share of the
    attention weights that is dropped while training.

    Raises LayerError where the heads do not divide `size`, or shapes do not fit.

    Vaswani et al., "Attention is all you need" (2017), arXiv:1706.03762.

    >>> layer = MultiHeadAttention(8, heads=2)
    >>> x = np.ones((3, 5, 4), dtype=np.float32)
    >>> layer(x, causal=True).shape
    (3, 5, 8)
    >>> layer(x, np.ones((3, 7, 4), dtype=np.float32)).shape
    (3, 5, 8)
    """

    def __init__(
        self,
        size: int,
        heads: int,
        nobias: bool = False,
        dropout_ratio: float = 0.0,
        dtype: Any = np.float32,
        in_size: int | None = None,
    ) -> None:
        self.size = whole("MultiHeadAttention", "size", size)
        self.heads = whole("MultiHeadAttention", "heads", heads)
        if self.size % self.heads:
            raise LayerError(
                f"MultiHeadAttention: size is {size} and heads is {heads}; the heads should "
                f"divide the size"
            )
        self.dropout_ratio = between("MultiHeadAttention", "dropout_ratio", dropout_ratio, 0, 1)
        self.q = Linear(self.size, nobias, dtype, in_size)
        self.k = Linear(self.size, nobias, dtype, in_size)
        self.v = Linear(self.size, nobias, dtype, in_size)
        self.out = Linear(self.size, nobias, dtype, self.size)

    def forward(
        self, x: Any, context: Any = None, mask: Any = None, causal: bool = False
    ) -> Variable:
        x = as_variable(x, requires_grad=False)
        context = x if context is None else as_variable(context, requires_grad=False)
        for name, value in {"x": x, "context": context}.items():
            if value.ndim < 2:
                raise LayerError(
                    f"MultiHeadAttention: {name} has the shape {tuple(value.shape)}; it should "
                    f"have positions and features, (..., T, I)"
                )
        try:
            lead = np.broadcast_shapes(tuple(x.shape[:-2]), tuple(context.shape[:-2]))
        except ValueError:
            raise LayerError(
                f"MultiHeadAttention: x has the shape {tuple(x.shape)} and the context "
                f"{tuple(context.shape)}; all axes but the last two should be the same"
            ) from None
        try:
            y = F.scaled_dot_product_attention(
                self._split(self.q(x)),
                self._split(self.k(context)),
                self._split(self.v(context)),
                _for_heads(mask, len(lead)),
                causal,
                self.dropout_ratio,
            )
        except ShapeError as error:
            raise LayerError(f"MultiHeadAttention: {error}") from error
        return self.out(_merge(y))

    def _split(self, x: Variable) -> Variable:
        """(..., T, size) as (..., heads, T, size / heads), without a copy."""
        n = x.ndim
        x = F.reshape(x, (*x.shape[:-1], self.heads, self.size // self.heads))
        return F.permute_dims(x, (*range(n - 2), n - 1, n - 2, n))

    def __repr__(self) -> str:
        return f"MultiHeadAttention({self.size}, heads={self.heads}, in_size={self.q.in_size})"


def _merge(x: Variable) -> Variable:
    """(..., heads, T, D) as (..., T, heads * D)."""
    n = x.ndim
    x = F.permute_dims(x, (*range(n - 3), n - 2, n - 3, n - 1))
    return F.reshape(x, (*x.shape[:-2], x.shape[-2] * x.shape[-1]))


def _for_heads(mask: Any, lead: int) -> Any:
    """A mask (..., T, S) for all heads alike gets an axis for them."""
    if mask is None:
        return None
    mask = as_variable(mask, requires_grad=False)
    return F.expand_dims(mask, -3) if 2 < mask.ndim <= lead + 2 else mask
