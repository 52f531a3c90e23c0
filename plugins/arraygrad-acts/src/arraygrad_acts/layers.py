"""Layers around the functions of this distribution."""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad.backend import current_backend
from arraygrad.errors import LayerError
from arraygrad.layers import Layer, Linear
from arraygrad.variable import Parameter, Variable
from arraygrad_acts.functions import snake, swiglu

__all__ = ["Snake", "SwiGLU"]


class SwiGLU(Layer):
    """The gated feed-forward layer (swish(x @ W) * (x @ V)) @ W2, without biases.

    x: (..., I); result: (..., O), O = out_size. W, V: (I, H), H = hidden_size; W2: (H, O). They
    are made at the first call unless `in_size` is given, as in `Linear`.

    Shazeer, "GLU Variants Improve Transformer" (2020), arXiv:2002.05202.

    >>> import numpy as np
    >>> layer = SwiGLU(8, 3)
    >>> layer(np.ones((5, 4), dtype=np.float32)).shape
    (5, 3)
    >>> [name for name, p in layer.named_params()]
    ['gate/W', 'value/W', 'out/W']
    """

    def __init__(
        self,
        hidden_size: int,
        out_size: int,
        dtype: Any = np.float32,
        in_size: int | None = None,
    ) -> None:
        self.gate = Linear(hidden_size, nobias=True, dtype=dtype, in_size=in_size)
        self.value = Linear(hidden_size, nobias=True, dtype=dtype, in_size=in_size)
        made = None if in_size is None else hidden_size
        self.out = Linear(out_size, nobias=True, dtype=dtype, in_size=made)

    def forward(self, x: Any) -> Variable:
        return self.out(swiglu(self.gate(x), self.value(x)))


class Snake(Layer):
    """`snake` with a frequency that is learnt for each feature.

    x: (..., size); result: the same shape. a: (size,), all `frequency` at first.

    Raises LayerError for a frequency that is not above 0.

    Ziyin, Hartwig and Ueda, "Neural Networks Fail to Learn Periodic Functions and How to Fix It"
    (2020), arXiv:2006.08195.

    >>> import numpy as np
    >>> layer = Snake(2)
    >>> layer(np.zeros((1, 2), dtype=np.float32))
    variable([[0. 0.]])
    """

    def __init__(self, size: int, frequency: float = 1.0, dtype: Any = np.float32) -> None:
        if not frequency > 0:
            raise LayerError(f"Snake: frequency is {frequency!r}; it should be above 0")
        self.a = Parameter(current_backend().from_numpy(np.full(size, frequency, dtype)), name="a")

    def forward(self, x: Any) -> Variable:
        return snake(x, self.a)
