"""One namespace for each array library, filled with functions as they are asked for."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from types import ModuleType
from typing import Any

from arraygrad import functions, op, registry
from arraygrad.backend import COMPATIBLE, Backend, get_backend
from arraygrad.errors import BackendError
from arraygrad.xp.signatures import ALIASES, SIGNATURES, VERSION

EXTENSIONS = ("linalg", "fft", "special")
# What NumPy itself, from the oldest version that arraygrad takes, does not do as the standard says.
# For the rest array_api_compat is not asked, as importing it costs as much as NumPy.
_WORDS = """
    argsort fft.fftfreq fft.rfftfreq finfo iinfo linalg.eig linalg.eigvals
    linalg.matrix_rank linalg.pinv nonzero sort unique_all unique_counts unique_inverse
    unique_values
"""
_OF_COMPAT = frozenset(_WORDS.split())
# Other names of libraries, and one that has its namespace from a plugin.
_LIBRARIES = {"strict": "array_api_strict", "cupy": "cupy"}


class Namespace(ModuleType):
    """The functions, dtypes and constants of the standard, for Variables over one library.

    A function of arrays whose gradient is not wanted is that of the library itself; of tracked
    ones, it is an op. dtypes and constants are the library's own. Raises AttributeError for a
    name that neither the standard nor the library has.
    """

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name not in ("__array_api_version__",):
            raise AttributeError(f"{self.__name__} has no {name!r}")
        vars(self)[name] = found = self._find(name)
        return found

    def __dir__(self) -> list[str]:
        return [*_top_level(), *EXTENSIONS, *_DTYPES, *_CONSTANTS]

    def __repr__(self) -> str:
        return f"<{self.__name__}, the array API standard over Variables>"

    @property
    def _backend(self) -> Backend:
        return get_backend(self.__name__.removeprefix("arraygrad.xp").lstrip(".") or "numpy")

    def __array_namespace_info__(self) -> Any:
        """The devices, dtypes and capabilities of the library, as the standard has it."""
        return raw_namespace(self._backend, "__array_namespace_info__").__array_namespace_info__()

    def _find(self, name: str) -> Any:
        from arraygrad.xp.wrapping import function_of

        if name in SIGNATURES:
            return function_of(self, name)
        if name in EXTENSIONS:
            return _extension(self, name)
        if name == "__array_api_version__":
            version = getattr(raw_namespace(self._backend, name), name, "2024.12")
            return min(VERSION, version)
        if self.__name__ == "arraygrad.xp" and name in _libraries():
            try:
                return namespace_of(get_backend(_LIBRARIES.get(name, name)))
            except BackendError as error:  # hasattr() has to say no
                raise AttributeError(f"{self.__name__}.{name}: {error}") from error
        raw = raw_namespace(self._backend, name)
        if not hasattr(raw, name):
            raise AttributeError(f"{self.__name__} has no {name!r}, and {raw.__name__} has not")
        found = getattr(raw, name)
        if name.startswith("_") or not callable(found) or isinstance(found, type):
            return found
        # Libraries ask what there is beyond the standard, and do without it if it is not there;
        # then what they compute is differentiable.
        raise AttributeError(
            f"{self.__name__} has no {name!r}: the array API standard has not. If no gradient is "
            f"wanted, call {raw.__name__}.{name} with x.data; ops of arraygrad beyond the standard "
            f"are in arraygrad.functions"
        )


class Extension:
    """`xp.linalg` or `xp.fft`, extensions of the standard; `xp.special`, which is to be one."""

    def __init__(self, namespace: Namespace, name: str) -> None:
        self.__name__ = f"{namespace.__name__}.{name}"
        self._namespace = namespace
        self._name = name

    def __getattr__(self, name: str) -> Any:
        from arraygrad.xp.wrapping import function_of

        full = _ALSO.get(name, f"{self._name}.{name}")
        if full in ALIASES:
            found = getattr(self._namespace, ALIASES[full])
        elif full in SIGNATURES:
            found = function_of(self._namespace, full)
        elif (found := functions.of_standard(full)) is None:
            raise AttributeError(f"{self.__name__} has no {name!r}")
        vars(self)[name] = found
        return found

    def __dir__(self) -> list[str]:
        start = f"{self._name}."
        names = {*SIGNATURES, *standard_ops()}
        return sorted(name.removeprefix(start) for name in names if name.startswith(start))

    def __repr__(self) -> str:
        return f"<{self.__name__}>"


_ALSO = {"digamma": "special.psi"}


def _extension(namespace: Namespace, name: str) -> Any:
    found = Extension(namespace, name)
    # SciPy looks for `special` before it turns arrays into those of NumPy; without SciPy there is
    # none.
    if name == "special":
        from arraygrad.functions.scipy_special import NAMES

        there = bool(NAMES)
    else:
        there = hasattr(raw_namespace(namespace._backend, name), name)
    if not there:
        why = "its library lacks it"
        if name == "special":
            why = "it needs SciPy, which is not installed: pip install 'arraygrad[scipy]'"
        raise AttributeError(f"{namespace.__name__} has no {name!r}: {why}")
    return found


def raw_namespace(backend: Backend, name: str) -> Any:
    """The library's own namespace, in which `name` is as the standard says."""
    if backend.name == "numpy" and (name in _OF_COMPAT or name.startswith("__")):
        import array_api_compat.numpy

        return array_api_compat.numpy
    return backend.xp


def _libraries() -> set[str]:
    return {*COMPATIBLE, *_LIBRARIES, *registry.names("backends")}


_DTYPES = (
    "bool", "int8", "int16", "int32", "int64", "uint8", "uint16", "uint32", "uint64", "float32",
    "float64", "complex64", "complex128",
)  # fmt: skip
_CONSTANTS = ("e", "inf", "nan", "newaxis", "pi")


def _top_level() -> list[str]:
    return [name for name in SIGNATURES if "." not in name]


@cache
def standard_ops() -> dict[str, Any]:
    """Standard name -> op."""
    functions.everything()
    return {
        function.definition.standard: function
        for function in op.table.values()
        if function.definition.standard
    }


namespaces: dict[str, Namespace] = {}


def namespace_of(backend: Backend) -> Namespace:
    """The differentiable namespace over the arrays of `backend`; one object for each."""
    found = namespaces.get(backend.name)
    if found is None:
        if backend.name == "numpy":
            import_module("arraygrad.xp")
            return namespaces["numpy"]
        found = namespaces[backend.name] = Namespace(f"arraygrad.xp.{backend.name}")
    return found
