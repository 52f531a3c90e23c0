"""Model: the layer that is trained as a whole."""

from __future__ import annotations

import copy
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from arraygrad.backend import current_backend
from arraygrad.config import using_config
from arraygrad.layers import Layer
from arraygrad.layers.initial import blank_weights
from arraygrad.variable import Variable

if TYPE_CHECKING:
    from arraygrad.draw import Picture


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

    def plot(self, *inputs: Any, to_file: str | os.PathLike[str] = "model.png") -> Picture:
        """Draw the graph of one call of the model into a file; a notebook shows what it returns.

        inputs: as for a call, arrays or Variables; a tuple of numbers is a shape, for zeros in
        float32. to_file: .svg, .png or .pdf, for which Graphviz is needed, or .dot, .gv or .mmd,
        which are texts. The call is that of a copy with the same parameters: sizes, running
        averages, states and NumPy's random numbers stay as they are.

        Raises ArgumentError for another suffix; DrawingError where Graphviz is missing or fails,
        and says what to install.

        >>> import tempfile
        >>> from arraygrad.models import MLP
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     MLP((10, 3)).plot((5, 2), to_file=f"{folder}/mlp.mmd").graph
        <graph of 3 functions>
        """
        from arraygrad.draw import Graph, save

        return save(to_file, lambda: Graph(self._tried(inputs)))

    def _tried(self, inputs: tuple[Any, ...]) -> Any:
        """The result of a call, recorded, that leaves no trace in the model."""
        names = [f"x{i}" for i in range(len(inputs))] if len(inputs) > 1 else ["x"]
        xs = list(map(_named, inputs, names))
        shared = {id(p): p for p in self.params() if p.data is not None}
        state = np.random.get_state()
        try:
            with using_config("enable_backprop", True), blank_weights():
                return copy.deepcopy(self, shared).forward(*xs)
        finally:
            np.random.set_state(state)


def _named(x: Any, name: str) -> Any:
    """An input of a drawn call, as a leaf of its own: what is behind it is not the model's."""
    if isinstance(x, Variable):
        return Variable(x.data, name=x.name or name)
    if isinstance(x, tuple) and all(isinstance(n, int) for n in x):
        return Variable(current_backend().from_numpy(np.zeros(x, np.float32)), name=name)
    return Variable(x, name=name) if hasattr(x, "shape") and hasattr(x, "dtype") else x
