"""`jit`: one compiled program of a whole training step, on backends whose library compiles."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from typing import Any

from arraygrad.backend import Backend, backend_of, current_backend
from arraygrad.errors import ArgumentError, ArraygradError
from arraygrad.layers import Layer
from arraygrad.optimizers import Optimizer
from arraygrad.variable import Variable

State = Layer | Optimizer | Variable


def jit(function: Callable[..., Any], *state: State) -> Callable[..., Any]:
    """`function`, compiled on the backend that it works on; it does the same, and faster.

    state: the layers, optimizers and Variables that the function reads or changes. If none are
    given, they are those that it refers to by name, and of a method those of its object.

    The first call runs the function as it is, which makes weights and checks labels; later ones
    run a program that is compiled once for each combination of shapes and dtypes of the arrays
    among the arguments, and of the values of all else. The function must not decide by values of
    arrays; what it does besides computing (printing, drawing numbers) is done only while it is
    compiled. Random numbers of `F.dropout` are drawn anew in every call.

    The backend is that of the weights, else of the arguments, else the current one. Calls raise
    BackendError where its library does not compile, ArgumentError for a state of another kind.

    >>> step = ag.jit(lambda x: x * 2)
    >>> step(np.ones(2))
    Traceback (most recent call last):
    ...
    arraygrad.errors.BackendError: jit: got a function that works on arrays of numpy, which ...
    """
    if not callable(function):
        raise ArgumentError(f"jit: got {function!r}, expected a function, such as a training step")
    for part in state:
        if not isinstance(part, State):
            raise ArgumentError(
                f"jit: got a {type(part).__name__} as state, expected layers, optimizers and "
                f"Variables: jit(step, model, optimizer)"
            )
    compiled: Callable[..., Any] | None = None

    @functools.wraps(function)
    def jitted(*args: Any, **kwargs: Any) -> Any:
        nonlocal compiled
        if compiled is None:
            used = state or tuple(_referred(function))
            compiled = _backend(used, (args, kwargs)).jit(function, used)
        return compiled(*args, **kwargs)

    return jitted


def _referred(function: Callable[..., Any]) -> Iterator[State]:
    """The layers, optimizers and Variables that the code of a function names."""
    owner = getattr(function, "__self__", None)
    plain = inspect.unwrap(getattr(function, "__func__", function))
    values: list[Any] = [owner]
    if owner is not None and not isinstance(owner, State):
        values += getattr(owner, "__dict__", {}).values()
    if inspect.isfunction(plain):
        names = inspect.getclosurevars(plain)
        values += [*names.nonlocals.values(), *names.globals.values(), *(plain.__defaults__ or ())]
    seen = set()
    for value in values:
        for part in value if isinstance(value, list | tuple) else (value,):
            if isinstance(part, State) and id(part) not in seen:
                seen.add(id(part))
                yield part


def _backend(state: tuple[State, ...], args: Any) -> Backend:
    for part in state:
        target = part.target if isinstance(part, Optimizer) else part
        weights = target.named_weights() if isinstance(target, Layer) else [("", target)]
        for _, x in weights:
            if x is not None and x._data is not None:
                return backend_of(x._data)
    return next(_backends(args), None) or current_backend()


def _backends(tree: Any) -> Iterator[Backend]:
    if isinstance(tree, list | tuple):
        for part in tree:
            yield from _backends(part)
    elif isinstance(tree, dict):
        yield from _backends(list(tree.values()))
    elif hasattr(tree, "shape") and hasattr(tree, "dtype"):
        try:
            yield backend_of(tree._data if isinstance(tree, Variable) else tree)
        except ArraygradError:
            return
