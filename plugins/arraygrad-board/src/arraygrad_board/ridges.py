"""Histograms over time as SVG, the last one in front."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import Any

from arraygrad_board import scales
from arraygrad_board.scales import Scale
from arraygrad_board.svg import CHARACTER, WIDTH, inside

MOST = 14
PEAK, GAP, BELOW, LEFT = 60, 13, 28, 8


def ridges(title: str, points: Sequence[tuple[int, dict[str, Any]]]) -> str:
    """One ridge for each of at most 14 steps, each as high as its most frequent values."""
    shown = [(step, made) for step, made in _chosen(points) if made["counts"]]
    if not shown:
        return '<p class="note">no finite value</p>'
    ends = [made[end] for _, made in shown for end in ("low", "high")]
    x = scales.linear(ends, count=4, margin=0.0)
    labels = [scales.short(step) for step, _ in shown]
    right = WIDTH - 12 - max(map(len, labels)) * 6.6
    height = PEAK + GAP * (len(shown) - 1) + BELOW + 6
    about = escape(f"histogram of {title}, step {shown[-1][0]}: {_about(shown[-1][1])}")
    parts = [f'<svg class="ridges" viewBox="0 0 {WIDTH} {height}" role="img" aria-label="{about}">']
    free = 0.0
    for place, text in x.ticks:
        at = LEFT + place * (right - LEFT)
        parts.append(f'<path class="grid" d="M{at:.1f} 4V{height - 22}"/>')
        middle, half = inside(at, text), len(text) * CHARACTER / 2
        if float(middle) - half >= free:  # else it would lie on the one before
            parts.append(f'<text class="tick" x="{middle}" y="{height - 6}">{text}</text>')
            free = float(middle) + half + 4
    for i, ((step, made), label) in enumerate(zip(shown, labels, strict=True)):
        base = PEAK + GAP * i + 6
        age = 35 + round(65 * (i + 1) / len(shown))
        parts.append(
            f'<g><path class="ridge" style="--age:{age}%" d="{_ridge(made, x, right, base)}"/>'
            f"<title>step {step}: {escape(_about(made))}</title></g>"
        )
        parts.append(f'<text class="step" x="{right + 6:.1f}" y="{base}">{label}</text>')
    return "\n".join([*parts, "</svg>"])


def _ridge(made: dict[str, Any], x: Scale, right: float, base: int) -> str:
    def across(value: float) -> float:
        return LEFT + (x.place(value) or 0.0) * (right - LEFT)

    counts = made["counts"]
    start, end = across(made["low"]), across(made["high"])
    if end - start < 4:  # as good as one value: a needle
        middle = (start + end) / 2
        return f"M{middle - 2:.1f} {base}v-{PEAK}h4v{PEAK}z"
    width, most = (end - start) / len(counts), max(counts)
    tops = (
        f"L{start + (i + 0.5) * width:.1f} {base - count / most * PEAK:.1f}"
        for i, count in enumerate(counts)
    )
    return f"M{start:.1f} {base}{''.join(tops)}L{end:.1f} {base}z"


def _chosen(points: Sequence[tuple[int, Any]]) -> list[tuple[int, Any]]:
    """The first, the last, and some evenly between them."""
    if len(points) <= MOST:
        return list(points)
    last = len(points) - 1
    return [points[round(i * last / (MOST - 1))] for i in range(MOST)]


def _about(made: dict[str, Any]) -> str:
    mean, std = float(made["mean"]), float(made["std"])
    words = f"mean {scales.text(mean)}, standard deviation {scales.text(std)}, "
    words += f"from {scales.text(made['low'])} to {scales.text(made['high'])}"
    return words + (f", {made['bad']} not finite" if made["bad"] else "")
