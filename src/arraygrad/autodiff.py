"""The functional front door: gradients as values, of functions of arrays or containers of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from contextvars import ContextVar
from typing import Any

from arraygrad.backend import (
    PYTHON_SCALARS,
    backend_of,
    by_type,
    current_backend,
    is_complex,
    is_inexact,
    namespace,
)
from arraygrad.config import is_recording, using_config
from arraygrad.engine import Leaf, Node, backprop, next_seq
from arraygrad.errors import ArgumentError, DtypeError, GradientError, ShapeError
from arraygrad.variable import Variable, attach, constant

# Whether a transform is running around this one: then its graph must not end here.
_nested: ContextVar[bool] = ContextVar("arraygrad.nested", default=False)


_RECORDED = nullcontext()  # recording is on already


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


def value_and_grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., tuple[Any, Any]]:
    """A function that returns f's value and its gradient with respect to arguments `argnums`.

    f returns one real number (a Variable of one element), or with has_aux a pair (number, aux).
    Arguments are arrays, Variables, floats, or nested lists, tuples and dicts of them; gradients
    have the same structure. Plain arrays give plain arrays; Variables, and calls inside another
    transform, give Variables that can be differentiated again.
    Raises DtypeError for integer arguments, ShapeError if f's value is not one number.

    >>> value_and_grad(lambda x: (x ** 2).sum())(np.array([1.0, 2.0]))
    (array(5.), array([2., 4.]))
    """
    several = not isinstance(argnums, int)
    numbers = tuple(argnums) if isinstance(argnums, Sequence) else (argnums,)
    name = getattr(f, "__name__", "f")

    def value_and_grad_f(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        call = list(args)
        leaves: list[Any] = []
        variables: list[Variable] = []
        shapes = []
        for i in numbers:
            if not -len(args) <= i < len(args):
                raise ArgumentError(
                    f"value_and_grad({name}): got argnums {argnums} and {len(args)} positional "
                    f"arguments, expected numbers below {len(args)}"
                )
            start = len(leaves)
            shapes.append(shape := _flatten(args[i], leaves))
            mine = [_argument(x, name) for x in leaves[start:]]
            call[i] = _unflatten(shape, iter(mine))
            variables += mine
        if not variables:
            raise ArgumentError(f"value_and_grad({name}): got no arrays in arguments {argnums}")
        nested = _nested.get()
        # A Variable that came in, and a call inside another transform, gets Variables back.
        wrapped = [nested or isinstance(x, Variable) for x in leaves]
        create_graph = nested or any(isinstance(x, Variable) and x.requires_grad for x in leaves)
        token = _nested.set(True)
        try:
            with _RECORDED if is_recording() else using_config("enable_backprop", True):
                result = f(*call, **kwargs)
                y, aux = _pair(result, name) if has_aux else (result, None)
                _check_value(y, name)
                grads = _gradients(y, variables, create_graph)
        finally:
            _nested.reset(token)
        outs = iter([g if w else g.data for g, w in zip(grads, wrapped, strict=True)])
        trees = tuple([_unflatten(shape, outs) for shape in shapes])
        out = any(wrapped)
        value = _out(y, out)
        if has_aux:
            inside: list[Any] = []
            shape = _flatten(aux, inside, everything=True)
            value = value, _unflatten(shape, iter([_out(x, out) for x in inside]))
        return value, (trees if several else trees[0])

    value_and_grad_f.__name__ = f"value_and_grad_{name}"
    return value_and_grad_f


def grad(
    f: Callable[..., Any], argnums: int | Sequence[int] = 0, has_aux: bool = False
) -> Callable[..., Any]:
    """A function that returns the gradient of f; arguments and errors as in `value_and_grad`.

    With has_aux it returns a pair (gradient, aux).

    >>> grad(grad(lambda x: x ** 3))(2.0)
    array(12.)
    """
    both = value_and_grad(f, argnums, has_aux)

    def grad_f(*args: Any, **kwargs: Any) -> Any:
        value, g = both(*args, **kwargs)
        return (g, value[1]) if has_aux else g

    grad_f.__name__ = f"grad_{getattr(f, '__name__', 'f')}"
    return grad_f


def _argument(x: Any, name: str) -> Variable:
    """A tracked Variable of its own for one array among the arguments."""
    if type(x) in PYTHON_SCALARS:
        x = current_backend().asarray(float(x) if isinstance(x, int) else x)
    data = x._array() if isinstance(x, Variable) else backend_of(x).accept(x)
    if not is_inexact(data.dtype, backend_of(data).xp):
        raise DtypeError(
            f"grad({name}): got an array of dtype {data.dtype}, expected floating point numbers; "
            f"convert it, as with x.astype(float)"
        )
    if isinstance(x, Variable) and x.requires_grad:
        return attach(data, Alias(x))
    return attach(data, Leaf(data, next_seq()))


def _gradients(y: Any, variables: list[Variable], create_graph: bool) -> list[Variable]:
    nodes = [x._node for x in variables]
    found: dict[Any, Any] = {}
    if isinstance(y, Variable) and y._node is not None:
        seed = backend_of(y._data).ones_like(y._data)
        found = backprop(
            {y._node: constant(seed) if create_graph else seed},
            first=nodes[0].seq,  # type: ignore[union-attr]
            last=nodes[-1].seq,  # type: ignore[union-attr]
            create_graph=create_graph,
        )
    grads = []
    for x, node in zip(variables, nodes, strict=True):
        g = found.get(node)
        if g is None:  # f does not depend on it
            g = namespace(x._data).zeros_like(x._data)
        grads.append(g if type(g) is Variable else constant(g))
    return _apart(grads)


def _apart(grads: list[Variable]) -> list[Variable]:
    """Gradients that share no memory, so that each can be changed in place."""
    plain = [g for g in grads if g._node is None]
    if plain:
        backend = backend_of(plain[0]._data)
        for g, data in zip(plain, backend.apart([g._data for g in plain]), strict=True):
            g._data = data
    return grads


def _pair(result: Any, name: str) -> tuple[Any, Any]:
    if isinstance(result, tuple) and len(result) == 2:
        return result
    raise GradientError(
        f"grad({name}): the function returned {type(result).__name__}, expected a pair "
        f"(value, aux), as has_aux=True says"
    )


def _check_value(y: Any, name: str) -> None:
    data = y._array() if isinstance(y, Variable) else y
    if type(data) in PYTHON_SCALARS:
        return  # a constant: every gradient is zero
    if not hasattr(data, "dtype"):
        raise GradientError(
            f"grad({name}): the function returned {type(y).__name__}, expected a Variable "
            f"of one element; compute it with operators and arraygrad.functions, and set "
            f"has_aux=True if it returns a pair"
        )
    if is_complex(data.dtype, namespace(data)):
        raise DtypeError(
            f"grad({name}): the function returned {data.dtype}, expected a real number; take its "
            f"real part or its absolute value"
        )
    if data.shape and math.prod(data.shape) != 1:
        raise ShapeError(
            f"grad({name}): the function returned shape {data.shape}, expected one number; "
            f"reduce it, as with .sum()"
        )


def _out(x: Any, wrapped: bool) -> Any:
    return x if wrapped or not isinstance(x, Variable) else x.data


class _Here:
    """The place of one array in a container."""


def _flatten(tree: Any, leaves: list[Any], everything: bool = False) -> Any:
    """The structure of nested containers; the arrays in it are appended to `leaves`."""
    if type(tree) in by_type or isinstance(tree, Variable):
        leaves.append(tree)
        return _Here
    if isinstance(tree, dict):
        return {key: _flatten(value, leaves, everything) for key, value in tree.items()}
    if isinstance(tree, list | tuple):
        parts = [_flatten(value, leaves, everything) for value in tree]
        if isinstance(tree, list):
            return parts
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    if tree is None:
        return None
    if not everything and type(tree) not in PYTHON_SCALARS:
        backend_of(tree)
    leaves.append(tree)
    return _Here


def _unflatten(tree: Any, leaves: Any) -> Any:
    if tree is _Here:
        return next(leaves)
    if isinstance(tree, dict):
        return {key: _unflatten(value, leaves) for key, value in tree.items()}
    if isinstance(tree, list):
        return [_unflatten(value, leaves) for value in tree]
    if isinstance(tree, tuple):
        parts = [_unflatten(value, leaves) for value in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else tuple(parts)
    return tree
