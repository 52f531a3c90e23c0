"""Trained weights: published ones by name, or a file; put into a model all or nothing."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from arraygrad import downloads
from arraygrad.downloads import get_file, sha256_of
from arraygrad.errors import DownloadError, LayerError, WeightsError
from arraygrad.layers import Linear
from arraygrad.weights import SUFFIXES, load_arrays, read_arrays
from arraygrad_vision.torch_file import read_state_dict

ADDRESS = "https://download.pytorch.org/models/"
CLASSES = 1000
"""Of ImageNet."""

# Names of parameters and buffers, and what PyTorch's layers call them.
_SUFFIXES = {
    "W": "weight", "b": "bias", "gamma": "weight", "beta": "bias", "avg_mean": "running_mean",
    "avg_var": "running_var",
}  # fmt: skip
_TORCH = (".pth", ".pt")


class Published(NamedTuple):
    """A file of torchvision's, and how the pictures were prepared that it was tested with.

    file: as PyTorch publishes it; after the dash come the first digits of its SHA-256, which it is
    held to. resize, crop: in pixels, the shorter side and the square that is cut out of the middle.
    mode: how pixels are computed, as for `arraygrad.transforms.Resize`.

    >>> Published("vit_b_16-c867db91.pth").digits
    'c867db91'
    """

    file: str
    resize: int = 256
    crop: int = 224
    mode: str = "bilinear"

    @property
    def digits(self) -> str:
        """The first digits of the SHA-256 of the file."""
        return self.file.rpartition("-")[2].partition(".")[0]


RESNETS = {
    "ResNet18": Published("resnet18-f37072fd.pth"),
    "ResNet34": Published("resnet34-b627a593.pth"),
    "ResNet50": Published("resnet50-11ad3fa6.pth", resize=232),
    "ResNet101": Published("resnet101-cd907fc2.pth", resize=232),
    "ResNet152": Published("resnet152-f82ba261.pth", resize=232),
}
"""Weights for models of arraygrad itself, made with `downsample_fb=True`."""


def load_pretrained(model: Any, pretrained: Any = "imagenet") -> None:
    """Give a model trained weights: a name of its `WEIGHTS`, or the path or URL of a file.

    model: one of this package; or any model with a method `torchvision_names`, such as the
    ResNets, VGG16 and SqueezeNet of arraygrad itself, of which the ResNets know "imagenet" too.
    pretrained: see `PictureModel`. Numbers of other precision are converted to the model's. Where
    the file is for ImageNet's 1000 classes and the last layer of the model for another number,
    this layer is drawn and not loaded.

    Raises LayerError for a name that is none, WeightsError with all that does not fit, before
    anything is changed, FileNotFoundError, DownloadError.

    >>> import tempfile
    >>> from arraygrad_vision.models import MobileNetV2
    >>> model = MobileNetV2(out_size=10, width=0.25)
    >>> y = model(np.zeros((1, 3, 32, 32), dtype=np.float32))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = model.save_weights(f"{folder}/small.npz")
    ...     load_pretrained(MobileNetV2(out_size=10, width=0.25), path)
    """
    who = type(model).__name__
    path = _found(model, pretrained)
    suffix = path.suffix.lower()
    if suffix not in (*SUFFIXES, *_TORCH):
        raise WeightsError(
            f"{who}: {path} has the suffix {path.suffix!r}; trained weights should be "
            f"{', '.join((*_TORCH, *SUFFIXES))}: convert the file first"
        )
    arrays = read_state_dict(path) if suffix in _TORCH else read_arrays(path)
    if any(name.endswith(".weight") for name in arrays):
        arrays = _under_our_names(model, arrays)
    arrays = _with_head(model, arrays)
    layers = dict(model.named_layers())
    for name, _ in model.named_weights():
        array, dtype = arrays.get(name), getattr(layers[_owner(name)], "dtype", np.float32)
        if array is not None and array.dtype.kind == "f":
            arrays[name] = np.asarray(array, dtype=dtype, order="C")
    load_arrays(model, arrays, str(path))


def _owner(name: str) -> str:
    """The layer that a weight is in: "head" for "head/W"."""
    return name.rpartition("/")[0]


def _under_our_names(
    model: Any, arrays: dict[str, np.ndarray[Any, Any]]
) -> dict[str, np.ndarray[Any, Any]]:
    """torchvision's arrays under the model's names; what it does not have keeps its own."""
    prepare = getattr(model, "from_torchvision", None)
    arrays = dict(arrays) if prepare is None else prepare(arrays)
    names, layers = model.torchvision_names(), dict(model.named_layers())
    found = {}
    for name, _ in model.named_weights():
        layer, own = _owner(name), name.rpartition("/")[2]
        array = arrays.pop(names.get(name) or f"{names.get(layer)}.{_SUFFIXES.get(own)}", None)
        if array is not None:
            # (O, I) there, (I, O) here.
            turned = isinstance(layers[layer], Linear) and array.ndim == 2
            found[name] = array.T if turned else array
    # How many batches a BatchNorm has seen, which its averages do not need here.
    rest = {k: v for k, v in arrays.items() if not k.endswith(".num_batches_tracked")}
    return found | rest


def _with_head(
    model: Any, arrays: dict[str, np.ndarray[Any, Any]]
) -> dict[str, np.ndarray[Any, Any]]:
    """The arrays, with a new last layer in place of ImageNet's where the model wants another."""
    name, head = [*model.named_layers()][-1]
    W = arrays.get(f"{name}/W")
    if not isinstance(head, Linear) or head.out_size == CLASSES or W is None:
        return arrays
    if W.ndim != 2 or W.shape[1] != CLASSES:
        return arrays
    fresh = Linear(head.out_size, head.b is None, head.dtype, in_size=W.shape[0])
    made = {f"{name}/{key}": p.data for key, p in fresh.named_params()}
    return {key: array for key, array in arrays.items() if _owner(key) != name} | made


