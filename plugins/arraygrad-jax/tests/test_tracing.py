"""`ag.jit`: what would be compiled in unnoticed, and what is not known, says so; nothing else."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pytest

import arraygrad as ag
import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Parameter, Variable, optimizers
from arraygrad.errors import BackendError

jax = pytest.importorskip("jax", reason="JAX is not installed")
jnp = jax.numpy

FAR: Any = []
"""Out of sight: a function looks here by a name that it makes while it runs."""


def far() -> Any:
    return globals()["F" + "AR"][0]


@pytest.fixture
def hidden() -> Any:
    with ag.using_backend("jax"):
        np.random.seed(0)
        FAR[:] = [L.Linear(1, in_size=3)]
        FAR[0](jnp.ones((1, 3)))
    yield FAR[0]
    FAR.clear()


def test_weights_that_nobody_named_are_an_error(hidden: Any) -> None:
    def step(x: Any) -> Any:
        loss = F.mean(far()(x) ** 2)
        loss.backward()
        return loss

    x = jnp.ones((2, 3))
    run = ag.jit(step)
    run(x)
    hidden.cleargrads()
    with pytest.raises(BackendError, match=r"step reads a Parameter 'W' of shape \(3, 1\).*jit\("):
        run(x)
    assert all(p.grad is None and isinstance(p.data, jax.Array) for p in hidden.params())
    named = ag.jit(step, hidden)
    before = [float(named(x)) for _ in range(2)]
    hidden.W.data = hidden.W.data * 2
    hidden.b.data = hidden.b.data * 2
    assert float(named(x)) == pytest.approx(4 * before[1], rel=1e-5)


def test_optimizers_that_nobody_named_are_an_error(hidden: Any) -> None:
    optimizer = optimizers.Adam().setup(hidden)

    def step(x: Any) -> Any:
        loss = F.mean(hidden(x) ** 2)
        hidden.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    run = ag.jit(step, hidden)  # what is given is all there is
    x = jnp.ones((2, 3))
    run(x)
    with pytest.raises(BackendError, match=r"step updates with Adam\(.*ag\.jit\(step, model, opt"):
        run(x)
    assert optimizer.updates == 1
    run = ag.jit(step)
    losses = [float(run(x)) for _ in range(4)]
    assert losses == sorted(losses, reverse=True)


@pytest.mark.parametrize("kind", ["leaf", "result", "constant"])
def test_variables_from_outside(kind: str) -> None:
    w = Variable(jnp.array([1.0, 2.0]), requires_grad=kind != "constant")
    FAR[:] = [w * 2 if kind == "result" else w]
    run = ag.jit(lambda x: far() * x, L.Linear(1, in_size=1).to("jax"))
    run(jnp.ones(2))
    with pytest.raises(BackendError, match=r"step reads a Variable of shape \(2,\)"):
        run(jnp.ones(2))
    FAR.clear()


class Holder:
    def __init__(self, w: Any) -> None:
        self.parts = {"w": [w]}

    def __call__(self, x: Any) -> Any:
        return self.parts["w"][0] * x


def through_dict(w: Any) -> Callable[..., Any]:
    weights = {"w": (w,)}
    return lambda x: weights["w"][0] * x


def through_object(w: Any) -> Callable[..., Any]:
    holder = Holder(w)
    return lambda x: holder(x)


def through_function(w: Any) -> Callable[..., Any]:
    def inner(x: Any) -> Any:
        return sum(v * x for v in (w,))

    return lambda x: inner(x)


def through_partial(w: Any) -> Callable[..., Any]:
    return partial(lambda w, x: w * x, w)


WAYS = [through_dict, through_object, through_function, through_partial, Holder]


@pytest.mark.parametrize("way", WAYS)
def test_what_is_named_in_other_ways_is_found(way: Any) -> None:
    w = Parameter(jnp.array([1.0, 2.0]))
    run = ag.jit(way(w))
    x = jnp.ones(2)
    for _ in range(2):
        assert np.asarray(run(x).data).tolist() == [1, 2]
    w.data = jnp.array([3.0, 4.0])
    assert np.asarray(run(x).data).tolist() == [3, 4]


def branch(x: Any) -> Any:
    return x * 2 if x.sum() > 0 else x


def branch_of_variable(x: Any) -> Any:
    y = Variable(x)
    return y * 2 if y.sum() > 0 else y


NEEDING: dict[str, Callable[..., Any]] = {
    "if": branch,
    "if, a Variable": branch_of_variable,
    "mask": lambda x: Variable(x)[x > 0],
    "nonzero": lambda x: Variable(x)[jnp.nonzero(x)],
    "index": lambda x: Variable(x)[int(x[0])],
    "shape": lambda x: jnp.arange(x[0]),
    "NumPy": lambda x: np.tanh(x),
    "item": lambda x: Variable(x).sum().item(),
}


@pytest.mark.parametrize("name", NEEDING)
def test_what_needs_values_is_an_error_of_ours(name: str) -> None:
    run = ag.jit(NEEDING[name])
    x = jnp.array([2.0, -1.0, 3.0])
    run(x)
    for _ in range(2):
        with pytest.raises(BackendError, match=r"wants to know values.*F\.where|no values yet"):
            run(x)


def test_other_errors_stay_what_they_are() -> None:
    calls = []

    def step(x: Any) -> Any:
        calls.append(x)
        if len(calls) > 1:
            raise ZeroDivisionError("mine")
        return x

    run = ag.jit(step)
    run(jnp.ones(2))
    with pytest.raises(ZeroDivisionError, match="mine"):
        run(jnp.ones(2))


def test_after_tracing_all_is_as_before() -> None:
    slot, update = Variable.__dict__["_data"], optimizers.Optimizer.update
    run = ag.jit(branch)
    run(jnp.ones(2))
    with pytest.raises(BackendError):
        run(jnp.ones(2))
    assert Variable.__dict__["_data"] is slot
    assert optimizers.Optimizer.update is update
    assert type(slot).__name__ == "member_descriptor"
