"""Fourier transforms of complex signals, in one or several dimensions; those of real ones apart.

A discrete Fourier transform is a symmetric matrix, so its rule is itself.
Cooley and Tukey 1965, doi:10.1090/S0025-5718-1965-0178586-1.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from arraygrad.errors import ArgumentError
from arraygrad.functions.checks import axis_of
from arraygrad.op import arr, case, op

__all__ = ["fft", "fftn", "fftshift", "ifft", "ifftn", "ifftshift"]


def _complex(*shape: int) -> arr:
    return arr(*shape, kind="complex")


def checked(n: Any, axis: int, x: Any, who: str) -> None:
    """Raise for an axis that x has not, or a length that none can have."""
    axis_of(who, axis, x)
    if n is not None and n < 1:
        raise ArgumentError(f"{who}: got n = {n}, expected a length of 1 or more")


def fitted(y: Any, shape: tuple[int, ...], backend: Any) -> Any:
    """`y` cut off, and filled up with zeros, to another shape; the adjoint of that is the same."""
    key = tuple(slice(0, min(m, n)) for m, n in zip(y.shape, shape, strict=True))
    if any(m > n for m, n in zip(y.shape, shape, strict=True)):
        y = y[key]
    return y if tuple(y.shape) == tuple(shape) else backend.index_add(shape, key, y)


_ONE = [
    case(_complex(4)),
    case(_complex(2, 3), n=5),
    case(_complex(5, 2), n=3, axis=0, norm="ortho"),
    case(_complex(3), norm="forward"),
]


@op(samples=_ONE, standard="fft.fft")
def fft(
    x: Any, n: int | None = None, axis: int = -1, norm: str = "backward", *, xp: Any = None
) -> Any:
    """The Fourier transform of x along an axis: sums of x times exp(-2πi jk / n).

    n: the length, to which x is cut off or filled up with zeros; None for that of x.
    norm: which way the factor 1/n goes: "backward" here none, "forward" here, "ortho" half each.

    >>> fft(Variable(np.array([1.0 + 0j, 0.0, 0.0, 0.0])))
    variable([1.+0.j 1.+0.j 1.+0.j 1.+0.j])
    """
    checked(n, axis, x, "fft")
    return xp.fft.fft(x, n=n, axis=axis, norm=norm)


@fft.rule
def _(g, x_shape, axis, norm, xp, backend):
    return fitted(xp.fft.fft(g, axis=axis, norm=norm), x_shape, backend)


@op(samples=_ONE, standard="fft.ifft")
def ifft(
    x: Any, n: int | None = None, axis: int = -1, norm: str = "backward", *, xp: Any = None
) -> Any:
    """The inverse of `fft`, of which it has the parameters: with the factor 1/n.

    >>> ifft(Variable(np.array([4.0 + 0j, 0.0, 0.0, 0.0])))
    variable([1.+0.j 1.+0.j 1.+0.j 1.+0.j])
    """
    checked(n, axis, x, "ifft")
    return xp.fft.ifft(x, n=n, axis=axis, norm=norm)


@ifft.rule
def _(g, x_shape, axis, norm, xp, backend):
    return fitted(xp.fft.ifft(g, axis=axis, norm=norm), x_shape, backend)


def over(who: str, x: Any, s: Any, axes: Any) -> tuple[list[int], list[int]]:
    """The lengths and the axes of a transform over several axes."""
    if s is not None and axes is None:
        axes = range(x.ndim - len(s), x.ndim)
    axes = [int(a) for a in (range(x.ndim) if axes is None else axes)]
    for a in axes:
        axis_of(who, a, x)
    s = [-1] * len(axes) if s is None else list(s)
    if len(s) != len(axes) or any(n == 0 or n < -1 for n in s):
        raise ArgumentError(
            f"{who}: got s = {s} for axes = {axes}, expected a length of 1 or more for each, or "
            f"-1 for that of x"
        )
    return s, axes


_SEVERAL = [
    case(_complex(2, 3)),
    case(_complex(2, 3), s=(3, 2), axes=(0, 1)),
    case(_complex(2, 3, 2), axes=(2, 0), norm="ortho"),
    case(_complex(2, 3), s=(-1,), axes=(1,), norm="forward"),
]


def _each(name: str, x: Any, s: Sequence[int], axes: Sequence[int], norm: str, xp: Any) -> Any:
    sizes = [x.shape[a] if n == -1 else n for n, a in zip(s, axes, strict=True)]
    return getattr(xp.fft, name)(x, s=tuple(sizes), axes=tuple(axes), norm=norm) if axes else x


@op(samples=_SEVERAL, standard="fft.fftn")
def fftn(x: Any, s: Any = None, axes: Any = None, norm: str = "backward", *, xp: Any = None) -> Any:
    """The Fourier transform over several axes, all of them for None; see `fft`.

    s: a length for each of the axes, -1 for that of x.

    >>> fftn(Variable(np.ones((2, 2)) + 0j))
    variable([[4.+0.j 0.+0.j]
              [0.+0.j 0.+0.j]])
    """
    return _each("fftn", x, *over("fftn", x, s, axes), norm, xp)


@fftn.rule
def _(g, x_shape, axes, s, norm, xp, backend):
    axes = over("fftn", g, s, axes)[1]
    return fitted(_each("fftn", g, [-1] * len(axes), axes, norm, xp), x_shape, backend)


@op(samples=_SEVERAL, standard="fft.ifftn")
def ifftn(
    x: Any, s: Any = None, axes: Any = None, norm: str = "backward", *, xp: Any = None
) -> Any:
    """The inverse of `fftn`, of which it has the parameters.

    >>> ifftn(Variable(np.array([[4.0 + 0j, 0.0], [0.0, 0.0]])))
    variable([[1.+0.j 1.+0.j]
              [1.+0.j 1.+0.j]])
    """
    return _each("ifftn", x, *over("ifftn", x, s, axes), norm, xp)


@ifftn.rule
def _(g, x_shape, axes, s, norm, xp, backend):
    axes = over("ifftn", g, s, axes)[1]
    return fitted(_each("ifftn", g, [-1] * len(axes), axes, norm, xp), x_shape, backend)


_SHIFTS = [case(arr(5)), case(arr(3, 4)), case(arr(2, 3), axes=1), case(_complex(2, 3), axes=(0,))]


@op(samples=_SHIFTS, standard="fft.fftshift")
def fftshift(x: Any, axes: Any = None, *, xp: Any = None) -> Any:
    """`x` with the element of frequency 0 in the middle of `axes`: None for all, an int or a tuple.

    >>> fftshift(Variable(np.array([0.0, 1.0, 2.0, -2.0, -1.0])))
    variable([-2. -1.  0.  1.  2.])
    """
    return xp.fft.fftshift(x, axes=axes)


@fftshift.rule
def _(g, axes, xp):
    return xp.fft.ifftshift(g, axes=axes)


@op(samples=_SHIFTS, standard="fft.ifftshift")
def ifftshift(x: Any, axes: Any = None, *, xp: Any = None) -> Any:
    """The inverse of `fftshift`.

    >>> ifftshift(Variable(np.array([-2.0, -1.0, 0.0, 1.0, 2.0])))
    variable([ 0.  1.  2. -2. -1.])
    """
    return xp.fft.ifftshift(x, axes=axes)


@ifftshift.rule
def _(g, axes, xp):
    return xp.fft.fftshift(g, axes=axes)
