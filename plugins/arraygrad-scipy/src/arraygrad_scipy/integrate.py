"""Ordinary differential equations: odeint, with steps that adapt, and gradients of them.

What is differentiated is the computed solution: the steps that were taken, with their sizes held
fixed. So gradients are exact for what was computed, whatever the tolerance, and to any order; a
second equation solved backwards in time (the adjoint of Chen et al. 2018, arXiv:1806.07366) has
errors of its own, and is unstable where the first one is dissipative; it is there for those who
want its memory, in `adjoint`. Large states are computed in
checkpoints: one state for each step is kept, and the stages of a step are computed again when
gradients come back to it, as that adjoint does too. For small ones that would double the time.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from arraygrad import Variable, as_variable, backend_of, checkpoint, no_grad
from arraygrad.autodiff.containers import flatten, unflatten, written
from arraygrad.autodiff.deferred import snapshot
from arraygrad.backend import PYTHON_SCALARS
from arraygrad.errors import ArgumentError, DtypeError, OpError, ShapeError
from arraygrad.op import arr, case, op
from arraygrad_scipy.adjoint import solved
from arraygrad_scipy.runge_kutta import E, State, _combined, between, combined, stages
from arraygrad_scipy.shared import constant, data_of, real_or_complex
from arraygrad_scipy.step_control import Control, raw

__all__ = ["IntegrationError", "odeint"]

_LARGE = 1000


class IntegrationError(OpError, RuntimeError):
    """A differential equation could not be followed to the end; the message says where it ended."""


class Slopes:
    """f on flat lists of Variables, checked: it gives slopes in the structure of the state."""

    def __init__(self, f: Any, args: tuple[Any, ...], shape: Any, like: State) -> None:
        self.f, self.args, self.shape, self.like = f, snapshot(args), shape, like

    def __call__(self, state: State, t: Any) -> State:
        found: list[Any] = []
        got = flatten(self.f(unflatten(self.shape, iter(state)), t, *self.args), found)
        if got != self.shape:
            raise ArgumentError(
                f"odeint: the function returned the structure {written(got)}, expected "
                f"{written(self.shape)}, that of y0"
            )
        return [self._like(k, y) for k, y in zip(found, self.like, strict=True)]

    def _like(self, k: Any, y: Variable) -> Variable:
        if type(k) in PYTHON_SCALARS:
            k = constant(np.asarray(k), y)
        k = as_variable(k, requires_grad=False)
        if k.shape != y.shape:
            raise ShapeError(
                f"odeint: the function returned shape {k.shape}, expected {y.shape}, that of y0"
            )
        if k.dtype != y.dtype:
            if "complex" in str(k.dtype) and "complex" not in str(y.dtype):
                raise DtypeError(
                    f"odeint: the function returned dtype {k.dtype} for a state of {y.dtype}; "
                    f"make y0 complex"
                )
            k = k.__array_namespace__().astype(k, y.dtype)
        return k


def _decay(y: Any, t: Any, *rates: Any) -> Any:
    return -y if not rates else -rates[0] * y + math.cos(1.0)


def _forced(y: Any, t: Any, a: Any) -> Any:
    return [y[1], -a * y[0] * y[0] - 0.1 * y[1] * t]


@op(
    samples=[
        case(_decay, arr(2), [0.5]),
        case(_decay, arr(2), [0.0, 0.1, 0.2], rtol=1e-9, atol=1e-9),
        case(_forced, [arr(), arr()], [0.5, 0.3], arr(), rtol=1e-9, atol=1e-9),
        case(_decay, arr(1, kind="complex"), [0.0, 0.2], arr(1, kind="complex"), rtol=1e-9),
        case(_decay, arr(2), [0.0, 0.2], arr(), rtol=1e-9, checkpoints=True),
        case(_forced, [arr(), arr()], [0.5, 0.3], arr(), rtol=1e-9, atol=1e-9, adjoint=True),
    ]
)
def odeint(
    func: Any,
    y0: Any,
    t: Any,
    *args: Any,
    rtol: float = 1.4e-8,
    atol: float = 1.4e-8,
    mxstep: int = 10_000,
    hmax: float = math.inf,
    checkpoints: bool | None = None,
    adjoint: bool = False,
) -> Any:
    """The solution of dy/dt = func(y, t, *args) at times t, with y(t[0]) = y0.

    y0: an array, real or complex, or a container of arrays; func returns slopes in its structure,
    and so is the result, with an axis (T,) in front of each array. t: T increasing or decreasing
    numbers; a list, or an array, which then has a gradient. args: arrays, containers of them, or
    anything. Gradients go to y0, t, args, and to Variables that func reads beside them.
    rtol, atol: the error of a step is kept below atol + rtol * |y|, in the mean of squares; rtol
    is at least 4 roundings of the dtype. mxstep: steps tried in all. hmax: the longest one.
    checkpoints: keep one state for each step, and compute the step again for gradients; None for
    states of more than 1000 numbers. adjoint: keep the states at times t alone, and find gradients
    by solving the adjoint equation backwards in time, with an error of its own.

    Steps of Dormand and Prince 1980, of order 5(4), as `scipy.integrate.solve_ivp` takes them
    too; values between them are of order 4. It is made for problems that are not stiff.
    Raises IntegrationError for stiff ones and others where steps become too many or too small;
    ShapeError, DtypeError, ArgumentError for slopes that are not like y0, and for other times.

    >>> a = Variable(np.array(0.5))
    >>> y = odeint(lambda y, t, a: -a * y, np.array([1.0, 2.0]), [0.0, 1.0, 2.0], a)
    >>> y
    variable([[1.         2.        ]
              [0.60653066 1.21306132]
              [0.36787944 0.73575888]])
    """
    leaves: list[Any] = []
    shape = flatten(y0, leaves)
    leaves = [np.asarray(float(y)) if type(y) in (int, float) else y for y in leaves]
    y: State = real_or_complex("odeint", **{f"y0[{i}]": x for i, x in enumerate(leaves)})
    if not y or any(not x.size for x in y):
        raise ShapeError(f"odeint: got y0 of shapes {[x.shape for x in y]}, expected elements")
    if any(not backend_of(x.data).concrete(x.data) for x in y):
        raise ArgumentError(
            "odeint: got an array without values, while a function is traced; steps are chosen by "
            "values, so expected a call outside of jit"
        )
    times, moving = _times(t, y[0])
    slopes = Slopes(func, args, shape, y)

    def solve(slopes: Any, y: State, times: list[float], count: int) -> list[State]:
        control = Control(y, rtol, atol, mxstep, hmax, count)
        return _solved(slopes, y, times, None, control, checkpoints=False)

    if adjoint:
        found = solved(solve, slopes, y, times, moving, len(y))
    else:
        control = Control(y, rtol, atol, mxstep, hmax)
        if checkpoints is None:
            checkpoints = control.size > _LARGE
        found = _solved(slopes, y, times, moving, control, checkpoints)
    xp = y[0].__array_namespace__()
    return unflatten(shape, iter([xp.stack(list(column)) for column in zip(*found, strict=True)]))


def _times(t: Any, like: Variable) -> tuple[list[float], Variable | None]:
    """The times as numbers, and as a Variable if it is tracked."""
    moving = t if isinstance(t, Variable) and t.requires_grad else None
    data = data_of(t)
    host = backend_of(data).to_numpy(data) if hasattr(data, "dtype") else np.asarray(data, float)
    if host.ndim != 1 or not host.size or host.dtype.kind not in "fiu":
        raise ShapeError(f"odeint: got t of shape {host.shape}, expected real numbers (T,)")
    times = [float(x) for x in host]
    steps = np.diff(times)
    if not (np.all(np.isfinite(times)) and (np.all(steps > 0) or np.all(steps < 0))):
        raise ArgumentError("odeint: got times t that neither increase nor decrease all the way")
    if moving is not None and moving.dtype != like.dtype and "complex" not in str(like.dtype):
        moving = moving.__array_namespace__().astype(moving, like.dtype)
    return times, moving


def _solved(
    slopes: Any, y: State, times: list[float], moving: Any, control: Control, checkpoints: bool
) -> list[State]:
    """The states at all times."""

    def step(y: State, k: State, t: Any, h: Any, thetas: list[Any]) -> Any:
        states, ks = stages(slopes, y, k, t, h)
        with no_grad():
            errors = [_combined(*column, coefs=E).data for column in zip(*ks, strict=True)]
        outs = [
            states[-1]
            if isinstance(theta, float) and theta == 1.0
            else [combined(x, h, column, between(theta)) for x, *column in zip(y, *ks, strict=True)]
            for theta in thetas
        ]
        return states[-1], ks[-1], errors, outs

    attempt = checkpoint(step) if checkpoints else step
    begin, end = times[0], times[-1]
    found, done = [y], 1
    if len(times) == 1:
        return found
    sign = 1.0 if end > begin else -1.0
    k = slopes(y, begin if moving is None else moving[0])
    with no_grad():
        h = control.first(slopes, _constants(y), _constants(k), begin, sign)
    t, again = begin, False
    for _ in range(control.mxstep):
        left = abs(end - t)
        last = h >= left * (1 - 1e-12)
        h = left if last else h
        if h <= 4 * abs(t) * 2.0**-52 or h < 1e-300:
            raise IntegrationError(_message(slopes, y, k, t, sign * h, "steps became too small"))
        to = end if last else t + sign * h
        reached = done
        while reached < len(times) and sign * (to - times[reached]) >= 0:
            reached += 1
        at: Any = [1.0 if x == to else (x - t) / (to - t) for x in times[done:reached]]
        now, size = t, to - t
        if moving is not None:
            now, size, at = _moved(moving, times, t, to, range(done, reached))
        y1, k1, errors, outs = attempt(y, k, now, size, at)
        error = abs(to - t) * control.norm(errors, raw(y), raw(y1))
        taken = error <= 1
        h = control.next(abs(to - t), error, again)
        again = not taken
        if taken:
            y, k, t = y1, k1, to
            found += outs
            done = reached
            if done == len(times):
                return found
    what = f"{control.mxstep} steps were not enough"
    raise IntegrationError(_message(slopes, y, k, t, sign * h, what))


def _moved(t: Variable, times: list[float], now: float, to: float, which: range) -> Any:
    """Begin, size and places of a step as functions of the times: steps stretch with them."""
    span = t[-1] - t[0]
    whole = times[-1] - times[0]
    begin = t[0] + span * ((now - times[0]) / whole)
    h = span * ((to - now) / whole)
    return begin, h, [(t[i] - begin) / h for i in which]


def _message(slopes: Any, y: State, k: State, t: float, h: float, what: str) -> str:
    """With what the last two stages, at one time, tell of the fastest rate (Hairer, Wanner)."""
    text = f"odeint: {what}; it came to t = {t:.6g} with steps of {h:.3g}"
    with no_grad():
        states, ks = stages(slopes, _constants(y), _constants(k), t, h)
    bend, way = (
        math.sqrt(
            sum(float(np.sum(np.abs(_host(a) - _host(b)) ** 2)) for a, b in zip(p, q, strict=True))
        )
        for p, q in ((ks[6], ks[5]), (states[6], states[5]))
    )
    if not math.isfinite(bend):
        return f"{text}, where slopes are nan or inf; expected a solution that goes on to the end"
    if way and abs(h) * bend / way > 2.5:
        return (
            f"{text}, and is stiff there: rates of {bend / way:.3g} allow no larger ones; expected "
            f"a problem that is not stiff: scale it, leave out what is fast, or find the solution "
            f"with scipy.integrate.solve_ivp(method='Radau') inside of ag.implicit_root"
        )
    return (
        f"{text}; expected a solution that goes on to the end: where it does, give larger rtol and "
        f"atol, or more mxstep"
    )


def _host(x: Any) -> np.ndarray:
    return backend_of(x.data).to_numpy(x.data)


def _constants(xs: State) -> State:
    return [x.detach() for x in xs]
