"""The kernels of a plugin against what runs without them: one table of ratios, in one run.

    python -m benchmarks.kernels torch          or jax, numba; all cases, about a minute
    python -m benchmarks.kernels numba gelu     the cases with this word in their title
    python -m benchmarks.kernels numba --float64

Each line says how many times as long a call and its backward pass take without the plugin's
kernels: with the definitions, and for numba with the core's kernels for NumPy. A number below 1
is a kernel that costs. Both take turns in random order; the median over the rounds counts.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from typing import Any

import numpy as np

from .harness import single_thread, take_turns

Call = Callable[..., Any]
EVERYWHERE, NUMBA, TORCH = ("jax", "numba", "torch"), ("numba",), ("torch",)
NOT_NUMBA = ("jax", "torch")
ROUNDS, TURN = 9, 0.02


def labels(like: Any, high: int, *shape: int) -> Any:
    """Whole numbers of the library of another array."""
    from arraygrad import backend_of

    backend = backend_of(like.data)
    return backend.asarray(np.random.default_rng(1).integers(0, high, shape))


def cases() -> Iterator[tuple[str, tuple[str, ...], Call, list[tuple[int, ...]]]]:
    """Title, the plugins that have kernels for it, the call, the shapes of its arrays."""
    import arraygrad.functions as F
    from arraygrad import Buffer

    def batch_norm(x: Any, gamma: Any, beta: Any) -> Any:
        averages = (Buffer(gamma.data * 0), Buffer(gamma.data * 0 + 1))
        return F.batch_norm(x, gamma, beta, *averages)

    def embedded(n: int, *shape: int) -> Call:
        return lambda W: F.embed_id(labels(W, n, *shape), W)

    def loss(n: int, rows: int) -> Call:
        return lambda x: F.softmax_cross_entropy(x, labels(x, n, rows))

    for title, function in (("gelu", F.gelu), ("silu", F.silu)):
        for shape in ((512, 512), (30, 10)):
            yield f"{title} {shape[0]}x{shape[1]}", EVERYWHERE[1:], function, [shape]
    yield "gelu, tanh 512x512", EVERYWHERE, lambda x: F.gelu(x, "tanh"), [(512, 512)]
    yield "elu 512x512", ("numba", "torch"), F.elu, [(512, 512)]
    yield "softplus 512x512", NUMBA, F.softplus, [(512, 512)]
    yield "erf 512x512", ("numba", "torch"), F.erf, [(512, 512)]
    yield "sigmoid 512x512", TORCH, F.sigmoid, [(512, 512)]
    yield "relu 512x512", TORCH, F.relu, [(512, 512)]
    yield "relu 10x10", TORCH, F.relu, [(10, 10)]
    yield "leaky_relu 512x512", TORCH, F.leaky_relu, [(512, 512)]
    yield "softmax 512x1000", EVERYWHERE, F.softmax, [(512, 1000)]
    yield "softmax 100x10", EVERYWHERE, F.softmax, [(100, 10)]
    yield "log_softmax 512x1000", EVERYWHERE, F.log_softmax, [(512, 1000)]
    yield "softmax_cross_entropy 512x1000", EVERYWHERE, loss(1000, 512), [(512, 1000)]
    yield "softmax_cross_entropy 100x10", EVERYWHERE, loss(10, 100), [(100, 10)]
    yield "layer_norm 512x128", EVERYWHERE, F.layer_norm, [(512, 128), (128,), (128,)]
    yield "layer_norm 2048x768", NUMBA, F.layer_norm, [(2048, 768), (768,), (768,)]
    yield "layer_norm 8x16", NUMBA, F.layer_norm, [(8, 16), (16,), (16,)]
    yield (
        "group_norm 32x64x14x14", TORCH, lambda x, g, b: F.group_norm(x, 8, g, b),
        [(32, 64, 14, 14), (64,), (64,)],
    )  # fmt: skip
    yield "batch_norm 32x64x14x14, last", EVERYWHERE, batch_norm, [(32, 64, 14, 14), (64,), (64,)]
    yield "batch_norm 256x100", EVERYWHERE[1:], batch_norm, [(256, 100), (100,), (100,)]
    for title, pad, stride, shapes in (
        ("conv2d 32x1x28x28 -> 16", 1, 1, [(32, 1, 28, 28), (16, 1, 3, 3), (16,)]),
        ("conv2d 32x16x14x14 -> 32", 1, 1, [(32, 16, 14, 14), (32, 16, 3, 3), (32,)]),
        ("conv2d 8x64x28x28 -> 64", 1, 1, [(8, 64, 28, 28), (64, 64, 3, 3), (64,)]),
        ("conv2d, stride 2 16x32x28x28", 1, 2, [(16, 32, 28, 28), (64, 32, 3, 3), (64,)]),
    ):
        yield title, NOT_NUMBA, lambda x, W, b, p=pad, s=stride: F.conv2d(x, W, b, s, p), shapes
    yield (
        "deconv2d 16x32x14x14 -> 16", NOT_NUMBA, lambda x, W: F.deconv2d(x, W, None, 2, 1),
        [(16, 32, 14, 14), (32, 16, 4, 4)],
    )  # fmt: skip
    for where in ("last", "first"):
        yield (
            f"pooling 3x3/2 32x64x28x28, {where}", EVERYWHERE[1:],
            lambda x: F.pooling(x, 3, 2, 1), [(32, 64, 28, 28)],
        )  # fmt: skip
    yield (
        "pooling 2x2 32x16x28x28, last",
        EVERYWHERE,
        lambda x: F.pooling(x, 2, 2),
        [(32, 16, 28, 28)],
    )
    yield (
        "average_pooling 3x3 32x16x28x28",
        NOT_NUMBA,
        lambda x: F.average_pooling(x, 3, 2),
        [(32, 16, 28, 28)],
    )
    yield "attention 8x4x128x32", NOT_NUMBA, F.scaled_dot_product_attention, [(8, 4, 128, 32)] * 3
    yield (
        "attention, causal 2x4x512x64", TORCH,
        lambda q, k, v: F.scaled_dot_product_attention(q, k, v, causal=True), [(2, 4, 512, 64)] * 3,
    )  # fmt: skip
    yield "linear 100x784 -> 100", TORCH, F.linear, [(100, 784), (784, 100), (100,)]
    yield "linear 30x2 -> 10", TORCH, F.linear, [(30, 2), (2, 10), (10,)]
    for n, i, h in ((30, 100, 100), (5, 10, 20), (64, 1, 32)):
        rows = i + h + 1
        yield (
            f"lstm_cell {n}x{i} -> {h}", NOT_NUMBA, F.lstm_cell,
            [(n, i), (2, n, h), (rows, 4 * h)],
        )  # fmt: skip
        yield (
            f"gru_cell {n}x{i} -> {h}", EVERYWHERE, F.gru_cell,
            [(n, i), (n, h), (rows, 3 * h)],
        )  # fmt: skip
    yield "embed_id 1000 of 5000x64", ("numba", "torch"), embedded(5000, 1000), [(5000, 64)]
    yield "x[key] 10000 of 1000", NUMBA, lambda x: x[labels(x, 1000, 10000)], [(1000,)]
    yield (
        "take 200 of 50x100, axis 1", NUMBA, lambda x: F.take(x, labels(x, 100, 200), axis=1),
        [(50, 100)],
    )  # fmt: skip
    yield (
        "index_add 1000x64 to 100x64", NUMBA,
        lambda x: F.index_add(x, labels(x, 100, 1000), (100, 64)), [(1000, 64)],
    )  # fmt: skip


def without(plugin: str) -> AbstractContextManager[Any]:
    import arraygrad as ag

    return ag.plugins.disabled("numba") if plugin == "numba" else ag.using_kernels(False)


def waited(x: Any) -> Any:
    """The same once it is computed: JAX goes on while it computes."""
    ready = getattr(x, "block_until_ready", None)
    return x if ready is None else ready()


def timed(function: Call, xs: list[Any], g: Any, repeat: int) -> tuple[float, float]:
    """Seconds of one call, and of one backward pass."""
    forward = backward = 0.0
    for _ in range(repeat):
        start = time.process_time()
        y = function(*xs)
        waited(y.data)
        forward += time.process_time() - start
        y.grad = g
        start = time.process_time()
        y.backward()
        for x in xs:
            waited(x.grad.data)
        backward += time.process_time() - start
        for x in xs:
            x.cleargrad()
    return forward / repeat, backward / repeat


def measured(
    plugin: str, title: str, function: Call, shapes: list[Any], dtype: str
) -> list[tuple[float, float]]:
    """How many times as long it takes without the kernels, and the seconds with them, for each."""
    from arraygrad import Variable, get_backend

    backend = get_backend("numpy" if plugin == "numba" else plugin)
    rng = np.random.default_rng(0)

    def made(shape: tuple[int, ...]) -> Any:
        x = rng.normal(size=shape).astype(dtype) / (shape[0] ** 0.5 if "cell" in title else 1)
        if title.endswith("last") and len(shape) == 4 and plugin == "numba":
            x = np.ascontiguousarray(x.transpose(0, 2, 3, 1)).transpose(0, 3, 1, 2)
            return Variable(x)  # as after a convolution
        return Variable(backend.asarray(x))

    xs = [made(shape) for shape in shapes]
    y = function(*xs)
    g = backend.asarray(rng.normal(size=y.shape).astype(dtype))
    repeat = 0

    def turn(who: str) -> tuple[float, float]:
        nonlocal repeat
        with without(plugin) if who == "without" else nullcontext():
            once = min(sum(timed(function, xs, g, 1)) for _ in range(2))
            repeat = repeat or max(1, min(200, int(TURN / max(once, 1e-6))))
            return timed(function, xs, g, repeat)

    found = take_turns(["with", "without"], turn, ROUNDS)
    pairs = zip(zip(*found["without"], strict=True), zip(*found["with"], strict=True), strict=True)
    return [
        (statistics.median(b / a for a, b in zip(ours, theirs, strict=True)), min(ours))
        for theirs, ours in pairs
    ]


def main() -> None:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks.kernels", description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )  # fmt: skip
    parser.add_argument("plugin", choices=EVERYWHERE)
    parser.add_argument("words", nargs="*", help="only cases with one of these in their title")
    parser.add_argument("--float64", action="store_true")
    args = parser.parse_args()
    dtype = "float64" if args.float64 else "float32"
    single_thread()
    print(f"| {args.plugin}, {dtype} | forward | us | backward | us |\n|---|---|---|---|---|")
    for title, plugins, function, shapes in cases():
        if args.plugin not in plugins or (args.words and not any(w in title for w in args.words)):
            continue
        cells = [
            f"{ratio:.1f} | {seconds * 1e6:.0f}"
            for ratio, seconds in measured(args.plugin, title, function, shapes, dtype)
        ]
        print(f"| {title} | {' | '.join(cells)} |", flush=True)


if __name__ == "__main__":
    main()
