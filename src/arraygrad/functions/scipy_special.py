"""SciPy's special functions as ops, in `arraygrad.xp.special`; made from the table of derivatives.

SciPy computes them, or the library's own special functions where it has them. A function with an
argument that has no derivative can be called; backpropagation to that argument raises.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from importlib import import_module
from importlib.util import find_spec
from inspect import signature
from typing import Any

import numpy as np

from arraygrad.arrays import is_inexact
from arraygrad.backend import PYTHON_SCALARS, Backend, backend_of
from arraygrad.errors import DtypeError, GradientError
from arraygrad.functions.special_derivatives import TABLE
from arraygrad.op import Definition, arr, case, op_of
from arraygrad.variable import Variable, constant

# Where libraries keep their own, and functions under which they are known there.
_NATIVE = {
    "cupy": "cupyx.scipy.special",
    "jax": "jax.scipy.special",
    "torch": "torch.special",
}
_OTHER_NAMES = {("torch", "j0"): "bessel_j0", ("torch", "j1"): "bessel_j1",
                ("torch", "y0"): "bessel_y0", ("torch", "y1"): "bessel_y1",
                ("jax", "psi"): "digamma"}  # fmt: skip
# What is there under the same name, and is something else, or not for all arguments.
_DIFFERENT = {("jax", "hyp1f1"), ("jax", "hyp2f1"), ("jax", "kl_div"), ("jax", "poch")}


def _stdtr(betainc, xp, df, t):
    tail = betainc(df / 2, xp.full_like(t, 0.5), df / (df + t * t)) / 2
    return xp.where(t > 0, 1 - tail, tail)


# What is known by functions that libraries have, where they lack it; so it can be compiled too.
_BY_OTHERS: dict[str, tuple[str, Any]] = {
    "chdtr": ("gammainc", lambda special, xp, v, x: special(v / 2, x / 2)),
    "chdtrc": ("gammaincc", lambda special, xp, v, x: special(v / 2, x / 2)),
    "fdtr": ("betainc", lambda special, xp, m, n, x: special(m / 2, n / 2, m * x / (n + m * x))),
    "fdtrc": ("betainc", lambda special, xp, m, n, x: special(n / 2, m / 2, n / (n + m * x))),
    "stdtr": ("betainc", _stdtr),
}  # fmt: skip


def _lower_expn(order, x, xp, sp):
    """`expn` of the order below, which SciPy has down to 0: exp(-x) / x, and on by recurrence."""
    e0 = xp.exp(-x) / x
    if type(order) in PYTHON_SCALARS:
        return e0 * (1 + 1 / x) if order == 0 else sp.expn(order - 1, x)
    return xp.where(
        order == 0, e0 * (1 + 1 / x), sp.expn(xp.maximum(order, xp.ones_like(order)) - 1, x)
    )


# Functions of whole orders, by which they are not differentiated.
_WITH_ORDER = {
    "polygamma": ("order", "x", lambda order, x, sp: sp.polygamma(order + 1, x)),
    "expn": ("order", "x", lambda order, x, xp, sp: -_lower_expn(order, x, xp, sp)),
    "yn": ("order", "x", lambda order, x, sp: (sp.yn(order - 1, x) - sp.yn(order + 1, x)) / 2),
}


@cache
def scipy_function(name: str) -> Any:
    """SciPy's own function of NumPy arrays."""
    import scipy.special

    function = getattr(scipy.special, name)
    return getattr(function, "__wrapped__", function)


@cache
def _native(backend: str, name: str) -> Any:
    if backend not in _NATIVE or (backend, name) in _DIFFERENT:
        return None
    module = import_module(_NATIVE[backend])
    return getattr(module, _OTHER_NAMES.get((backend, name), name), None)


def compute(name: str, *args: Any) -> Any:
    """A special function of raw arrays and numbers.

    Where the library has none of its own, NumPy's is computed on the host.
    """
    arrays = [x for x in args if type(x) not in PYTHON_SCALARS]
    if not arrays:
        return float(scipy_function(name)(*args))
    like, backend = arrays[0], backend_of(arrays[0])
    if backend.name == "numpy":
        # A weak number would be made a float, which SciPy does not like for a whole number.
        try:
            y = scipy_function(name)(*[np.intp(x) if type(x) is int else x for x in args])
        except TypeError as error:
            raise DtypeError(
                f"special.{name}: got {', '.join(str(x.dtype) for x in arrays)}, expected numbers "
                f"that SciPy's function takes: {error}"
            ) from error
        # Functions in pure Python, and half precision, come out wider than they went in.
        narrow = y.dtype != like.dtype and like.dtype.kind == "f"
        return y.astype(np.result_type(*arrays)) if narrow else y
    native, (other, formula) = _native(backend.name, name), _BY_OTHERS.get(name, ("", None))
    if native is None and formula is not None:
        known = _native(backend.name, other)
        native = known and partial(formula, known, backend.xp)
    if native is not None:
        y = native(*(args if name in _WITH_ORDER else _floats(args, backend)))
        same = y.dtype == like.dtype or not is_inexact(like.dtype, backend.xp)
        return y if same else backend.xp.astype(y, backend.xp.result_type(*arrays))
    data = [x if type(x) in PYTHON_SCALARS else backend.to_numpy(x) for x in args]
    y = np.asarray(compute(name, *data))
    dtype = like.dtype if is_inexact(like.dtype, backend.xp) else None
    return backend.asarray(y, dtype=dtype, device=backend.device(like))


