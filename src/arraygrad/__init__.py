"""arraygrad differentiates programs written against the array API standard.

It works on the array library you already have, with the small neural-network framework of a
well-loved book on top, and plugins for everything that is not the engine.
"""

from arraygrad import (
    autodiff,
    backend,
    config,
    engine,
    errors,
    function,
    functions,
    hookspecs,
    op,
    plugins,
    variable,
    xp,
)
from arraygrad.autodiff import grad, value_and_grad
from arraygrad.backend import current_backend, get_backend, set_backend, using_backend
from arraygrad.config import Config, no_grad, test_mode, using_config
from arraygrad.errors import ArraygradError
from arraygrad.function import Function
from arraygrad.hookspecs import hookimpl
from arraygrad.variable import Parameter, Variable, as_array, as_variable

__version__ = "0.1.0"
is_simple_core = False  # steps of the book ask for it
