"""On a GPU: training steps against PyTorch, two ways of convolution, kernels against definitions.

python benchmark.py [steps] [convolution] [kernels]

Times are of the wall clock with the device synchronized, the least of several rounds that the
contestants take in turns, in one process on one GPU. Memory is what a pool holds after the first
steps, which is its peak. Without PyTorch for CUDA its columns are missing; without a GPU the
program says so, and ends with status 1.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import arraygrad as ag
import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Variable, models, optimizers, using_backend
from arraygrad_cupy import driver

ROUNDS = 5
Step = Callable[[], Any]

# -- training steps


class Recurrent(models.Model):
    """An LSTM over the rows of (N, T, I), and a product at the end."""

    def __init__(self, units: int, out: int) -> None:
        self.lstm, self.out = L.LSTM(units), L.Linear(out)

    def forward(self, x: Any) -> Any:
        self.lstm.reset_state()
        for i in range(x.shape[1]):
            h = self.lstm(x[:, i])
        return self.out(h)


class Block(models.Model):
    """A block of a transformer over (N, T, D), and classes from the mean of its rows."""

    def __init__(self, size: int, heads: int, out: int) -> None:
        self.block = models.TransformerBlock(size, heads)
        self.out = L.Linear(out)

    def forward(self, x: Any) -> Any:
        return self.out(self.block(x).mean(axis=1))


def mlp(n: int, units: int) -> tuple[Any, tuple[int, ...]]:
    return models.MLP((units, units, 10), activation=F.relu), (n, 784)


def cnn(n: int, units: int) -> tuple[Any, tuple[int, ...]]:
    parts = [
        L.Conv2d(units, 3, pad=1), L.BatchNorm(), F.relu, lambda x: F.pooling(x, 2, 2),
        L.Conv2d(2 * units, 3, pad=1), L.BatchNorm(), F.relu, lambda x: F.pooling(x, 2, 2),
        L.Flatten(), L.Linear(10),
    ]  # fmt: skip
    return models.Sequential(*parts), (n, 3, 32, 32)


def lstm(n: int, units: int) -> tuple[Any, tuple[int, ...]]:
    return Recurrent(units, 10), (n, 32, 28)


def transformer(n: int, units: int) -> tuple[Any, tuple[int, ...]]:
    return Block(units, 4, 10), (n, 64, units)


MODELS = {"mlp": mlp, "cnn": cnn, "lstm": lstm, "transformer": transformer}
SIZES = {"mlp": (128, 1024), "cnn": (128, 32), "lstm": (64, 256), "transformer": (32, 256)}


def batch(shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.normal(size=shape).astype("float32"), rng.integers(0, 10, shape[0])


def our_step(name: str, n: int, units: int) -> Step:
    """A training step of arraygrad; its loss is not read."""
    with using_backend("cupy") as backend:
        np.random.seed(0)
        model, shape = MODELS[name](n, units)
        x, t = map(backend.from_numpy, batch(shape))
        model(x)
    optimizer = optimizers.Adam().setup(model)

    def step() -> Any:
        loss = F.softmax_cross_entropy(model(x), t)
        model.cleargrads()
        loss.backward()
        optimizer.update()
        return loss

    return step


def torch_step(name: str, n: int, units: int, device: str = "cuda") -> Step:
    """The same in PyTorch, eager."""
    import torch
    from torch import nn

    class Last(nn.Module):
        def forward(self, x: Any) -> Any:
            return x[0][:, -1]

    class Mean(nn.Module):
        def forward(self, x: Any) -> Any:
            return x.mean(1)

    def convolution(c: int, out: int) -> list[nn.Module]:
        normal = nn.BatchNorm2d(out)
        return [nn.Conv2d(c, out, 3, padding=1), normal, nn.ReLU(), nn.MaxPool2d(2)]

    parts: dict[str, Callable[[], list[nn.Module]]] = {
        "mlp": lambda: [
            nn.Linear(784, units), nn.ReLU(), nn.Linear(units, units), nn.ReLU(),
            nn.Linear(units, 10),
        ],
        "cnn": lambda: [
            *convolution(3, units), *convolution(units, 2 * units), nn.Flatten(),
            nn.Linear(2 * units * 64, 10),
        ],
        "lstm": lambda: [nn.LSTM(28, units, batch_first=True), Last(), nn.Linear(units, 10)],
        "transformer": lambda: [
            nn.TransformerEncoderLayer(
                units, 4, 4 * units, 0.0, "gelu", batch_first=True, norm_first=True
            ),
            Mean(), nn.Linear(units, 10),
        ],
    }  # fmt: skip
    shapes = {
        "mlp": (n, 784), "cnn": (n, 3, 32, 32), "lstm": (n, 32, 28), "transformer": (n, 64, units),
    }  # fmt: skip
    model = nn.Sequential(*parts[name]()).to(device)
    x, t = (torch.from_numpy(a).to(device) for a in batch(shapes[name]))
    optimizer = torch.optim.Adam(model.parameters())

    def step() -> Any:
        loss = nn.functional.cross_entropy(model(x), t)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss

    return step


def steps(cupy: Any) -> None:
    print(f"{'step':14}{'arraygrad':>12}{'PyTorch':>11}{'ratio':>8}{'memory':>12}{'PyTorch':>11}")
    torch = torch_on_gpu()
    pool = cupy.get_default_memory_pool()
    for name, sizes in SIZES.items():
        pool.free_all_blocks()
        ours = our_step(name, *sizes)
        for _ in range(3):
            ours()
        line = [pool.total_bytes()]
        runs = {"ours": (ours, cupy.cuda.Device().synchronize)}
        if torch is not None:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()
            runs["torch"] = torch_step(name, *sizes), torch.cuda.synchronize
            for _ in range(3):
                runs["torch"][0]()
            line.append(torch.cuda.max_memory_allocated())
        found = compared(runs, 20)
        a, b = found["ours"], found.get("torch")
        text = f"{b * 1e3:9.2f}ms{a / b:8.2f}" if b else f"{'-':>11}{'-':>8}"
        print(f"{name:14}{a * 1e3:10.2f}ms{text}" + "".join(f"{m / 2**20:9.0f}MB" for m in line))


def torch_on_gpu() -> Any:
    try:
        import torch
    except ImportError:
        torch = None
    return torch if torch is not None and torch.cuda.is_available() else None


# -- convolution

CONVOLUTIONS = [
    (128, 3, 32, 32), (128, 32, 64, 32), (32, 64, 64, 56), (32, 128, 128, 28), (32, 256, 256, 14),
    (32, 512, 512, 7),
]  # fmt: skip


def ways(cupy: Any, n: int, c: int, oc: int, side: int) -> dict[str, dict[str, Step]]:
    """For result and gradients of a convolution with 3 x 3 weights: both ways."""
    from arraygrad_cupy import kernels_conv as conv

    x = cupy.ones((n, c, side, side), "float32")
    W = cupy.ones((oc, c, 3, 3), "float32")
    g = cupy.ones((n, oc, side, side), "float32")
    one, pad, size = (1, 1), (1, 1), (side, side)
    return {
        "result": {
            "shifted": lambda: conv.shifted(x, W, None, pad, one),
            "columns": lambda: conv.by_columns(x, W, None, one, pad, one, 1),
        },
        "of images": {
            "shifted": lambda: conv.shifted_back(g, W, None, size, pad, one),
            "columns": lambda: conv.back_by_columns(g, W, None, size, one, pad, one, 1),
        },
        "of weights": {
            "shifted": lambda: conv.shifted_weight(x, g, (3, 3), pad, one),
            "columns": lambda: conv.weight_by_columns(x, g, (3, 3), one, pad, one, 1),
        },
    }


def convolution(cupy: Any) -> None:
    head = f"{'N, C, OC, side':22}{'':12}{'shifted':>11}{'columns':>11}{'ratio':>8}"
    print(f"{head}{'memory':>11}{'columns':>11}")
    pool = cupy.get_default_memory_pool()
    for shape in CONVOLUTIONS:
        for what, both in ways(cupy, *shape).items():
            memory = {}
            for name, run in both.items():
                pool.free_all_blocks()
                held = pool.total_bytes()
                run()
                memory[name] = (pool.total_bytes() - held) / 2**20
            synchronize = cupy.cuda.Device().synchronize
            found = compared({name: (run, synchronize) for name, run in both.items()}, 10)
            a, b = found["shifted"], found["columns"]
            print(
                f"{shape!s:22}{what:12}{a * 1e3:9.2f}ms{b * 1e3:9.2f}ms{b / a:8.2f}"
                f"{memory['shifted']:9.0f}MB{memory['columns']:9.0f}MB"
            )


# -- kernels

Call = tuple[Callable[..., Any], list[tuple[int, ...]]]
CALLS: dict[str, Call] = {
    "gelu": (F.gelu, [(4096, 1024)]),
    "sigmoid": (F.sigmoid, [(4096, 1024)]),
    "softmax": (F.softmax, [(4096, 1024)]),
    "log_softmax": (F.log_softmax, [(4096, 1024)]),
    "layer_norm": (F.layer_norm, [(4096, 1024), (1024,), (1024,)]),
    "pooling": (lambda x: F.pooling(x, 2, 2), [(128, 64, 32, 32)]),
    "average_pooling": (lambda x: F.average_pooling(x, 2, 2), [(128, 64, 32, 32)]),
    "conv2d": (lambda x, W: F.conv2d(x, W, None, 1, 1), [(128, 64, 32, 32), (64, 64, 3, 3)]),
    "attention": (F.scaled_dot_product_attention, [(16, 8, 256, 64)] * 3),
    "lstm_cell": (F.lstm_cell, [(64, 256), (2, 64, 256), (513, 1024)]),
}


def both_passes(function: Callable[..., Any], xs: list[Variable]) -> Step:
    def run() -> Any:
        y = function(*xs)
        for x in xs:
            x.cleargrad()
        y.sum().backward()
        return y

    return run


def kernels(cupy: Any, calls: dict[str, Call] = CALLS) -> None:
    print(f"{'forward and backward':22}{'kernel':>12}{'definition':>13}{'ratio':>8}")
    for name, (function, shapes) in calls.items():
        xs = [Variable(cupy.ones(shape, "float32")) for shape in shapes]
        run = both_passes(function, xs)
        found = {}
        for on in (True, False):  # a change of kernels is too slow to take turns in
            with ag.using_kernels(on):
                found[on] = compared({"run": (run, cupy.cuda.Device().synchronize)}, 20)["run"]
        a, b = found[True], found[False]
        print(f"{name:22}{a * 1e6:10.0f}us{b * 1e6:11.0f}us{b / a:8.2f}")


def compared(runs: dict[str, tuple[Step, Step]], repeat: int) -> dict[str, float]:
    """Seconds of one call of each, the least of rounds that they take in turns."""
    best = dict.fromkeys(runs, float("inf"))
    for _ in range(ROUNDS + 1):  # the first one compiles
        for name, (run, synchronize) in runs.items():
            synchronize()
            start = time.perf_counter()
            for _ in range(repeat):
                run()
            synchronize()
            best[name] = min(best[name], (time.perf_counter() - start) / repeat)
    return best


PARTS = {"steps": steps, "convolution": convolution, "kernels": kernels}


def main(wanted: list[str]) -> int:
    if (reason := driver.missing()) is not None:
        print(f"no GPU, nothing is measured: {reason}")
        return 1
    import cupy

    device = cupy.cuda.Device()
    name = cupy.cuda.runtime.getDeviceProperties(device.id)["name"].decode()
    print(f"{name}, CuPy {cupy.__version__}, float32")
    for part, measure in PARTS.items():
        if part in (wanted or PARTS):
            print(f"\n{part}")
            measure(cupy)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
