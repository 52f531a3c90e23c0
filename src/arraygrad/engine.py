"""Backpropagation over nodes: what a graph is made of, and the one loop that walks it.

A node is one application of a function. It knows its parents (`edges`, None for a constant) and
how to pull a gradient of its output back to them. The engine knows nothing of Variables: it is
given {node: gradient} and returns {node: gradient}, and changes neither nodes nor arrays.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from heapq import heappop, heappush, heappushpop
from itertools import count
from typing import Any, ClassVar

import numpy as np

from arraygrad.arrays import broadcasts_to, is_complex, is_inexact, kept_shape, sum_to
from arraygrad.backend import backend_of, namespace
from arraygrad.config import strong_zeros
from arraygrad.errors import GradientShapeError

# Nodes are numbered in the order they are made, so a parent's number is below its children's:
# descending numbers are a topological order, without a search and without recursion.
sequence = count(1)
next_seq = sequence.__next__


class Node:
    """One node of the graph: a function application, or a leaf (seq 0, no edges)."""

    # Not plain "shape" or "name": those belong to who writes a Function.
    __slots__ = ("__weakref__", "seq", "y_data", "y_dtype", "y_grad", "y_name", "y_shape")

    seq: int
    y_shape: tuple[int, ...] | None
    y_dtype: Any
    y_grad: Any
    y_name: str | None  # unset until somebody sets it, as the next, which costs an op nothing
    y_data: Any  # of a result that somebody may ask for once more, while the graph lives
    # Whether the forward computation broadcasts its inputs, so that gradients are summed back.
    broadcasts: ClassVar[bool] = False
    # Whether each element of the result depends on the same element of the inputs alone, and
    # whether its derivative may then be infinite or NaN, as that of sqrt is at 0.
    pointwise: ClassVar[bool] = False
    singular: ClassVar[bool] = False
    # Where a function works on each slice along some axes by itself: the attribute that has them.
    along: ClassVar[str] = ""

    @property
    def edges(self) -> tuple[Node | None, ...]:
        """The nodes of the inputs; None for a constant."""
        return ()

    def pull(self, g: Any, first: int) -> Iterable[tuple[Node, Any]]:
        """Each edge not older than `first` with its gradient, from the raw array `g`."""
        raise NotImplementedError

    def pull_graph(self, g: Any, first: int) -> Iterable[tuple[Node, Any]]:
        """The same from a Variable `g`, recorded, so that it can be differentiated again."""
        raise NotImplementedError

    def blame(self, edge: Node, g: Any) -> str:
        """What an error of its rule for `edge` should say besides; for messages."""
        return ""

    def failed(self, error: Exception, g: Any) -> None:
        """Raise a better error than that of its rule for `g`; return where there is none."""

    def cut(self) -> None:
        """Make this node a leaf, and let go of what it kept."""
        self.seq, self.y_grad, self.y_data = 0, getattr(self, "y_grad", None), None

    @property
    def is_leaf(self) -> bool:
        """Whether backpropagation ends here: no function made it, or it was cut."""
        return self.seq == 0


class Leaf(Node):
    """The node of a Variable that no function made; backpropagation ends here."""

    __slots__ = ()
    is_leaf = True

    def __init__(self, data: Any, seq: int = 0) -> None:
        self.seq = seq
        self.y_shape = None if data is None else data.shape
        self.y_dtype = None if data is None else data.dtype
        self.y_grad = self.y_name = None

    def pull(self, g: Any, first: int) -> Iterable[tuple[Node, Any]]:
        return ()  # the argument of a transform, seen from another one: nothing is behind it

    pull_graph = pull


class Output(Node):
    """One of several outputs of a function; its parent is the function's own node."""

    __slots__ = ("index", "parent")

    def __init__(self, parent: Node, index: int, data: Any) -> None:
        self.seq = next_seq()
        self.y_shape, self.y_dtype = data.shape, data.dtype
        self.parent, self.index = parent, index

    @property
    def edges(self) -> tuple[Node]:
        return (self.parent,)

    def pull(self, g: Any, first: int) -> Iterable[tuple[Node, Any]]:
        return ((self.parent, Partial({self.index: g})),) if self.parent.seq >= first else ()

    pull_graph = pull


