"""The same calls on other array libraries, and compiled by jax.jit."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from check import Outcome, close, draw, flat, raw, weighted, why
from table import Call

import arraygrad as ag
from arraygrad import Variable

# Another library computes some functions in another way.
RTOL = 1e-8


def value_and_gradients(
    call: Call, arrays: Sequence[Any], us: Sequence[np.ndarray]
) -> tuple[list[Any], list[Any]]:
    """The results, and the gradients of their sum with weights, as arrays of their library."""
    varying = [arg.varies for arg in call.args.values()]
    xs = [Variable(x, requires_grad=v) for x, v in zip(arrays, varying, strict=True)]
    ys = flat(call.function()(*xs))
    weighted(us, ys).backward()
    return ys, [x.grad for x in xs if x.grad is not None]


def check_on(call: Call, name: str) -> Outcome:
    """Value and gradients over another library, against those over NumPy."""
    if name == "torch":
        import torch

        torch.set_default_dtype(torch.float64)  # in which SciPy makes its constants
    backend = ag.get_backend({"strict": "array_api_strict"}.get(name, name))
    arrays = call.arrays()
    us = _weights(call, arrays)
    expected = value_and_gradients(call, arrays, us)
    try:
        got = value_and_gradients(call, [backend.from_numpy(x) for x in arrays], us)
    except Exception as error:
        return Outcome("refused", why(error))
    if any(isinstance(y, Variable) and ag.backend_of(y.data) is not backend for y in flat(got)):
        return Outcome("wrong", "a result of another library")
    return _compared(got, expected)


def check_jit(call: Call) -> Outcome:
    """Value and gradients of the call compiled by jax.jit, against those over NumPy."""
    import jax

    arrays = call.arrays()
    us = _weights(call, arrays)
    expected = value_and_gradients(call, arrays, us)

    def compiled(*xs: Any) -> tuple[list[Any], list[Any]]:
        ys, grads = value_and_gradients(call, xs, us)
        return [y.data for y in ys], [g.data for g in grads]

    try:
        got = jax.jit(compiled)(*[jax.numpy.asarray(x) for x in arrays])
    except Exception as error:
        return Outcome("refused", why(error))
    return _compared(got, expected)


def _weights(call: Call, arrays: Sequence[np.ndarray]) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [draw(y, rng) for y in flat(call.function()(*arrays))]


def _compared(got: Sequence[list[Any]], expected: Sequence[list[Any]]) -> Outcome:
    for what, ours, theirs in zip(("value", "gradient"), got, expected, strict=True):
        for y, expectation in zip(ours, theirs, strict=True):
            if not close(raw(y), raw(expectation), RTOL):
                return Outcome("wrong", f"the {what} {raw(y)} instead of {raw(expectation)}")
    return Outcome("first")
