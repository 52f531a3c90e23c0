"""What is in a picture? VGG16 with trained weights says it.

python examples/classify_vgg16.py picture.jpg [weights.npz | weights.safetensors]
Needs pip install "arraygrad[data]". Without a file of weights they are downloaded once (528 MB).
Simonyan and Zisserman, "Very Deep Convolutional Networks for Large-Scale Image Recognition"
(2015), arXiv:1409.1556.
"""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

import arraygrad.functions as F
from arraygrad import datasets, no_grad, test_mode
from arraygrad.models import VGG16


def classify(
    model: VGG16, image: Any, labels: dict[int, str], size: int = 224, torchvision: bool = False
) -> list[str]:
    """The five most probable labels of a PIL image, each with its probability."""
    x = VGG16.preprocess(image, size=(size, size), torchvision=torchvision)[np.newaxis]
    with no_grad(), test_mode():
        p = F.softmax(model(x)).data[0]
    return [f"{p[i]:6.1%}  {labels.get(int(i), f'class {i}')}" for i in np.argsort(-p)[:5]]


def main(path: str, weights: Any = True) -> list[str]:
    """Read a picture, and print what it may show."""
    from PIL import Image

    model = VGG16(pretrained=weights)
    torchvision = str(weights).endswith(".safetensors")  # trained on pictures of another range
    labels = datasets.ImageNet.labels()
    found = classify(model, Image.open(path), labels, torchvision=torchvision)
    print(*found, sep="\n")
    return found


if __name__ == "__main__":
    if len(sys.argv) < 2:
        sys.exit(__doc__)
    main(sys.argv[1], *sys.argv[2:3])
