"""TorchBackend: the namespace and devices of PyTorch, and what the array API standard lacks."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from arraygrad.backend import Backend
from arraygrad.errors import ArgumentError, GradientError
from arraygrad.gather import gather


class TorchBackend(Backend):
    """PyTorch tensors on the CPU, on CUDA devices and on Apple's GPUs.

    Tensors that require grad are refused: arraygrad differentiates, not PyTorch, and what both
    record would give neither's gradient. `tensor.detach()` gives one without.

    >>> from arraygrad import get_backend
    >>> backend = get_backend("torch")
    >>> backend.asarray([1.0, 2.0])
    tensor([1., 2.])
    >>> backend.devices()[0]
    device(type='cpu')
    """

    def __init__(self) -> None:
        self.reason: bool | str = True
        xp: Any = None
        try:
            import array_api_compat.torch as xp
            import torch
        except ImportError as error:
            self.reason = f"PyTorch cannot be imported ({error}); pip install torch"
        else:
            self.torch: Any = torch
        super().__init__("torch", xp)

    def available(self) -> bool | str:
        return self.reason

    def devices(self) -> list[Any]:
        torch = self.torch
        found = [torch.device("cpu")]
        for name in ("cuda", "xpu"):
            library = getattr(torch, name, None)
            if library is not None and library.is_available():
                found += [torch.device(name, i) for i in range(library.device_count())]
        if torch.backends.mps.is_available():
            found += [torch.device("mps", 0)]
        return found

    def device(self, x: Any) -> Any:
        return x.device

    def to_device(self, x: Any, device: Any) -> Any:
        return self.accept(x).to(device)

    def asarray(self, obj: Any, dtype: Any = None, device: Any = None) -> Any:
        if isinstance(obj, np.ndarray | np.generic):
            if dtype is None:
                return self.from_numpy(np.asarray(obj), device)
            # On the host first: a device may not have the dtype of what is given.
            x = self.from_numpy(np.asarray(obj), "cpu").to(self.dtype(dtype))
            return x.to(self.torch.get_default_device() if device is None else device)
        if isinstance(obj, self.torch.Tensor):
            self.accept(obj)
        return self.xp.asarray(obj, dtype=dtype, device=device)

    def from_numpy(self, array: np.ndarray, device: Any = None) -> Any:
        array = np.asarray(array)
        if array.dtype.name == "bfloat16":  # of ml_dtypes, which PyTorch does not know
            return self.from_numpy(array.view("int16"), device).view(self.torch.bfloat16)
        if not array.dtype.isnative:
            array = array.astype(array.dtype.newbyteorder("="))
        if any(step < 0 for step in array.strides):
            array = array.copy()
        return self.torch.tensor(array, device=device)

    def share(self, array: np.ndarray) -> Any:
        """A tensor over the memory of a NumPy array, without a copy: each sees what is written.

        Raises ArgumentError for a read-only array; ValueError of PyTorch for negative strides.
        """
        if not array.flags.writeable:
            raise ArgumentError(
                "TorchBackend.share: got a read-only array, expected one that can be written into, "
                "as a tensor can; use from_numpy, which makes a copy"
            )
        return self.torch.from_numpy(array)

    def to_numpy(self, x: Any) -> np.ndarray:
        x = self.accept(x)
        if x.device.type != "cpu":
            x = x.cpu()
        if x.dtype == self.torch.bfloat16:  # which NumPy does not know
            x = x.float()
        array: np.ndarray = x.resolve_conj().resolve_neg().numpy()
        return array

    def as_array(self, x: Any) -> Any:
        return self.accept(x)

    def accept(self, x: Any) -> Any:
        if x.requires_grad:
            raise GradientError(
                f"arraygrad on PyTorch: got a tensor of shape {tuple(x.shape)} that requires grad, "
                f"or what was computed from one, expected tensors that PyTorch does not "
                f"differentiate; give tensor.detach()"
            )
        return x

    def ones_like(self, x: Any) -> Any:
        return self.torch.ones_like(self.accept(x))

    def apart(self, xs: list[Any], others: Sequence[Any] = ()) -> list[Any]:
        seen = {x.untyped_storage().data_ptr() for x in others}
        for i, x in enumerate(xs):
            place = x.untyped_storage().data_ptr()
            # A view may be of what a node or the user holds.
            if place in seen or x._is_view():
                xs[i] = x = x.clone(memory_format=self.torch.contiguous_format)
                place = x.untyped_storage().data_ptr()
            seen.add(place)
        return xs

    def copy(self, x: Any) -> Any:
        return self.accept(x).clone(memory_format=self.torch.contiguous_format)

    def dtype(self, dtype: Any) -> Any:
        if isinstance(dtype, self.torch.dtype):
            return dtype
        name = dtype if isinstance(dtype, str) else np.dtype(dtype).name
        found = getattr(self.torch, name, None)
        return found if isinstance(found, self.torch.dtype) else super().dtype(dtype)

    def one_hot(self, t: Any, classes: int, like: Any) -> Any:
        y = t.new_zeros((*t.shape, classes), dtype=like.dtype)
        return y.scatter_(-1, t.long()[..., None], 1)

    def within(self, t: Any, n: int) -> bool:
        low, high = self.torch.aminmax(t)
        return bool(((low >= 0) & (high < n)).item())

    def index_add(self, shape: tuple[int, ...], key: Any, values: Any) -> Any:
        torch = self.torch
        y = torch.zeros(shape, dtype=values.dtype, device=values.device)
        whole = isinstance(key, torch.Tensor) and not key.is_floating_point()
        if whole and key.ndim and key.dtype != torch.bool:  # rows, as an embedding's gradient has
            rows = key.reshape(-1).long()
            rows = torch.where(rows < 0, rows + shape[0], rows)
            values = values.expand(*key.shape, *shape[1:])
            return y.index_add_(0, rows, values.reshape(-1, *shape[1:]))
        parts = key if isinstance(key, tuple) else (key,)
        if all(_is_basic(part) for part in parts):
            y[key] = values  # no position twice
            return y
        places = torch.arange(math.prod(shape), device=values.device).reshape(shape)
        places = gather(self.xp, places, key)
        values = values.broadcast_to(places.shape).reshape(-1)
        y.reshape(-1).index_add_(0, places.reshape(-1), values)
        return y


def _is_basic(part: Any) -> bool:
    """Whether it is a part of a key that PyTorch makes a view by."""
    if type(part) is slice:
        return part.step is None or part.step > 0
    return part is None or part is Ellipsis or type(part) is int
