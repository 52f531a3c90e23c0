"""The tables of a page: results and settings of all runs."""

from __future__ import annotations

import json
from collections.abc import Sequence
from html import escape
from typing import Any

from arraygrad_board.curves import Chart
from arraygrad_board.runs import Run
from arraygrad_board.scales import text

MOST_COLUMNS = 6


def results(charts: Sequence[Chart], labels: Sequence[str]) -> str:
    """The last and the best values of each run, of what is a loss or an accuracy."""
    chosen = [chart for chart in charts if any(line.best for line in chart.lines)]
    columns = [
        (chart, part) for chart in chosen for part in _parts(chart)
    ][:MOST_COLUMNS]  # fmt: skip
    if not columns:
        return ""
    heads = ["run", *(" ".join(filter(None, [part, chart.title])) for chart, part in columns)]
    rows = []
    for i, label in enumerate(labels):
        cells = []
        for chart, part in columns:
            line = next((x for x in chart.lines if (x.run, x.part) == (i, part)), None)
            if line is None:
                cells.append("-")
                continue
            best = ""
            if line.best and line.best != line.last:
                best = f" (best {text(line.best[1])}, {chart.step_word} {line.best[0]})"
            cells.append(text(line.last[1]) + best)
        rows.append([label, *cells])
    return f'<div class="scroll results">{_table(heads, rows)}</div>'


def settings(runs: Sequence[Run]) -> str:
    """What was chosen for each run; what differs between them is in bold."""
    keys = list(dict.fromkeys(key for run in runs for key in run.settings))
    if not keys:
        return ""
    rows: list[list[str]] = []
    differing: list[int] = []
    for key in keys:
        shown = [_shown(run.settings[key]) if key in run.settings else "-" for run in runs]
        if len({repr(run.settings.get(key)) for run in runs}) > 1:
            differing.append(len(rows))
        if len(runs) == 1 and runs[0].origins:
            shown.append(runs[0].origins.get(key, ""))
        rows.append([key, *shown])
    heads = ["setting", *(run.label for run in runs)]
    if len(runs) == 1 and runs[0].origins:
        heads.append("from")
    note = '<p class="note">What differs is in bold.</p>' if differing else ""
    return f'<h2>Settings</h2>{note}<div class="scroll">{_table(heads, rows, differing)}</div>'


def _parts(chart: Chart) -> list[str]:
    return list(dict.fromkeys(line.part for line in chart.lines))


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.6g}"
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)


def _table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], differing: Sequence[int] = ()
) -> str:
    parts = ["<table><thead><tr>", *(f"<th>{escape(head)}</th>" for head in heads)]
    parts.append("</tr></thead><tbody>")
    for i, row in enumerate(rows):
        parts.append('<tr class="differs">' if i in differing else "<tr>")
        parts += [f"<td>{escape(cell)}</td>" for cell in row]
        parts.append("</tr>")
    return "".join([*parts, "</tbody></table>"])
