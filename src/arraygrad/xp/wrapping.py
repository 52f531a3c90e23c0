"""The functions of a namespace: made from the table of signatures, one text for all of them.

Of untracked arguments a function gives what the array library itself gives, as constants. Of
tracked ones it calls the op with that standard name; a function whose derivative is zero needs
none. This is the text for `clip` (see `source`):

    def clip(x, /, min=None, max=None):
        kw_ = {}
        tracked_ = False
        if isinstance_(x, Variable_): a_x = x._data; tracked_ = tracked_ or x._node is not None
        else: a_x = x
        if type_of_(a_x) not in own_: own_.look(a_x, name_, 'x')
        if min is not None: kw_['min'] = min
        if isinstance_(min, Variable_) and min._node is not None: tracked_ = True
        ...
        if tracked_ and (not turned_off_ or is_recording_()): return op_(x, **kw_)
        if isinstance_(min, Variable_): kw_['min'] = unwrapped_(min, name_, 'min')[0]
        ...
        try: y_ = raw_(a_x, **kw_)
        except Exception as error_:
            raise blame_(error_, name_, namespace_, (a_x, ), kw_)
        return wrap_(y_)
"""

from __future__ import annotations

import linecache
from collections.abc import Callable
from functools import cache
from inspect import Parameter as Arg
from inspect import cleandoc, signature
from typing import Any

from arraygrad import functions
from arraygrad.arrays import is_inexact
from arraygrad.backend import namespace
from arraygrad.config import is_recording, turned_off
from arraygrad.errors import GradientError
from arraygrad.interop import variables_in
from arraygrad.variable import Variable
from arraygrad.xp.calls import Own, blame, same, unwrapped, wrapped
from arraygrad.xp.namespaces import Namespace, raw_namespace
from arraygrad.xp.signatures import (
    CONSTANT,
    ELEMENTWISE,
    NEW_ARRAYS,
    PAIRWISE,
    PLAIN,
    SIGNATURES,
)
from arraygrad.xp.views import BACK, viewer

# Parameters that never take arrays; any other may.
_WORDS = """
    axes axis copy correction descending device dtype endpoint full_matrices include_initial
    indexing inverse invert k keepdims kind mode n n_cols n_rows norm num offset ord s shape shapes
    side stable upper
"""
_SETTINGS = frozenset(_WORDS.split())
_SEQUENCES = frozenset({"arrays", "arrays_and_dtypes", "obj"})


def function_of(namespace: Namespace, name: str) -> Any:
    """The function of the standard with that name; AttributeError if its library lacks it."""
    op = functions.of_standard(name)
    if op is not None and name in ELEMENTWISE and _fits(op, name):
        if name not in PAIRWISE or not _ignores_scalars(namespace):
            return op
        op = _promoting(op, namespace)
    raw = library = raw_namespace(namespace._backend, name)
    for part in name.split("."):
        if not hasattr(raw, part):
            if op is not None:
                return op
            raise AttributeError(f"{namespace.__name__} has no {name!r}: {library} has not")
        raw = getattr(raw, part)
    text = source(name)
    short = name.rpartition(".")[2]
    env = {
        "Variable_": Variable,
        "__name__": namespace.__name__,
        "blame_": blame,
        "is_recording_": is_recording,
        "isinstance_": isinstance,
        "name_": f"{namespace.__name__}.{name}",
        "namespace_": namespace,
        "own_": _own(namespace),
        "op_": op if op is not None else _refusing(name, raw),
        "raw_": raw,
        "same_": same,
        "turned_off_": turned_off,
        "type_of_": type,
        "unwrapped_": unwrapped,
        "view_": viewer(namespace, name) if name in BACK else None,
        "wrap_": wrapped,
    }
    filename = f"<{namespace.__name__}.{name}>"
    linecache.cache[filename] = (len(text), None, text.splitlines(True), filename)
    exec(compile(text, filename, "exec"), env)
    function: Any = env[short]
    for arg in signature(function).parameters.values():
        env[f"{arg.name}_default_"] = arg.default
    function.__qualname__ = short
    # Examples would be taken for those of this namespace, by doctest too.
    text = getattr(op if op is not None else raw, "__doc__", None) or ""
    function.__doc__ = cleandoc(text).partition("\n\n")[0]
    return function


@cache
def _own(namespace: Namespace) -> Own:
    """The types of arrays that functions of a namespace take."""
    return Own(namespace._backend.name)


@cache
def _ignores_scalars(namespace: Namespace) -> bool:
    """Whether operators of the library let no array of shape () decide the dtype: PyTorch's."""
    xp = namespace._backend.xp
    y = xp.zeros((1,), dtype=xp.int8) + xp.zeros((), dtype=xp.int16)
    return bool(y.dtype != xp.int16)


