"""Schedules: how a learning rate changes with the number of updates.

A schedule is a function of the number of updates made, a factor that begins at 1 (or ends there,
for a warm-up); numbers and schedules multiply to schedules. It goes where the rate goes:

    SGD(lr=0.1 * Warmup(100) * CosineDecay(10_000))

It has no state of its own: the optimizer counts its updates, and saves the count with its state.
Any function of the number of updates will do, too.
"""

from __future__ import annotations

import math
from typing import Any

from arraygrad.errors import ArgumentError


class Schedule:
    """A factor for the learning rate, as a function of the number of updates made before.

    >>> half = 0.5 * StepDecay(every=10)
    >>> half(0), half(10)
    (0.5, 0.05)
    """

    def __call__(self, updates: int) -> float:
        """The factor for the next update, after so many."""
        raise NotImplementedError(
            f"{type(self).__name__} has no __call__(self, updates): define it"
        )

    def __mul__(self, other: Any) -> Schedule:
        return Product(self, other)

    def __rmul__(self, other: Any) -> Schedule:
        return Product(other, self)

    def __repr__(self) -> str:
        words = [f"{name}={value!r}" for name, value in vars(self).items()]
        return f"{type(self).__name__}({', '.join(words)})"


class Product(Schedule):
    """The product of numbers and schedules; what ``*`` makes.

    >>> Product(0.1, Warmup(2), ExponentialDecay(0.5))(1)
    0.05
    """

    def __init__(self, *factors: Any) -> None:
        self.factors: list[Any] = []
        for factor in factors:
            if isinstance(factor, Product):
                self.factors += factor.factors
            elif callable(factor):
                self.factors.append(factor)
            else:
                self.factors.append(float(factor))

    def __call__(self, updates: int) -> float:
        return math.prod(f(updates) if callable(f) else f for f in self.factors)

    def __repr__(self) -> str:
        return " * ".join(map(repr, self.factors))


class StepDecay(Schedule):
    """factor ** (updates // every): a step down every so many updates.

    Raises ArgumentError unless `every` is at least 1.

    >>> lr = StepDecay(every=30, factor=0.1)
    >>> lr(0), lr(29), lr(30)
    (1.0, 1.0, 0.1)
    """

    def __init__(self, every: int, factor: float = 0.1) -> None:
        self.every = _count("StepDecay", "every", every)
        self.factor = float(factor)

    def __call__(self, updates: int) -> float:
        return self.factor ** (updates // self.every)


class ExponentialDecay(Schedule):
    """factor ** updates: the same fraction less at each update.

    >>> ExponentialDecay(0.5)(3)
    0.125
    """

    def __init__(self, factor: float) -> None:
        self.factor = float(factor)

    def __call__(self, updates: int) -> float:
        return self.factor**updates


class CosineDecay(Schedule):
    """From 1 down to `end` along half a wave of the cosine; constant before `start`, and after.

    steps: how many updates the way down takes; start: after how many updates it begins.
    Raises ArgumentError unless `steps` is at least 1.

    Loshchilov and Hutter, "SGDR: Stochastic Gradient Descent with Warm Restarts" (2017),
    arXiv:1608.03983.

    >>> lr = CosineDecay(steps=100)
    >>> lr(0), round(lr(50), 3), lr(100), lr(200)
    (1.0, 0.5, 0.0, 0.0)
    """

    def __init__(self, steps: int, end: float = 0.0, start: int = 0) -> None:
        self.steps = _count("CosineDecay", "steps", steps)
        self.end = float(end)
        self.start = int(start)

    def __call__(self, updates: int) -> float:
        part = min(max(updates - self.start, 0) / self.steps, 1.0)
        return self.end + (1 - self.end) * (1 + math.cos(math.pi * part)) / 2


class Warmup(Schedule):
    """(updates + 1) / steps until that is 1, then 1: small steps first.

    Raises ArgumentError unless `steps` is at least 1.

    Goyal et al., "Accurate, Large Minibatch SGD" (2017), arXiv:1706.02677.

    >>> lr = Warmup(steps=4)
    >>> lr(0), lr(1), lr(3), lr(100)
    (0.25, 0.5, 1.0, 1.0)
    """

    def __init__(self, steps: int) -> None:
        self.steps = _count("Warmup", "steps", steps)

    def __call__(self, updates: int) -> float:
        return min((updates + 1) / self.steps, 1.0)


def _count(who: str, name: str, value: Any) -> int:
    if int(value) != value or value < 1:
        raise ArgumentError(f"{who}: {name} is {value!r}; expected a whole number from 1 on")
    return int(value)
