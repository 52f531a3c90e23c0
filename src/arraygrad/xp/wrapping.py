"""The functions of a namespace: made from the table of signatures, one text for all of them.

Of untracked arguments a function gives what the array library itself gives, as constants. Of
tracked ones it calls the op with that standard name; a function whose derivative is zero needs
none. This is the text for `clip` (see `source`):

    def clip(x, /, min=None, max=None):
        kw_ = {}
        tracked_ = False
        if isinstance_(x, Variable_): a_x = x._data; tracked_ = tracked_ or x._node is not None
        else: a_x = x
        if min is not None: kw_['min'] = min
        if isinstance_(min, Variable_) and min._node is not None: tracked_ = True
        ...
        if tracked_ and (not turned_off_ or is_recording_()): return op_(x, **kw_)
        if isinstance_(min, Variable_): kw_['min'] = min._data
        ...
        try: y_ = raw_(a_x, **kw_)
        except Exception as error_:
            raise blame_(error_, name_, namespace_, (a_x, ), kw_)
        return wrap_(y_)
"""

from __future__ import annotations

import linecache
from collections import namedtuple
from collections.abc import Callable
from functools import cache
from inspect import Parameter as Arg
from inspect import cleandoc, signature
from typing import Any

from arraygrad import functions
from arraygrad.arrays import is_inexact
from arraygrad.backend import backend_of, namespace
from arraygrad.config import is_recording, turned_off
from arraygrad.dispatch import briefly, caused, translated
from arraygrad.errors import ArraygradError, GradientError, MixedBackendError
from arraygrad.interop import variables_in
from arraygrad.variable import Variable, constant
from arraygrad.xp.namespaces import Namespace, raw_namespace
from arraygrad.xp.signatures import CONSTANT, NEW_ARRAYS, ONE_ARRAY, PLAIN, SIGNATURES, TWO_ARRAYS
from arraygrad.xp.views import BACK, viewer

# Parameters that never take arrays; any other may.
_WORDS = """
    axes axis copy correction descending device dtype endpoint full_matrices include_initial
    indexing inverse invert k keepdims kind mode n n_cols n_rows norm num offset ord s shape shapes
    side stable upper
"""
_SETTINGS = frozenset(_WORDS.split())
_SEQUENCES = frozenset({"arrays", "arrays_and_dtypes", "obj"})
_PAIRWISE = frozenset(line.strip().partition("(")[0] for line in TWO_ARRAYS.split("\n"))
_ELEMENTWISE = _PAIRWISE | {line.strip().partition("(")[0] for line in ONE_ARRAY.split("\n")}


def function_of(namespace: Namespace, name: str) -> Any:
    """The function of the standard with that name; AttributeError if its library lacks it."""
    op = functions.of_standard(name)
    if op is not None and name in _ELEMENTWISE and _fits(op, name):
        if name not in _PAIRWISE or not _ignores_scalars(namespace):
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
        "op_": op if op is not None else _refusing(name, raw),
        "raw_": raw,
        "same_": same,
        "turned_off_": turned_off,
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
    exec(f"def f{SIGNATURES[name][SIGNATURES[name].index('(') :]}: ...", env)
    return dict(signature(env["f"]).parameters)


def source(name: str) -> str:
    """The Python text of a function of the standard."""
    arguments = parameters(name)
    lines = [f"def {SIGNATURES[name].removeprefix(name.rpartition('.')[0]).lstrip('.')}:"]
    lines += ["    kw_ = {}", "    tracked_ = False"]
    given, arrays = [], []
    for x, arg in arguments.items():
        is_array = x not in _SETTINGS
        counts = not (name == "full_like" and x == "x")  # which it asks for no more than its shape
        test = f"    if isinstance_({x}, Variable_)"
        if arg.default is not Arg.empty and arg.kind is Arg.POSITIONAL_ONLY:  # n_cols of eye
            given += [x]
            arrays += [x]
            continue
        if arg.default is not Arg.empty:
            # The library may lack what is not used: pass it on only if it was given.
            singleton = arg.default is None or isinstance(arg.default, bool)
            default = repr(arg.default) if singleton else f"{x}_default_"
            lines += [f"    if {x} is not {default}: kw_[{x!r}] = {x}"]
            if is_array:
                lines += [f"{test} and {x}._node is not None: tracked_ = True"]
            continue
        if x == "axis":  # which some libraries take by name alone
            given += ["axis=axis"]
            arrays += ["axis=axis"]
            continue
        star = "*" if arg.kind is Arg.VAR_POSITIONAL else ""
        given += [f"{star}{x}"]
        arrays += [f"{star}a_{x}" if is_array else f"{star}{x}"]
        if star or x in _SEQUENCES:
            lines += [f"    a_{x}, t_ = unwrapped_({x}); tracked_ = tracked_ or t_"]
        elif is_array:
            tracked = f"; tracked_ = tracked_ or {x}._node is not None" if counts else ""
            lines += [f"{test}: a_{x} = {x}._data{tracked}"]
            lines += [f"    else: a_{x} = {x}"]
    call = f"op_({', '.join([*given, '**kw_'])})"
    result = "wrap_(y_)"
    if name in BACK:
        call, result = (f"view_({y}, {', '.join(arguments)})" for y in (call, result))
    if name not in PLAIN | NEW_ARRAYS | CONSTANT:
        lines += [f"    if tracked_ and (not turned_off_ or is_recording_()): return {call}"]
    for x, arg in arguments.items():
        if arg.default is not Arg.empty and x not in _SETTINGS:
            lines += [f"    if isinstance_({x}, Variable_): kw_[{x!r}] = {x}._data"]
    seen = "".join(f"{x.rpartition('=')[2]}, " for x in arrays)
    lines += [
        f"    try: y_ = raw_({', '.join([*arrays, '**kw_'])})",
        "    except Exception as error_:",
        f"        raise blame_(error_, name_, namespace_, ({seen}), kw_)",
    ]
    first = given[0]
    if "copy" in arguments:
        # What was not copied is the same array: the Variable itself.
        test = f"isinstance_({first}, Variable_) and not copy and same_(y_, a_{first})"
        lines += [f"    if {test}: return {first}"]
    lines += [f"    return {'y_' if name in PLAIN else result}"]
    return "\n".join([*lines, ""])


