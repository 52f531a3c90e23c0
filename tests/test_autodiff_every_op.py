"""Forward mode of every op: the product with a tangent is the transpose of that with a gradient."""

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import op
from arraygrad.autodiff.tracing import Trace
from arraygrad.testing.recipes import drawn, filled, recipes

F.everything()
OPS = [
    pytest.param(function, id=name)
    for name, function in sorted(op.table.items())
    if function.definition.id.startswith("core:") and function.definition.samples
]


class Values:
    """The arrays of a sample in order: those that are differentiated, and the others."""

    def __init__(self, sample):
        self.rng = np.random.default_rng(0)
        self.recipes = recipes(sample)
        self.values = [drawn(recipe, self.rng) for recipe in self.recipes]
        self.real = [recipe.kind in ("real", "complex") for recipe in self.recipes]

    def moving(self):
        return [v for v, real in zip(self.values, self.real, strict=True) if real]

    def call(self, function, sample, xs):
        moving = iter(xs)
        values = iter([next(moving) if real else v
                       for v, real in zip(self.values, self.real, strict=True)])  # fmt: skip
        np.random.seed(0)
        args = [filled(a, values) for a in sample.args]
        y = function(*args, **{k: filled(a, values) for k, a in sample.kwargs.items()})
        return y if sample.seen is None else sample.seen(y)

    def like(self, x):
        g = self.rng.normal(size=x.shape)
        return np.asarray(g + 1j * self.rng.normal(size=x.shape) if x.dtype.kind == "c" else g)


@pytest.mark.parametrize("function", OPS)
@pytest.mark.filterwarnings("ignore")  # what else an op says is for its own tests
def test_forward_mode_is_the_transpose(function):
    for sample in function.definition.samples[:2]:
        values = Values(sample)
        if not values.moving():
            continue
        trace = Trace("test", lambda *xs: values.call(function, sample, xs), values.moving())  # noqa: B023
        gys = [values.like(y) if y._node is not None else None for y in trace.ys]
        dxs = [values.like(x) for x in trace.xs]
        gxs, dys = trace.pull(gys), trace.linear()(dxs)
        pulled = sum(np.vdot(gx.data, dx).real for gx, dx in zip(gxs, dxs, strict=True))
        pairs = [(gy, dy.data) for gy, dy in zip(gys, dys, strict=True) if gy is not None]
        pushed = sum(np.vdot(gy, dy).real for gy, dy in pairs)
        assert pushed == pytest.approx(pulled, rel=1e-8, abs=1e-9), sample


def test_there_are_ops():
    assert len(OPS) > 100
