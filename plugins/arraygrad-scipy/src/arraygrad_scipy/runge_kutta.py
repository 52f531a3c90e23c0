"""One step of the method of Dormand and Prince, of order 5, with what else it knows.

Dormand and Prince 1980, doi:10.1016/0771-050X(80)90013-3; values between the ends of a step, of
order 4, and the first step by Hairer, Norsett and Wanner 1993, "Solving Ordinary Differential
Equations I", II.4 and II.6.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from arraygrad.op import arr, case, op

__all__ = ["between", "combined", "stages"]

State = list[Any]
Slope = Callable[[State, Any], State]

C = (0.0, 1 / 5, 3 / 10, 4 / 5, 8 / 9, 1.0, 1.0)
A: tuple[tuple[float, ...], ...] = (
    (),
    (1 / 5,),
    (3 / 40, 9 / 40),
    (44 / 45, -56 / 15, 32 / 9),
    (19372 / 6561, -25360 / 2187, 64448 / 6561, -212 / 729),
    (9017 / 3168, -355 / 33, 46732 / 5247, 49 / 176, -5103 / 18656),
    (35 / 384, 0.0, 500 / 1113, 125 / 192, -2187 / 6784, 11 / 84),
)
B = (*A[6], 0.0)
# The difference from the embedded method of order 4.
E = (71 / 57600, 0.0, -71 / 16695, 71 / 1920, -17253 / 339200, 22 / 525, -1 / 40)
D = (
    -12715105075 / 11282082432, 0.0, 87487479700 / 32700410799, -10690763975 / 1880347072,
    701980252875 / 199316789632, -1453857185 / 822651844, 69997945 / 29380423,
)  # fmt: skip


@op(samples=[case(arr(3), arr(3), coefs=(1.0, 0.5)), case(arr(2, 2), arr(2, 2), coefs=(0.0, -2.0))])
def _combined(*xs: Any, coefs: tuple[float, ...]) -> Any:
    """Arrays of one shape added up with these factors: one node where there would be many."""
    total: Any = None
    for x, c in zip(xs, coefs, strict=True):
        if c:
            part = x if c == 1.0 else x * c
            total = part if total is None else total + part
    return total


@_combined.rule("xs")
def _(g, coefs, need):
    return [g * c if n else None for c, n in zip(coefs, need, strict=True)]


def combined(y: Any, h: Any, ks: Sequence[Any], coefs: Sequence[Any]) -> Any:
    """y + h (c0 k0 + c1 k1 + ...), where h and the factors are numbers, or Variables."""
    pairs = [(k, c) for k, c in zip(ks, coefs, strict=True) if not isinstance(c, float) or c]
    if all(isinstance(c, float) for _, c in pairs):
        ks, coefs = zip(*pairs, strict=True)
        if isinstance(h, float):
            return _combined(y, *ks, coefs=(1.0, *[h * c for c in coefs]))
        return y + h * _combined(*ks, coefs=tuple(coefs))
    total = y
    for k, c in pairs:
        total = total + (h * c) * k
    return total


def stages(f: Slope, y: State, k: State, t: Any, h: Any) -> tuple[list[State], list[State]]:
    """The states and the slopes at the seven stages of a step; k is the slope at its begin.

    The last state is the result, and its slope the first one of the next step.
    """
    states, slopes = [y], [k]
    for c, row in zip(C[1:], A[1:], strict=True):
        state = [combined(x, h, [k[i] for k in slopes], row) for i, x in enumerate(y)]
        states.append(state)
        slopes.append(f(state, t + c * h))
    return states, slopes


def between(theta: Any) -> tuple[Any, ...]:
    """The factors of the seven slopes for the state at t + theta h."""
    rest = 1.0 - theta
    factors = []
    for i, (b, d) in enumerate(zip(B, D, strict=True)):
        first, last = float(i == 0), float(i == 6)
        bend = first - b
        factors.append(theta * (b + rest * (bend + theta * (b - last - bend + rest * d))))
    return tuple(factors)
