"""Handwritten digits with a convolutional network.

python examples/digits_cnn.py; the digits need pip install "arraygrad[data]".
"""

from __future__ import annotations

from typing import Any

import numpy as np

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import DataLoader, Model, Variable, datasets, no_grad, optimizers, test_mode


class CNN(Model):
    """Two convolutions, each with a pooling, and a linear layer; images (N, 1, 8, 8)."""

    def __init__(self) -> None:
        self.conv1 = L.Conv2d(16, kernel_size=3, pad=1)
        self.conv2 = L.Conv2d(32, kernel_size=3, pad=1)
        self.fc = L.Linear(10)

    def forward(self, x: Any) -> Variable:
        y = F.pooling(F.relu(self.conv1(x)), kernel_size=2, stride=2)
        y = F.pooling(F.relu(self.conv2(y)), kernel_size=2, stride=2)
        return self.fc(F.dropout(F.flatten(y), 0.3))


def main(epochs: int = 20, batch_size: int = 50) -> float:
    """Train, and return the share of the held-out digits that are read right."""
    np.random.seed(0)
    train = datasets.Digits(train=True, flat=False)
    test = datasets.Digits(train=False, flat=False)
    model = CNN()
    optimizer = optimizers.Adam().setup(model)
    loader = DataLoader(train, batch_size)
    ((x_test, t_test),) = DataLoader(test, len(test), shuffle=False)  # where the model is too
    share = 0.0
    for epoch in range(epochs):
        total = 0.0
        for x, t in loader:
            loss = F.softmax_cross_entropy(model(x), t)
            model.cleargrads()
            loss.backward()
            optimizer.update()
            total += float(loss) * len(t)
        with no_grad(), test_mode():
            share = float(F.accuracy(model(x_test), t_test))
        print(f"epoch {epoch + 1}: loss {total / len(train):.4f}, held out right {share:.2%}")
    return share


if __name__ == "__main__":
    main()
