"""Layers: functions with parameters (L). Plugins' layers are found here too."""

from arraygrad.layers.dropout import Dropout
from arraygrad.layers.layer import Layer
from arraygrad.layers.linear import Linear
from arraygrad.plugins import module_hooks

__all__ = ["Dropout", "Layer", "Linear"]

__getattr__, __dir__ = module_hooks("layers", __name__)
