"""Activation functions: one pass over memory each, where the definitions need up to ten."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

from arraygrad.functions import activation
from arraygrad_cupy.elementwise import elementwise, floating, forward, rule

_C, _SLOPE = math.sqrt(0.5), 1 / math.sqrt(2 * math.pi)
_A, _B = 0.044715, activation.TANH


def _op(op: Any, names: str, outputs: str, text: str) -> Callable[..., Any]:
    """The kernel of an op of x and of numbers with these names."""
    numbers = names.split()
    inputs = ", ".join(["T x", *(f"T {name}" for name in numbers)])
    run = elementwise(inputs, ", ".join(f"T {y}" for y in outputs.split()), text, op.__name__)

    def kernel(x: Any, *args: Any) -> Any:
        return run(x, *args) if floating(x) else forward(op, x, *args)

    return kernel


def _of_out(op: Any, text: str) -> Callable[..., Any]:
    """The kernel of a rule of g and the result."""
    run = elementwise("T g, T out", "T gx", text, f"{op.__name__}_x")

    def kernel(g: Any, out: Any, *xp: Any) -> Any:
        return run(g, out) if floating(g, out) else rule(op, "x")(g, out, *xp)

    return kernel


def _of_x(op: Any, name: str, text: str) -> Callable[..., Any]:
    """The kernel of a rule of g, x and the number or array of that name."""
    inputs = f"T g, T x, T {name}" if name else "T g, T x"
    run = elementwise(inputs, "T gx", text, f"{op.__name__}_x")

    def kernel(g: Any, x: Any, *args: Any) -> Any:
        if not floating(g, x):
            return rule(op, "x")(g, x, *args)
        return run(g, x, args[0]) if name else run(g, x)

    return kernel


sigmoid = _op(activation.sigmoid, "", "y", "y = tanh(x * T(0.5)) * T(0.5) + T(0.5)")
sigmoid_x = _of_out(activation.sigmoid, "gx = g * (out * (T(1) - out))")
tanh_x = _of_out(activation.tanh, "gx = g * (T(1) - out * out)")
# The comparison is such that nan stays nan.
relu = _op(activation.relu, "", "y", "y = pick(x < T(0), T(0), x)")
relu_x = _of_out(activation.relu, "gx = pick(out > T(0), g, T(0))")
leaky_relu = _op(activation.leaky_relu, "slope", "y", "y = pick(x > T(0), x, x * slope)")
leaky_relu_x = _of_x(activation.leaky_relu, "slope", "gx = pick(x > T(0), g, g * slope)")
elu = _op(activation.elu, "alpha", "y", "y = pick(x > T(0), x, expm1(x) * alpha)")
elu_x = _of_x(activation.elu, "alpha", "gx = pick(x > T(0), g, g * (exp(x) * alpha))")
softplus = _op(activation.softplus, "", "y", "y = pick(x < T(0), T(0), x) + log1p(exp(-abs(x)))")
softplus_x = _of_x(activation.softplus, "", "gx = g * (tanh(x * T(0.5)) * T(0.5) + T(0.5))")

silu = _op(activation.silu, "", "y s", "s = tanh(x * T(0.5)) * T(0.5) + T(0.5); y = x * s")
silu_x = _of_x(activation.silu, "s", "gx = g * (s * (T(1) + x * (T(1) - s)))")
# Beyond 40 exp is 0 in any dtype; without the limit inf * 0 would be nan.
_NEAR = "T v = min(max(x, T(-40)), T(40)); "
gelu = _op(activation._gelu, "", "y c", f"c = erf(x * T({_C})) * T(0.5) + T(0.5); y = x * c")
gelu_x = _of_x(
    activation._gelu, "c", f"{_NEAR} gx = g * (c + v * (exp(v * v * T(-0.5)) * T({_SLOPE})))"
)
gelu_tanh = _op(
    activation._gelu_tanh,
    "",
    "y c",
    f"{_NEAR} c = tanh((v * v * T({_A}) + T(1)) * (v * T({_B}))) * T(0.5) + T(0.5); y = x * c",
)
gelu_tanh_x = _of_x(
    activation._gelu_tanh,
    "c",
    f"{_NEAR} gx = g * (c + c * (T(1) - c) * (v * (v * v * T({6 * _A * _B}) + T({2 * _B}))))",
)
