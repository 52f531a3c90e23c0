"""One call on Variables, compared with the same call on NumPy arrays and its differences."""

from __future__ import annotations

import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
from table import Call

import arraygrad as ag
from arraygrad import Variable
from arraygrad.errors import LostGradientWarning

# Steps of the differences: the first that agrees will do, as a kink may be nearer than the others.
STEPS = (1e-3, 1e-4, 1e-5)


class Outcome(NamedTuple):
    """What became of a call.

    kind: second (first and second derivatives are right), first (the second is refused), constant
    (the derivative is zero, and no gradient is claimed), number (the result is a Python number,
    or was computed from one), refused, wrong, or broken (the call fails on NumPy arrays too).
    """

    kind: str
    why: str = ""


class Numbers:
    """Notes Python numbers that are made of tracked Variables meanwhile: a gradient ends there."""

    def __enter__(self) -> Numbers:
        self._switch = ag.using_config("warn_lost_gradients", True)
        self._caught = warnings.catch_warnings(record=True)
        self._switch.__enter__()
        self._seen = self._caught.__enter__()
        warnings.simplefilter("ignore")
        warnings.simplefilter("always", LostGradientWarning)
        return self

    def __exit__(self, *exc: Any) -> None:
        self._caught.__exit__(*exc)
        self._switch.__exit__(*exc)

    @property
    def made(self) -> bool:
        """Whether there were any, but for those that decide which way a program goes."""
        return any(not str(w.message).startswith(("bool()", "int()")) for w in self._seen or ())


def check(call: Call) -> Outcome:
    """What becomes of `call` on Variables over NumPy."""
    f, arrays = call.function(), call.arrays()
    try:
        expected = flat(f(*arrays))
    except Exception as error:
        return Outcome("broken", f"{type(error).__name__}: {first_line(error)}")
    rng = np.random.default_rng(0)
    us = [draw(y, rng) for y in expected]
    vs, ws = ([draw(x, rng) for x in arrays] for _ in range(2))
    varying = [arg.varies for arg in call.args.values()]
    with Numbers() as numbers:
        try:
            leaves, ys = applied(f, arrays, varying)
        except Exception as error:
            return Outcome("refused", why(error))
        if len(ys) != len(expected):
            return Outcome("wrong", f"{len(ys)} results instead of {len(expected)}")
        for y, expectation in zip(ys, expected, strict=True):
            if not close(raw(y), expectation, call.rtol / 100):
                return Outcome("wrong", f"the value {raw(y)} instead of {expectation}")

        def value(xs: Sequence[np.ndarray]) -> float:
            return sum(dot(u, y) for u, y in zip(us, flat(f(*xs)), strict=True))

        scale = sum(float(np.sum(np.abs(u) * np.abs(y))) for u, y in zip(us, expected, strict=True))
        total = weighted(us, ys)
        made = numbers.made
        if not isinstance(total, Variable) or total.creator is None:
            numeric = (differences(value, arrays, vs, varying, step) for step in STEPS)
            if any(abs(x) <= 1e-9 * max(scale, 1) for x in numeric):
                return Outcome("constant", "the derivative is zero")
            if not any(isinstance(y, Variable) for y in ys):
                return Outcome("number", "the result is a Python number")
            return Outcome("number", "computed from float(x)") if made else Outcome("wrong", "lost")
        # A rule may refuse an argument in backpropagation.
        try:
            total.backward(create_graph=True)
        except Exception as error:
            return Outcome("refused", why(error))
        slope, size = along(leaves, vs)
        if not np.isfinite(raw_number(slope)) and np.all(np.isfinite(value(arrays))):
            return Outcome("refused", "the gradient is NaN: equal or zero singular values")
        reason = agrees(value, raw_number(slope), arrays, vs, varying, call.rtol, size, scale)
        if reason:
            reason = f"first derivative: {reason}"
            return (
                Outcome("number", f"partly computed from float(x); {reason}")
                if made
                else (Outcome("wrong", reason))
            )
        return second(call, f, arrays, varying, (us, vs, ws), leaves, slope)


def second(
    call: Call,
    f: Callable[..., Any],
    arrays: list[np.ndarray],
    varying: list[bool],
    directions: tuple[list[np.ndarray], ...],
    leaves: list[Any],
    slope: Any,
) -> Outcome:
    """The derivative along `ws` of the derivative along `vs`, against differences of the latter."""
    us, vs, ws = directions

    def first(xs: Sequence[np.ndarray]) -> float:
        leaves, ys = applied(f, xs, varying)
        weighted(us, ys).backward()
        return raw_number(along(leaves, vs)[0])

    for x in leaves:
        x.cleargrad()
    curvature, size = 0.0, 0.0
    if isinstance(slope, Variable) and slope.creator is not None:
        try:
            slope.backward()
        except Exception as error:
            return Outcome("first", why(error))
        found, size = along(leaves, ws)
        curvature = raw_number(found)
    scale = abs(raw_number(slope))
    reason = agrees(first, curvature, arrays, ws, varying, 10 * call.rtol, size, scale)
    return Outcome("wrong", f"second derivative: {reason}") if reason else Outcome("second")


