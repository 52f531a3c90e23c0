"""Models: layers made of layers. Plugins' models are found here too."""

from typing import TYPE_CHECKING

from arraygrad.models.mlp import MLP
from arraygrad.models.model import Model
from arraygrad.models.sequential import Sequential
from arraygrad.plugins import module_hooks

if TYPE_CHECKING:
    from arraygrad.models.transformer import Transformer, TransformerBlock

__all__ = ["MLP", "Model", "Sequential", "Transformer", "TransformerBlock"]

__getattr__, __dir__ = module_hooks("models", __name__)
