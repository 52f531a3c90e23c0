"""Layers: functions with parameters (L). Plugins' layers are found here too."""

from arraygrad.layers.dropout import Dropout
from arraygrad.layers.layer import Layer
from arraygrad.layers.linear import Linear

__all__ = ["Dropout", "Layer", "Linear"]
