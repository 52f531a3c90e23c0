"""Every public name of the book's framework is there, under its module, with its arguments."""

from __future__ import annotations

import importlib
import inspect

import numpy as np
import pytest

# A class is written with the arguments of its constructor. Further arguments are allowed where
# they have defaults.
CALLS = {
    "": """
        Variable(data, name=None) Parameter(data, name=None) Function() Layer() Model()
        using_config(name, value) no_grad() test_mode() as_array(x) as_variable(obj)
        setup_variable() Dataset(train=True, transform=None, target_transform=None)
        DataLoader(dataset, batch_size, shuffle=True, gpu=False)
        SeqDataLoader(dataset, batch_size, gpu=False)
    """,
    "core": """
        Variable(data, name=None) Parameter(data, name=None) Function() setup_variable()
        using_config(name, value) no_grad() test_mode() as_variable(obj) as_array(x)
        add(x0, x1) sub(x0, x1) rsub(x0, x1) mul(x0, x1) div(x0, x1) rdiv(x0, x1) neg(x) pow(x, c)
        Add() Sub() Mul() Div() Neg() Pow(c)
    """,
    "core_simple": """
        Variable(data, name=None) Function() using_config(name, value) no_grad() as_array(x)
        as_variable(obj) add(x0, x1) mul(x0, x1) neg(x) sub(x0, x1) rsub(x0, x1) div(x0, x1)
        rdiv(x0, x1) pow(x, c) Add() Mul() Neg() Sub() Div() Pow(c) setup_variable()
    """,
    "functions": """
        add(x0, x1) sub(x0, x1) mul(x0, x1) div(x0, x1) neg(x) pow(x, c)
        sin(x) cos(x) tanh(x) exp(x) log(x) Sin() Cos() Tanh() Exp() Log()
        reshape(x, shape) transpose(x, axes=None) Reshape(shape) Transpose(axes=None)
        get_item(x, slices) GetItem(slices) GetItemGrad(slices, in_shape)
        expand_dims(x, axis) flatten(x)
        sum(x, axis=None, keepdims=False) sum_to(x, shape) broadcast_to(x, shape)
        Sum(axis, keepdims) SumTo(shape) BroadcastTo(shape)
        average(x, axis=None, keepdims=False) mean(x, axis=None, keepdims=False)
        matmul(x, W) linear(x, W, b=None) linear_simple(x, W, b=None) MatMul() Linear()
        sigmoid_simple(x) sigmoid(x) relu(x) leaky_relu(x, slope=0.2)
        Sigmoid() ReLU() LeakyReLU(slope)
        softmax_simple(x, axis=1) softmax(x, axis=1) log_softmax(x, axis=1)
        Softmax(axis=1) LogSoftmax(axis=1)
        mean_squared_error(x0, x1) mean_squared_error_simple(x0, x1) MeanSquaredError()
        softmax_cross_entropy(x, t) softmax_cross_entropy_simple(x, t) SoftmaxCrossEntropy()
        sigmoid_cross_entropy(x, t) binary_cross_entropy(p, t)
        accuracy(y, t) dropout(x, dropout_ratio=0.5) embed_id(x, W)
        batch_nrom(x, gamma, beta, mean, var, decay=0.9, eps=2e-5) BatchNorm(mean, var, decay, eps)
        batch_norm(x, gamma, beta, mean, var, decay=0.9, eps=2e-5)
        max(x, axis=None, keepdims=False) min(x, axis=None, keepdims=False) clip(x, x_min, x_max)
        Max(axis=None, keepdims=False) Min(axis=None, keepdims=False) Clip(x_min, x_max)
        conv2d(x, W, b=None, stride=1, pad=0) conv2d_simple(x, W, b=None, stride=1, pad=0)
        deconv2d(x, W, b=None, stride=1, pad=0, outsize=None)
        pooling(x, kernel_size, stride=1, pad=0) pooling_simple(x, kernel_size, stride=1, pad=0)
        average_pooling(x, kernel_size, stride=1, pad=0)
        im2col(x, kernel_size, stride=1, pad=0, to_matrix=True)
        col2im(x, input_shape, kernel_size, stride=1, pad=0, to_matrix=True)
    """,
    "functions_conv": """
        conv2d(x, W, b=None, stride=1, pad=0) conv2d_simple(x, W, b=None, stride=1, pad=0)
        deconv2d(x, W, b=None, stride=1, pad=0, outsize=None)
        pooling(x, kernel_size, stride=1, pad=0) pooling_simple(x, kernel_size, stride=1, pad=0)
        average_pooling(x, kernel_size, stride=1, pad=0)
        im2col(x, kernel_size, stride=1, pad=0, to_matrix=True)
        col2im(x, input_shape, kernel_size, stride=1, pad=0, to_matrix=True)
        im2col_array(img, kernel_size, stride, pad, to_matrix=True)
        col2im_array(col, img_shape, kernel_size, stride, pad, to_matrix=True)
        Conv2d(stride=1, pad=0) Conv2DGradW(conv2d) Deconv2d(stride=1, pad=0, outsize=None)
        Pooling(kernel_size, stride=1, pad=0) Pooling2DGrad(mpool2d) Pooling2DWithIndexes(mpool2d)
        AveragePooling(kernel_size, stride=1, pad=0) Im2col(kernel_size, stride, pad, to_matrix)
        Col2im(input_shape, kernel_size, stride, pad, to_matrix)
    """,
    "layers": """
        Layer() EmbedID(in_size, out_size) RNN(hidden_size, in_size=None)
        LSTM(hidden_size, in_size=None) BatchNorm()
        Linear(out_size, nobias=False, dtype=np.float32, in_size=None)
        Conv2d(out_channels, kernel_size, stride=1, pad=0, nobias=False, dtype=np.float32,
            in_channels=None)
        Deconv2d(out_channels, kernel_size, stride=1, pad=0, nobias=False, dtype=np.float32,
            in_channels=None)
    """,
    "models": """
        Model() Sequential(*layers) VGG16(pretrained=False) SqueezeNet(pretrained=False)
        ResNet(n_layers=152, pretrained=False) ResNet152(pretrained=False)
        ResNet101(pretrained=False) ResNet50(pretrained=False)
        BuildingBlock(n_layers=None, in_channels=None, mid_channels=None, out_channels=None,
            stride=None, downsample_fb=None)
        BottleneckA(in_channels, mid_channels, out_channels, stride=2, downsample_fb=False)
        BottleneckB(in_channels, mid_channels)
    """,
    "optimizers": """
        Optimizer() SGD(lr=0.01) MomentumSGD(lr=0.01, momentum=0.9) AdaGrad(lr=0.001, eps=1e-8)
        AdaDelta(rho=0.95, eps=1e-6) Adam(alpha=0.001, beta1=0.9, beta2=0.999, eps=1e-8)
        WeightDecay(rate) ClipGrad(max_norm) FreezeParam(*layers)
    """,
    "datasets": """
        Dataset(train=True, transform=None, target_transform=None) get_spiral(train=True)
        Spiral(train=True, transform=None, target_transform=None)
        SinCurve(train=True, transform=None, target_transform=None)
        Shakespear(train=True, transform=None, target_transform=None)
        load_cache_npz(filename, train=False) save_cache_npz(data, label, filename, train=False)
    """,
    "dataloaders": """
        DataLoader(dataset, batch_size, shuffle=True, gpu=False)
        SeqDataLoader(dataset, batch_size, gpu=False)
    """,
    "transforms": """
        Compose(transforms) Convert(mode='RGB') Resize(size) CenterCrop(size)
        ToArray(dtype=np.float32) ToPIL() RandomHorizontalFlip() Normalize(mean=0, std=1) Flatten()
        AsType(dtype=np.float32) ToFloat(dtype=np.float32) ToInt(dtype=int)
    """,
    "utils": """
        get_dot_graph(output, verbose=True)
        plot_dot_graph(output, verbose=True, to_file='graph.png')
        gradient_check(f, x, *args, rtol=1e-4, atol=1e-5, **kwargs)
        numerical_grad(f, x, *args, **kwargs)
        array_equal(a, b) array_allclose(a, b, rtol=1e-4, atol=1e-5)
        sum_to(x, shape) reshape_sum_backward(gy, x_shape, axis, keepdims) logsumexp(x, axis=1)
        max_backward_shape(x, axis) get_file(url, file_name=None)
        show_progress(block_num, block_size, total_size)
        get_conv_outsize(input_size, kernel_size, stride, pad) get_deconv_outsize(size, k, s, p)
        pair(x)
    """,
    "cuda": "get_array_module(x) as_numpy(x) as_cupy(x)",
}


