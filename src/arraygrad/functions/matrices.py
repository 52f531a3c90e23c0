"""What the ops of linear algebra share: checks, adjoints, and functions with several results."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arraygrad.arrays import is_complex, is_inexact
from arraygrad.backend import backend_of, namespace
from arraygrad.config import is_recording
from arraygrad.dispatch import refused
from arraygrad.engine import Node
from arraygrad.errors import DtypeError, GradientError, MatrixError, ShapeError
from arraygrad.function import Function
from arraygrad.op import arr, case, op
from arraygrad.variable import Variable, as_variable, constant

REGULAR = "matrices that are not singular"


class Several(Function):
    """A function of one array with several results; one text of its rule for both modes.

    A subclass gives `forward`, and `rule(gys, x, ys, xp)` on arrays or on Variables. The rule
    gets None for a result that nothing was computed from, so that it need not compute with zeros.
    """

    def rule(self, gys: list[Any], x: Any, ys: list[Any], xp: Any) -> Any:
        """The gradient of x from those of the results, without conjugation."""
        raise NotImplementedError

    def pull(self, g: Any, first: int) -> list[tuple[Node, Any]]:
        ys = [y().data for y in self.outputs]
        return self._pulled(g, first, self.inputs[0].data, ys)

    def pull_graph(self, g: Any, first: int) -> list[tuple[Node, Any]]:
        return self._pulled(g, first, self.inputs[0], [y() for y in self.outputs])

    def _pulled(self, g: Any, first: int, x: Any, ys: list[Any]) -> list[tuple[Node, Any]]:
        (edge,) = self.edges
        if edge is None or edge.seq < first:
            return []
        gys = [g.parts.get(i) for i in range(len(ys))]
        return [(edge, self.rule(gys, x, ys, namespace(x)))]


def matrices(who: str, x: Any) -> Variable:
    """`x` as a Variable, a constant if it is none; raises unless it holds matrices of numbers."""
    x = as_variable(x, requires_grad=False)
    if x.ndim < 2:
        raise ShapeError(
            f"{who}: got x of shape {x.shape}, expected a matrix or a stack of them, (..., M, N)"
        )
    if not is_inexact(x.dtype, backend_of(x.data).xp):
        raise DtypeError(
            f"{who}: got x of dtype {x.dtype}, expected a floating-point dtype; use "
            f"F.astype(x, 'float64')"
        )
    return x


def hermitian(who: str, x: Any) -> Variable:
    """As `square`; the Hermitian part of x, for what is defined for Hermitian matrices."""
    return _hermitian(square(who, x))


def square(who: str, x: Any) -> Variable:
    """As `matrices`; also raises unless they are square."""
    x = matrices(who, x)
    if x.shape[-1] != x.shape[-2]:
        raise ShapeError(f"{who}: got x of shape {x.shape}, expected square matrices (..., M, M)")
    return x


@op(samples=[case(arr(2, 2)), case(arr(2, 3, 3, kind="complex"))])
def _hermitian(x: Any, *, xp: Any = None) -> Any:
    """(x + xᴴ) / 2: itself, for a symmetric or Hermitian x, to the last bit."""
    return (x + adjoint(x, xp)) / 2


@_hermitian.rule
def _(g, xp):
    return (g + adjoint(g, xp)) / 2


def tracked(x: Variable) -> bool:
    """Whether a result of `x` will be recorded; if not, there is less to compute."""
    return x.requires_grad and is_recording()


def conj(x: Any, xp: Any) -> Any:
    """The complex conjugate; x itself if it is real."""
    return xp.conj(x) if is_complex(x.dtype) else x


def adjoint(x: Any, xp: Any) -> Any:
    """The conjugate transpose of matrices."""
    return conj(x.mT, xp)


def i_imag(x: Any, xp: Any) -> Any:
    """i Im(x), for a complex x."""
    return x - xp.real(x)


def eye_like(x: Any) -> Any:
    """The identity matrix, (N, N), for the last axis of x; dtype and device of x."""
    data = _data(x)
    backend = backend_of(data)
    eye = backend.xp.eye(x.shape[-1], dtype=x.dtype, device=backend.device(data))
    return constant(eye) if data is not x else eye


def diagonals(x: Any, xp: Any) -> Any:
    """The diagonals of square matrices, (..., N), from (..., N, N)."""
    return xp.sum(x * eye_like(x), axis=-1)


def computed(who: str, what: str, function: Callable[..., Any], *xs: Any, **options: Any) -> Any:
    """`function(*xs)` of a library; its LinAlgError becomes ours, which says what was expected."""
    try:
        return function(*xs, **options)
    except Exception as error:
        if str(xs[0].dtype).endswith("float16"):
            raise DtypeError(
                f"{who}: got an array of {xs[0].dtype}, which is not supported here ({error}); "
                f"use F.astype(x, 'float32')"
            ) from error
        if not refused(error):
            raise
        shapes = " and ".join(f"{tuple(x.shape)} {x.dtype}" for x in xs)
        raise MatrixError(f"{who}: got {shapes}: {error}; expected {what}") from error


def defined(who: str, what: str, function: Callable[..., Any], *xs: Any, **options: Any) -> Any:
    """`function(*xs)` inside of a rule; where there is no result, GradientError says what for."""
    try:
        return function(*xs, **options)
    except Exception as error:
        if not (refused(error) or isinstance(error, MatrixError)):
            raise
        raise GradientError(
            f"{who}: the gradient is not defined for x of shape {tuple(xs[0].shape)}: {error}; "
            f"expected {what}"
        ) from error


def expect_gauge(who: str, what: str, rest: Any, whole: Any, xp: Any) -> None:
    """Raise GradientError if `rest`, which must be zero beside `whole`, is not.

    It is what a gradient says of something that no decomposition decides, such as the phase of a
    complex eigenvector. Nothing is said where values cannot be read, while a function is traced.
    """
    rest, whole = _data(rest), _data(whole)
    backend = backend_of(rest)
    if 0 in rest.shape or not backend.concrete(rest):
        return
    xp = backend.xp
    off, size = float(xp.max(xp.abs(rest))), float(xp.max(xp.abs(whole)))
    if off > float(xp.finfo(rest.dtype).eps) ** 0.5 * size:
        raise GradientError(
            f"{who}: the gradient depends on {what}, which is arbitrary; expected a function that "
            f"is the same for each of them"
        )


def _data(x: Any) -> Any:
    return x.data if isinstance(x, Variable) else x
