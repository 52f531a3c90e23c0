"""PyTorch's files of weights, read without PyTorch: names and NumPy arrays.

`torch.save` writes a pickle and, beside it, the numbers of the tensors. A pickle may call anything;
this reader knows a dict, the numbers and how a tensor is cut out of them, and refuses all else, so
that reading a file never runs code from it.
"""

from __future__ import annotations

import math
import os
import pickle
import struct
import zipfile
from collections import OrderedDict
from collections.abc import Callable
from typing import IO, Any, NamedTuple

import numpy as np

from arraygrad.errors import WeightsError

__all__ = ["read_state_dict"]

_KINDS = {
    "FloatStorage": "f4", "DoubleStorage": "f8", "HalfStorage": "f2", "BFloat16Storage": "u2",
    "LongStorage": "i8", "IntStorage": "i4", "ShortStorage": "i2", "CharStorage": "i1",
    "ByteStorage": "u1", "BoolStorage": "?",
}  # fmt: skip
# The first two pickles of a file from before PyTorch 1.6, or of _use_new_zipfile_serialization=0.
_OLD = [0x1950A86A20F9469CFC6C, 1001]


def read_state_dict(path: str | os.PathLike[str]) -> dict[str, np.ndarray[Any, Any]]:
    """The tensors of a file that `torch.save(model.state_dict(), path)` wrote, by name.

    Both formats of PyTorch are read, that of a zip archive and the one before 1.6. Numbers keep
    their dtype; bfloat16, which NumPy does not have, becomes float32.

    Raises WeightsError for a file that is damaged or something else, and for one with other
    objects than tensors: a whole model, say; FileNotFoundError.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/weights.pth"
    ...     _ = Path(path).write_bytes(b"PK, but not for long")
    ...     read_state_dict(path)
    Traceback (most recent call last):
    arraygrad.errors.WeightsError: ...weights.pth cannot be read as PyTorch's: File is not a zip ...
    """
    with open(path, "rb") as file:
        try:
            is_zip = file.read(2) == b"PK"
            file.seek(0)
            return _read_zip(file) if is_zip else _read_old(file)
        # A damaged file can fail anywhere in the readers, with whatever they have at hand.
        except Exception as error:
            raise WeightsError(
                f"{os.fspath(path)} cannot be read as PyTorch's: {error or type(error).__name__}; "
                "expected what torch.save(model.state_dict(), path) writes"
            ) from error


class _Storage(NamedTuple):
    kind: str
    key: str
    size: int


class _Tensor(NamedTuple):
    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


class _Kind(NamedTuple):
    name: str


class _Unpickler(pickle.Unpickler):
    """Builds dicts of `_Tensor`s, which are descriptions, and nothing that could do harm."""

    def find_class(self, module: str, name: str) -> Any:
        if (module, name) == ("collections", "OrderedDict"):
            return OrderedDict
        if (module, name) == ("torch._utils", "_rebuild_tensor_v2"):
            return _tensor
        if (module, name) == ("torch._utils", "_rebuild_parameter"):
            return _parameter
        if module == "torch" and name in _KINDS:
            return _Kind(name)
        raise WeightsError(f"it holds a {module}.{name}, which is not a tensor")

    def persistent_load(self, pid: Any) -> _Storage:
        # A sixth entry, of old files, is for views of a storage, which nothing writes any more.
        word, kind, key, _, size, *view = pid
        if word != "storage" or not isinstance(kind, _Kind) or any(view):
            raise WeightsError(f"its numbers are described by {pid!r}")
        return _Storage(kind.name, str(key), int(size))


def _tensor(storage: Any, offset: Any, shape: Any, strides: Any, *_: Any) -> _Tensor:
    if not isinstance(storage, _Storage):
        raise WeightsError(f"a tensor has a {type(storage).__name__} in place of its numbers")
    return _Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides)))


def _parameter(tensor: Any, *_: Any) -> Any:
    return tensor


def _read_zip(file: IO[bytes]) -> dict[str, np.ndarray[Any, Any]]:
    with zipfile.ZipFile(file) as archive:
        names = archive.namelist()
        [pickled] = [name for name in names if name.rpartition("/")[2] == "data.pkl"]
        root = pickled.removesuffix("data.pkl")
        order = archive.read(f"{root}byteorder") if f"{root}byteorder" in names else b"little"
        with archive.open(pickled) as stream:
            found = _Unpickler(stream).load()
        # Reading a member to its end compares its checksum.
        return _arrays(found, lambda key: archive.read(f"{root}data/{key}"), order == b"little")


def _read_old(file: IO[bytes]) -> dict[str, np.ndarray[Any, Any]]:
    if [_Unpickler(file).load() for _ in _OLD] != _OLD:
        raise WeightsError("it begins like something else")
    little = bool(_Unpickler(file).load()["little_endian"])
    found = _Unpickler(file).load()
    keys = _Unpickler(file).load()
    items = {t.storage.key: np.dtype(_KINDS[t.storage.kind]).itemsize for t in _tensors(found)}
    storages = {}
    for key in keys:
        (size,) = struct.unpack("<q" if little else ">q", file.read(8))
        storages[key] = file.read(size * items[key])
    if file.read(1):
        raise WeightsError("it is longer than it says")
    return _arrays(found, storages.__getitem__, little)


def _tensors(found: Any) -> list[_Tensor]:
    if not isinstance(found, dict) or not all(isinstance(name, str) for name in found):
        raise WeightsError(f"it holds a {type(found).__name__}, not names and tensors")
    for name, value in found.items():
        if not isinstance(value, _Tensor):
            raise WeightsError(f"its {name!r} is a {type(value).__name__}, not a tensor")
    return list(found.values())


def _arrays(
    found: Any, numbers: Callable[[str], bytes], little: bool
) -> dict[str, np.ndarray[Any, Any]]:
    arrays = {}
    for name, tensor in zip(found, _tensors(found), strict=True):
        storage = tensor.storage
        dtype = np.dtype(_KINDS[storage.kind]).newbyteorder("<" if little else ">")
        data = numbers(storage.key)
        if len(data) != storage.size * dtype.itemsize:
            raise WeightsError(f"{name} has {len(data)} bytes of numbers for {storage.size}")
        # A stride of 0 would make few numbers many. That none is outside, NumPy finds again.
        ends = [(n - 1) * step for n, step in zip(tensor.shape, tensor.strides, strict=True)]
        count, last = math.prod(tensor.shape), tensor.offset + sum(ends)
        if min(tensor.offset, *tensor.shape, *tensor.strides, 0) < 0 or (
            count > 0 and max(count - 1, last) >= storage.size
        ):
            raise WeightsError(
                f"{name} is {tensor.shape} with strides {tensor.strides} from number "
                f"{tensor.offset} on, out of {storage.size}"
            )
        view: np.ndarray[Any, Any] = np.ndarray(
            tensor.shape,
            dtype,
            data,
            tensor.offset * dtype.itemsize,
            [step * dtype.itemsize for step in tensor.strides],
        )
        if storage.kind == "BFloat16Storage":
            # The upper half of a float32.
            arrays[name] = (view.astype(np.uint32) << 16).view(np.float32)
        else:
            arrays[name] = np.array(view, dtype.newbyteorder("="), order="C")
    return arrays
