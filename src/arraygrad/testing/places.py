"""Places: where samples are made. A library, one of its devices, read-only or not."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from arraygrad import registry
from arraygrad.backend import backend_of, get_backend
from arraygrad.errors import ArraygradError

PLACES = ("numpy", "numpy-readonly", "strict", "strict:device1")
DTYPES = ("float32", "float64")
COMPLEX = {"float32": "complex64", "float64": "complex128"}
HALVES = ("float16", "bfloat16")
ROUNDING = {"float32": 2e-4, "float64": 1e-6, "float16": 2e-2, "bfloat16": 1e-1}
_KNOWN = {"strict": "array_api_strict", "numpy-readonly": "numpy"}


class Place:
    """Where samples are made: a backend, one of its devices, and whether arrays are read-only.

    The name is that of a backend, `numpy-readonly`, or `strict` for array-api-strict; a device
    may follow, as in `"torch:cuda:0"`. Raises UnknownBackendError or BackendUnavailableError.

    >>> Place("numpy-readonly").array(np.ones(3)).flags.writeable
    False
    """

    def __init__(self, name: str) -> None:
        self.name = name
        parts = name.split(":")
        own = len(parts) > 1 and registry.search("backends", ":".join(parts[:2])) is not None
        library, device = ":".join(parts[: 1 + own]), ":".join(parts[1 + own :])
        self.readonly = library == "numpy-readonly"
        self.backend = get_backend(_KNOWN.get(library, library))
        self.device: Any = None
        if device:
            self.device = next(d for d in self.backend.devices() if device in str(d))

    def __repr__(self) -> str:
        return f"<place {self.name}>"

    def array(self, value: np.ndarray) -> Any:
        """A fresh array here of the values and dtype of a NumPy array."""
        return self._locked(self.backend.asarray(value.copy(), device=self.device))

    def strided(self, value: np.ndarray) -> Any:
        """As `array`, but with steps in memory: every second element, the last axis first."""
        if not value.ndim:
            return self.array(value)
        wide = np.repeat(value, 2, axis=-1)
        stored = np.ascontiguousarray(wide.transpose())
        x = self.backend.asarray(stored, device=self.device)
        axes = tuple(reversed(range(value.ndim)))
        return self._locked(self.backend.xp.permute_dims(x, axes)[..., ::2])

    def cast(self, value: np.ndarray, dtype: str, *, strided: bool = False) -> Any:
        """An array here; of the dtype of that name, or the complex one of the same precision."""
        make = self.strided if strided else self.array
        if value.dtype.kind == "c":
            return make(value.astype(COMPLEX[dtype]))
        if value.dtype.kind != "f":
            return make(value)
        if dtype in DTYPES:
            return make(value.astype(dtype))
        xp = self.backend.xp
        return self._locked(xp.astype(make(value.astype("float32")), getattr(xp, dtype)))

    @cached_property
    def dtypes(self) -> tuple[str, ...]:
        """Those of float32, float64, float16 and bfloat16 that arrays here can have."""
        return tuple(name for name in (*DTYPES, *HALVES) if self._has(name))

    @property
    def compiles(self) -> bool:
        """Whether its library takes its time for each new shape and dtype, as JAX does."""
        return not self.backend.mutable

    @cached_property
    def complex(self) -> bool:
        """Whether arrays here can hold complex numbers."""
        try:
            return str(self.cast(np.ones(1, np.complex64), DTYPES[0]).dtype).endswith("complex64")
        except Exception:  # a library may refuse with anything
            return False

    @cached_property
    def own_noise(self) -> bool:
        """Whether masks of dropout are others than NumPy's generator gives with the same seed."""
        state = np.random.get_state()
        try:
            np.random.seed(0)
            mask = on_host(self.backend.keep_mask((64,), 0.5, self.device))
            np.random.seed(0)
            return not np.array_equal(mask, np.random.random(64) >= 0.5)
        finally:
            np.random.set_state(state)

    def _has(self, name: str) -> bool:
        try:
            x = self.cast(np.ones(1), name)
            return str(x.dtype).rpartition(".")[2] == name
        except Exception:  # a library may refuse with anything
            return False

    def _locked(self, x: Any) -> Any:
        if self.readonly:
            x.flags.writeable = False
        return x


def installed_places() -> tuple[str, ...]:
    """`PLACES`, and every backend of an installed plugin that can run here.

    >>> installed_places()[:4]
    ('numpy', 'numpy-readonly', 'strict', 'strict:device1')
    """
    others = [name for name in registry.names("backends") if name != "numpy"]
    return (*PLACES, *(name for name in others if reason_against(name) is None))


def reason_against(place: str) -> str | None:
    """Why a place cannot be used on this machine; None if it can."""
    try:
        Place(place)
    except ArraygradError as error:
        return str(error)
    except StopIteration:
        return f"{place} has no such device"
    except Exception as error:  # a broken installation can fail with anything
        return f"{type(error).__name__}: {error}"
    return None


def on_host(x: Any) -> np.ndarray:
    """A NumPy array of the values of an array of any library, in a dtype that NumPy has."""
    backend = backend_of(x)
    if str(x.dtype).endswith("bfloat16"):
        x = backend.xp.astype(x, backend.xp.float32)
    return backend.to_numpy(x)


def close(x: Any, y: Any, tolerance: float) -> bool:
    """Whether shapes are equal, and values up to rounding; whole numbers and booleans exactly."""
    x, y = np.asarray(x), np.asarray(y)
    if x.shape != y.shape:
        return False
    if x.dtype.kind in "biu" and y.dtype.kind in "biu":
        return bool(np.array_equal(x, y))
    return bool(np.allclose(x, y, rtol=tolerance, atol=tolerance, equal_nan=True))


def places_of(names: Sequence[str] | str) -> list[Place]:
    """The places of these names, or of this one."""
    return [Place(name) for name in ((names,) if isinstance(names, str) else names)]
