"""check_optimizer: it goes downhill, goes on from its state, and writes into nothing of others."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from arraygrad.backend import using_backend
from arraygrad.layers import Layer
from arraygrad.optimizers import Optimizer
from arraygrad.testing.core_samples import OPTIMIZERS
from arraygrad.testing.examples import check_docstring, check_example
from arraygrad.testing.places import PLACES, ROUNDING, Place, close, on_host, places_of
from arraygrad.testing.report import Report
from arraygrad.testing.samples import Sample, name_of, samples_of
from arraygrad.testing.suite import Suite, undisturbed
from arraygrad.variable import Parameter, Variable

check = Suite("check_optimizer")


class Bowl(Layer):
    """A quadratic with its lowest point at 0.5: parameters of several shapes, one of them 0-d."""

    def __init__(self, dtype: str = "float64", place: Place | None = None) -> None:
        place = place or Place("numpy")
        rng = np.random.default_rng(3)
        self.a = Parameter(place.cast(rng.normal(size=(3, 2)), dtype))
        self.b = Parameter(place.cast(rng.normal(size=5), dtype))
        self.c = Parameter(place.cast(np.asarray(2.0), dtype))

    def forward(self) -> Variable:
        total: Any = 0.0
        for p in self.params():
            total = total + ((p - 0.5) ** 2).sum()
        return total


def steps(bowl: Bowl, optimizer: Optimizer, n: int) -> float:
    """The loss before the last of n updates."""
    loss = 0.0
    for _ in range(n):
        bowl.cleargrads()
        y = bowl()
        y.backward()
        optimizer.update()
        loss = float(on_host(y.data))
    return loss


def arrays(layer: Layer) -> dict[str, np.ndarray]:
    """Copies of all parameters, on the host."""
    return {name: on_host(p.data).copy() for name, p in layer.named_params()}


def _equal(report: Report, found: Layer, expected: Layer, what: str) -> None:
    for (name, x), y in zip(arrays(found).items(), arrays(expected).values(), strict=True):
        report.expect(np.array_equal(x, y), f"{what}: {name} is {x}, expected {y}")


@check("docstring", "class")
def _(report: Report, cls: Any) -> None:
    check_docstring(report, cls)


@check("example", "class")
def _(report: Report, cls: Any) -> None:
    check_example(report, cls)


@check("downhill", "made")
def _(report: Report, make: Any) -> None:
    bowl = Bowl()
    optimizer = make()
    report.expect(isinstance(optimizer, Optimizer), f"make() gives a {type(optimizer).__name__}")
    report.expect(optimizer.setup(bowl) is optimizer, "setup() does not return the optimizer")
    start, end = steps(bowl, optimizer, 1), steps(bowl, optimizer, 60)
    report.expect(end < start, f"60 updates of a quadratic take the loss from {start} to {end}")
    report.expect(optimizer.updates == 61, f"61 updates are counted as {optimizer.updates}")


@check("state", "made")
def _(report: Report, make: Any) -> None:
    """Saved and loaded, and out of a pickle, it goes on to the last bit."""
    bowl = Bowl()
    optimizer = make().setup(bowl)
    steps(bowl, optimizer, 3)
    state = optimizer.state_dict()
    for name, x in state.items():
        report.expect(isinstance(x, np.ndarray), f"state_dict: {name} is a {type(x).__name__}")
    kept = {name: np.copy(x) for name, x in state.items()}
    other = copy.deepcopy(bowl)
    restored = make().setup(other)
    restored.load_state_dict(state)
    pickled_bowl, pickled = pickle.loads(pickle.dumps((bowl, optimizer)))
    steps(bowl, optimizer, 3)
    steps(other, restored, 3)
    steps(pickled_bowl, pickled, 3)
    _equal(report, other, bowl, "with the state from state_dict()")
    _equal(report, pickled_bowl, bowl, "out of a pickle")
    same = all(np.array_equal(x, state[name]) for name, x in kept.items())
    report.expect(same, "what state_dict() gave has changed since")


@check("holders", "made")
def _(report: Report, make: Any) -> None:
    """Arrays that others hold stay as they are: data, gradients, arrays of two parameters."""
    bowl: Any = Bowl()
    shared = np.ones(5)
    bowl.b.data = shared
    bowl.d = Parameter(shared)
    optimizer = make().setup(bowl)
    for _ in range(3):
        held = {name: p.data for name, p in bowl.named_params()}
        before = {name: x.copy() for name, x in held.items()}
        bowl.cleargrads()
        bowl().backward()
        grads = {name: p.grad.data for name, p in bowl.named_params() if p.grad is not None}
        kept = {name: np.copy(g) for name, g in grads.items()}
        optimizer.update()
        for name, x in held.items():
            report.expect(np.array_equal(x, before[name]), f"the array that {name} had was changed")
            report.expect(np.array_equal(grads[name], kept[name]), f"{name}: its gradient changed")
    report.expect(
        np.array_equal(bowl.b.data, bowl.d.data), "parameters that began as one array differ"
    )
    report.expect(np.array_equal(shared, np.ones(5)), "an array of two parameters was changed")


@check("shared", "made")
def _(report: Report, make: Any) -> None:
    """A parameter with two names is updated once."""
    bowl: Any = Bowl()
    plain = Bowl()
    bowl.also = bowl.a
    for layer in (bowl, plain):
        optimizer = make().setup(layer)
        for _ in range(2):
            for p in layer.params():
                p.grad = Variable(np.ones(p.shape))
            optimizer.update()
    _equal(report, bowl, plain, "a parameter with two names")


@check("frozen", "made")
def _(report: Report, make: Any) -> None:
    """Parameters without a gradient or without data are left alone."""
    bowl: Any = Bowl()
    bowl.later = Parameter(None)
    optimizer = make().setup(bowl)
    before = bowl.a.data
    for _ in range(2):
        bowl.b.grad = Variable(np.ones(5))
        optimizer.update()
    report.expect(bowl.a.data is before, "a parameter without a gradient was changed")
    report.expect(bowl.later.data is None, "a parameter without data was given some")
    report.expect(not np.array_equal(bowl.b.data, Bowl().b.data), "the others were not updated")


@check("hooks", "made")
def _(report: Report, make: Any) -> None:
    seen: list[int] = []
    bowl = Bowl()
    optimizer = make().setup(bowl)
    optimizer.add_hook(lambda params: seen.append(len(params)))
    steps(bowl, optimizer, 2)
    report.expect(seen == [3, 3], f"a hook of 2 updates of 3 parameters saw {seen}")


@check("dtype", "made")
def _(report: Report, make: Any) -> None:
    for dtype in ("float32", "float64"):
        bowl = Bowl(dtype)
        optimizer = make().setup(bowl)
        steps(bowl, optimizer, 3)
        for name, p in bowl.named_params():
            report.expect(str(p.dtype) == dtype, f"{name} of {dtype} became {p.dtype}")
            for slot, x in optimizer.state(p).items():
                report.expect(str(x.dtype) == dtype, f"{slot} of {name}, {dtype}, is {x.dtype}")


@check("places", "place")
def _(report: Report, make: Any, place: Place) -> None:
    """The same numbers as on NumPy."""
    dtype = "float64" if "float64" in place.dtypes else "float32"
    with using_backend(place.backend.name):
        bowl, plain = Bowl(dtype, place), Bowl(dtype)
    steps(bowl, make().setup(bowl), 4)
    steps(plain, make().setup(plain), 4)
    for (name, p), x in zip(bowl.named_params(), arrays(plain).values(), strict=True):
        report.expect(close(on_host(p.data), x, ROUNDING[dtype]), f"{name} differs from NumPy's")
        report.expect(
            place.device is None or place.backend.device(p.data) == place.device,
            f"{name} is on {place.backend.device(p.data)}",
        )


@check.public
def check_optimizer(
    optimizer: Any,
    *,
    places: Sequence[str] = PLACES,
    only: str | Iterable[str] | None = None,
    skip: str | Iterable[str] = (),
    expected_failures: Mapping[str, str] | None = None,
) -> Report:
    """Check an optimizer: it goes downhill, its state goes on exactly, others' arrays are safe.

    optimizer: a function without arguments that makes one, or a class that says itself how to
    make one: see `Sample`. Raises ArgumentError for a class that does not.

    >>> from arraygrad.optimizers import SGD
    >>> check_optimizer(lambda: SGD(lr=0.1), places=["numpy"])
    <Report <lambda>: ... checks, 0 failed>
    """
    samples = samples_of("check_optimizer", optimizer, (), {}, OPTIMIZERS)
    chosen = check.select(only, skip)
    report = Report(name_of(optimizer), expected_failures)
    run_optimizer(report, chosen, optimizer, samples, places)
    return report.finish()


def run_optimizer(
    report: Report, chosen: set[str], optimizer: Any, samples: list[Sample], places: Sequence[str]
) -> None:
    """The checks of an optimizer, of each way to make it."""
    with undisturbed():
        if isinstance(optimizer, type):
            check.run("class", chosen, report, optimizer)
        for sample in samples:
            check.run("made", chosen, report, sample.make)
            for place in places_of(places):
                where = f"{report.name} on {place.name}"
                check.run("place", chosen, report, sample.make, place, where=where)
