"""Max pooling that comes to every pixel, as in Caffe, where these networks were first trained."""

from __future__ import annotations

from typing import Any

import arraygrad.functions as F
from arraygrad.variable import Variable


def pooling_all(x: Any, kernel_size: int, stride: int) -> Variable:
    """Max pooling where the last window may reach over the edge; x: (N, C, H, W), none below 0.

    >>> pooling_all(np.arange(16.0).reshape(1, 1, 4, 4), 3, 2)
    variable([[[[10. 11.]
                [14. 15.]]]])
    """
    # Zeros beyond the edge are never the largest, as x comes out of a relu.
    over = [max(kernel_size - n, (kernel_size - n) % stride) for n in x.shape[2:]]
    if any(over):
        x = F.pad(x, ((0, 0), (0, 0), *((0, n) for n in over)))
    return F.pooling(x, kernel_size, stride)
