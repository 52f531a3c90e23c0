"""What arraygrad finds here: names of things, imported when somebody uses them."""

from typing import Any

from arraygrad import hookimpl

ARRAYGRAD_API = "1.0"

# Arrays of this and of older versions; and what stands for an array while a function is traced.
ARRAYS = (
    "jaxlib._jax.ArrayImpl",
    "jaxlib.xla_extension.ArrayImpl",
    "jax._src.array.ArrayImpl",
    "jax._src.core.Tracer",
)

# Ops of the core with kernels of their own, in kernels_conv.
CONVOLUTIONS = {"_conv2d": "conv2d", "_conv2d_weight": "conv2d_weight", "_deconv2d": "deconv2d"}
# Ops and rules of the core whose definitions are compiled as one, in kernels_compiled.
COMPILED = (
    "_attention", "_attention.q.k.v.bias", "_average_pooling", "_batch_moments", "_col2im", "_gelu",
    "_gelu.x", "_gelu_tanh", "_gelu_tanh.x", "_gru", "_gru.x.h.W", "_im2col", "_lstm",
    "_lstm.x.hc.W", "_normalize", "_normalize.x.gamma.beta", "_pooling", "_rnn", "_rnn.x.h.W",
    "_softmax_cross_entropy", "_softmax_cross_entropy.x", "_spread", "_unpooling",
    "log_softmax", "log_softmax.x", "softmax", "softmax.x",
)  # fmt: skip


@hookimpl
def arraygrad_register_backends(register: Any) -> None:
    register("jax", "arraygrad_jax.backend:JaxBackend", ARRAYS)


@hookimpl
def arraygrad_register_kernels(register: Any) -> None:
    for op, name in CONVOLUTIONS.items():
        register(f"core:{op}", "jax", f"arraygrad_jax.kernels_conv:{name}")
    for op in COMPILED:
        attribute = op.replace(".", "__")
        register(f"core:{op}", "jax", f"arraygrad_jax.kernels_compiled:{attribute}")
