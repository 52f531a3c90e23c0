"""While a step is traced: no Variable may be read, and no optimizer used, that it was not given.

The array of a Variable that is none of the state and the arguments would be a constant of the
program: weights that stay what they were when it was compiled, without a word. All Variables that
belong to the trace are given their arrays while it runs. So one that is read and was given none
comes from outside.

To see what is read, the slot of the array is replaced for the time of a trace: it costs nothing
otherwise. Other threads, which trace nothing, go through it as before.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from threading import Lock
from typing import Any

import jax

from arraygrad.errors import BackendError
from arraygrad.optimizers import Optimizer
from arraygrad.variable import Variable

_watch: ContextVar[_Trace | None] = ContextVar("arraygrad_jax.watch", default=None)
_slot: Any = Variable.__dict__["_data"]
_update: Any = Optimizer.update
_lock = Lock()
_traces = 0  # in all threads


class _Trace:
    """What belongs to one trace; alive until it ends, so that no id is used twice."""

    def __init__(self, title: str, optimizers: list[Optimizer]) -> None:
        self.title, self.optimizers = title, optimizers
        self.own: dict[int, Variable] = {}


class _Slot:
    """In the place of the slot of `Variable._data`."""

    def __get__(self, x: Any, cls: Any = None) -> Any:
        if x is None:
            return self
        data = _slot.__get__(x, cls)
        trace = _watch.get()
        if trace is not None and id(x) not in trace.own and _has_values(data):
            name = f" {x.name!r}" if x.name else ""
            raise BackendError(
                f"jit: {trace.title} reads a {type(x).__name__}{name} of shape {data.shape} that "
                f"is none of its arguments and none of the layers, optimizers and Variables it "
                f"refers to by name: its value would be part of the program for ever; name it, or "
                f"the model that it belongs to: ag.jit({trace.title}, model, optimizer)"
            )
        return data

    def __set__(self, x: Any, data: Any) -> None:
        trace = _watch.get()
        if trace is not None:
            trace.own[id(x)] = x
        _slot.__set__(x, data)


def _has_values(data: Any) -> bool:
    return hasattr(data, "shape") and not isinstance(data, jax.core.Tracer)


def _updating(optimizer: Optimizer) -> None:
    """In the place of `Optimizer.update`."""
    trace = _watch.get()
    if trace is not None and not any(optimizer is known for known in trace.optimizers):
        raise BackendError(
            f"jit: {trace.title} updates with {optimizer!r}, which is none of the layers, "
            f"optimizers and Variables it refers to by name: its state would be part of the "
            f"program for ever; name it: ag.jit({trace.title}, model, optimizer)"
        )
    _update(optimizer)


def titled(function: Any) -> str:
    """The name of a function in messages."""
    name: str = getattr(function, "__name__", "step")
    return "step" if name == "<lambda>" else name


@contextmanager
def watched(function: Any, optimizers: list[Optimizer]) -> Iterator[None]:
    """Raise BackendError inside where a Variable or an optimizer from outside is used."""
    global _traces
    token = _watch.set(_Trace(titled(function), optimizers))
    with _lock:
        _traces += 1
        if _traces == 1:
            setattr(Variable, "_data", _Slot())  # noqa: B010
            setattr(Optimizer, "update", _updating)  # noqa: B010
    try:
        yield
    finally:
        with _lock:
            _traces -= 1
            if not _traces:
                setattr(Variable, "_data", _slot)  # noqa: B010
                setattr(Optimizer, "update", _update)  # noqa: B010
        _watch.reset(token)
