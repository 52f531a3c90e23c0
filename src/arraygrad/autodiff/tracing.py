"""One recorded call of a function, and the products with its Jacobian that can be had from it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from arraygrad.arrays import is_complex
from arraygrad.autodiff.arguments import entered, nested
from arraygrad.autodiff.containers import flatten, unflatten, written
from arraygrad.autodiff.reverse import apart, given_back, pair
from arraygrad.backend import PYTHON_SCALARS, backend_of, namespace
from arraygrad.config import using_config
from arraygrad.engine import Leaf, Node, backprop, next_seq
from arraygrad.errors import (
    ArgumentError,
    DtypeError,
    GradientError,
    MixedBackendError,
    ShapeError,
)
from arraygrad.variable import Variable, attach, constant


class Trace:
    """One recorded call of f: its arguments `xs` and its results `ys`, flat, and their structures.

    numbers: which positional arguments are differentiated; None for all.
    """

    def __init__(
        self,
        who: str,
        f: Callable[..., Any],
        args: Sequence[Any],
        kwargs: Mapping[str, Any] | None = None,
        numbers: Sequence[int] | None = None,
        has_aux: bool = False,
    ) -> None:
        self.who = who
        numbers = range(len(args)) if numbers is None else numbers
        call, leaves, self.xs, self.x_shapes = entered(args, numbers, who)
        if not self.xs:
            raise ArgumentError(
                f"{who}: got no arrays to differentiate with respect to, expected at least one "
                f"among the arguments"
            )
        self.nodes = [_node(x) for x in self.xs]  # now: f may change its arguments in place
        self.first, self.last = self.nodes[0].seq, self.nodes[-1].seq
        inside = nested.get()
        self.aux: Any = None
        self.wrapped = [inside or isinstance(x, Variable) for x in leaves]
        self.tracked = any(isinstance(x, Variable) and x.requires_grad for x in leaves)
        token = nested.set(True)
        try:
            with using_config("enable_backprop", True):
                result = f(*call, **(kwargs or {}))
                if has_aux:
                    result, self.aux = pair(result, who)
        finally:
            nested.reset(token)
        self._found: list[Any] = []
        self.y_shape = flatten(result, self._found, everything=True)
        self.ys = [self._result(y) for y in self._found]

    def _result(self, y: Any) -> Variable:
        if isinstance(y, Variable):
            return attach(y._array(), y._node)  # the caller may change his own in place
        if type(y) in PYTHON_SCALARS:
            return constant(namespace(self.xs[0]._data).asarray(y))
        if not hasattr(y, "dtype"):
            raise GradientError(
                f"{self.who}: the function returned {type(y).__name__}, expected Variables, or "
                f"lists, tuples and dicts of them; compute them with operators and "
                f"arraygrad.functions, and set has_aux=True if it returns a pair (value, aux)"
            )
        return constant(y)

    def value(self, apart: bool = False) -> Any:
        """What f returned, in plain arrays if its arguments were.

        apart: these share no memory with the record, which is used later.
        """
        found = self._found
        if any(self.wrapped):
            return unflatten(self.y_shape, iter(found))
        plain = [x.data if isinstance(x, Variable) else x for x in found]
        if apart:
            plain = [x if type(x) in PYTHON_SCALARS else backend_of(x).copy(x) for x in plain]
        return unflatten(self.y_shape, iter(plain))

    def extra(self) -> Any:
        """The aux that f returned, likewise."""
        return given_back(self.aux, any(self.wrapped))

    def like_arguments(self, found: Iterable[Variable], wrapped: bool = False) -> tuple[Any, ...]:
        """One derivative for each of `xs`, in the structures of the arguments.

        Those of plain arrays are plain arrays, unless `wrapped`.
        """
        pairs = zip(found, self.wrapped, strict=True)
        outs = iter([x if wrapped or w else x.data for x, w in pairs])
        return tuple([unflatten(shape, outs) for shape in self.x_shapes])

    def recorded(self, others: Iterable[Any] = ()) -> bool:
        """Whether products made now can be differentiated again."""
        tracked = any(isinstance(x, Variable) and x.requires_grad for x in others)
        return self.tracked or tracked or nested.get()

    def seeds(self, tree: Any, shape: Any, likes: Sequence[Variable], what: str) -> list[Any]:
        """The arrays of a container that has to fit `likes`, with their dtype."""
        found: list[Any] = []
        if (got := flatten(tree, found, everything=True)) != shape:
            raise ArgumentError(
                f"{self.who}: got {what} of the structure {written(got)}, expected {written(shape)}"
            )
        return [self._seed(g, like, what) for g, like in zip(found, likes, strict=True)]

    def _seed(self, g: Any, like: Variable, what: str) -> Any:
        data, backend = like._data, backend_of(like._data)
        if type(g) in PYTHON_SCALARS and not like.shape:
            g = backend.asarray(g, dtype=like.dtype, device=like.device)
        if not hasattr(g, "dtype"):
            raise DtypeError(
                f"{self.who}: got {type(g).__name__} in {what}, expected an array of shape "
                f"{like.shape}"
            )
        if (other := backend_of(g.data if isinstance(g, Variable) else g)) is not backend:
            raise MixedBackendError(
                f"{self.who}: got an array of {other.name} in {what}, expected one of "
                f"{backend.name}, as what it belongs to"
            )
        if g.shape != like.shape:
            raise ShapeError(
                f"{self.who}: got shape {g.shape} in {what}, expected the shape {like.shape} of "
                f"what it belongs to"
            )
        if is_complex(g.dtype) and not is_complex(data.dtype):
            raise DtypeError(
                f"{self.who}: got dtype {g.dtype} in {what}, expected {data.dtype}; take its "
                f"real part"
            )
        if g.dtype != data.dtype:
            raw = not isinstance(g, Variable)
            g = backend.xp.astype(g, data.dtype) if raw else g.astype(data.dtype)
        return g

    def pull(self, gys: Sequence[Any], graph: bool | None = None) -> list[Variable]:
        """The gradient of each of `xs`, from one of each of `ys` (None for none): reverse mode.

        graph: whether it is recorded itself; None where that follows from arguments and place.
        """
        graph = self.recorded(gys) if graph is None else graph
        found = run(zip(self.ys, gys, strict=True), self.first, self.last, graph)
        pairs = zip(self.nodes, self.xs, strict=True)
        return apart([_or_zeros(found.get(node), x) for node, x in pairs], gys)

    def linear(self) -> Push:
        """The derivative, ready for any number of tangents: forward mode."""
        return Push(self)


class Push:
    """dx -> J dx for the Jacobian J at one place: the transpose of the transpose, dy -> J.T dy.

    That product is linear in dy, and is recorded once, at any dy; so backpropagation through its
    record, from the gradients of `xs` to dy, multiplies with J.
    """

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        backends = [backend_of(y._data) for y in trace.ys]
        # One for each node: a function may return one result twice.
        self.dys: dict[Node, Variable] = {}
        for y, backend in zip(trace.ys, backends, strict=True):
            if y._node is not None and y._node not in self.dys:
                seed = backend.ones_like(y._data)
                self.dys[y._node] = attach(seed, Leaf(seed, next_seq()))
        seqs = [_node(dy).seq for dy in self.dys.values()]
        self.first, self.last = (seqs[0], seqs[-1]) if seqs else (0, 0)
        # Zeros are strong for tangents, later; here dy stands for any value.
        with using_config("strong_zeros", False), using_config("enable_backprop", True):
            found = backprop(self.dys, first=trace.first, last=trace.last, create_graph=True)
        self.gxs = [found.get(node) for node in trace.nodes]

    def __call__(self, dxs: Sequence[Any]) -> list[Variable]:
        """The tangent of each result."""
        trace, graph = self.trace, self.trace.recorded(dxs)
        found = run(zip(self.gxs, dxs, strict=True), self.first, self.last, graph)
        dys = [found.get(_node(self.dys[y._node])) if y._node else None for y in trace.ys]
        return apart([_or_zeros(dy, y) for dy, y in zip(dys, trace.ys, strict=True)], dxs)


def run(
    seeds: Iterable[tuple[Variable | None, Any]], first: int, last: int, graph: bool
) -> dict[Node, Any]:
    """Backpropagation from several Variables, some of which may have the same node, or none."""
    starts: dict[Node, Any] = {}
    with using_config("enable_backprop", graph):
        for y, g in seeds:
            if g is None or y is None or y._node is None:
                continue
            if graph != isinstance(g, Variable):
                g = constant(g) if graph else g._array()
            starts[y._node] = starts[y._node] + g if y._node in starts else g
        return backprop(starts, first=first, last=last, create_graph=graph)


def _node(x: Variable) -> Node:
    return x._node  # type: ignore[return-value]


def _or_zeros(g: Any, like: Variable) -> Variable:
    if g is None:
        g = namespace(like._data).zeros_like(like._data)
    return g if isinstance(g, Variable) else constant(g)
