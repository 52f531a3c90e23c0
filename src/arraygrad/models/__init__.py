"""Models: layers made of layers. Plugins' models are found here too."""

from arraygrad.models.mlp import MLP
from arraygrad.models.model import Model
from arraygrad.models.sequential import Sequential
from arraygrad.plugins import module_hooks

__all__ = ["MLP", "Model", "Sequential"]

__getattr__, __dir__ = module_hooks("models", __name__)
