"""What arraygrad finds here: names of things, imported when somebody uses them."""

from typing import Any

from arraygrad import hookimpl

ARRAYGRAD_API = "1.0"

# Ops of the core with an ONNX operator of their own, by the module that emits it.
KERNELS = {
    "activations": (
        "_gelu", "_gelu_tanh", "elu", "erf", "leaky_relu", "log_softmax", "relu", "sigmoid",
        "silu", "softmax", "softplus",
    ),
    "images": ("_average_pooling", "_conv2d", "_deconv2d", "_pad", "_pooling"),
    "products": ("_attention", "_embed_id", "_normalize", "linear", "matmul"),
    "recurrent": ("_get_item", "_gru", "_lstm", "_rnn"),
}  # fmt: skip


@hookimpl
def arraygrad_register_backends(register: Any) -> None:
    register("ndonnx", "arraygrad_onnx.backend:Ndonnx", ("ndonnx._array.Array",))


@hookimpl
def arraygrad_register_kernels(register: Any) -> None:
    for module, names in KERNELS.items():
        for name in names:
            function = name.lstrip("_")
            register(f"core:{name}", "ndonnx", f"arraygrad_onnx.kernels.{module}:{function}")


@hookimpl
def arraygrad_register_commands(register: Any) -> None:
    register("onnx", "arraygrad_onnx.command:onnx", help="Write the model of a run as ONNX.")
