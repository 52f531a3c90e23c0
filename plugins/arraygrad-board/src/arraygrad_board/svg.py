"""Charts as SVG: both scales are drawn, and CSS shows one of them."""

from __future__ import annotations

import math
from collections.abc import Sequence
from html import escape

from arraygrad_board import scales
from arraygrad_board.curves import Chart, Line, Point
from arraygrad_board.scales import Scale

COLORS = 8  # as many as style.css has
WIDTH, HEIGHT = 380, 240
RIGHT, TOP, BOTTOM = 12, 10, 40
CHARACTER = 7.6  # the width of a digit


def name(line: Line, labels: Sequence[str]) -> str:
    """What a line is called: its run if there are several, and its part of the data."""
    words = [labels[line.run]] if len(labels) > 1 else []
    return ", ".join([*words, *filter(None, [line.part])])


class Picture:
    """The picture of a chart, where values have their places."""

    def __init__(self, chart: Chart, labels: Sequence[str]) -> None:
        self.chart = chart
        self.names = [name(line, labels) or chart.title for line in chart.lines]
        points = [point for line in chart.lines for point in line.points]
        self.x = scales.whole([step for step, _ in points])
        self.y = scales.linear([value for _, value in points])
        self.log = scales.logarithmic([value for _, value in points])
        ticks = self.y.ticks + (self.log.ticks if self.log else [])
        longest = max((len(text) for _, text in ticks), default=1)
        self.left = max(36.0, longest * CHARACTER + 12)

    def draw(self) -> str:
        """The picture as SVG."""
        low, high = self.x.low, self.x.high
        head = (
            f'<svg class="chart" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" tabindex="0" '
            f'aria-label="{escape(self._described())}" '
            f'data-x="{low!r} {high!r} {_n(self.left)} {WIDTH - RIGHT}">'
        )
        bottom = HEIGHT - BOTTOM
        parts = [head]
        for place, text in self.x.ticks:
            at = inside(self._across_place(place), text)
            parts.append(f'<text class="tick" x="{at}" y="{bottom + 17}">{text}</text>')
        word = escape(self.chart.step_word)
        parts.append(f'<text class="axis" x="{WIDTH - RIGHT}" y="{HEIGHT - 5}">{word}</text>')
        for kind, scale in (("lin", self.y), ("log", self.log)):
            if scale is not None:
                parts += [f'<g class="{kind}">', *self._grid(scale), *self._lines(scale), "</g>"]
        for line, known_as in zip(self.chart.lines, self.names, strict=True):
            for step, _ in line.marks:
                parts.append(
                    f'<path class="bad run{line.run}" d="M{self._across(step)} {bottom - 11}'
                    f'l5 10h-10z"><title>{escape(known_as)}: not a finite number at {word} '
                    f"{step}</title></path>"
                )
        parts.append(f'<path class="cursor" d="M0 {TOP}V{bottom}" visibility="hidden"/></svg>')
        return "\n".join(parts)

    def _grid(self, scale: Scale) -> list[str]:
        parts = []
        for place, text in scale.ticks:
            at = _down(place)
            parts.append(f'<path class="grid" d="M{_n(self.left)} {_n(at)}H{WIDTH - RIGHT}"/>')
            x, y = _n(self.left - 6), _n(at + 4)
            parts.append(f'<text class="value" x="{x}" y="{y}">{text}</text>')
        return parts

    def _lines(self, scale: Scale) -> list[str]:
        parts = []
        for line in self.chart.lines:
            kind = f"line c{line.color % COLORS} run{line.run}"
            dashed = " dashed" if line.is_dashed else ""
            found, dots = self._path(line.points, scale)
            extra = " raw" if line.smooth else ""
            parts.append(f'<path class="{kind}{dashed}{extra}" d="{found}"/>')
            if line.smooth:
                found, _ = self._path(line.smooth, scale)
                parts.append(f'<path class="{kind}{dashed} smooth" d="{found}"/>')
            if dots:
                parts.append(f'<path class="{kind} dot" d="{dots}"/>')
        return parts

    def _path(self, points: Sequence[Point], scale: Scale) -> tuple[str, str]:
        """The line, broken where there is no value; and dots for values alone between gaps."""
        pieces: list[list[str]] = [[]]
        for step, value in points:
            place = scale.place(value) if math.isfinite(value) else None
            if place is None:
                pieces.append([])
            else:
                pieces[-1].append(f"{self._across(step)} {_n(_down(place))}")
        lines = "".join("M" + "L".join(piece) for piece in pieces if len(piece) > 1)
        return lines, "".join(f"M{piece[0]}h0" for piece in pieces if len(piece) == 1)

    def _described(self) -> str:
        word = self.chart.step_word
        ends = [
            f"{known_as}: {scales.text(line.last[1])} at {word} {line.last[0]}"
            for line, known_as in zip(self.chart.lines, self.names, strict=True)
        ]
        return f"{self.chart.title} by {word}; {'; '.join(ends)}"

    def _across(self, step: int) -> str:
        return _n(self._across_place(self.x.place(step) or 0.0))

    def _across_place(self, place: float) -> float:
        return self.left + place * (WIDTH - self.left - RIGHT)


def inside(at: float, text: str, character: float = CHARACTER) -> str:
    """Where the middle of a text goes, so that none of it is cut off at the sides."""
    half = len(text) * character / 2
    return _n(min(max(at, half), WIDTH - half))


def _down(place: float) -> float:
    return HEIGHT - BOTTOM - place * (HEIGHT - BOTTOM - TOP)


def _n(value: float) -> str:
    return f"{value:.1f}".rstrip("0").rstrip(".")
