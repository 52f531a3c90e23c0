"""Fourier transforms of real signals, and of Hermitian ones, whose transform is real.

They keep one half of the frequencies, which tells the other one. `rfft` and `irfft` are each
other's rules, with the frequencies counted that stand for two; all others are made of these.
"""

from __future__ import annotations

from typing import Any

from arraygrad.backend import namespace
from arraygrad.errors import ArgumentError, AxisIndexError
from arraygrad.functions.fourier import checked, fftn, fitted, ifftn, over
from arraygrad.functions.matrices import conj
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_variable

__all__ = ["hfft", "ihfft", "irfft", "irfftn", "rfft", "rfftn"]

_BACK = {"backward": "forward", "ortho": "ortho", "forward": "backward"}


def _complex(*shape: int) -> arr:
    return arr(*shape, kind="complex")


def _norm(who: str, norm: str) -> str:
    """The norm of the transform that goes the other way."""
    if norm not in _BACK:
        raise ArgumentError(
            f"{who}: got norm = {norm!r}, expected 'backward', 'ortho' or 'forward'"
        )
    return _BACK[norm]


def _counted(y: Any, n: int, axis: int, factor: float, xp: Any) -> Any:
    """`y`, frequencies of n real values, times `factor` where one stands for two."""
    m = y.shape[axis]
    before = (slice(None),) * (axis % y.ndim)
    after = (slice(None),) * (y.ndim - axis % y.ndim - 1)
    parts = [
        y[(*before, slice(0, 1), *after)],
        factor * y[(*before, slice(1, m - 1 + n % 2), *after)],
    ]
    if n % 2 == 0:
        parts += [y[(*before, slice(m - 1, m), *after)]]
    return xp.concat(parts, axis=axis)


@op(
    samples=[
        case(arr(4)),
        case(arr(2, 3)),
        case(arr(2, 3), n=6),
        case(arr(5, 2), n=4, axis=0, norm="ortho"),
        case(arr(3), n=1, norm="forward"),
        case(arr(1), n=2),
    ],
    standard="fft.rfft",
)
def rfft(
    x: Any, n: int | None = None, axis: int = -1, norm: str = "backward", *, xp: Any = None
) -> Any:
    """The first n // 2 + 1 elements of `fft` of a real x, which tell the others.

    >>> rfft(Variable(np.array([1.0, 0.0, 0.0])))
    variable([1.+0.j 1.+0.j])
    """
    checked(n, axis, x, "rfft")
    return xp.fft.rfft(x, n=n, axis=axis, norm=norm)


@rfft.rule
def _(g, x_shape, n, axis, norm, xp, backend):
    n = x_shape[axis] if n is None else n
    g = _counted(conj(g, xp), n, axis, 0.5, xp)
    y = xp.fft.irfft(g, n=n, axis=axis, norm=_norm("rfft", norm))
    return fitted(y, x_shape, backend)


@op(
    samples=[
        case(_complex(4)),
        case(_complex(2, 3), n=5),
        case(_complex(4, 2), n=4, axis=0, norm="ortho"),
        case(_complex(2), n=6, norm="forward"),
        case(_complex(3), n=1),
        case(_complex(1), n=2),
    ],
    standard="fft.irfft",
)
def irfft(
    x: Any, n: int | None = None, axis: int = -1, norm: str = "backward", *, xp: Any = None
) -> Any:
    """The inverse of `rfft`; real.

    n: the length of the result; None for 2 (m - 1), where m is that of x.

    >>> irfft(Variable(np.array([3.0 + 0j, 0.0])), n=3)
    variable([1. 1. 1.])
    """
    checked(n, axis, x, "irfft")
    return xp.fft.irfft(x, n=n, axis=axis, norm=norm)


@irfft.rule
def _(g, x_shape, axis, norm, xp, backend):
    y = conj(xp.fft.rfft(g, axis=axis, norm=_norm("irfft", norm)), xp)
    return fitted(_counted(y, g.shape[axis], axis, 2.0, xp), x_shape, backend)


