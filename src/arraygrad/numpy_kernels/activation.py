"""NumPy forms of the activations that are chains of many steps: in blocks that stay in the cache.

Written out over whole arrays, each step of gelu reads and writes main memory; over blocks, with
results and steps in memory that is there already, all of it takes half of the time or less.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from arraygrad.functions import activation, special
from arraygrad.workspace import empty

# Elements of a block: with four blocks beside it, 640 kB in float32. A step costs 0.4 us for each
# block, whatever its size: half of the block makes gelu 7% slower, an eighth 80%.
BLOCK = 1 << 15


def _fits(x: Any) -> bool:
    """Whether the loops below are for `x`: not for numbers, nor for other dtypes."""
    return type(x) is np.ndarray and x.dtype in _KINDS


_KINDS = (np.dtype("float32"), np.dtype("float64"))


def _run(
    step: Callable[..., None], steps: int, xs: tuple[Any, ...], results: int
) -> tuple[Any, ...]:
    """`step(*xs, *ys, *temporaries)` for each block; returns the filled ys, shaped as the xs."""
    x = xs[0]
    ys = tuple(empty(x.shape, x.dtype) for _ in range(results))
    flat = [a.reshape(-1) for a in (*xs, *ys)]  # views: `empty` is contiguous
    size = min(x.size, BLOCK)
    temporaries = [np.empty(size, x.dtype) for _ in range(steps)]
    if x.size <= BLOCK:
        step(*flat, *temporaries)
        return ys
    for i in range(0, x.size, BLOCK):
        part = [a[i : i + BLOCK] for a in flat]
        n = part[0].size
        step(*part, *(temporaries if n == BLOCK else [a[:n] for a in temporaries]))
    return ys


def _constants(dtype: Any) -> dict[str, Any]:
    """The numbers below as 0-d arrays: converting a Python number costs as much as a short step."""
    P, Q, limit = special.ERF[dtype.itemsize * 8]
    values = {
        "half": 0.5,
        "one": 1.0,
        "far": 40.0,
        "limit": limit,
        "root": math.sqrt(0.5),
        "density": 1 / math.sqrt(2 * math.pi),
        "erf": 2 / math.sqrt(math.pi),
        "tanh": activation.TANH,
        "cubic": 0.044715,
        "slope": 6 * 0.044715 * activation.TANH,
        "double": 2 * activation.TANH,
    }
    found: dict[str, Any] = {name: np.array(value, dtype) for name, value in values.items()}
    found["-half"], found["-far"], found["-limit"] = -found["half"], -found["far"], -found["limit"]
    found["P"] = [np.array(a, dtype) for a in P]
    found["Q"] = [np.array(a, dtype) for a in Q]
    return found


_OF = {kind: _constants(kind) for kind in _KINDS}


def _erf(x: Any, y: Any, s: Any, p: Any, c: Any) -> None:
    """y = erf(x), where y may be x; see `arraygrad.functions.special`."""
    x.clip(c["-limit"], c["limit"], y)
    np.multiply(y, y, out=s)
    P, Q = c["P"], c["Q"]
    np.multiply(s, P[0], out=p)
    for a in P[1:-1]:
        np.add(p, a, out=p)
        np.multiply(p, s, out=p)
    np.add(p, P[-1], out=p)
    np.multiply(y, p, out=y)
    np.multiply(s, Q[0], out=p)
    for a in Q[1:-1]:
        np.add(p, a, out=p)
        np.multiply(p, s, out=p)
    np.add(p, Q[-1], out=p)
    np.divide(y, p, out=y)
    np.tanh(y, out=y)


def erf(x: Any) -> Any:
    if not _fits(x):
        return special.erf.definition.forward(x, xp=np)
    c = _OF[x.dtype]
    (y,) = _run(lambda x, y, s, p: _erf(x, y, s, p, c), 2, (x,), 1)
    return y


def silu(x: Any) -> Any:
    if not _fits(x):
        return activation.silu.definition.forward(x, xp=np)
    half = _OF[x.dtype]["half"]

    def step(x: Any, y: Any, s: Any) -> None:
        np.multiply(x, half, out=s)
        np.tanh(s, out=s)
        np.multiply(s, half, out=s)
        np.add(s, half, out=s)
        np.multiply(x, s, out=y)

    return _run(step, 0, (x,), 2)


def silu_x(g: Any, x: Any, s: Any) -> Any:
    if not (_fits(x) and g.dtype == x.dtype and g.shape == x.shape):
        return activation.silu.definition.rules["x",](g, x, s)
    one = _OF[x.dtype]["one"]

    def step(g: Any, x: Any, s: Any, y: Any) -> None:
        np.subtract(one, s, out=y)
        np.multiply(y, x, out=y)
        np.add(y, one, out=y)
        np.multiply(y, s, out=y)
        np.multiply(y, g, out=y)

    return _run(step, 0, (g, x, s), 1)[0]


def gelu(x: Any) -> Any:
    if not _fits(x):
        return activation._gelu.definition.forward(x, xp=np)
    c = _OF[x.dtype]

    def step(x: Any, y: Any, cdf: Any, s: Any, p: Any) -> None:
        np.multiply(x, c["root"], out=y)
        _erf(y, cdf, s, p, c)
        np.multiply(cdf, c["half"], out=cdf)
        np.add(cdf, c["half"], out=cdf)
        np.multiply(x, cdf, out=y)

    return _run(step, 2, (x,), 2)


def gelu_x(g: Any, x: Any, c: Any, xp: Any) -> Any:
    if not (_fits(x) and g.dtype == x.dtype and g.shape == x.shape):
        return activation._gelu.definition.rules["x",](g, x, c, np)
    k = _OF[x.dtype]

    def step(g: Any, x: Any, cdf: Any, y: Any, w: Any) -> None:
        x.clip(k["-far"], k["far"], w)
        np.multiply(w, w, out=y)
        np.multiply(y, k["-half"], out=y)
        np.exp(y, out=y)
        np.multiply(y, w, out=y)
        np.multiply(y, k["density"], out=y)
        np.add(y, cdf, out=y)
        np.multiply(y, g, out=y)

    return _run(step, 1, (g, x, c), 1)[0]


def gelu_tanh(x: Any) -> Any:
    if not _fits(x):
        return activation._gelu_tanh.definition.forward(x, xp=np)
    k = _OF[x.dtype]

    def step(x: Any, y: Any, c: Any) -> None:
        x.clip(k["-far"], k["far"], y)
        np.multiply(y, y, out=c)
        np.multiply(c, k["cubic"], out=c)
        np.add(c, k["one"], out=c)
        np.multiply(y, k["tanh"], out=y)
        np.multiply(c, y, out=c)
        np.tanh(c, out=c)
        np.multiply(c, k["half"], out=c)
        np.add(c, k["half"], out=c)
        np.multiply(x, c, out=y)

    return _run(step, 0, (x,), 2)


def gelu_tanh_x(g: Any, x: Any, c: Any, xp: Any) -> Any:
    if not (_fits(x) and g.dtype == x.dtype and g.shape == x.shape):
        return activation._gelu_tanh.definition.rules["x",](g, x, c, np)
    k = _OF[x.dtype]

    def step(g: Any, x: Any, c: Any, y: Any, w: Any) -> None:
        x.clip(k["-far"], k["far"], w)
        np.multiply(w, w, out=y)
        np.multiply(y, k["slope"], out=y)
        np.add(y, k["double"], out=y)
        np.multiply(y, w, out=y)
        np.subtract(k["one"], c, out=w)
        np.multiply(y, w, out=y)
        np.add(y, k["one"], out=y)
        np.multiply(y, c, out=y)
        np.multiply(y, g, out=y)

    return _run(step, 1, (g, x, c), 1)[0]


KERNELS: dict[str, Callable[..., Any]] = {
    "_gelu": gelu,
    "_gelu.x": gelu_x,
    "_gelu_tanh": gelu_tanh,
    "_gelu_tanh.x": gelu_tanh_x,
    "erf": erf,
    "silu": silu,
    "silu.x": silu_x,
}
