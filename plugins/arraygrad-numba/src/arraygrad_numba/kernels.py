"""The door to the kernels: imports the one that is asked for, and Numba with it.

Numba may be installed and still refuse to be imported, most often beside a NumPy newer than it
knows. Then the core's kernels run, and one warning says why.
"""

from __future__ import annotations

import warnings
from importlib import import_module
from typing import Any

from arraygrad.errors import PluginWarning
from arraygrad_numba._plugin import KERNELS

_warned = False


def __getattr__(name: str) -> Any:
    for module, kernels in KERNELS.items():
        for op, kernel in kernels.items():
            if kernel == name:
                return _imported(module, op, name)
    raise AttributeError(f"arraygrad_numba.kernels has no {name!r}")


def _imported(module: str, op: str, name: str) -> Any:
    global _warned
    try:
        return getattr(import_module(f"arraygrad_numba.kernels_{module}"), name)
    except ImportError as error:
        from arraygrad_numba.fallback import core

        if not _warned:
            _warned = True
            warnings.warn(
                f"arraygrad-numba: Numba cannot be imported ({error}), so the core's kernels run; "
                f"install a Numba that fits, or turn this plugin off with ARRAYGRAD_PLUGINS=-numba",
                PluginWarning,
                stacklevel=2,
            )
        return core(op)
