"""Kernels of plugins that return something else than their op: found at the first call."""

from __future__ import annotations

from functools import wraps

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable, firstcall, registry
from arraygrad.errors import GradientShapeError, KernelError
from arraygrad.op import arr, op


@pytest.fixture
def kernel():
    """Registers a kernel as the distribution arraygrad-swift would."""

    def register(name, target, backend="numpy"):
        staging = registry.Staging("swift", "arraygrad-swift", "0.3")
        staging.registrar("kernels")(name, backend, target)
        staging.commit()
        registry.changed()

    yield register
    registry.remove("swift")


WRONG = {
    "shape": (lambda x, xp: x[:1], "an array (1, 2) float64, expected an array (3, 2) float64"),
    "axes": (lambda x, xp: x[None], "an array (1, 3, 2) float64, expected"),
    "dtype": (lambda x, xp: np.float32(x), "an array (3, 2) float32, expected"),
    "nothing": (lambda x, xp: None, "a NoneType, expected an array (3, 2) float64 of numpy"),
    "tuple": (lambda x, xp: (x, x), "a tuple of 2, expected"),
    "list": (lambda x, xp: x.tolist(), "a list, expected"),
}


@pytest.mark.parametrize("what", WRONG)
def test_a_wrong_result(kernel, what):
    target, text = WRONG[what]
    kernel("core:tanh", lambda x: target(x, np))
    for _ in range(2):  # it stays an error
        with pytest.raises(KernelError) as error:
            F.tanh(Variable(np.ones((3, 2))))
        said = str(error.value)
        assert said.startswith("tanh: the kernel 'swift:core:tanh@numpy' of arraygrad-swift 0.3")
        assert text in said
        assert "ARRAYGRAD_PLUGINS=-swift" in said
        assert "ARRAYGRAD_KERNELS=0" in said
    with ag.using_kernels(False):
        assert F.tanh(np.ones((3, 2))).shape == (3, 2)


def test_a_right_one_runs_twice_at_most(kernel):
    calls = []

    def tanh(x):
        calls.append("kernel")
        return np.tanh(x)

    definition = F.tanh.definition
    forward = definition.forward

    @wraps(forward)
    def counted(x, *, xp):
        calls.append("definition")
        return forward(x, xp=xp)

    definition.forward = counted
    kernel("core:tanh", tanh)
    try:
        for _ in range(3):
            F.tanh(np.ones(2))
        assert calls == ["kernel", "definition", "kernel", "kernel"]
        assert definition.kernels[np.ndarray] is tanh  # nothing stands before it any more
        F.tanh(np.float64(1.0))
        assert calls[4:] == ["kernel", "definition"]  # other types
    finally:
        definition.forward = forward
        definition.forget_kernels()


def test_of_large_arrays_the_comparison_waits(kernel, monkeypatch):
    monkeypatch.setattr(firstcall, "LIMIT", 4)
    kernel("core:tanh", lambda x: x[:1])
    assert F.tanh(np.ones(5)).shape == (1,)
    with pytest.raises(KernelError):
        F.tanh(np.ones(4))


def test_a_definition_that_does_not_run_here_is_no_reason_against_a_kernel(kernel):
    @op(samples=[(arr(2),)])
    def nowhere(x):
        """Only kernels can."""
        raise NotImplementedError

    nowhere.rule(lambda g: g)
    kernel(nowhere.definition.id, lambda x: x + 1)
    assert nowhere(np.zeros(2)).data.tolist() == [1, 1]


def test_equal_seeds_stay_equal_and_nothing_is_said(kernel):
    @op(samples=[(arr(2),)])
    def noisy(x):
        """x and noise; with a warning."""
        return x / np.zeros(2) + np.random.normal(size=2)

    noisy.rule(lambda g: g)

    def draw():
        np.random.seed(0)
        with np.errstate(all="ignore"):
            noisy(np.ones(2))
        return np.random.random()

    kernel(noisy.definition.id, lambda x: x + np.random.normal(size=2))
    assert draw() == draw()


def test_saved_values_are_counted_and_not_compared(kernel):
    @op(samples=[(arr(3),)], saves=("half",))
    def twice(x):
        """2 x."""
        return 2 * x, x / 2

    twice.saved("half")(lambda x: x / 2)
    twice.rule(lambda g, half: g * 2)
    kernel(twice.definition.id, lambda x: (2 * x, "anything"))
    assert twice(np.ones(3)).shape == (3,)
    registry.remove("swift")
    kernel(twice.definition.id, lambda x: 2 * x)
    with pytest.raises(KernelError, match="expected a tuple of 2: its result, half"):
        twice(np.ones(3))


def test_the_cores_own_kernels_are_for_its_tests():
    F.tanh.definition.forget_kernels()
    F.tanh(np.ones(3))
    assert not isinstance(F.tanh.definition.kernels[np.ndarray], firstcall.FirstCall)
    assert "tanh@numpy of arraygrad" in repr(ag.explain(F.tanh, np.ones(3)).parts[0].kernel)


@pytest.mark.parametrize(
    ("rule", "gradient", "says"),
    [
        ("core:exp.x", lambda g, out: g[:1], "has shape (1,), expected the input's shape (3,)"),
        ("core:exp.x", lambda g, out: None, "a rule returned None"),
        ("core:_normalize.x.gamma.beta", lambda *a, **k: (1,), "returned 1 gradients"),
    ],
)
def test_a_wrong_gradient_names_the_distribution(kernel, rule, gradient, says):
    kernel(rule, gradient)
    if "normalize" in rule:
        x, gamma = Variable(np.ones((3, 2))), Variable(np.ones(2))
        y = F.layer_norm(x, gamma, gamma * 0)
    else:
        y = F.exp(Variable(np.ones(3)))
    with pytest.raises(GradientShapeError) as error:
        y.sum().backward()
    assert says in str(error.value)
    assert f"the kernel 'swift:{rule}@numpy' of arraygrad-swift 0.3" in str(error.value)
    assert "ARRAYGRAD_PLUGINS=-swift" in str(error.value)
