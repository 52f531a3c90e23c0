"""arraygrad differentiates programs written against the array API standard.

It works on the array library you already have, with the small neural-network framework of a
well-loved book on top, and plugins for everything that is not the engine.

>>> import numpy as np
>>> import arraygrad as ag
>>> x = ag.Variable(np.array(2.0))
>>> y = x ** 3
>>> y.backward()
>>> x.grad
variable(12.0)
>>> ag.grad(ag.grad(lambda x: x ** 3))(2.0)
array(12.)
"""

from typing import TYPE_CHECKING, Any

from arraygrad import (
    autodiff,
    backend,
    config,
    dataloaders,
    datasets,
    engine,
    errors,
    function,
    functions,
    hookspecs,
    kernels,
    layers,
    models,
    op,
    optimizers,
    plugins,
    registry,
    settings,
    transforms,
    variable,
    weights,
    xp,
)
from arraygrad.autodiff import grad, value_and_grad
from arraygrad.backend import (
    Backend,
    backend_of,
    current_backend,
    get_backend,
    set_backend,
    using_backend,
)
from arraygrad.config import Config, no_grad, test_mode, using_config
from arraygrad.dataloaders import DataLoader, SeqDataLoader
from arraygrad.datasets import Dataset
from arraygrad.errors import ArraygradError
from arraygrad.explain import explain
from arraygrad.function import Function
from arraygrad.hookspecs import hookimpl
from arraygrad.kernels import using_kernels
from arraygrad.layers import Layer
from arraygrad.models import Model
from arraygrad.variable import Buffer, Parameter, Variable, as_array, as_variable

if TYPE_CHECKING:
    from arraygrad import core, core_simple, cuda, draw, functions_conv, utils
    from arraygrad.compiling import jit
    from arraygrad.core import setup_variable

__version__ = "0.1.0"
is_simple_core = False  # steps of the book ask for it

__all__ = [
    "ArraygradError",
    "Backend",
    "Buffer",
    "Config",
    "DataLoader",
    "Dataset",
    "Function",
    "Layer",
    "Model",
    "Parameter",
    "SeqDataLoader",
    "Variable",
    "as_array",
    "as_variable",
    "autodiff",
    "backend",
    "backend_of",
    "config",
    "core",
    "core_simple",
    "cuda",
    "current_backend",
    "dataloaders",
    "datasets",
    "draw",
    "engine",
    "errors",
    "explain",
    "function",
    "functions",
    "functions_conv",
    "get_backend",
    "grad",
    "hookimpl",
    "hookspecs",
    "jit",
    "kernels",
    "layers",
    "models",
    "no_grad",
    "op",
    "optimizers",
    "plugins",
    "registry",
    "set_backend",
    "settings",
    "setup_variable",
    "test_mode",
    "transforms",
    "using_backend",
    "using_config",
    "using_kernels",
    "utils",
    "value_and_grad",
    "variable",
    "weights",
    "xp",
]

# What few programs need is imported when it is first asked for.
_LATER = ("core", "core_simple", "cuda", "draw", "functions_conv", "testing", "utils")
_NAMES = {"jit": "arraygrad.compiling", "setup_variable": "arraygrad.core"}


def __getattr__(name: str) -> Any:
    from importlib import import_module

    if name in _LATER:
        return import_module(f"arraygrad.{name}")
    if name in _NAMES:
        return getattr(import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'arraygrad' has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


# The last statement: a plugin may use all of the above while it loads.
plugins.discover()
