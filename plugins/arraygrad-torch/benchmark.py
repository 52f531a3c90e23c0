"""The kernels of this plugin against the definitions of the ops: time as a ratio, in one run.

python benchmark.py [NAME ...]     OMP_NUM_THREADS=1 for one thread

Each line is the time of one call forward and one backward with kernels, and by how much the
definitions take longer: processor time, the least of several turns that the two take.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import torch

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import Variable


def randn(*shape: int) -> Any:
    return torch.randn(shape, generator=torch.Generator().manual_seed(0))


def places(high: int, *shape: int) -> Any:
    return torch.randint(high, shape, generator=torch.Generator().manual_seed(0))


def norm_batch(x: Any, gamma: Any, beta: Any) -> Any:
    return F.batch_norm(x, gamma, beta, torch.zeros(64), torch.ones(64))


CASES: dict[str, tuple[Callable[..., Any], list[tuple[int, ...]]]] = {
    "conv2d 32x1x28x28 -> 16": (
        lambda x, W, b: F.conv2d(x, W, b, pad=1), [(32, 1, 28, 28), (16, 1, 3, 3), (16,)],
    ),
    "conv2d 32x16x14x14 -> 32": (
        lambda x, W, b: F.conv2d(x, W, b, pad=1), [(32, 16, 14, 14), (32, 16, 3, 3), (32,)],
    ),
    "conv2d 8x64x28x28 -> 64": (
        lambda x, W, b: F.conv2d(x, W, b, pad=1), [(8, 64, 28, 28), (64, 64, 3, 3), (64,)],
    ),
    "conv2d stride 2 16x32x28x28": (
        lambda x, W: F.conv2d(x, W, None, 2, 1), [(16, 32, 28, 28), (64, 32, 3, 3)],
    ),
    "deconv2d 16x32x14x14 -> 16": (
        lambda x, W: F.deconv2d(x, W, None, 2, 1), [(16, 32, 14, 14), (32, 16, 4, 4)],
    ),
    "pooling 32x16x28x28": (lambda x: F.pooling(x, 2, 2), [(32, 16, 28, 28)]),
    "average_pooling 32x16x28x28": (lambda x: F.average_pooling(x, 2, 2), [(32, 16, 28, 28)]),
    "batch_norm 32x64x14x14": (norm_batch, [(32, 64, 14, 14), (64,), (64,)]),
    "layer_norm 512x128": (F.layer_norm, [(512, 128), (128,), (128,)]),
    "group_norm 32x64x14x14": (
        lambda x, g, b: F.group_norm(x, 8, g, b), [(32, 64, 14, 14), (64,), (64,)],
    ),
    "attention 8x4x128x32": (
        F.scaled_dot_product_attention, [(8, 4, 128, 32), (8, 4, 128, 32), (8, 4, 128, 32)],
    ),
    "attention, causal 2x4x512x64": (
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, causal=True),
        [(2, 4, 512, 64), (2, 4, 512, 64), (2, 4, 512, 64)],
    ),
    "softmax 512x1000": (F.softmax, [(512, 1000)]),
    "log_softmax 512x1000": (F.log_softmax, [(512, 1000)]),
    "softmax_cross_entropy 100x10": (
        lambda x: F.softmax_cross_entropy(x, places(10, 100)), [(100, 10)],
    ),
    "softmax_cross_entropy 512x1000": (
        lambda x: F.softmax_cross_entropy(x, places(1000, 512)), [(512, 1000)],
    ),
    "gelu 512x512": (F.gelu, [(512, 512)]),
    "silu 512x512": (F.silu, [(512, 512)]),
    "sigmoid 512x512": (F.sigmoid, [(512, 512)]),
    "relu 512x512": (F.relu, [(512, 512)]),
    "relu 10x10": (F.relu, [(10, 10)]),
    "elu 512x512": (F.elu, [(512, 512)]),
    "leaky_relu 512x512": (F.leaky_relu, [(512, 512)]),
    "linear 100x784 -> 100": (F.linear, [(100, 784), (784, 100), (100,)]),
    "linear 30x2 -> 10": (F.linear, [(30, 2), (2, 10), (10,)]),
    "embed_id 1000 of 5000x64": (
        lambda W: F.embed_id(places(5000, 1000), W), [(5000, 64)],
    ),
}  # fmt: skip


def timed(function: Callable[..., Any], xs: list[Variable], repeat: int) -> tuple[float, float]:
    """Seconds of one call, and of one backward pass."""
    forward = backward = 0.0
    for _ in range(repeat):
        start = time.process_time()
        y = function(*xs)
        forward += time.process_time() - start
        y.grad = torch.ones_like(y.data)
        start = time.process_time()
        y.backward()
        backward += time.process_time() - start
        for x in xs:
            x.cleargrad()
    return forward / repeat, backward / repeat


def main(wanted: list[str]) -> None:
    print(f"{'':34}{'forward':>10}{'definition':>12}{'backward':>11}{'definition':>12}")
    for name, (function, shapes) in CASES.items():
        if wanted and not any(word in name for word in wanted):
            continue
        xs = [Variable(randn(*shape)) for shape in shapes]
        once = sum(timed(function, xs, 1))
        repeat = max(1, min(200, int(0.02 / max(once, 1e-6))))
        runs: dict[bool, list[tuple[float, float]]] = {True: [], False: []}
        for _ in range(5):
            for on in (True, False):
                with ag.using_kernels(on):
                    timed(function, xs, 1)
                    runs[on].append(timed(function, xs, repeat))
        (f, b), (f0, b0) = (
            [min(part) for part in zip(*runs[on], strict=True)] for on in (True, False)
        )
        print(f"{name:34}{f * 1e6:8.0f}us{f0 / f:11.1f}x{b * 1e6:9.0f}us{b0 / b:11.1f}x")


if __name__ == "__main__":
    main(sys.argv[1:])
