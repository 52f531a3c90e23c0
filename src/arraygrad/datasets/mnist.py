"""MNIST and FashionMNIST: small gray pictures of ten kinds."""

from __future__ import annotations

import gzip
import math
import zlib
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from arraygrad.datasets import pictures
from arraygrad.datasets.dataset import Dataset
from arraygrad.downloads import get_file
from arraygrad.errors import DatasetError
from arraygrad.transforms import Compose, Flatten, Normalize, ToFloat

_TO_UNIT = Compose([Flatten(), ToFloat(), Normalize(0.0, 255.0)])


class MNIST(Dataset):
    """Handwritten digits of 28 x 28 pixels: 60,000 for training and 10,000 for testing.

    data: (N, 1, 28, 28) uint8; label: (N,) uint8, 0 to 9, or (N, 10) float32 with `one_hot=True`.
    The default transform makes a sample (784,) float32 from 0 to 1. Downloaded once, 11 MB; see
    `arraygrad.downloads.get_file`.

    Raises DownloadError where it cannot be downloaded, or is not the file expected.

    LeCun, Cortes and Burges, "The MNIST database of handwritten digits"; licence CC BY-SA 3.0. The
    checksums are those that TensorFlow Datasets publishes.

    >>> MNIST.labels()[7]
    '7'
    """

    folder = "mnist"
    url = "https://storage.googleapis.com/cvdf-datasets/mnist/"
    checksums: Mapping[str, str] = {
        "train-images-idx3-ubyte.gz": (
            "440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"
        ),
        "train-labels-idx1-ubyte.gz": (
            "3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"
        ),
    }

    def __init__(
        self,
        train: bool = True,
        transform: Callable[[Any], Any] | None = _TO_UNIT,
        target_transform: Callable[[Any], Any] | None = None,
        *,
        one_hot: bool = False,
    ) -> None:
        self.one_hot = one_hot
        super().__init__(train, transform, target_transform)

    def prepare(self) -> None:
        who = type(self).__name__
        part = "train" if self.train else "t10k"
        x = read_idx(self._file(f"{part}-images-idx3-ubyte.gz"), who, 3)
        t = read_idx(self._file(f"{part}-labels-idx1-ubyte.gz"), who, 1)
        if x.shape[1:] != (28, 28) or x.shape[:1] != t.shape:
            raise DatasetError(
                f"{who}: got pictures {x.shape} and labels {t.shape}; expected (N, 28, 28) and "
                "(N,): the files do not belong together"
            )
        if t.size and t.max() > 9:
            raise DatasetError(f"{who}: there is a label {t.max()}; expected 0 to 9")
        self.data = x[:, np.newaxis]
        self.label = np.eye(10, dtype=np.float32)[t] if self.one_hot else t

    def _file(self, name: str) -> str:
        return get_file(self.url + name, f"{self.folder}/{name}", sha256=self.checksums[name])

    def show(self, row: int = 10, col: int = 10) -> None:
        """Show row * col of the pictures, chosen by chance; needs matplotlib (the extra `plot`)."""
        pictures.show(type(self).__name__, self.data, row, col)

    @staticmethod
    def labels() -> dict[int, str]:
        """The names of the classes."""
        return {i: str(i) for i in range(10)}


class FashionMNIST(MNIST):
    """Pictures of clothes, 28 x 28 pixels, ten kinds, in place of MNIST's digits.

    Everything else is as with `MNIST`: shapes, dtypes, numbers of samples, the default transform.
    Downloaded once, 31 MB.

    Xiao, Rasul and Vollgraf, "Fashion-MNIST: a Novel Image Dataset for Benchmarking Machine
    Learning Algorithms" (2017); licence MIT. The checksums are those that TensorFlow Datasets
    publishes.

    >>> FashionMNIST.labels()[9]
    'Ankle boot'
    """

    folder = "fashion-mnist"
    url = (
        "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/"
        "b2617bb6d3ffa2e429640350f613e3291e10b141/data/fashion/"
    )
    checksums: Mapping[str, str] = {
        "train-images-idx3-ubyte.gz": (
            "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"
        ),
        "train-labels-idx1-ubyte.gz": (
            "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
        ),
        "t10k-images-idx3-ubyte.gz": (
            "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
        ),
        "t10k-labels-idx1-ubyte.gz": (
            "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
        ),
    }

    @staticmethod
    def labels() -> dict[int, str]:
        """The names of the classes."""
        names = (
            "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat",
            "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot",
        )  # fmt: skip
        return dict(enumerate(names))


def read_idx(path: str, who: str, ndim: int) -> np.ndarray[Any, Any]:
    """The uint8 array of a gzipped file in MNIST's format: magic number, sizes, numbers.

    Raises DatasetError for another format, and where there are more or fewer numbers than it says.
    """
    try:
        with gzip.open(path, "rb") as stream:
            head = stream.read(4 + 4 * ndim)
            magic, *shape = np.frombuffer(head[: len(head) // 4 * 4], dtype=">u4").tolist() or [0]
            # 8 for uint8, and the number of axes.
            if magic != 0x0800 + ndim or len(shape) != ndim:
                raise DatasetError(
                    f"{who}: {path} begins with {head[:4].hex() or 'nothing'}; expected the magic "
                    f"number {0x0800 + ndim:08x} and {ndim} sizes"
                )
            size = math.prod(shape)
            # No more is read than there may be, however much a hostile file would unpack to.
            body = stream.read(min(size, 1 << 30) + 1)
    except (OSError, EOFError, zlib.error) as error:
        raise DatasetError(
            f"{who}: {path} cannot be read: {error}; delete it, and it is downloaded again"
        ) from error
    if len(body) != size:
        more = "more" if len(body) > size else f"{len(body)}"
        raise DatasetError(
            f"{who}: {path} says that it has {size} numbers ({shape}), but there are {more}; "
            "delete it, and it is downloaded again"
        )
    return np.frombuffer(bytearray(body), dtype=np.uint8).reshape(shape)
