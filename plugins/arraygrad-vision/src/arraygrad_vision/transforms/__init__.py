"""Augmentation: transforms by chance, of arrays on the host.

Each takes a sample (..., H, W), most often (C, H, W), or with `batch` many of them, each of which
gets a chance of its own; it keeps the dtype and leaves what it was given as it was. `MixUp` and
`CutMix` mix the samples of a batch, and their labels. NumPy's global generator decides all
(`np.random.seed`). `arraygrad.transforms` has RandomCrop, RandomHorizontalFlip and more.
"""

from arraygrad_vision.transforms.affine import RandomAffine
from arraygrad_vision.transforms.color import ColorJitter
from arraygrad_vision.transforms.crops import RandomResizedCrop
from arraygrad_vision.transforms.erasing import RandomErasing
from arraygrad_vision.transforms.mixing import CutMix, MixUp
from arraygrad_vision.transforms.policy import RandAugment

__all__ = [
    "ColorJitter", "CutMix", "MixUp", "RandAugment", "RandomAffine", "RandomErasing",
    "RandomResizedCrop",
]  # fmt: skip
