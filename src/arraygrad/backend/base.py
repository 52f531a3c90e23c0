"""What a backend is: the class, with defaults for any library that follows the standard."""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import numpy as np

from arraygrad.errors import BackendError


class Backend:
    """An array library: its namespace, and the few things the array API standard lacks.

    Every method has a default in terms of the standard, so a conforming library needs no
    subclass. `xp` is an array API namespace; `mutable` says whether `x[key] = value` works.
    """

    def __init__(self, name: str, xp: Any, *, mutable: bool = True) -> None:
        self.name = name
        self.xp = xp
        self.mutable = mutable

    def __repr__(self) -> str:
        return f"<arraygrad backend {self.name}>"

    def available(self) -> bool | str:
        """True, or the reason why this backend cannot run here."""
        return True

    def devices(self) -> list[Any]:
        """The devices of the library, as it names them."""
        info = getattr(self.xp, "__array_namespace_info__", None)
        if info is None:
            return ["cpu"]
        with warnings.catch_warnings():
            # To list its devices a library may try old names, and warn of them.
            warnings.simplefilter("ignore")
            return [device for device in info().devices() if device is not None]

    def device(self, x: Any) -> Any:
        """The device that `x` is on."""
        import array_api_compat

        return array_api_compat.device(x)

    def to_device(self, x: Any, device: Any) -> Any:
        """`x` on `device`."""
        import array_api_compat

        return array_api_compat.to_device(x, device)

    def asarray(self, obj: Any, dtype: Any = None, device: Any = None) -> Any:
        """An array of this library from a number, nested lists or an array; NumPy's are copied."""
        if isinstance(obj, np.ndarray | np.generic):
            if dtype is not None:  # cast on the host: the device may not have the dtype of obj
                with suppress(TypeError):  # bfloat16 is none of NumPy's
                    obj = obj.astype(str(dtype).rpartition(".")[2])
            obj = self.from_numpy(np.asarray(obj), device)
        return self.xp.asarray(obj, dtype=dtype, device=device)

    def table(self, array: np.ndarray, dtype: Any = None, device: Any = None) -> Any:
        """A NumPy array that nobody changes, here; a backend may keep it for the next call."""
        return self.asarray(array, dtype, device)

    def from_numpy(self, array: np.ndarray, device: Any = None) -> Any:
        """A copy of a NumPy array as an array of this library."""
        return self.xp.asarray(array.copy(), device=device)

    def to_numpy(self, x: Any) -> np.ndarray:
        """`x` as a NumPy array on the host."""
        try:
            return np.asarray(x)
        except (TypeError, ValueError, RuntimeError, BufferError):
            try:  # CuPy has no device for the host, but array-api-compat knows this word for it
                return np.asarray(self.to_device(x, "cpu"))
            except (TypeError, ValueError, RuntimeError, BufferError):
                return np.asarray(self.to_device(x, self.devices()[0]))

    def as_array(self, x: Any) -> Any:
        """`x` itself, or the 0-d array of a scalar type of the library."""
        return x

    def accept(self, x: Any) -> Any:
        """`x` as the data of a Variable; raises an error for an array that cannot be."""
        return x

    def concrete(self, x: Any) -> bool:
        """Whether values may be read to check them: not of what a compiler traces, or what a read
        would wait for."""
        return True

    def may_have_nan(self, x: Any) -> bool:
        """Whether there is a NaN in `x`, or it cannot be read now."""
        bad = x != x
        return not self.concrete(bad) or bool(self.xp.any(bad) if x.shape else bad)

    def ones_like(self, x: Any) -> Any:
        """Ones with the shape, dtype and device of `x`."""
        return self.xp.ones_like(x)

    def apart(self, xs: list[Any], others: Sequence[Any] = ()) -> list[Any]:
        """`xs`, with copies for arrays that share memory with another one or with `others`."""
        seen = {id(x) for x in others}
        for i, x in enumerate(xs):
            if id(x) in seen:
                xs[i] = x = self.copy(x)
            seen.add(id(x))
        return xs

    def copy(self, x: Any) -> Any:
        """A copy of `x`."""
        return self.xp.asarray(x, copy=True)

    def dtype(self, dtype: Any) -> Any:
        """This library's dtype for a NumPy dtype, its name, or a dtype of this library."""
        try:
            return getattr(self.xp, np.dtype(dtype).name)
        except TypeError:
            return dtype

    def scalar(self, value: float, dtype: Any) -> Any:
        """`value` as the cheapest factor of arrays of `dtype`; a Python number does anywhere."""
        return value

    def one_hot(self, t: Any, classes: int, like: Any) -> Any:
        """Rows of zeros with a one at the whole numbers `t` (...); dtype and device of `like`."""
        places = self.xp.arange(classes, dtype=t.dtype, device=self.device(t))
        return self.xp.astype(t[..., None] == places, like.dtype)

    def keep_mask(self, shape: tuple[int, ...], ratio: float, device: Any = None) -> Any:
        """Booleans, False with probability `ratio`; NumPy's generator decides them anywhere."""
        return self.asarray(np.random.random(shape) >= ratio, device=device)

    def within(self, t: Any, n: int) -> bool:
        """Whether all whole numbers in `t` are from 0 to n - 1, or cannot be read now."""
        return not self.concrete(t) or (int(self.xp.min(t)) >= 0 and int(self.xp.max(t)) < n)

    def jit(self, function: Any, state: Sequence[Any]) -> Any:
        """`function`, compiled; see `arraygrad.jit`. Raises BackendError where there is no way."""
        raise BackendError(
            f"jit: got a function that works on arrays of {self.name}, which compiles none; "
            f"expected a backend that does, such as jax of arraygrad-jax: choose it with "
            f"ARRAYGRAD_BACKEND, or call the function as it is"
        )

    def index_add(self, shape: tuple[int, ...], key: Any, values: Any) -> Any:
        """Zeros of `shape` with `values` added at `key`, repeated positions adding up."""
        from arraygrad.gather import index_add

        return index_add(self.xp, shape, key, values, mutable=self.mutable)

    def set_item(self, x: Any, key: Any, value: Any) -> Any:
        """A copy of `x` with `value` at `key`; of repeated positions the last one counts."""
        from arraygrad.gather import replaced, set_item

        if getattr(value, "dtype", x.dtype) != x.dtype:
            value = self.xp.astype(value, x.dtype)
        if not self.mutable:
            return replaced(self.xp, x, key, value)
        y = self.copy(x)
        set_item(self.xp, y, key, value)
        return y
