"""Style transfer on small pictures: the content of one, in the strokes of the other.

python examples/style_transfer.py [picture.png]; the picture needs pip install "arraygrad[plot]".
The network is random: even then the correlations of its features tell textures apart (Ustyuzhaninov
et al. 2016, arXiv:1606.00021). Gatys, Ecker and Bethge, "Image Style Transfer Using Convolutional
Neural Networks" (2016).
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Layer, Model, Parameter, Variable, no_grad, optimizers

SIZE = 64


def content_picture() -> np.ndarray:
    """A disc before a bright ground, (1, 3, 64, 64) from 0 to 1."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    image = np.stack([0.9 - 0.4 * y, 0.8 - 0.2 * y, 0.6 + 0.3 * y])
    disc = (x - 0.5) ** 2 + (y - 0.45) ** 2 < 0.09
    image[:, disc] = np.array([[0.85], [0.25], [0.2]])
    image[:, y > 0.8] = np.array([[0.2], [0.4], [0.25]])
    return image[None].astype(np.float32)


def style_picture() -> np.ndarray:
    """Slanting waves of two colours, (1, 3, 64, 64) from 0 to 1."""
    y, x = np.mgrid[0:SIZE, 0:SIZE] / SIZE
    wave = 0.5 + 0.5 * np.sin(2 * np.pi * (7 * x + 3 * y + 0.25 * np.sin(2 * np.pi * 2 * y)))
    dark, light = np.array([0.1, 0.15, 0.5]), np.array([0.95, 0.85, 0.4])
    image = dark[:, None, None] + (light - dark)[:, None, None] * wave
    return image[None].astype(np.float32)


class Features(Model):
    """Three convolutions with a pooling between them; the features after each."""

    def __init__(self) -> None:
        self.convs = [L.Conv2d(channels, kernel_size=3, pad=1) for channels in (32, 64, 64)]

    def forward(self, x: Any) -> list[Variable]:
        found = []
        for conv in self.convs:
            x = F.relu(conv(x)) * 2**0.5  # keeps the size of the features from layer to layer
            found.append(x)
            x = F.average_pooling(x, kernel_size=2, stride=2)
        return found


def gram(a: Variable) -> Variable:
    """The correlations of the features (1, C, H, W) over all places: (C, C)."""
    flat = F.reshape(a, (a.shape[1], -1))
    return F.matmul(flat, flat.T) / flat.shape[1]


class Picture(Layer):
    """The picture itself is what is trained."""

    def __init__(self, image: np.ndarray) -> None:
        self.image = Parameter(image)


def main(steps: int = 300, picture: str | None = "style_transfer.png") -> np.ndarray:
    """Change the content's picture until its correlations are those of the style's."""
    np.random.seed(0)
    content, style = content_picture(), style_picture()
    features = Features()
    with no_grad():
        wanted_content = features(content)[1].data
        wanted_style = [gram(a).data for a in features(style)]
    target = Picture(content)
    optimizer = optimizers.Adam(alpha=0.02).setup(target)
    for step in range(steps):
        found = features(target.image)
        loss = F.mean((found[1] - wanted_content) ** 2) * 0.3
        for a, wanted in zip(found, wanted_style, strict=True):
            loss = loss + F.mean((gram(a) - wanted) ** 2) / float(np.mean(wanted**2))
        target.cleargrads()
        loss.backward()
        optimizer.update()
        target.image.data = np.clip(target.image.data, 0, 1)
        if (step + 1) % 50 == 0 or step + 1 == steps:
            print(f"step {step + 1}: loss {loss.item():.4f}")
    result = target.image.data
    if picture:
        from matplotlib.figure import Figure

        panels = (figure := Figure(figsize=(9, 3.3), layout="constrained")).subplots(1, 3)
        names = ("content", "style", "content in that style")
        for panel, image, name in zip(panels, (content, style, result), names, strict=True):
            panel.imshow(image[0].transpose(1, 2, 0))
            panel.set(xticks=[], yticks=[], title=name)
        figure.savefig(picture, dpi=120)
        print(f"in {picture}: content, style, and the result")
    return result


if __name__ == "__main__":
    main(picture=(sys.argv[1:] or ["style_transfer.png"])[0])
