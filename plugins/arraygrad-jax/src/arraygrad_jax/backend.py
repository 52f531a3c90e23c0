"""JaxBackend: the namespace and devices of JAX, and what the array API standard lacks."""

from __future__ import annotations

from collections.abc import Sequence
from contextvars import ContextVar
from typing import Any

import numpy as np

from arraygrad.backend import Backend
from arraygrad.errors import BackendError


class JaxBackend(Backend):
    """JAX arrays: immutable, on any of its devices, and inside of functions that JAX traces.

    float64 needs JAX's own switch, JAX_ENABLE_X64=1; without it JAX makes float32 of it.

    >>> from arraygrad import get_backend
    >>> get_backend("jax").asarray([1.0, 2.0]).shape
    (2,)
    """

    def __init__(self) -> None:
        self.reason: bool | str = True
        xp: Any = None
        state = np.random.get_state()  # to import JAX draws from it, and seeds decide weights
        try:
            import jax
            import jax.numpy
        except ImportError as error:
            self.reason = f"JAX cannot be imported ({error}); pip install jax"
        else:
            xp = jax.numpy
            self.jax: Any = jax
            self.tracer: type = jax.core.Tracer
        finally:
            np.random.set_state(state)
        super().__init__("jax", xp, mutable=False)

    def available(self) -> bool | str:
        return self.reason

    def devices(self) -> list[Any]:
        return list(self.jax.devices())

    def device(self, x: Any) -> Any:
        """The device of an array, or the sharding of one that is on several; None of a tracer."""
        return None if isinstance(x, self.tracer) else x.device

    def to_device(self, x: Any, device: Any) -> Any:
        return x if device is None else self.jax.device_put(x, self._device(device))

    def asarray(self, obj: Any, dtype: Any = None, device: Any = None) -> Any:
        if dtype is not None:
            dtype = self.dtype(dtype)
        if isinstance(obj, np.ndarray | np.generic):
            return self.xp.array(obj, dtype=dtype, device=self._device(device))
        return self.xp.asarray(obj, dtype=dtype, device=self._device(device))

    def from_numpy(self, array: np.ndarray, device: Any = None) -> Any:
        # A copy: JAX may take over the memory of an array that it believes never to change.
        return self.xp.array(np.asarray(array), device=self._device(device))

    def _device(self, device: Any) -> Any:
        """A device by its name too, such as "cpu:1"."""
        if not isinstance(device, str):
            return device
        found = [d for d in self.devices() if str(d) == device]
        found = found or [d for d in self.devices() if d.platform == device]
        if not found:
            raise BackendError(
                f"backend jax: got the device {device!r}, expected one of "
                f"{', '.join(map(str, self.devices()))}"
            )
        return found[0]

    def to_numpy(self, x: Any) -> np.ndarray:
        if isinstance(x, self.tracer):
            raise BackendError(
                "backend jax: got an array that has no values yet, because the function it is "
                "computed in is being compiled; return it from the function, and look there"
            )
        return np.asarray(x)

    def concrete(self, x: Any) -> bool:
        return not isinstance(x, self.tracer)

    def keep_mask(self, shape: tuple[int, ...], ratio: float, device: Any = None) -> Any:
        draw = in_step.get()
        if draw is None:
            return super().keep_mask(shape, ratio, device)
        return self.jax.random.uniform(draw(), shape) >= ratio

    def copy(self, x: Any) -> Any:
        return self.xp.array(x, copy=True)

    def dtype(self, dtype: Any) -> Any:
        return np.dtype(dtype)

    def one_hot(self, t: Any, classes: int, like: Any) -> Any:
        return self.jax.nn.one_hot(t, classes, dtype=like.dtype)

    def index_add(self, shape: tuple[int, ...], key: Any, values: Any) -> Any:
        zeros = self.xp.zeros(shape, values.dtype, device=self.device(values))
        return zeros.at[_parts(key)].add(values)

    def set_item(self, x: Any, key: Any, value: Any) -> Any:
        return x.at[_parts(key)].set(self.xp.asarray(value, dtype=x.dtype))

    def jit(self, function: Any, state: Sequence[Any]) -> Any:
        from arraygrad_jax.steps import Step

        return Step(self, function, state)


def _parts(key: Any) -> tuple[Any, ...]:
    """A key as JAX takes it, which refuses lists."""
    parts = key if isinstance(key, tuple) else (key,)
    return tuple(np.asarray(part) if isinstance(part, list) else part for part in parts)


# What gives a random key inside of a step that is being compiled; None outside.
in_step: ContextVar[Any] = ContextVar("arraygrad_jax.in_step", default=None)
