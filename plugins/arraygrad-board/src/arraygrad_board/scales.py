"""Axes: from values to places, with ticks at round numbers."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from typing import NamedTuple

_LEAST = 1e-300  # what is smaller has fewer digits, or none


class Scale(NamedTuple):
    """Where values lie between 0 and 1 (None: nowhere), and which have a tick with a text."""

    place: Callable[[float], float | None]
    ticks: list[tuple[float, str]]
    low: float
    high: float


def linear(values: Iterable[float], count: int = 6, margin: float = 0.04) -> Scale:
    """A linear scale over all finite values.

    >>> [text for place, text in linear([0.0, 1.0]).ticks]
    ['0.0', '0.2', '0.4', '0.6', '0.8', '1.0']
    """
    finite = [value for value in values if math.isfinite(value)] or [0.0, 1.0]
    low, high = min(finite), max(finite)
    # Halves, because the whole range of floating point numbers is not one of them.
    half = high / 2 - low / 2
    if half <= abs(high) * 1e-12 or half < 1e-290:
        half = abs(high) * 0.05 if abs(high) > 1e-280 else 0.5
        low, high = low - half, high + half
    else:
        low, high = low - half * margin * 2, high + half * margin * 2
    low, high = max(low, -1.7e308), min(high, 1.7e308)
    half = high / 2 - low / 2

    def place(value: float) -> float | None:
        return (value / 2 - low / 2) / half if math.isfinite(value) else None

    distance = _round_distance(half / count * 2 if half < 1e300 else half / count)
    first, last = math.ceil(low / distance), math.floor(high / distance)
    ticks = [n * distance for n in range(first, last + 1)]
    labels = _labels(ticks, distance)
    marked = [(_sure(place(tick)), label) for tick, label in zip(ticks, labels, strict=True)]
    return Scale(place, marked, low, high)


def whole(values: Iterable[int], count: int = 5) -> Scale:
    """A linear scale over whole numbers from the first to the last, without a margin.

    >>> [text for place, text in whole([0, 20000]).ticks]
    ['0', '5k', '10k', '15k', '20k']
    """
    found = list(values) or [0]
    low, high = min(found), max(found)
    span = high - low or 1

    def place(value: float) -> float | None:
        return (value - low) / span if high > low else 0.5

    distance = max(1, round(_round_distance(span / count)))
    ticks = range(-(-low // distance) * distance, high + 1, distance)
    return Scale(place, [(_sure(place(tick)), short(tick)) for tick in ticks], low, high)


def logarithmic(values: Iterable[float]) -> Scale | None:
    """A logarithmic scale over the values above zero; None if there is none, or just one.

    >>> [text for place, text in logarithmic([0.01, 1.0]).ticks]
    ['0.01', '0.1', '1']
    """
    positive = [value for value in values if _LEAST < value < math.inf]
    if not positive or min(positive) == max(positive):
        return None
    low, high = math.log10(min(positive)), math.log10(max(positive))
    margin = max((high - low) * 0.04, 0.01)
    low, high = low - margin, high + margin

    def place(value: float) -> float | None:
        return (math.log10(value) - low) / (high - low) if _LEAST < value < math.inf else None

    exponents = range(math.ceil(low), math.floor(high) + 1)
    every = max(1, -(-len(exponents) // 6))
    ticks = [float(f"1e{n}") for n in exponents if n % every == 0 and -307 <= n <= 308]
    if len(ticks) < 2:
        if high - low < 0.3:  # less than a factor of two: as straight as a linear one
            found = linear(positive).ticks
            inner = [(float(word), word) for _, word in found]
            return Scale(place, [(p, t) for v, t in inner if (p := place(v)) is not None
                                 and 0 <= p <= 1], low, high)  # fmt: skip
        steps = (1, 2, 5) if high - low > 0.8 else (1, 1.5, 2, 3, 4, 5, 6, 7, 8)
        tens = range(math.floor(low), math.ceil(high) + 1)
        ticks = [m * 10.0**n for n in tens for m in steps]
        ticks = [tick for tick in ticks if low <= math.log10(tick) <= high]
    return Scale(place, [(_sure(place(tick)), text(tick)) for tick in ticks], low, high)


def text(value: float) -> str:
    """A number for an axis or a table, with four digits that count.

    >>> text(0.1234567), text(1e-7), text(1234567.0), text(-2.0)
    ('0.1235', '1e-7', '1.235e6', '-2')
    """
    if not math.isfinite(value):
        return str(value)
    size = abs(value)
    if value and (size >= 1e5 or size < 1e-3):
        mantissa, _, exponent = f"{value:.3e}".partition("e")
        return f"{mantissa.rstrip('0').rstrip('.')}e{int(exponent)}"
    return f"{value + 0.0:.4g}"


def short(step: int) -> str:
    """A step for an axis: 1500 is 1.5k."""
    for factor, letter in ((10**9, "G"), (10**6, "M"), (10**3, "k")):
        if step >= factor and step % (factor // 10) == 0:
            return f"{step / factor:.12g}{letter}"
    return str(step)


def _round_distance(rough: float) -> float:
    power = 10.0 ** math.floor(math.log10(rough)) if rough > 1e-300 else 1e-300
    for factor in (1, 2, 5):
        if factor * power >= rough * 0.999:
            return factor * power
    return 10 * power


def _labels(ticks: list[float], distance: float) -> list[str]:
    """The ticks as texts of one form, with as many digits as tell them apart."""
    largest = max(map(abs, ticks), default=0.0)
    if 1e-3 <= largest < 1e6:
        digits = max(0, -math.floor(math.log10(distance) + 1e-9))
        return [f"{tick + 0.0:.{digits}f}" for tick in ticks]
    if not 0 < largest < math.inf:
        return [text(tick) for tick in ticks]
    digits = max(0, math.ceil(math.log10(largest) - math.log10(distance) - 1e-9))
    parts = [f"{tick:.{digits}e}".partition("e") for tick in ticks]
    return [
        f"{number}e{int(exponent)}" if tick else "0"
        for tick, (number, _, exponent) in zip(ticks, parts, strict=True)
    ]


def _sure(place: float | None) -> float:
    return 0.0 if place is None else place
