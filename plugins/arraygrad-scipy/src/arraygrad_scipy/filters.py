"""Recursive (IIR) filters.

A filter is a convolution with b, then a recursion with a: y[n] = u[n] - a[1] y[n - 1] - ... The
recursion is one primitive, whose gradient is the same recursion run backwards in time. NumPy
arrays go through scipy.signal.lfilter; on other libraries it runs in blocks of about the root of
the length: within a block it is one product with a matrix, so that few steps follow each other.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from arraygrad import Variable, as_variable, backend_of
from arraygrad.errors import ArgumentError, ShapeError
from arraygrad.op import arr, case, in_rule, op
from arraygrad_scipy.convolution import _convolve, faster
from arraygrad_scipy.shared import (
    alike,
    axis_of,
    real_or_complex,
    scipy,
    segment,
    size,
    zeros,
)

__all__ = ["along", "lfilter"]


@op(
    samples=[
        case(arr(2, 7), arr(3, low=-0.3, high=0.3)),
        case(arr(12), arr(1, low=-0.9, high=0.9)),
        case(arr(2), arr(3, low=-0.3, high=0.3)),
        case(arr(9), arr(2, low=-0.4, high=0.4, kind="complex")),
    ]
)
def _all_pole(x: Any, a: Any, *, xp: Any = None) -> Any:
    """y[n] = x[n] - a[0] y[n - 1] - a[1] y[n - 2] - ... along the last axis; a: (P,)."""
    a, x = alike(xp, a, x)
    order, n = a.shape[0], x.shape[-1]
    length = max(order, math.isqrt(n))  # of a block
    response = _response(xp, a, length)
    before = zeros(xp, (*x.shape[:-1], order), x)
    parts = []
    for start in range(0, n, length):
        part = xp.concat([before, segment(xp, x, -1, start, length)], axis=-1)
        y = part @ response
        before = y[..., length - order :]
        parts.append(y)
    return xp.concat(parts, axis=-1)[..., :n] if parts else x


@_all_pole.rule("x")
def _(g, a, xp):
    return xp.flip(in_rule(_all_pole, xp.flip(g, axis=-1), a), axis=-1)


@_all_pole.rule("a")
def _(g, a, out, xp):
    gx = xp.flip(in_rule(_all_pole, xp.flip(g, axis=-1), a), axis=-1)
    n = out.shape[-1]
    sums = []
    for k in range(1, a.shape[0] + 1):
        k = min(k, n)
        sums.append(-xp.sum(gx[..., k:] * out[..., : n - k]))
    return xp.stack(sums)


def _response(xp: Any, a: Any, length: int) -> Any:
    """(P + L, L): what the P outputs before a block, oldest first, and its L inputs do to it."""
    order = a.shape[0]
    device = backend_of(a).device(a)
    eye = xp.eye(order + length, dtype=a.dtype, device=device)
    rows = [eye[i, :] for i in range(order)]
    for i in range(order, order + length):
        past = xp.stack(rows[i - order : i][::-1])
        rows.append(eye[i, :] - a @ past)
    return xp.stack(rows[order:], axis=1)


@op(
    samples=[
        case(arr(3), [1.5, -0.6, 0.2], arr(9)),
        case(arr(2), arr(2, low=1.0, high=1.4), arr(2, 8)),
        case(arr(3), 1.0, arr(3, 6), axis=0),
        case(arr(2), [1.5, -0.6, 0.2], arr(2, 6), zi=arr(2, 2)),
        case(arr(2, kind="complex"), [1.0, 0.5j], arr(6)),
        case(1.0, arr(3, low=0.5, high=0.8), arr(6)),
    ],
    reference=scipy("signal.lfilter"),
)
def lfilter(b: Any, a: Any, x: Any, axis: int = -1, zi: Any = None) -> Any:
    """x through the digital filter b / a along an axis: `scipy.signal.lfilter`.

    a[0] y[n] = b[0] x[n] + b[1] x[n - 1] + ... - a[1] y[n - 1] - ...; b, a: (P,), or numbers.
    zi: the state before, of the shape of x with max(len(a), len(b)) - 1 along the axis; with it
    the result is (y, the state after). Gradients go to b, a, x and zi.
    Raises ShapeError for coefficients or states that do not fit; ArgumentError for a[0] = 0 on
    NumPy.

    >>> lfilter([0.5], [1.0, -0.5], Variable(np.array([1.0, 0.0, 0.0])))
    variable([0.5   0.25  0.125])
    """
    (x,) = real_or_complex("lfilter", x=x)
    axis = axis_of("lfilter", axis, x)
    b, a = (_coefficients(name, c, x) for name, c in (("b", b), ("a", a)))
    if isinstance(a.data, np.ndarray) and not a.data[0]:  # elsewhere the question may cost much
        raise ArgumentError("lfilter: got a[0] = 0, expected another number")
    xp = x.__array_namespace__()
    b, a = b / a[:1], a[1:] / a[:1]
    b, a, x = alike(xp, b, a, x)
    last = x.ndim - 1
    x = xp.moveaxis(x, axis, last)
    n, order = x.shape[-1], max(a.shape[0], b.shape[0] - 1)
    u = along(x, b, 0, n) if b.shape[0] > 1 else x * b
    if zi is not None:
        zi = as_variable(zi, requires_grad=False)
        expected = [*x.shape[:-1]]
        expected.insert(axis, order)
        if zi.shape != tuple(expected):
            raise ShapeError(f"lfilter: got zi of shape {zi.shape}, expected {tuple(expected)}")
        zi = xp.moveaxis(xp.astype(zi, u.dtype), axis, last)
        u = u + segment(xp, zi, -1, 0, n)
    y = _all_pole(u, a) if a.shape[0] else u
    if zi is None:
        return xp.moveaxis(y, last, axis)
    # What x and y still do after the end, without the part of the recursion that y itself has.
    left = segment(xp, zi, -1, n, order)
    for source, c in ((x, b[1:]), (y, -a)):
        if c.shape[0]:
            left = left + along(source, c, n - 1, order)
    return xp.moveaxis(y, last, axis), xp.moveaxis(left, last, axis)


def _coefficients(name: str, c: Any, x: Variable) -> Variable:
    if not hasattr(c, "dtype"):
        made = np.atleast_1d(np.asarray(c))
        backend = backend_of(x.data)
        kind = "complex" if made.dtype.kind == "c" else ""
        if kind and "complex" not in str(x.dtype):
            made = made.astype("complex64" if "32" in str(x.dtype) else "complex128")
            c = backend.asarray(made, device=backend.device(x.data))
        else:
            c = backend.asarray(made, device=backend.device(x.data))
            c = backend.xp.astype(c, x.dtype)
    c = as_variable(c, requires_grad=False)
    c = c[None] if c.ndim == 0 else c
    if c.ndim != 1 or not c.size:
        raise ShapeError(f"lfilter: got {name} of shape {c.shape}, expected coefficients (P,)")
    return c


def along(x: Variable, h: Variable, start: int, length: int) -> Variable:
    """A block of the convolution with h along the last axis."""
    xp = x.__array_namespace__()
    lead, n = x.shape[:-1], x.shape[-1]
    if not size(x.shape):
        return zeros(xp, (*lead, length), x)
    rows = xp.reshape(x, (-1, n))
    shape = (rows.shape[0], length)
    method = faster((n,), h.shape, "full")
    y = _convolve(rows, h[None, :], (0, start), shape, method)
    return xp.reshape(y, (*lead, length))
