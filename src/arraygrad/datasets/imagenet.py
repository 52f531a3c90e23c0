"""ImageNet: the names of its thousand classes."""

from __future__ import annotations

from arraygrad.datasets.dataset import Dataset
from arraygrad.downloads import get_file
from arraygrad.errors import DatasetError


class ImageNet(Dataset):
    """The classes of ImageNet (ILSVRC2012), for what networks trained on it find; no pictures.

    Raises DatasetError when it is made: as in the book, there is nothing but `labels`.

    Russakovsky et al., "ImageNet Large Scale Visual Recognition Challenge" (2015).
    """

    url = (
        "https://raw.githubusercontent.com/torch/tutorials/"
        "8029c2fa8e843c15f1eddb48aed0fc56a42dfba3/7_imagenet_classification/synset_words.txt"
    )
    sha256 = "acf75ef0abe89694b19056e0796401068b459c457baa30335f240c7692857355"

    def prepare(self) -> None:
        raise DatasetError(
            "ImageNet: its pictures are not to be had without an account, so only "
            "ImageNet.labels() is here; read pictures of your own with a Dataset"
        )

    @classmethod
    def labels(cls) -> dict[int, str]:
        """The names of the thousand classes: {340: 'zebra', ...}; downloaded once, 32 kB.

        Raises DownloadError where they cannot be downloaded, or are not the file expected, and
        DatasetError for a file of another form. Nothing of it is evaluated.
        """
        path = get_file(cls.url, "imagenet-synset-words.txt", sha256=cls.sha256)
        with open(path, encoding="utf-8") as stream:
            lines = stream.read().splitlines()
        names = [line.partition(" ")[2] for line in lines]
        if len(names) != 1000 or not all(names):
            raise DatasetError(
                f"ImageNet: {path} has {len(lines)} lines; expected 1000, each of a number of "
                "WordNet and a name"
            )
        return dict(enumerate(names))
