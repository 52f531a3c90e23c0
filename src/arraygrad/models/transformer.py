"""Transformer: attention and perceptrons in turn, which learns to continue a sequence."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

import arraygrad.functions as F
from arraygrad.backend import backend_of
from arraygrad.config import no_grad, test_mode
from arraygrad.errors import LayerError
from arraygrad.layers import EmbedID, Layer, LayerNorm, Linear
from arraygrad.layers.attention import MultiHeadAttention
from arraygrad.layers.initial import whole
from arraygrad.models.model import Model
from arraygrad.variable import Variable, as_array


class TransformerBlock(Layer):
    """x + attention(norm1(x)), and to that x + perceptron(norm2(x)): one layer of a Transformer.

    x: (..., T, size); result: the same shape. The perceptron has `hidden` units between, four
    times `size` if it is not given. Normalization comes first in each part ("pre-norm"), so that
    what is added up is never rescaled. mask, causal: as for `MultiHeadAttention`.

    Xiong et al., "On layer normalization in the Transformer architecture" (2020), arXiv:2002.04745.

    >>> import numpy as np
    >>> block = TransformerBlock(8, heads=2)
    >>> block(np.ones((3, 5, 8), dtype=np.float32), causal=True).shape
    (3, 5, 8)
    """

    def __init__(
        self,
        size: int,
        heads: int,
        hidden: int | None = None,
        activation: Callable[[Any], Any] = F.gelu,
        dropout_ratio: float = 0.0,
    ) -> None:
        self.norm1 = LayerNorm(in_size=size)
        self.attention = MultiHeadAttention(size, heads, False, dropout_ratio, in_size=size)
        self.norm2 = LayerNorm(in_size=size)
        self.wide = Linear(4 * size if hidden is None else hidden, in_size=size)
        self.narrow = Linear(size, in_size=self.wide.out_size)
        self.activation = activation
        self.dropout_ratio = dropout_ratio

    def forward(self, x: Any, mask: Any = None, causal: bool = False) -> Variable:
        y = self.attention(self.norm1(x), mask=mask, causal=causal)
        x = x + F.dropout(y, self.dropout_ratio)
        y = self.narrow(self.activation(self.wide(self.norm2(x))))
        return x + F.dropout(y, self.dropout_ratio)


class Transformer(Model):
    """A small Transformer over sequences of whole numbers, such as characters or words.

    x: (N, T) or (T,) numbers below `vocabulary`, T at most `length`; result: (..., T, vocabulary)
    scores of what comes next at each position, if `causal` (a position sees only what is before
    it), else of what stands there. Numbers and positions have learnt vectors of width `size`; then
    come `depth` blocks, a last normalization and the linear `head`.

    Raises LayerError for a sequence that is longer than `length`.

    Vaswani et al., "Attention is all you need" (2017), arXiv:1706.03762; Radford et al., "Language
    models are unsupervised multitask learners" (2019), for this order of its parts.

    >>> import numpy as np
    >>> model = Transformer(vocabulary=10, size=8, heads=2, depth=1, length=6)
    >>> model(np.array([[1, 2, 3], [4, 5, 6]])).shape
    (2, 3, 10)
    >>> model.generate([1, 2, 3], 4).shape
    (7,)
    """

    def __init__(
        self,
        vocabulary: int,
        size: int = 64,
        heads: int = 4,
        depth: int = 2,
        length: int = 64,
        hidden: int | None = None,
        activation: Callable[[Any], Any] = F.gelu,
        dropout_ratio: float = 0.0,
        causal: bool = True,
    ) -> None:
        self.length = whole("Transformer", "length", length)
        self.causal = causal
        self.dropout_ratio = dropout_ratio
        self.embed = EmbedID(vocabulary, size)
        self.position = EmbedID(length, size)
        self.blocks = [
            TransformerBlock(size, heads, hidden, activation, dropout_ratio)
            for _ in range(whole("Transformer", "depth", depth))
        ]
        self.norm = LayerNorm(in_size=size)
        self.head = Linear(vocabulary, in_size=size)

    def forward(self, x: Any, mask: Any = None) -> Variable:
        x = as_array(x)
        if not 1 <= x.ndim <= 2 or not 1 <= x.shape[-1] <= self.length:
            raise LayerError(
                f"Transformer: x has the shape {tuple(x.shape)}; it should be (N, T) or (T,) with "
                f"T from 1 to {self.length}, the length that the model was made for"
            )
        y = self.embed(x) + self.position.W[: x.shape[-1]]
        y = F.dropout(y, self.dropout_ratio)
        for block in self.blocks:
            y = block(y, mask, self.causal)
        return self.head(self.norm(y))

    def generate(self, start: Any, count: int, temperature: float = 1.0) -> np.ndarray[Any, Any]:
        """`start`, a sequence of whole numbers, and `count` more that the model continues it with.

        Each is drawn by NumPy's global generator from softmax(scores / temperature); at 0 the
        likeliest is taken. Beyond `length` the model sees the last `length` numbers.
        Raises LayerError for an empty start, a model that is not causal or a wrong number.
        """
        backend = backend_of(self.embed.W.data)
        device = backend.device(self.embed.W.data)
        tokens = [int(i) for i in (start if isinstance(start, list | tuple) else as_array(start))]
        if not tokens or not self.causal or temperature < 0 or count < 0:
            raise LayerError(
                f"Transformer.generate: got {len(tokens)} numbers to start with, count={count}, "
                f"temperature={temperature}, causal={self.causal}; expected 1 or more to start "
                f"with, count and temperature from 0 on, and a causal model"
            )
        with test_mode(), no_grad():
            for _ in range(count):
                x = backend.from_numpy(np.array(tokens[-self.length :]), device=device)
                scores = backend.to_numpy(self(x).data)[-1].astype(np.float64)
                if temperature:
                    p = np.exp((scores - scores.max()) / temperature)
                    tokens.append(int(np.random.choice(len(p), p=p / p.sum())))
                else:
                    tokens.append(int(np.argmax(scores)))
        return np.array(tokens)
