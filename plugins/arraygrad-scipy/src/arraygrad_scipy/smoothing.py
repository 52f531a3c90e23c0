"""Windows that move along an axis, with SciPy's rules for what lies beyond the ends."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from arraygrad import Variable, as_variable, backend_of
from arraygrad.errors import ArgumentError, ShapeError
from arraygrad.op import arr, case, op
from arraygrad_scipy.filters import along
from arraygrad_scipy.shared import axis_of, constant, data_of, one_of, real_or_complex, scipy, zeros

__all__ = [
    "gaussian_filter",
    "gaussian_filter1d",
    "moving_mean",
    "moving_sum",
    "savgol_filter",
    "uniform_filter1d",
]

# SciPy's word for what is beyond the ends -> NumPy's.
BEYOND = {
    "reflect": "symmetric",  # d c b a | a b c d | d c b a
    "mirror": "reflect",  # d c b | a b c d | c b a
    "nearest": "edge",
    "wrap": "wrap",
    "constant": "constant",
}


@lru_cache(maxsize=256)
def _places(n: int, before: int, after: int, mode: str) -> np.ndarray:
    return np.pad(np.arange(n), (before, after), BEYOND[mode])  # type: ignore[call-overload]


def extended(x: Variable, before: int, after: int, mode: str, cval: float) -> Variable:
    """x with more elements at both ends of its last axis."""
    xp = x.__array_namespace__()
    if mode == "constant":
        ends = [zeros(xp, (*x.shape[:-1], n), x) + cval for n in (before, after)]
        return xp.concat([ends[0], x, ends[1]], axis=-1)
    backend = backend_of(x.data)
    table = backend.table(_places(x.shape[-1], before, after, mode), device=backend.device(x.data))
    return xp.take(x, table, axis=x.ndim - 1)


def prepared(who: str, x: Any, axis: int, mode: str, known: Any = tuple(BEYOND)) -> Any:
    """x as a Variable, the axis from 0 on, and the namespace; raises for what does not fit."""
    (x,) = real_or_complex(who, x=x)
    axis = axis_of(who, axis, x)
    one_of(who, "mode", mode, known)
    if not x.size:
        raise ShapeError(f"{who}: got x of shape {x.shape}, expected elements")
    return x, axis, x.__array_namespace__()


@op(
    samples=[
        case(arr(9), 5, 2),
        case(arr(2, 8), 5, 3, deriv=1, delta=0.5),
        case(arr(7, 2), 3, 1, axis=0, mode="mirror"),
        case(arr(8), 4, 2, mode="nearest"),
        case(arr(7), 5, 2, mode="constant", cval=0.5),
        case(arr(6), 3, 2, mode="wrap"),
    ],
    reference=scipy("signal.savgol_filter"),
)
def savgol_filter(
    x: Any,
    window_length: int,
    polyorder: int,
    deriv: int = 0,
    delta: float = 1.0,
    axis: int = -1,
    mode: str = "interp",
    cval: float = 0.0,
) -> Variable:
    """Polynomials fitted to moving windows, or their derivatives: `scipy.signal.savgol_filter`.

    mode: "interp" takes the polynomial of the first and the last window for the ends; "mirror",
    "nearest", "wrap", "constant" (with cval) extend x.
    Raises ArgumentError unless polyorder < window_length, and window_length fits x for "interp".
    Savitzky and Golay 1964, doi:10.1021/ac60214a047.

    >>> savgol_filter(Variable(np.array([0.0, 1.0, 4.0, 9.0, 16.0])), 5, 2, deriv=1)
    variable([0. 2. 4. 6. 8.])
    """
    from scipy.signal import savgol_coeffs

    known = ("interp", "mirror", "constant", "nearest", "wrap")
    x, axis, xp = prepared("savgol_filter", x, axis, mode, known)
    n, last = x.shape[axis], x.ndim - 1
    if not 0 <= polyorder < window_length or (mode == "interp" and window_length > n):
        raise ArgumentError(
            f"savgol_filter: got window_length = {window_length}, polyorder = {polyorder} and "
            f"{n} values, expected polyorder < window_length, and for mode 'interp' no more than "
            f"there are values"
        )
    x = xp.moveaxis(x, axis, last)
    weights = constant(savgol_coeffs(window_length, polyorder, deriv, delta), x)
    before, after = (window_length - 1) // 2, window_length // 2
    if mode != "interp":
        y = extended(x, before, after, mode, cval)
        y = along(y, as_variable(weights, requires_grad=False), window_length - 1, n)
    else:
        inside = n - window_length + 1
        weights = as_variable(weights, requires_grad=False)
        parts = [along(x, weights, window_length - 1, inside)]
        fits = constant(_end_fits(window_length, polyorder, deriv, delta), x)
        parts.insert(0, x[..., :window_length] @ fits[:, :before])
        parts.append(x[..., n - window_length :] @ fits[:, window_length - after :])
        y = xp.concat(parts, axis=-1)
    return xp.moveaxis(y, last, axis)


@lru_cache(maxsize=64)
def _end_fits(window: int, polyorder: int, deriv: int, delta: float) -> np.ndarray:
    """(W, W): from the values in a window to the polynomial (or its derivative) at its places."""
    places = np.arange(window)
    basis = np.vander(places, polyorder + 1, increasing=True).astype(float)
    slopes = np.zeros_like(basis)
    for k in range(deriv, polyorder + 1):
        factor = np.prod(np.arange(k - deriv + 1, k + 1)) / delta**deriv
        slopes[:, k] = factor * places ** (k - deriv)
    return (slopes @ np.linalg.pinv(basis)).T


@op(
    samples=[
        case(arr(6), 1.0),
        case(arr(2, 5), 0.7, mode="constant", cval=0.3),
        case(arr(5, 2), arr(low=0.8, high=0.85), axis=0),
        case(arr(7), 1.2, order=2, mode="mirror"),
        case(arr(7), arr(low=0.8, high=0.85), order=1, mode="wrap", truncate=3.0),
        case(arr(5, kind="complex"), 0.8, mode="nearest", radius=2),
    ],
    reference=scipy("ndimage.gaussian_filter1d"),
)
def gaussian_filter1d(
    input: Any,
    sigma: Any,
    axis: int = -1,
    order: int = 0,
    *,
    mode: str = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    radius: int | None = None,
) -> Variable:
    """A Gaussian, or its derivative, moved along an axis: `scipy.ndimage.gaussian_filter1d`.

    sigma: its deviation, a number or a 0-d array; it has a gradient too, though the length of the
    window, int(truncate * sigma + 0.5) on each side, jumps. order: of the derivative.
    mode: "reflect", "mirror", "nearest", "wrap", "constant" (with cval) for beyond the ends.
    Raises ArgumentError for a sigma that is not above 0.

    >>> gaussian_filter1d(Variable(np.array([0.0, 1.0, 0.0])), 0.5)
    variable([0.10671464 0.78657073 0.10671464])
    """
    x, axis, xp = prepared("gaussian_filter1d", input, axis, mode)
    data = data_of(sigma)
    s = float(backend_of(data).to_numpy(data)) if hasattr(data, "dtype") else float(sigma)
    if not s > 0 or order < 0:
        raise ArgumentError(
            f"gaussian_filter1d: got sigma = {s}, order = {order}, expected a sigma above 0 and "
            f"an order from 0 on"
        )
    reach = int(truncate * s + 0.5) if radius is None else int(radius)
    t = as_variable(constant(np.arange(-reach, reach + 1.0), x), requires_grad=False)
    flat = 1.0 / (sigma * sigma) if hasattr(data, "dtype") else 1.0 / s**2
    bell = xp.exp(-0.5 * flat * t * t)
    weights = bell / xp.sum(bell)
    if order:
        weights = weights * _hermite(order, flat, t)
    last = x.ndim - 1
    y = extended(xp.moveaxis(x, axis, last), reach, reach, mode, cval)
    return xp.moveaxis(along(y, weights, 2 * reach, x.shape[axis]), last, axis)


def _hermite(order: int, flat: Any, t: Variable) -> Any:
    """p(t) with the derivative p(t) exp(-t ** 2 * flat / 2), by p' - flat t p."""
    coefs: list[Any] = [1.0]
    for _ in range(order):
        slopes = [*[k * c for k, c in enumerate(coefs)][1:], 0.0, 0.0]
        coefs = [a - flat * b for a, b in zip(slopes, [0.0, *coefs], strict=True)]
    p: Any = coefs[-1]
    for c in coefs[-2::-1]:
        p = p * t + c
    return p


