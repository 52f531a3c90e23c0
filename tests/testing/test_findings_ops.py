"""What the kit finds in ops, kernels and backends that are wrong in one way each."""

from __future__ import annotations

import numpy as np
import pytest

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import registry, testing
from arraygrad.backend import Backend, backend_of, get_backend
from arraygrad.errors import ArgumentError
from arraygrad.op import arr, case, op
from arraygrad.testing.places import Place
from arraygrad.variable import Variable

KEPT = []


SAMPLES = [case(arr(2, 3))]


def made(forward, rule=None, *, samples=SAMPLES, **options):
    """An op of these functions."""
    forward.__doc__ = forward.__doc__ or "It is wrong."
    forward.__name__ = "made"
    function = op(samples=samples, **options)(forward)
    if rule is not None:
        function.rule(rule)
    return function


def halves(x, *, xp=None):
    return x * np.float64(0.5) if x.dtype == np.float16 else x * 0.5


def remembers(x):
    y = Variable(x) if not isinstance(x, Variable) else x
    y = y * 2
    KEPT.append(y)
    return y


def by_memory(x):
    """As if an array lay in C order."""
    if isinstance(x, np.ndarray) and not x.flags.c_contiguous:
        return np.ones(x.shape, x.dtype)
    return x * 1


def through_numpy(x):
    return backend_of(x).asarray(backend_of(x).to_numpy(x) * 2)


def one_axis(x):
    return x * {2: 2.0, 1: 2.0}[x.ndim]


WRONG = {
    "example": made(lambda x: x + 0, lambda g: g),
    "half": made(halves, lambda g: g * 0.5),
    "graph freed": made(remembers),
    "non-contiguous": made(by_memory, lambda g: g),
    "no host transfer": made(through_numpy, lambda g: g * 2),
    "0-d": made(one_axis, lambda g: g * 2),
    "empty": made(lambda x: x + {6: 0, 1: 0}[x.size], lambda g: g),
    "samples": made(lambda x: x + 0, lambda g: g, samples=()),
}
WRONG["example"].__doc__ = "It gives x.\n\n    >>> 1 + 1\n    3\n"


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_op(name):
    report = testing.check_op(WRONG[name], places=["numpy", "strict"])
    assert name in {failure.check for failure in report.failures}, str(report)
    KEPT.clear()


def test_a_rule_that_is_wrong_on_raw_arrays_alone():
    def rule(g):
        return g * 2 if isinstance(g, Variable) else g * 3

    report = testing.check_op(made(lambda x: x * 2, rule), places=["numpy"])
    assert {failure.check for failure in report.failures} == {"first gradient", "non-contiguous"}


@pytest.fixture
def kernel():
    """Registers a kernel of core:exp."""

    def register(function):
        registry.register_local("kernels", "core:exp", "numpy", function)
        [entry] = [e for e in registry.entries("kernels") if e.namespace == "local"]
        return entry

    yield register
    registry.remove("local")


BAD_KERNELS = {
    "shape": lambda x: np.exp(x)[None],
    "dtype": lambda x: np.asarray(np.exp(x), np.float64),
    "values": lambda x: np.exp(x) * np.asarray(1.01, x.dtype),
    "large": lambda x: np.exp(x) if x.size < 100 else np.zeros_like(x),
    "non-contiguous": lambda x: np.exp(x) if x.flags.c_contiguous else np.zeros_like(x),
}


@pytest.mark.parametrize("name", BAD_KERNELS)
def test_a_wrong_kernel(name, kernel):
    report = testing.check_kernel(kernel(BAD_KERNELS[name]))
    assert name in {failure.check for failure in report.failures}, str(report)
    assert all("kernel of this program" in failure for failure in report.failures)


def test_kernels_that_never_run():
    staging = registry.Staging("idle", "arraygrad-idle", "1.0")
    for name in ("core:dropout", "core:exp.y"):
        staging.registrar("kernels")(name, "numpy", lambda x: x)
    staging.commit()
    registry.changed()
    try:
        dropout, exp = [e for e in registry.entries("kernels") if e.namespace == "idle"]
        (composed, *_) = testing.check_kernel(dropout).failures
        assert "of arraygrad-idle 1.0 never runs: core:dropout is composed of other ops" in composed
        (no_rule, *_) = testing.check_kernel(exp).failures
        assert "never runs: core:exp has no rule 'y', expected one of x" in no_rule
    finally:
        registry.remove("idle")


def test_a_right_kernel_and_its_speed(kernel):
    report = testing.check_kernel(kernel(np.exp), measure=True)
    report.raise_for_failures()
    (note,) = report.notes
    assert "core:exp@numpy: " in note
    assert "times as fast" in note
    assert testing.check_kernel("exp", "numpy").ok


def test_a_kernel_of_nothing():
    with pytest.raises(ArgumentError, match="nobody registers a kernel"):
        testing.check_kernel("core:nothing", "numpy")


class Careless(Backend):
    """NumPy, with three mistakes."""

    def __init__(self):
        super().__init__("careless", np)

    def copy(self, x):
        return x

    def within(self, t, n):
        return True

    def index_add(self, shape, key, values):
        y = np.zeros(shape, values.dtype)
        y[key] = values  # what repeats does not add up
        return y


def test_a_wrong_backend():
    registry.register_local("backends", "careless", Careless, ())
    try:
        report = testing.check_backend("careless", skip=["ops", "layers", "optimizers"])
    finally:
        registry.remove("local")
    assert {"protocol", "copies", "helpers", "index_add"} <= {f.check for f in report.failures}


def test_noise_that_a_library_draws_itself(monkeypatch):
    strict = get_backend("array_api_strict")
    monkeypatch.setattr(
        strict, "keep_mask", lambda shape, ratio, device=None: strict.xp.ones(shape) > ratio
    )
    assert Place("strict").own_noise
    assert not Place("numpy").own_noise
    report = testing.check_op(F.dropout, places=["strict"])
    report.raise_for_failures()
    assert "noise is drawn there in another way" in report.skipped.values()
    testing.check_layer(L.Dropout, places=["strict"]).raise_for_failures()


def test_a_kernel_of_a_rule_that_is_wrong_for_gradients_that_are_arrays():
    """A loss is differentiated from an array of ones, a term of a sum from a scalar."""
    definition = F.mean_absolute_error.definition

    def loss(x0, x1):
        return np.asarray(definition.forward(x0, x1, xp=np))

    def rule(g, x0, x1, xp):
        right = definition.rules[("x0",)](g, x0, x1, xp)
        return right * 2 if isinstance(g, np.ndarray) else right

    registry.register_local("kernels", "core:mean_absolute_error", "numpy", loss)
    registry.register_local("kernels", "core:mean_absolute_error.x0", "numpy", rule)
    try:
        entry, _ = [e for e in registry.entries("kernels") if e.namespace == "local"]
        report = testing.check_kernel(entry)
        assert any("of ones differs from the definition's" in text for text in report.failures)
    finally:
        registry.remove("local")
