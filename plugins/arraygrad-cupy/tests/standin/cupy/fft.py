"""Of NumPy's functions those that CuPy has too."""

from functools import partial

import numpy as np

from cupy._array import run

__all__ = [
    "fft", "fft2", "fftfreq", "fftn", "fftshift", "hfft", "ifft", "ifft2", "ifftn", "ifftshift",
    "ihfft", "irfft", "irfft2", "irfftn", "rfft", "rfft2", "rfftfreq", "rfftn",
]  # fmt: skip
for _name in __all__:
    globals()[_name] = partial(run, getattr(np.fft, _name))