@op(
    samples=[
        case(arr(4, 5), 0.7),
        case(arr(3, 4), (0.6, 0.9), mode="nearest"),
        case(arr(3, 4), arr(low=0.8, high=0.85), (0, 1), mode="constant", cval=0.2),
        case(arr(2, 3, 4), 0.6, axes=(1, 2)),
    ],
    reference=scipy("ndimage.gaussian_filter"),
)
def gaussian_filter(
    input: Any,
    sigma: Any,
    order: Any = 0,
    *,
    mode: str = "reflect",
    cval: float = 0.0,
    truncate: float = 4.0,
    radius: Any = None,
    axes: Any = None,
) -> Variable:
    """A Gaussian along every axis: `scipy.ndimage.gaussian_filter`.

    sigma, order, radius: one for all axes, or a tuple with one for each of `axes`; axes: None for
    all, or a tuple. The rest, and errors, as of `gaussian_filter1d`.

    >>> float(gaussian_filter(Variable(np.eye(5)), 1.0).sum().data)
    5.0...
    """
    (x,) = real_or_complex("gaussian_filter", input=input)
    over = range(x.ndim) if axes is None else (axes,) if isinstance(axes, int) else tuple(axes)
    each = [v if isinstance(v, list | tuple) else [v] * len(over) for v in (sigma, order, radius)]
    if any(len(v) != len(over) for v in each):
        raise ArgumentError(
            f"gaussian_filter: got {', '.join(str(len(v)) for v in each)} numbers for sigma, "
            f"order and radius, expected one, or {len(over)}, one for each axis"
        )
    for axis, s, k, r in zip(over, *each, strict=True):
        if hasattr(s, "dtype") or s > 0:
            x = gaussian_filter1d(x, s, axis, k, mode=mode, cval=cval, truncate=truncate, radius=r)
    return x


