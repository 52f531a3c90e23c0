"""Sequential: layers one after the other."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arraygrad.errors import LayerError
from arraygrad.models.model import Model


class Sequential(Model):
    """Layers, ops or other callables, each called with the result of the one before.

    They are the attributes l0, l1, ... and the list `layers`.

    Raises LayerError for something that cannot be called.

    >>> import numpy as np
    >>> import arraygrad.functions as F
    >>> from arraygrad.layers import Linear
    >>> model = Sequential(Linear(10), F.relu, Linear(1))
    >>> model(np.ones((5, 3), dtype=np.float32)).shape
    (5, 1)
    >>> [name for name, p in model.named_params()]
    ['l0/W', 'l0/b', 'l2/W', 'l2/b']
    """

    def __init__(self, *layers: Callable[..., Any]) -> None:
        self.layers = []
        for i, layer in enumerate(layers):
            if not callable(layer):
                raise LayerError(
                    f"Sequential: number {i} is a {type(layer).__name__}; expected a layer or a "
                    "function of one argument; give them one by one: Sequential(*layers)"
                )
            setattr(self, f"l{i}", layer)
            self.layers.append(layer)

    def forward(self, x: Any) -> Any:
        for layer in self.layers:
            x = layer(x)
        return x

    def __repr__(self) -> str:
        names = (getattr(layer, "__name__", None) or repr(layer) for layer in self.layers)
        return f"Sequential({', '.join(names)})"
