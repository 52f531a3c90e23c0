"""Backends: which array library an array belongs to, and where new arrays are born.

Arrays decide where an op runs: `backend_of(array)` is a table lookup by type. Settings decide
only where *new* arrays are made: `using_backend` > `set_backend` > the setting "backend".
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import Any

import numpy as np

from arraygrad import registry, settings
from arraygrad.errors import (
    BackendError,
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


class Backend:
    """An array library: its namespace, and the few things the array API standard lacks.

    Every method has a default in terms of the standard, so a conforming library needs no
    subclass. `xp` is an array API namespace; `mutable` says whether `x[key] = value` works.
    """

    def __init__(self, name: str, xp: Any, *, mutable: bool = True) -> None:
        self.name = name
        self.xp = xp
        self.mutable = mutable

    def __repr__(self) -> str:
        return f"<arraygrad backend {self.name}>"

    def available(self) -> bool | str:
        """True, or the reason why this backend cannot run here."""
        return True

    def devices(self) -> list[Any]:
        """The devices of the library, as it names them."""
        info = getattr(self.xp, "__array_namespace_info__", None)
        if info is None:
            return ["cpu"]
        with warnings.catch_warnings():
            # To list its devices a library may try old names, and warn of them.
            warnings.simplefilter("ignore")
            return [device for device in info().devices() if device is not None]

    def device(self, x: Any) -> Any:
        """The device that `x` is on."""
        import array_api_compat

        return array_api_compat.device(x)

    def to_device(self, x: Any, device: Any) -> Any:
        """`x` on `device`."""
        import array_api_compat

        return array_api_compat.to_device(x, device)

    def asarray(self, obj: Any, dtype: Any = None, device: Any = None) -> Any:
        """An array of this library from a number, nested lists or an array; NumPy's are copied."""
        if isinstance(obj, np.ndarray | np.generic):
            if dtype is not None:  # cast on the host: the device may not have the dtype of obj
                with suppress(TypeError):  # bfloat16 is none of NumPy's
                    obj = obj.astype(str(dtype).rpartition(".")[2])
            obj = self.from_numpy(np.asarray(obj), device)
        return self.xp.asarray(obj, dtype=dtype, device=device)

    def table(self, array: np.ndarray, dtype: Any = None, device: Any = None) -> Any:
        """A NumPy array that nobody changes, here; a backend may keep it for the next call."""
        return self.asarray(array, dtype, device)

    def from_numpy(self, array: np.ndarray, device: Any = None) -> Any:
        """A copy of a NumPy array as an array of this library."""
        return self.xp.asarray(array.copy(), device=device)

    def to_numpy(self, x: Any) -> np.ndarray:
        """`x` as a NumPy array on the host."""
        try:
            return np.asarray(x)
        except (TypeError, ValueError, RuntimeError, BufferError):
            try:  # CuPy has no device for the host, but array-api-compat knows this word for it
                return np.asarray(self.to_device(x, "cpu"))
            except (TypeError, ValueError, RuntimeError, BufferError):
                return np.asarray(self.to_device(x, self.devices()[0]))

    def as_array(self, x: Any) -> Any:
        """`x` itself, or the 0-d array of a scalar type of the library."""
        return x

    def accept(self, x: Any) -> Any:
        """`x` as the data of a Variable; raises an error for an array that cannot be."""
        return x

    def concrete(self, x: Any) -> bool:
        """Whether values may be read to check them: not of what a compiler traces, or what a read
        would wait for."""
        return True

    def may_have_nan(self, x: Any) -> bool:
        """Whether there is a NaN in `x`, or it cannot be read now."""
        bad = x != x
        return not self.concrete(bad) or bool(self.xp.any(bad) if x.shape else bad)

    def ones_like(self, x: Any) -> Any:
        """Ones with the shape, dtype and device of `x`."""
        return self.xp.ones_like(x)

    def apart(self, xs: list[Any], others: Sequence[Any] = ()) -> list[Any]:
        """`xs`, with copies for arrays that share memory with another one or with `others`."""
        seen = {id(x) for x in others}
        for i, x in enumerate(xs):
            if id(x) in seen:
                xs[i] = x = self.copy(x)
            seen.add(id(x))
        return xs

    def copy(self, x: Any) -> Any:
        """A copy of `x`."""
        return self.xp.asarray(x, copy=True)

    def dtype(self, dtype: Any) -> Any:
        """This library's dtype for a NumPy dtype, its name, or a dtype of this library."""
        try:
            return getattr(self.xp, np.dtype(dtype).name)
        except TypeError:
            return dtype

    def scalar(self, value: float, dtype: Any) -> Any:
        """`value` as the cheapest factor of arrays of `dtype`; a Python number does anywhere."""
        return value

    def one_hot(self, t: Any, classes: int, like: Any) -> Any:
        """Rows of zeros with a one at the whole numbers `t` (...); dtype and device of `like`."""
        places = self.xp.arange(classes, dtype=t.dtype, device=self.device(t))
        return self.xp.astype(t[..., None] == places, like.dtype)

    def keep_mask(self, shape: tuple[int, ...], ratio: float, device: Any = None) -> Any:
        """Booleans, False with probability `ratio`; NumPy's generator decides them anywhere."""
        return self.asarray(np.random.random(shape) >= ratio, device=device)

    def within(self, t: Any, n: int) -> bool:
        """Whether all whole numbers in `t` are from 0 to n - 1, or cannot be read now."""
        return not self.concrete(t) or (int(self.xp.min(t)) >= 0 and int(self.xp.max(t)) < n)

    def jit(self, function: Any, state: Sequence[Any]) -> Any:
        """`function`, compiled; see `arraygrad.jit`. Raises BackendError where there is no way."""
        raise BackendError(
            f"jit: got a function that works on arrays of {self.name}, which compiles none; "
            f"expected a backend that does, such as jax of arraygrad-jax: choose it with "
            f"ARRAYGRAD_BACKEND, or call the function as it is"
        )

    def index_add(self, shape: tuple[int, ...], key: Any, values: Any) -> Any:
        """Zeros of `shape` with `values` added at `key`, repeated positions adding up."""
        from arraygrad.gather import index_add

        return index_add(self.xp, shape, key, values, mutable=self.mutable)

    def set_item(self, x: Any, key: Any, value: Any) -> Any:
        """A copy of `x` with `value` at `key`; of repeated positions the last one counts."""
        from arraygrad.gather import replaced, set_item

        if getattr(value, "dtype", x.dtype) != x.dtype:
            value = self.xp.astype(value, x.dtype)
        if not self.mutable:
            return replaced(self.xp, x, key, value)
        y = self.copy(x)
        set_item(self.xp, y, key, value)
        return y


