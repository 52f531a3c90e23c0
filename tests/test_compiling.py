"""`ag.jit` as far as the core has it, and code that runs while values cannot be read."""

from functools import partial

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Variable, get_backend, optimizers, registry
from arraygrad.errors import AmbiguousNameError, ArgumentError, BackendError
from arraygrad.numpy_backend import NumpyBackend
from arraygrad.optimizers import ClipGrad


@pytest.fixture
def asked(monkeypatch):
    """A NumPy that "compiles": what it was asked to compile, (function, state)."""
    calls = []

    def jit(self, function, state):
        calls.append((function, list(state)))
        return function

    monkeypatch.setattr(NumpyBackend, "jit", jit)
    return calls


@pytest.fixture
def unread(monkeypatch):
    """A NumPy whose values cannot be read, as while a library traces a function."""
    monkeypatch.setattr(NumpyBackend, "concrete", lambda self, x: False)


MODEL = L.Linear(1, in_size=2)


def test_a_backend_that_does_not_compile_says_who_does():
    with pytest.raises(BackendError, match=r"arrays of numpy.*jax of arraygrad-jax"):
        ag.jit(lambda x: x)(np.ones(2))


def test_what_is_no_function_and_what_is_no_state():
    with pytest.raises(ArgumentError, match="got 3, expected a function"):
        ag.jit(3)
    with pytest.raises(ArgumentError, match="got a int as state"):
        ag.jit(abs, 3)


def test_the_state_is_what_the_function_names(asked):
    optimizer = optimizers.SGD().setup(MODEL)
    scale = Variable(np.array(2.0))
    layers = [L.Linear(1), L.Linear(2)]

    @ag.jit
    def step(x):
        """What it does."""
        return MODEL(x) * scale, optimizer, layers

    assert step.__doc__ == "What it does."
    step(np.ones((1, 2)))
    ((_, state),) = asked
    assert {id(part) for part in state} == {id(p) for p in (MODEL, optimizer, scale, *layers)}
    step(np.ones((1, 2)))
    assert len(asked) == 1


def test_the_state_is_found_in_lists_dicts_objects_and_other_functions(asked):
    class Holder:
        def __init__(self):
            self.layers = {"a": [L.Linear(1)]}
            self.me = self

    holder, variable, row = Holder(), Variable(np.array(1.0)), [[] for _ in range(3)]
    for part in row:
        part.append(row)

    def loss_of(x, scale=variable):
        return sum(layer(x) for layer in (MODEL,)) * scale

    partly = partial(lambda scale, x: x * scale, Variable(np.array(2.0)))
    far = [L.Linear(1) for _ in range(2000)]

    def step(x):
        return loss_of(x), holder.layers, partly, row, far, np.sum

    ag.jit(step)(np.ones((1, 2)))
    ((_, state),) = asked
    found = {id(part) for part in state}
    assert found == {id(MODEL), id(holder.layers["a"][0]), id(variable), id(partly.args[0])}


def test_the_state_of_a_method_is_that_of_its_object(asked):
    class Trainer:
        def __init__(self):
            self.model = L.Linear(1)

        def step(self, x):
            return self.model(x)

    trainer = Trainer()
    ag.jit(trainer.step)(np.ones((1, 2)))
    ag.jit(trainer.model.forward)(np.ones((1, 2)))
    assert [state for _, state in asked] == [[trainer.model], [trainer.model]]


def test_state_that_is_given_is_all_there_is(asked):
    other = L.Linear(1)
    ag.jit(lambda x: MODEL(x), other)(np.ones((1, 2)))
    assert asked[0][1] == [other]


def test_weights_decide_where_it_runs():
    strict = pytest.importorskip("array_api_strict")
    model = L.Linear(1, in_size=2).to("array_api_strict")
    with pytest.raises(BackendError, match="arrays of array_api_strict"):
        ag.jit(lambda x: model(x))(np.ones((1, 2)))
    with pytest.raises(BackendError, match="arrays of array_api_strict"):
        ag.jit(lambda x: x)([{"x": strict.ones(2)}])
    with (
        ag.using_backend("array_api_strict"),
        pytest.raises(BackendError, match="arrays of array_api_strict"),
    ):
        ag.jit(lambda: 1)()


@pytest.mark.parametrize("norm", [0.5, 1e3])
@pytest.mark.parametrize("size", [1.0, 1e30, 1e-30, 0.0, np.inf])
def test_clipping_without_reading(monkeypatch, norm, size):
    results = []
    for concrete in (True, False):
        monkeypatch.setattr(NumpyBackend, "concrete", lambda self, x, c=concrete: c)
        layer = L.Linear(2, in_size=3)
        layer.W.grad = np.arange(1, 7, dtype="float32").reshape(3, 2) * np.float32(size)
        layer.b.grad = np.ones(2, "float32") * np.float32(size)
        with np.errstate(all="ignore"):
            ClipGrad(norm)(list(layer.params()))
        results.append([p.grad.data for p in layer.params()])
    for got, expected in zip(*results, strict=True):
        assert got.dtype == np.float32
        np.testing.assert_allclose(got, expected, rtol=1e-5)


def test_losses_and_accuracy_without_reading(unread):
    x = Variable(np.array([[0.1, 0.9], [0.8, 0.2]]))
    t = np.array([1, 1])
    assert F.accuracy(x, t).item() == 0.5
    assert F.accuracy(x, t).dtype == np.float64
    expected = -np.log(np.exp([0.9, 0.2]) / np.exp(x.data).sum(1)).mean()
    assert F.softmax_cross_entropy(x, t).item() == pytest.approx(expected)
    assert F.binary_cross_entropy(x, np.array([[0.0, 1.0], [1.0, 2.0]])).shape == ()


def test_dropout_draws_from_numpy():
    np.random.seed(0)
    expected = np.random.random((3, 4)) >= 0.3
    np.random.seed(0)
    keep = get_backend("numpy").keep_mask((3, 4), 0.3)
    np.testing.assert_array_equal(keep, expected)


def test_a_rules_kernel_is_imported_for_its_own_backend_alone():
    spaces = ("far", "farther")
    for space in spaces:
        staging = registry.Staging(space, f"arraygrad-{space}", "1.0")
        staging.registrar("kernels")("tanh.x", "nowhere", "no_such_module:kernel")
        staging.commit()
    registry.changed()
    try:
        x = Variable(np.array([0.0]))
        F.tanh(x).backward()
        assert x.grad.item() == 1
        chosen = F.tanh.definition.rule_kernels(("x",))
        with pytest.raises(AmbiguousNameError, match=r"arraygrad-far 1.0 and arraygrad-farther"):
            chosen.get("nowhere")
    finally:
        for space in spaces:
            registry.remove(space)
