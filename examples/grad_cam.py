"""Grad-CAM: where a convolutional network looks when it reads a digit.

python examples/grad_cam.py [picture.png]; needs pip install "arraygrad[data,plot]".
Selvaraju et al., "Grad-CAM" (2017), arXiv:1610.02391.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import DataLoader, Model, Variable, datasets, grad, no_grad, optimizers


class CNN(Model):
    """Images (N, 1, 8, 8) to features (N, 64, 8, 8), and the means of those to scores (N, 10)."""

    def __init__(self) -> None:
        self.conv1 = L.Conv2d(16, kernel_size=3, pad=1)
        self.conv2 = L.Conv2d(32, kernel_size=3, pad=1)
        self.conv3 = L.Conv2d(64, kernel_size=3, pad=1)
        self.fc = L.Linear(10)

    def features(self, x: Any) -> Variable:
        return F.relu(self.conv3(F.relu(self.conv2(F.relu(self.conv1(x))))))

    def head(self, a: Any) -> Variable:
        return self.fc(F.mean(a, axis=(2, 3)))

    def forward(self, x: Any) -> Variable:
        return self.head(self.features(x))


def grad_cam(model: CNN, x: np.ndarray, classes: np.ndarray) -> np.ndarray:
    """How much each place of the images speaks for these classes: (N, H, W) from 0 to 1."""
    with no_grad():
        a = model.features(x).data
    rows = np.arange(len(x))
    slope = grad(lambda a: F.sum(model.head(a)[rows, classes]))(a)
    weights = slope.mean(axis=(2, 3), keepdims=True)  # of each feature
    cam = np.maximum((weights * a).sum(axis=1), 0)
    return cam / np.maximum(cam.max(axis=(1, 2), keepdims=True), 1e-12)


def draw(x: np.ndarray, cams: np.ndarray, path: str) -> None:
    """Each digit, and beneath it the digit with the map over it."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(len(x) * 1.2, 2.8), layout="constrained")
    panels = figure.subplots(2, len(x))
    for (top, bottom), image, cam in zip(panels.T, x[:, 0], cams, strict=True):
        top.imshow(image, cmap="gray_r")
        bottom.imshow(image, cmap="gray_r")
        bottom.imshow(cam, cmap="inferno", alpha=0.6)
        for panel in (top, bottom):
            panel.set(xticks=[], yticks=[])
    figure.savefig(path, dpi=120)
    print(f"in {path}: digits, and what in them spoke for their class")


def main(epochs: int = 15, picture: str | None = "grad_cam.png") -> np.ndarray:
    """Train, explain one held-out digit of each class, and draw."""
    np.random.seed(0)
    model = CNN()
    optimizer = optimizers.Adam(alpha=0.003).setup(model)
    test = datasets.Digits(train=False, flat=False)
    ((x_test, t_test),) = DataLoader(test, len(test), shuffle=False)  # where the model is too
    for epoch in range(epochs):
        for x, t in DataLoader(datasets.Digits(train=True, flat=False), batch_size=50):
            loss = F.softmax_cross_entropy(model(x), t)
            model.cleargrads()
            loss.backward()
            optimizer.update()
        with no_grad():
            share = float(F.accuracy(model(x_test), t_test))
        print(f"epoch {epoch + 1}: held out right {share:.2%}")
    model.to_cpu()  # wherever it was trained: what follows is NumPy's
    first = [int(np.argmax(test.label == digit)) for digit in range(10)]
    x = test.data[first]
    cams = grad_cam(model, x, np.arange(10))
    if picture:
        draw(x, cams, picture)
    return cams


if __name__ == "__main__":
    main(picture=(sys.argv[1:] or ["grad_cam.png"])[0])
