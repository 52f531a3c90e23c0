"""An epoch of 60,000 pictures of 28 x 28 in batches of 100, shuffled, against bare indexing.

Bare indexing is `x[order[i : i + 100]]` of float32 pictures that are ready, with their labels:
what a loop without a data set would do. The loader has these pictures, or has MNIST's bytes and
its default transform (Flatten, ToFloat, Normalize), which gives the same numbers.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache

import numpy as np

from .harness import Case, Run, Target

N = 60_000
BATCH = 100
# What stands for the epoch when results are compared: sums over batches, in this order.
COMPARED = 20


@cache
def data() -> tuple[np.ndarray, np.ndarray]:
    """Pictures in bytes, a fifth of them not black, as in MNIST, and labels."""
    rng = np.random.default_rng(0)
    pixels = rng.integers(0, 256, size=(N, 1, 28, 28), dtype=np.uint8)
    pixels *= rng.random(size=pixels.shape, dtype=np.float32) < 0.2
    return pixels, rng.integers(0, 10, size=N, dtype=np.uint8)


@cache
def ready() -> np.ndarray:
    return data()[0].reshape(N, -1) / np.float32(255)


def order() -> np.ndarray:
    return np.random.default_rng(1).permutation(N)


def summed(batches: Iterator) -> list[float]:
    """Make every batch; the sums of the first ones are the result."""
    sums = []
    for i, (x, t) in enumerate(batches):
        if i < COMPARED:
            sums.append(float(x.sum(dtype=np.float64)) + float(t.sum()))
    return sums


def bare() -> Run:
    x, t, places = ready(), data()[1], order()

    def batches():
        for i in range(0, N, BATCH):
            chosen = places[i : i + BATCH]
            yield x[chosen], t[chosen]

    return lambda: summed(batches())


def by_hand_from_bytes() -> Run:
    x, t, places = data()[0], data()[1], order()

    def batches():
        for i in range(0, N, BATCH):
            chosen = places[i : i + BATCH]
            yield x[chosen].reshape(len(chosen), -1).astype(np.float32) / 255.0, t[chosen]

    return lambda: summed(batches())


def exact() -> Run:
    x, t = data()
    places = order()[: COMPARED * BATCH].reshape(COMPARED, BATCH)
    return lambda: summed((x[chosen] / 255, t[chosen]) for chosen in places)


def loader(*, of_bytes: bool) -> Run:
    from arraygrad.dataloaders import DataLoader
    from arraygrad.datasets import Dataset
    from arraygrad.transforms import Compose, Flatten, Normalize, ToFloat

    class Pictures(Dataset):
        def prepare(self):
            self.data, self.label = data() if of_bytes else (ready(), data()[1])

    class InOrder(DataLoader):
        """Every epoch in the order that the others have, so that results can be compared."""

        def _draw(self):
            return places

    places = order()
    transform = Compose([Flatten(), ToFloat(), Normalize(0.0, 255.0)]) if of_bytes else None
    batches = InOrder(Pictures(transform=transform), BATCH)
    return lambda: summed(batches)


def torch_loader() -> Run:
    import torch
    from torch.utils.data import BatchSampler, DataLoader, TensorDataset

    x, t, places = torch.from_numpy(ready()), torch.from_numpy(data()[1]), order().tolist()
    batches = BatchSampler(places, BATCH, drop_last=False)
    loader = DataLoader(TensorDataset(x, t), sampler=batches, batch_size=None)
    return lambda: summed((x.numpy(), t.numpy()) for x, t in loader)


def cases(*, quick: bool) -> Iterator[Case]:
    yield Case(
        "epoch of 60,000 pictures of 28 x 28, batches of 100",
        {
            "numpy": bare,
            "numpy from bytes": by_hand_from_bytes,
            "torch": torch_loader,
            "arraygrad": lambda: loader(of_bytes=False),
            "arraygrad from bytes": lambda: loader(of_bytes=True),
        },
        exact,
        targets=(Target("numpy", 2.0), Target("numpy", 2.0, "arraygrad from bytes")),
        rtol=1e-5,
    )