class Partial:
    """The gradients that have arrived at some outputs of a function with several."""

    __slots__ = ("parts",)
    shape = dtype = None  # as in the node of a function with several outputs

    def __init__(self, parts: dict[int, Any]) -> None:
        self.parts = parts

    def __add__(self, other: Partial) -> Partial:
        parts = dict(self.parts)
        for i, g in other.parts.items():
            parts[i] = parts[i] + g if i in parts else g
        return Partial(parts)


def backprop(
    grads: Mapping[Node, Any],
    *,
    first: int = 0,
    last: int = 0,
    create_graph: bool = False,
    retain: dict[Node, Any] | None = None,
) -> dict[Node, Any]:
    """Pull gradients back to the leaves, and return {leaf: gradient}.

    grads: the gradient at each node to start from, raw arrays, or Variables with create_graph.
    first, last: nodes numbered first..last count as leaves too, and what is older than `first`
        gets no gradient; with the numbers of the asked-for inputs, nothing else is computed.
    retain: if given, receives the gradient of every node passed on the way.
    Raises GradientShapeError where a rule's gradient does not fit its input; an error in a rule is
    raised as one of ours that names the rule.

    Rules are plain transposes of derivatives, without conjugates. Outside, the gradient of a real
    number L at a complex x is dL/dRe(x) + i dL/dIm(x), the conjugate: it is taken here, twice.
    """
    starts = _conjugated(grads)
    found, singular = walk(starts, first, last, create_graph, retain)
    if singular and strong_zeros() and _has_nan(found, create_graph):
        found, _ = walk(starts, first, last, create_graph, retain, careful=True)
    if retain:
        retain.update(_conjugated(retain))
    return _conjugated(found)


def walk(
    starts: Mapping[Node, Any],
    first: int,
    last: int,
    create_graph: bool,
    retain: dict[Node, Any] | None,
    careful: bool = False,
) -> tuple[dict[Node, Any], bool]:
    """The loop of `backprop`, without conjugates; also says whether a singular node was passed.

    careful: where nothing depends on an element of a result, as its gradient is zero, nothing
        depends through it on the inputs either, even if the derivative there is infinite. So
        where(x > 0, log(x), 0) has derivative 0 at 0, not 0 * inf.
    """
    grads = dict(starts)
    singular = False
    quiet = _quiet() if singular_ops else None
    heap: list[tuple[int, Node]] = []
    for start in grads:
        if start.seq > last:
            heappush(heap, (-start.seq, start))
    summed = set()  # nodes whose gradient is a sum made here, which nobody else can hold
    node: Node | None = heappop(heap)[1] if heap else None
    try:
        while node is not None:
            g = grads.pop(node)
            if retain is not None and type(g) is not Partial:
                retain[node] = g
            # The newest of the edges found here is most often the next node: it skips the heap.
            following: Node | None = None
            gx = g  # in case that a rule fails before there is another gradient
            try:
                if not singular and node.singular:
                    singular = True
                    quiet = quiet or _quiet()
                pairs = node.pull_graph(g, first) if create_graph else node.pull(g, first)
                if careful and (node.pointwise or node.along):
                    pairs = _masked(node, g, pairs)
                for edge, gx in pairs:
                    if gx.shape != edge.y_shape or gx.dtype is not edge.y_dtype:
                        gx = fit(gx, edge, node)
                    if edge not in grads:
                        grads[edge] = gx
                        if edge.seq > last:
                            if following is None:
                                following = edge
                            elif edge.seq < following.seq:
                                heappush(heap, (-edge.seq, edge))
                            else:
                                heappush(heap, (-following.seq, following))
                                following = edge
                    elif edge in summed and gx.dtype == edge.y_dtype:
                        grads[edge] += gx  # not for what an integer input got: int += float fails
                    else:
                        grads[edge] = grads[edge] + gx
                        summed.add(edge)
            except Exception as error:
                if isinstance(error, AttributeError) and not hasattr(gx, "shape"):
                    raise GradientShapeError(
                        f"{type(node).__name__}.backward: a rule returned {gx!r}, expected an "
                        f"array of shape {edge.y_shape}; return zeros where there is no gradient"
                        f"{node.blame(edge, g)}"
                    ) from error
                node.failed(error, g)
                raise
            if not heap:
                node = following
            elif following is None:
                node = heappop(heap)[1]
            else:
                node = heappushpop(heap, (-following.seq, following))[1]
    finally:
        if quiet is not None:
            quiet.__exit__(None, None, None)
    return grads, singular


