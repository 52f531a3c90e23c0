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

# op or rule of the core -> its kernel in kernels_conv
KERNELS = {
    "_average_pooling": "average_pooling",
    "_conv2d": "conv2d",
    "_conv2d_weight": "conv2d_weight",
    "_deconv2d": "deconv2d",
    "_pooling": "pooling",
    "_pooling.x": "pooling_x",
    "_spread": "spread",
}


@hookimpl
def arraygrad_register_backends(register: Any) -> None:
    register("jax", "arraygrad_jax.backend:JaxBackend", ARRAYS)


@hookimpl
def arraygrad_register_kernels(register: Any) -> None:
    for op, name in KERNELS.items():
        register(f"core:{op}", "jax", f"arraygrad_jax.kernels_conv:{name}")
