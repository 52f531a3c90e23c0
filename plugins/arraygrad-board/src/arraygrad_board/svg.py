"""Charts and histograms as SVG: both scales are drawn, and CSS shows one of them."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

from arraygrad_board import scales
from arraygrad_board.curves import Chart, Line, Point
from arraygrad_board.scales import Scale

COLORS = 8  # as many as style.css has
WIDTH, HEIGHT = 380, 240
LEFT, RIGHT, TOP, BOTTOM = 54, 10, 10, 40
MOST_RIDGES = 14

Place = Callable[[float], float | None]


def name(line: Line, labels: Sequence[str]) -> str:
    """What a line is called: its run if there are several, and its part of the data."""
    words = [labels[line.run]] if len(labels) > 1 or not line.part else []
    return ", ".join([*words, *filter(None, [line.part])])


def chart(what: Chart, labels: Sequence[str]) -> str:
    """The picture of a chart; labels: of all runs."""
    points = [point for line in what.lines for point in line.points]
    marks = [point for line in what.lines for point in line.marks]
    x = scales.whole([step for step, _ in points + marks])
    y = scales.linear([value for _, value in points])
    log = scales.logarithmic([value for _, value in points])
    head = (
        f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" tabindex="0" '
        f'aria-label="{escape(_described(what, labels))}" '
        f'data-x="{x.low!r} {x.high!r} {LEFT} {WIDTH - RIGHT}">'
    )
    parts = [head]
    bottom = HEIGHT - BOTTOM
    for place, text in x.ticks:
        at = _n(LEFT + place * (WIDTH - LEFT - RIGHT))
        parts.append(f'<text class="tick" x="{at}" y="{bottom + 17}">{text}</text>')
    parts.append(
        f'<text class="axis" x="{WIDTH - RIGHT}" y="{HEIGHT - 5}">{escape(what.step_word)}</text>'
    )
    for word, scale in (("lin", y), ("log", log)):
        if scale is not None:
            parts += [f'<g class="{word}">', *_grid(scale), *_lines(what, x, scale), "</g>"]
    for line in what.lines:
        for step, _ in line.marks:
            across = _n(_across(x, step))
            parts.append(
                f'<path class="bad run{line.run}" d="M{across} {bottom - 11}l5 10h-10z">'
                f"<title>{escape(name(line, labels))}: not a finite number at "
                f"{escape(what.step_word)} {step}</title></path>"
            )
    parts.append(f'<path class="cursor" d="M0 {TOP}V{bottom}" visibility="hidden"/></svg>')
    return "\n".join(parts)


def _grid(scale: Scale) -> list[str]:
    parts = []
    for place, text in scale.ticks:
        at = _down(place)
        parts.append(f'<path class="grid" d="M{LEFT} {_n(at)}H{WIDTH - RIGHT}"/>')
        parts.append(f'<text class="value" x="{LEFT - 6}" y="{_n(at + 4)}">{text}</text>')
    return parts


def _lines(what: Chart, x: Scale, y: Scale) -> list[str]:
    parts = []
    for line in what.lines:
        kind = f"line c{line.color % COLORS} run{line.run}"
        kind += " dashed" if line.is_dashed else ""
        if line.smooth:
            parts.append(f'<path class="{kind} raw" d="{_path(line.points, x, y)}"/>')
            parts.append(f'<path class="{kind} smooth" d="{_path(line.smooth, x, y)}"/>')
        else:
            parts.append(f'<path class="{kind}" d="{_path(line.points, x, y)}"/>')
    return parts


def _path(points: Sequence[Point], x: Scale, y: Scale) -> str:
    parts, drawing, alone = [], False, False
    for step, value in points:
        place = y.place(value) if math.isfinite(value) else None
        if place is None or not -0.5 <= place <= 1.5:
            parts.append("h0" if alone else "")
            drawing = alone = False
            continue
        parts.append(f"{'L' if drawing else 'M'}{_n(_across(x, step))} {_n(_down(place))}")
        alone, drawing = not drawing, True
    # A point between two gaps is a line without length, which is drawn as a dot.
    return "".join([*parts, "h0" if alone else ""])


def _described(what: Chart, labels: Sequence[str]) -> str:
    ends = [
        f"{name(line, labels)}: {scales.text(line.last[1])} at {what.step_word} {line.last[0]}"
        for line in what.lines
    ]
    return f"{what.title} by {what.step_word}; {'; '.join(ends)}"


def ridges(title: str, points: Sequence[tuple[int, dict[str, Any]]]) -> str:
    """Histograms over time, each as high as its most frequent values, the last one in front."""
    shown = [(step, made) for step, made in _chosen(points) if made["counts"]]
    if not shown:
        return '<p class="note">no finite value</p>'
    lows, highs = [m["low"] for _, m in shown], [m["high"] for _, m in shown]
    low, high = min(lows), max(highs)
    x = scales.linear([low, high], count=4, margin=0.0)
    gap = 13 if len(shown) > 1 else 0
    peak = 60
    height = peak + gap * (len(shown) - 1) + 34
    words = ", ".join(_about(made) for _, made in shown[-1:])
    about = escape(f"histogram of {title}, step {shown[-1][0]}: {words}")
    head = f'<svg class="ridges" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{about}">'
    parts = [head]
    left, right = 8, WIDTH - 56
    for place, text in x.ticks:
        at = _n(left + place * (right - left))
        parts.append(f'<path class="grid" d="M{at} 4V{height - 22}"/>')
        parts.append(f'<text class="tick" x="{at}" y="{height - 6}">{text}</text>')
    for i, (step, made) in enumerate(shown):
        base = peak + gap * i + 6
        path = _ridge(made, low, high, left, right, base, peak)
        age = 35 + round(65 * (i + 1) / len(shown))
        parts.append(
            f'<g><path class="ridge" style="--age:{age}%" d="{path}"/>'
            f"<title>step {step}: {escape(_about(made))}</title></g>"
        )
        parts.append(f'<text class="step" x="{right + 6}" y="{base}">{scales.short(step)}</text>')
    return "\n".join([*parts, "</svg>"])


def _ridge(
    made: dict[str, Any], low: float, high: float, left: int, right: int, base: int, peak: int
) -> str:
    counts = made["counts"]
    span = high - low
    if span <= 0 or made["high"] <= made["low"]:  # one value: a needle
        at = left + (right - left) * ((made["low"] - low) / span if span > 0 else 0.5)
        return f"M{_n(at - 2)} {base}V{base - peak}H{_n(at + 2)}V{base}z"
    start = (made["low"] - low) / span
    width = (made["high"] / span - made["low"] / span) / len(counts)
    parts = [f"M{_n(left + start * (right - left))} {base}"]
    for i, count in enumerate(counts):
        middle = left + (start + (i + 0.5) * width) * (right - left)
        top = base - count / max(counts) * peak
        parts.append(f"L{_n(middle)} {_n(top)}")
    end = left + (start + len(counts) * width) * (right - left)
    return "".join([*parts, f"L{_n(end)} {base}z"])


def _chosen(points: Sequence[tuple[int, Any]]) -> list[tuple[int, Any]]:
    """The first, the last, and some evenly between them."""
    if len(points) <= MOST_RIDGES:
        return list(points)
    last = len(points) - 1
    return [points[round(i * last / (MOST_RIDGES - 1))] for i in range(MOST_RIDGES)]


def _about(made: dict[str, Any]) -> str:
    mean, std = float(made["mean"]), float(made["std"])
    words = f"mean {scales.text(mean)}, standard deviation {scales.text(std)}, "
    words += f"from {scales.text(made['low'])} to {scales.text(made['high'])}"
    return words + (f", {made['bad']} not finite" if made["bad"] else "")


def _across(x: Scale, step: int) -> float:
    return LEFT + (x.place(step) or 0.0) * (WIDTH - LEFT - RIGHT)


def _down(place: float) -> float:
    return HEIGHT - BOTTOM - place * (HEIGHT - BOTTOM - TOP)


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
