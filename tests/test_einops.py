"""einops on Variables: what it gives on arrays, and gradients."""

import subprocess
import sys

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable
from arraygrad.errors import ArraygradError

einops = pytest.importorskip("einops", reason="einops is not installed: extra [einops]")
import arraygrad.einops  # noqa: E402

X = np.random.default_rng(0).normal(size=(2, 6, 4))
CALLS = {
    "transpose": lambda x: einops.rearrange(x, "a b c -> c a b"),
    "split and join": lambda x: einops.rearrange(x, "a (h w) c -> (a h) w c", h=2),
    "one axis more": lambda x: einops.rearrange(x, "a b c -> a 1 b c 1"),
    "list": lambda x: einops.rearrange([x, x * 2], "n a b c -> a (n b) c"),
    "sum": lambda x: einops.reduce(x, "a b c -> b", "sum"),
    "mean of windows": lambda x: einops.reduce(x, "a (b w) c -> a b c", "mean", w=3),
    "max of windows": lambda x: einops.reduce(x, "a (b w) c -> a b c", "max", w=2),
    "min, axes kept": lambda x: einops.reduce(x, "a b c -> a 1 c", "min"),
    "prod": lambda x: einops.reduce(x, "a b c -> a c", "prod"),
    "repeat": lambda x: einops.repeat(x, "a b c -> k b a (c j)", k=2, j=3),
    "einsum": lambda x: einops.einsum(x, x, "a b c, a d c -> a b d"),
    "pack": lambda x: einops.pack([x, x[:, 0, :]], "a * c")[0],
    "unpack": lambda x: einops.unpack(x, [(2,), (2, 2)], "a * c")[1],
}


@pytest.mark.parametrize("name", CALLS)
def test_results_and_gradients(name):
    call = CALLS[name]
    x = Variable(X)
    y = call(x)
    assert isinstance(y, Variable)
    np.testing.assert_allclose(y.data, call(X), rtol=1e-14)
    weights = np.random.default_rng(1).normal(size=y.shape)
    (y * weights).sum().backward(create_graph=True)
    way = np.random.default_rng(2).normal(size=X.shape)
    step = 1e-6
    ahead, behind = (np.sum(call(X + s * way) * weights) for s in (step, -step))
    assert np.sum(x.grad.data * way) == pytest.approx((ahead - behind) / (2 * step), rel=1e-6)
    ag.grad(lambda v: F.sum(ag.grad(lambda u: F.sum(call(u) ** 2))(v) ** 2))(X)


def test_numbers_that_are_not_floats_have_no_mean():
    assert einops.reduce(Variable(X > 0, requires_grad=False), "a b c -> b", "any").shape == (6,)
    with pytest.raises(NotImplementedError):
        einops.reduce(Variable(np.arange(3), requires_grad=False), "a -> ", "mean")


def test_on_other_libraries():
    strict = pytest.importorskip("array_api_strict")
    x = Variable(strict.asarray(X))
    y = einops.repeat(einops.reduce(x, "a (b w) c -> c b", "mean", w=2), "c b -> b c k", k=2)
    assert type(y.data) is type(x.data)
    y.sum().backward()
    np.testing.assert_allclose(np.asarray(x.grad.data), np.full(X.shape, 2 / 4))


def test_shapes_that_do_not_fit_say_so():
    with pytest.raises((einops.EinopsError, ArraygradError), match="a b"):
        einops.rearrange(Variable(X), "a b -> b a")


def test_the_functions_are_those_of_einops():
    for name in arraygrad.einops.__all__:
        assert getattr(arraygrad.einops, name) is getattr(einops, name)


def test_einops_is_imported_by_nothing_else():
    code = (
        "import sys, arraygrad, arraygrad.functions as F; F.einsum; print('einops' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
