"""checkpoint, and the node of results whose gradient is found by running a function again."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import wraps
from typing import Any

import numpy as np

from arraygrad.arrays import is_complex
from arraygrad.autodiff.arguments import name_of, nested
from arraygrad.autodiff.containers import flatten, unflatten
from arraygrad.backend import Backend, backend_of, namespace
from arraygrad.config import Config, is_recording, using_config
from arraygrad.engine import Node, Output, Partial, backprop, next_seq
from arraygrad.errors import GradientError
from arraygrad.variable import Variable, attach

# From the results that have gradients {number: gradient}, the number `first` of backpropagation,
# and whether to record it: the gradient of each older node.
Gradients = Callable[["Deferred", dict[int, Any], int, bool], Iterable[tuple[Node, Any]]]


class Deferred(Node):
    """One application of a function that was not recorded; `gradients` finds its derivative."""

    __slots__ = ("edges_", "gradients")

    def __init__(self, edges: tuple[Node, ...], gradients: Gradients) -> None:
        self.seq = next_seq()
        self.y_shape = self.y_dtype = None
        self.edges_, self.gradients = edges, gradients

    @property
    def edges(self) -> tuple[Node | None, ...]:
        return self.edges_

    def pull(self, g: Partial, first: int) -> Iterable[tuple[Node, Any]]:
        return self.gradients(self, g.parts, first, False)

    def pull_graph(self, g: Partial, first: int) -> Iterable[tuple[Node, Any]]:
        return self.gradients(self, g.parts, first, True)

    def cut(self) -> None:
        super().cut()
        self.edges_, self.gradients = (), _nothing

    def results(self, datas: Sequence[Any]) -> list[Variable]:
        """The Variables of the results with these arrays."""
        return [attach(data, Output(self, i, data)) for i, data in enumerate(datas)]

    def pull_through(
        self, pairs: Iterable[tuple[Any, Any]], first: int, graph: bool
    ) -> Iterable[tuple[Node, Any]]:
        """What reaches nodes older than this one, from (result, gradient) pairs of newer ones."""
        found = transposed(pairs, first=first, last=self.seq, graph=graph)
        return [(node, g) for node, g in found.items() if node.seq < self.seq]


def transposed(
    pairs: Iterable[tuple[Any, Any]], *, first: int = 0, last: int, graph: bool
) -> dict[Node, Any]:
    """What reaches nodes from number `first` to `last`, from (result, gradient) pairs of newer.

    Gradients are as rules give them, and so nodes, which leave conjugates to `backprop`.
    """
    starts: dict[Node, Any] = {}
    for y, g in pairs:
        if isinstance(y, Variable) and y._node is not None:
            starts[y._node] = starts[y._node] + g if y._node in starts else g
    starts = {node: _conjugate(node, g) for node, g in starts.items()}
    found = backprop(starts, first=first, last=last, create_graph=graph)
    return {node: _conjugate(node, g) for node, g in found.items()}


class Checkpoint(Deferred):
    """One application of a function that `checkpoint` made."""

    __slots__ = ()


def older(ys: Iterable[Any], start: int) -> tuple[Node, ...]:
    """The nodes from before number `start` that some results were computed from."""
    pending = [y._node for y in ys if isinstance(y, Variable)]
    seen, found = set(pending), []
    while pending:
        node = pending.pop()
        if node is None:
            continue
        if node.seq < start:
            found.append(node)
            continue
        new = set(node.edges) - seen
        seen |= new
        pending += new
    return tuple(found)


def snapshot(tree: Any) -> Any:
    """The same container; its Variables keep their arrays of now, whatever is assigned later."""
    leaves: list[Any] = []
    shape = flatten(tree, leaves, everything=True)
    now = [attach(x._data, x._node) if isinstance(x, Variable) else x for x in leaves]
    return unflatten(shape, iter(now))


def checkpoint(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, with less memory: nothing inside of it is kept, but computed again for its gradient.

    f is called once more in each backpropagation, with the same switches and the same numbers
    from NumPy's generator. It may use tracked Variables beside its arguments, such as the weights
    of a layer; what else it reads or changes has to be the same, or harmless, the second time.
    Inside of a compiled function it is f itself, as the compiler decides what to keep.
    Raises GradientError if it then returns something else.

    >>> f = ag.checkpoint(lambda x: F.exp(F.sin(x)))
    >>> ag.grad(f)(0.0), ag.grad(ag.grad(f))(0.0)
    (array(1.), array(1.))
    """
    name = name_of(f, "checkpoint")

    @wraps(f)
    def checkpointed(*args: Any, **kwargs: Any) -> Any:
        if not is_recording():
            return f(*args, **kwargs)
        call, train, random = snapshot((args, kwargs)), Config.train, np.random.get_state()
        start = next_seq()
        leaves: list[Any] = []
        shape = flatten(f(*args, **kwargs), leaves, everything=True)
        new = [
            i
            for i, y in enumerate(leaves)
            if isinstance(y, Variable) and y._node is not None and y._node.seq > start
        ]
        if not new or any(_compiled(leaves[i]._data) for i in new):
            return unflatten(shape, iter(leaves))

        def gradients(
            node: Deferred, parts: dict[int, Any], first: int, graph: bool
        ) -> Iterable[tuple[Node, Any]]:
            before, token = np.random.get_state(), nested.set(True)
            try:
                np.random.set_state(random)
                with using_config("enable_backprop", True), using_config("train", train):
                    again: list[Any] = []
                    args, kwargs = call
                    if flatten(f(*args, **kwargs), again, everything=True) != shape:
                        raise GradientError(
                            f"checkpoint({name}): the function returned another structure when "
                            f"called again, expected the same; it must not change what it reads"
                        )
                with using_config("enable_backprop", graph):
                    pairs = [(again[new[k]], g) for k, g in parts.items()]
                    return node.pull_through(pairs, first, graph)
            finally:
                nested.reset(token)
                np.random.set_state(before)

        node = Checkpoint(older([leaves[i] for i in new], start), gradients)
        for i, y in zip(new, node.results([leaves[i]._data for i in new]), strict=True):
            leaves[i] = y
        return unflatten(shape, iter(leaves))

    return checkpointed


def _compiled(y: Any) -> bool:
    """Whether a compiler traces `y`: it decides itself what to keep, and how noise is drawn."""
    backend = backend_of(y)
    return type(backend).jit is not Backend.jit and not backend.concrete(y)


def _conjugate(node: Node, g: Any) -> Any:
    return namespace(g).conj(g) if is_complex(node.y_dtype) else g


def _nothing(*_: Any) -> tuple[()]:
    """The gradients of a node that was cut."""
    return ()
