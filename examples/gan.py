"""A generative adversarial network that learns to draw digits, with transposed convolutions.

python examples/gan.py [picture.png]; needs pip install "arraygrad[data,plot]".
Goodfellow et al., "Generative Adversarial Nets" (2014), arXiv:1406.2661; the shape of the networks
is that of Radford, Metz and Chintala (2016), arXiv:1511.06434.
"""

from __future__ import annotations

import sys

import numpy as np

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import DataLoader, Model, Variable, cuda, datasets, no_grad, optimizers
from arraygrad.models import Sequential

LATENT = 16


def leaky(x: Variable) -> Variable:
    return F.leaky_relu(x, slope=0.2)


def make_generator() -> Model:
    """Noise (N, 16) to images (N, 1, 8, 8) from 0 to 1."""
    return Sequential(
        L.Linear(64 * 2 * 2, nobias=True),
        L.BatchNorm(),
        F.relu,
        lambda x: F.reshape(x, (-1, 64, 2, 2)),
        L.Deconv2d(32, kernel_size=4, stride=2, pad=1, nobias=True),
        L.BatchNorm(),
        F.relu,
        L.Deconv2d(1, kernel_size=4, stride=2, pad=1),
        F.sigmoid,
    )


def make_discriminator() -> Model:
    """Images (N, 1, 8, 8) to one score each, above 0 for a real one."""
    return Sequential(
        L.Conv2d(32, kernel_size=4, stride=2, pad=1),
        leaky,
        L.Conv2d(64, kernel_size=4, stride=2, pad=1),
        leaky,
        F.flatten,
        L.Linear(1),
    )


def noise(n: int) -> np.ndarray:
    return np.random.randn(n, LATENT).astype(np.float32)


def draw(generator: Model, path: str, rows: int = 8) -> None:
    """A sheet of images from fresh noise."""
    from matplotlib.figure import Figure

    with no_grad():
        images = generator(noise(rows * rows)).data.reshape(rows, rows, 8, 8)
    images = np.pad(images, ((0, 0), (0, 0), (1, 1), (1, 1)))
    sheet = images.transpose(0, 2, 1, 3).reshape(rows * 10, rows * 10)
    panel = (figure := Figure(figsize=(6, 6), layout="constrained")).add_subplot()
    panel.imshow(sheet, cmap="gray_r")
    panel.set(xticks=[], yticks=[], title="Drawn by the generator")
    figure.savefig(path, dpi=120)
    print(f"in {path}: {rows * rows} images from fresh noise")


def main(epochs: int = 60, picture: str | None = "gan.png") -> Model:
    """Train both in turns, and draw."""
    np.random.seed(0)
    generator, discriminator = make_generator(), make_discriminator()
    to_generate = optimizers.Adam(alpha=0.0005, beta1=0.5).setup(generator)
    to_judge = optimizers.Adam(alpha=0.0005, beta1=0.5).setup(discriminator)
    loader = DataLoader(datasets.Digits(train=True, flat=False), batch_size=64)
    for epoch in range(epochs):
        losses = np.zeros(2)
        for x, _ in loader:
            xp = cuda.get_array_module(x)  # the network is on its library, whichever it is
            real, fake = xp.ones_like(x[:, 0, 0, :1]), xp.zeros_like(x[:, 0, 0, :1])
            drawn = generator(xp.asarray(noise(len(x))))

            judged = F.sigmoid_cross_entropy(discriminator(x), real)
            judged = judged + F.sigmoid_cross_entropy(discriminator(drawn.detach()), fake)
            discriminator.cleargrads()
            judged.backward()
            to_judge.update()

            fooled = F.sigmoid_cross_entropy(discriminator(drawn), real)
            generator.cleargrads()
            fooled.backward()
            to_generate.update()
            losses += float(judged), float(fooled)
        if (epoch + 1) % 10 == 0 or epoch + 1 == epochs:
            judged_mean, fooled_mean = losses / len(loader)
            print(
                f"epoch {epoch + 1}: discriminator {judged_mean:.3f}, generator {fooled_mean:.3f}"
            )
    generator.to_cpu()  # wherever it was trained: pictures are NumPy's
    if picture:
        draw(generator, picture)
    return generator


if __name__ == "__main__":
    main(picture=(sys.argv[1:] or ["gan.png"])[0])
