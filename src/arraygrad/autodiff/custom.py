"""Rules of one's own: `custom`, and `stop_gradient`."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import Any

from arraygrad import op as ops
from arraygrad.autodiff.containers import flatten, unflatten
from arraygrad.config import is_recording
from arraygrad.errors import ArgumentError, GradientError
from arraygrad.variable import Variable


def custom(f: Callable[..., Any] | None = None, /, **options: Any) -> Any:
    """A function of raw arrays with gradients of your own: `@op` for one program.

    f gets plain arrays, and may call anything: compiled code, SciPy, a solver. Its rules are
    written as those of `@op` (docs/writing-ops.md): `@name.rule("x")` for the gradient of x, with
    parameters that name what it needs. A function with a better gradient than its operations
    have, or with another one on purpose, is written so too. `constant`, `broadcasts`, `saves`,
    `samples` and other options are those of `@op`; the op is in no table, so that its name may be
    anything. Results are Variables.

    >>> @ag.custom
    ... def clip_gradient(x):
    ...     return x
    >>> @clip_gradient.rule
    ... def _(g, xp):
    ...     return xp.clip(g, -1.0, 1.0)
    >>> ag.grad(lambda x: 100.0 * clip_gradient(x))(3.0)
    array(1.)
    """
    if f is None:
        return lambda f: custom(f, **options)
    if not callable(f) or not getattr(f, "__name__", "").isidentifier():
        got = "a lambda" if getattr(f, "__name__", "") == "<lambda>" else type(f).__name__
        raise ArgumentError(
            f"custom: got {got}, expected a function with a name: write it with def"
        )
    made = ops.op_of(ops.Definition(_raw(f), **options))
    if ops.table.get(f.__name__) is made:
        del ops.table[f.__name__]

    def rule(*inputs: Any) -> Any:
        if len(inputs) == 1 and callable(inputs[0]):
            return made.definition.rule(_raw_rule(inputs[0]))
        register = made.definition.rule(*inputs)
        return lambda function: register(_raw_rule(function))

    made.rule = rule
    return made


def stop_gradient(tree: Any) -> Any:
    """The same values as constants; of Variables in nested lists, tuples and dicts too.

    >>> ag.grad(lambda x: x * ag.stop_gradient(x))(3.0)
    array(3.)
    """
    leaves: list[Any] = []
    shape = flatten(tree, leaves, everything=True)
    stopped = [x.detach() if isinstance(x, Variable) else x for x in leaves]
    return unflatten(shape, iter(stopped))


def _raw(f: Callable[..., Any]) -> Callable[..., Any]:
    """f, which may call ops: on arrays they give constants, whose arrays are meant."""

    @wraps(f)
    def forward(*args: Any, **kwargs: Any) -> Any:
        # Without any rule, and without constants, the op hands its Variables on.
        for x in (*args, *kwargs.values()):
            if isinstance(x, Variable) and x._node is not None and is_recording():
                raise GradientError(
                    f"{f.__name__}: got a tracked Variable, but the function has no rule; write "
                    f"one with @{f.__name__}.rule, or say @ag.custom(constant=...) for the "
                    f"arguments without a derivative"
                )
        args = tuple(map(_data, args))
        y = f(*args, **{key: _data(x) for key, x in kwargs.items()})
        if isinstance(y, tuple):
            return tuple(map(_data, y))
        return _data(y)

    return forward


def _raw_rule(rule: Callable[..., Any]) -> Callable[..., Any]:
    """The same for a rule, which gets arrays or Variables, and gives the same."""

    @wraps(rule)
    def either(*args: Any, **kwargs: Any) -> Any:
        gx = rule(*args, **kwargs)
        if any(isinstance(x, Variable) for x in (*args, *kwargs.values())):
            return gx
        return tuple(map(_data, gx)) if isinstance(gx, tuple) else _data(gx)

    return either


def _data(y: Any) -> Any:
    return y._array() if isinstance(y, Variable) else y
