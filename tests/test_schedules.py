"""Schedules: their values, products, and what optimizers make of them."""

import copy
import math
import pickle

import numpy as np
import pytest

from arraygrad import Parameter, weights
from arraygrad.errors import ArgumentError
from arraygrad.layers import Layer
from arraygrad.optimizers import (
    SGD,
    AdaGrad,
    Adam,
    AdamW,
    CosineDecay,
    ExponentialDecay,
    MomentumSGD,
    RMSprop,
    Schedule,
    StepDecay,
    Warmup,
)

TAKES_A_RATE = {
    "sgd": lambda rate: SGD(rate),
    "momentum": lambda rate: MomentumSGD(rate),
    "adagrad": lambda rate: AdaGrad(rate),
    "rmsprop": lambda rate: RMSprop(rate),
    "adam": lambda rate: Adam(rate),
    "adamw": lambda rate: AdamW(rate),
}
every = pytest.mark.parametrize("make", TAKES_A_RATE.values(), ids=TAKES_A_RATE)


def layer_of(x):
    layer = Layer()
    layer.W = Parameter(np.array(x))
    return layer


def steps(optimizer, layer, n, start=0):
    for i in range(start, start + n):
        layer.W.grad = np.random.default_rng(i).normal(size=layer.W.shape)
        optimizer.update()


def test_values():
    cosine = CosineDecay(steps=10, end=0.2, start=5)
    assert [cosine(t) for t in (0, 5)] == [1, 1]
    assert cosine(7) == pytest.approx(0.2 + 0.8 * (1 + math.cos(0.2 * math.pi)) / 2)
    assert [cosine(t) for t in (15, 100)] == pytest.approx([0.2, 0.2])
    assert [StepDecay(3, 0.5)(t) for t in range(7)] == [1, 1, 1, 0.5, 0.5, 0.5, 0.25]
    assert [ExponentialDecay(0.5)(t) for t in range(3)] == [1, 0.5, 0.25]
    assert [Warmup(4)(t) for t in range(6)] == [0.25, 0.5, 0.75, 1, 1, 1]


def test_products():
    made = [0.1 * Warmup(2) * StepDecay(4, 0.5), Warmup(2) * 0.1 * StepDecay(4, 0.5)]
    made.append(Warmup(2) * (StepDecay(4, 0.5) * np.float32(0.1)))
    for schedule in made:
        assert isinstance(schedule, Schedule)
        assert [schedule(t) for t in (0, 1, 4)] == pytest.approx([0.05, 0.1, 0.05])
    assert repr(made[0]) == "0.1 * Warmup(steps=2) * StepDecay(every=4, factor=0.5)"


@pytest.mark.parametrize("cls", [StepDecay, CosineDecay, Warmup])
@pytest.mark.parametrize("count", [0, -1, 0.5])
def test_counts_are_whole_numbers(cls, count):
    with pytest.raises(ArgumentError, match=f"{cls.__name__}: .* expected a whole number"):
        cls(count)


def test_a_schedule_needs_call():
    with pytest.raises(NotImplementedError, match="Schedule has no __call__"):
        Schedule()(0)


@every
@pytest.mark.parametrize("schedule", [0.1 * StepDecay(2, 0.5), lambda t: 0.1 * 0.5 ** (t // 2)])
def test_the_same_as_setting_the_rate_before_each_update(make, schedule):
    scheduled, by_hand = layer_of([1.0, 2.0]), layer_of([1.0, 2.0])
    optimizer, other = make(schedule).setup(scheduled), make(0.1).setup(by_hand)
    for i in range(6):
        steps(optimizer, scheduled, 1, i)
        name = "alpha" if hasattr(other, "alpha") else "lr"
        setattr(other, name, [0.1, 0.1, 0.05, 0.05, 0.025, 0.025][i])
        steps(other, by_hand, 1, i)
        np.testing.assert_allclose(scheduled.W.data, by_hand.W.data, rtol=1e-12)


@every
@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_dtypes_stay(make, dtype):
    layer = layer_of(np.ones(3, dtype))
    optimizer = make(lambda t: np.float64(0.1)).setup(layer)
    steps(optimizer, layer, 2)
    assert layer.W.dtype == dtype


@every
def test_a_saved_run_goes_on_where_the_schedule_was(make, tmp_path):
    schedule = 0.1 * Warmup(3) * CosineDecay(6)
    whole, first, second = (layer_of([1.0, 2.0]) for _ in range(3))
    steps(make(schedule).setup(whole), whole, 6)
    optimizer = make(schedule).setup(first)
    steps(optimizer, first, 4)
    path = weights.write_arrays(tmp_path / "state", optimizer.state_dict())
    resumed = make(schedule).setup(second)
    second.W.data = first.W.data.copy()
    resumed.load_state_dict(weights.read_arrays(path))
    assert resumed.updates == 4
    steps(resumed, second, 2, 4)
    np.testing.assert_array_equal(second.W.data, whole.W.data)


def test_the_rate_of_an_optimizer():
    optimizer = SGD(0.1 * StepDecay(2, 0.5))
    layer = layer_of([1.0])
    assert optimizer.rate(optimizer.lr) == 0.1
    steps(optimizer.setup(layer), layer, 3)
    assert optimizer.rate(optimizer.lr) == pytest.approx(0.05)
    assert repr(optimizer) == "SGD(lr=0.1 * StepDecay(every=2, factor=0.5))"


@pytest.mark.parametrize("copied", [copy.deepcopy, lambda o: pickle.loads(pickle.dumps(o))])
def test_copies(copied):
    schedule = copied(0.1 * Warmup(4) * CosineDecay(8))
    assert schedule(1) == (0.1 * Warmup(4) * CosineDecay(8))(1)
