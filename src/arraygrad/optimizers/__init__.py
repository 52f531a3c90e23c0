"""Optimizers: they change the parameters of a model along their gradients; and their hooks.

An update gives a parameter a new array and never writes into the one it has: arrays that a graph
still holds stay as they were, and libraries whose arrays cannot be written to work the same.
Plugins' optimizers are found here too.
"""

from arraygrad.optimizers.adam import Adam, AdamW
from arraygrad.optimizers.adaptive import AdaDelta, AdaGrad, RMSprop
from arraygrad.optimizers.check_finite import CheckFinite
from arraygrad.optimizers.hooks import ClipGrad, FreezeParam, WeightDecay
from arraygrad.optimizers.optimizer import Optimizer
from arraygrad.optimizers.schedules import (
    CosineDecay,
    ExponentialDecay,
    Schedule,
    StepDecay,
    Warmup,
)
from arraygrad.optimizers.sgd import SGD, MomentumSGD
from arraygrad.plugins import module_hooks

__all__ = [
    "SGD", "AdaDelta", "AdaGrad", "Adam", "AdamW", "CheckFinite", "ClipGrad", "CosineDecay",
    "ExponentialDecay", "FreezeParam", "MomentumSGD", "Optimizer", "RMSprop", "Schedule",
    "StepDecay", "Warmup", "WeightDecay",
]  # fmt: skip

__getattr__, __dir__ = module_hooks("optimizers", __name__)
