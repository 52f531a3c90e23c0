"""The book's module of Variables, Functions and arithmetic: a door to where they live here.

from arraygrad.core import Variable, Function, Add, add
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from arraygrad import functions
from arraygrad.config import Config, no_grad, test_mode, using_config
from arraygrad.function import Function
from arraygrad.functions import add, div, mul, neg, pow, rdiv, rsub, sub
from arraygrad.variable import Parameter, Variable, as_array, as_variable

if TYPE_CHECKING:
    Add: Any
    Div: Any
    Mul: Any
    Neg: Any
    Pow: Any
    Sub: Any

_CLASSES = ("Add", "Div", "Mul", "Neg", "Pow", "Sub")

__all__ = [
    "Add", "Config", "Div", "Function", "Mul", "Neg", "Parameter", "Pow", "Sub", "Variable",
    "add", "as_array", "as_variable", "div", "mul", "neg", "no_grad", "pow", "rdiv", "rsub",
    "setup_variable", "sub", "test_mode", "using_config",
]  # fmt: skip


def setup_variable() -> None:
    """Do nothing: in the book this puts the operators on Variable, here they are always there."""


def __getattr__(name: str) -> Any:
    if name in _CLASSES:
        return getattr(functions, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
