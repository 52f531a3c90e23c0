"""Truth: one sample of an op in float64 on NumPy, with gradients that differences confirm."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Iterator, Sequence
from functools import cached_property
from typing import Any

import numpy as np

from arraygrad import registry
from arraygrad.op import Definition, arr, case
from arraygrad.testing.places import close, on_host
from arraygrad.variable import Variable

Told = list[tuple[bool, str]]


class Truth:
    """One sample in float64 on NumPy: its inputs, its result and its gradients."""

    def __init__(self, op: Any, sample: case, seed: int) -> None:
        self.op, self.sample = op, sample
        self.where = f"{op.definition.name} {sample}"
        self.rng = np.random.default_rng(seed)
        self.values: list[np.ndarray] = []  # of the arrays, in order of appearance
        self.moving: list[int] = []  # which of them are differentiated
        constant = op.definition.constant
        bound = op.definition.public.bind(*sample.args, **sample.kwargs)
        for name, value in bound.arguments.items():
            self._draw(value, name in constant)
        y = self.call([Variable(v.copy()) for v in self.values])
        self.out = on_host(y.data)
        self.smooth = y.creator is not None and self.out.dtype.kind in "fc"
        self.g = self.rng.uniform(0.5, 1.5, self.out.shape)
        self.ds = [self.rng.uniform(0.5, 1.5, self.values[i].shape) for i in self.moving]

    def _draw(self, value: Any, constant: bool) -> None:
        if isinstance(value, arr):
            if value.kind == "real" and not constant:
                self.moving.append(len(self.values))
            self.values.append(drawn(value, self.rng))
        elif isinstance(value, list | tuple):
            for part in value:
                self._draw(part, constant)

    def call(self, arrays: Sequence[Any]) -> Variable:
        """The op on the sample, with these arrays in place of the recipes."""
        np.random.seed(0)
        remaining = iter(arrays)
        bound = self.op.definition.public.bind(*self.sample.args, **self.sample.kwargs)
        for name, value in bound.arguments.items():
            bound.arguments[name] = filled(value, remaining)
        y = self.op(*bound.args, **bound.kwargs)
        return _end_to_end(y) if isinstance(y, tuple | list) else y

    def first_gradients(self, values: Sequence[Any], make: Any) -> tuple[Variable, list[Any]]:
        """The result, and the gradients of sum(g * y), by rules on raw arrays."""
        xs = [Variable(v) for v in values]
        y = self.call(xs)
        if not self.smooth:
            return y, []
        (y * make(self.g)).sum().backward()
        return y, [None if (gx := xs[i].grad) is None else gx.data for i in self.moving]

    def gradients(self, values: Sequence[Any], make: Any) -> tuple[list[Any], list[Any]]:
        """First gradients of sum(g * y) by rules on Variables, and second ones along `ds`."""
        xs = [Variable(v) for v in values]
        moving = [xs[i] for i in self.moving]
        y = self.call(xs)
        (y * make(self.g)).sum().backward(create_graph=True)
        first = [x.grad for x in moving]
        along: Any = None
        for gx, d in zip(first, self.ds, strict=True):
            if gx is not None and gx.creator is not None:
                term = (gx * make(d)).sum()
                along = term if along is None else along + term
        for x in moving:
            x.cleargrad()
        if along is not None:
            along.backward()
        second = [x.grad for x in moving]
        for x in moving:
            x.cleargrad()
        return (
            [None if gx is None else gx.data for gx in first],
            [None if gx is None else gx.data for gx in second],
        )

    @cached_property
    def both(self) -> tuple[list[Any], list[Any]]:
        """The first and the second gradients."""
        return self.gradients(self.values, _same) if self.smooth else ([], [])

    @property
    def first(self) -> list[Any]:
        return self.both[0]

    @property
    def second(self) -> list[Any]:
        return self.both[1]

    @cached_property
    def reference(self) -> Told:
        """The result against the NumPy function that the op names, if it names one."""
        reference = self.op.definition.reference
        if reference is None:
            return []
        function = getattr(np, reference) if isinstance(reference, str) else reference
        remaining = iter(self.values)
        args = [filled(a, remaining) for a in self.sample.args]
        expected = np.asarray(function(*args, **self.sample.kwargs))
        right = close(self.out, expected, 1e-9)
        return [(right, f"{self.where}: forward differs from reference")]

    @cached_property
    def differences(self) -> dict[int, Told]:
        """order -> the gradients against central differences, along a direction for each input."""
        return {1: self._differences(1), 2: self._differences(2)}

    @cached_property
    def first_differences(self) -> Told:
        """As `differences`, of the first gradients alone."""
        return self._differences(1)

    def _differences(self, order: int, step: float = 1e-6) -> Told:
        told: Told = []
        text = "{}: gradient of order {} of input {} is {!r} along a direction, "
        text += "differences give {!r}"
        for k, i in enumerate(self.moving) if self.smooth else ():
            e = self.rng.uniform(-1, 1, self.values[i].shape)
            ends = []
            for sign in (step, -step):
                moved = [v.copy() for v in self.values]
                moved[i] = moved[i] + sign * e
                ends.append(self._scalar(moved, order))
            numeric = (ends[0] - ends[1]) / (2 * step)
            analytic = self.both[order - 1][k]
            exact = 0.0 if analytic is None else float(np.sum(np.asarray(analytic) * e))
            right = math.isclose(numeric, exact, rel_tol=1e-5, abs_tol=1e-6)
            told.append((right, text.format(self.where, order, i, exact, numeric)))
        return told

    def _scalar(self, values: Sequence[np.ndarray], order: int) -> float:
        if order == 1:
            return float(np.sum(self.call([Variable(v) for v in values]).data * self.g))
        first, _ = self.gradients(values, _same)
        pairs = zip(first, self.ds, strict=True)
        return float(sum(np.sum(gx * d) for gx, d in pairs if gx is not None))


class Truths:
    """The truths of ops, kept because the places of one op are often checked one by one."""

    def __init__(self) -> None:
        self._found: dict[Definition, tuple[Any, dict[str, Truth | Exception]]] = {}

    def of(self, op: Any, sample: case, name: str) -> Truth:
        """The truth of a sample; raises what the op raises."""
        definition: Definition = op.definition
        rules = (*definition.rules.values(), *definition.recomputed.values())
        key, found = self._found.get(definition, (None, {}))
        if key != rules:  # rules were added since
            if len(self._found) > 300:
                self._found.clear()
            found = {}
            self._found[definition] = rules, found
        if name not in found:
            seed = zlib.crc32(f"{definition.name}{name}".encode())
            try:
                found[name] = Truth(op, sample, seed)
            except Exception as error:
                found[name] = error
        truth = found[name]
        if isinstance(truth, Exception):
            raise truth
        return truth

    def forget(self) -> None:
        """Compute anew: kernels may have changed."""
        self._found.clear()


truths = Truths()
registry.on_change.append(truths.forget)


def _same(x: Any) -> Any:
    return x


def drawn(recipe: arr, rng: np.random.Generator) -> np.ndarray:
    """The values of a sample array."""
    if recipe.kind == "real":
        return np.asarray(rng.uniform(recipe.low, recipe.high, recipe.shape))
    if recipe.kind == "int":
        return np.asarray(rng.integers(int(recipe.low), int(recipe.high), recipe.shape))
    return np.asarray(rng.uniform(size=recipe.shape) > 0.5)


def filled(value: Any, arrays: Iterator[Any]) -> Any:
    """`value` with the next arrays in place of recipes, also in lists and tuples."""
    if isinstance(value, arr):
        return next(arrays)
    if isinstance(value, list | tuple):
        return type(value)(filled(part, arrays) for part in value)
    return value


def reshaped(sample: case, change: Callable[[int, arr], tuple[int, ...]]) -> case:
    """The sample with other shapes: `change` gets the number and the recipe of each array."""
    count = iter(range(1000))

    def other(value: Any) -> Any:
        if isinstance(value, arr):
            shape = change(next(count), value)
            return arr(*shape, low=value.low, high=value.high, kind=value.kind)
        if isinstance(value, list | tuple):
            return type(value)(map(other, value))
        return value

    args = [other(a) for a in sample.args]
    return case(*args, **{k: other(v) for k, v in sample.kwargs.items()})


def recipes(sample: case) -> list[arr]:
    """The recipes of the arrays of a sample, in order."""
    found: list[arr] = []
    reshaped(sample, lambda _, a: found.append(a) or a.shape)  # type: ignore[func-returns-value]
    return found


def _end_to_end(ys: Sequence[Variable]) -> Variable:
    """Several results as one, so that all of them are checked; constants beside others not."""
    from arraygrad.functions import concat, reshape

    return concat([reshape(y, (-1,)) for y in ys if y.requires_grad or len(ys) == 1])
