"""Ten elementwise ops and a sum on 4M float32, forward and backward: time and peak memory.

Every turn of a contestant is a fresh process, because blocks of this size go back to the system
when freed, or not, depending on what else the process has allocated.  Peak memory is the growth
of the peak resident set over three passes, from before the input exists, in arrays of 16 MB: it
counts the input, its gradient, and whatever the allocator could not reuse.
"""

from __future__ import annotations

import json
import statistics
import sys
from collections.abc import Callable, Iterator
from functools import partial
from types import SimpleNamespace
from typing import Any

import numpy as np

from .harness import (
    OURS,
    Case,
    Result,
    Row,
    Run,
    Target,
    in_fresh_process,
    peak_bytes,
    reset_peak_bytes,
    single_thread,
    spent,
    take_turns,
)

TITLE = "10 elementwise ops + sum on 4M float32"
SIZE = 4_000_000
ARRAY_BYTES = 4 * SIZE


def chain(x: Any, m: Any) -> Any:
    """Ten elementwise ops; `m` has the functions of the library at hand."""
    y = x * 1.1
    y = m.sin(y)
    y = y + x
    y = m.tanh(y)
    y = y * x
    y = m.exp(y)
    y = y + 1.0
    y = m.log(y)
    y = y * y
    return y - x


def start(n: int, dtype: str = "float32") -> np.ndarray:
    return np.random.default_rng(0).standard_normal(n, dtype="float32").astype(dtype)


def by_hand(n: int, dtype: str = "float32") -> Run:
    x = start(n, dtype)

    def run():
        a = x * 1.1
        c = np.sin(a) + x
        d = np.tanh(c)
        f = np.exp(d * x)
        i = f + 1.0
        j = np.log(i)
        k = j * j - x
        loss = k.sum()
        g = j + j
        g /= i
        g *= f
        gx = g * d
        g *= x
        g *= 1 - d * d
        gx += g
        gx -= 1.0
        g *= np.cos(a)
        g *= 1.1
        gx += g
        return loss, gx

    return run


def torch_eager(n: int) -> Run:
    import torch

    x = torch.from_numpy(start(n)).requires_grad_()

    def run():
        x.grad = None
        loss = chain(x, torch).sum()
        loss.backward()
        return loss, x.grad

    return run


def jax_jit(n: int) -> Run:
    import jax
    import jax.numpy as jnp

    f = jax.jit(jax.value_and_grad(lambda x: chain(x, jnp).sum()))
    x = jnp.asarray(start(n))
    return lambda: jax.block_until_ready(f(x))


def autograd_(n: int) -> Run:
    import autograd.numpy as anp
    from autograd import value_and_grad

    f = value_and_grad(lambda x: anp.sum(chain(x, anp)))
    x = start(n)
    return lambda: f(x)


def arraygrad_(n: int) -> Run:
    import arraygrad.functions as F
    from arraygrad import Variable

    x = Variable(start(n))
    m = SimpleNamespace(sin=F.sin, tanh=F.tanh, exp=F.exp, log=F.log)

    def run():
        x.cleargrad()
        loss = F.sum(chain(x, m))
        loss.backward()
        return loss, x.grad

    return run


MAKERS: dict[str, Callable[[int], Run]] = {
    "numpy": by_hand,
    "torch": torch_eager,
    "jax.jit": jax_jit,
    "autograd": autograd_,
    OURS: arraygrad_,
}


# Blocks of 16 MB stay in the process when freed, as any allocator with a cache would have it.
KEEP_MEMORY = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "17179869184"}


def cases(*, quick: bool) -> Iterator[Case]:
    """Small inputs; the times of the large ones are taken in processes of their own."""
    yield Case(
        "10 elementwise ops + sum on 10,000 float32, forward + backward",
        {name: partial(make, 10_000) for name, make in MAKERS.items()},
        partial(by_hand, 10_000, "float64"),
        rtol=2e-3,
        atol=2e-4,
    )


def one_process(name: str, passes: int) -> dict[str, float]:
    """The peak memory of three passes in arrays, and the milliseconds of each pass after them."""
    single_thread()
    MAKERS[name](8)()
    before = reset_peak_bytes()
    run = MAKERS[name](SIZE)
    for _ in range(3):
        run()
    arrays = (peak_bytes() - before) / ARRAY_BYTES
    times = [1e3 * spent(run, 1) for _ in range(passes)]
    return {"arrays": arrays, "best": min(times), "median": statistics.median(times)}


def results(*, quick: bool) -> Iterator[Result]:
    for title, env in (("", {}), (", freed blocks kept", KEEP_MEMORY)):
        answers = take_turns(
            list(MAKERS),
            lambda name, env=env: in_fresh_process(
                "benchmarks.elementwise", name, "4" if quick else "15", env=env
            ),
            rounds=2 if quick else 6,
        )
        missing = [name for name, found in answers.items() if not found]
        rows, peaks = {}, {}
        for name, found in answers.items():
            if found:
                turns = [a["median"] for a in found]
                rows[name] = Row(min(a["best"] for a in found), statistics.median(turns), turns)
                arrays = statistics.median(a["arrays"] for a in found)
                peaks[name] = Row(arrays, arrays)
        yield Result(
            TITLE + title + ", forward + backward",
            "ms",
            rows,
            missing,
            targets=(Target("torch", 1.0),),
        )
        yield Result(
            TITLE + title + ", peak memory", "arrays", peaks, missing, absolute=((OURS, 12.0),)
        )


if __name__ == "__main__":
    print(json.dumps(one_process(sys.argv[1], int(sys.argv[2]))))
