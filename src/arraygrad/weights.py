"""Weights: names <-> arrays <-> one file; the only module that reads and writes model files.

The suffix of the path says which format: ``.npz`` (NumPy's, the default; without pickle, so that
reading a file never runs code from it) or ``.safetensors`` (needs the extra `safetensors`). A path
with another suffix or none gets ``.npz`` appended, when written and when read. Names are those of
`Layer.named_weights`, such as ``l0/W``; files of the book's framework can be read.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import IO, TYPE_CHECKING, Any

import numpy as np

from arraygrad import backend as backends
from arraygrad.errors import LayerError, WeightsError

if TYPE_CHECKING:
    from pathlib import Path

    from arraygrad.layers import Layer

SUFFIXES = (".npz", ".safetensors")


def save_weights(layer: Layer, path: str | os.PathLike[str]) -> Path:
    """Write all parameters and buffers of a layer to one file, and return the path of that file.

    The file appears under its name when it is whole, not before. Arrays of any backend are
    copied to the host for it, and stay where they are.

    Raises LayerError if a parameter has no data yet, WeightsError for a dtype that the format
    does not have, OSError if the file cannot be written.

    >>> import tempfile
    >>> from arraygrad.layers import Linear
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_weights(Linear(3, in_size=2), f"{folder}/linear")
    ...     path.name, {name: a.shape for name, a in read_arrays(path).items()}
    ('linear.npz', {'W': (2, 3), 'b': (3,)})
    """
    missing = [name for name, p in layer.named_weights() if p.data is None]
    if missing:
        raise LayerError(
            f"save_weights: {type(layer).__name__} has parameters without data: "
            f"{', '.join(missing)}; they get it at the first call: call the model once before"
        )
    arrays = {
        name: backends.backend_of(p.data).to_numpy(p.data) for name, p in layer.named_weights()
    }
    return write_arrays(path, arrays)


def load_weights(layer: Layer, path: str | os.PathLike[str]) -> None:
    """Read the parameters and buffers of a layer from a file that `save_weights` wrote.

    Each stays on the backend and device where it is. Those of a layer that was never called
    get their sizes from the file, and are born on the current backend.

    Raises WeightsError if the file is damaged, or if names, shapes or dtypes do not fit; the
    message lists all that do not, and nothing has changed. Raises FileNotFoundError.

    >>> import tempfile
    >>> from arraygrad.layers import Linear
    >>> layer = Linear(3)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = save_weights(Linear(3, in_size=2), f"{folder}/linear.npz")
    ...     load_weights(layer, path)
    >>> layer.in_size
    2
    """
    path = _with_suffix(path)
    load_arrays(layer, read_arrays(path), str(path))


def load_arrays(
    layer: Layer, arrays: Mapping[str, np.ndarray[Any, Any]], source: str = "what is given"
) -> None:
    """Give a layer its parameters and buffers by name, from NumPy arrays; see `load_weights`.

    They are taken over, not copied. source: where they are from, for the message of the
    WeightsError.

    >>> from arraygrad.layers import Linear
    >>> layer = Linear(1)
    >>> load_arrays(layer, {"W": np.ones((2, 1), np.float32), "b": np.zeros(1, np.float32)})
    >>> layer.in_size
    2
    """
    entries = {entry.key: entry for entry in layer._inventory().entries}
    problems = [f"{name}: not in the file" for name in entries if name not in arrays]
    problems += [f"{name}: not in the model" for name in arrays if name not in entries]
    moved = []
    for name, entry in entries.items():
        if name not in arrays:
            continue
        array, data = arrays[name], entry.weight.data
        if data is None:
            problems += _misfit(name, array, entry.owner.expected_param(entry.name))
            backend, device = backends.current_backend(), None
        else:
            backend = backends.backend_of(data)
            device = backend.device(data)
            host = backend.to_numpy(data)
            problems += _misfit(name, array, (host.shape, host.dtype))
        moved.append((entry.weight, backend, device, array))
    if problems:
        raise WeightsError(
            f"load_weights: {source} does not fit {type(layer).__name__}: {'; '.join(problems)}; "
            "nothing was loaded: build the model as it was when the file was saved"
        )
    # All arrays are made before the first one is assigned: a backend may refuse one of them.
    made = [(p, backend.from_numpy(a, device=device)) for p, backend, device, a in moved]
    for p, data in made:
        p.data = data


def write_arrays(path: str | os.PathLike[str], arrays: Mapping[str, Any]) -> Path:
    """Write named NumPy arrays to one file, .npz or .safetensors, and return its path.

    Equal arrays give equal bytes. The file appears under its name when it is whole: after an
    error, or a power cut, there is the old one or none, and no other file is left behind.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = write_arrays(f"{folder}/state.npz", {"t": np.array(3), "l0/W/m": np.zeros(2)})
    ...     sorted(read_arrays(path))
    ['l0/W/m', 't']
    """
    path = _with_suffix(path)
    ready = {name: _storable(name, array) for name, array in arrays.items()}
    if path.suffix.lower() == ".npz":
        with whole_file(path) as file:
            _write_npz(file, ready)
        return path
    data = _safetensors().save(ready)
    with whole_file(path) as file:
        file.write(data)
    return path


def read_arrays(path: str | os.PathLike[str]) -> dict[str, np.ndarray[Any, Any]]:
    """Read what `write_arrays` wrote: names and NumPy arrays, in the order of the file.

    Raises WeightsError if the file is cut off, damaged or of another kind; FileNotFoundError.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     read_arrays(write_arrays(f"{folder}/state.npz", {"t": np.arange(3)}))
    {'t': array([0, 1, 2])}
    """
    path = _with_suffix(path)
    read = _read_npz if path.suffix.lower() == ".npz" else _read_safetensors
    with open(path, "rb") as file:
        try:
            return read(file)
        except WeightsError:
            raise
        # A damaged file can fail anywhere in the readers, with whatever they have at hand.
        except Exception as error:
            raise WeightsError(
                f"{path} cannot be read as {path.suffix}: {error or type(error).__name__}; it is "
                "damaged or something else; save the weights again"
            ) from error


def _with_suffix(path: str | os.PathLike[str]) -> Path:
    from pathlib import Path

    given = Path(path)
    return given if given.suffix.lower() in SUFFIXES else Path(f"{given}.npz")


def _misfit(
    name: str, array: np.ndarray[Any, Any], expected: tuple[tuple[int | None, ...], Any] | None
) -> list[str]:
    if expected is None:
        return []
    shape, dtype = expected
    problems = []
    if len(shape) != array.ndim or any(
        size not in (None, got) for size, got in zip(shape, array.shape, strict=True)
    ):
        wanted = str(tuple("any" if size is None else size for size in shape)).replace("'", "")
        problems.append(f"{name}: shape {array.shape} in the file, {wanted} in the model")
    if np.dtype(dtype) != array.dtype:
        problems.append(f"{name}: dtype {array.dtype} in the file, {dtype} in the model")
    return problems


def _storable(name: str, array: Any) -> np.ndarray[Any, Any]:
    """Give a C-contiguous array in native byte order, of a dtype that both formats have."""
    # Always a copy where it is not contiguous: safetensors would write a transposed array in the
    # wrong order without a word. (ascontiguousarray makes one axis of none.)
    ready = np.asarray(array, order="C")
    if ready.dtype.kind not in "biufc":
        raise WeightsError(
            f"{name} has the dtype {ready.dtype}; a weights file has numbers and booleans only: "
            "convert it first, for example to float32"
        )
    return ready.astype(ready.dtype.newbyteorder("="), copy=False)


@contextmanager
def whole_file(path: Path) -> Iterator[IO[bytes]]:
    """Open a new file beside `path` that takes its place at the end, if there was no error.

    >>> import tempfile
    >>> from pathlib import Path
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with whole_file(Path(folder) / "a.txt") as file:
    ...         unfinished = file.write(b"text")
    ...     [path.name for path in Path(folder).iterdir()]
    ['a.txt']
    """
    import secrets

    path = path.resolve()
    unfinished = path.with_name(f".{path.name}.{secrets.token_hex(4)}.tmp")
    with open(unfinished, "xb") as file:
        try:
            yield file
            file.flush()
            os.fsync(file.fileno())
            file.close()
            os.replace(unfinished, path)
        except BaseException:
            file.close()
            unfinished.unlink()
            raise


def _write_npz(file: IO[bytes], arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
    import zipfile

    # Not numpy.savez: it has no arrays called "file", and puts the time of day into the file.
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED, allowZip64=True) as archive:
        for name, array in arrays.items():
            with archive.open(zipfile.ZipInfo(f"{name}.npy"), "w", force_zip64=True) as member:
                np.lib.format.write_array(member, array, allow_pickle=False)


def _read_npz(file: IO[bytes]) -> dict[str, np.ndarray[Any, Any]]:
    import zipfile

    arrays = {}
    with zipfile.ZipFile(file) as archive:
        for member_name in archive.namelist():
            with archive.open(member_name) as member:
                array = np.lib.format.read_array(member, allow_pickle=False)
                # Only at the end of a member is its checksum compared.
                if member.read(1):
                    raise WeightsError(f"{file.name}: {member_name} is longer than its header says")
            arrays[member_name.removesuffix(".npy")] = array
    return arrays


def _read_safetensors(file: IO[bytes]) -> dict[str, np.ndarray[Any, Any]]:
    return _safetensors().load(file.read())


def _safetensors() -> Any:
    try:
        import safetensors.numpy
    except ImportError as error:
        raise WeightsError(
            "a .safetensors file needs the package safetensors, which is not installed: run "
            'pip install "arraygrad[safetensors]", or use .npz'
        ) from error
    return safetensors.numpy
