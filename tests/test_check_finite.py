"""A nan or an infinity in a gradient stops the training before a parameter changes."""

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Variable, optimizers
from arraygrad.errors import GradientError, NonFiniteError
from arraygrad.models import MLP


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_nothing_has_changed(wrong):
    model = MLP((4, 1))
    optimizer = optimizers.Adam().setup(model)
    optimizer.add_hook(optimizers.CheckFinite())
    for value in (1.0, wrong):
        x = Variable(np.full((3, 2), value, dtype=np.float32))
        before = [None if p.data is None else p.data.copy() for p in model.params()]
        model.cleargrads()
        with np.errstate(all="ignore"):
            F.sum(model(x) ** 2).backward()
        if np.isfinite(value):
            optimizer.update()
            continue
        updates = optimizer.updates
        with pytest.raises(NonFiniteError, match=r"'W' of shape \(2, 4\) has . elements"):
            optimizer.update()
        assert optimizer.updates == updates
        for p, array in zip(model.params(), before, strict=True):
            np.testing.assert_array_equal(p.data, array)


def test_it_is_the_error_a_caller_expects():
    assert issubclass(NonFiniteError, FloatingPointError)
    assert issubclass(NonFiniteError, GradientError)
