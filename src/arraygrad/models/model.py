"""Model: the layer that is trained as a whole."""

from __future__ import annotations

from arraygrad.layers import Layer


class Model(Layer):
    """A layer that is trained as a whole; it has all that `Layer` has.

    >>> import numpy as np
    >>> import arraygrad.functions as F
    >>> from arraygrad.layers import Linear
    >>> class TwoLayerNet(Model):
    ...     def __init__(self, hidden_size, out_size):
    ...         self.l1 = Linear(hidden_size)
    ...         self.l2 = Linear(out_size)
    ...     def forward(self, x):
    ...         return self.l2(F.sigmoid(self.l1(x)))
    >>> model = TwoLayerNet(10, 1)
    >>> model(np.ones((5, 3), dtype=np.float32)).shape
    (5, 1)
    >>> [name for name, p in model.named_params()]
    ['l1/W', 'l1/b', 'l2/W', 'l2/b']
    """
