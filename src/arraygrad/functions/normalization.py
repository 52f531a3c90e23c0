"""Normalization: to mean 0 and variance 1 over a batch, a layer or groups of channels."""

from __future__ import annotations

import math
from typing import Any

from arraygrad.backend import backend_of, namespace
from arraygrad.config import Config
from arraygrad.errors import ArgumentError, ShapeError
from arraygrad.functions.checks import along, bits, channelled, has_values
from arraygrad.functions.elementwise import astype, sqrt
from arraygrad.functions.reduction import mean as mean_of
from arraygrad.functions.shape import reshape
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_array, constant

__all__ = ["batch_norm", "batch_nrom", "group_norm", "layer_norm", "rms_norm"]


def _moments(x: Any, axis: tuple[int, ...], xp: Any) -> tuple[Any, Any]:
    """Mean and biased variance over `axis`, which is kept: two passes, for accuracy."""
    mean = xp.mean(x, axis=axis, keepdims=True)
    diff = x - mean
    return mean, xp.mean(diff * diff, axis=axis, keepdims=True)


@op(samples=[case(arr(5, 3), (0,)), case(arr(2, 3, 4), (0, 2))], constant=("x",))
def _batch_moments(x: Any, axis: Any, *, xp: Any = None) -> Any:
    """Mean and variance, stacked, as constants; batch_norm needs them outside of the gradient."""
    return xp.stack(_moments(x, axis, xp))


@op(
    samples=[
        case(arr(5, 3), arr(3), arr(3), (0,)),
        case(arr(4, 6), arr(6), arr(6), (1,)),
        case(arr(3, 2, 2, 2), arr(2, 1, 1), arr(2, 1, 1), (0, 2, 3)),
        case(arr(2, 2, 3, 2), arr(2, 3, 1), arr(2, 3, 1), (2, 3)),
        case(arr(4, 3), None, None, (0,)),
        case(arr(7), arr(7), None, (0,)),
    ],
    broadcasts=True,
    saves=("mean", "var"),
)
def _normalize(
    x: Any,
    gamma: Any = None,
    beta: Any = None,
    axis: Any = (-1,),
    eps: float = 1e-5,
    moments: Any = None,
    *,
    xp: Any = None,
) -> Any:
    """gamma * (x - mean) / sqrt(var + eps) + beta over `axis`; gamma and beta broadcast to x.

    Fused, for memory and speed: one large array is made, and only x is kept; composed of ops it
    would be six, and four kept. moments: mean and variance of x, if they are known already.
    """
    mean, var = _moments(x, axis, xp) if moments is None else (moments[0, ...], moments[1, ...])
    y = (x - mean) / xp.sqrt(var + eps)
    y = y if gamma is None else y * gamma
    return y if beta is None else y + beta, mean, var


@_normalize.saved("mean")
def _(x, axis, xp):
    return xp.mean(x, axis=axis, keepdims=True)


@_normalize.saved("var")
def _(x, axis, xp):
    return _moments(x, axis, xp)[1]


@_normalize.rule("x", "gamma", "beta")
def _(g, x, gamma, mean, var, axis, eps, need, xp):
    # Mean and variance are functions of x: their part is what makes the gradient as a whole
    # orthogonal to a shift and to a scaling of x.
    inv_std = 1 / xp.sqrt(var + eps)
    x_hat = (x - mean) * inv_std
    gx = None
    if need[0]:
        gx = g if gamma is None else g * gamma
        share = xp.mean(gx * x_hat, axis=axis, keepdims=True)
        gx = (gx - xp.mean(gx, axis=axis, keepdims=True) - x_hat * share) * inv_std
    return gx, g * x_hat if need[1] else None, g if need[2] else None


