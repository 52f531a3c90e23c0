"""Workspace: large NumPy arrays out of memory that is used again.

The C library gives the memory of a large array back to the system when the array dies, and a
fresh one costs a page fault for every 4 kB as it is first written: on arrays of some megabytes
as much as the arithmetic. A kernel that makes such an array in each training step takes it from
here. A block is free again when nobody refers to an array in it, or to a view of one, any more:
the count of references to the block says so, and nothing has to be given back.
"""

from __future__ import annotations

import sys
from _thread import _local  # threading.local, without what else threading imports
from math import prod
from sys import getrefcount
from typing import Any

import numpy as np

SMALLEST = 1 << 16
"""Arrays of fewer bytes come from NumPy itself."""
LIMIT = 1 << 28
"""Bytes of free memory that a thread keeps at most."""


class _Blocks(_local):
    """The blocks of one thread, by size: no other thread can take one at the same time."""

    def __init__(self) -> None:
        self.by_size: dict[int, list[bytearray]] = {}


_own = _Blocks()


def empty(shape: tuple[int, ...], dtype: Any) -> Any:
    """A C-contiguous NumPy array of `shape` and `dtype` whose elements are not set.

    >>> x = empty((512, 512), np.dtype("float32"))
    >>> x.shape, x.dtype.name, x.flags.c_contiguous
    ((512, 512), 'float32', True)
    """
    size = prod(shape) * dtype.itemsize
    if size < SMALLEST or not COUNTS:
        return np.empty(shape, dtype)
    # Four sizes to each power of two: batches that differ a little share blocks.
    step = 1 << (size.bit_length() - 3)
    size = -(-size // step) * step
    blocks = _own.by_size.get(size)
    if blocks is None:
        blocks = _own.by_size[size] = []
    block = _free(blocks)
    if block is None:
        _make_room(size)
        _own.by_size[size] = blocks
        block = bytearray(size)
        blocks.append(block)
    return np.ndarray(shape, dtype, block)


def empty_like(x: Any) -> Any:
    """`empty` in the shape, the dtype and the order in memory of another array.

    >>> empty_like(np.ones((2, 3))).shape
    (2, 3)
    """
    if x.nbytes < SMALLEST:
        return np.empty_like(x)
    if x.flags.c_contiguous:
        return empty(x.shape, x.dtype)
    strides = x.strides
    order = sorted(range(x.ndim), key=lambda axis: -abs(strides[axis]))
    back = sorted(range(x.ndim), key=order.__getitem__)
    return empty(tuple([x.shape[axis] for axis in order]), x.dtype).transpose(back)


def held() -> int:
    """How many bytes this thread's workspace holds, in use or free.

    >>> x = empty((1024, 1024), np.dtype("float32"))
    >>> held() >= x.nbytes
    True
    """
    return sum(size * len(blocks) for size, blocks in _own.by_size.items())


def clear() -> None:
    """Give the free memory of this thread's workspace back.

    >>> clear()
    """
    for size in list(_own.by_size):
        blocks = _own.by_size.get(size, [])
        used = []
        while blocks:
            block = blocks.pop()
            # The list has let go of it, so one reference less is the rest.
            if getrefcount(block) > _ALONE - 1:
                used.append(block)
        blocks += used
        if not blocks:
            _own.by_size.pop(size, None)


def _make_room(size: int) -> None:
    """Give the free blocks back where, with one of `size` more, they might exceed the limit."""
    if held() + size > LIMIT:
        clear()


def _free(blocks: list[bytearray]) -> bytearray | None:
    """A block that nobody but the list refers to, or None.

    It is referred to from before its references are counted until there is an array in it: a
    signal handler or a finalizer, which may run in between, cannot take it too.
    """
    for block in blocks:
        if getrefcount(block) <= _ALONE:
            return block
    return None


def _count_of_one() -> int:
    """What getrefcount says in `_free` of a block without arrays; it depends on the Python."""
    for block in [bytearray(1)]:
        return getrefcount(block)
    raise AssertionError


_ALONE = _count_of_one()
# Without a global lock, or without counts, a block that looks free may not be.
COUNTS = sys.implementation.name == "cpython" and getattr(sys, "_is_gil_enabled", lambda: True)()
