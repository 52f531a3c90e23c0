"""What arraygrad finds here: names of things, imported when somebody uses them."""

from importlib.util import find_spec
from typing import Any

from arraygrad import hookimpl
from arraygrad.errors import PluginUnavailableError

ARRAYGRAD_API = "1.0"

# kernels_... -> {op or rule of the core: its kernel there}
KERNELS = {
    "activation": {
        "_gelu": "gelu",
        "_gelu.x": "gelu_x",
        "_gelu_tanh": "gelu_tanh",
        "_gelu_tanh.x": "gelu_tanh_x",
        "elu": "elu",
        "elu.x": "elu_x",
        "erf": "erf_",
        "silu": "silu",
        "silu.x": "silu_x",
        "softplus": "softplus",
        "softplus.x": "softplus_x",
    },
    "normalization": {
        "_batch_moments": "batch_moments",
        "_normalize": "normalize",
        "_normalize.x.gamma.beta": "normalize_gradients",
    },
    "pool": {
        "_pooling": "pooling",
        "_pooling.x": "pooling_x",
    },
    "recurrent": {
        "_gru": "gru",
        "_gru.x.h.W": "gru_gradients",
    },
    "rows": {
        "_softmax_cross_entropy": "softmax_cross_entropy",
        "_softmax_cross_entropy.x": "softmax_cross_entropy_x",
        "log_softmax": "log_softmax",
        "log_softmax.x": "log_softmax_x",
        "softmax": "softmax",
        "softmax.x": "softmax_x",
    },
    "scatter": {
        "_embed_id.W": "embed_id_W",
        "_get_item.x": "get_item_x",
        "_index_add": "index_add",
        "take.x": "take_x",
    },
}


@hookimpl
def arraygrad_register_kernels(register: Any) -> None:
    if find_spec("numba") is None:
        raise PluginUnavailableError("Numba is not installed: pip install numba")
    for kernels in KERNELS.values():
        for op, name in kernels.items():
            register(f"core:{op}", "numpy", f"arraygrad_numba.kernels:{name}")
