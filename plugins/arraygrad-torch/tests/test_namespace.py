"""The differentiable namespace over PyTorch, where PyTorch itself differs from the standard."""

from __future__ import annotations

import pytest

from arraygrad import Variable

torch = pytest.importorskip("torch", reason="PyTorch is not installed")

xp = Variable(torch.ones(1)).__array_namespace__()


@pytest.mark.parametrize("name", ["add", "multiply", "maximum", "pow", "hypot", "atan2"])
def test_an_array_of_no_axes_decides_the_dtype_too(name: str) -> None:
    x = Variable(torch.ones(3))
    s = Variable(torch.tensor(2.0, dtype=torch.float64))
    for y in (getattr(xp, name)(x, s), getattr(xp, name)(x.detach(), s.detach())):
        assert y.dtype == xp.float64
    y = getattr(xp, name)(x, s)
    xp.sum(y).backward()
    assert (x.grad.dtype, x.grad.shape) == (torch.float32, (3,))
    assert (s.grad.dtype, s.grad.shape) == (torch.float64, ())
    assert getattr(xp, name)(x, xp.asarray(2, dtype=xp.int64)).dtype == xp.float32


def test_whole_numbers_too() -> None:
    x = xp.ones(3, dtype=xp.int16)
    assert xp.bitwise_right_shift(x, xp.asarray(1, dtype=xp.uint8)).dtype == xp.int16
    assert xp.add(x, xp.asarray(1, dtype=xp.int32)).dtype == xp.int32
    assert xp.add(x, 1).dtype == xp.int16


def test_several_results_are_named() -> None:
    q, r = parts = xp.linalg.qr(xp.eye(2))
    assert parts.Q is q
    assert parts.R is r
    assert isinstance(xp.linalg.svd(xp.eye(2)).Vh, Variable)
