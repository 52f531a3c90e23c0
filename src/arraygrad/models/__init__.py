"""Models: layers made of layers. Plugins' models are found here too.

Those that few programs need are imported at their first use.
"""

from typing import TYPE_CHECKING

from arraygrad.models.mlp import MLP
from arraygrad.models.model import Model
from arraygrad.models.sequential import Sequential
from arraygrad.plugins import module_hooks

if TYPE_CHECKING:
    from arraygrad.models.residual import BottleneckA, BottleneckB, BuildingBlock
    from arraygrad.models.resnet import (
        ResNet,
        ResNet18,
        ResNet34,
        ResNet50,
        ResNet101,
        ResNet152,
    )
    from arraygrad.models.squeezenet import SqueezeNet
    from arraygrad.models.transformer import Transformer, TransformerBlock
    from arraygrad.models.vgg import VGG16

__all__ = [
    "MLP", "VGG16", "BottleneckA", "BottleneckB", "BuildingBlock", "Model", "ResNet", "ResNet18",
    "ResNet34", "ResNet50", "ResNet101", "ResNet152", "Sequential", "SqueezeNet", "Transformer",
    "TransformerBlock",
]  # fmt: skip

__getattr__, __dir__ = module_hooks("models", __name__)
