"""The book's classes of functions, `F.Sin()(x)`: thin doors over the ops, from one table.

Each is a `Function` with forward on arrays and backward on Variables. What it computes is an op,
and so are its gradients: backward runs the op once more, recorded, and pulls the gradient through.
The op itself, `F.sin(x)`, is the shorter and faster way. Imported when first asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from inspect import signature
from typing import Any

from arraygrad import functions as F
from arraygrad.backend import backend_of
from arraygrad.config import Config, is_recording, using_config
from arraygrad.engine import walk
from arraygrad.function import Function
from arraygrad.variable import Variable, constant


class BookFunction(Function):
    """What the classes of the book share; `make` gives the op for the constructor's arguments."""

    make: Callable[..., Callable[..., Variable]]

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        bound = signature(type(self)).bind(*args, **kwargs)
        bound.apply_defaults()
        self.given = dict(bound.arguments)
        vars(self).update(self.given)  # f.stride, f.axis ...

    def __call__(self, *inputs: Any) -> Any:
        return super().__call__(*(x for x in inputs if x is not None))  # no bias

    def forward(self, *xs: Any) -> Any:
        self.train = Config.train
        with using_config("enable_backprop", True):
            return self.op(*map(constant, xs)).data

    def backward(self, *gys: Variable) -> Any:
        again, node = is_recording(), self._called()
        with using_config("enable_backprop", True), using_config("train", vars(node)["train"]):
            # Each input apart, so that f(x, x) tells the gradients of the two.
            xs = [x if x._node is None else _apart(x, again) for x in node.inputs]
            gxs = _pulled(self.once_more(*xs), xs, gys[0], again)
        return gxs[0] if len(gxs) == 1 else tuple(gxs)

    @property
    def op(self) -> Callable[..., Variable]:
        """The op with the arguments given to the constructor."""
        return type(self).make(**self.given)

    def once_more(self, *xs: Variable) -> Variable:
        """The result again, from other Variables of the same data."""
        return self.op(*xs)


def _apart(x: Variable, recorded: bool) -> Variable:
    return F.reshape(x, x.shape) if recorded else Variable(x.data)


def _pulled(y: Variable, xs: Sequence[Variable], gy: Any, create_graph: bool) -> list[Any]:
    """The gradients of `y` at `xs`, which are newer than all else that `y` came from."""
    seqs = [x._node.seq for x in xs if x._node is not None]
    if y._node is None or not seqs:
        return [None] * len(xs)
    g = gy if create_graph else gy.data
    found, _ = walk({y._node: g}, min(seqs), max(seqs), create_graph, None)
    gxs = [None if x._node is None else found.get(x._node) for x in xs]
    return gxs if create_graph else [None if gx is None else constant(gx) for gx in gxs]


def _at(x: Any, function: Callable[[Variable], Variable], gy: Variable) -> Variable:
    """The gradient of `function` at `x`, pulled from `gy`, of which it is a function."""
    x = F.reshape(Variable(x), x.shape)
    return _pulled(function(x), [x], gy, True)[0]


def _conv2d_grad_W(conv2d: Any) -> Callable[..., Variable]:
    W = conv2d.inputs[1].data

    def of(x: Variable, gy: Variable) -> Variable:
        return _at(W, lambda W: F.conv2d(x, W, None, conv2d.stride, conv2d.pad), gy)

    return of


def _pooling(mpool2d: Any) -> Callable[[Variable], Variable]:
    return lambda x: F.pooling(x, mpool2d.kernel_size, mpool2d.stride, mpool2d.pad)


def _pooling_grad(mpool2d: Any) -> Callable[..., Variable]:
    x = mpool2d.inputs[0].data
    return lambda gy: _at(x, _pooling(mpool2d), gy)


def _pooling_with_indexes(mpool2d: Any) -> Callable[..., Variable]:
    # What maximum takes of another x from the places of the first: the gradient of its gradient.
    gy = mpool2d.outputs[0]().data
    return lambda x: _at(gy, _pooling_grad(mpool2d), x)


