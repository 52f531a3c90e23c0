"""Where the arrays of layers and optimizers are: places to read them from and to put them back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import jax

from arraygrad.layers import Layer
from arraygrad.optimizers import Optimizer
from arraygrad.variable import Buffer, Parameter, Variable, constant


class Cell:
    """One place that holds an array. kind: "data", "grad", "attribute", "array" or "slot"."""

    __slots__ = ("key", "kind", "name", "owner")

    def __init__(self, kind: str, owner: Any, name: Any = None) -> None:
        self.kind, self.owner, self.name = kind, owner, name
        self.key = (kind, id(owner), name)

    def read(self) -> Any:
        if self.kind == "data":
            return self.owner.data
        if self.kind == "grad":
            return self.owner.grad.data
        if self.kind == "slot":
            name, slot = self.name
            return self.owner._states[name][slot]
        value = vars(self.owner)[self.name]
        return value.data if self.kind == "attribute" else value

    def write(self, value: Any) -> None:
        if self.kind == "data":
            self.owner.data = value
        elif self.kind == "grad":
            self.owner.grad = constant(value)
        elif self.kind == "slot":
            name, slot = self.name
            self.owner._states.setdefault(name, {})[slot] = value
        else:
            new = constant(value) if self.kind == "attribute" else value
            vars(self.owner)[self.name] = new

    def clear(self) -> None:
        """What a step leaves empty: a gradient, or an attribute that it set to None."""
        if self.kind == "grad":
            self.owner.grad = None
        elif self.kind in ("attribute", "array"):
            vars(self.owner)[self.name] = None


def objects(state: Sequence[Any]) -> tuple[list[Layer], list[Optimizer], list[Variable]]:
    """All layers, optimizers and Variables of a state, each once; an optimizer has a target."""
    layers: dict[int, Layer] = {}
    optimizers: dict[int, Optimizer] = {}
    variables: dict[int, Variable] = {}
    for part in state:
        if isinstance(part, Optimizer):
            optimizers[id(part)] = part
            part = part.target
        if isinstance(part, Variable):
            variables[id(part)] = part
        elif isinstance(part, Layer):
            for _, layer in part.named_layers():
                layers[id(layer)] = layer
            for _, weight in part.named_weights():
                variables[id(weight)] = weight
    return list(layers.values()), list(optimizers.values()), list(variables.values())


def cells(
    layers: list[Layer], optimizers: list[Optimizer], variables: list[Variable]
) -> Iterator[Cell]:
    """All places that hold an array now."""
    for x in variables:
        if x.data is not None:
            yield Cell("data", x)
            if x.grad is not None:
                yield Cell("grad", x)
    for owner in (*layers, *optimizers):
        for name, value in vars(owner).items():
            if isinstance(value, jax.Array):
                yield Cell("array", owner, name)
            elif isinstance(value, Variable) and not isinstance(value, Parameter | Buffer):
                yield Cell("attribute", owner, name)
    for optimizer in optimizers:
        for name, slots in optimizer._states.items():
            for slot in slots:
                yield Cell("slot", optimizer, (name, slot))


@contextmanager
def kept(
    layers: list[Layer], optimizers: list[Optimizer], variables: list[Variable]
) -> Iterator[None]:
    """Put everything back as it was, whatever happens inside."""
    datas = [(x, x.data, x.grad) for x in variables]
    attributes = [(x, dict(vars(x))) for x in (*layers, *optimizers)]
    states = [
        (x, {name: dict(slots) for name, slots in x._states.items()}, dict(x._ages))
        for x in optimizers
    ]
    try:
        yield
    finally:
        for x, data, grad in datas:
            x.cleargrad()  # of another shape, maybe
            x.data = data
            x.grad = grad
        for owner, before in attributes:
            vars(owner).clear()
            vars(owner).update(before)
        for optimizer, slots, ages in states:
            optimizer._states, optimizer._ages = slots, ages
