"""What arraygrad finds here: names of things, imported when somebody uses them."""

from typing import Any

from arraygrad import hookimpl

ARRAYGRAD_API = "1.0"


@hookimpl
def arraygrad_register_ops(register: Any) -> None:
    for name in ("hard_swish", "mish", "snake", "squared_relu", "swiglu", "tanh_exp"):
        register(f"arraygrad_acts.functions:{name}")


@hookimpl
def arraygrad_register_layers(register: Any) -> None:
    for name in ("Snake", "SwiGLU"):
        register(f"arraygrad_acts.layers:{name}")
