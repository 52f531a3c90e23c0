"""Layer: a function with parameters, which are found by walking its attributes."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import is_
from typing import TYPE_CHECKING, Any, NamedTuple
from weakref import ref

from arraygrad import backend as backends
from arraygrad.errors import LayerError
from arraygrad.variable import Buffer, Parameter, Variable

if TYPE_CHECKING:
    import os
    from pathlib import Path


class Layer:
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
    """Weak references to the results of the last call: `layer.outputs[0]()`."""

    def forward(self, *inputs: Any, **kwargs: Any) -> Any:
        """What the layer computes; each subclass has its own."""
        raise NotImplementedError(f"{type(self).__name__} has no forward(self, x): define it")

    def __call__(self, *inputs: Any, **kwargs: Any) -> Any:
        y = self.forward(*inputs, **kwargs)
        attributes = self.__dict__
        try:
            attributes["inputs"] = [*map(ref, inputs)]
            attributes["outputs"] = [ref(y)]
        except TypeError:  # several results, or something that cannot be referred to weakly
            outputs = y if isinstance(y, (tuple, list)) else (y,)
            attributes["inputs"] = [*map(_reference, inputs)]
            attributes["outputs"] = [*map(_reference, outputs)]
            return y[0] if isinstance(y, tuple) and len(y) == 1 else y
        return y

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, _STRUCTURAL) or isinstance(self.__dict__.get(name), _STRUCTURAL):
            _Structure.changed()
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        _Structure.changed()
        super().__delattr__(name)

    def __getstate__(self) -> dict[str, Any]:
        # Weak references and the cached walk belong to this object in this process.
        return {name: value for name, value in vars(self).items() if name not in _TRANSIENT}

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
        _Structure.changed()
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

    def _inventory(self) -> Inventory:
        inventory: Inventory | None = self.__dict__.get("_cached_inventory")
        if inventory is None or not inventory.is_current():
            inventory = self.__dict__["_cached_inventory"] = Inventory(self)
        return inventory


class Entry(NamedTuple):
    """What the walk found: full name, the layer that has it, its name there, and the thing."""

    key: str
    owner: Layer
    name: str
    weight: Parameter | Buffer


class Inventory:
    """The parameters and buffers of a layer, as one walk found them.

    Training asks for them two or three times per step, and a walk costs more than the rest of such
    a question, so the result is kept until an attribute of some layer, or the content of a
    list or dict that the walk came through, has changed.
    """

    __slots__ = ("_containers", "_token", "entries", "names", "params")

    def __init__(self, layer: Layer) -> None:
        self._token = _Structure.token
        self._containers: list[tuple[Any, list[Any]]] = []
        self.entries: list[Entry] = []
        self._visit(layer, "", set())
        trained = [(e.key, e.weight) for e in self.entries if isinstance(e.weight, Parameter)]
        self.names = [name for name, _ in trained]
        self.params = [param for _, param in trained]
        keys = [entry.key for entry in self.entries]
        if len(set(keys)) < len(keys):
            twice = sorted({key for key in keys if keys.count(key) > 1})
            raise LayerError(
                f"{type(layer).__name__}: two parameters are both called {', '.join(twice)}; names "
                "have to differ: rename the attribute or the key of the dict"
            )

    def is_current(self) -> bool:
        """Whether another walk would find the same."""
        if self._token is not _Structure.token:
            return False
        for container, items in self._containers:
            if len(container) != len(items) or not all(map(is_, _values(container), items)):
                return False
        return True

    def _visit(self, layer: Layer, prefix: str, seen: set[int]) -> None:
        seen.add(id(layer))
        attributes = {k: v for k, v in vars(layer).items() if k not in _TRANSIENT}
        # What has an attribute of its own goes by that name, not by its place in a list: the
        # book's MLP keeps its layers as l0, l1, ... and in the list `layers`.
        named = {id(v) for v in attributes.values() if isinstance(v, _FOUND)}
        for name, value in attributes.items():
            self._visit_value(layer, name, value, prefix, seen, frozenset())
            if isinstance(value, _CONTAINERS):
                self._visit_items(layer, name, value, prefix, seen, named)

    def _visit_value(
        self, owner: Layer, name: str, value: Any, prefix: str, seen: set[int], skip: Any
    ) -> None:
        if not isinstance(value, _FOUND) or id(value) in seen or id(value) in skip:
            return
        if isinstance(value, Layer):
            self._visit(value, f"{prefix}{name}/", seen)
        else:
            seen.add(id(value))
            self.entries.append(Entry(prefix + name, owner, name, value))

    def _visit_items(
        self, owner: Layer, name: str, container: Any, prefix: str, seen: set[int], named: set[int]
    ) -> None:
        if id(container) in seen:
            return
        if isinstance(container, (set, frozenset)):
            if any(isinstance(item, _FOUND) for item in container):
                raise LayerError(
                    f"{type(owner).__name__}.{name} is a set of parameters or layers; its order "
                    "changes from run to run: use a list or a dict"
                )
            return
        seen.add(id(container))
        if not isinstance(container, tuple):
            self._containers.append((container, [*_values(container)]))
        items = container.items() if isinstance(container, dict) else enumerate(container)
        for key, value in items:
            place = f"{name}/{key}"
            self._visit_value(owner, place, value, prefix, seen, named)
            if isinstance(value, _CONTAINERS):
                self._visit_items(owner, place, value, prefix, seen, named)


class _Structure:
    """Changes identity whenever an attribute that the walk cares about is set, on any layer."""

    token = object()

    @classmethod
    def changed(cls) -> None:
        cls.token = object()


_TRANSIENT = frozenset({"inputs", "outputs", "_cached_inventory"})
_CONTAINERS = (list, tuple, dict, set, frozenset)
_FOUND = (Parameter, Buffer, Layer)
_STRUCTURAL = (*_FOUND, *_CONTAINERS)


def _values(container: Any) -> Any:
    return container.values() if isinstance(container, dict) else container


def _reference(value: Any) -> Callable[[], Any]:
    try:
        return ref(value)
    except TypeError:
        return _nothing


def _nothing() -> None:
    """Stand in for the reference to something that cannot be referred to weakly."""


def _move(array: Any, target: Any, device: Any) -> Any:
    return target.from_numpy(backends.backend_of(array).to_numpy(array), device=device)
