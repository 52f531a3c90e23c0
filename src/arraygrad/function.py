"""Function: the book's way to write one, as a class with `forward` and `backward`."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from arraygrad.backend import PYTHON_SCALARS
from arraygrad.config import is_recording, no_grad, using_config
from arraygrad.engine import Node, Output, Partial, next_seq
from arraygrad.errors import GradientShapeError
from arraygrad.variable import Variable, as_array, as_variable, attach, constant


class Function(Node):
    """A differentiable function; a subclass gives `forward` on arrays, `backward` on Variables.

    `self.inputs` holds the input Variables and `self.outputs[0]()` the first output. Calling an
    instance computes one application, a node of its own: an instance may be called often.
    backward(*gys) returns one gradient for each input, None where there is none.

    >>> import numpy as np
    >>> class Square(Function):
    ...     def forward(self, x):
    ...         return x ** 2
    ...     def backward(self, gy):
    ...         x, = self.inputs
    ...         return 2 * x * gy
    >>> x = Variable(np.array(3.0))
    >>> Square()(x).backward()
    >>> x.grad
    variable(6.0)
    """

    __slots__ = ()

    def forward(self, *xs: Any) -> Any:
        """The output array, or a tuple of output arrays, from the input arrays."""
        raise NotImplementedError(f"{type(self).__name__} needs a method forward(self, *xs)")

    def backward(self, *gys: Any) -> Any:
        """The gradient of each input (None for none), from the gradient of each output."""
        raise NotImplementedError(
            f"{type(self).__name__} needs a method backward(self, *gys) to be differentiated"
        )

    def __call__(self, *inputs: Any) -> Any:
        """The output Variable; a list of them if forward returns several."""
        node = type(self).__new__(type(self))
        vars(node).update(vars(self))
        variables = [as_variable(x, requires_grad=False) for x in inputs]
        kept = _Kept([x._array() for x in variables])
        node.seq, node.name, node.grad = next_seq(), None, None
        node.shape = node.dtype = None
        node.edges = tuple(x._node for x in variables)
        vars(node)["_kept"] = kept
        ys = node.forward(*[x.data for x in variables])
        several = isinstance(ys, tuple | list)
        kept.ys = [as_array(y) for y in (ys if several else (ys,))]
        if not (any(edge is not None for edge in node.edges) and is_recording()):
            outputs = [constant(y) for y in kept.ys]
        elif len(kept.ys) == 1:
            node.shape, node.dtype = kept.ys[0].shape, kept.ys[0].dtype
            outputs = [attach(kept.ys[0], node)]
        else:
            outputs = [attach(y, Output(node, i, y)) for i, y in enumerate(kept.ys)]
        return outputs if len(outputs) > 1 else outputs[0]

    @property
    def inputs(self) -> list[Any]:
        """The input Variables of this application."""
        xs = vars(self)["_kept"].xs
        return [attach(x, edge) for x, edge in zip(xs, self.edges, strict=True)]

    @property
    def outputs(self) -> list[Callable[[], Variable]]:
        """One callable for each output, which returns its Variable."""
        ys = vars(self)["_kept"].ys
        node = self if len(ys) == 1 else None
        return [lambda y=y: attach(y, node) for y in ys]

    @property
    def generation(self) -> int:
        """Nodes are numbered in the order they are made."""
        return self.seq

    def cut(self) -> None:
        super().cut()
        vars(self)["_kept"] = _Kept([])

    def pull(self, g: Any, first: int) -> list[Any]:
        with no_grad():
            gxs = self._backward(g, constant)
        return [None if gx is None else as_array(gx) for gx in gxs]

    def pull_graph(self, g: Any, first: int) -> list[Any]:
        with using_config("enable_backprop", True):
            gxs = self._backward(g, lambda part: part)
        return [None if gx is None else as_variable(gx, requires_grad=False) for gx in gxs]

    def _backward(self, g: Any, wrap: Callable[[Any], Any]) -> list[Any]:
        ys = vars(self)["_kept"].ys
        parts = g.parts if isinstance(g, Partial) else {0: g}
        # An output that nothing was computed from has gradient zero.
        gys = [wrap(parts[i]) if i in parts else constant(y * 0) for i, y in enumerate(ys)]
        gxs = self.backward(*gys)
        gxs = list(gxs) if isinstance(gxs, tuple | list) else [gxs]
        if len(gxs) != len(self.edges):
            raise GradientShapeError(
                f"{type(self).__name__}.backward: got {len(gxs)} gradients, expected "
                f"{len(self.edges)}, one for each input; return None for an input without one"
            )
        for gx, edge in zip(gxs, self.edges, strict=True):
            if type(gx) in PYTHON_SCALARS and edge is not None and edge.shape != ():
                raise GradientShapeError(
                    f"{type(self).__name__}.backward: got the number {gx!r} for an input of "
                    f"shape {edge.shape}, expected a Variable of that shape"
                )
        return [gx if edge is not None else None for gx, edge in zip(gxs, self.edges, strict=True)]


class _Kept:
    """The arrays one application keeps for `inputs` and `outputs`."""

    __slots__ = ("xs", "ys")

    def __init__(self, xs: list[Any]) -> None:
        self.xs = xs
        self.ys: list[Any] = []