def broadcasts_to(small: tuple[int, ...], big: tuple[int, ...]) -> bool:
    """Whether an array of shape `small` broadcasts to the shape `big`."""
    pairs = zip(reversed(big), reversed(small), strict=False)
    return len(small) <= len(big) and all(n in (1, m) for m, n in pairs)


_sum: Any = np.add.reduce  # whose faster positional form NumPy's stubs do not know


def sum_to(x: Any, shape: tuple[int, ...], xp: Any) -> Any:
    """`x` summed over the axes along which an array of `shape` was broadcast to it."""
    lead = x.ndim - len(shape)
    axes = tuple(range(lead))
    if x.shape[lead:] != shape:
        axes += tuple(i for i, n in enumerate(shape, lead) if n == 1 and x.shape[i] != 1)
    elif not lead:
        return x
    if xp is np:
        # np.sum costs twice as much on small arrays, and biases are summed in every step.
        y = _sum(x, axes, None, None, len(axes) != lead)
    else:
        y = xp.sum(x, axis=axes, keepdims=len(axes) != lead)
    return y if len(axes) == lead else xp.reshape(y, shape)


def is_inexact(dtype: Any, xp: Any) -> bool:
    """Whether `dtype` holds real or complex floating point numbers."""
    kind = getattr(dtype, "kind", "V")  # NumPy's own dtypes, 20 times faster than isdtype
    if kind != "V":  # which is what extension dtypes such as bfloat16 say
        return kind in "fc"
    return bool(xp.isdtype(dtype, ("real floating", "complex floating")))


def is_complex(dtype: Any) -> bool:
    """Whether `dtype` holds complex numbers; every library says so in its name."""
    kind = getattr(dtype, "kind", None)
    return kind == "c" if kind is not None else "complex" in str(dtype)


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
WITH_PLUGIN = ("jax", "torch")  # which serve these better
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
            raise BackendUnavailableError(
                f"backend {name!r} needs a library that cannot be imported ({error}); install it"
                f"{f', with its plugin arraygrad-{name},' * (name in WITH_PLUGIN)} or choose "
                f"another backend"
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
