"""What the modules of kernels share: the compiler, and what it is used for.

The loops are compiled at the first call with arrays of a dtype, in about a second, and kept on
disk by Numba: beside this file, or where that cannot be written in the user's cache directory
(`NUMBA_CACHE_DIR` goes before both). Where neither can be written, each process compiles anew.

They run on one thread. Numba's threads end a process that has forked, as loaders of data do, or
that calls from two threads at once, depending on which of its threading layers is at hand. The
loops let go of the global lock instead, so that threads of the program run them side by side.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numba
import numpy as np

KINDS = (np.dtype("float32"), np.dtype("float64"))

# Products and sums may be joined into one instruction, which is more exact; sums are not put in
# another order, and nan and inf are kept, unless a loop asks for it.
_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True}


def loop(function: Callable[..., Any] | None = None, *, sums: bool = False) -> Any:
    """Decorator: a loop that Numba compiles at its first call.

    sums: sums may be added up in any order, several at a time.
    """
    if function is None:
        return partial(loop, sums=sums)
    math = {"contract", "reassoc"} if sums else {"contract"}
    try:
        return numba.njit(function, cache=True, fastmath=math, **_OPTIONS)
    except RuntimeError:  # there is no place for the cache
        return numba.njit(function, fastmath=math, **_OPTIONS)


def fits(x: Any, *others: Any) -> bool:
    """Whether these are arrays, none of them empty, of one dtype that the loops are for."""
    if type(x) is not np.ndarray or x.dtype not in KINDS or not x.size:
        return False
    dtype = x.dtype
    return all(type(o) is np.ndarray and o.dtype == dtype for o in others)
