"""The doors to the GPU on a machine without one, and moves between two libraries."""

import sys

import numpy as np
import pytest

import arraygrad.functions as F
from arraygrad import Function, Parameter, Variable, cuda, no_grad, registry
from arraygrad.backend import get_backend
from arraygrad.errors import BackendError, BackendUnavailableError, DtypeError, GradientError
from arraygrad.models import MLP

strict = pytest.importorskip("array_api_strict")


@pytest.fixture
def no_cupy(monkeypatch):
    """Nobody has CuPy: neither its plugin, if there is one, nor its library."""
    monkeypatch.setitem(sys.modules, "cupy", None)
    registry.changed()
    yield
    monkeypatch.undo()
    registry.changed()


@pytest.fixture
def other_library(monkeypatch):
    """array-api-strict in the place of CuPy: a library that is not NumPy."""
    backend = get_backend("array_api_strict")
    monkeypatch.setattr(cuda, "backend", lambda: backend)
    return backend


def test_without_cupy(no_cupy):
    assert cuda.gpu_enable is False
    for call in (lambda: cuda.as_cupy(np.ones(2)), lambda: cuda.as_cupy([1, 2]), cuda.backend):
        with pytest.raises(BackendError, match=r"pip install 'arraygrad-cupy\[cuda12\]'"):
            call()


def test_a_variable_stays_as_it_is_without_cupy(no_cupy):
    x = Variable(np.array([1.0, 2.0]))
    x.grad = np.ones(2)
    data, gx = x.data, x.grad
    for thing in (x, Variable(None), F.sin(x), x.detach()):
        with pytest.raises(BackendError, match="pip install"):
            thing.to_gpu()
    assert x.data is data
    assert x.grad is gx


def test_a_model_stays_as_it_is_without_cupy(no_cupy):
    model = MLP((3, 2))
    model(np.ones((1, 4), np.float32))
    before = [p.data for p in model.params()]
    with pytest.raises(BackendError):
        model.to_gpu()
    assert all(p.data is data for p, data in zip(model.params(), before, strict=True))
    assert model.to_cpu() is model


def test_gpu_enable_is_whether_the_backend_can_run(monkeypatch):
    def cannot():
        raise BackendUnavailableError("backend 'cupy' cannot run here: CuPy finds no GPU")

    monkeypatch.setattr(cuda, "get_backend", lambda name: cannot())
    assert cuda.gpu_enable is False
    with pytest.raises(BackendUnavailableError, match="finds no GPU"):
        cuda.as_cupy(np.ones(2))
    monkeypatch.setattr(cuda, "get_backend", get_backend)
    monkeypatch.setattr(cuda, "backend", lambda: get_backend("numpy"))
    assert cuda.gpu_enable is True


def test_nothing_else_is_there():
    with pytest.raises(AttributeError, match="no attribute 'gpu'"):
        cuda.gpu  # noqa: B018


def test_get_array_module():
    x = np.ones(2)
    assert cuda.get_array_module(x) is np
    assert cuda.get_array_module(Variable(x)) is np
    assert cuda.get_array_module(Variable(x)[0].data) is np
    assert cuda.get_array_module(np.float32(1)) is np
    for thing in (1.0, [1, 2], None, Variable(None)):
        assert cuda.get_array_module(thing) is np
    y = strict.ones(2)
    assert cuda.get_array_module(y) is get_backend("array_api_strict").xp
    assert cuda.get_array_module(Variable(y)) is cuda.get_array_module(y)


def test_as_numpy():
    x = np.ones(2, np.float32)
    assert cuda.as_numpy(x) is x
    assert cuda.as_numpy(Variable(x)) is x
    # Lists were a NameError in the original where CuPy was missing.
    for thing in ([1, 2], (1, 2), 1.5, np.float64(1.5), strict.ones(2), Variable(strict.ones(2))):
        assert type(cuda.as_numpy(thing)) is np.ndarray
    assert cuda.as_numpy(1.5).shape == ()
    assert cuda.as_numpy(strict.asarray([1.0, 2.0])).tolist() == [1.0, 2.0]
    with pytest.raises(DtypeError):
        cuda.as_numpy(np.ma.masked_array([1, 2], [True, False]))


def test_as_cupy(other_library):
    for thing in (np.ones(2), [1.0, 1.0], Variable(np.ones(2)), Variable(strict.ones(2))):
        assert isinstance(cuda.as_cupy(thing), type(strict.ones(2)))
    y = strict.ones(2)
    assert cuda.as_cupy(y) is y


def test_variables_move_in_place(other_library):
    x = Parameter(np.array([1.0, 2.0], np.float32), name="x")
    F.sum(x * x).backward()
    assert x.to_gpu() is x
    assert isinstance(x.data, type(strict.ones(2)))
    assert isinstance(x.grad.data, type(strict.ones(2)))
    assert (x.dtype, x.name, x.requires_grad) == (strict.float32, "x", True)
    F.sum(x * x).backward()  # it adds to the gradient that came along
    assert x.to_cpu() is x
    np.testing.assert_array_equal(x.grad.data, np.array([4.0, 8.0], np.float32), strict=True)
    np.testing.assert_array_equal(x.data, np.array([1.0, 2.0], np.float32), strict=True)


def test_what_does_not_move(other_library):
    assert Variable(None).to_gpu().data is None
    x = Variable(np.array([1.0, 2.0]))
    data = x.data
    assert x.to_cpu().data is data
    y = F.sin(x)
    assert y.to_cpu() is y  # it is there
    with pytest.raises(GradientError, match=r"Variable\.to_gpu: got the result of an op"):
        y.to_gpu()
    assert type(y.data) is np.ndarray
    with no_grad():
        z = F.sin(x).to_gpu()
    assert isinstance(z.data, type(strict.ones(2)))
    assert isinstance(y.detach().to_gpu().data, type(strict.ones(2)))


def test_errors_are_of_our_tree(no_cupy):
    with pytest.raises(BackendError):
        cuda.as_cupy(1.0)


def test_the_books_step_52_text_runs():
    """xp of the data decides in a function of one's own."""

    class Sin(Function):
        def forward(self, x):
            return cuda.get_array_module(x).sin(x)

        def backward(self, gy):
            (x,) = self.inputs
            return gy * F.cos(x)

    for array in (np.array([0.5]), strict.asarray([0.5])):
        x = Variable(array)
        Sin()(x).backward()
        assert float(cuda.as_numpy(x.grad)[0]) == pytest.approx(np.cos(0.5))