@op(
    samples=[
        case(arr(2, 3)),
        case(arr(2, 3), s=(3, 4), axes=(1, 0)),
        case(arr(2, 3, 2), axes=(0, 1), norm="ortho"),
        case(arr(4), s=(-1,), axes=(0,), norm="forward"),
    ],
    standard="fft.rfftn",
)
def rfftn(x: Any, s: Any = None, axes: Any = None, norm: str = "backward") -> Variable:
    """`rfft` along the last of several axes, and `fftn` over the others; parameters as of `fftn`.

    >>> rfftn(Variable(np.ones((2, 2))))
    variable([[4.+0.j 0.+0.j]
              [0.+0.j 0.+0.j]])
    """
    x = as_variable(x, requires_grad=False)
    s, axes = _some("rfftn", x, s, axes)
    y = rfft(x, None if s[-1] == -1 else s[-1], axes[-1], norm)
    return fftn(y, s[:-1], axes[:-1], norm) if axes[:-1] else y


@op(
    samples=[
        case(_complex(2, 3)),
        case(_complex(2, 3), s=(3, 5), axes=(0, 1)),
        case(_complex(2, 3, 3), axes=(2, 1), norm="ortho"),
        case(_complex(3), s=(4,), axes=(0,), norm="forward"),
    ],
    standard="fft.irfftn",
)
def irfftn(x: Any, s: Any = None, axes: Any = None, norm: str = "backward") -> Variable:
    """The inverse of `rfftn`; real. The last length in `s` is that of the result, as of `irfft`.

    >>> irfftn(Variable(np.array([[4.0 + 0j, 0.0], [0.0, 0.0]])))
    variable([[1. 1.]
              [1. 1.]])
    """
    x = as_variable(x, requires_grad=False)
    s, axes = _some("irfftn", x, s, axes)
    y = ifftn(x, s[:-1], axes[:-1], norm) if axes[:-1] else x
    return irfft(y, None if s[-1] == -1 else s[-1], axes[-1], norm)


def _some(who: str, x: Variable, s: Any, axes: Any) -> tuple[list[int], list[int]]:
    s, axes = over(who, x, s, axes)
    if not axes:
        raise AxisIndexError(f"{who}: got no axes for x of shape {x.shape}, expected one or more")
    return s, axes


@op(
    samples=[
        case(_complex(4)),
        case(_complex(2, 3), n=5),
        case(_complex(3, 2), n=6, axis=0, norm="ortho"),
        case(_complex(3), norm="forward"),
    ],
    standard="fft.hfft",
)
def hfft(x: Any, n: int | None = None, axis: int = -1, norm: str = "backward") -> Variable:
    """The Fourier transform of a Hermitian signal, of which x is the first half; real.

    n: the length of the result; None for 2 (m - 1), where m is that of x.

    >>> hfft(Variable(np.array([1.0 + 0j, 0.0])), n=3)
    variable([1. 1. 1.])
    """
    x = as_variable(x, requires_grad=False)
    return irfft(conj(x, namespace(x)), n, axis, _norm("hfft", norm))


@op(
    samples=[
        case(arr(4)),
        case(arr(2, 3), n=5),
        case(arr(5, 2), n=4, axis=0, norm="ortho"),
        case(arr(3), norm="forward"),
    ],
    standard="fft.ihfft",
)
def ihfft(x: Any, n: int | None = None, axis: int = -1, norm: str = "backward") -> Variable:
    """The inverse of `hfft`: the first n // 2 + 1 elements of the inverse transform of a real x.

    >>> ihfft(Variable(np.array([3.0, 0.0, 0.0])))
    variable([1.-0.j 1.-0.j])
    """
    y = rfft(x, n, axis, _norm("ihfft", norm))
    return conj(y, namespace(y))