@op(samples=[case(arr(7), 3), case(arr(2, 6), 5, axis=1), case(arr(6, 2), 1, 0)])
def moving_sum(x: Any, window: int, axis: int = -1) -> Variable:
    """Sums of `window` neighbors along an axis, which gets shorter by window - 1.

    By doubling: about log2(window) additions, and as exact as sums in pairs are. A difference of
    running sums would lose the digits that all before has taken.
    Raises ArgumentError for a window that does not fit.

    >>> moving_sum(Variable(np.array([1.0, 2.0, 3.0, 4.0])), 3)
    variable([6. 9.])
    """
    (x,) = real_or_complex("moving_sum", x=x)
    axis = axis_of("moving_sum", axis, x)
    n = x.shape[axis]
    if not 1 <= window <= n:
        raise ArgumentError(
            f"moving_sum: got window = {window} for {n} values, expected a whole number from 1 "
            f"to {n}"
        )
    lead = (slice(None),) * axis
    count = n - window + 1
    total: Any = None
    power, width, offset = x, 1, 0  # sums of `width` neighbors
    while True:
        if window & width:
            part = power[(*lead, slice(offset, offset + count), ...)]
            total = part if total is None else total + part
            offset += width
        if width * 2 > window:
            return total
        m = power.shape[axis]
        front, back = slice(0, m - width), slice(width, m)
        power = power[(*lead, front, ...)] + power[(*lead, back, ...)]
        width *= 2


@op(samples=[case(arr(7), 3), case(arr(2, 6), 4, axis=1)])
def moving_mean(x: Any, window: int, axis: int = -1) -> Variable:
    """Means of `window` neighbors along an axis; see `moving_sum`.

    >>> moving_mean(Variable(np.array([1.0, 2.0, 3.0, 4.0])), 2)
    variable([1.5 2.5 3.5])
    """
    return moving_sum(x, window, axis) / window


@op(
    samples=[
        case(arr(6), 3),
        case(arr(2, 5), 4, mode="constant", cval=0.5),
        case(arr(5, 2), 3, 0, mode="mirror", origin=1),
        case(arr(3), 7, mode="wrap"),
    ],
    reference=scipy("ndimage.uniform_filter1d"),
)
def uniform_filter1d(
    input: Any,
    size: int,
    axis: int = -1,
    *,
    mode: str = "reflect",
    cval: float = 0.0,
    origin: int = 0,
) -> Variable:
    """The mean of a window around each element: `scipy.ndimage.uniform_filter1d`.

    mode, cval: as of `gaussian_filter1d`. origin: how far the window is moved.
    Raises ArgumentError for a window or an origin that does not fit.

    >>> uniform_filter1d(Variable(np.array([3.0, 0.0, 0.0, 6.0])), 3)
    variable([2. 1. 2. 4.])
    """
    x, axis, xp = prepared("uniform_filter1d", input, axis, mode)
    before = size // 2 + origin
    if size < 1 or not 0 <= before < size:
        raise ArgumentError(
            f"uniform_filter1d: got size = {size}, origin = {origin}, expected a size from 1 on, "
            f"and an origin by which the window still covers its element"
        )
    last = x.ndim - 1
    y = extended(xp.moveaxis(x, axis, last), before, size - 1 - before, mode, cval)
    return xp.moveaxis(moving_mean(y, size), last, axis)
