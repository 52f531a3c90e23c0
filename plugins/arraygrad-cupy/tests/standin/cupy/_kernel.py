"""ElementwiseKernel: runs a text that is C++ and, but for types of declarations, Python too."""

from __future__ import annotations

import re

import numpy as np

from arraygrad.functions.special import erf
from cupy._array import fresh, here, ndarray

_DECLARED = re.compile(r"^(?:T|bool|int|size_t)\s+(?=\w+\s*=[^=])")
_TYPES = {"bool": bool, "int64": np.int64, "uint64": np.uint64, "uint8": np.uint8}
launches: list[str] = []
made: list[str] = []


def _pick(c, a, b):
    types = {x.dtype for x in (a, b) if hasattr(x, "dtype")}
    if len(types) > 1:  # the template of C++ has one type for both
        raise TypeError(f"pick: {types}")
    return np.where(c, a, b)


_FUNCTIONS = {
    "pick": _pick, "tanh": np.tanh, "exp": np.exp, "expm1": np.expm1, "log": np.log,
    "log1p": np.log1p, "sqrt": np.sqrt, "abs": np.abs, "max": np.fmax, "min": np.fmin,
    "isfinite": np.isfinite, "erf": lambda x: erf.definition.forward(x, xp=np),
    "size_t": lambda x: x.astype(np.uint64) if hasattr(x, "astype") else np.uint64(x),
}  # fmt: skip


class ElementwiseKernel:
    def __init__(self, in_params, out_params, operation, name="kernel", preamble="", **kwargs):
        self.inputs, self.outputs = _params(in_params), _params(out_params)
        if {name for _, name in [*self.inputs, *self.outputs]} & {"i", "n"}:
            raise ValueError(f"{name}: i and n are CuPy's own names")
        self.statements = [s.strip() for s in operation.split(";") if s.strip()]
        self.name = name
        made.append(name)

    def __call__(self, *args):
        launches.append(self.name)
        n = len(self.inputs)
        if len(args) not in (n, n + len(self.outputs)):
            raise TypeError(f"{self.name}: {len(args)} arguments")
        params = dict(zip([*self.inputs, *self.outputs], args, strict=False))
        types = dict(_TYPES)
        for (letter, name), x in params.items():
            if isinstance(x, ndarray) and types.setdefault(letter, x.dtype) != x.dtype:
                raise TypeError(f"{self.name}: {name} is {x.dtype}, {letter} is {types[letter]}")
        given = list(args[n:])
        shape = given[0].shape if given else np.broadcast_shapes(*(np.shape(here(x)) for x in args))
        T = types.get("T")
        names = {**_FUNCTIONS, "T": T and np.dtype(T).type}
        names["i"] = np.arange(int(np.prod(shape)), dtype=np.int64).reshape(shape)
        for (letter, name), x in params.items():
            dtype = np.dtype(types[letter])
            value = here(x)
            if not isinstance(value, np.ndarray):
                value = dtype.type(value)
            names[name] = np.broadcast_to(value, shape).copy()
        with np.errstate(all="ignore"):
            for statement in self.statements:
                exec(_DECLARED.sub("", statement), {"__builtins__": {}}, names)
        results = []
        for k, (letter, name) in enumerate(self.outputs):
            value = np.broadcast_to(np.asarray(names[name], types[letter]), shape)
            if given:
                here(given[k])[...] = value
                results.append(given[k])
            else:
                results.append(fresh(value.copy()))
        return results[0] if len(results) == 1 else tuple(results)


def _params(text):
    return [tuple(part.split()) for part in text.split(",") if part.strip()]
