"""A network that knows the digits 0 to 4 learns 5 to 9 from few pictures, with augmentation.

python examples/fine_tune_digits.py [pictures.png]; needs pip install "arraygrad[data]". With the
name of a file it also paints some digits there, and what augmentation makes of them.
With photographs, the first half is MobileNetV2(pretrained="imagenet", out_size=5).
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import datasets, no_grad, optimizers, test_mode
from arraygrad.transforms import Compose
from arraygrad_vision.models import MobileNetV2
from arraygrad_vision.transforms import MixUp, RandomAffine, RandomErasing

AUGMENT = Compose(
    [
        RandomAffine(degrees=10, translate=(0.08, 0.08), scale=(0.9, 1.1), shear=8),
        RandomErasing(p=0.3, scale=(0.02, 0.1)),
    ]
)


def train(model: Any, x: Any, t: Any, epochs: int, augment: bool = False) -> None:
    """Train with Adam; labels from 0 to 4."""
    optimizer = optimizers.Adam(alpha=0.003).setup(model)
    mix = MixUp(alpha=0.2, classes=5)
    for _ in range(epochs):
        order = np.random.permutation(len(x))
        for rows in np.array_split(order, -(-len(x) // 50)):
            xs, ts = x[rows], t[rows]
            if augment:
                xs, ts = mix(AUGMENT.batch(xs), ts)
            loss = F.softmax_cross_entropy(model(xs), ts)
            model.cleargrads()
            loss.backward()
            optimizer.update()


def share_right(model: Any, x: Any, t: Any) -> float:
    """The share of pictures whose class is found."""
    with no_grad(), test_mode():
        return float(F.accuracy(model(x), t))


def small() -> MobileNetV2:
    """A MobileNetV2 of three blocks, for pictures of 8 x 8 pixels."""
    return MobileNetV2(out_size=5, width=0.5, stages=((1, 16, 1, 1), (4, 32, 2, 1)))


def main(epochs: int = 60, count: int = 5, picture: str = "") -> dict[str, float]:
    """Fine-tune on `count` pictures of each digit; the shares of the held-out that are right."""
    np.random.seed(0)
    known, test = (datasets.Digits(train=train, flat=False) for train in (True, False))
    x, t = np.repeat(known.data, 3, axis=1), known.label
    old, new = t < 5, [i for digit in range(5, 10) for i in np.flatnonzero(t == digit)[:count]]
    held_x, held_t = np.repeat(test.data, 3, axis=1)[test.label >= 5], test.label[test.label >= 5]

    base = small()
    train(base, x[old], t[old], epochs=epochs // 5)

    shares = {}
    for name, tuned, augment in (
        ("from the start", False, False),
        ("fine-tuned", True, False),
        ("fine-tuned, augmented", True, True),
    ):
        np.random.seed(1)
        model = small()
        if tuned:
            model(x[:2])  # now its weights have their sizes
            for mine, other in zip(model.named_weights(), base.named_weights(), strict=True):
                mine[1].data = other[1].data.copy()
            model.head = L.Linear(5)
        train(model, x[new], t[new] - 5, epochs, augment)
        shares[name] = share_right(model, held_x, held_t - 5)
        print(f"{name}: {shares[name]:.1%} of the held-out digits are right")
    if picture:
        paint(x[new][::count], picture)
    return shares


def paint(digits: Any, file: str) -> None:
    """Each digit, and nine times what augmentation makes of it, in a row."""
    from PIL import Image

    rows = [np.stack([digit, *AUGMENT.batch(np.stack([digit] * 9))]) for digit in digits]
    wide = np.pad(np.stack(rows), [(0, 0)] * 3 + [(1, 1)] * 2, constant_values=0.5)
    n, m, channels, height, width = wide.shape
    grid = wide.transpose(0, 3, 1, 4, 2).reshape(n * height, m * width, channels)
    pixels = np.rint(255 * np.clip(grid, 0, 1)).astype(np.uint8)
    Image.fromarray(pixels).resize((m * width * 6, n * height * 6), Image.Resampling.NEAREST).save(
        file
    )


if __name__ == "__main__":
    main(picture=sys.argv[1] if len(sys.argv) > 1 else "")
