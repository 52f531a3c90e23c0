"""Products with the Jacobian and with the Hessian: vjp, jvp, linearize, hvp."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from arraygrad.autodiff.arguments import name_of
from arraygrad.autodiff.containers import unflatten
from arraygrad.autodiff.reverse import given_back, grad
from arraygrad.autodiff.tracing import Trace
from arraygrad.errors import ArgumentError
from arraygrad.variable import Variable


def vjp(f: Callable[..., Any], *args: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """f's value at `args`, and the function dy -> J.T dy that pulls gradients back to them.

    Arguments and results are arrays, or nested lists, tuples and dicts of them. The function
    takes a gradient like the value of f, and returns a tuple with one for each argument; it may
    be called often. With has_aux, f returns a pair (value, aux), and vjp a triple with aux last.
    Raises DtypeError for integer arguments; ShapeError, ArgumentError if dy is not like f's value.

    >>> y, pull = ag.vjp(lambda x: x[1:] * x[:-1], np.array([1.0, 2.0, 3.0]))
    >>> y, pull(np.array([1.0, 10.0]))
    (array([2., 6.]), (array([ 2., 31., 20.]),))
    """
    trace = Trace(f"vjp({name_of(f, 'vjp')})", f, args, has_aux=has_aux)

    def pull(dy: Any) -> tuple[Any, ...]:
        gys = trace.seeds(dy, trace.y_shape, trace.ys, "a gradient")
        return trace.like_arguments(trace.pull(gys), _any_wrapped(gys))

    return (trace.value(apart=True), pull, *([trace.extra()] if has_aux else []))


def linearize(f: Callable[..., Any], *args: Any, has_aux: bool = False) -> tuple[Any, ...]:
    """f's value at `args`, and the function that pushes tangents forward, dx -> J dx.

    That function takes one tangent for each argument. It runs only the linear part of f, so it
    is the cheaper one for many tangents; for one, see `jvp`. Errors as in `vjp`.

    >>> y, push = ag.linearize(lambda x: x ** 3, 2.0)
    >>> y, push(1.0), push(0.5)
    (array(8.), array(12.), array(6.))
    """
    trace = Trace(f"linearize({name_of(f, 'linearize')})", f, args, has_aux=has_aux)
    linear = trace.linear()

    def push(*tangents: Any) -> Any:
        if len(tangents) != len(args):
            raise ArgumentError(
                f"{trace.who}: got {len(tangents)} tangents, expected {len(args)}, one for each "
                f"argument"
            )
        dxs = trace.seeds(tangents, tuple(trace.x_shapes), trace.xs, "tangents")
        dys = unflatten(trace.y_shape, iter(linear(dxs)))
        return given_back(dys, any(trace.wrapped) or _any_wrapped(dxs))

    return (trace.value(apart=True), push, *([trace.extra()] if has_aux else []))


def jvp(
    f: Callable[..., Any], args: Sequence[Any], tangents: Sequence[Any], has_aux: bool = False
) -> tuple[Any, ...]:
    """f's value at `args`, and its derivative along `tangents`: forward mode, J dx.

    args, tangents: a tuple with one for each argument of f; a tangent is like its argument.
    With has_aux, f returns a pair (value, aux), and jvp a triple with aux last. Errors as in `vjp`.

    >>> ag.jvp(lambda x, y: x * y, (2.0, 3.0), (1.0, 10.0))
    (array(6.), array(23.))
    """
    who = f"jvp({name_of(f, 'jvp')})"
    args, tangents = in_tuple(args, who), in_tuple(tangents, who)
    trace = Trace(who, f, args, has_aux=has_aux)
    dxs = trace.seeds(tangents, tuple(trace.x_shapes), trace.xs, "tangents")
    dys = unflatten(trace.y_shape, iter(trace.linear()(dxs)))
    out = given_back(dys, any(trace.wrapped) or _any_wrapped(dxs))
    return (trace.value(), out, *([trace.extra()] if has_aux else []))


def hvp(f: Callable[..., Any], args: Sequence[Any], vectors: Sequence[Any]) -> tuple[Any, ...]:
    """The Hessian of f at `args` times `vectors`; f returns one real number.

    args, vectors: a tuple with one for each argument of f, arrays or containers of them; so is
    the result. It costs about two gradients, whatever the size. Errors as in `grad` and `vjp`.

    >>> ag.hvp(lambda x: (x ** 3).sum(), (np.array([1.0, 2.0]),), (np.array([1.0, 10.0]),))
    (array([  6., 120.]),)
    """
    who = f"hvp({name_of(f, 'hvp')})"
    args = in_tuple(args, who)
    # The Hessian is symmetric: pulling back through the gradient is the cheaper product.
    trace = Trace(who, grad(f, tuple(range(len(args)))), args)
    gys = trace.seeds(in_tuple(vectors, who), trace.y_shape, trace.ys, "vectors")
    return trace.like_arguments(trace.pull(gys), _any_wrapped(gys))


def in_tuple(args: Any, who: str) -> tuple[Any, ...]:
    """Several arguments as a tuple; raises ArgumentError for an array in place of them."""
    if isinstance(args, tuple | list):
        return tuple(args)
    raise ArgumentError(
        f"{who}: got {type(args).__name__} for the arguments, expected a tuple with one for each "
        f"argument of the function, such as (x,)"
    )


def _any_wrapped(xs: Sequence[Any]) -> bool:
    return any(isinstance(x, Variable) for x in xs)
