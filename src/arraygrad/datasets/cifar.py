"""CIFAR10 and CIFAR100: small colour pictures of ten and of a hundred kinds."""

from __future__ import annotations

import tarfile
import zlib
from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from arraygrad.datasets import pictures
from arraygrad.datasets.dataset import Dataset
from arraygrad.downloads import get_file
from arraygrad.errors import DatasetError
from arraygrad.transforms import Compose, Normalize, ToFloat

_CENTERED = Compose([ToFloat(), Normalize(mean=0.5, std=0.5)])
_PIXELS = 3 * 32 * 32

_NAMES_10 = "airplane automobile bird cat deer dog frog horse ship truck"
_COARSE = (
    "aquatic_mammals fish flowers food_containers fruit_and_vegetables "
    "household_electrical_devices household_furniture insects large_carnivores "
    "large_man-made_outdoor_things "
    "large_natural_outdoor_scenes large_omnivores_and_herbivores medium_mammals "
    "non-insect_invertebrates people reptiles small_mammals trees vehicles_1 vehicles_2"
)
_FINE = (
    "apple aquarium_fish baby bear beaver bed bee beetle bicycle bottle bowl boy bridge bus "
    "butterfly camel can castle caterpillar cattle chair chimpanzee clock cloud cockroach couch "
    "crab crocodile cup dinosaur dolphin elephant flatfish forest fox girl hamster house kangaroo "
    "keyboard lamp lawn_mower leopard lion lizard lobster man maple_tree motorcycle mountain mouse "
    "mushroom oak_tree orange orchid otter palm_tree pear pickup_truck pine_tree plain plate poppy "
    "porcupine possum rabbit raccoon ray road rocket rose sea seal shark shrew skunk skyscraper "
    "snail snake spider squirrel streetcar sunflower sweet_pepper table tank telephone television "
    "tiger tractor train trout tulip turtle wardrobe whale willow_tree wolf woman worm"
)


class CIFAR10(Dataset):
    """Colour pictures of 32 x 32 pixels in ten classes: 50,000 for training, 10,000 for testing.

    data: (N, 3, 32, 32) uint8, red, green, blue; label: (N,) uint8, 0 to 9. The default transform
    is the book's: (x - 0.5) / 0.5 in float32, of numbers from 0 to 255. Downloaded once, 170 MB;
    see `arraygrad.downloads.get_file`. The archive is the one without pickles.

    Raises DownloadError where it cannot be downloaded, or is not the file expected.

    Krizhevsky, "Learning Multiple Layers of Features from Tiny Images" (2009). The checksum is the
    one that TensorFlow Datasets publishes; a licence is not stated there.

    >>> CIFAR10.labels()[3]
    'cat'
    """

    url = "https://www.cs.toronto.edu/~kriz/cifar-10-binary.tar.gz"
    sha256 = "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd"
    members: ClassVar[dict[bool, list[str]]] = {
        True: [f"cifar-10-batches-bin/data_batch_{i}.bin" for i in range(1, 6)],
        False: ["cifar-10-batches-bin/test_batch.bin"],
    }

    def __init__(
        self,
        train: bool = True,
        transform: Callable[[Any], Any] | None = _CENTERED,
        target_transform: Callable[[Any], Any] | None = None,
    ) -> None:
        super().__init__(train, transform, target_transform)

    def prepare(self) -> None:
        rows = self._rows(1)
        self.label = self._checked(rows[:, 0], 10)
        self.data = rows[:, 1:].reshape(-1, 3, 32, 32)

    def _rows(self, labels: int) -> np.ndarray[Any, Any]:
        """The labels and pixels of every picture: (N, labels + 3072) uint8."""
        who = type(self).__name__
        path = get_file(self.url, self.url.rpartition("/")[2], sha256=self.sha256)
        found = _read_members(path, self.members[bool(self.train)], who, labels + _PIXELS)
        return np.concatenate(found)

    def _checked(self, label: np.ndarray[Any, Any], classes: int) -> np.ndarray[Any, Any]:
        if label.size and label.max() >= classes:
            raise DatasetError(
                f"{type(self).__name__}: there is a label {label.max()}; expected 0 to "
                f"{classes - 1}"
            )
        return label.copy()

    def show(self, row: int = 10, col: int = 10) -> None:
        """Show row * col of the pictures, chosen by chance; needs matplotlib (the extra `plot`)."""
        pictures.show(type(self).__name__, self.data, row, col)

    @staticmethod
    def labels() -> dict[int, str]:
        """The names of the classes."""
        return dict(enumerate(_NAMES_10.split()))