def _promoting(op: Any, namespace: Namespace) -> Any:
    """The op, which uses operators, of two arrays in the dtype that the standard has for both."""

    def promoting(x1: Any, x2: Any) -> Any:
        arrays = hasattr(x1, "dtype") and hasattr(x2, "dtype")
        if arrays and x1.dtype != x2.dtype and () in (x1.shape, x2.shape):
            dtype = namespace.result_type(x1, x2)
            x1, x2 = namespace.astype(x1, dtype), namespace.astype(x2, dtype)
        return op(x1, x2)

    promoting.__doc__ = op.__doc__
    return promoting


def _fits(op: Any, name: str) -> bool:
    """Whether the op can be called as the standard says, and the library need not be asked."""
    definition = op.definition
    ours = list(definition.public.parameters.values())
    theirs = list(parameters(name).values())
    return not definition.composed and len(ours) == len(theirs)


def parameters(name: str) -> dict[str, Arg]:
    """The parameters of a function of the standard, by name."""
    env: dict[str, Any] = {}
    exec(f"def f{SIGNATURES[name]}: ...", env)
    return dict(signature(env["f"]).parameters)


def source(name: str) -> str:
    """The Python text of a function of the standard."""
    arguments = parameters(name)
    lines = [f"def {name.rpartition('.')[2]}{SIGNATURES[name]}:"]
    lines += ["    kw_ = {}", "    tracked_ = False"]
    # What the op and the library get by position; all else is in kw_.
    given, arrays = [], []
    for x, arg in arguments.items():
        is_array = x not in _SETTINGS
        test = f"    if isinstance_({x}, Variable_)"
        if arg.default is not Arg.empty and arg.kind is not Arg.POSITIONAL_ONLY:
            # The library may lack what is not used: pass it on only if it was given.
            singleton = arg.default is None or isinstance(arg.default, bool)
            default = repr(arg.default) if singleton else f"{x}_default_"
            lines += [f"    if {x} is not {default}: kw_[{x!r}] = {x}"]
            if is_array:
                lines += [f"{test} and {x}._node is not None: tracked_ = True"]
            continue
        if x == "axis":  # which some libraries take by name alone
            lines += ["    kw_['axis'] = axis"]
            continue
        star = "*" if arg.kind is Arg.VAR_POSITIONAL else ""
        given += [f"{star}{x}"]
        arrays += [f"{star}a_{x}" if is_array else f"{star}{x}"]
        if is_array and (star or x in _SEQUENCES):
            lines += [f"    a_{x}, t_ = unwrapped_({x}, name_, {x!r}); tracked_ = tracked_ or t_"]
            if x != "obj":  # of which asarray makes an array, whatever it is
                lines += [f"    for a_ in a_{x}:"]
                lines += [f"        if type_of_(a_) not in own_: own_.look(a_, name_, {x!r})"]
        elif is_array:
            counts = not (name == "full_like" and x == "x")  # which it asks for its shape alone
            tracked = f"; tracked_ = tracked_ or {x}._node is not None" if counts else ""
            lines += [f"{test}: a_{x} = {x}._data{tracked}"]
            lines += [f"    else: a_{x} = {x}"]
            # NumPy would make an array of it, and of None.
            look = "unwrapped_" if name == "from_dlpack" else "own_.look"
            lines += [f"    if type_of_(a_{x}) not in own_: {look}(a_{x}, name_, {x!r})"]
    call, result = f"op_({', '.join([*given, '**kw_'])})", "wrap_(y_)"
    if name in BACK:
        call, result = (f"view_({y}, {', '.join(arguments)})" for y in (call, result))
    if name not in PLAIN | NEW_ARRAYS | CONSTANT:
        lines += [f"    if tracked_ and (not turned_off_ or is_recording_()): return {call}"]
    for x, arg in arguments.items():
        if arg.default is not Arg.empty and x not in _SETTINGS:
            array = f"unwrapped_({x}, name_, {x!r})[0]"
            lines += [f"    if isinstance_({x}, Variable_): kw_[{x!r}] = {array}"]
    lines += [
        f"    try: y_ = raw_({', '.join([*arrays, '**kw_'])})",
        "    except Exception as error_:",
        f"        raise blame_(error_, name_, namespace_, ({', '.join([*arrays, ''])}), kw_)",
    ]
    if "copy" in arguments:
        # What was not copied is the same array: the Variable itself.
        x = given[0]
        test = f"isinstance_({x}, Variable_) and not copy and same_(y_, a_{x})"
        lines += [f"    if {test}: return {x}"]
    lines += [f"    return {'y_' if name in PLAIN else result}"]
    return "\n".join([*lines, ""])


def _refusing(name: str, raw: Callable[..., Any]) -> Callable[..., Any]:
    """Stands in for an op that is not there: whole numbers and truth values lose no gradient."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        datas, _ = unwrapped(args, f"xp.{name}", "an argument")
        words = {key: unwrapped(value, f"xp.{name}", key)[0] for key, value in kwargs.items()}
        for x in variables_in((args, kwargs)):
            if x._node is not None and is_inexact(x.dtype, namespace(x._data)):
                raise GradientError(
                    f"xp.{name}: got a tracked Variable, but {name} has no gradient in arraygrad; "
                    f"use .detach() of it if none is wanted"
                )
        return wrapped(raw(*datas, **words))

    return refuse
