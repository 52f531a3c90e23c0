"""How the core's own layers and models, optimizers and data sets are made for the kit."""

from __future__ import annotations

import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import models, optimizers
from arraygrad.op import arr
from arraygrad.testing.samples import Sample

_IMAGE = arr(2, 4, 6, 5)
_WORDS = arr(2, 3, kind="int", low=0, high=10)

LAYERS = {
    "BatchNorm": [Sample(L.BatchNorm, arr(5, 3)), Sample(L.BatchNorm, _IMAGE)],
    "Conv2d": [
        Sample(lambda: L.Conv2d(3, 3, pad=1), _IMAGE),
        Sample(lambda: L.Conv2d(4, 2, stride=2, nobias=True, groups=2, in_channels=4), _IMAGE),
    ],
    "Deconv2d": [Sample(lambda: L.Deconv2d(3, 3, stride=2, pad=1), _IMAGE)],
    "Dropout": [Sample(lambda: L.Dropout(0.4), arr(4, 5))],
    "EmbedID": [Sample(lambda: L.EmbedID(10, 3), _WORDS)],
    "Flatten": [Sample(L.Flatten, _IMAGE)],
    "GroupNorm": [Sample(lambda: L.GroupNorm(2), _IMAGE)],
    "GRU": [Sample(lambda: L.GRU(3), arr(2, 4)), Sample(lambda: L.GRU(3, in_size=4), arr(2, 4))],
    "LayerNorm": [
        Sample(L.LayerNorm, arr(2, 3, 5)),
        Sample(lambda: L.LayerNorm((-2, -1), in_size=(3, 5)), arr(2, 3, 5)),
    ],
    "Linear": [
        Sample(lambda: L.Linear(3), arr(5, 4)),
        Sample(lambda: L.Linear(3, nobias=True, in_size=4), arr(2, 5, 4)),
    ],
    "LSTM": [Sample(lambda: L.LSTM(3), arr(2, 4)), Sample(lambda: L.LSTM(3, in_size=4), arr(2, 4))],
    "MultiHeadAttention": [
        Sample(lambda: L.MultiHeadAttention(4, heads=2), arr(2, 3, 4)),
        Sample(lambda: L.MultiHeadAttention(4, heads=2), arr(2, 3, 4), arr(2, 5, 4), causal=False),
    ],
    "RNN": [Sample(lambda: L.RNN(3), arr(2, 4)), Sample(lambda: L.RNN(3, in_size=4), arr(2, 4))],
}

MODELS = {
    "MLP": [Sample(lambda: models.MLP((5, 3)), arr(4, 2))],
    "Sequential": [
        Sample(
            lambda: models.Sequential(L.Linear(4), F.relu, L.Dropout(0.2), L.Linear(2)), arr(3, 5)
        )
    ],
    "Transformer": [
        Sample(
            lambda: models.Transformer(vocabulary=10, size=8, heads=2, depth=1, length=6), _WORDS
        )
    ],
    "TransformerBlock": [
        Sample(lambda: models.TransformerBlock(8, heads=2), arr(2, 3, 8), causal=True)
    ],
    "BuildingBlock": [Sample(lambda: models.BuildingBlock(1, 4, 2, 8, 2), _IMAGE)],
    "BottleneckA": [Sample(lambda: models.BottleneckA(4, 2, 8), _IMAGE)],
    "BottleneckB": [Sample(lambda: models.BottleneckB(4, 2), _IMAGE)],
    # The others are made of these, and too large to differentiate by differences.
    "ResNet": [], "ResNet18": [], "ResNet34": [], "ResNet50": [], "ResNet101": [],
    "ResNet152": [], "SqueezeNet": [], "VGG16": [], "Model": [],
}  # fmt: skip
LAYERS["Layer"] = []

OPTIMIZERS = {
    "SGD": [Sample(lambda: optimizers.SGD(lr=0.1))],
    "MomentumSGD": [Sample(lambda: optimizers.MomentumSGD(lr=0.05))],
    "AdaGrad": [Sample(lambda: optimizers.AdaGrad(lr=0.1))],
    "AdaDelta": [Sample(optimizers.AdaDelta)],
    "RMSprop": [Sample(lambda: optimizers.RMSprop(lr=0.01))],
    "Adam": [Sample(lambda: optimizers.Adam(alpha=0.05))],
    "AdamW": [Sample(lambda: optimizers.AdamW(alpha=0.05))],
    "Optimizer": [],
}
