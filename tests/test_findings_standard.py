"""What attacks on programs of the standard and on transforms have found: each stays mended."""

from __future__ import annotations

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable

xp = ag.xp

GOOD = np.array([False, True])


@pytest.mark.parametrize(
    "f",
    [F.sin, F.cos, F.square, F.absolute, F.sigmoid, F.tanh, F.relu, F.softplus, F.silu, F.elu],
    ids=lambda f: f.__name__,
)
@pytest.mark.parametrize("bad", [0.0, np.nan])
def test_a_masked_branch_of_smooth_functions_behind_a_singular_one(f, bad):
    def masked(x):
        with np.errstate(all="ignore"):
            return F.sum(xp.where(GOOD, f(1.0 / x) * (1.0 / x), 0.0))

    x = np.array([bad, 0.3])
    for g in (ag.grad(masked)(x), ag.hvp(masked, (x,), (np.ones(2),))[0]):
        assert g[0] == 0
        assert np.isfinite(g[1])


@pytest.mark.parametrize("name", ["atan", "asinh"])
def test_no_warning_where_a_rule_overflows_to_the_right_gradient(name):
    assert ag.grad(getattr(xp, name))(1e300) == 0
