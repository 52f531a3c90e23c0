"""The numbers of optimizers, such as step sizes, as arguments of a compiled program."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import numpy as np

from arraygrad.errors import BackendError
from arraygrad.optimizers import Optimizer


class Asked(NamedTuple):
    """One formula that an update asked for, relative to the state before the step."""

    optimizer: Optimizer
    dtype: Any
    updates: int
    age: int


class TooFew(Exception):
    """There are more numbers than room for them."""


class Numbers:
    """Which numbers the updates of a step need, and what they are now."""

    def __init__(self, optimizers: list[Optimizer], backend: Any) -> None:
        self.optimizers, self.backend = optimizers, backend
        self.asked: list[Asked] = []
        self.size = 64
        self.counts: list[tuple[Optimizer, str, int]] = []
        self.ages: list[tuple[Optimizer, str, int]] = []

    def blank(self) -> Any:
        return np.zeros(self.size)

    def now(self) -> Any:
        """The numbers for the coming call, in the order in which the trace asked for them."""
        found: list[float] = []
        for optimizer, _, updates, age in self.asked:
            before = optimizer.updates
            optimizer.updates = before + updates
            try:
                optimizer.formula(lambda v: found.append(float(v)), self.backend.xp, before + age)
            finally:
                optimizer.updates = before
        return np.array(found + [0.0] * (self.size - len(found)))

    def count(self) -> None:
        """What the step counts in Python's numbers."""
        for optimizer, name, n in self.counts:
            setattr(optimizer, name, getattr(optimizer, name) + n)
        for optimizer, name, n in self.ages:
            optimizer._ages[name] = optimizer._ages.get(name, 0) + n

    @contextmanager
    def fed(self, numbers: Any) -> Iterator[None]:
        """Inside, formulas get parts of `numbers` in the place of numbers of Python."""
        self.asked = []
        i = 0
        before = [
            ({name: getattr(x, name) for name in x.counters}, dict(x._ages))
            for x in self.optimizers
        ]

        def formula_of(optimizer: Optimizer, start: int) -> Any:
            def formula(backend: Any, dtype: Any, t: int) -> Any:
                updates = optimizer.updates - start
                self.asked.append(Asked(optimizer, dtype, updates, t - start))

                def number(value: float) -> Any:
                    nonlocal i
                    float(value)  # it must not depend on what is traced
                    if i == self.size:
                        raise TooFew
                    i += 1
                    return numbers[i - 1].astype(dtype)

                return optimizer.formula(number, backend.xp, t)

            return formula

        for optimizer in self.optimizers:
            if type(optimizer).update_one is Optimizer.update_one:
                vars(optimizer)["_formula"] = formula_of(optimizer, optimizer.updates)
            else:
                optimizer.updates = Unread(optimizer.updates)
        yield  # after an error all is put back by `kept`
        self.counts, self.ages = [], []
        for optimizer, (counters, ages) in zip(self.optimizers, before, strict=True):
            for name, value in counters.items():
                n = int.__sub__(getattr(optimizer, name), value)
                self.counts.append((optimizer, name, n))
            for name, age in optimizer._ages.items():
                self.ages.append((optimizer, name, age - ages.get(name, 0)))


class Unread(int):
    """A count of updates that may go on but not be read: what is read would be compiled in."""

    def __add__(self, other: int) -> Unread:
        return Unread(int.__add__(self, other))


def _refuse(self: Unread, *others: Any) -> Any:
    raise BackendError(
        "jit: got an optimizer whose update_one reads its count of updates, directly or by a "
        "schedule, expected one with a formula, whose numbers can change from call to call; see "
        "Optimizer.formula"
    )


_READING = (
    "lt le gt ge eq radd sub rsub mul rmul truediv rtruediv floordiv mod pow rpow float int index "
    "neg bool"
)
for _name in _READING.split():
    setattr(Unread, f"__{_name}__", _refuse)
Unread.__hash__ = int.__hash__  # type: ignore[method-assign]
