"""What arraygrad finds here: names of things, imported when somebody uses them."""

from typing import Any

from arraygrad import hookimpl

ARRAYGRAD_API = "1.0"


@hookimpl
def arraygrad_register_layers(register: Any) -> None:
    register("arraygrad_vision.layers:ConvNorm")
    register("arraygrad_vision.layers:SqueezeExcite")
    register("arraygrad_vision.layers:StochasticDepth")


@hookimpl
def arraygrad_register_models(register: Any) -> None:
    register("arraygrad_vision.models.mobilenet:MobileNetV2")
    register("arraygrad_vision.models.efficientnet:EfficientNet")
    register("arraygrad_vision.models.efficientnet:EfficientNetB0")
    register("arraygrad_vision.models.convnext:ConvNeXt")
    register("arraygrad_vision.models.convnext:ConvNeXtTiny")
    register("arraygrad_vision.models.vit:VisionTransformer")
    register("arraygrad_vision.models.vit:ViTB16")
