"""Truth: one sample of an op in float64 on NumPy, with gradients that differences confirm."""

from __future__ import annotations

import math
import zlib
from collections.abc import Sequence
from functools import cached_property
from typing import Any

import numpy as np

from arraygrad import registry
from arraygrad.autodiff import grad
from arraygrad.op import Definition, arr, case
from arraygrad.testing.places import close, on_host
from arraygrad.testing.recipes import drawn, drawn_complex, filled
from arraygrad.variable import Variable

Told = list[tuple[bool, str]]


class Truth:
    """One sample in double precision on NumPy: its inputs, its results and its gradients.

    Gradients are those of a real number, the sum of all results that have gradients, weighted
    with `gs`, and of complex results the real part of that. The gradient of a real L at a complex
    x is dL/dRe(x) + i dL/dIm(x).
    """

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
        ys = self.call([Variable(v.copy()) for v in self.values])
        self.noisy = _drawn()
        self.outs = [_values(y) for y in ys]
        self.gs = [
            self._weights(out) if _tracked(y) and out.dtype.kind in "fc" else None
            for y, out in zip(ys, self.outs, strict=True)
        ]
        self.smooth = any(g is not None for g in self.gs)
        self.ds = [self._weights(self.values[i]) for i in self.moving]
        found = (*self.values, *self.outs)
        self.complex = any(x.dtype.kind == "c" for x in found)

    def _draw(self, value: Any, constant: bool) -> None:
        if isinstance(value, arr):
            if value.kind in ("real", "complex") and not constant:
                self.moving.append(len(self.values))
            self.values.append(drawn(value, self.rng))
        elif isinstance(value, list | tuple):
            for part in value:
                self._draw(part, constant)

    def _weights(self, x: np.ndarray) -> np.ndarray:
        if x.dtype.kind == "c":
            return drawn_complex(self.rng, 0.5, 1.5, x.shape)
        return np.asarray(self.rng.uniform(0.5, 1.5, x.shape))

    def call(self, arrays: Sequence[Any]) -> list[Any]:
        """The results of the op on the sample, with these arrays in place of the recipes."""
        np.random.seed(0)
        remaining = iter(arrays)
        bound = self.op.definition.public.bind(*self.sample.args, **self.sample.kwargs)
        for name, value in bound.arguments.items():
            bound.arguments[name] = filled(value, remaining)
        result = self.op(*bound.args, **bound.kwargs)
        return in_a_row(result if self.sample.seen is None else self.sample.seen(result))

    def total(self, ys: Sequence[Any], make: Any) -> Variable:
        """The real number whose gradients are compared."""
        return _sum_of(ys, self.gs, make)

    def first_gradients(self, values: Sequence[Any], make: Any) -> tuple[list[Any], list[Any]]:
        """The results, and the gradients of their total, by rules on raw arrays."""
        xs = [Variable(v) for v in values]
        ys = self.call(xs)
        if not self.smooth:
            return ys, []
        self.total(ys, make).backward()
        return ys, [None if (gx := xs[i].grad) is None else gx.data for i in self.moving]

    def from_result(self, values: Sequence[Any]) -> list[Any]:
        """Gradients of the only result by its own `backward`, where rules get an array of ones."""
        xs = [Variable(v) for v in values]
        (y,) = self.call(xs)
        y.backward()
        return [None if (gx := xs[i].grad) is None else gx.data for i in self.moving]

    def gradients(self, values: Sequence[Any], make: Any) -> tuple[list[Any], list[Any]]:
        """First gradients of the total by rules on Variables, and second ones along `ds`."""
        xs = [Variable(v) for v in values]
        moving = [xs[i] for i in self.moving]
        self.total(self.call(xs), make).backward(create_graph=True)
        first = [x.grad for x in moving]
        curved = [gx if gx is not None and gx.creator is not None else None for gx in first]
        ds = [None if gx is None else d for gx, d in zip(curved, self.ds, strict=True)]
        for x in moving:
            x.cleargrad()
        if any(d is not None for d in ds):
            _sum_of(curved, ds, make).backward()
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
        """The results against the NumPy function that the op names, if it names one."""
        reference = self.op.definition.reference
        if reference is None:
            return []
        function = getattr(np, reference) if isinstance(reference, str) else reference
        remaining = iter(self.values)
        args = [filled(a, remaining) for a in self.sample.args]
        kwargs = {k: filled(v, remaining) for k, v in self.sample.kwargs.items()}
        expected: Any = function(*args, **kwargs)
        if self.sample.seen is not None:
            expected = self.sample.seen(expected)
        wanted = [_values(y) for y in in_a_row(expected)]
        right = len(wanted) == len(self.outs) and all(
            close(out, x, 1e-9) for out, x in zip(self.outs, wanted, strict=True)
        )
        return [(right, f"{self.where}: forward differs from reference")]

    @cached_property
    def by_grad(self) -> Told:
        """With complex numbers, whether `grad` gives the gradients that `backward` gives."""
        if not (self.complex and self.smooth and self.moving):
            return []

        def total(*moving: Any) -> Variable:
            arrays: list[Any] = [Variable(v) for v in self.values]
            for i, x in zip(self.moving, moving, strict=True):
                arrays[i] = x
            return self.total(self.call(arrays), _same)

        places = tuple(range(len(self.moving)))
        found = grad(total, argnums=places)(*(self.values[i] for i in self.moving))
        text = f"{self.where}: grad gives another gradient of input {{}} than backward"
        told = []
        for i, gx, right in zip(self.moving, found, self.first, strict=True):
            told.append((close(on_host(gx), np.zeros_like(gx) if right is None else right, 1e-9),
                         text.format(i)))  # fmt: skip
        return told

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
        text = "{}: gradient of order {} of input {}{} is {!r} along a direction, "
        text += "differences give {!r}"
        for k, i in enumerate(self.moving) if self.smooth else ():
            value = self.values[i]
            e = self.rng.uniform(-1, 1, value.shape)
            ways: dict[str, np.ndarray] = {"": e}
            if value.dtype.kind == "c":  # each part alone, so that a wrong sign is told from others
                ways = {" (real part)": e, " (imaginary part)": 1j * e}
            for part, way in ways.items():
                ends = []
                for sign in (step, -step):
                    moved = [v.copy() for v in self.values]
                    moved[i] = moved[i] + sign * way
                    ends.append(self._scalar(moved, order))
                numeric = (ends[0] - ends[1]) / (2 * step)
                analytic = self.both[order - 1][k]
                exact = 0.0
                if analytic is not None:
                    exact = float(np.sum(np.conj(np.asarray(analytic)) * way).real)
                right = math.isclose(numeric, exact, rel_tol=1e-5, abs_tol=1e-6)
                told.append((right, text.format(self.where, order, i, part, exact, numeric)))
        return told

    def _scalar(self, values: Sequence[np.ndarray], order: int) -> float:
        weights: Sequence[Any] = self.ds
        found: Sequence[Any]
        if order == 1:
            weights, found = self.gs, self.call([Variable(v) for v in values])
        else:
            found, _ = self.gradients(values, _same)
        pairs = zip(found, weights, strict=True)
        return float(sum(np.sum(_values(x) * w).real for x, w in pairs if _both(x, w)))


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


