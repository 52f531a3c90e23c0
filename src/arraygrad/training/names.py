"""What people call data sets, models and optimizers -> ids of the registry."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arraygrad import datasets, registry, settings
from arraygrad.errors import RunError, UnknownNameError
from arraygrad.layers import Layer
from arraygrad.models import Model, Sequential
from arraygrad.optimizers import Optimizer

# Those of the core that have no classes, or are no data sets.
_NO_CLASSES = (
    "Dataset", "ImageNet", "PythonDocs", "Shakespeare", "SinCurve", "Subset", "Text",
    "get_spiral", "load_cache_npz", "random_split", "save_cache_npz",
)  # fmt: skip
# Kind -> what it says on the command line, and the bases that are of no use by themselves.
_KINDS: dict[str, tuple[str, type | None, tuple[Any, ...]]] = {
    "datasets": ("data set", None, tuple(getattr(datasets, name) for name in _NO_CLASSES)),
    "models": ("model", Layer, (Layer, Model, Sequential)),
    "optimizers": ("optimizer", Optimizer, (Optimizer,)),
    "functions": ("activation", None, ()),
}


def identify(kind: str, name: str) -> str:
    """The full id of a thing, by its name or id, in any case.

    Raises UnknownNameError with the nearest name, AmbiguousNameError.

    >>> identify("datasets", "digits")
    'core:Digits'
    """
    entry = registry.search(kind, name)
    if entry is None:
        known = {entry.id for entry in registry.entries(kind)} | {*registry.names(kind)}
        same = [other for other in sorted(known) if other.lower() == name.lower()]
        if len(same) != 1:
            raise UnknownNameError(_unknown(kind, name))
        entry = registry.find(kind, same[0])
    return entry.id


def obtain(kind: str, id: str) -> Callable[..., Any]:
    """The thing itself; raises RunError if it is not something that training can use.

    >>> obtain("optimizers", "core:Adam").__name__
    'Adam'
    """
    word, base, bare = _KINDS[kind]
    thing = registry.lookup(kind, id)
    if thing in bare or not callable(thing) or (base and not _makes(thing, base)):
        raise RunError(
            f"{word}: got {id!r}, which is none that training can use; expected one such as "
            f"{', '.join(usable(kind)[:12])}"
        )
    return thing


def usable(kind: str) -> list[str]:
    """The names of a kind that make sense here, as people write them.

    >>> usable("datasets")[:2]
    ['digits', 'spiral']
    """
    _, base, bare = _KINDS[kind]
    found = []
    for entry in registry.entries(kind):
        if entry.namespace == registry.CORE:  # the only ones that can be looked at for free
            thing = entry.resolve()
            if thing in bare:
                continue
            if base and not _makes(thing, base):
                continue
        found.append(entry.name.lower())
    return list(dict.fromkeys(found))


def _makes(thing: Any, base: type) -> bool:
    # A plugin's function that builds a model shows what it makes only when it is called.
    return issubclass(thing, base) if isinstance(thing, type) else callable(thing)


def _unknown(kind: str, name: str) -> str:
    names = usable(kind)
    hint = settings.near(name.lower(), names)
    if not hint:
        several = ", ".join(names[:12]) + (", ..." if len(names) > 12 else "")
        hint = f"; expected one of {several}"
    return f"{_KINDS[kind][0]}: nothing is named {name!r}{hint}{registry.failed()}"
