"""What the kit finds in layers, optimizers and data sets that are wrong in one way each."""

from __future__ import annotations

import numpy as np
import pytest

import arraygrad.layers as L
from arraygrad import testing
from arraygrad.datasets import Dataset
from arraygrad.errors import ArgumentError
from arraygrad.function import Function
from arraygrad.models import Model
from arraygrad.op import arr
from arraygrad.optimizers import Optimizer
from arraygrad.testing import Sample
from arraygrad.variable import Buffer, Parameter

KEPT = []


class Scale(L.Layer):
    """x * gain; a layer that is right, and a base for those that are not.

    >>> Scale(3)(np.ones((2, 3), np.float32)).shape
    (2, 3)
    """

    def __init__(self, size):
        self.gain = Parameter(np.random.randn(size).astype(np.float32))

    def forward(self, x):
        return x * self.gain


class Widens(Scale):
    def forward(self, x):
        return x * self.gain * np.ones(3)


class Unseeded(Scale):
    def __init__(self, size):
        self.gain = Parameter(np.random.default_rng().normal(size=size).astype(np.float32))


class Half(Function):
    def forward(self, x):
        return x * 1

    def backward(self, gy):
        return gy * 0.5


class WrongGradient(Scale):
    def forward(self, x):
        return x * Half()(self.gain)


class Counts(Scale):
    def __init__(self, size):
        super().__init__(size)
        self.seen = Buffer(np.zeros(1, np.float32))

    def forward(self, x):
        self.seen.data = self.seen.data + 1
        return x * self.gain


class Noisy(Scale):
    def forward(self, x):
        return x * self.gain * np.random.random(3).astype(np.float32)


class Grows(Scale):
    def forward(self, x):
        self.more = Parameter(np.zeros(1, np.float32))
        return x * self.gain


class Keeps(Scale):
    def forward(self, x):
        KEPT.append(x * self.gain)
        return KEPT[-1]


class Forgets(Scale):
    def __init__(self, size):
        super().__init__(size)
        self.factor = float(np.random.randn())

    def forward(self, x):
        return x * self.gain * self.factor


class Closed(Scale):
    def __init__(self, size):
        super().__init__(size)
        self.f = lambda x: x

    def forward(self, x):
        return self.f(x * self.gain)


class Writes(Scale):
    def forward(self, x):
        x.data[...] *= 2
        return x * self.gain


class HostBound(Scale):
    def forward(self, x):
        return x * np.asarray(self.gain.data)


WRONG = {
    Widens: "float32", Unseeded: "seeds", WrongGradient: "gradients", Counts: "train and test",
    Noisy: "train and test", Grows: "call", Keeps: "graph freed", Forgets: "weights file",
    Closed: "pickle", Writes: "inputs unchanged", HostBound: "places",
}  # fmt: skip


@pytest.mark.parametrize("cls", WRONG, ids=lambda cls: cls.__name__)
def test_a_wrong_layer(cls):
    report = testing.check_layer(lambda: cls(3), arr(4, 3))
    assert WRONG[cls] in {failure.check for failure in report.failures}, str(report)
    KEPT.clear()


def test_a_right_layer_from_its_example_and_from_samples():
    testing.check_layer(Scale).raise_for_failures()

    class Sampled(Scale):
        """Says itself how to make one."""

        @classmethod
        def samples(cls):
            return [Sample(lambda: cls(2), arr(5, 2)), Sample(lambda: cls(1), arr(1))]

    report = testing.check_layer(Sampled, places=["numpy"], skip="pickle")
    report.raise_for_failures()
    assert "Sampled" in repr(report)

    class Silent(Scale):
        """Does not."""

    with pytest.raises(ArgumentError, match="does not say how to make one"):
        testing.check_layer(Silent)


def test_a_model_that_is_none_and_one_that_does_not_train():
    report = testing.check_model(lambda: Scale(3), arr(4, 3), places=[])
    assert {failure.check for failure in report.failures} == {"is a Model"}

    class Backwards(Function):
        def forward(self, x):
            return x * 1

        def backward(self, gy):
            return gy * -1

    class Uphill(Model):
        def __init__(self):
            self.l = L.Linear(2)

        def forward(self, x):
            return Backwards()(self.l(x))

    report = testing.check_model(Uphill, arr(4, 3), places=[], skip=["pickle", "docstring"])
    assert {"gradients", "trains"} <= {f.check for f in report.failures}


class Descent(Optimizer):
    """A gradient descent that is right."""

    sign = -0.1

    def update_one(self, param):
        param.data = param.data + self.sign * param.grad.data


class Ascent(Descent):
    sign = 0.1


class InPlace(Descent):
    def update_one(self, param):
        param.data[...] += self.sign * param.grad.data


class Momentum(Descent):
    def __init__(self):
        super().__init__()
        self.v = {}

    def update_one(self, param):
        v = self.v[id(param)] = 0.9 * self.v.get(id(param), 0) + param.grad.data
        param.data = param.data - 0.01 * v


class Doubles(Descent):
    def update_one(self, param):
        param.data = np.asarray(param.data - 0.1 * param.grad.data, np.float64)


class Impatient(Descent):
    def update(self):
        for p in self.target.params():
            p.data = p.data - 0.1 * p.grad.data


WRONG_OPTIMIZERS = {
    Ascent: {"downhill"}, InPlace: {"holders"}, Momentum: {"state"}, Doubles: {"dtype"},
    Impatient: {"frozen", "hooks", "downhill"},
}  # fmt: skip


@pytest.mark.parametrize("cls", WRONG_OPTIMIZERS, ids=lambda cls: cls.__name__)
def test_a_wrong_optimizer(cls):
    report = testing.check_optimizer(lambda: cls(), places=["numpy"])
    assert WRONG_OPTIMIZERS[cls] <= {failure.check for failure in report.failures}, str(report)


def test_a_right_optimizer():
    testing.check_optimizer(lambda: Descent()).raise_for_failures()


class Squares(Dataset):
    """Numbers and their squares."""

    def prepare(self):
        self.data = np.arange(6, dtype=np.float32)
        self.label = np.arange(6) ** 2


class Off(Squares):
    def __getitem__(self, index):
        return self.data[index % 6], self.label[index % 6]


class Changing(Squares):
    def prepare(self):
        super().prepare()
        self.data = np.random.default_rng().normal(size=6)


class Mixed(Squares):
    def prepare(self):
        self.data = [np.float32(1), np.int64(2)]
        self.label = [0, 1]


class Online(Squares):
    def prepare(self):
        import socket

        socket.create_connection(("data.invalid", 80))


WRONG_DATASETS = {Off: "length", Changing: "repeatable", Mixed: "dtype", Online: "offline"}


@pytest.mark.parametrize("cls", WRONG_DATASETS, ids=lambda cls: cls.__name__)
def test_a_wrong_dataset(cls):
    report = testing.check_dataset(lambda: cls())
    assert WRONG_DATASETS[cls] in {failure.check for failure in report.failures}, str(report)


def test_a_right_dataset_which_needs_no_sample():
    testing.check_dataset(Squares).raise_for_failures()
