"""The book's doors to the GPU: which library an array belongs to, and moves between two of them.

Nothing here is needed to compute on a GPU: arrays of CuPy, PyTorch or JAX decide where ops run.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad.backend import Backend, backend_of, get_backend
from arraygrad.errors import BackendUnavailableError
from arraygrad.variable import Variable, as_array

__all__ = ["as_cupy", "as_numpy", "get_array_module", "gpu_enable"]

gpu_enable: bool  # computed at each access, see __getattr__: CuPy is imported for it


def get_array_module(x: Any) -> Any:
    """The namespace of the library of an array or Variable; NumPy for numbers and lists.

    >>> get_array_module(Variable(np.ones(3))) is np
    True
    """
    if isinstance(x, Variable):
        x = x.data
    return np if x is None or not hasattr(x, "shape") else backend_of(x).xp


def as_numpy(x: Any) -> np.ndarray:
    """A Variable, an array of any library, a number or nested lists as a NumPy array.

    >>> as_numpy([1, 2])
    array([1, 2])
    """
    if isinstance(x, Variable):
        x = as_array(x)
    return backend_of(x).to_numpy(x) if hasattr(x, "shape") else np.asarray(x)


def as_cupy(x: Any) -> Any:
    """A Variable, an array of any library, a number or nested lists as a CuPy array.

    Raises BackendUnavailableError, saying what is missing, without CuPy or a GPU.
    """
    there = backend()
    if isinstance(x, Variable):
        x = as_array(x)
    if hasattr(x, "shape") and backend_of(x).name == there.name:
        return x
    return there.from_numpy(as_numpy(x))


def backend() -> Backend:
    """The backend of CuPy; raises BackendUnavailableError, saying what is missing."""
    reason = _missing()
    if reason is not None:
        raise BackendUnavailableError(
            f"cuda: {reason}; for a GPU of NVIDIA install CuPy, as with pip install cupy-cuda12x "
            f"(the number is that of your CUDA), or stay on the CPU: nothing else needs it"
        )
    return get_backend("cupy")


def _missing() -> str | None:
    """What there is to say against CuPy here."""
    try:
        import cupy  # type: ignore[import-not-found, unused-ignore]
    except ImportError as error:
        return f"CuPy cannot be imported ({error})"
    try:
        if cupy.cuda.runtime.getDeviceCount() > 0:
            return None
    except Exception as error:  # CUDARuntimeError, which only CuPy could name
        return f"CuPy finds no GPU ({error})"
    return "CuPy finds no GPU"


def __getattr__(name: str) -> Any:
    if name == "gpu_enable":
        return _missing() is None
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
