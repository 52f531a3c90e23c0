"""A variational autoencoder of handwritten digits, and a map of what it can draw.

python examples/vae.py [picture.png]; needs pip install "arraygrad[data,plot]".
Kingma and Welling, "Auto-Encoding Variational Bayes" (2014), arXiv:1312.6114.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import DataLoader, Model, Variable, cuda, datasets, no_grad, optimizers


class VAE(Model):
    """Images (N, 64) to a normal distribution over two numbers, and back."""

    def __init__(self, hidden: int = 128, latent: int = 2) -> None:
        self.encode1, self.encode2 = L.Linear(hidden), L.Linear(2 * latent)
        self.decode1, self.decode2 = L.Linear(hidden), L.Linear(64)

    def encode(self, x: Any) -> tuple[Variable, Variable]:
        """Mean and logarithm of the variance, each (N, 2)."""
        y = self.encode2(F.relu(self.encode1(x)))
        return y[:, : y.shape[1] // 2], y[:, y.shape[1] // 2 :]

    def decode(self, z: Any) -> Variable:
        """The image that belongs to z (N, 2), before the sigmoid."""
        return self.decode2(F.relu(self.decode1(z)))

    def forward(self, x: Any) -> Variable:
        """The bound on the negative log likelihood of the images, in nats for each."""
        mean, logvar = self.encode(x)
        noise = cuda.get_array_module(mean).asarray(np.random.randn(*mean.shape).astype(np.float32))
        z = mean + F.exp(0.5 * logvar) * noise  # the noise comes from outside: mean has a gradient
        reconstruction = F.sigmoid_cross_entropy(self.decode(z), x)
        divergence = F.sum(mean**2 + F.exp(logvar) - logvar - 1) / (2 * len(x))
        return reconstruction + divergence


def draw(model: VAE, path: str, side: int = 12) -> None:
    """Images from a grid over the latent plane, where the data's distribution has its mass."""
    from matplotlib.figure import Figure

    steps = np.linspace(-2.2, 2.2, side, dtype=np.float32)
    z = np.stack(np.meshgrid(steps, -steps), axis=-1).reshape(-1, 2)
    with no_grad():
        images = F.sigmoid(model.decode(z)).data.reshape(side, side, 8, 8)
    images = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    sheet = images.transpose(0, 2, 1, 3).reshape(side * 10, side * 10)
    panel = (figure := Figure(figsize=(7, 7), layout="constrained")).add_subplot()
    panel.imshow(sheet, cmap="gray_r", extent=(-2.2, 2.2, -2.2, 2.2))
    panel.set(xlabel="z[0]", ylabel="z[1]", title="What each place of the latent plane draws")
    figure.savefig(path, dpi=120)
    print(f"in {path}: a map of the latent plane")


def main(epochs: int = 150, picture: str | None = "vae.png") -> float:
    """Train, draw, and return the bound for the held-out digits."""
    np.random.seed(0)
    model = VAE()
    optimizer = optimizers.Adam(alpha=0.002).setup(model)
    held_out = datasets.Digits(train=False)
    ((test, _),) = DataLoader(held_out, len(held_out), shuffle=False)  # where the model is too
    loader = DataLoader(datasets.Digits(train=True), batch_size=64)
    bound = 0.0
    for epoch in range(epochs):
        for x, _ in loader:
            loss = model(x)
            model.cleargrads()
            loss.backward()
            optimizer.update()
        with no_grad():
            bound = float(model(test))
        if (epoch + 1) % 25 == 0 or epoch + 1 == epochs:
            print(f"epoch {epoch + 1}: held-out bound {bound:.2f} nats an image")
    if picture:
        model.to_cpu()  # wherever it was trained: pictures are NumPy's
        draw(model, picture)
    return bound


if __name__ == "__main__":
    main(picture=(sys.argv[1:] or ["vae.png"])[0])