@op(
    samples=[
        case(arr(5, 3), arr(3), arr(3), arr(3), arr(3, low=0.5)),
        case(arr(3, 2, 2, 2), arr(2), arr(2), arr(2), arr(2, low=0.5)),
        case(arr(2, 3, 4), arr(3), arr(3), arr(3), arr(3, low=0.5), decay=0.5, eps=1e-3),
    ]
)
def batch_norm(
    x: Any,
    gamma: Any,
    beta: Any,
    mean: Any,
    var: Any,
    decay: float = 0.9,
    eps: float = 2e-5,
) -> Variable:
    """Normalize each channel by its mean and variance in the batch, then scale and shift it.

    x: (N, C) or (N, C, ...); gamma, beta, mean, var: (C,). While training, `mean` and `var` are
    moved towards those of the batch (the variance made unbiased) by the share 1 - decay: a
    Variable, such as a layer's Buffer, gets new data, an array is written into. Under
    `test_mode()` they are what x is normalized with. They get no gradient.
    One value per channel has no variance: the result is beta, as in the book, whose GAN takes one
    sample to give its layers their sizes.
    Raises ShapeError, DtypeError and ArgumentError before anything is changed, also for an empty
    batch.
    Ioffe and Szegedy 2015, "Batch Normalization", arXiv:1502.03167.

    >>> mean, var = np.zeros(1), np.ones(1)
    >>> batch_norm(np.array([[1.0], [3.0]]), np.ones(1), np.zeros(1), mean, var, eps=0.0)
    variable([[-1.]
              [ 1.]])
    >>> mean, var
    (array([0.2]), array([1.1]))
    """
    x = channelled("batch_norm", x, gamma=gamma, beta=beta, mean=mean, var=var)
    shape = x.shape
    if gamma is None or beta is None or mean is None or var is None:
        raise ShapeError(
            f"batch_norm: got None for gamma, beta, mean or var, expected four arrays of shape "
            f"({shape[1]},)"
        )
    if not 0 <= decay <= 1:
        raise ArgumentError(f"batch_norm: got decay = {decay}, expected a number from 0 to 1")
    wide, dtype = _widened(x, gamma, beta)
    if not Config.train:
        scale = gamma / sqrt(constant(as_array(var)) + eps)
        shift = beta - constant(as_array(mean)) * scale
        y = wide * _beside(scale, shape) + _beside(shift, shape)
        return astype(y, dtype) if y.dtype != dtype else y
    m = math.prod(shape) // max(shape[1], 1)
    if m < 1:
        raise ShapeError(
            f"batch_norm: got x of shape {shape}, with {m} values per channel, expected 1 or more "
            f"while training; use a larger batch, or test_mode()"
        )
    _changeable("mean", mean)
    _changeable("var", var)
    axis = (0, *range(2, len(shape)))
    moments = _batch_moments(wide, axis)._data
    y = _normalize(wide, _beside(gamma, shape), _beside(beta, shape), axis, eps, moments)
    batch = namespace(moments).reshape(moments, (2, shape[1]))
    _move(mean, batch[0, ...], decay)
    _move(var, batch[1, ...] * (m / max(m - 1, 1)), decay)
    return astype(y, dtype) if y.dtype != dtype else y


@op(samples=[case(arr(5, 3), arr(3), arr(3), arr(3), arr(3, low=0.5))])
def batch_nrom(
    x: Any,
    gamma: Any,
    beta: Any,
    mean: Any,
    var: Any,
    decay: float = 0.9,
    eps: float = 2e-5,
) -> Variable:
    """`batch_norm` as the book spells it."""
    return batch_norm(x, gamma, beta, mean, var, decay, eps)


@op(
    samples=[
        case(arr(4, 6), arr(6), arr(6)),
        case(arr(2, 3, 5)),
        case(arr(2, 3, 4), arr(3, 4), None, axis=(1, 2)),
        case(arr(2, 3, 4), arr(3), arr(3), axis=1, eps=1e-3),
    ]
)
def layer_norm(
    x: Any, gamma: Any = None, beta: Any = None, axis: Any = -1, eps: float = 1e-5
) -> Variable:
    """Normalize each row by its own mean and variance over `axis`, then scale and shift it.

    axis: an int or a tuple of them. gamma, beta: of the shape of x along `axis`, such as (D,) for
    x (..., D); or None. It is the same while training and under `test_mode()`.
    Raises ShapeError, DtypeError, AxisIndexError.
    Ba, Kiros and Hinton 2016, "Layer Normalization", arXiv:1607.06450.

    >>> layer_norm(Variable(np.array([[1.0, 3.0], [5.0, 5.0]])), eps=0.1)
    variable([[-0.95346259  0.95346259]
              [ 0.          0.        ]])
    """
    x, axes, gamma, beta = along("layer_norm", x, gamma, beta, axis)
    wide, dtype = _widened(x, gamma, beta)
    y = _normalize(wide, gamma, beta, axes, eps)
    return astype(y, dtype) if y.dtype != dtype else y


