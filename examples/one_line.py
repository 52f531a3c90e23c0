"""One program for every array library: the line `backend = "jax"` in arraygrad.toml decides.

ARRAYGRAD_BACKEND=torch python examples/one_line.py     the same, without a file
Trains on handwritten digits; equal seeds give equal losses everywhere, but for rounding.
"""

from __future__ import annotations

import numpy as np

import arraygrad as ag
import arraygrad.functions as F
from arraygrad import DataLoader, datasets, models, optimizers


def main(epochs: int = 3) -> list[float]:
    """The mean losses of the epochs."""
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
        print(f"epoch {epoch + 1}: loss {losses[-1]:.5f}")
    return losses


if __name__ == "__main__":
    main()
