"""Steps 55 to 60: convolution, VGG16, recurrent layers."""

from __future__ import annotations

import numpy as np

import arraygrad.functions as F
from arraygrad import Parameter, as_variable


def test_step_59_truncated_backpropagation():
    h = as_variable(np.array(1.0))
    w = Parameter(np.array(0.5))
    for _ in range(3):
        h = F.tanh(h * w)
    h.unchain_backward()
    assert h.creator is not None
    assert h.creator.inputs[0].creator is None
