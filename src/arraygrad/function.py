"""Function: the book's way to write one, as a class with `forward` and `backward`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any
from weakref import ref

from arraygrad.arrays import is_inexact
from arraygrad.backend import PYTHON_SCALARS, namespace
from arraygrad.config import is_recording, no_grad, using_config
from arraygrad.engine import Node, Output, Partial, next_seq
from arraygrad.errors import ArraygradError, DtypeError, GradientShapeError
from arraygrad.variable import Variable, as_array, as_variable, attach, constant


class Function(Node):
    """A differentiable function; a subclass gives `forward` on arrays, `backward` on Variables.

    `self.inputs` holds the input Variables and `self.outputs[0]()` the first output. Calling an
    instance computes one application, a node of its own: an instance may be called often, and has
    the inputs and outputs of its last call, as long as a result of it lives.
    backward(*gys) returns one gradient for each input, None where there is none; constants and
    whole numbers at the end may be left out. An input may be None, and is None in forward.

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
        if "_kept" not in vars(self) and hasattr(self, "seq"):
            raise AttributeError(
                f"{type(self).__name__}: got an attribute named seq, which the graph uses; "
                "expected another name for it"
            )
        node = type(self).__new__(type(self))
        vars(node).update(vars(self))
        # None reaches forward as it is: the book's Linear takes it for no bias.
        given = [x if x is None else as_variable(x, requires_grad=False) for x in inputs]
        kept = _Kept([x if x is None else x._array() for x in given])
        node.seq, node.y_shape, node.y_dtype = next_seq(), None, None
        kept.edges = tuple(None if x is None else x._node for x in given)
        vars(node)["_kept"] = kept
        ys = node.forward(*[x if x is None else x.data for x in given])
        found = ys if isinstance(ys, tuple | list) else (ys,)
        if not found or any(y is None for y in found):
            raise DtypeError(
                f"{type(self).__name__}.forward: returned {ys!r}, expected an array, or a tuple "
                f"of at least one; end it with return"
            )
        kept.ys = [self._array(y, f"forward: output {i}") for i, y in enumerate(found)]
        if not (any(edge is not None for edge in node.edges) and is_recording()):
            outputs = [constant(y) for y in kept.ys]
        elif len(kept.ys) == 1:
            node.y_shape, node.y_dtype = kept.ys[0].shape, kept.ys[0].dtype
            outputs = [attach(kept.ys[0], node)]
        else:
            outputs = [attach(y, Output(node, i, y)) for i, y in enumerate(kept.ys)]
        vars(self)["_last"] = ref(node)
        return outputs if len(outputs) > 1 else outputs[0]

    @property
    def edges(self) -> tuple[Node | None, ...]:
        kept = vars(self).get("_kept")
        return kept.edges if kept else ()

    @property
    def inputs(self) -> list[Any]:
        """The input Variables of this application."""
        node = self._called()
        xs = vars(node)["_kept"].xs
        return [
            constant(x) if edge is None else attach(x, edge)
            for x, edge in zip(xs, node.edges, strict=True)
        ]

    @property
    def outputs(self) -> list[Callable[[], Variable]]:
        """One callable for each output, which returns its Variable."""
        node = self._called()
        ys = vars(node)["_kept"].ys
        if len(ys) == 1:
            return [partial(attach, ys[0], node)]
        return [partial(attach, y, Output(node, i, y)) for i, y in enumerate(ys)]

    @property
    def generation(self) -> int:
        """Nodes are numbered in the order they are made."""
        seq: int | None = getattr(self, "seq", None)
        return self._called().seq if seq is None else seq

    def _called(self) -> Function:
        """The application itself; of an instance that was called, its last one."""
        if "_kept" in vars(self):
            return self
        node: Function | None = vars(self).get("_last", _nothing)()
        if node is None:
            raise AttributeError(
                f"{type(self).__name__}: it has no inputs and outputs: it was not called, or no "
                f"result of its last call is there any more; ask y.creator, for a result y"
            )
        return node

    def __getstate__(self) -> dict[str, Any]:
        # The graph does not travel: a copy of an application is a function to be called.
        own = getattr(self, "__dict__", {})
        return {name: value for name, value in own.items() if name not in _OF_ONE_CALL}

    def failed(self, error: Exception, g: Any) -> None:
        if not isinstance(error, ArraygradError):  # it is its author's, and stays as it is
            error.add_note(f"raised in {type(self).__name__}.backward")

    def cut(self) -> None:
        super().cut()
        vars(self)["_kept"] = _Kept([])

    def pull(self, g: Any, first: int) -> list[tuple[Node, Any]]:
        with no_grad():
            pairs = self._backward(g)
        return [(edge, gx._data) for edge, gx in pairs if edge.seq >= first]

    def pull_graph(self, g: Any, first: int) -> list[tuple[Node, Any]]:
        with using_config("enable_backprop", True):
            pairs = self._backward(g)
        return [(edge, gx) for edge, gx in pairs if edge.seq >= first]

    def _backward(self, g: Any) -> list[tuple[Node, Any]]:
        ys = vars(self)["_kept"].ys
        parts = g.parts if isinstance(g, Partial) else {0: g}
        # An output that nothing was computed from has gradient zero.
        gys = [parts[i] if i in parts else namespace(y).zeros_like(y) for i, y in enumerate(ys)]
        gxs = self._gradients([gy if isinstance(gy, Variable) else constant(gy) for gy in gys])
        gxs = list(gxs) if isinstance(gxs, tuple | list) else [gxs]
        left_out = self.edges[len(gxs) :]
        xp = namespace(ys[0])
        # Labels, in the book: constants or whole numbers, which get no gradient anyway.
        if not any(edge is not None and is_inexact(edge.y_dtype, xp) for edge in left_out):
            gxs += [None] * len(left_out)
        if len(gxs) != len(self.edges):
            raise GradientShapeError(
                f"{type(self).__name__}.backward: got {len(gxs)} gradients, expected "
                f"{len(self.edges)}, one for each input; return None for an input without one"
            )
        for gx, edge in zip(gxs, self.edges, strict=True):
            if type(gx) in PYTHON_SCALARS and edge is not None and edge.y_shape != ():
                raise GradientShapeError(
                    f"{type(self).__name__}.backward: got the number {gx!r} for an input of "
                    f"shape {edge.y_shape}, expected a Variable of that shape"
                )
        for i, gx in enumerate(gxs):
            if gx is not None and not isinstance(gx, Variable):
                gxs[i] = constant(self._array(gx, f"backward: gradient of input {i}"))
        pairs = zip(self.edges, gxs, strict=True)
        return [(edge, gx) for edge, gx in pairs if edge is not None and gx is not None]

    def _gradients(self, gys: list[Variable]) -> Any:
        return self.backward(*gys)

    def _array(self, y: Any, what: str) -> Any:
        try:
            return as_array(y)
        except DtypeError as error:
            raise DtypeError(f"{type(self).__name__}.{what}: {error}") from None


_OF_ONE_CALL = ("_kept", "_last")


def _nothing() -> None:
    """Stand in for the reference to an application that there never was."""


class _Kept:
    """What one application keeps: its edges, and the arrays of `inputs` and `outputs`."""

    __slots__ = ("edges", "xs", "ys")

    def __init__(self, xs: list[Any]) -> None:
        self.xs = xs
        self.ys: list[Any] = []
        self.edges: tuple[Node | None, ...] = ()
