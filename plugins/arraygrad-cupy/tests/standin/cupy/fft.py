"""Of NumPy's functions those that CuPy has too."""

from functools import partial

import numpy as np

from cupy._array import run

_NAMES = """
fft fft2 fftfreq fftn fftshift hfft ifft ifft2 ifftn ifftshift ihfft irfft irfft2 irfftn rfft
rfft2 rfftfreq rfftn
""".split()  # noqa: SIM905
__all__ = list(_NAMES)
for _name in _NAMES:
    globals()[_name] = partial(run, getattr(np.fft, _name))
