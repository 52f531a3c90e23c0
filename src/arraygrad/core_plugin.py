"""The core as plugin number zero: everything built in, registered through the plugins' hooks.

The lists below are the one place where the core's layers, models, optimizers and data sets are
named; a test compares them with the public names of their modules.
"""

from __future__ import annotations

import sys

from arraygrad.hookspecs import (
    API_VERSION,
    Register,
    RegisterBackend,
    RegisterKernel,
    hookimpl,
)
from arraygrad.installed import Installed

ARRAYGRAD_API = API_VERSION

LAYERS = (
    "GRU", "LSTM", "RNN", "BatchNorm", "Conv2d", "Deconv2d", "Dropout", "EmbedID", "Flatten",
    "GroupNorm", "Layer", "LayerNorm", "Linear", "MultiHeadAttention",
)  # fmt: skip
MODELS = (
    "mlp:MLP", "model:Model", "residual:BottleneckA", "residual:BottleneckB",
    "residual:BuildingBlock", "resnet:ResNet", "resnet:ResNet18", "resnet:ResNet34",
    "resnet:ResNet50", "resnet:ResNet101", "resnet:ResNet152", "sequential:Sequential",
    "squeezenet:SqueezeNet", "transformer:Transformer", "transformer:TransformerBlock",
    "vgg:VGG16",
)  # fmt: skip
OPTIMIZERS = (
    "SGD", "AdaDelta", "AdaGrad", "Adam", "AdamW", "CheckFinite", "ClipGrad", "CosineDecay",
    "ExponentialDecay", "FreezeParam", "MomentumSGD", "Optimizer", "RMSprop", "Schedule",
    "StepDecay", "Warmup", "WeightDecay",
)  # fmt: skip
DATASETS = (
    "digits:Digits", "spiral:Spiral", "mnist:MNIST", "mnist:FashionMNIST", "cifar:CIFAR10",
    "cifar:CIFAR100", "sincurve:SinCurve", "text:PythonDocs", "text:Shakespeare",
    "text:Shakespear", "text:Text", "imagenet:ImageNet", "dataset:Dataset", "subset:Subset",
    "subset:random_split", "spiral:get_spiral", "cache:load_cache_npz", "cache:save_cache_npz",
)  # fmt: skip


def installed() -> Installed:
    """The core, as the entry of a listing of plugins."""
    package = sys.modules["arraygrad"]
    version = getattr(package, "__version__", "")
    return Installed("arraygrad", version, (__name__,), next(iter(package.__path__), ""))


@hookimpl
def arraygrad_register_backends(register: RegisterBackend) -> None:
    register("numpy", "arraygrad.numpy_backend:NumpyBackend", ("numpy.ndarray", "numpy.generic"))


@hookimpl
def arraygrad_register_ops(register: Register) -> None:
    # The modules of arraygrad.functions fill the table as they are imported.
    import arraygrad.functions
    from arraygrad.op import table

    for name, function in table.items():
        own = function.__module__.startswith(arraygrad.functions.__name__)
        if own and not name.startswith("_"):
            register(function, name)
    for module, names in arraygrad.functions.LATE.items():
        for name in names:
            if name not in table:
                register(f"arraygrad.functions.{module}:{name}")


@hookimpl
def arraygrad_register_kernels(register: RegisterKernel) -> None:
    from arraygrad import numpy_kernels

    for module in numpy_kernels.MODULES:
        for name, kernel in module.KERNELS.items():
            register(name, "numpy", kernel)


@hookimpl
def arraygrad_register_layers(register: Register) -> None:
    for name in LAYERS:
        register(f"arraygrad.layers:{name}")


@hookimpl
def arraygrad_register_models(register: Register) -> None:
    for name in MODELS:
        register(f"arraygrad.models.{name}")


@hookimpl
def arraygrad_register_optimizers(register: Register) -> None:
    for name in OPTIMIZERS:
        register(f"arraygrad.optimizers:{name}")


@hookimpl
def arraygrad_register_datasets(register: Register) -> None:
    for name in DATASETS:
        register(f"arraygrad.datasets.{name}")
