"""grad and value_and_grad: gradients as values, of functions that return one number."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from contextlib import nullcontext
from typing import Any

from arraygrad.arrays import is_complex
from arraygrad.autodiff.arguments import entered, name_of, numbered
from arraygrad.autodiff.arguments import nested as _nested
from arraygrad.autodiff.containers import flatten, unflatten
from arraygrad.backend import PYTHON_SCALARS, backend_of, namespace
from arraygrad.config import is_recording, using_config
from arraygrad.engine import backprop
from arraygrad.errors import ArgumentError, DtypeError, GradientError, ShapeError
from arraygrad.variable import Variable, constant

_RECORDED = nullcontext()  # recording is on already


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
    name = name_of(f, "grad")
    who, both = f"grad({name})", f"value_and_grad({name})"

    def value_and_grad_f(*args: Any, **kwargs: Any) -> tuple[Any, Any]:
        call, leaves, variables, shapes = entered(args, numbered(argnums, args, both), who)
        if not variables:
            raise ArgumentError(
                f"{both}: got no arrays in the arguments {argnums}, expected at least one; give "
                f"argnums of arguments that are arrays, or containers of them"
            )
        nodes = [x._node for x in variables]  # now: f may change its arguments in place
        nested = _nested.get()
        # A Variable that came in, and a call inside another transform, gets Variables back.
        wrapped = [nested or isinstance(x, Variable) for x in leaves]
        create_graph = nested or any(isinstance(x, Variable) and x.requires_grad for x in leaves)
        token = _nested.set(True)
        try:
            with _RECORDED if is_recording() else using_config("enable_backprop", True):
                result = f(*call, **kwargs)
                y, aux = pair(result, who) if has_aux else (result, None)
                _check_value(y, who)
                grads = _gradients(y, variables, nodes, create_graph)
        finally:
            _nested.reset(token)
        outs = iter([g if w else g.data for g, w in zip(grads, wrapped, strict=True)])
        trees = tuple([unflatten(shape, outs) for shape in shapes])
        out = any(wrapped)
        value = _out(y, out)
        if has_aux:
            value = value, given_back(aux, out)
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

    grad_f.__name__ = f"grad_{name_of(f, 'grad')}"
    return grad_f


def _gradients(
    y: Any, variables: list[Variable], nodes: list[Any], create_graph: bool
) -> list[Variable]:
    found: dict[Any, Any] = {}
    if isinstance(y, Variable) and y._node is not None:
        seed = backend_of(y._data).ones_like(y._data)
        found = backprop(
            {y._node: constant(seed) if create_graph else seed},
            first=nodes[0].seq,
            last=nodes[-1].seq,
            create_graph=create_graph,
        )
    grads = []
    for x, node in zip(variables, nodes, strict=True):
        g = found.get(node)
        if g is None:  # f does not depend on it
            g = namespace(x._data).zeros_like(x._data)
        grads.append(g if type(g) is Variable else constant(g))
    return apart(grads)


def apart(grads: list[Variable], seeds: Sequence[Any] = ()) -> list[Variable]:
    """Gradients that share no memory, nor that of `seeds`, so that each can be changed in place."""
    plain = [g for g in grads if g._node is None]
    if plain:
        backend = backend_of(plain[0]._data)
        others = [g._data if isinstance(g, Variable) else g for g in seeds]
        for g, data in zip(plain, backend.apart([g._data for g in plain], others), strict=True):
            g._data = data
    return grads


def pair(result: Any, who: str) -> tuple[Any, Any]:
    """What a function with has_aux=True returned: (value, aux)."""
    if isinstance(result, tuple) and len(result) == 2:
        return result
    raise GradientError(
        f"{who}: the function returned {type(result).__name__}, expected a pair "
        f"(value, aux), as has_aux=True says"
    )


def given_back(tree: Any, wrapped: bool) -> Any:
    """A container of results, with plain arrays in place of Variables unless `wrapped`."""
    leaves: list[Any] = []
    shape = flatten(tree, leaves, everything=True)
    return unflatten(shape, iter([_out(x, wrapped) for x in leaves]))


def _check_value(y: Any, who: str) -> None:
    data = y._array() if isinstance(y, Variable) else y
    if type(data) in PYTHON_SCALARS:
        return  # a constant: every gradient is zero
    if not hasattr(data, "dtype"):
        raise GradientError(
            f"{who}: the function returned {type(y).__name__}, expected a Variable "
            f"of one element; compute it with operators and arraygrad.functions, and set "
            f"has_aux=True if it returns a pair"
        )
    if is_complex(data.dtype):
        raise DtypeError(
            f"{who}: the function returned {data.dtype}, expected a real number; take its "
            f"real part or its absolute value"
        )
    if data.shape and math.prod(data.shape) != 1:
        raise ShapeError(
            f"{who}: the function returned shape {data.shape}, expected one number; "
            f"reduce it, as with .sum(), or see jacobian and elementwise_grad"
        )


def _out(x: Any, wrapped: bool) -> Any:
    return x if wrapped or not isinstance(x, Variable) else x.data
