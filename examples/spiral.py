"""The spiral of three arms: train a small network, and draw what it decides where.

python examples/spiral.py [picture.png]; the picture needs pip install "arraygrad[plot]".
"""

from __future__ import annotations

import sys

import numpy as np

import arraygrad.functions as F
from arraygrad import DataLoader, datasets, no_grad, optimizers
from arraygrad.models import MLP, Model


def train(epochs: int = 300, seed: int = 0) -> Model:
    """A 2-10-3 network after so many epochs of SGD."""
    np.random.seed(seed)  # decides the first weights
    model = MLP((10, 3))
    optimizer = optimizers.SGD(lr=1.0).setup(model)
    loader = DataLoader(datasets.Spiral(train=True), batch_size=30, seed=seed)
    for epoch in range(epochs):
        total = 0.0
        for x, t in loader:
            loss = F.softmax_cross_entropy(model(x), t)
            model.cleargrads()
            loss.backward()
            optimizer.update()
            total += float(loss) * len(t)
        if (epoch + 1) % 50 == 0 or epoch + 1 == epochs:
            print(f"epoch {epoch + 1}: loss {total / loader.data_size:.4f}")
    return model


def draw(model: Model, path: str) -> None:
    """The data over the regions of the three classes."""
    from matplotlib.figure import Figure

    data = datasets.Spiral(train=True)
    side = np.linspace(-1.2, 1.2, 300, dtype=np.float32)
    x, y = np.meshgrid(side, side)
    with no_grad():
        scores = model(np.stack([x.ravel(), y.ravel()], axis=1))
    classes = np.argmax(scores.data, axis=1).reshape(x.shape)
    axes = (figure := Figure(figsize=(6, 6), layout="constrained")).add_subplot()
    axes.contourf(x, y, classes, levels=[-0.5, 0.5, 1.5, 2.5], alpha=0.25, colors=COLORS)
    for k, (color, marker) in enumerate(zip(COLORS, "o^s", strict=True)):
        arm = data.data[data.label == k]
        axes.scatter(*arm.T, s=22, color=color, marker=marker, label=f"class {k}")
    axes.set(aspect="equal", xlabel="x", ylabel="y", title="What the network decides, and the data")
    axes.legend(loc="upper right")
    figure.savefig(path, dpi=120)
    print(f"in {path}: the regions of the three classes")


COLORS = ("#1b6ca8", "#d1495b", "#3a7d44")


def main(epochs: int = 300, picture: str | None = "spiral.png") -> Model:
    """Train, say how many samples are right, and draw."""
    model = train(epochs).to_cpu()  # wherever it was trained: what follows is NumPy's
    data = datasets.Spiral(train=False)
    with no_grad():
        share = float(F.accuracy(model(data.data), data.label))
    print(f"right: {share:.1%} of the held-out samples")
    if picture:
        draw(model, picture)
    return model


if __name__ == "__main__":
    main(picture=(sys.argv[1:] or ["spiral.png"])[0])
