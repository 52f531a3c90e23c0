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
        "erf": "erf",
        "leaky_relu": "leaky_relu",
        "leaky_relu.x": "leaky_relu_x",
        "log_softmax": "log_softmax",
        "log_softmax.x": "log_softmax_x",
        "relu": "relu",
        "relu.x": "relu_x",
        "sigmoid": "sigmoid",
        "sigmoid.x": "sigmoid_x",
        "silu": "silu",
        "silu.x": "silu_x",
        "softmax": "softmax",
        "softmax.x": "softmax_x",
        "tanh.x": "tanh_x",
    },
    "attention": {
        "_attention": "attention",
        "_attention.q.k.v.bias": "attention_rule",
    },
    "conv": {
        "_col2im": "col2im",
        "_conv2d": "conv2d",
        "_conv2d.b": "bias",
        "_conv2d_weight": "conv2d_weight",
        "_deconv2d": "deconv2d",
        "_deconv2d.b": "bias",
        "_im2col": "im2col",
    },
    "linalg": {
        "_softmax_cross_entropy": "softmax_cross_entropy",
        "_softmax_cross_entropy.x": "softmax_cross_entropy_x",
        "linear": "linear",
        "linear.b": "linear_b",
    },
    "normalization": {
        "_normalize": "normalize",
        "_normalize.x.gamma.beta": "normalize_rule",
    },
    "pool": {
        "_average_pooling": "average_pooling",
        "_pooling": "pooling",
        "_pooling.x": "pooling_x",
        "_spread": "spread",
    },
    "recurrent": {
        "_gru": "gru",
        "_lstm": "lstm",
        "_lstm.x.hc.W": "lstm_rule",
    },
}


@hookimpl
def arraygrad_register_backends(register: Any) -> None:
    register("torch", "arraygrad_torch.backend:TorchBackend", ("torch.Tensor",))


@hookimpl
def arraygrad_register_kernels(register: Any) -> None:
    for module, kernels in KERNELS.items():
        for op, name in kernels.items():
            register(f"core:{op}", "torch", f"arraygrad_torch.kernels_{module}:{name}")
