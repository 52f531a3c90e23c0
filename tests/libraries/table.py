"""One entry for each call of another library: its text, and the arrays that it gets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any
from zlib import crc32

import numpy as np

Draw = Callable[[np.random.Generator], np.ndarray]


@dataclass(frozen=True)
class Arg:
    """How an argument is drawn; only floats and complex numbers that vary are differentiated."""

    draw: Draw
    varies: bool = True


@dataclass
class Call:
    """A call: `text` is Python code in terms of the arguments, evaluated among `names`."""

    area: str
    text: str
    args: dict[str, Arg]
    names: dict[str, Any] = field(repr=False)
    # How close to differences the first and the second derivative must come.
    rtol: float = 1e-5
    # One of those that the ordinary tests run.
    chosen: bool = False

    def function(self) -> Callable[..., Any]:
        """The call as a function of its arrays."""
        return eval(f"lambda {', '.join(self.args)}: {self.text}", self.names)

    def arrays(self) -> list[np.ndarray]:
        """The same numbers each time, other ones for each call."""
        rng = np.random.default_rng(crc32(self.text.encode()))
        return [np.asarray(arg.draw(rng)) for arg in self.args.values()]


AREAS: list[Area] = []


class Area:
    """Calls of one library, or of one part of it."""

    def __init__(self, name: str, names: dict[str, Any]) -> None:
        self.name, self.names = name, names
        self.calls: list[Call] = []
        AREAS.append(self)

    def __call__(self, text: str, *, rtol: float = 1e-5, chosen: bool = False, **args: Arg) -> None:
        self.calls.append(Call(self.name, text, args, self.names, rtol, chosen))


def normal(*shape: int) -> Arg:
    """Normal numbers."""
    return Arg(lambda rng: rng.normal(size=shape))


def uniform(low: float, high: float, *shape: int) -> Arg:
    """Numbers between two others."""
    return Arg(lambda rng: rng.uniform(low, high, shape))


def positive(*shape: int) -> Arg:
    """Numbers between 0.3 and 2."""
    return uniform(0.3, 2, *shape)


def complex_(*shape: int) -> Arg:
    """Complex normal numbers."""
    return Arg(lambda rng: rng.normal(size=shape) + 1j * rng.normal(size=shape))


def fixed(value: Any) -> Arg:
    """An array that is not differentiated: a constant."""
    return Arg(lambda rng: np.asarray(value), varies=False)


def still(arg: Arg) -> Arg:
    """The same numbers as a constant."""
    return Arg(arg.draw, varies=False)


def given(value: Any) -> Arg:
    """The array with these numbers."""
    return Arg(lambda rng: np.asarray(value))


def increasing(*shape: int, gap: float = 0.3) -> Arg:
    """Increasing numbers along the last axis."""
    return Arg(lambda rng: np.cumsum(rng.uniform(gap, 1, shape), axis=-1))