# The class -> what its constructor takes -> the op.
CLASSES: dict[str, Callable[..., Callable[..., Variable]]] = {
    "Add": lambda: F.add,
    "Sub": lambda: F.sub,
    "Mul": lambda: F.mul,
    "Div": lambda: F.div,
    "Neg": lambda: F.neg,
    "Pow": lambda c: lambda x: F.pow(x, c),
    "Sin": lambda: F.sin,
    "Cos": lambda: F.cos,
    "Tanh": lambda: F.tanh,
    "Exp": lambda: F.exp,
    "Log": lambda: F.log,
    "Reshape": lambda shape: lambda x: F.reshape(x, shape),
    "Transpose": lambda axes=None: lambda x: F.transpose(x, axes),
    "GetItem": lambda slices: lambda x: F.get_item(x, slices),
    "GetItemGrad": lambda slices, in_shape: lambda gy: F.index_add(gy, slices, in_shape),
    "Sum": lambda axis, keepdims: lambda x: F.sum(x, axis, keepdims),
    "SumTo": lambda shape: lambda x: F.sum_to(x, shape),
    "BroadcastTo": lambda shape: lambda x: F.broadcast_to(x, shape),
    "MatMul": lambda: F.matmul,
    "Linear": lambda: F.linear,
    "Sigmoid": lambda: F.sigmoid,
    "ReLU": lambda: F.relu,
    "LeakyReLU": lambda slope: lambda x: F.leaky_relu(x, slope),
    "Softmax": lambda axis=1: lambda x: F.softmax(x, axis),
    "LogSoftmax": lambda axis=1: lambda x: F.log_softmax(x, axis),
    "MeanSquaredError": lambda: F.mean_squared_error,
    "SoftmaxCrossEntropy": lambda: F.softmax_cross_entropy,
    "BatchNorm": lambda mean, var, decay, eps: (
        lambda x, gamma, beta: F.batch_norm(x, gamma, beta, mean, var, decay, eps)
    ),
    "Max": lambda axis=None, keepdims=False: lambda x: F.max(x, axis, keepdims),
    "Min": lambda axis=None, keepdims=False: lambda x: F.min(x, axis, keepdims),
    "Clip": lambda x_min, x_max: lambda x: F.clip(x, x_min, x_max),
    "Conv2d": lambda stride=1, pad=0: lambda x, W, b=None: F.conv2d(x, W, b, stride, pad),
    "Conv2DGradW": _conv2d_grad_W,
    "Deconv2d": lambda stride=1, pad=0, outsize=None: (
        lambda x, W, b=None: F.deconv2d(x, W, b, stride, pad, outsize)
    ),
    "Pooling": lambda kernel_size, stride=1, pad=0: (
        lambda x: F.pooling(x, kernel_size, stride, pad)
    ),
    "Pooling2DGrad": _pooling_grad,
    "Pooling2DWithIndexes": _pooling_with_indexes,
    "AveragePooling": lambda kernel_size, stride=1, pad=0: (
        lambda x: F.average_pooling(x, kernel_size, stride, pad)
    ),
    "Im2col": lambda kernel_size, stride, pad, to_matrix: (
        lambda x: F.im2col(x, kernel_size, stride, pad, to_matrix)
    ),
    "Col2im": lambda input_shape, kernel_size, stride, pad, to_matrix: (
        lambda x: F.col2im(x, input_shape, kernel_size, stride, pad, to_matrix)
    ),
}


def _batch_norm_once_more(self: Any, *xs: Variable) -> Variable:
    """The running mean and variance have had their share in forward."""
    running = {name: backend_of(a).copy(a) for name, a in list(self.given.items())[:2]}
    return type(self).make(**{**self.given, **running})(*xs)


def _defined(name: str, make: Callable[..., Any]) -> type[BookFunction]:
    words = {
        "make": staticmethod(make),
        "__module__": __name__,
        "__doc__": f"The book's class {name}{signature(make)}; the op itself is shorter.",
        "__signature__": signature(make),
    }
    if name == "BatchNorm":
        words["once_more"] = _batch_norm_once_more
    return type(name, (BookFunction,), words)


globals().update({name: _defined(name, make) for name, make in CLASSES.items()})
