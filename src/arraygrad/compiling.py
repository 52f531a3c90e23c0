"""`jit`: one compiled program of a whole training step, on backends whose library compiles."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator
from contextlib import suppress
from types import CodeType
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
    given, they are those that it refers to by name, also in lists and dicts, in objects and other
    functions of the same package; and of a method those of its object. One that it reads and that
    is none of these raises BackendError: its value would be part of the program for ever.

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
    """The layers, optimizers and Variables that a function names, and what it names in turn.

    That is: what is in lists, tuples, dicts and partial functions, and in functions and objects
    of the same package. What is not found here is an error while the function is compiled.
    """
    plain = inspect.unwrap(getattr(function, "__func__", function))
    home = _package(plain)
    pending: list[Any] = [function]
    owner = getattr(function, "__self__", None)
    if owner is not None and not isinstance(owner, State):
        pending += _attributes(owner)
    seen: dict[int, Any] = {}  # with the things themselves, so that no id is used twice
    while pending:
        part = pending.pop(0)
        if id(part) in seen:
            continue
        seen[id(part)] = part
        if isinstance(part, State):
            yield part
        elif isinstance(part, dict | list | tuple):
            if len(part) <= MANY:
                pending += part.values() if isinstance(part, dict) else part
        elif isinstance(part, functools.partial):
            pending += [part.func, *part.args, *part.keywords.values()]
        elif inspect.ismethod(part):
            pending += [part.__self__, part.__func__]
        elif inspect.isfunction(part):
            if _package(part) == home:
                pending += _named(inspect.unwrap(part))
        elif not isinstance(part, type) and _package(type(part)) == home:
            pending += _attributes(part)


MANY = 1000
"""Elements of a list or a dict of which more are data, in which nobody looks for layers."""


def _package(thing: Any) -> str:
    return str(getattr(thing, "__module__", "")).partition(".")[0]


def _attributes(thing: Any) -> list[Any]:
    return list(getattr(thing, "__dict__", {}).values())


def _named(function: Any) -> Iterator[Any]:
    """The values of the names in the code of a function, and of its defaults."""
    if not inspect.isfunction(function):
        yield function
        return
    for cell in function.__closure__ or ():
        with suppress(ValueError):  # of a name that has no value yet
            yield cell.cell_contents
    for name in dict.fromkeys(_names(function.__code__)):
        if name in function.__globals__:
            yield function.__globals__[name]
    yield from function.__defaults__ or ()
    yield from (function.__kwdefaults__ or {}).values()


def _names(code: CodeType) -> Iterator[str]:
    """Also those in comprehensions and functions inside of it."""
    yield from code.co_names
    for part in code.co_consts:
        if isinstance(part, CodeType):
            yield from _names(part)


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
