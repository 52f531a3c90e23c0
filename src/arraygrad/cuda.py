"""The book's doors to the GPU: which library an array belongs to, and moves between two of them.

Nothing here is needed to compute on a GPU: arrays of CuPy, PyTorch or JAX decide where ops run.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad.backend import Backend, backend_of, get_backend
from arraygrad.errors import BackendError
from arraygrad.variable import Variable, as_array, as_numpy

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


def as_cupy(x: Any) -> Any:
    """A Variable, an array of any library, a number or nested lists as a CuPy array.

    Raises a BackendError that says what is missing, without CuPy, arraygrad-cupy or a GPU.
    """
    there = backend()
    if isinstance(x, Variable):
        x = as_array(x)
    if hasattr(x, "shape") and backend_of(x).name == there.name:
        return x
    return there.from_numpy(as_numpy(x))


def backend() -> Backend:
    """The backend of CuPy, of arraygrad-cupy; a BackendError says what is missing and what to do.

    Nothing else needs it: on the CPU all of arraygrad runs without.
    """
    return get_backend("cupy")


def __getattr__(name: str) -> Any:
    if name != "gpu_enable":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        backend()
    except BackendError:
        return False
    return True
