"""The namespaces that the suite is pointed at: `namespaces.numpy`, `namespaces.tracked_numpy`, ...

The name of the array library's module follows, as in `namespaces.array_api_strict`.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

from arraygrad import Variable

# What makes arrays; the suite makes others from these.
MAKERS = frozenset(
    ["arange", "asarray", "empty", "empty_like", "eye", "from_dlpack", "full", "full_like",
     "linspace", "ones", "ones_like", "zeros", "zeros_like"]
)  # fmt: skip


class Tracked:
    """A differentiable namespace whose new arrays of floats and complex numbers are tracked."""

    def __init__(self, xp: Any) -> None:
        self._xp = xp
        self.__name__ = f"tracked_{xp.__name__}"

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._xp, name)
        if name in MAKERS:
            found = self._tracking(found)
        return found

    def _tracking(self, make: Any) -> Any:
        from functools import wraps

        @wraps(make)
        def tracking(*args: Any, **kwargs: Any) -> Any:
            x = make(*args, **kwargs)
            if x.requires_grad or not self._xp.isdtype(
                x.dtype, ("real floating", "complex floating")
            ):
                return x
            # Not a leaf: these may not be changed in place, and the suite does so.
            return self._xp.positive(Variable(x.data))

        return tracking


def __getattr__(name: str) -> Any:
    if name.startswith("__"):
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    library = import_module(name.removeprefix("tracked_"))
    xp = Variable(library.asarray([0.0])).__array_namespace__()
    return Tracked(xp) if name.startswith("tracked_") else xp
