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


@hookimpl
def arraygrad_register_backends(register: Any) -> None:
    register("jax", "arraygrad_jax.backend:JaxBackend", ARRAYS)
