"""Masks of dropout, made on the GPU from one number of NumPy's global generator.

Element i of a mask is a hash of that number and i, so that `np.random.seed` decides the masks of
a whole training, on every GPU the same, and none of them travels. The hash is SplitMix64: Steele,
Lea and Flood 2014, "Fast splittable pseudorandom number generators".
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from arraygrad_cupy.elementwise import elementwise

_STEP, _FIRST, _SECOND = map(
    np.uint64, (0x9E3779B97F4A7C15, 0xBF58476D1CE4E5B9, 0x94D049BB133111EB)
)

_kept = elementwise(
    "uint64 seed, uint64 least, uint64 step, uint64 first, uint64 second",
    "bool y",
    """
    size_t z = seed + (size_t(i) + size_t(1)) * step;
    z = (z ^ (z >> 30)) * first;
    z = (z ^ (z >> 27)) * second;
    z = (z ^ (z >> 31)) >> 11;
    y = z >= least
    """,
    "keep",
)


def keep(cupy: Any, shape: tuple[int, ...], ratio: float) -> Any:
    """Booleans, False with probability `ratio`, on the current device."""
    seed = np.random.randint(0, 2**64 - 1, dtype=np.uint64)
    least = np.uint64(math.ceil(ratio * 2**53))
    return _kept(seed, least, _STEP, _FIRST, _SECOND, cupy.empty(shape, bool))
