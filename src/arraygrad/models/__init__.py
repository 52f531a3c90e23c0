"""Models: layers made of layers. Plugins' models are found here too."""

from arraygrad.models.mlp import MLP
from arraygrad.models.model import Model
from arraygrad.models.sequential import Sequential

__all__ = ["MLP", "Model", "Sequential"]
