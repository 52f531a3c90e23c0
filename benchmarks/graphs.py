"""Deep and wide graphs: cost and memory per node, and whether they grow linearly.

deep: a chain of 0-d additions.  wide: one Variable used by many branches, whose results are
added in pairs.  Each measurement runs in a fresh process, so that memory can be counted.
"""

from __future__ import annotations

import gc
import json
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise
from time import process_time
from typing import Any

import numpy as np

from .harness import OURS, Result, Row, in_fresh_process, peak_bytes, reset_peak_bytes

NOTE = "forward {forward:.2f} backward {backward:.2f} free {free:.2f} us, {bytes:.0f} bytes"

# HIPS autograd needs quadratic time on the wide graph.
WIDE_LIMIT = {"autograd": 2_000}
DEEP_LIMIT = {"autograd": 100_000}


def deep(x: Any, n: int) -> Any:
    y = x
    for _ in range(n):
        y = y + x
    return y


def wide(x: Any, n: int) -> Any:
    ys = [x * 0.5 for _ in range(n)]
    while len(ys) > 1:
        odd = ys[len(ys) & ~1 :]
        ys = [a + b for a, b in zip(ys[::2], ys[1::2], strict=False)] + odd
    return ys[0]


# name -> (graph, gradient at n, nodes at n)
SHAPES: dict[str, tuple[Callable[[Any, int], Any], Callable[[int], float], int]] = {
    "deep": (deep, lambda n: n + 1.0, 1),
    "wide": (wide, lambda n: 0.5 * n, 2),
}


class Arraygrad:
    def __init__(self) -> None:
        from arraygrad import Variable

        self.x = Variable(np.array(1.0))

    def forward(self, graph: Any, n: int) -> None:
        self.y = graph(self.x, n)

    def backward(self) -> None:
        self.y.backward()

    def free(self) -> None:
        del self.y

    def gradient(self) -> float:
        return float(self.x.grad.data)


class Torch(Arraygrad):
    def __init__(self) -> None:
        import torch

        torch.set_num_threads(1)
        self.x = torch.tensor(1.0, dtype=torch.float64, requires_grad=True)


class Autograd(Arraygrad):
    def __init__(self) -> None:
        from autograd import make_vjp

        self.make_vjp = make_vjp

    def forward(self, graph: Any, n: int) -> None:
        self.vjp, self.y = self.make_vjp(lambda x: graph(x, n))(1.0)

    def backward(self) -> None:
        self.g = self.vjp(1.0)

    def free(self) -> None:
        del self.y, self.vjp

    def gradient(self) -> float:
        return float(self.g)


CONTESTANTS = {"torch": Torch, "autograd": Autograd, OURS: Arraygrad}


def run(shape: str, name: str, n: int) -> dict[str, float]:
    """Build, differentiate and free one graph of `n`; microseconds and bytes per node."""
    graph, gradient, nodes_per_n = SHAPES[shape]
    contestant = CONTESTANTS[name]()
    contestant.forward(graph, 10)
    contestant.backward()
    contestant.free()
    contestant = CONTESTANTS[name]()
    gc.collect()
    nodes = n * nodes_per_n
    before = reset_peak_bytes()
    times = [process_time()]
    contestant.forward(graph, n)
    times.append(process_time())
    contestant.backward()
    times.append(process_time())
    contestant.free()
    times.append(process_time())
    peak = peak_bytes()
    if not np.isclose(contestant.gradient(), gradient(n), rtol=1e-6):
        raise AssertionError(f"{shape}, {name}, {n}: gradient {contestant.gradient()}")
    steps = [1e6 * (b - a) / nodes for a, b in pairwise(times)]
    return {
        "forward": steps[0],
        "backward": steps[1],
        "free": steps[2],
        "total": sum(steps),
        "bytes": (peak - before) / nodes,
    }


def results(*, quick: bool) -> Iterator[Result]:
    sizes = {"deep": (20_000, 200_000, 1_000_000), "wide": (4_000, 20_000, 100_000)}
    limits = {"deep": DEEP_LIMIT, "wide": WIDE_LIMIT}
    goal = {"deep": 4.0, "wide": 9.0}
    for shape, counts in sizes.items():
        rows: dict[str, Row] = {}
        missing: set[str] = set()
        for n in counts[1::2] if quick else counts:
            for name in CONTESTANTS:
                if name in missing or n > limits[shape].get(name, n):
                    continue
                if quick and name != OURS and n == counts[-1]:
                    continue
                answer = in_fresh_process("benchmarks.graphs", shape, name, str(n))
                if answer is None:
                    missing.add(name)
                    continue
                rows[f"{name} n={n}"] = Row(
                    answer["total"], answer["total"], note=NOTE.format(**answer)
                )
        yield Result(
            f"{shape} graph, whole cost per node",
            "us",
            rows,
            sorted(missing),
            absolute=((f"{OURS} n={counts[-1]}", goal[shape]),),
        )


if __name__ == "__main__":
    print(json.dumps(run(sys.argv[1], sys.argv[2], int(sys.argv[3]))))
