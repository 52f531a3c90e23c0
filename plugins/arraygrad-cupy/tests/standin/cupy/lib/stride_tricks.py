import numpy as np

from cupy._array import here, view


def as_strided(x, shape=None, strides=None):
    return view(x, np.lib.stride_tricks.as_strided(here(x), shape, strides))
