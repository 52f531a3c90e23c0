"""The book's framework as it stands at step 23: gradients are arrays, and of first order only.

Variable and Function here are those of arraygrad, reading and writing `grad` as an array and
calling `backward` with arrays; the graph and the way through it are the same. Variables of both
kinds may meet, but only operators and the functions of this module give results of this kind.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from arraygrad import variable
from arraygrad.backend import PYTHON_SCALARS
from arraygrad.config import Config, no_grad, using_config
from arraygrad.errors import ArgumentError
from arraygrad.function import Function as _Function

__all__ = [
    "Add", "Config", "Div", "Function", "Mul", "Neg", "Pow", "Sub", "Variable", "add", "as_array",
    "as_variable", "div", "mul", "neg", "no_grad", "pow", "rdiv", "rsub", "setup_variable", "sub",
    "using_config",
]  # fmt: skip


class Variable(variable.Variable):
    """A Variable whose `grad` is an array.

    >>> from arraygrad.core_simple import Variable
    >>> x = Variable(np.array(3.0))
    >>> y = x * x + 1
    >>> y.backward()
    >>> x.grad
    array(6.)
    """

    __slots__ = ()

    @property
    def grad(self) -> Any:
        """The gradient that `backward` left here, an array; None before."""
        gx = super().grad
        return None if gx is None else gx.data

    @grad.setter
    def grad(self, grad: Any) -> None:
        variable.Variable.grad.fset(self, grad)  # type: ignore[attr-defined]

    def backward(self, retain_grad: bool = False) -> None:  # type: ignore[override]
        """Add the gradient of this Variable to the `grad` of every leaf it was computed from."""
        super().backward(retain_grad)


def as_array(x: Any) -> Any:
    """`x` itself, or the 0-d NumPy array of a number.

    >>> as_array(1.5)
    array(1.5)
    """
    return np.array(x) if np.isscalar(x) else x


def as_variable(obj: Any) -> Variable:
    """`obj` as a Variable whose `grad` is an array; one of another kind keeps its place.

    >>> as_variable(np.array(2.0))
    variable(2.0)
    """
    if isinstance(obj, Variable):
        return obj
    if not isinstance(obj, variable.Variable):
        return Variable(obj)
    x = Variable.__new__(Variable)
    x._data, x._node = obj._data, obj._node
    if obj._node is None:
        x._name = obj._name
    return x


class Function(_Function):
    """A differentiable function whose `forward` and `backward` both work on arrays.

    >>> class Square(Function):
    ...     def forward(self, x):
    ...         return x ** 2
    ...     def backward(self, gy):
    ...         x = self.inputs[0].data
    ...         return 2 * x * gy
    >>> from arraygrad.core_simple import Variable
    >>> x = Variable(np.array(3.0))
    >>> Square()(x).backward()
    >>> x.grad
    array(6.)
    """

    __slots__ = ()

    def __call__(self, *inputs: Any) -> Any:
        ys = super().__call__(*inputs)
        return [as_variable(y) for y in ys] if isinstance(ys, list) else as_variable(ys)

    def _gradients(self, gys: list[Any]) -> Any:
        return self.backward(*[gy.data for gy in gys])


class Add(Function):
    """The sum."""

    broadcasts = True

    def forward(self, x0: Any, x1: Any) -> Any:
        return x0 + x1

    def backward(self, gy: Any) -> Any:
        return gy, gy


class Mul(Function):
    """The product."""

    broadcasts = True

    def forward(self, x0: Any, x1: Any) -> Any:
        return x0 * x1

    def backward(self, gy: Any) -> Any:
        x0, x1 = (x.data for x in self.inputs)
        return gy * x1, gy * x0


class Neg(Function):
    """The negative."""

    def forward(self, x: Any) -> Any:
        return -x

    def backward(self, gy: Any) -> Any:
        return -gy


class Sub(Function):
    """The difference."""

    broadcasts = True

    def forward(self, x0: Any, x1: Any) -> Any:
        return x0 - x1

    def backward(self, gy: Any) -> Any:
        return gy, -gy


class Div(Function):
    """The quotient."""

    broadcasts = True

    def forward(self, x0: Any, x1: Any) -> Any:
        return x0 / x1

    def backward(self, gy: Any) -> Any:
        x0, x1 = (x.data for x in self.inputs)
        return gy / x1, gy * (-x0 / x1**2)


class Pow(Function):
    """The power with the exponent `c`, a number."""

    def __init__(self, c: Any) -> None:
        if type(c) not in PYTHON_SCALARS and not isinstance(c, np.number):
            raise ArgumentError(f"Pow: the exponent is a {type(c).__name__}; expected a number")
        self.c = c

    def forward(self, x: Any) -> Any:
        return x**self.c

    def backward(self, gy: Any) -> Any:
        x = self.inputs[0].data
        return self.c * x ** (self.c - 1) * gy if self.c != 0 else gy * 0


def add(x0: Any, x1: Any) -> Any:
    """x0 + x1."""
    return Add()(x0, as_array(x1))


def mul(x0: Any, x1: Any) -> Any:
    """x0 * x1."""
    return Mul()(x0, as_array(x1))


def neg(x: Any) -> Any:
    """-x."""
    return Neg()(x)


def sub(x0: Any, x1: Any) -> Any:
    """x0 - x1."""
    return Sub()(x0, as_array(x1))


def rsub(x0: Any, x1: Any) -> Any:
    """x1 - x0."""
    return Sub()(as_array(x1), x0)


def div(x0: Any, x1: Any) -> Any:
    """x0 / x1."""
    return Div()(x0, as_array(x1))


def rdiv(x0: Any, x1: Any) -> Any:
    """x1 / x0."""
    return Div()(as_array(x1), x0)


def pow(x: Any, c: Any) -> Any:
    """x ** c, c a number."""
    return Pow(c)(x)


def setup_variable() -> None:
    """Put the operators on Variable; it is done when this module is imported."""
    for name, function in {
        "add": add, "radd": add, "mul": mul, "rmul": mul, "neg": neg, "sub": sub, "rsub": rsub,
        "truediv": div, "rtruediv": rdiv, "pow": pow,
    }.items():  # fmt: skip
        setattr(Variable, f"__{name}__", function)


setup_variable()