def rows(text: str) -> dict[str, str]:
    """Name -> its arguments as written."""
    found, start, depth = {}, 0, 0
    for i, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == ")" and depth == 0:
            name, _, arguments = text[start:i].strip().partition("(")
            found[name] = " ".join(arguments.split())
            start = i + 1
    return found


TABLE = [(module, *row) for module, text in CALLS.items() for row in rows(text).items()]
ALL = [f"{module}.{name}" for module, name, _ in TABLE]


@pytest.mark.parametrize(("module", "name", "arguments"), TABLE, ids=ALL)
def test_a_call_of_the_book(module, name, arguments):
    thing = getattr(importlib.import_module(f"arraygrad.{module}".rstrip(".")), name)
    scope: dict[str, object] = {"np": np}
    exec(f"def expected({arguments}): ...", scope)
    book = list(inspect.signature(scope["expected"]).parameters.values())
    ours = list(inspect.signature(thing).parameters.values())
    star = inspect.Parameter.VAR_POSITIONAL
    by_name = {p.name: p for p in ours}
    for i, parameter in enumerate(book):
        if parameter.kind == inspect.Parameter.VAR_KEYWORD:
            assert ours[-1].kind == parameter.kind
        elif parameter.kind == inspect.Parameter.KEYWORD_ONLY:
            assert by_name[parameter.name].default == parameter.default
        elif parameter.kind == star:
            assert ours[i].kind == star
        else:
            assert ours[i].name == parameter.name
            if parameter.default is not parameter.empty:
                assert ours[i].default == parameter.default
    for parameter in ours[len(book) :]:
        optional = parameter.kind in (star, inspect.Parameter.VAR_KEYWORD)
        assert optional or parameter.default is not parameter.empty, f"{parameter} is required"