def in_a_row(result: Any) -> list[Any]:
    """The results of an op: one, or all in tuples, lists and named tuples; None is no result."""
    if isinstance(result, tuple | list):
        return [y for part in result for y in in_a_row(part)]
    return [] if result is None else [result]


def _values(y: Any) -> np.ndarray:
    y = y.data if isinstance(y, Variable) else y
    return on_host(y) if hasattr(y, "dtype") and hasattr(y, "shape") else np.asarray(y)


def _tracked(y: Any) -> bool:
    return isinstance(y, Variable) and y.creator is not None


def _both(x: Any, w: Any) -> bool:
    return x is not None and w is not None


def _sum_of(xs: Sequence[Any], weights: Sequence[Any], make: Any) -> Variable:
    """The real part of the sum of all elements of `xs`, weighted; None has no part in it."""
    total: Any = None
    for x, w in zip(xs, weights, strict=True):
        if w is not None:
            term = (x * make(w)).sum()
            if w.dtype.kind == "c":
                from arraygrad.functions import real

                term = real(term)
            total = term if total is None else total + term
    return total


def _drawn() -> bool:
    """Whether numbers were drawn from NumPy's generator since it got the seed 0."""
    state: Any = np.random.get_state()
    np.random.seed(0)
    seeded: Any = np.random.get_state()
    np.random.set_state(state)
    return state[2] != seeded[2] or not np.array_equal(state[1], seeded[1])


def _same(x: Any) -> Any:
    return x
