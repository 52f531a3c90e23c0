"""Networks for pictures; `arraygrad.models` has them too."""

from arraygrad_vision.models.convnext import ConvNeXt, ConvNeXtTiny
from arraygrad_vision.models.efficientnet import EfficientNet, EfficientNetB0
from arraygrad_vision.models.mobilenet import MobileNetV2
from arraygrad_vision.models.vit import VisionTransformer, ViTB16

__all__ = [
    "ConvNeXt", "ConvNeXtTiny", "EfficientNet", "EfficientNetB0", "MobileNetV2", "ViTB16",
    "VisionTransformer",
]  # fmt: skip
