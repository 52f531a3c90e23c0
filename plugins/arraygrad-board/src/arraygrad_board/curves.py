"""From numbers by name to pictures: what belongs together, smoothed, and thinned out."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, field

from arraygrad_board.runs import Run

MOST_BUCKETS = 250  # for each two points, of a line a few hundred pixels wide
FEWEST_TO_SMOOTH = 100
MOST_MARKS = 40

HELD_OUT = "held-out"
Point = tuple[int, float]

_PARTS = {
    "train": "train",
    "training": "train",
    "test": HELD_OUT,
    "testing": HELD_OUT,
    "val": HELD_OUT,
    "valid": HELD_OUT,
    "validation": HELD_OUT,
    "eval": HELD_OUT,
    "dev": HELD_OUT,
    "heldout": HELD_OUT,
}
_WORD = "|".join(sorted(_PARTS, key=len, reverse=True))
_BEFORE = re.compile(rf"^({_WORD})[/_.\- ](.+)$", re.IGNORECASE)
_BEHIND = re.compile(rf"^(.+)[/_.\- ]({_WORD})$", re.IGNORECASE)
_FIRST = ("loss", "accuracy", "lr", "learning_rate", "learning rate")


@dataclass
class Line:
    """One line of a chart; points that are not finite are gaps, and `marks` says where."""

    run: int
    part: str
    color: int
    is_dashed: bool
    points: list[Point]
    smooth: list[Point]
    last: Point
    best: Point | None
    marks: list[Point]
    bad: int


@dataclass
class Chart:
    """Lines that share their axes."""

    title: str
    step_word: str
    lines: list[Line] = field(default_factory=list)


def charts(runs: Sequence[Run], smoothing: float | None = None) -> list[Chart]:
    """The charts of all numbers, loss and accuracy first; smoothing: from 0 to 1, None: by length.

    >>> from pathlib import Path
    >>> run = Run(Path("a"), "a", {"train_loss": [(0, 2.0), (1, 1.0)], "test_loss": [(1, 1.5)]})
    >>> [(chart.title, [line.part for line in chart.lines]) for chart in charts([run])]
    [('loss', ['train', 'held-out'])]
    """
    found: dict[str, Chart] = {}
    for i, run in enumerate(runs):
        names = list(run.scalars)
        kinds = [split(name) for name in names]
        for name, (title, part) in sorted(zip(names, kinds, strict=True), key=_part_rank):
            word = run.step_words.get(name, "step")
            chart = found.setdefault(title, Chart(title, word))
            if chart.step_word != word:
                chart.step_word = "step or epoch"
            # One run may have both "val" and "test", which are held out: then its own words.
            shown = part if kinds.count((title, part)) == 1 else name
            line = _line(i, shown, run.scalars[name], title, smoothing)
            line.is_dashed = part == HELD_OUT
            line.color = i if len(runs) > 1 else _color(part, chart)
            chart.lines.append(line)
    return sorted(found.values(), key=_rank)


def _part_rank(named: tuple[str, tuple[str, str]]) -> int:
    return ("train", "", HELD_OUT).index(named[1][1])


def _color(part: str, chart: Chart) -> int:
    """Of a single run: the first for train, the second for held-out, others as they come."""
    taken = {line.color for line in chart.lines}
    wanted = int(part == HELD_OUT)
    return wanted if wanted not in taken else max(2, max(taken) + 1)


def split(name: str) -> tuple[str, str]:
    """The title of the chart and the part of the data that a name speaks of, or "".

    >>> split("train/loss"), split("accuracy_val"), split("lr")
    (('loss', 'train'), ('accuracy', 'held-out'), ('lr', ''))
    """
    if match := _BEFORE.match(name):
        return match[2], _PARTS[match[1].lower()]
    if match := _BEHIND.match(name):
        return match[1], _PARTS[match[2].lower()]
    return name, ""


def smoothed(points: Sequence[Point], weight: float) -> list[Point]:
    """The running average in which each point counts `weight` times as much as the next one.

    The first points are not pulled towards zero; what is not finite is left out.

    >>> smoothed([(0, 1.0), (1, 3.0)], 0.5)
    [(0, 1.0), (1, 2.3333333333333335)]
    """
    found, total, norm = [], 0.0, 0.0
    for step, value in points:
        if math.isfinite(value):
            total = total * weight + value * (1 - weight)
            norm = norm * weight + 1 - weight
            found.append((step, total / norm))
        else:
            found.append((step, math.nan))
    return found


def thinned(points: Sequence[Point], buckets: int = MOST_BUCKETS) -> list[Point]:
    """At most a few points for each bucket: the lowest, the highest and a gap; all, if few.

    Steps are shared out evenly, so that a spike of a single step stays what it is.

    >>> thinned([(i, 9.0 if i == 500 else 1.0) for i in range(1000)], buckets=2)
    [(0, 1.0), (500, 9.0), (501, 1.0), (999, 1.0)]
    """
    if len(points) <= 2 * buckets:
        return list(points)
    first, last = points[0][0], points[-1][0]
    width = (last - first + 1) / buckets
    kept: list[Point] = [points[0]]
    bucket: list[Point] = []
    current = 0
    for point in points:
        number = int((point[0] - first) / width)
        if number != current and bucket:
            kept += _extremes(bucket)
            bucket = []
        current = number
        bucket.append(point)
    kept += _extremes(bucket)
    kept.append(points[-1])
    return [point for i, point in enumerate(kept) if i == 0 or point[0] > kept[i - 1][0]]


def _extremes(bucket: Sequence[Point]) -> list[Point]:
    finite = [point for point in bucket if math.isfinite(point[1])]
    chosen = {min(finite, key=lambda p: p[1]), max(finite, key=lambda p: p[1])} if finite else set()
    if len(finite) < len(bucket):
        chosen.add(next(point for point in bucket if not math.isfinite(point[1])))
    return sorted(chosen, key=lambda point: point[0])


def _line(run: int, part: str, points: list[Point], title: str, smoothing: float | None) -> Line:
    weight = smoothing
    if weight is None:
        weight = 0.0 if len(points) < FEWEST_TO_SMOOTH else 1 - min(0.4, 25 / len(points))
    bad = [point for point in points if not math.isfinite(point[1])]
    finite = [point for point in points if math.isfinite(point[1])]
    smooth = thinned(smoothed(points, weight)) if weight > 0 else []
    every = -(-len(bad) // MOST_MARKS) if bad else 1
    return Line(
        run,
        part,
        color=0,
        is_dashed=False,
        points=thinned(points),
        smooth=smooth,
        last=points[-1],
        best=_best(title, finite),
        marks=bad[::every],
        bad=len(bad),
    )


def _best(title: str, finite: Sequence[Point]) -> Point | None:
    words = set(re.findall("[a-z0-9]+", title.lower()))
    if not finite:
        return None
    if "loss" in title.lower() or words & {"error", "perplexity"}:
        return min(finite, key=lambda point: point[1])
    if words & {"accuracy", "acc", "score", "f1"}:
        return max(finite, key=lambda point: point[1])
    return None


def _rank(chart: Chart) -> tuple[int, int]:
    low = chart.title.lower()
    rank = _FIRST.index(low) if low in _FIRST else len(_FIRST)
    # What takes time is of the least interest, and stands last.
    return rank, low in ("seconds", "time")
