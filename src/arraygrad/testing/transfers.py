"""Counting copies of arrays to the host: what a GPU waits for."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from arraygrad.backend import Backend

_METHODS = ("__array__", "numpy", "tolist", "get")


@contextmanager
def transfers(backend: Backend, array_type: type) -> Iterator[list[str]]:
    """The list grows by one for each array of more than one element that goes to the host.

    Counts `backend.to_numpy`, and what NumPy calls on an array of the library, where the type
    lets itself be watched. On NumPy nothing is a transfer.

    >>> from arraygrad.backend import get_backend
    >>> strict = get_backend("array_api_strict")
    >>> x = strict.xp.ones(3)
    >>> with transfers(strict, type(x)) as seen:
    ...     _ = strict.to_numpy(x)
    >>> "to_numpy" in seen
    True
    """
    seen: list[str] = []
    undo: list[Callable[[], None]] = []

    def watch(owner: Any, name: str, original: Any) -> None:
        def watched(*args: Any, **kwargs: Any) -> Any:
            x = args[0] if args else None
            if _size(x) > 1:
                seen.append(name)
            return original(*args, **kwargs)

        own = name in vars(owner)
        try:
            setattr(owner, name, watched)
        except (TypeError, AttributeError):  # a type made in C
            return
        undo.append(lambda: setattr(owner, name, original) if own else delattr(owner, name))

    if backend.name != "numpy":
        watch(backend, "to_numpy", backend.to_numpy)
        for name in _METHODS:
            if hasattr(array_type, name):
                watch(array_type, name, getattr(array_type, name))
        if "cupy" in sys.modules:
            cupy = sys.modules["cupy"]
            watch(cupy, "asnumpy", cupy.asnumpy)
    try:
        yield seen
    finally:
        for restore in reversed(undo):
            restore()


def _size(x: Any) -> int:
    size = 1
    for n in getattr(x, "shape", ()):
        size *= int(n)
    return size
