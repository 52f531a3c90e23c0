"""Transforms of samples: for arrays, for pictures (PIL), and in a row.

A transform is any callable of one sample. Those for arrays also take many samples at a time, with
`batch`, and a Dataset calls that for a whole batch with the samples along the first axis. What is
random follows NumPy's global generator: `np.random.seed` decides it.
"""

from arraygrad.transforms.arrays import AsType, Flatten, Normalize, ToFloat, ToInt
from arraygrad.transforms.compose import Compose, transform_batch
from arraygrad.transforms.pictures import Convert, Resize, ToArray, ToPIL
from arraygrad.transforms.places import CenterCrop, Pad, RandomCrop, RandomHorizontalFlip

__all__ = [
    "AsType",
    "CenterCrop",
    "Compose",
    "Convert",
    "Flatten",
    "Normalize",
    "Pad",
    "RandomCrop",
    "RandomHorizontalFlip",
    "Resize",
    "ToArray",
    "ToFloat",
    "ToInt",
    "ToPIL",
    "transform_batch",
]
