"""One program for every array library: the line `backend = "jax"` in arraygrad.toml decides.

ARRAYGRAD_BACKEND=torch python examples/one_line.py     the same, without a file
python examples/one_line.py --compare                   on each library that is here, as a table
Trains on handwritten digits, which need pip install "arraygrad[data]"; equal seeds give equal
losses everywhere, but for rounding.
"""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import DataLoader, datasets, models, optimizers


def main(epochs: int = 3) -> tuple[list[float], float]:
    """The mean losses of the epochs, and the share of the test set that comes out right."""
    np.random.seed(0)
    model = models.MLP((100, 10), activation=F.relu)
    optimizer = optimizers.Adam().setup(model)
    batches = DataLoader(datasets.Digits(train=True), batch_size=60)
    losses = []
    print(f"on {ag.current_backend().name}")
    for epoch in range(epochs):
        total, rows = 0.0, 0
        for x, t in batches:
            loss = F.softmax_cross_entropy(model(x), t)
            model.cleargrads()
            loss.backward()
            optimizer.update()
            total, rows = total + float(loss) * len(t), rows + len(t)
        losses.append(total / rows)
        print(f"epoch {epoch + 1}: loss {losses[-1]:.7f}")
    tests = DataLoader(datasets.Digits(train=False), batch_size=1000, shuffle=False)
    with ag.no_grad(), ag.test_mode():
        right = sum(float(F.accuracy(model(x), t)) * len(t) for x, t in tests)
    accuracy = right / len(datasets.Digits(train=False))
    print(f"right: {accuracy:.4f}")
    return losses, accuracy


def compare(names: tuple[str, ...] = ("numpy", "torch", "jax", "cupy")) -> float:
    """Run on each library in a process of its own; the largest difference between losses."""
    found: dict[str, list[float]] = {}
    print("| backend | loss of epoch 1 | 2 | 3 | right |\n|---|---|---|---|---|")
    for name in names:
        try:
            ag.get_backend(name)
        except ag.errors.BackendError as error:
            print(f"| {name} | not here: {str(error).splitlines()[0]} | | | |")
            continue
        env = {**os.environ, "ARRAYGRAD_BACKEND": name}
        command = [sys.executable, __file__]
        done = subprocess.run(command, env=env, capture_output=True, text=True, check=True)
        head, *lines = done.stdout.splitlines()
        if head != f"on {name}":
            raise AssertionError(f"{name}: it ran {head}")
        cells = [line.split()[-1] for line in lines]
        found[name] = [float(cell) for cell in cells[:-1]]
        print(f"| {name} | {' | '.join(cells)} |")
    first = found[names[0]]
    pairs = [pair for losses in found.values() for pair in zip(losses, first, strict=True)]
    largest = max(abs(a / b - 1) for a, b in pairs)
    print(f"\nLargest relative difference between losses: {largest:.1e}")
    return largest


if __name__ == "__main__":
    compare() if "--compare" in sys.argv[1:] else main()
