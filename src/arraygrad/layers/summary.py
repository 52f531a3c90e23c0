"""The table of a model's layers: what they give out, and how many parameters they have."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable
from math import prod
from typing import Any

import numpy as np

from arraygrad import backend as backends
from arraygrad.config import no_grad, test_mode
from arraygrad.errors import LayerError
from arraygrad.layers.initial import blank_weights
from arraygrad.layers.inventory import Entry
from arraygrad.layers.layer import Layer
from arraygrad.variable import Buffer


def summary(layer: Layer, *inputs: Any, depth: int | None = None) -> str:
    """A table of the layers of a model, in the order in which one call comes to them.

    inputs: what the model is called with; a tuple of numbers is a shape, for zeros in float32.
    depth: how many levels of layers in layers get lines of their own; None: all.

    Each parameter is counted once, in the line of the layer that has it, or of the one that stands
    for it with `depth`. A layer that the call does not come to has "-" for its output.
    The call is that of a copy, inside `test_mode()` and `no_grad()`: nothing of the model changes,
    and NumPy's global generator goes on as if nothing had been drawn.

    Raises LayerError for a depth below 0, and what the model raises.

    >>> from arraygrad.models import MLP
    >>> print(summary(MLP((10, 3)), (5, 2)))
    layer         output   parameters
    MLP           (5, 3)
      l0  Linear  (5, 10)          30
      l1  Linear  (5, 3)           33
    <BLANKLINE>
    parameters: 63 (252 bytes)
    """
    if depth is not None and depth < 0:
        raise LayerError(f"summary: depth is {depth}; expected 0 or more, or None for all")
    try:
        inspect.signature(layer.forward).bind(*inputs)
    except TypeError as error:
        raise LayerError(
            f"summary: {type(layer).__name__}.forward got {len(inputs)} inputs: {error}; give what "
            "a call takes, arrays or shapes, as in model.summary((1, 3, 224, 224))"
        ) from error
    tried = _copied(layer)
    layers = dict(tried.named_layers())
    names = {id(x): name for name, x in layers.items()}
    outputs = _outputs(layers, inputs)
    chains = {name: _chain(name, layers) for name in layers}
    entries = tried._inventory().entries
    numbers: dict[str, int] = {}
    for entry in entries:
        if not isinstance(entry.weight, Buffer) and entry.weight.data is not None:
            line = ["", *chains[names[id(entry.owner)]][:depth]][-1]
            numbers[line] = numbers.get(line, 0) + prod(entry.weight.shape)
    rows = [("layer", "output", "parameters")]
    for name in _order(list(outputs), chains):
        chain = chains[name]
        if depth is not None and len(chain) > depth:
            continue
        label = type(layers[name]).__name__
        if name:
            short = name.removeprefix(f"{chain[-2]}/") if len(chain) > 1 else name
            label = f"{'  ' * len(chain)}{short}  {label}"
        number = f"{numbers[name]:,}" if name in numbers else ""
        rows.append((label, outputs.get(name, "-"), number))
    return _table(rows) + "\n\n" + _totals(entries)


def _copied(layer: Layer) -> Layer:
    """A copy to try: it shares arrays of parameters, and has buffers and states of its own."""
    return copy.deepcopy(layer, {id(p): p for p in layer.params() if p.data is not None})


def _outputs(layers: dict[str, Layer], inputs: tuple[Any, ...]) -> dict[str, str]:
    """Call the first layer; the shapes of what each layer gave, in the order of the calls."""
    outputs: dict[str, str] = {}

    def recorded(name: str, forward: Callable[..., Any]) -> Callable[..., Any]:
        def record(*args: Any, **kwargs: Any) -> Any:
            outputs.setdefault(name, "")
            y = forward(*args, **kwargs)
            outputs[name] = _shapes(y)
            return y

        return record

    for name, layer in layers.items():
        vars(layer)["forward"] = recorded(name, layer.forward)
    state = np.random.get_state()
    try:
        with no_grad(), test_mode(), blank_weights():
            layers[""](*map(_input, inputs))
    finally:
        np.random.set_state(state)
    return outputs


def _chain(name: str, layers: dict[str, Layer]) -> list[str]:
    """The layers around the layer of that name, from the outside, and itself; not the model."""
    words = name.split("/")
    found = ("/".join(words[:n]) for n in range(1, len(words) + 1))
    return [name for name in found if name in layers and name]


def _input(x: Any) -> Any:
    if isinstance(x, tuple) and all(isinstance(n, (int, np.integer)) for n in x):
        return backends.current_backend().from_numpy(np.zeros(x, dtype=np.float32))
    return x


def _shapes(y: Any) -> str:
    if isinstance(y, (tuple, list)):
        return ", ".join(map(_shapes, y))
    shape = getattr(y, "shape", None)
    return type(y).__name__ if shape is None else str(tuple(shape))


def _order(called: list[str], chains: dict[str, list[str]]) -> list[str]:
    """The layers in the order of their calls, the others behind those of the same layer."""
    for name, chain in chains.items():
        if name not in called:
            around = chain[:-1]
            family = [i for i, other in enumerate(called) if chains[other][: len(around)] == around]
            called.insert(family[-1] + 1, name)
    return called


def _table(rows: list[tuple[str, str, str]]) -> str:
    label, output, number = (max(map(len, column)) for column in zip(*rows, strict=True))
    lines = (f"{a:<{label}}  {b:<{output}}  {c:>{number}}".rstrip() for a, b, c in rows)
    return "\n".join(lines)


def _totals(entries: list[Entry]) -> str:
    lines = []
    for what, buffers in (("parameters", False), ("buffers", True)):
        kept = [e.weight for e in entries if isinstance(e.weight, Buffer) == buffers]
        arrays = [backends.backend_of(w.data).to_numpy(w.data) for w in kept if w.data is not None]
        empty = len(kept) - len(arrays)
        missing = f", and {empty} without data" if empty else ""
        if kept or not buffers:
            size = sum(array.size for array in arrays)
            lines.append(f"{what}: {size:,} ({_bytes(sum(a.nbytes for a in arrays))}){missing}")
    return "\n".join(lines)


def _bytes(n: int) -> str:
    for factor, unit in ((10**9, "GB"), (10**6, "MB"), (10**3, "kB")):
        if n >= factor:
            return f"{n / factor:.1f} {unit}"
    return f"{n} bytes"
