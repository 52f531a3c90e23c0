"""Data sets. Plugins' data sets are found here too."""

from arraygrad.datasets.dataset import Dataset
from arraygrad.datasets.digits import Digits
from arraygrad.datasets.spiral import Spiral, get_spiral
from arraygrad.plugins import module_hooks

__all__ = ["Dataset", "Digits", "Spiral", "get_spiral"]

__getattr__, __dir__ = module_hooks("datasets", __name__)
