"""The walk over a layer's attributes that finds its parameters, buffers and layers."""

from __future__ import annotations

from operator import is_
from typing import Any, NamedTuple

from arraygrad.errors import LayerError
from arraygrad.variable import Buffer, Parameter


class Tree:
    """The base of Layer: it finds the parameters, buffers and layers among its attributes.

    They are found in the order of their definition, also in lists, tuples and dicts.
    """

    def __setattr__(self, name: str, value: Any) -> None:
        if isinstance(value, _STRUCTURAL) or isinstance(self.__dict__.get(name), _STRUCTURAL):
            Structure.changed()
        super().__setattr__(name, value)

    def __delattr__(self, name: str) -> None:
        Structure.changed()
        super().__delattr__(name)

    def __getstate__(self) -> dict[str, Any]:
        # Weak references and the cached walk belong to this object in this process.
        return {name: value for name, value in vars(self).items() if name not in _TRANSIENT}

    def _inventory(self) -> Inventory:
        inventory: Inventory | None = self.__dict__.get("_cached_inventory")
        if inventory is None or not inventory.is_current():
            inventory = self.__dict__["_cached_inventory"] = Inventory(self)
        return inventory


class Entry(NamedTuple):
    """What the walk found: full name, the layer that has it, its name there, and the thing."""

    key: str
    owner: Any
    name: str
    weight: Parameter | Buffer


class Inventory:
    """The parameters, buffers and layers of a layer, as one walk found them.

    Training asks for them two or three times per step, and a walk costs more than the rest of such
    a question, so the result is kept until an attribute of some layer, or the content of a
    list or dict that the walk came through, has changed.
    """

    __slots__ = ("_containers", "_token", "entries", "layers", "names", "params")

    def __init__(self, layer: Tree) -> None:
        self._token = Structure.token
        self._containers: list[tuple[Any, list[Any]]] = []
        self.entries: list[Entry] = []
        self.layers: list[tuple[str, Any]] = []
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
        if self._token is not Structure.token:
            return False
        for container, items in self._containers:
            if len(container) != len(items) or not all(map(is_, _values(container), items)):
                return False
        return True

    def _visit(self, layer: Tree, prefix: str, seen: set[int]) -> None:
        seen.add(id(layer))
        self.layers.append((prefix.removesuffix("/"), layer))
        attributes = {k: v for k, v in vars(layer).items() if k not in _TRANSIENT}
        # What has an attribute of its own goes by that name, not by its place in a list: the
        # book's MLP keeps its layers as l0, l1, ... and in the list `layers`.
        named = {id(v) for v in attributes.values() if isinstance(v, _FOUND)}
        for name, value in attributes.items():
            self._visit_value(layer, name, value, prefix, seen, frozenset())
            if isinstance(value, _CONTAINERS):
                self._visit_items(layer, name, value, prefix, seen, named)

    def _visit_value(
        self, owner: Tree, name: str, value: Any, prefix: str, seen: set[int], skip: Any
    ) -> None:
        if not isinstance(value, _FOUND) or id(value) in seen or id(value) in skip:
            return
        if isinstance(value, Tree):
            self._visit(value, f"{prefix}{name}/", seen)
        else:
            seen.add(id(value))
            self.entries.append(Entry(prefix + name, owner, name, value))

    def _visit_items(
        self, owner: Tree, name: str, container: Any, prefix: str, seen: set[int], named: set[int]
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


class Structure:
    """Changes identity whenever an attribute that the walk cares about is set, on any layer."""

    token = object()

    @classmethod
    def changed(cls) -> None:
        cls.token = object()


_TRANSIENT = frozenset({"inputs", "outputs", "_cached_inventory"})
_CONTAINERS = (list, tuple, dict, set, frozenset)
_FOUND = (Parameter, Buffer, Tree)
_STRUCTURAL = (*_FOUND, *_CONTAINERS)


def _values(container: Any) -> Any:
    return container.values() if isinstance(container, dict) else container