class CIFAR100(CIFAR10):
    """Colour pictures of 32 x 32 pixels in a hundred classes: 50,000 and 10,000 for testing.

    data: (N, 3, 32, 32) uint8; label: (N,) uint8, 0 to 99, or 0 to 19 with `label_type="coarse"`:
    each of the twenty has five of the hundred. Everything else is as with `CIFAR10`. Downloaded
    once, 169 MB.

    Raises DatasetError for another `label_type`.

    >>> CIFAR100.labels()[99], CIFAR100.labels("coarse")[0]
    ('worm', 'aquatic_mammals')
    """

    url = "https://www.cs.toronto.edu/~kriz/cifar-100-binary.tar.gz"
    sha256 = "58a81ae192c23a4be8b1804d68e518ed807d710a4eb253b1f2a199162a40d8ec"
    members: ClassVar[dict[bool, list[str]]] = {
        True: ["cifar-100-binary/train.bin"],
        False: ["cifar-100-binary/test.bin"],
    }

    def __init__(
        self,
        train: bool = True,
        transform: Callable[[Any], Any] | None = _CENTERED,
        target_transform: Callable[[Any], Any] | None = None,
        label_type: str = "fine",
    ) -> None:
        _check_label_type(label_type)
        self.label_type = label_type
        super().__init__(train, transform, target_transform)

    def prepare(self) -> None:
        rows = self._rows(2)
        fine = self.label_type == "fine"
        self.label = self._checked(rows[:, 1 if fine else 0], 100 if fine else 20)
        self.data = rows[:, 2:].reshape(-1, 3, 32, 32)

    @staticmethod
    def labels(label_type: str = "fine") -> dict[int, str]:
        """The names of the classes: a hundred "fine" ones, or twenty "coarse" ones."""
        _check_label_type(label_type)
        return dict(enumerate((_FINE if label_type == "fine" else _COARSE).split()))


def _check_label_type(label_type: str) -> None:
    if label_type not in ("fine", "coarse"):
        raise DatasetError(
            f'CIFAR100: label_type is {label_type!r}; expected "fine" (100 classes) or "coarse" '
            "(20 classes)"
        )


def _read_members(path: str, names: list[str], who: str, width: int) -> list[np.ndarray[Any, Any]]:
    """Files of an archive as arrays (N, width) uint8, in the order of `names`; none is unpacked.

    Raises DatasetError for an archive that cannot be read, or without one of the files.
    """
    found: dict[str, np.ndarray[Any, Any]] = {}
    try:
        with tarfile.open(path, "r:gz") as archive:
            # One after the other: to look for a name would unpack all of it first.
            for member in archive:
                if member.name not in names or not member.isreg():
                    continue
                if member.size % width or member.size > 1 << 30:
                    raise DatasetError(
                        f"{who}: {member.name} of {path} has {member.size} bytes; expected a "
                        f"multiple of {width}, one row per picture"
                    )
                stream = archive.extractfile(member)
                data = b"" if stream is None else stream.read()
                found[member.name] = np.frombuffer(data, dtype=np.uint8).reshape(-1, width)
                if len(found) == len(names):
                    break
    except (OSError, EOFError, tarfile.TarError, zlib.error) as error:
        raise DatasetError(
            f"{who}: {path} cannot be read: {error}; delete it, and it is downloaded again"
        ) from error
    if missing := [name for name in names if name not in found]:
        raise DatasetError(f"{who}: {path} has no file {missing[0]}; it is another archive")
    return [found[name] for name in names]