def _found(model: Any, pretrained: Any) -> Path:
    """The file on this machine."""
    who = type(model).__name__
    known = getattr(model, "WEIGHTS", None)
    if known is None:
        resnet = f"ResNet{getattr(model, 'n_layers', '')}"
        known = {"imagenet": RESNETS[resnet]} if resnet in RESNETS else {}
    name = "imagenet" if pretrained is True else pretrained
    if isinstance(name, str) and name in known:
        return _published(known[name])
    names = ", ".join(map(repr, known)) or "none are known"
    if not isinstance(name, (str, os.PathLike)):
        raise LayerError(
            f"{who}: pretrained is {pretrained!r}; expected a name of trained weights ({names}), "
            "or the path or URL of a file"
        )
    place, _, sha256 = os.fspath(name).partition("#sha256=")
    if "://" in place:
        if not sha256:
            raise LayerError(
                f"{who}: pretrained is {place!r}, whose checksum is not known; put it behind the "
                "URL: '#sha256=' and 64 digits"
            )
        return Path(get_file(place, sha256=sha256))
    path = Path(place)
    if isinstance(name, str) and path.name == place and not path.suffix:
        raise LayerError(
            f"{who}: no trained weights are named {place!r}; expected one of: {names}; or the path "
            "or URL of a file"
        )
    if sha256 and (found := sha256_of(path)) != sha256.lower():
        raise WeightsError(f"{who}: {path} has the SHA-256 {found}; expected {sha256.lower()}")
    return path


def _published(weights: Published) -> Path:
    """The file out of the cache, or downloaded into it; held to the digits in its name."""
    url, name = ADDRESS + weights.file, f"torchvision/{weights.file}"
    fresh = not Path(downloads.cache_dir, name).exists()
    path = Path(get_file(url, name))
    found = sha256_of(path)
    if not found.startswith(weights.digits):
        if fresh:
            path.unlink()
        raise DownloadError(
            f"{url} gave a file with the SHA-256 {found}, expected one that begins with "
            f"{weights.digits}; "
            + ("it is not kept: try again" if fresh else f"delete {path}, and it is loaded again")
        )
    return path
