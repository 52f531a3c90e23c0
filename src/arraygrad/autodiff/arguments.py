"""The arguments of a transform: tracked Variables of its own, also inside another transform."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextvars import ContextVar
from operator import index
from typing import Any

from arraygrad.arrays import is_inexact
from arraygrad.autodiff.containers import flatten, unflatten
from arraygrad.backend import PYTHON_SCALARS, backend_of
from arraygrad.engine import Leaf, Node, next_seq
from arraygrad.errors import ArgumentError, DtypeError
from arraygrad.variable import Variable, as_array, attach

# Whether a transform is running around this one: then its graph must not end here.
nested: ContextVar[bool] = ContextVar("arraygrad.nested", default=False)


class Alias(Node):
    """An argument of a transform inside another one: a new node, equal to what it came from.

    Without it, `grad(lambda x: x * grad(lambda y: x + y)(x))` would take x and y for one.
    """

    __slots__ = ("source",)

    def __init__(self, x: Variable) -> None:
        self.seq = next_seq()
        self.source: Node = x._node  # type: ignore[assignment]
        self.y_shape, self.y_dtype = x.shape, x.dtype

    @property
    def edges(self) -> tuple[Node | None]:
        return (self.source,)

    def pull(self, g: Any, first: int) -> Any:
        return ((self.source, g),) if self.source.seq >= first else ()

    pull_graph = pull


def name_of(f: Callable[..., Any], who: str) -> str:
    """The name of a function in messages of the transform `who`; ArgumentError if it is none."""
    if not callable(f):
        raise ArgumentError(
            f"{who}: got a {type(f).__name__}, expected a function of arrays; for the "
            f"gradients of a result y that is there already, call y.backward()"
        )
    return getattr(f, "__name__", "f")


def as_point(x: Any) -> Any:
    """A Variable, an array or a number as an array; whole numbers of Python become floats."""
    return as_array(float(x) if isinstance(x, int) else x)


def argument(x: Any, who: str) -> Variable:
    """A tracked Variable of its own for one array among the arguments of the transform `who`."""
    if type(x) in PYTHON_SCALARS:
        x = as_point(x)
    data = x._array() if isinstance(x, Variable) else backend_of(x).accept(x)
    if not is_inexact(data.dtype, backend_of(data).xp):
        raise DtypeError(
            f"{who}: got an array of dtype {data.dtype}, expected floating point numbers; "
            f"convert it, as with x.astype(float)"
        )
    if isinstance(x, Variable) and x.requires_grad:
        return attach(data, Alias(x))
    return attach(data, Leaf(data, next_seq()))


def entered(
    args: Sequence[Any], numbers: Iterable[int], who: str
) -> tuple[list[Any], list[Any], list[Variable], list[Any]]:
    """The arguments of a call with Variables of its own in place of the arrays of some.

    Returns (arguments, these arrays, the Variables, the structures of the arguments replaced).
    """
    call, leaves = list(args), list[Any]()
    variables: list[Variable] = []
    shapes = []
    for i in numbers:
        start = len(leaves)
        shapes.append(shape := flatten(args[i], leaves))
        mine = [argument(x, who) for x in leaves[start:]]
        call[i] = unflatten(shape, iter(mine))
        variables += mine
    return call, leaves, variables, shapes


def numbered(argnums: int | Sequence[int], args: Sequence[Any], who: str) -> tuple[int, ...]:
    """`argnums` as a tuple; raises ArgumentError if the call has no such positional argument."""
    try:
        if isinstance(argnums, int) or not isinstance(argnums, Sequence):  # the slow question last
            numbers: tuple[int, ...] = (index(argnums),)
        else:
            numbers = tuple(map(index, argnums))
    except TypeError:
        raise ArgumentError(
            f"{who}: got argnums {argnums!r}, expected a whole number or a tuple of them"
        ) from None
    for i in numbers:
        if not -len(args) <= i < len(args):
            raise ArgumentError(
                f"{who}: got argnums {argnums} and {len(args)} positional arguments, expected "
                f"numbers below {len(args)}"
            )
    if len(numbers) > 1 and len({i % len(args) for i in numbers}) < len(numbers):
        raise ArgumentError(
            f"{who}: got argnums {argnums} for {len(args)} arguments, expected each of them once"
        )
    return numbers
