"""Convolution and correlation in any number of dimensions, direct or by Fourier transforms.

All of them are one primitive: a block of the full convolution. Convolution is linear in both of
its arguments, and each gradient is a block of another convolution, with the other argument turned
around; so there are derivatives to any order, and each is computed in the same way.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from arraygrad import Variable, backend_of
from arraygrad.errors import ShapeError
from arraygrad.op import arr, case, in_rule, op
from arraygrad_scipy.shared import (
    alike,
    axis_of,
    one_of,
    real_or_complex,
    scipy,
    segment,
    size,
)

__all__ = ["convolve", "correlate", "fftconvolve"]

MODES = ("full", "same", "valid")
Shape = tuple[int, ...]


@op(
    samples=[
        case(arr(5), arr(3), (0,), (7,), "direct"),
        case(arr(3), arr(5), (-2,), (11,), "direct"),
        case(arr(4, 5), arr(2, 3), (1, 2), (3, 3), "direct"),
        case(arr(4, 5), arr(1, 3), (0, -1), (4, 9), "fft"),
        case(arr(3, kind="complex"), arr(4), (1,), (3,), "direct"),
        case(arr(6, kind="complex"), arr(3, kind="complex"), (2,), (4,), "fft"),
        case(arr(4, 3, 5), arr(2, 2, 2), (0, 0, 0), (5, 4, 6), "fft"),
    ]
)
def _convolve(
    x: Any, h: Any, start: Shape, shape: Shape, method: str = "direct", *, xp: Any = None
) -> Any:
    """The block of `shape` that begins at `start` in the full convolution, zero outside of it."""
    dtype = xp.result_type(x, h)
    x, h = alike(xp, x, h)
    if method == "fft":
        y = _by_fft(xp, x, h, start, shape)
        return y if y.dtype == dtype else xp.astype(y, dtype)
    x, h = seen_by_windows(xp, x, h, start, shape)
    table = backend_of(x).table(window_table(x.shape, h.shape), device=backend_of(x).device(x))
    windows = xp.reshape(xp.take(xp.reshape(x, (-1,)), table), (-1, size(h.shape)))
    return xp.reshape(windows @ xp.reshape(h, (-1,)), shape)


@_convolve.rule("x")
def _(g, h, x_shape, start, method, xp):
    return _transposed(g, h, x_shape, start, method, xp)


@_convolve.rule("h")
def _(g, x, h_shape, start, method, xp):
    return _transposed(g, x, h_shape, start, method, xp)


def _transposed(g: Any, other: Any, shape: Shape, start: Shape, method: str, xp: Any) -> Any:
    back = tuple([n - 1 - s for n, s in zip(other.shape, start, strict=True)])
    return in_rule(_convolve, g, xp.flip(other), back, tuple(shape), method)


def seen_by_windows(xp: Any, x: Any, h: Any, start: Shape, shape: Shape) -> tuple[Any, Any]:
    """What the block needs of the larger array, and the smaller one as a window, turned around."""
    if size(h.shape) > size(x.shape):
        x, h = h, x
    for axis, (s, m, k) in enumerate(zip(start, shape, h.shape, strict=True)):
        x = segment(xp, x, axis, s - k + 1, m + k - 1)
    return x, xp.flip(h)


@lru_cache(maxsize=64)
def window_table(shape: Shape, kernel: Shape) -> np.ndarray:
    """For each place of the window one after the other, which elements it covers; flat."""
    places = np.arange(size(shape), dtype=np.int64).reshape(shape)
    return np.lib.stride_tricks.sliding_window_view(places, kernel).reshape(-1)


def _by_fft(xp: Any, x: Any, h: Any, start: Shape, shape: Shape) -> Any:
    """A circular convolution, just long enough that nothing wraps around into the block."""
    from scipy.fft import next_fast_len

    is_real = "complex" not in str(x.dtype)
    axes, lengths, blocks = [], [], []
    for axis, (n, k, s, m) in enumerate(zip(x.shape, h.shape, start, shape, strict=True)):
        low, high = max(s, 0), min(s + m, n + k - 1)
        blocks.append(slice(low, max(low, high)))
        if min(n, k) > 1:
            axes.append(axis)
            lengths.append(int(next_fast_len(max(n, k, high, n + k - 1 - low), is_real)))
    if axes:
        to, back = (xp.fft.rfftn, xp.fft.irfftn) if is_real else (xp.fft.fftn, xp.fft.ifftn)
        if "16" in str(x.dtype):  # of which there are no transforms
            x, h = xp.astype(x, xp.float32), xp.astype(h, xp.float32)
        over = {"s": tuple(lengths), "axes": tuple(axes)}
        y = back(to(x, **over) * to(h, **over), **over)
    else:
        y = x * h
    y = y[tuple(blocks)]
    for axis, (s, m) in enumerate(zip(start, shape, strict=True)):
        y = segment(xp, y, axis, min(s, 0), m)
    return y


def block(mode: str, n: Shape, k: Shape) -> tuple[Shape, Shape]:
    """Where SciPy's modes begin in the full convolution, and their shape."""
    if mode == "full":
        return (0,) * len(n), tuple([a + b - 1 for a, b in zip(n, k, strict=True)])
    if mode == "same":
        return tuple([(b - 1) // 2 for b in k]), n
    start = tuple([min(a, b) - 1 for a, b in zip(n, k, strict=True)])
    return start, tuple([abs(a - b) + 1 for a, b in zip(n, k, strict=True)])


@lru_cache(maxsize=4096)
def faster(n: Shape, k: Shape, mode: str) -> str:
    """What SciPy takes for the faster method: it counts operations."""
    from scipy.signal import choose_conv_method

    if not n:
        return "direct"
    return choose_conv_method(np.broadcast_to(0.0, n), np.broadcast_to(0.0, k), mode)


def checked(who: str, in1: Any, in2: Any, mode: str) -> tuple[Variable, Variable]:
    """Both as Variables of the same number of axes, which a mode fits."""
    one_of(who, "mode", mode, MODES)
    x, h = real_or_complex(who, in1=in1, in2=in2)
    if x.ndim != h.ndim:
        raise ShapeError(
            f"{who}: got shapes {x.shape} and {h.shape}, expected the same number of axes; "
            f"reshape one, as with x[None, :]"
        )
    if not (x.size and h.size):
        raise ShapeError(f"{who}: got shapes {x.shape} and {h.shape}, expected elements in both")
    if mode == "valid":
        larger = [a >= b for a, b in zip(x.shape, h.shape, strict=True)]
        smaller = [a <= b for a, b in zip(x.shape, h.shape, strict=True)]
        if not (all(larger) or all(smaller)):
            raise ShapeError(
                f"{who}: got shapes {x.shape} and {h.shape} for mode 'valid', expected one that "
                f"is at least as long as the other along every axis; use mode 'same' or 'full'"
            )
    return x, h


_SAMPLES = [
    case(arr(5), arr(3)),
    case(arr(3), arr(5), "same"),
    case(arr(6), arr(3), mode="valid", method="fft"),
    case(arr(3, 4), arr(2, 3), "full", "fft"),
    case(arr(3, 4), arr(2, 3), "same", "direct"),
    case(arr(2, 3, 4), arr(2, 2, 2), "valid"),
    case(arr(4, kind="complex"), arr(3, kind="complex"), "same"),
    case(arr(2), arr(4, kind="complex"), "valid"),
    case(arr(), arr()),
]


@op(samples=_SAMPLES, reference=scipy("signal.convolve"))
def convolve(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Variable:
    """The convolution of two arrays with the same number of axes: `scipy.signal.convolve`.

    mode: "full"; "same", the middle of it, of the shape of in1; "valid", where nothing is beyond
    an end. method: "direct", "fft", or "auto" for the faster one as SciPy's count says.
    Raises ShapeError for shapes that do not fit, ArgumentError for other words.

    >>> convolve(Variable(np.array([1.0, 2.0, 3.0])), np.array([0.5, 0.5]))
    variable([0.5 1.5 2.5 1.5])
    """
    x, h = checked("convolve", in1, in2, mode)
    return _block_of("convolve", x, h, mode, method)


@op(samples=_SAMPLES, reference=scipy("signal.correlate"))
def correlate(in1: Any, in2: Any, mode: str = "full", method: str = "auto") -> Variable:
    """The correlation of two arrays with the same number of axes: `scipy.signal.correlate`.

    The convolution of in1 with the conjugate of in2, turned around; parameters and errors as of
    `convolve`.

    >>> correlate(Variable(np.array([1.0, 2.0, 3.0])), np.array([0.0, 1.0, 0.5]))
    variable([0.5 2.  3.5 3.  0. ])
    """
    x, h = checked("correlate", in1, in2, mode)
    xp = h.__array_namespace__()
    h = xp.conj(h) if "complex" in str(h.dtype) else h
    return _block_of("correlate", x, xp.flip(h), mode, method)


def _block_of(who: str, x: Variable, h: Variable, mode: str, method: str) -> Variable:
    one_of(who, "method", method, ("auto", "direct", "fft"))
    if method == "auto":
        method = faster(x.shape, h.shape, mode)
    return _convolve(x, h, *block(mode, x.shape, h.shape), method)


@op(
    samples=[
        case(arr(5), arr(3)),
        case(arr(2, 5), arr(1, 3), "same", 1),
        case(arr(2, 3, 4), arr(2, 1, 3), "valid", (0, 2)),
        case(arr(2, 4, kind="complex"), arr(2, 3), "full", -1),
    ],
    reference=scipy("signal.fftconvolve"),
)
def fftconvolve(in1: Any, in2: Any, mode: str = "full", axes: Any = None) -> Variable:
    """The convolution along some axes, by Fourier transforms: `scipy.signal.fftconvolve`.

    axes: None for all, an int or a tuple of them; along the others the arrays are multiplied, and
    shapes broadcast there. mode and errors as of `convolve`.

    >>> x = Variable(np.array([[1.0, 2.0, 3.0], [0.0, 1.0, 0.0]]))
    >>> fftconvolve(x, np.array([[0.5, 0.5]]), "valid", axes=1)
    variable([[1.5 2.5]
              [0.5 0.5]])
    """
    x, h = checked("fftconvolve", in1, in2, "full")
    over = range(x.ndim) if axes is None else (axes,) if isinstance(axes, int) else axes
    chosen = {axis_of("fftconvolve", a, x) for a in over}
    pairs = list(zip(x.shape, h.shape, strict=True))
    others = [i for i in range(x.ndim) if i not in chosen]
    if any(a != b and 1 not in (a, b) for a, b in (pairs[i] for i in others)):
        raise ShapeError(
            f"fftconvolve: got shapes {x.shape} and {h.shape}, expected equal lengths, or 1, along "
            f"axes other than {sorted(chosen)}"
        )
    if len(others) == 0 or all(pairs[i][1] == 1 for i in others):
        x, h = checked("fftconvolve", x, h, mode)
        start, shape = block(mode, x.shape, h.shape)
        return _convolve(x, h, _or(start, others, 0), _or(shape, others, x.shape), "fft")
    return _multiplied(x, h, mode, sorted(chosen))


def _or(values: Sequence[int], places: Sequence[int], instead: Any) -> Shape:
    return tuple(
        (instead if isinstance(instead, int) else instead[i]) if i in places else v
        for i, v in enumerate(values)
    )


def _multiplied(x: Variable, h: Variable, mode: str, axes: list[int]) -> Variable:
    """By transforms that are ops themselves, for arrays that broadcast along other axes."""
    from scipy.fft import next_fast_len

    n, k = ([v.shape[a] for a in axes] for v in (x, h))
    checked("fftconvolve", _ones(n), _ones(k), mode)
    xp = x.__array_namespace__()
    is_real = "complex" not in f"{x.dtype}{h.dtype}"
    s = tuple([int(next_fast_len(a + b - 1, is_real)) for a, b in zip(n, k, strict=True)])
    to, back = (xp.fft.rfftn, xp.fft.irfftn) if is_real else (xp.fft.fftn, xp.fft.ifftn)
    x, h = alike(xp, x, h)
    y = back(to(x, s=s, axes=tuple(axes)) * to(h, s=s, axes=tuple(axes)), s=s, axes=tuple(axes))
    for axis, begin, length in zip(axes, *block(mode, tuple(n), tuple(k)), strict=True):
        y = segment(xp, y, axis, begin, length)
    return y


def _ones(shape: Sequence[int]) -> np.ndarray:
    return np.broadcast_to(1.0, tuple(shape))
