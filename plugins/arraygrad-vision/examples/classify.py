"""What is in a picture, out of the thousand kinds of things of ImageNet.

python examples/classify.py zebra.jpg [ConvNeXtTiny]; needs pip install "arraygrad[data]", and at
the first time a network, for the weights and the names of the classes.
"""

from __future__ import annotations

import sys
from typing import Any

import arraygrad.functions as F
from arraygrad import datasets, models, no_grad, test_mode


def classify(model: Any, picture: Any, labels: dict[int, str], top: int = 5) -> dict[str, float]:
    """The `top` likeliest classes of a picture of PIL, and how likely they are."""
    with no_grad(), test_mode():
        shares = F.softmax(model(model.preprocess(picture)[None])).data[0]
    return {labels[int(i)]: float(shares[i]) for i in shares.argsort()[: -top - 1 : -1]}


def main(file: str, name: str = "MobileNetV2") -> None:
    """Print what a trained network sees in the picture in a file."""
    from PIL import Image

    model = getattr(models, name)(pretrained="imagenet")
    for label, share in classify(model, Image.open(file), datasets.ImageNet.labels()).items():
        print(f"{share:6.1%}  {label}")


if __name__ == "__main__":
    main(*sys.argv[1:])
