"""Around a library's own function: arrays for Variables and back, and whose error it is."""

from __future__ import annotations

from collections import namedtuple
from collections.abc import Callable
from functools import cache
from typing import Any

from arraygrad.backend import backend_of
from arraygrad.dispatch import briefly, caused, stays, translated
from arraygrad.errors import ArraygradError, DtypeError, MixedBackendError, NoDataError
from arraygrad.variable import Variable, constant
from arraygrad.xp.namespaces import Namespace

_NESTED = (list, tuple)  # which isinstance takes faster than a union made at each call


def same(y: Any, x: Any) -> bool:
    """Whether y is x; libraries may give the memory of x in an object of its own."""
    if type(y) is not type(x) or y is x:
        return y is x
    # Arrays that a compiler traces are on no device.
    devices = getattr(y, "device", None), getattr(x, "device", None)
    return bool(y.shape == x.shape and y.dtype == x.dtype and devices[0] == devices[1])


def wrapped(y: Any) -> Any:
    """Constants in place of arrays, also in tuples, named tuples and lists."""
    if hasattr(y, "shape") and hasattr(y, "dtype"):
        return constant(y)
    if isinstance(y, tuple | list):
        parts = [wrapped(part) for part in y]
        if hasattr(y, "_fields"):
            return type(y)(*parts)
        # Tuples made in C, as those of PyTorch are, take no other parts but say their names.
        names = getattr(type(y), "__match_args__", ())
        return _named_tuple(type(y).__name__, names)(*parts) if names else tuple(parts)
    return y


@cache
def _named_tuple(name: str, fields: tuple[str, ...]) -> Callable[..., Any]:
    return namedtuple(name, fields)


def unwrapped(tree: Any, name: str, x: str) -> tuple[Any, bool]:
    """`tree`, the argument x, with arrays for Variables, and whether one of them was tracked."""
    if isinstance(tree, Variable):
        data, tracked = tree._data, tree._node is not None
    elif isinstance(tree, _NESTED):
        parts, tracked = [], False
        for part in tree:
            data, t = unwrapped(part, name, x)
            parts.append(data)
            tracked = tracked or t
        data = parts if isinstance(tree, list) else tuple(parts)
    else:
        data, tracked = tree, False
    if data is None:
        raise no_data(name, x)
    return data, tracked


class Own(set[type]):
    """The types that are known to be arrays of the library with that name."""

    def __init__(self, library: str) -> None:
        super().__init__()
        self.library = library

    def look(self, a: Any, name: str, x: str) -> None:
        """Raise an error for no array, and for one of another library, as argument x."""
        if a is None:
            raise no_data(name, x)
        if not (hasattr(a, "dtype") and hasattr(a, "shape")):
            return  # a number, a dtype: the library knows what to do
        try:
            other = backend_of(a).name
        except DtypeError:
            return  # or what to say
        if other != self.library:
            raise _foreign(f"{name}: got {briefly(a)} for {x}", other, self.library)
        self.add(type(a))


def _foreign(text: str, other: str, mine: str) -> MixedBackendError:
    return MixedBackendError(
        f"{text}, an array of {other}; expected arrays of {mine}: convert it, or call the function "
        f"of its own namespace, x.__array_namespace__()"
    )


def no_data(name: str, x: str) -> NoDataError:
    """The error for None, or a Variable made with it, where an array must be."""
    return NoDataError(f"{name}: got no data (None) for {x}, expected an array; give it one first")


def blame(
    error: Exception, name: str, namespace: Namespace, args: tuple[Any, ...], kw: dict[str, Any]
) -> Exception:
    """The error to raise where the library's own function failed: ours, naming what it got."""
    if isinstance(error, ArraygradError) or stays(error):
        return error
    words = [briefly(x) for x in args] + [f"{key} = {briefly(x)}" for key, x in kw.items()]
    text = f"{name}: got {', '.join(words)}"
    mine = namespace._backend.name
    for x in args:
        if not (hasattr(x, "dtype") and hasattr(x, "shape")):
            continue
        try:
            other = backend_of(x).name
        except DtypeError as unknown:
            new: Exception = DtypeError(f"{name}: {unknown}")
            break
        if other != mine:
            new = _foreign(text, other, mine)
            break
    else:
        new = translated(error, f"{text}: {error}")
    return caused(new, error)
