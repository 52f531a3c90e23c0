"""Backends: which array library an array belongs to, and where new arrays are born.

Arrays decide where an op runs: `backend_of(array)` is a table lookup by type. Settings decide
only where *new* arrays are made: `using_backend` > `set_backend` > the setting "backend".
"""

from arraygrad.backend.base import Backend
from arraygrad.backend.finding import (
    COMPATIBLE,
    PYTHON_SCALARS,
    backend_of,
    backend_origin,
    by_type,
    current_backend,
    get_backend,
    namespace,
    set_backend,
    using_backend,
)

__all__ = [
    "COMPATIBLE", "PYTHON_SCALARS", "Backend", "backend_of", "backend_origin", "by_type",
    "current_backend", "get_backend", "namespace", "set_backend", "using_backend",
]  # fmt: skip