# Whether an op with infinite derivatives was ever called in this process: until then rules can do
# without `_quiet`, which costs as much as a small one of them.
singular_ops: list[str] = []


def _quiet() -> np.errstate:
    """No warnings of 0 * inf, 0 / 0 and too large in rules: `backprop` looks after them.

    Who has them raise, or has called for something else, still gets that.
    """
    said = np.geterr()
    state = np.errstate(
        divide="ignore" if said["divide"] == "warn" else said["divide"],
        invalid="ignore" if said["invalid"] == "warn" else said["invalid"],
        over="ignore" if said["over"] == "warn" else said["over"],
    )
    state.__enter__()
    return state


def _masked(node: Node, g: Any, pairs: Iterable[tuple[Node, Any]]) -> Iterable[tuple[Node, Any]]:
    """Gradients of the inputs, zero where all that depends on them is zero in `g`."""
    xp = namespace(g)
    nothing = g == 0
    for edge, gx in pairs:
        if node.along:
            there = _of_slices(nothing, getattr(node, node.along), gx.shape, xp)
            yield edge, xp.where(there, xp.zeros_like(gx), gx)
        else:
            yield edge, xp.where(nothing, xp.zeros_like(gx), gx) if gx.shape == g.shape else gx


def _of_slices(nothing: Any, axis: Any, shape: tuple[int, ...], xp: Any) -> Any:
    """Where all of a slice of an input is `nothing` in the result, which may be reduced."""
    if axis is not None and len(nothing.shape) < len(shape):
        nothing = xp.reshape(nothing, kept_shape(shape, axis))
    return xp.all(nothing, axis=axis, keepdims=True)


def _has_nan(grads: dict[Node, Any], create_graph: bool) -> bool:
    """Whether there is or may be a NaN in the gradients."""
    for g in grads.values():
        x = g._data if create_graph else g
        if backend_of(x).may_have_nan(x):
            return True
    return False


_FLOAT32, _FLOAT64 = np.dtype("float32"), np.dtype("float64")


def _conjugated(grads: Mapping[Node, Any]) -> Any:
    """`grads` with conjugates at complex nodes; itself if there are none."""
    for node in grads:
        dtype = node.y_dtype
        # Nearly all are these two, told by two pointers.
        if dtype is not _FLOAT64 and dtype is not _FLOAT32 and is_complex(dtype):
            return {
                node: namespace(g).conj(g) if is_complex(node.y_dtype) else g
                for node, g in grads.items()
            }
    return grads


def fit(gx: Any, edge: Node, node: Node) -> Any:
    """Undo broadcasting: sum `gx` to the shape of `edge`; real part and dtype follow it too."""
    if edge.y_shape is not None and gx.shape != edge.y_shape:
        if not node.broadcasts or not broadcasts_to(edge.y_shape, gx.shape):
            short = broadcasts_to(gx.shape, edge.y_shape)
            raise GradientShapeError(
                f"{type(node).__name__}.backward: the gradient of input "
                f"{node.edges.index(edge)} has shape {gx.shape}, expected the input's shape "
                f"{edge.y_shape}; "
                f"{'broadcast it' if short else 'sum it over the axes that were broadcast'} "
                f"(F.{'broadcast_to' if short else 'sum_to'}){node.blame(edge, gx)}"
            )
        gx = sum_to(gx, edge.y_shape, namespace(gx))
    if gx.dtype != edge.y_dtype:
        xp = namespace(gx)
        # A gradient that is not a whole number stays one for an integer input: casting it
        # would be a silent wrong number.
        if is_inexact(edge.y_dtype, xp):
            if is_complex(gx.dtype) and not is_complex(edge.y_dtype):
                gx = xp.real(gx)
            gx = xp.astype(gx, edge.y_dtype)
    return gx
