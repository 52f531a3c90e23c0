"""What arraygrad finds here: names of things, imported when somebody uses them."""

from typing import Any

from arraygrad import hookimpl

ARRAYGRAD_API = "1.0"

# module -> {op or rule of the core: its kernel there}
KERNELS = {
    "activation": {
        "_gelu": "gelu",
        "_gelu.x": "gelu_x",
        "_gelu_tanh": "gelu_tanh",
        "_gelu_tanh.x": "gelu_tanh_x",
        "elu": "elu",
        "elu.x": "elu_x",
        "leaky_relu": "leaky_relu",
        "leaky_relu.x": "leaky_relu_x",
        "relu": "relu",
        "relu.x": "relu_x",
        "sigmoid": "sigmoid",
        "sigmoid.x": "sigmoid_x",
        "silu": "silu",
        "silu.x": "silu_x",
        "softplus": "softplus",
        "softplus.x": "softplus_x",
        "tanh.x": "tanh_x",
    },
    "conv": {
        "_conv2d": "conv2d",
        "_conv2d_weight": "conv2d_weight",
        "_deconv2d": "deconv2d",
    },
    "normalization": {
        "_normalize": "normalize",
        "_normalize.x.gamma.beta": "normalize_grads",
    },
    "pool": {
        "_average_pooling": "average_pooling",
        "_pooling": "pooling",
        "_spread": "spread",
        "_unpooling": "unpooling",
    },
    "recurrent": {
        "_lstm": "lstm",
        "_lstm.x.hc.W": "lstm_grads",
    },
    "softmax": {
        "_attention": "attend",
        "_attention.q.k.v.bias": "attend_grads",
        "_embed_id": "embed_id",
        "_softmax_cross_entropy": "softmax_cross_entropy",
        "_softmax_cross_entropy.x": "softmax_cross_entropy_x",
        "log_softmax": "log_softmax",
        "log_softmax.x": "log_softmax_x",
        "softmax": "softmax",
        "softmax.x": "softmax_x",
    },
    "windows": {
        "_col2im": "col2im",
        "_im2col": "im2col",
    },
}


@hookimpl
def arraygrad_register_backends(register: Any) -> None:
    register("cupy", "arraygrad_cupy.backend:CupyBackend", ("cupy.ndarray",))


@hookimpl
def arraygrad_register_kernels(register: Any) -> None:
    for module, kernels in KERNELS.items():
        for op, name in kernels.items():
            register(f"core:{op}", "cupy", f"arraygrad_cupy.kernels_{module}:{name}")
