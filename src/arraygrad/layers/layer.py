"""Layer: a function with parameters, which are found by walking its attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any
from weakref import ref

from arraygrad import backend as backends
from arraygrad.layers.inventory import Structure, Tree
from arraygrad.variable import Buffer, Parameter, Variable, attach

if TYPE_CHECKING:
    import os
    from pathlib import Path

    from arraygrad.engine import Node


class Layer(Tree):
    """A function with parameters: assign Parameters and Layers to attributes, define `forward`.

    Parameters are found in the order of their definition, also in lists, tuples, dicts and nested
    layers; one that is shared counts once, under its first name. So are Buffers: state that is
    saved, loaded and moved with the parameters, but not trained.

    >>> import numpy as np
    >>> class Scale(Layer):
    ...     def __init__(self, size):
    ...         self.gain = Parameter(np.ones(size, dtype=np.float32))
    ...     def forward(self, x):
    ...         return x * self.gain
    >>> scale = Scale(3)
    >>> scale(np.ones((2, 3), dtype=np.float32)).shape
    (2, 3)
    >>> [name for name, p in scale.named_params()]
    ['gain']
    """

    inputs: list[Callable[[], Any]]
    """Weak references to the arguments of the last call: `layer.inputs[0]()`."""
    outputs: list[Callable[[], Any]]
    """The results of the last call, while they or what is computed from them live:
    `layer.outputs[0]()`, also of a layer inside of a model."""

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """What the layer computes; each subclass has its own."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(self, x): define it")

    def __call__(self, *inputs: Any, **kwargs: Any) -> Any:
        y = self.forward(*inputs, **kwargs)
        attributes = self.__dict__
        try:
            attributes["inputs"] = [*map(ref, inputs)]
            attributes["outputs"] = [ref(y) if (n := y._node) is None else _recorded(y, n)]
        except (TypeError, AttributeError):  # several results, or something else than a Variable
            outputs = y if isinstance(y, (tuple, list)) else (y,)
            attributes["inputs"] = [*map(_reference, inputs)]
            attributes["outputs"] = [*map(_result, outputs)]
            return y[0] if isinstance(y, tuple) and len(y) == 1 else y
        return y

    @property
    def _params(self) -> set[str]:
        """The names of the attributes that are a Parameter or a Layer; the book prints it."""
        return {name for name, value in vars(self).items() if isinstance(value, (Parameter, Layer))}

    def params(self) -> Iterator[Parameter]:
        """Each parameter once, in order of definition."""
        return iter(self._inventory().params)

    def named_params(self) -> Iterator[tuple[str, Parameter]]:
        """Each parameter once with its name, such as ``l0/W``, in order of definition."""
        inventory = self._inventory()
        return zip(inventory.names, inventory.params, strict=True)

    def buffers(self) -> Iterator[Buffer]:
        """Each buffer once, in order of definition."""
        return (buffer for _, buffer in self.named_buffers())

    def named_buffers(self) -> Iterator[tuple[str, Buffer]]:
        """Each buffer once with its name, such as ``bn/avg_mean``, in order of definition."""
        return ((name, x) for name, x in self.named_weights() if isinstance(x, Buffer))

    def named_weights(self) -> Iterator[tuple[str, Parameter | Buffer]]:
        """Each parameter and buffer once with its name: all that a weights file holds."""
        return ((entry.key, entry.weight) for entry in self._inventory().entries)

    def named_layers(self) -> Iterator[tuple[str, Layer]]:
        """The layer itself, named "", and each layer in it once, such as ``l0``, in order."""
        return iter(self._inventory().layers)

    def cleargrads(self) -> None:
        """Forget the gradients of all parameters."""
        for p in self._inventory().params:
            p.grad = None

    def to(self, backend: str, device: Any = None) -> Layer:
        """Move parameters, gradients and buffers to a backend (and one of its devices).

        Returns the layer itself. Raises UnknownBackendError or BackendUnavailableError before
        anything moves.

        >>> from arraygrad.layers import Linear
        >>> Linear(3, in_size=2).to("numpy").W.shape
        (2, 3)
        """
        target = backends.get_backend(backend)
        moved = []
        for _, p in self.named_weights():
            if p.data is None:
                continue
            gx = None if p.grad is None else Variable(_move(p.grad.data, target, device))
            moved.append((p, _move(p.data, target, device), gx))
        for p, data, gx in moved:
            p.grad = None
            p.data = data
            p.grad = gx
        Structure.changed()
        return self

    def to_cpu(self) -> Layer:
        """Move parameters and buffers to NumPy."""
        return self.to("numpy")

    def to_gpu(self) -> Layer:
        """Move parameters and buffers to CuPy."""
        return self.to("cupy")

    def save_weights(self, path: str | os.PathLike[str]) -> Path:
        """Write parameters and buffers to one .npz or .safetensors; see `arraygrad.weights`."""
        from arraygrad import weights

        return weights.save_weights(self, path)

    def load_weights(self, path: str | os.PathLike[str]) -> None:
        """Read what `save_weights` wrote; see `arraygrad.weights`."""
        from arraygrad import weights

        weights.load_weights(self, path)

    def summary(self, *inputs: Any, depth: int | None = None) -> str:
        """Print a table of all layers, and return it; see `arraygrad.layers.summary`.

        inputs: as for a call, or shapes. depth: how many levels of layers in layers to show.

        >>> from arraygrad.layers import Linear
        >>> text = Linear(3).summary((5, 2))
        layer   output  parameters
        Linear  (5, 3)           9
        <BLANKLINE>
        parameters: 9 (36 bytes)
        """
        from arraygrad.layers.summary import summary

        text = summary(self, *inputs, depth=depth)
        print(text)
        return text

    def expected_param(self, name: str) -> tuple[tuple[int | None, ...], Any] | None:
        """Shape (None: any size) and NumPy dtype of a parameter or buffer that has no data yet.

        A layer that sizes its parameters at the first call tells here what it knows before, so
        that a weights file can be checked; None means that everything fits.
        """
        return None

    def _repr_html_(self) -> str:
        from arraygrad.notebook import html_of_layer

        return html_of_layer(self)

    def _flatten_params(self, params_dict: dict[str, Parameter], parent_key: str = "") -> None:
        """Put the parameters into a dict under their names; the book's way to get at them."""
        prefix = f"{parent_key}/" if parent_key else ""
        params_dict.update((prefix + name, p) for name, p in self.named_params())


def _reference(value: Any) -> Callable[[], Any]:
    try:
        return ref(value)
    except TypeError:
        return _nothing


class _Result(ref):
    """A weak reference to a result, which is made again while its graph lives."""

    __slots__ = ("node",)
    node: Any

    def __call__(self) -> Any:
        y = ref.__call__(self)
        node = self.node() if y is None and hasattr(self, "node") else None
        return y if node is None or node.y_data is None else attach(node.y_data, node)


def _recorded(y: Variable, node: Node) -> _Result:
    found = _Result(y)
    if node.seq:  # no leaf
        node.y_data = y._data
        found.node = ref(node)
    return found


def _result(value: Any) -> Callable[[], Any]:
    if isinstance(value, Variable) and value._node is not None:
        return _recorded(value, value._node)
    return _reference(value)


def _nothing() -> None:
    """Stand in for the reference to something that cannot be referred to weakly."""


def _move(array: Any, target: Any, device: Any) -> Any:
    return target.from_numpy(backends.backend_of(array).to_numpy(array), device=device)
