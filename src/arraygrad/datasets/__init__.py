"""Data sets. Plugins' data sets are found here too.

Those that few programs need are imported at their first use.
"""

from typing import TYPE_CHECKING

from arraygrad.datasets.dataset import Dataset
from arraygrad.datasets.spiral import Spiral, get_spiral
from arraygrad.plugins import module_hooks

if TYPE_CHECKING:
    from arraygrad.datasets.cache import load_cache_npz, save_cache_npz
    from arraygrad.datasets.cifar import CIFAR10, CIFAR100
    from arraygrad.datasets.digits import Digits
    from arraygrad.datasets.imagenet import ImageNet
    from arraygrad.datasets.mnist import MNIST, FashionMNIST
    from arraygrad.datasets.sincurve import SinCurve
    from arraygrad.datasets.subset import Subset, random_split
    from arraygrad.datasets.text import PythonDocs, Shakespear, Shakespeare, Text

__all__ = [
    "CIFAR10", "CIFAR100", "MNIST", "Dataset", "Digits", "FashionMNIST", "ImageNet", "PythonDocs",
    "Shakespear", "Shakespeare", "SinCurve", "Spiral", "Subset", "Text", "get_spiral",
    "load_cache_npz", "random_split", "save_cache_npz",
]  # fmt: skip

__getattr__, __dir__ = module_hooks("datasets", __name__)