def _floats(args: Sequence[Any], backend: Backend) -> list[Any]:
    """Python numbers and whole numbers as arrays of the dtype of the floats among `args`."""
    xp = backend.xp
    arrays = [x for x in args if type(x) not in PYTHON_SCALARS]
    floats = [x for x in arrays if is_inexact(x.dtype, xp)]
    like = floats[0] if floats else xp.astype(arrays[0], xp.asarray(0.5).dtype)
    return [_lifted(x, like, backend) for x in args]


def _lifted(x: Any, like: Any, backend: Backend) -> Any:
    """`x` as an array with the dtype of `like`, if it is a number or of whole numbers."""
    if type(x) in PYTHON_SCALARS:
        return backend.asarray(x, dtype=like.dtype, device=backend.device(like))
    return x if is_inexact(x.dtype, backend.xp) else backend.xp.astype(x, like.dtype)


class _Functions:
    """`sp` for rules: what `made` gives for the names of special functions."""

    def __init__(self, made: Callable[[str], Any]) -> None:
        self._made = made

    def __getattr__(self, name: str) -> Any:
        if name not in NAMES:
            raise AttributeError(f"there is no special function {name!r}")
        return self._made(name)


def derivative(function: Any, g: Any, values: dict[str, Any]) -> Any:
    """`g` times the derivative, from what `function` asks for of the arguments and the result."""
    data = g._data if isinstance(g, Variable) else g
    backend = backend_of(data)
    known = dict(values, xp=g.__array_namespace__() if data is not g else backend.xp)
    known["sp"] = _OF_ARRAYS if data is g else _OF_VARIABLES
    asked = {name: known[name] for name in signature(function).parameters}
    for name, value in asked.items():
        if name not in ("order", "xp", "sp"):
            given = value._data if isinstance(value, Variable) else value
            lifted = _lifted(given, data, backend)
            if lifted is not given:
                asked[name] = lifted if data is g else constant(lifted)
    return g * function(**asked)


def refuse(name: str, argument: str) -> Any:
    """Raise the error for an argument without a derivative."""
    raise GradientError(
        f"special.{name}: got a tracked Variable for {argument}, by which it has no derivative in "
        f"arraygrad; use .detach() of it if none is wanted"
    )


def _define(name: str, derivatives: dict[str, Any], samples: list[Any]) -> Any:
    """The op of one special function, with a rule for each argument."""
    words = ", ".join(derivatives)
    env = {"compute": compute, "derivative": derivative, "refuse": refuse}
    title = f"_special_{name}"
    exec(f"def {title}({words}): return compute({name!r}, {words})", env)
    forward: Any = env[title]
    forward.__module__ = __name__
    forward.__doc__ = f"SciPy's special function `{name}`, elementwise."
    tracked = [x for x, function in derivatives.items() if function != "constant"]
    function = op_of(
        Definition(
            forward,
            samples=samples,
            constant=[x for x in derivatives if x not in tracked],
            broadcasts=True,
            singular=True,
            on_host=True,
            standard=f"special.{name}",
            reference=(lambda *args: scipy_function(name)(*args)) if samples else None,
        )
    )
    for x in tracked:
        if derivatives[x] is None:
            exec(f"def rule(g): refuse({name!r}, {x!r})", env)
        else:
            asked = [n for n in signature(derivatives[x]).parameters if n not in ("xp", "sp")]
            values = ", ".join(f"{n!r}: {n}" for n in asked)
            given = ", ".join(["g", *asked])
            env[f"of_{x}"] = derivatives[x]
            exec(f"def rule({given}): return derivative(of_{x}, g, {{{values}}})", env)
        function.rule(x)(env["rule"])
    return function


def _samples(name: str) -> list[Any]:
    entry = TABLE[name]
    known = [x for x, function in entry.derivatives.items() if function is not None]
    made: list[Any] = []
    for x, (low, high) in entry.ranges.items():
        whole = isinstance(low, int) and isinstance(high, int)  # some take no fractions
        middle = (low + high) // 2 if whole else (low + high) / 2
        made.append(arr(3, low=low, high=high) if x in known else middle)
    return [case(*made)]


# Functions without any derivative here.
_WITHOUT: dict[str, dict[str, Any]] = {
    "gammasgn": {"x": "constant"},
    "lpmv": {"m": None, "v": None, "x": None},
    "zetac": {"x": None},
}
# None without SciPy.
NAMES = frozenset([*TABLE, *_WITH_ORDER, *_WITHOUT] if find_spec("scipy") else ())


@cache
def special(name: str) -> Any:
    """The op of a special function, made when it is first asked for; None if there is none."""
    if name not in NAMES:
        return None
    if name in _WITH_ORDER:
        order, x, function = _WITH_ORDER[name]
        sample = case(2, arr(3, low=0.5, high=3.0))
        return _define(name, {order: "constant", x: function}, [sample])
    if name in _WITHOUT:
        samples = [case(arr(3, low=0.5))] if name == "gammasgn" else []
        return _define(name, _WITHOUT[name], samples)
    return _define(name, TABLE[name].derivatives, _samples(name))


_OF_ARRAYS = _Functions(lambda name: partial(compute, name))
_OF_VARIABLES = _Functions(special)

__all__: list[str] = []