MEMBERS = {
    "Variable": """
        data name grad creator generation __array_priority__ shape ndim size dtype T set_creator
        unchain cleargrad unchain_backward backward reshape transpose sum matmul dot max min to_cpu
        to_gpu __len__ __repr__ __getitem__ __add__ __radd__ __sub__ __rsub__ __mul__ __rmul__
        __truediv__ __rtruediv__ __pow__ __neg__
    """,
    "Function": "forward backward inputs outputs generation __call__",
    "Config": "enable_backprop train",
    "layers.Layer": """
        params cleargrads to_cpu to_gpu save_weights load_weights _flatten_params _params forward
    """,
    "layers.Linear": "_init_W",
    "layers.RNN": "reset_state",
    "layers.LSTM": "reset_state",
    "models.Model": "plot",
    "models.VGG16": "WEIGHTS_PATH preprocess",
    "optimizers.Optimizer": "setup update update_one add_hook",
    "optimizers.Adam": "lr",
    "datasets.Dataset": "__getitem__ __len__ prepare",
    "datasets.MNIST": "show labels",
    "datasets.CIFAR10": "show labels",
    "datasets.CIFAR100": "show labels",
    "datasets.ImageNet": "labels",
    "dataloaders.DataLoader": "reset next __next__ __iter__ to_cpu to_gpu",
    "": "is_simple_core __version__ core datasets dataloaders optimizers functions functions_conv "
    "layers models utils cuda transforms",
    "utils": "cache_dir",
    "cuda": "gpu_enable",
}


@pytest.mark.parametrize("owner", MEMBERS)
def test_members_of_the_book(owner):
    thing = importlib.import_module("arraygrad")
    for part in filter(None, owner.split(".")):
        thing = getattr(thing, part)
    assert [name for name in MEMBERS[owner].split() if not hasattr(thing, name)] == []


def test_functions_has_the_shadowing_names():
    import arraygrad.functions as F

    scope: dict[str, object] = {}
    exec("from arraygrad.functions import *", scope)
    for name in ("sum", "max", "min", "pow"):
        assert getattr(F, name) is scope[name]
        assert name in F.__all__
