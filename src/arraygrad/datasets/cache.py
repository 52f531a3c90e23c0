"""Arrays of a data set in the cache directory, for what takes long to prepare."""

from __future__ import annotations

import os
import zipfile
from pathlib import Path
from typing import Any

import numpy as np

from arraygrad.downloads import cache_directory, cached_name
from arraygrad.errors import DatasetError


def load_cache_npz(filename: str, train: bool = False) -> tuple[Any, Any]:
    """The data and labels that `save_cache_npz` has kept under that name, or (None, None).

    filename: any text, a URL for example. The arrays for training and for testing are kept apart.

    Raises DatasetError for a file that cannot be read.
    """
    path = _path(filename, train)
    if not path.exists():
        return None, None
    try:
        # Opened here: NumPy leaves a file open that is not a whole archive.
        with open(path, "rb") as stream, np.load(stream, allow_pickle=False) as arrays:
            return arrays["data"], arrays["label"]
    except (OSError, EOFError, KeyError, ValueError, zipfile.BadZipFile) as error:
        raise DatasetError(
            f"load_cache_npz: {path} cannot be read: {error}; delete it, and prepare the data again"
        ) from error


def save_cache_npz(data: Any, label: Any, filename: str, train: bool = False) -> str:
    """Keep data and labels in the cache directory, for `load_cache_npz`; returns the path.

    What was kept under that name before is replaced, at once or not at all.

    Raises DatasetError for arrays of Python objects, which would need a pickle.

    >>> import os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     os.environ["ARRAYGRAD_CACHE_DIR"] = folder
    ...     _ = save_cache_npz(np.arange(3), np.ones(3), "numbers")
    ...     data, label = load_cache_npz("numbers")
    >>> _ = os.environ.pop("ARRAYGRAD_CACHE_DIR")
    >>> data
    array([0, 1, 2])
    """
    arrays = {"data": np.asarray(data), "label": np.asarray(label)}
    for name, array in arrays.items():
        if array.dtype.hasobject:
            raise DatasetError(
                f"save_cache_npz: {name} is an array of Python objects; expected numbers or text"
            )
    path = _path(filename, train)
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{os.getpid()}-{os.urandom(4).hex()}.part")
    try:
        with open(part, "xb") as stream:
            np.savez_compressed(stream, data=arrays["data"], label=arrays["label"])
        os.replace(part, path)
    finally:
        part.unlink(missing_ok=True)
    return str(path)


def _path(filename: str, train: bool) -> Path:
    return cache_directory() / (cached_name(filename) + (".train.npz" if train else ".test.npz"))
