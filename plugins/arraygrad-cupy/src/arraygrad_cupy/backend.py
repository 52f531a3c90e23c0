"""CupyBackend: the namespace and devices of CuPy, and what the array API standard lacks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from arraygrad.backend import Backend
from arraygrad.errors import BackendError
from arraygrad.gather import is_basic
from arraygrad_cupy import driver


class CupyBackend(Backend):
    """CuPy arrays on GPUs of NVIDIA.

    Nothing here waits for the GPU, except for `to_numpy`: values are not looked at to check
    them. Labels and positions out of range give nan, where other backends raise.

    >>> from arraygrad_cupy import driver
    >>> CupyBackend().available() is True or bool(driver.missing())
    True
    """

    def __init__(self) -> None:
        self.reason: bool | str = driver.missing() or True
        xp: Any = None
        if self.reason is True:
            import cupy

            from arraygrad_cupy import namespace as xp

            self.cupy: Any = cupy
        self._tables: dict[tuple[int, Any, str], tuple[np.ndarray, Any]] = {}
        super().__init__("cupy", xp)

    def available(self) -> bool | str:
        return self.reason

    def devices(self) -> list[Any]:
        cuda = self.cupy.cuda
        return [cuda.Device(i) for i in range(cuda.runtime.getDeviceCount())]

    def device(self, x: Any) -> Any:
        return x.device

    def to_device(self, x: Any, device: Any) -> Any:
        with self._on(device):
            return self.cupy.asarray(x)

    def asarray(self, obj: Any, dtype: Any = None, device: Any = None) -> Any:
        if isinstance(obj, np.ndarray | np.generic):
            array = np.asarray(obj)
            return self.from_numpy(array if dtype is None else array.astype(dtype), device)
        with self._on(device):
            return self.cupy.asarray(obj, dtype=dtype)

    def table(self, array: np.ndarray, dtype: Any = None, device: Any = None) -> Any:
        if device is None:  # the current one, which another block may change
            device = self.cupy.cuda.Device()
        # The entry holds the array, so that no other one can have its id meanwhile.
        key = id(array), dtype, str(device)
        found = self._tables.get(key)
        if found is None:
            if len(self._tables) >= _TABLES:
                self._tables.clear()
            found = self._tables[key] = array, self.asarray(array, dtype, device)
        return found[1]

    def from_numpy(self, array: np.ndarray, device: Any = None) -> Any:
        array = np.asarray(array)
        if not array.dtype.isnative:
            array = array.astype(array.dtype.newbyteorder("="))
        with self._on(device):
            return self.cupy.array(array)

    def to_numpy(self, x: Any) -> np.ndarray:
        array: np.ndarray = self.cupy.asnumpy(x)
        return array

    def concrete(self, x: Any) -> bool:
        """False: to read a value waits until the GPU has done all that it was given to do."""
        return False

    def may_have_nan(self, x: Any) -> bool:
        return True

    def ones_like(self, x: Any) -> Any:
        return self.cupy.ones_like(x)

    def apart(self, xs: list[Any], others: Sequence[Any] = ()) -> list[Any]:
        seen = {id(x) for x in others}
        for i, x in enumerate(xs):
            # A view may be of what a node or the user holds.
            if id(x) in seen or x.base is not None:
                xs[i] = x = self.copy(x)
            seen.add(id(x))
        return xs

    def copy(self, x: Any) -> Any:
        with x.device:  # CuPy copies to the device that is the current one
            return x.copy()

    def dtype(self, dtype: Any) -> Any:
        return np.dtype(dtype)

    def one_hot(self, t: Any, classes: int, like: Any) -> Any:
        cupy = self.cupy
        t = t[..., None]
        hot = t == cupy.arange(classes)  # of int64: there may be more classes than t has numbers
        if like.dtype.kind not in "fc":
            return hot.astype(like.dtype)
        inside = (t >= 0) & (t < classes)
        # nan for a label that is none: a wrong number that nobody sees would be worse.
        return cupy.where(inside, hot.astype(like.dtype), like.dtype.type(math.nan))

    def keep_mask(self, shape: tuple[int, ...], ratio: float, device: Any = None) -> Any:
        from arraygrad_cupy.noise import keep

        with self._on(device):
            return keep(self.cupy, shape, ratio)

    def index_add(self, shape: tuple[int, ...], key: Any, values: Any) -> Any:
        dtype, cupy = values.dtype, self.cupy
        if dtype.kind == "c":
            y = cupy.zeros(shape, dtype)
            y.real = self.index_add(shape, key, values.real)
            y.imag = self.index_add(shape, key, values.imag)
            return y
        if dtype.char not in _ADDED:
            return self.index_add(shape, key, values.astype(_WIDER[dtype.kind])).astype(dtype)
        y = cupy.zeros(shape, dtype)
        if (
            is_basic(key) or getattr(getattr(key, "dtype", None), "kind", "") == "b"
        ):  # no position repeats
            y[key] = values
        else:
            cupy.add.at(y, key, values)
        return y

    def _on(self, device: Any) -> AbstractContextManager[Any]:
        """The device, as a block in which it is the current one; by its number or name too."""
        if device is None:
            return nullcontext()
        if not isinstance(device, self.cupy.cuda.Device):
            found = [d for d in self.devices() if device in (d.id, str(d.id), f"cuda:{d.id}")]
            found = found or (self.devices()[:1] if device == "cuda" else [])
            if not found:
                names = ", ".join(f"'cuda:{d.id}'" for d in self.devices())
                raise BackendError(
                    f"backend cupy: got the device {device!r}, expected one of {names}"
                )
            device = found[0]
        block: AbstractContextManager[Any] = device
        return block


_TABLES = 64
"""How many tables stay on the GPU."""
_ADDED = "fdilqILQ"
"""Types that the GPU adds to memory in one step, so that what meets at one place adds up."""
_WIDER = {"f": np.float32, "b": np.int32, "i": np.int32, "u": np.uint32}