def same(y: Any, x: Any) -> bool:
    """Whether y is x; libraries may give the memory of x in an object of its own."""
    if type(y) is not type(x) or y is x:
        return y is x
    # Arrays that a compiler traces are on no device.
    devices = getattr(y, "device", None), getattr(x, "device", None)
    return bool(y.shape == x.shape and y.dtype == x.dtype and devices[0] == devices[1])


def wrapped(y: Any) -> Any:
    """Constants in place of arrays, also in tuples, named tuples and lists."""
    if hasattr(y, "shape") and hasattr(y, "dtype"):
        return constant(y)
    if isinstance(y, tuple | list):
        parts = [wrapped(part) for part in y]
        if hasattr(y, "_fields"):
            return type(y)(*parts)
        # Tuples made in C, as those of PyTorch are, take no other parts but say their names.
        names = getattr(type(y), "__match_args__", ())
        return _named_tuple(type(y).__name__, names)(*parts) if names else tuple(parts)
    return y


@cache
def _named_tuple(name: str, fields: tuple[str, ...]) -> Callable[..., Any]:
    return namedtuple(name, fields)


def unwrapped(tree: Any) -> tuple[Any, bool]:
    """`tree` with arrays in place of Variables, and whether one of them was tracked."""
    if isinstance(tree, Variable):
        return tree._data, tree._node is not None
    if isinstance(tree, list | tuple):
        pairs = [unwrapped(part) for part in tree]
        tracked = any(t for _, t in pairs)
        parts = [x for x, _ in pairs]
        return (parts if isinstance(tree, list) else tuple(parts)), tracked
    return tree, False


def _refusing(name: str, raw: Callable[..., Any]) -> Callable[..., Any]:
    """Stands in for an op that is not there: whole numbers and truth values lose no gradient."""

    def refuse(*args: Any, **kwargs: Any) -> Any:
        for x in variables_in((args, kwargs)):
            if x._node is not None and is_inexact(x.dtype, namespace(x._data)):
                raise GradientError(
                    f"xp.{name}: got a tracked Variable, but {name} has no gradient in arraygrad; "
                    f"use .detach() of it if none is wanted"
                )
        datas, _ = unwrapped(args)
        return wrapped(raw(*datas, **{key: unwrapped(value)[0] for key, value in kwargs.items()}))

    return refuse


def blame(
    error: Exception, name: str, namespace: Namespace, args: tuple[Any, ...], kw: dict[str, Any]
) -> Exception:
    """The error to raise where the library's own function failed: ours, naming what it got."""
    if isinstance(error, (ArraygradError, Warning, FloatingPointError)):
        return error
    words = [briefly(x) for x in args] + [f"{key} = {briefly(x)}" for key, x in kw.items()]
    text = f"{name}: got {', '.join(words)}"
    mine = namespace._backend.name
    for x in args:
        if hasattr(x, "dtype") and hasattr(x, "shape") and (other := backend_of(x).name) != mine:
            new: Exception = MixedBackendError(
                f"{text}, an array of {other}; expected arrays of {mine}: convert it, or call the "
                f"function of its own namespace, x.__array_namespace__()"
            )
            break
    else:
        new = translated(error, f"{text}: {error}")
    return caused(new, error)
