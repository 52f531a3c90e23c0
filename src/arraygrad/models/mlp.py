"""MLP: the multi-layer perceptron."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import arraygrad.functions as F
from arraygrad.errors import LayerError
from arraygrad.layers import Linear
from arraygrad.models.model import Model


class MLP(Model):
    """Linear layers with an activation between them, none after the last.

    x: (N, I); result: (N, O), O the last of `fc_output_sizes`. The layers are the attributes
    l0, l1, ... and the list `layers`; the first learns its in_size at the first call.

    Raises LayerError where `fc_output_sizes` is empty or has something else than sizes.

    >>> import numpy as np
    >>> model = MLP((10, 3))
    >>> model(np.ones((5, 2), dtype=np.float32)).shape
    (5, 3)
    >>> model.layers[0].W.shape
    (2, 10)
    """

    def __init__(
        self, fc_output_sizes: Iterable[int], activation: Callable[[Any], Any] = F.sigmoid
    ) -> None:
        if not isinstance(fc_output_sizes, Iterable) or getattr(fc_output_sizes, "ndim", 1) != 1:
            raise LayerError(
                f"MLP: fc_output_sizes is {fc_output_sizes!r}; expected the sizes of all layers, "
                "such as (10, 3)"
            )
        if not callable(activation):
            raise LayerError(
                f"MLP: activation is {activation!r}; expected a function, such as F.relu"
            )
        self.activation = activation
        self.layers = []
        for i, out_size in enumerate(fc_output_sizes):
            layer = Linear(out_size)
            setattr(self, f"l{i}", layer)
            self.layers.append(layer)
        if not self.layers:
            raise LayerError("MLP: fc_output_sizes is empty; expected at least one size")

    def forward(self, x: Any) -> Any:
        for layer in self.layers[:-1]:
            x = self.activation(layer(x))
        return self.layers[-1](x)

    def __repr__(self) -> str:
        sizes = tuple(layer.out_size for layer in self.layers)
        activation = getattr(self.activation, "__name__", self.activation)
        return f"MLP({sizes}, activation={activation})"
