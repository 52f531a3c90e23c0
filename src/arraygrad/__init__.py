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
    from arraygrad import core, core_simple, cuda, draw, functions_conv, utils, xp
    from arraygrad.autodiff.checking import check_grads
    from arraygrad.autodiff.custom import custom, stop_gradient
    from arraygrad.autodiff.deferred import checkpoint
    from arraygrad.autodiff.implicit import fixed_point, implicit_root
    from arraygrad.autodiff.jacobians import elementwise_grad, hessian, jacfwd, jacobian, jacrev
    from arraygrad.autodiff.objective import scipy_objective
    from arraygrad.autodiff.products import hvp, jvp, linearize, vjp
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
    "check_grads",
    "checkpoint",
    "config",
    "core",
    "core_simple",
    "cuda",
    "current_backend",
    "custom",
    "dataloaders",
    "datasets",
    "draw",
    "elementwise_grad",
    "engine",
    "errors",
    "explain",
    "fixed_point",
    "function",
    "functions",
    "functions_conv",
    "get_backend",
    "grad",
    "hessian",
    "hookimpl",
    "hookspecs",
    "hvp",
    "implicit_root",
    "jacfwd",
    "jacobian",
    "jacrev",
    "jit",
    "jvp",
    "kernels",
    "layers",
    "linearize",
    "models",
    "no_grad",
    "op",
    "optimizers",
    "plugins",
    "registry",
    "scipy_objective",
    "set_backend",
    "settings",
    "setup_variable",
    "stop_gradient",
    "test_mode",
    "transforms",
    "using_backend",
    "using_config",
    "using_kernels",
    "utils",
    "value_and_grad",
    "variable",
    "vjp",
    "weights",
    "xp",
]

# What few programs need is imported when it is first asked for.
_LATER = ("core", "core_simple", "cuda", "draw", "functions_conv", "testing", "utils", "xp")
_NAMES = {"jit": "arraygrad.compiling", "setup_variable": "arraygrad.core"}
_TRANSFORMS = {
    "checking": ("check_grads",),
    "custom": ("custom", "stop_gradient"),
    "deferred": ("checkpoint",),
    "implicit": ("fixed_point", "implicit_root"),
    "jacobians": ("elementwise_grad", "hessian", "jacfwd", "jacobian", "jacrev"),
    "objective": ("scipy_objective",),
    "products": ("hvp", "jvp", "linearize", "vjp"),
}
for _module, _names in _TRANSFORMS.items():
    _NAMES.update(dict.fromkeys(_names, f"arraygrad.autodiff.{_module}"))


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
