"""Explain which backend and which kernels a call of an op uses, and why not the others."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, NamedTuple

from arraygrad import kernels, registry
from arraygrad.backend import Backend, backend_of, current_backend
from arraygrad.config import using_config
from arraygrad.dispatch import choose
from arraygrad.engine import Node, next_seq
from arraygrad.errors import ArgumentError, ArraygradError
from arraygrad.interop import variables_in
from arraygrad.op import Definition
from arraygrad.registry import Entry
from arraygrad.variable import Variable


class Part(NamedTuple):
    """One thing that runs: an op's "forward", or the "gradient of x".

    kernel: None if its definition in terms of the array API runs.
    others: the kernels that do not run, each with the reason.
    """

    op: str
    what: str
    kernel: Entry | None
    others: list[tuple[Entry, str]]


class Explanation:
    """What `explain` found: `backend`, `device` and `parts`; as text, a line for each part."""

    def __init__(self, op: str, backend: Backend, device: Any, parts: list[Part]) -> None:
        self.op, self.backend, self.device, self.parts = op, backend, device, parts

    def __repr__(self) -> str:
        lines = [f"{self.op} on {self.backend.name}, device {self.device}"]
        for part in self.parts:
            runs = f"kernel {part.kernel.id} of {part.kernel.provider}" if part.kernel else ""
            lines += [f"  {part.op}, {part.what}: {runs or 'its definition'}"]
            lines += [f"    not {entry.id}: {why}" for entry, why in part.others]
        if not self.parts:
            lines += ["  it is composed of what is not recorded"]
        return "\n".join(lines)


def explain(op: Any, *args: Any, **kwargs: Any) -> Explanation:
    """Say where a call of an op runs, and on what kernels, forward and backward.

    op: a function of `arraygrad.functions`, or its name. A composition is called once, to see of
    what it is made. Raises what the call would raise, such as MixedBackendError.

    >>> explain(F.tanh, np.ones(3))
    tanh on numpy, device cpu
      core:tanh, forward: kernel core:core:tanh@numpy of arraygrad 0.1.0
      core:tanh, gradient of x: kernel core:core:tanh.x@numpy of arraygrad 0.1.0
    """
    function = registry.lookup("functions", op) if isinstance(op, str) else op
    definition = getattr(function, "definition", None)
    if not isinstance(definition, Definition):
        raise ArgumentError(f"explain: got {op!r}, expected an op such as F.tanh or its name")
    found = next(_arrays([*args, *kwargs.values()]), None)
    backend = current_backend() if found is None else backend_of(found)
    device = "of new arrays" if found is None else backend.device(found)
    if definition.composed:
        used = _primitives(function, args, kwargs)
    else:
        choose(definition, tuple(_data(args[i]) for i in definition.places(len(args))))
        used = [definition]
    parts = [part for d in used for part in _parts(d, backend.name)]
    return Explanation(definition.name, backend, device, parts)


def _parts(definition: Definition, backend: str) -> Iterator[Part]:
    yield Part(definition.id, "forward", *kernels.choice(definition.id, backend))
    for inputs in definition.rules:
        rule = f"{definition.id}.{'.'.join(inputs)}"
        yield Part(
            definition.id, f"gradient of {', '.join(inputs)}", *kernels.choice(rule, backend)
        )


def _primitives(function: Any, args: Any, kwargs: Any) -> list[Definition]:
    """The definitions of all nodes that one call records, in the order of the computation."""
    start = next_seq()
    with using_config("enable_backprop", True):
        y = function(*map(_tracked, args), **{k: _tracked(v) for k, v in kwargs.items()})
    pending: list[Node | None] = [x._node for x in variables_in(y)]
    seen: dict[Node, None] = {}
    while pending:
        node = pending.pop()
        if node is not None and node.seq > start and node not in seen:
            seen[node] = None
            pending += node.edges
    ordered = sorted(seen, key=lambda node: node.seq)
    return list(dict.fromkeys(n.definition for n in ordered if hasattr(n, "definition")))


def _tracked(x: Any) -> Any:
    if isinstance(x, list | tuple):
        return type(x)(map(_tracked, x))
    try:
        backend_of(_data(x))
    except ArraygradError:
        return x
    return Variable(_data(x))


def _data(x: Any) -> Any:
    return x._array() if isinstance(x, Variable) else x


def _arrays(values: Any) -> Iterator[Any]:
    for value in values:
        if isinstance(value, list | tuple):
            yield from _arrays(value)
        elif isinstance(value, Variable):
            yield value._array()
        elif hasattr(value, "dtype") and hasattr(value, "shape"):
            yield value