def applied(
    f: Callable[..., Any], arrays: Sequence[Any], varying: Sequence[bool]
) -> tuple[list[Variable], list[Any]]:
    """The Variables that are put in, and what comes out."""
    xs = [Variable(x, requires_grad=v) for x, v in zip(arrays, varying, strict=True)]
    return xs, flat(f(*xs))


def weighted(us: Sequence[np.ndarray], ys: Sequence[Any]) -> Any:
    """The real number that is differentiated: results times weights, summed."""
    total: Any = 0.0
    for u, y in zip(us, ys, strict=True):
        if isinstance(y, Variable) and y.requires_grad:
            xp = y.__array_namespace__()
            product = y * xp.asarray(np.conj(u), dtype=y.dtype)
            total = total + xp.sum(xp.real(product) if np.iscomplexobj(u) else product)
    return total


def along(leaves: Sequence[Variable], directions: Sequence[np.ndarray]) -> tuple[Any, float]:
    """The derivative along a direction, from the gradients; and how large its terms are."""
    total: Any = 0.0
    size = 0.0
    for x, v in zip(leaves, directions, strict=True):
        if x.grad is not None:
            xp = x.__array_namespace__()
            product = x.grad * xp.asarray(np.conj(v))
            total = total + xp.sum(xp.real(product) if np.iscomplexobj(v) else product)
            size += float(np.sum(np.abs(raw(product))))
    return total, size


def agrees(
    function: Callable[[Sequence[np.ndarray]], float],
    got: float,
    arrays: Sequence[np.ndarray],
    directions: Sequence[np.ndarray],
    varying: Sequence[bool],
    rtol: float,
    size: float,
    scale: float,
) -> str:
    """Nothing, or how `got` differs from differences of `function`."""
    allowed = rtol * max(size, 1e-3 * scale) + 1e-9 * scale + 1e-12
    found = []
    for step in STEPS:
        numeric = differences(function, arrays, directions, varying, step)
        if abs(got - numeric) <= allowed:
            return ""
        found.append(numeric)
    return f"{got:.10g} instead of {', '.join(f'{x:.10g}' for x in found)}"


def differences(
    function: Callable[[Sequence[np.ndarray]], float],
    arrays: Sequence[np.ndarray],
    directions: Sequence[np.ndarray],
    varying: Sequence[bool],
    step: float,
) -> float:
    """The derivative along a direction by central differences of fourth order."""

    def at(k: int) -> float:
        moved = zip(arrays, directions, varying, strict=True)
        return function([x + k * step * v if vary else x for x, v, vary in moved])

    return (8 * (at(1) - at(-1)) - (at(2) - at(-2))) / (12 * step)


def flat(y: Any) -> list[Any]:
    """The arrays and numbers of a result."""
    if isinstance(y, tuple | list):
        return [part for x in y for part in flat(x)]
    return [] if y is None else [y]


def raw(y: Any) -> Any:
    """`y` as an array of NumPy."""
    data = y.data if isinstance(y, Variable) else y
    return ag.backend_of(data).to_numpy(data) if hasattr(data, "shape") else np.asarray(data)


def raw_number(y: Any) -> float:
    return float(raw(y))


def draw(like: Any, rng: np.random.Generator) -> np.ndarray:
    """Numbers from -1 to 1 of the shape and kind of an array; zeros for whole numbers."""
    like = np.asarray(like)
    if like.dtype.kind not in "fc":
        return np.zeros(like.shape)
    u = rng.uniform(-1, 1, like.shape)
    return u + 1j * rng.uniform(-1, 1, like.shape) if like.dtype.kind == "c" else u


def dot(u: np.ndarray, y: Any) -> float:
    return float(np.sum(np.real(np.conj(u) * np.asarray(y))))


def close(got: np.ndarray, expected: Any, rtol: float) -> bool:
    expected = np.asarray(expected)
    if got.shape != expected.shape:
        return False
    if expected.dtype.kind not in "biufc":
        return bool(np.all(got == expected))
    return bool(np.allclose(got, expected, rtol=rtol, atol=1e-10, equal_nan=True))


# What the messages of refusals say, in words for the page.
_WHY = {
    r"numpy\.asarray would lose": "compiled code, or code for NumPy alone",
    r"numpy\.[\w.]+: got a Variable": r"compiled code, or code for NumPy alone",
    r"special\.(\w+): got a tracked Variable for (\w+),": (
        r"by `\2`, `\1` has no derivative in arraygrad"
    ),
    r"DLPack would lose": "hands the data to another library",
}


def why(error: BaseException) -> str:
    """The reason of a refusal in a few words."""
    text = first_line(error)
    for pattern, reason in _WHY.items():
        if found := re.search(pattern, str(error)):
            return found.expand(reason)
    return f"{type(error).__name__}: {text}"


def first_line(error: BaseException) -> str:
    text = str(error).strip().partition("\n")[0]
    return text if len(text) <= 200 else text[:197] + "..."
