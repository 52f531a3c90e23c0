"""Layers: functions with parameters (L). Plugins' layers are found here too."""

from arraygrad.layers.attention import MultiHeadAttention
from arraygrad.layers.batch_norm import BatchNorm
from arraygrad.layers.conv2d import Conv2d
from arraygrad.layers.deconv2d import Deconv2d
from arraygrad.layers.dropout import Dropout
from arraygrad.layers.embed_id import EmbedID
from arraygrad.layers.flatten import Flatten
from arraygrad.layers.group_norm import GroupNorm
from arraygrad.layers.layer import Layer
from arraygrad.layers.layer_norm import LayerNorm
from arraygrad.layers.linear import Linear
from arraygrad.layers.recurrent import GRU, LSTM, RNN
from arraygrad.plugins import module_hooks

__all__ = [
    "GRU", "LSTM", "RNN", "BatchNorm", "Conv2d", "Deconv2d", "Dropout", "EmbedID", "Flatten",
    "GroupNorm", "Layer", "LayerNorm", "Linear", "MultiHeadAttention",
]  # fmt: skip

__getattr__, __dir__ = module_hooks("layers", __name__)
