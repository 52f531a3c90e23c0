"""Which backend: that of an array, that of a name, and the one on which new arrays are born."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from arraygrad import registry, settings
from arraygrad.backend.base import Backend
from arraygrad.errors import (
    BackendUnavailableError,
    DtypeError,
    RegistryError,
    UnknownBackendError,
)

# Numbers that take part in an op without deciding its library or dtype (the standard's rule).
PYTHON_SCALARS = frozenset({bool, int, float, complex})

# type(array) -> Backend, filled on first sight. The op path reads it.
by_type: dict[type, Backend] = {}

_in_block: ContextVar[str | None] = ContextVar("arraygrad.backend", default=None)
_of_process: str | None = None


def namespace(x: Any) -> Any:
    """The array API namespace of an array; of a Variable, the differentiable one."""
    backend = by_type.get(type(x))
    return backend.xp if backend is not None else x.__array_namespace__()


def backend_of(x: Any) -> Backend:
    """The backend of an array; raises DtypeError if it is not an array of a known library.

    >>> import numpy as np
    >>> backend_of(np.ones(3)).name
    'numpy'
    """
    backend = by_type.get(type(x))
    return backend if backend is not None else _first_sight(x)


def _first_sight(x: Any) -> Backend:
    cls = type(x)
    names = {f"{c.__module__}.{c.__qualname__}" for c in cls.__mro__}
    for entry in registry.entries("backends"):
        if names & set(entry.array_types):
            if names & {"numpy.matrix", "numpy.ma.MaskedArray", "numpy.ma.core.MaskedArray"}:
                break
            by_type[cls] = get_backend(entry.id)
            return by_type[cls]
    else:
        # A class, such as numpy.float32, has the methods of its objects.
        if cls not in PYTHON_SCALARS and cls is not type(None) and not isinstance(x, type):
            import array_api_compat

            if array_api_compat.is_array_api_obj(x):
                by_type[cls] = _generic(array_api_compat.array_namespace(x))
                return by_type[cls]
    raise DtypeError(
        f"got {cls}, expected an array of a library that follows the array API standard "
        f"(NumPy, CuPy, PyTorch, JAX, ...); {_advice(x)}"
    )


def _advice(x: Any) -> str:
    if x is None:
        return "give the Variable its data first"
    if type(x) in PYTHON_SCALARS:
        return f"wrap the number: np.array({x!r})"
    if isinstance(x, list | tuple):
        return "make an array of it first, as with np.array(...)"
    return "convert it to such an array first, as with np.asarray(...)"


# Libraries that run without a backend plugin, through array-api-compat: name -> module.
COMPATIBLE = {
    "array_api_strict": "array_api_strict",
    "dask": "array_api_compat.dask.array",
    "jax": "jax.numpy",
    "torch": "array_api_compat.torch",
}
WITH_PLUGIN = ("jax", "torch")  # which serve these better, and bring them
INSTALLED_AS = {"array_api_strict": "array-api-strict", "dask": "dask[array]"}
# What to do for a backend that plugins alone have.
FROM_PLUGINS = {
    "cupy": "for a GPU of NVIDIA install it: pip install 'arraygrad-cupy[cuda12]' (or cuda13)"
}
_generics: dict[str, Backend] = {}


class _Dask(Backend):
    """dask computes when it is asked to; nothing here asks."""

    def __init__(self, name: str, xp: Any, *, mutable: bool) -> None:
        super().__init__(name, xp, mutable=mutable)
        from dask.array import Array

        if not hasattr(Array, "mT"):  # which the standard asks for, and nearly all rules use
            Array.mT = property(xp.matrix_transpose)

    def concrete(self, x: Any) -> bool:
        return False


def _generic(xp: Any) -> Backend:
    """The backend of a library that no plugin serves: the standard is all that is known of it."""
    module = xp.__name__
    name = next((n for n, m in COMPATIBLE.items() if m == module), None)
    name = name or module.removeprefix("array_api_compat.")
    if name not in _generics:
        kind = _Dask if name == "dask" else Backend
        _generics[name] = kind(name, xp, mutable=name != "jax")
    return _generics[name]


def get_backend(name: str) -> Backend:
    """The backend of that name, ready to use.

    Raises UnknownBackendError for a name nobody provides, and BackendUnavailableError with the
    backend's reason where it cannot run here.

    >>> get_backend("numpy").devices()
    ['cpu']
    """
    if name in COMPATIBLE and name not in registry.names("backends"):
        import importlib

        try:
            return _generic(importlib.import_module(COMPATIBLE[name]))
        except ImportError as error:
            served = f"arraygrad-{name}" if name in WITH_PLUGIN else INSTALLED_AS.get(name, name)
            raise BackendUnavailableError(
                f"backend {name!r} needs a library that cannot be imported ({error}); install it: "
                f"pip install '{served}', or choose another backend"
            ) from error
    try:
        backend = registry.lookup("backends", name)
    except LookupError as error:
        raise UnknownBackendError(f"{error}{_known_instead(name, str(error))}") from None
    except RegistryError as error:
        raise BackendUnavailableError(f"backend {name!r} cannot be used: {error}") from error
    if isinstance(backend, type):
        if backend not in _instances:
            _instances[backend] = backend()
        backend = _instances[backend]
    reason = backend.available()
    if reason is not True:
        provider = registry.find("backends", name).provider
        raise BackendUnavailableError(
            f"backend {name!r} cannot run here: {reason}; it is that of {provider}: choose another"
        )
    return backend


def _known_instead(name: str, said: str) -> str:
    """What to do about the name of a backend that nobody provides."""
    if name in FROM_PLUGINS:
        return f"; {FROM_PLUGINS[name]}"
    known = list(dict.fromkeys([*registry.names("backends"), *COMPATIBLE]))
    library, colon, device = name.partition(":")
    if colon and library in known:
        return f"; name the library alone, {library!r}, and {device!r} where a device is asked for"
    if "did you mean" in said:
        return ""
    return f"; expected one of {', '.join(known)}, or install the plugin that brings it"


_instances: dict[type, Backend] = {}


def current_backend() -> Backend:
    """The backend on which new arrays are born; raises BackendError if it cannot be had."""
    name = _in_block.get() or _of_process or settings.get("backend")
    try:
        return get_backend(name)
    except (UnknownBackendError, BackendUnavailableError) as error:
        raise type(error)(f"{error}; {name!r} is asked for by {backend_origin()[1]}") from None


@contextmanager
def using_backend(name: str) -> Iterator[Backend]:
    """Make new arrays on another backend inside the block, in this thread or task only.

    >>> with using_backend("numpy") as backend:
    ...     backend.name
    'numpy'
    """
    backend = get_backend(name)
    token = _in_block.set(name)
    try:
        yield backend
    finally:
        _in_block.reset(token)


def set_backend(name: str | None) -> None:
    """Make new arrays on that backend in the whole process; None goes back to the settings."""
    global _of_process
    if name is not None:
        get_backend(name)
    _of_process = name


def backend_origin() -> tuple[str, str]:
    """The name of the current backend, and where the choice came from."""
    if (name := _in_block.get()) is not None:
        return name, "using_backend(...)"
    if _of_process is not None:
        return _of_process, "set_backend(...)"
    setting = settings.origin("backend")
    return setting.value, setting.detail or setting.origin


def _forget() -> None:
    """Look backends up anew: plugins have changed."""
    by_type.clear()
    _instances.clear()


registry.on_change.append(_forget)
