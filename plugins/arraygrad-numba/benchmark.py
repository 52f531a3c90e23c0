"""The kernels of this plugin against the core's for NumPy: time as a ratio, in one run.

python benchmark.py [--float64] [NAME ...]

Each line is the time of one call forward and one backward with these kernels, and by how much the
core's take longer, on one thread: processor time, the least of several turns that the two take.
The loops run on one thread however many there are; with OMP_NUM_THREADS=2 in the environment it
is NumPy's products of matrices that use two.
"""

from __future__ import annotations

import os
import sys

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", os.environ["OMP_NUM_THREADS"])

import time
from collections.abc import Callable
from typing import Any

import numpy as np

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable

RNG = np.random.default_rng(0)


def places(high: int, *shape: int) -> Any:
    return np.random.default_rng(1).integers(0, high, shape)


def batch_norm(x: Any, gamma: Any, beta: Any) -> Any:
    return F.batch_norm(x, gamma, beta, np.zeros(len(gamma)), np.ones(len(gamma)))


CASES: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]]]] = {
    "gelu 512x512": (F.gelu, [(512, 512)]),
    "gelu 30x10": (F.gelu, [(30, 10)]),
    "gelu, tanh 512x512": (lambda x: F.gelu(x, "tanh"), [(512, 512)]),
    "silu 512x512": (F.silu, [(512, 512)]),
    "silu 30x10": (F.silu, [(30, 10)]),
    "elu 512x512": (F.elu, [(512, 512)]),
    "elu 30x10": (F.elu, [(30, 10)]),
    "softplus 512x512": (F.softplus, [(512, 512)]),
    "erf 512x512": (F.erf, [(512, 512)]),
    "softmax 512x1000": (F.softmax, [(512, 1000)]),
    "softmax 100x10": (F.softmax, [(100, 10)]),
    "log_softmax 512x1000": (F.log_softmax, [(512, 1000)]),
    "softmax_cross_entropy 512x1000": (
        lambda x: F.softmax_cross_entropy(x, places(1000, 512)), [(512, 1000)],
    ),
    "softmax_cross_entropy 100x10": (
        lambda x: F.softmax_cross_entropy(x, places(10, 100)), [(100, 10)],
    ),
    "layer_norm 512x128": (F.layer_norm, [(512, 128), (128,), (128,)]),
    "layer_norm 2048x768": (F.layer_norm, [(2048, 768), (768,), (768,)]),
    "layer_norm 8x16": (F.layer_norm, [(8, 16), (16,), (16,)]),
    "batch_norm 32x64x14x14, last": (batch_norm, [(32, 64, 14, 14), (64,), (64,)]),
    "batch_norm 256x100": (batch_norm, [(256, 100), (100,), (100,)]),
    "pooling 2x2 32x16x28x28, last": (lambda x: F.pooling(x, 2, 2), [(32, 16, 28, 28)]),
    "pooling 3x3/2 32x64x28x28, last": (lambda x: F.pooling(x, 3, 2, 1), [(32, 64, 28, 28)]),
    "pooling 3x3/2 32x64x28x28, first": (lambda x: F.pooling(x, 3, 2, 1), [(32, 64, 28, 28)]),
    "embed_id 1000 of 5000x64": (lambda W: F.embed_id(places(5000, 1000), W), [(5000, 64)]),
    "embed_id 8x64 of 1000x128": (lambda W: F.embed_id(places(1000, 8, 64), W), [(1000, 128)]),
    "x[key] 10000 of 1000": (lambda x: x[places(1000, 10000)], [(1000,)]),
    "take 200 of 50x100, axis 1": (lambda x: F.take(x, places(100, 200), axis=1), [(50, 100)]),
    "index_add 1000x64 to 100x64": (
        lambda x: F.index_add(x, places(100, 1000), (100, 64)), [(1000, 64)],
    ),
}  # fmt: skip


def made(name: str, shape: tuple[int, ...], dtype: str) -> Variable:
    x = RNG.normal(size=shape).astype(dtype)
    if name.endswith("last") and len(shape) == 4:  # as after a convolution
        x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
    return Variable(x)


def timed(function: Callable[..., Any], xs: list[Variable], repeat: int) -> tuple[float, float]:
    """Seconds of one call, and of one backward pass."""
    forward = backward = 0.0
    g = None
    for _ in range(repeat):
        start = time.process_time()
        y = function(*xs)
        forward += time.process_time() - start
        g = np.array(RNG.normal(size=y.shape), y.dtype) if g is None else g
        y.grad = Variable(g)
        start = time.process_time()
        y.backward()
        backward += time.process_time() - start
        for x in xs:
            x.cleargrad()
    return forward / repeat, backward / repeat


def main(wanted: list[str]) -> None:
    dtype = "float64" if "--float64" in wanted else "float32"
    wanted = [word for word in wanted if not word.startswith("-")]
    print(f"{dtype:34}{'forward':>10}{'core':>12}{'backward':>11}{'core':>12}")
    for name, (function, shapes) in CASES.items():
        if wanted and not any(word in name for word in wanted):
            continue
        xs = [made(name, shape, dtype) for shape in shapes]
        runs: dict[str, list[tuple[float, float]]] = {"numba": [], "core": []}
        repeat = 0
        for turn in range(7):
            for who in runs:
                with ag.plugins.disabled(*([] if who == "numba" else ["numba"])):
                    warm = sum(timed(function, xs, 1))
                    if turn:
                        repeat = repeat or max(1, min(300, int(0.01 / max(warm, 1e-6))))
                        runs[who].append(timed(function, xs, repeat))
        (f, b), (f0, b0) = (
            [min(part) for part in zip(*runs[who], strict=True)] for who in ("numba", "core")
        )
        print(f"{name:34}{f * 1e6:8.0f}us{f0 / f:11.1f}x{b * 1e6:9.0f}us{b0 / b:11.1f}x")


if __name__ == "__main__":
    main(sys.argv[1:])
