"""A graph as SVG without Graphviz: rows by distance from the inputs, links as curves."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

CHARACTER, PADDING, ROW, BOX, GAP = 7.2, 12, 58, 28, 14


def drawn(items: Sequence[Sequence[str]], links: Sequence[Sequence[int]]) -> str:
    """The picture of a graph; items: (kind, label), links: pairs of their numbers from 1 on.

    >>> picture = drawn([("function", "Exp"), ("variable", "x")], [(2, 1)])
    >>> picture.count("<rect"), picture.count('class="link"')
    (2, 1)
    """
    rows = _rows(len(items), links)
    order = _ordered(rows, links)
    widths = [max(24.0, len(label) * CHARACTER + PADDING) for _, label in items]
    centers: dict[int, float] = {}
    total = max(sum(widths[n] + GAP for n in row) for row in order)
    for row in order:
        at = (total - sum(widths[n] + GAP for n in row)) / 2
        for n in row:
            centers[n] = at + (widths[n] + GAP) / 2
            at += widths[n] + GAP
    height = ROW * len(order)
    functions = sum(kind == "function" for kind, _ in items)
    head = (
        f'<svg class="graph" viewBox="0 0 {total:.0f} {height}" '
        f'style="min-width:{min(total, 640):.0f}px;max-width:{total:.0f}px" '
        f'role="img" aria-label="graph of {functions} functions">'
    )
    parts = [head]
    for start, end in links:
        x1, y1 = centers[start - 1], rows[start - 1] * ROW + (ROW + BOX) / 2
        x2, y2 = centers[end - 1], rows[end - 1] * ROW + (ROW - BOX) / 2
        bend = (y2 - y1) / 2
        parts.append(
            f'<path class="link" d="M{x1:.0f} {y1:.0f}C{x1:.0f} {y1 + bend:.0f} '
            f'{x2:.0f} {y2 - bend:.0f} {x2:.0f} {y2 - 5:.0f}"/>'
            f'<path class="tip" d="M{x2 - 4:.0f} {y2 - 7:.0f}h8l-4 7z"/>'
        )
    for n, (kind, label) in enumerate(items):
        top = rows[n] * ROW + (ROW - BOX) / 2
        corner = 3 if kind == "function" else BOX / 2
        parts.append(
            f'<rect class="{kind}" x="{centers[n] - widths[n] / 2:.1f}" y="{top:.0f}" '
            f'width="{widths[n]:.1f}" height="{BOX}" rx="{corner:.0f}"/>'
            f'<text x="{centers[n]:.1f}" y="{top + 18:.0f}">{escape(label)}</text>'
        )
    return "\n".join([*parts, "</svg>"])


def _rows(count: int, links: Sequence[Sequence[int]]) -> list[int]:
    """The row of each item: one below the lowest of those before it; inputs right above theirs."""
    before: list[list[int]] = [[] for _ in range(count)]
    after: list[list[int]] = [[] for _ in range(count)]
    for start, end in links:
        before[end - 1].append(start - 1)
        after[start - 1].append(end - 1)
    missing = [len(starts) for starts in before]
    ready = [n for n in range(count) if not missing[n]]
    rows = [0] * count
    done = []
    while ready:
        n = ready.pop()
        done.append(n)
        for m in after[n]:
            rows[m] = max(rows[m], rows[n] + 1)
            missing[m] -= 1
            if not missing[m]:
                ready.append(m)
    for n in done:
        if not before[n] and after[n]:
            rows[n] = min(rows[m] for m in after[n]) - 1
    return rows


def _ordered(rows: Sequence[int], links: Sequence[Sequence[int]]) -> list[list[int]]:
    """The items of each row, those that are linked near each other: by the mean of neighbours."""
    order: list[list[int]] = [[] for _ in range(max(rows, default=0) + 1)]
    for n, number in enumerate(rows):
        order[number].append(n)
    neighbours: list[list[int]] = [[] for _ in rows]
    for start, end in links:
        neighbours[end - 1].append(start - 1)
        neighbours[start - 1].append(end - 1)
    for _ in range(4):
        place = {n: (i + 0.5) / len(row) for row in order for i, n in enumerate(row)}
        for row in order:
            row.sort(
                key=lambda n: sum(place[m] for m in neighbours[n]) / max(1, len(neighbours[n]))
            )
    return [row for row in order if row] or [[]]
