"""The book's helpers: drawings, gradients checked by differences, shapes of sums and windows.

>>> from arraygrad import utils
>>> utils.gradient_check(F.sin, np.array([0.5, 1.0]))
True
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from math import prod
from typing import TYPE_CHECKING, Any

import numpy as np

from arraygrad import arrays, autodiff
from arraygrad import functions as F
from arraygrad.arrays import broadcasts_to, is_complex, is_inexact, kept_shape
from arraygrad.backend import Backend, backend_of, namespace
from arraygrad.downloads import get_file, show_progress
from arraygrad.draw import Graph, Picture, save
from arraygrad.errors import AxisIndexError, DtypeError, ShapeError
from arraygrad.functions.windows import get_conv_outsize, get_deconv_outsize, pair
from arraygrad.variable import Variable, as_array, as_numpy

if TYPE_CHECKING:
    cache_dir: str

__all__ = [
    "array_allclose", "array_equal", "cache_dir", "get_conv_outsize", "get_deconv_outsize",
    "get_dot_graph", "get_file", "gradient_check", "logsumexp", "max_backward_shape",
    "numerical_grad", "pair", "plot_dot_graph", "reshape_sum_backward", "show_progress", "sum_to",
]  # fmt: skip


def __getattr__(name: str) -> Any:
    if name == "cache_dir":  # it follows an environment variable
        from arraygrad import downloads

        return downloads.cache_dir
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def get_dot_graph(output: Variable | Sequence[Variable], verbose: bool = True) -> str:
    """The graph behind a Variable, or several, as DOT text; verbose adds shapes and dtypes.

    Raises DtypeError for something else than Variables. See `arraygrad.draw.Graph`.

    >>> x = Variable(np.array(1.0), name="x")
    >>> print(get_dot_graph(x))
    digraph g {
    1 [label="x: () float64", color=orange, style=filled]
    }
    """
    return Graph(output, verbose).dot()


def plot_dot_graph(
    output: Variable | Sequence[Variable],
    verbose: bool = True,
    to_file: str | os.PathLike[str] = "graph.png",
) -> Picture:
    """Draw the graph behind a Variable into a file, and return what a notebook shows of it.

    to_file: .svg, .png or .pdf, for which Graphviz is needed; or .dot, .gv or .mmd, texts.
    Raises ArgumentError for another suffix; DrawingError where Graphviz is missing or fails, and
    says what to install.

    >>> import tempfile
    >>> x = Variable(np.array(1.0), name="x")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plot_dot_graph(F.sin(x) + 1, to_file=f"{folder}/graph.dot").graph
    <graph of 2 functions>
    """
    return save(to_file, lambda: Graph(output, verbose))


def gradient_check(
    f: Callable[..., Any], x: Any, *args: Any, rtol: float = 1e-4, atol: float = 1e-5, **kwargs: Any
) -> bool:
    """Whether backpropagation through f(x, *args, **kwargs) agrees with differences.

    f: any result; the gradient of its sum is checked. x: an array of any library, or a Variable;
    neither it nor any gradient is changed. The check is made in float64, where the library has it.
    Prints both gradients if they differ. Raises DtypeError for complex x.

    >>> gradient_check(lambda x, y: x * y, np.array([1.0, 2.0]), np.array([3.0, 4.0]))
    True
    """
    start = _start("gradient_check", x)
    found = autodiff.grad(lambda v: _total(f(v, *args, **kwargs)))(start)
    expected = numerical_grad(f, start, *args, **kwargs)
    if array_allclose(found, expected, rtol, atol):
        return True
    print("\n========== FAILED (Gradient Check) ==========")
    for title, gx in (("Numerical Grad", as_numpy(expected)), ("Backprop Grad", as_numpy(found))):
        print(f"{title}\n shape: {gx.shape}\n values: {str(gx.ravel()[:10])[1:-1]} ...")
    print("=============================================")
    return False


def numerical_grad(f: Callable[..., Any], x: Any, *args: Any, **kwargs: Any) -> Any:
    """The gradient of sum(f(x, *args, **kwargs)) by central differences, an array of x's library.

    x: an array of any library, or a Variable; f gets a new array for each difference, of x's
    library and in float64 where that has it, and has to use it: x itself never changes. The step
    is 1e-4 (1e-2 in float32). The result has x's dtype, float64 for whole numbers.
    Raises DtypeError for complex x.

    >>> numerical_grad(lambda x: x ** 2, np.array([1.0, 3.0])).round(6)
    array([2., 6.])
    """
    start = _start("numerical_grad", x)
    backend, device = backend_of(start), backend_of(start).device(start)
    eps = 1e-4 if backend.to_numpy(start).dtype == np.float64 else 1e-2
    host = backend.to_numpy(start).astype(np.float64)
    grad = np.zeros(host.shape)
    for place in np.ndindex(host.shape):
        ends = []
        for step in (eps, -eps):
            moved = host.copy()
            moved[place] += step
            y = f(_widest(backend, moved, device), *args, **kwargs)
            ends.append([as_numpy(part) for part in (y if isinstance(y, list | tuple) else [y])])
        # The difference before the sum: large sums would round it away.
        total = sum(np.sum(np.subtract(b, a, dtype=float)) for b, a in zip(*ends, strict=True))
        grad[place] = total / (2 * eps)
    dtype = as_array(x).dtype
    if not is_inexact(dtype, namespace(start)):
        dtype = start.dtype
    return namespace(start).astype(_widest(backend, grad, device), dtype)


def array_equal(a: Any, b: Any) -> bool:
    """Whether two arrays or Variables, of any library, have the same shape and elements.

    >>> array_equal(Variable(np.array([1, 2])), [1, 2])
    True
    """
    return np.array_equal(as_numpy(a), as_numpy(b))


def array_allclose(a: Any, b: Any, rtol: float = 1e-4, atol: float = 1e-5) -> bool:
    """Whether two arrays or Variables, of any library, agree up to a tolerance; they broadcast.

    >>> array_allclose(Variable(np.array([1.0, 2.0])), [1.0, 2.00001])
    True
    """
    return np.allclose(as_numpy(a), as_numpy(b), atol=atol, rtol=rtol)


def sum_to(x: Any, shape: Sequence[int]) -> Any:
    """`x` summed along the axes over which an array of `shape` would broadcast to it.

    Raises ShapeError where `shape` does not broadcast to the shape of x.

    >>> sum_to(np.ones((2, 3)), (1, 3))
    array([[2., 2., 2.]])
    """
    shape = tuple(shape)
    if not broadcasts_to(shape, tuple(x.shape)):
        raise ShapeError(f"sum_to: got x of shape {tuple(x.shape)}, to which {shape} has no way")
    return F.sum_to(x, shape) if isinstance(x, Variable) else arrays.sum_to(x, shape, namespace(x))


def reshape_sum_backward(gy: Any, x_shape: Sequence[int], axis: Any, keepdims: bool) -> Any:
    """The gradient of a sum with an axis of length 1 for each that was summed away.

    gy: as `F.sum(x, axis, keepdims)`; the result broadcasts to x_shape.
    Raises AxisIndexError for an axis that x has not, ShapeError for a gy that does not fit.

    >>> reshape_sum_backward(np.ones(3), (2, 3), 0, False).shape
    (1, 3)
    """
    shape = _without(tuple(x_shape), axis, "reshape_sum_backward")
    if prod(gy.shape) != prod(shape):
        raise ShapeError(
            f"reshape_sum_backward: got gy of shape {tuple(gy.shape)} for x of shape "
            f"{tuple(x_shape)} summed over {axis}, expected one like {shape}"
        )
    return namespace(gy).reshape(gy, shape)


def max_backward_shape(x: Any, axis: Any) -> list[int]:
    """The shape of the maximum of x along `axis` (None: all) with keepdims.

    >>> max_backward_shape(np.ones((2, 3)), -1)
    [2, 1]
    """
    return list(_without(tuple(x.shape), axis, "max_backward_shape"))


def logsumexp(x: Any, axis: Any = 1) -> Any:
    """log(sum(exp(x))) along `axis`, which stays with length 1, without overflow.

    >>> logsumexp(np.array([[1000.0, 1000.0]]))
    array([[1000.69314718]])
    """
    xp = namespace(x)
    top = xp.max(x, axis=axis, keepdims=True)
    # Where all is -inf, or the largest is inf, the difference to it would be nan.
    top = xp.where(xp.isfinite(top), top, xp.zeros_like(top))
    return top + xp.log(xp.sum(xp.exp(x - top), axis=axis, keepdims=True))


def _without(shape: tuple[int, ...], axis: Any, who: str) -> tuple[int, ...]:
    n = len(shape)
    axes = range(n) if axis is None else (axis,) if isinstance(axis, int) else tuple(axis)
    for a in axes:
        if not -n <= a < n:
            raise AxisIndexError(f"{who}: got axis {a} of shape {shape}, expected -{n} to {n - 1}")
    return kept_shape(shape, tuple(axes))


def _start(who: str, x: Any) -> Any:
    """A copy of `x` in float64, or in the widest floating point numbers its library has."""
    data = as_array(x)
    backend = backend_of(data)
    if is_complex(data.dtype):
        raise DtypeError(
            f"{who}: got {data.dtype}, expected real numbers; make f a function of the real and "
            f"the imaginary part"
        )
    return _widest(backend, backend.to_numpy(data).astype(np.float64), backend.device(data))


def _widest(backend: Backend, host: np.ndarray, device: Any) -> Any:
    try:
        return backend.from_numpy(host, device=device)
    except TypeError:  # a device without float64
        return backend.from_numpy(host.astype(np.float32), device=device)


def _total(y: Any) -> Any:
    return sum(F.sum(part) for part in (y if isinstance(y, list | tuple) else [y]))
