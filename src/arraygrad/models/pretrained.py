"""Trained weights of a model: a file or a URL, in the book's layout or in torchvision's."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import numpy as np

from arraygrad.errors import DownloadError, LayerError, WeightsError

# Names of Linear, Conv2d and BatchNorm, and what torchvision calls them.
_SUFFIXES = {
    "W": "weight",
    "b": "bias",
    "gamma": "weight",
    "beta": "bias",
    "avg_mean": "running_mean",
    "avg_var": "running_var",
}


class Pretrained:
    """The arrays of a file of trained weights, read but not yet put into a model.

    pretrained: True, for the file at `url`; or the path or URL of a file, .npz or .safetensors. A
    text may end in "#sha256=..." with the checksum that the file has to have. `url` has none that
    is published: the one of the first download is written beside the file, and holds from then on.
    A URL is downloaded once, into the cache directory of `arraygrad.downloads`.

    Raises LayerError for something else, WeightsError for a file that cannot be read,
    FileNotFoundError, and DownloadError, which says where to put a file that cannot be downloaded.

    >>> import tempfile
    >>> from arraygrad.layers import Linear
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Linear(3, in_size=2).save_weights(f"{folder}/linear.npz")
    ...     sorted(Pretrained("Linear", path).arrays)
    ['W', 'b']
    """

    def __init__(self, who: str, pretrained: Any, url: str | None = None) -> None:
        from arraygrad.weights import SUFFIXES, read_arrays

        self.who = who
        self.path = _found(who, pretrained, url)
        if self.path.suffix.lower() not in SUFFIXES:
            raise WeightsError(
                f"{who}: {self.path} has the suffix {self.path.suffix!r}; trained weights should "
                "be .npz or .safetensors: convert the file first"
            )
        self.arrays = read_arrays(self.path)

    @property
    def is_torchvision(self) -> bool:
        """Whether the names are those of torchvision, such as features.0.weight."""
        return any(name.endswith((".weight", ".bias")) for name in self.arrays)

    def load_into(self, model: Any) -> None:
        """Give a model these weights; numbers of other precision are converted to the model's.

        For torchvision's layout the model has a method `torchvision_names` that says what each of
        its layers is called there: {"fc6": "classifier.0"}.

        Raises WeightsError with all names that are missing, too many or of a wrong shape, before
        anything is changed.
        """
        from arraygrad.weights import load_arrays

        arrays = _translated(model, self.arrays) if self.is_torchvision else dict(self.arrays)
        for entry in model._inventory().entries:
            array, dtype = arrays.get(entry.key), getattr(entry.owner, "dtype", None)
            if array is not None and dtype is not None and array.dtype.kind == "f":
                arrays[entry.key] = np.asarray(array, dtype=dtype, order="C")
        load_arrays(model, arrays, str(self.path))


def _translated(
    model: Any, arrays: dict[str, np.ndarray[Any, Any]]
) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays under the model's names; what it does not have keeps its own."""
    from arraygrad.layers import Linear

    names = model.torchvision_names()
    owners = {id(layer): name for name, layer in model.named_layers()}
    here = {
        f"{names[owners[id(entry.owner)]]}.{_SUFFIXES[entry.name]}": entry
        for entry in model._inventory().entries
    }
    found = {}
    for name, array in arrays.items():
        if name.endswith(".num_batches_tracked"):
            continue
        entry = here.get(name)
        if entry is None:
            found[name] = array
        else:
            # (O, I) there, (I, O) here.
            turned = isinstance(entry.owner, Linear) and array.ndim == 2
            found[entry.key] = array.T if turned else array
    return found


def _found(who: str, pretrained: Any, url: str | None) -> Path:
    """The file on this machine."""
    if pretrained is True:
        if url is None:
            raise LayerError(
                f"{who}: pretrained is True, but no trained weights of it are known; give the "
                "path or the URL of a file: pretrained='weights.safetensors'"
            )
        return _recorded(url)
    if not isinstance(pretrained, (str, os.PathLike)):
        raise LayerError(
            f"{who}: pretrained is {pretrained!r}; expected True, False, or the path or URL of a "
            "file of weights"
        )
    place = os.fspath(pretrained)
    place, _, sha256 = place.partition("#sha256=")
    if "://" in place:
        from arraygrad.downloads import get_file

        return Path(get_file(place, sha256=sha256)) if sha256 else _recorded(place)
    if sha256:
        _check(who, Path(place), sha256)
    return Path(place)


def _recorded(url: str) -> Path:
    """Download, and hold every later use to the checksum of the first one."""
    from arraygrad.downloads import get_file, sha256_of
    from arraygrad.weights import whole_file

    path = Path(get_file(url))
    record = path.with_name(f"{path.name}.sha256")
    if not record.exists():
        with whole_file(record) as file:
            file.write(f"{sha256_of(path)}  {path.name}\n".encode())
        return path
    try:
        return Path(get_file(url, sha256=record.read_text(encoding="utf-8").partition(" ")[0]))
    except DownloadError as error:
        raise DownloadError(
            f"{error}; the checksum is the one of the first download, recorded in {record}: if the "
            "other file is right, delete this record"
        ) from error


def _check(who: str, path: Path, sha256: str) -> None:
    from arraygrad.downloads import sha256_of

    found = sha256_of(path)
    if found != sha256.lower():
        raise WeightsError(f"{who}: {path} has the SHA-256 {found}; expected {sha256.lower()}")
