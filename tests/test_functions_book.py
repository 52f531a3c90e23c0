"""The book's classes of functions beyond their values: what an instance knows, a node per call."""

import subprocess
import sys

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Function, Variable, no_grad, test_mode
from arraygrad.functions import book


def test_they_are_imported_when_asked_for():
    code = (
        "import sys, arraygrad.functions as F\n"
        "assert 'arraygrad.functions.book' not in sys.modules\n"
        "F.Sin\n"
        "assert 'arraygrad.functions.book' in sys.modules\n"
        "from arraygrad.functions import Conv2d, sin\n"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize("name", book.CLASSES)
def test_each_is_a_function_of_its_own(name):
    cls = getattr(F, name)
    assert issubclass(cls, Function)
    assert (cls.__name__, cls.__doc__.split("(")[0]) == (name, f"The book's class {name}")


def test_an_instance_knows_its_last_call():
    f, a, b = F.Mul(), np.array(2.0), Variable(np.array(3.0))
    y = f(a, b)
    assert [x.item() for x in f.inputs] == [2, 3]
    assert f.outputs[0]().item() == 6
    z = f(b, b)  # a node of its own: the first one keeps its inputs
    assert [x.item() for x in f.inputs] == [3, 3]
    assert [x.item() for x in y.creator.inputs] == [2, 3]
    (y + z).backward()
    assert b.grad.item() == 2 + 6
    with no_grad():
        assert F.Sin()(b).creator is None


def test_forward_and_backward_by_hand():
    f = F.Pow(3)
    assert (f.forward(np.array(2.0)), f.c) == (8.0, 3)
    x = Variable(np.array(2.0))
    y = f(x)
    gx = f.backward(Variable(np.array(1.0)))
    assert (y.item(), f.outputs[0]().item()) == (8, 8)
    assert gx.item() == 12
    gx.backward()
    assert x.grad.item() == 12
    with pytest.raises(TypeError):
        F.Pow()
    with pytest.raises(AttributeError, match="'Pow' object has no attribute 'axis'"):
        _ = f.axis


def test_no_bias():
    x, W = Variable(np.ones((2, 3))), Variable(np.ones((3, 4)))
    y = F.Linear()(x, W, None)
    y.sum().backward()
    assert (y.shape, len(y.creator.inputs), W.grad.shape) == ((2, 4), 2, (3, 4))


def test_batch_norm_moves_its_averages_once():
    x = Variable(np.random.default_rng(0).normal(size=(8, 3)))
    one, zero = np.ones(3), np.zeros(3)
    mean, var = zero.copy(), one.copy()
    expected = zero.copy(), one.copy()
    y = F.BatchNorm(mean, var, 0.9, 2e-5)(x, one, zero)
    F.batch_norm(x, one, zero, *expected)
    for _ in range(2):
        (y * y).sum().backward()
    np.testing.assert_array_equal((mean, var), expected)
    # The gradient is that of the mode in which the output was computed.
    with test_mode():
        y = F.BatchNorm(zero, one, 0.9, 0.0)(x, one, zero)
    x.cleargrad()
    y.sum().backward()
    np.testing.assert_allclose(x.grad.data, np.ones((8, 3)))


def test_freed_without_the_collector(without_gc):
    import weakref

    x = Variable(np.array(1.0))
    y = F.Sin()(x)
    node = weakref.ref(y.creator)
    y.backward()
    del y
    assert node() is None