@op(
    samples=[
        case(arr(2, 4, 3), 2, arr(4), arr(4)),
        case(arr(2, 4, 2, 2), 4),
        case(arr(3, 6), 1, arr(6), None),
    ]
)
def group_norm(
    x: Any, groups: int, gamma: Any = None, beta: Any = None, eps: float = 1e-5
) -> Variable:
    """Normalize groups of channels, each by its own mean and variance, then scale and shift.

    x: (N, C) or (N, C, ...), C a multiple of `groups`; gamma, beta: (C,) or None. With one group
    for each channel it is instance normalization.
    Raises ShapeError, DtypeError, and ArgumentError where the groups do not divide C.
    Wu and He 2018, "Group Normalization", arXiv:1803.08494.

    >>> x = Variable(np.array([[1.0, 3.0, 10.0, 30.0]]))
    >>> group_norm(x, 2, eps=0.0)
    variable([[-1.  1. -1.  1.]])
    """
    x = channelled("group_norm", x, gamma=gamma, beta=beta)
    shape = x.shape
    if groups < 1 or shape[1] % groups:
        raise ArgumentError(
            f"group_norm: got {groups} groups for {shape[1]} channels, expected a number that "
            f"divides {shape[1]}"
        )
    has_values("group_norm", shape, shape[1:])
    grouped = (groups, shape[1] // groups, *(1,) * (len(shape) - 2))
    gamma = None if gamma is None else reshape(gamma, grouped)
    beta = None if beta is None else reshape(beta, grouped)
    wide, dtype = _widened(x, gamma, beta)
    split = reshape(wide, (shape[0], groups, shape[1] // groups, *shape[2:]))
    y = reshape(_normalize(split, gamma, beta, tuple(range(2, split.ndim)), eps), shape)
    return astype(y, dtype) if y.dtype != dtype else y


@op(samples=[case(arr(4, 6), arr(6)), case(arr(2, 3, 4), arr(3, 4), axis=(-2, -1))])
def rms_norm(x: Any, gamma: Any = None, axis: Any = -1, eps: float = 1e-6) -> Variable:
    """gamma * x / sqrt(mean(x ** 2) + eps) over `axis`: `layer_norm` without the mean.

    axis, gamma: as for `layer_norm`. Raises ShapeError, DtypeError, AxisIndexError.
    Zhang and Sennrich 2019, "Root Mean Square Layer Normalization", arXiv:1910.07467.

    >>> rms_norm(Variable(np.array([[3.0, 4.0]])), eps=0.0) * np.sqrt(12.5)
    variable([[3. 4.]])
    """
    x, axes, gamma, _ = along("rms_norm", x, gamma, None, axis)
    wide, dtype = _widened(x, gamma, None)
    y = wide / sqrt(mean_of(wide * wide, axis=axes, keepdims=True) + eps)
    y = y if gamma is None else y * gamma
    return astype(y, dtype) if y.dtype != dtype else y


def _beside(p: Any, shape: tuple[int, ...]) -> Any:
    """A value for each channel in a shape that broadcasts to (N, C, ...)."""
    return p if len(shape) == 2 else reshape(p, (shape[1], *(1,) * (len(shape) - 2)))


def _widened(x: Variable, gamma: Any, beta: Any) -> tuple[Variable, Any]:
    """x, in float32 if it has 16 bits, where sums overflow; and the dtype of the result."""
    xp = backend_of(x._data).xp
    dtype = own = x.dtype
    for p in (gamma, beta):
        if p is not None and p.dtype != dtype:
            dtype = xp.result_type(dtype, p.dtype)
    return (astype(x, xp.float32) if bits(own, xp) == 16 else x), dtype


def _changeable(name: str, running: Any) -> None:
    if isinstance(running, Variable):
        return
    backend = backend_of(running)
    if not backend.mutable or not getattr(getattr(running, "flags", None), "writeable", True):
        raise ArgumentError(
            f"batch_norm: got {name} as an array of {backend.name} that cannot be written into, "
            f"expected one that can while training; give an arraygrad.Buffer of it"
        )


def _move(running: Any, batch: Any, decay: float) -> None:
    """Move a running average towards that of the batch; a Variable gets a new array."""
    old = as_array(running)
    if batch.dtype != old.dtype:
        batch = namespace(batch).astype(batch, old.dtype)
    new = old * decay + batch * (1 - decay)
    if isinstance(running, Variable):
        running.data = new
    else:
        running[...] = new
