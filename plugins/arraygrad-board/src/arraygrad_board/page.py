"""One HTML page about one or several runs, with all that it needs inside."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files
from pathlib import Path

from arraygrad.errors import ArgumentError, RunError
from arraygrad.weights import whole_file
from arraygrad_board import __version__, curves, svg, tables
from arraygrad_board.model import models
from arraygrad_board.ridges import ridges
from arraygrad_board.runs import Run, read_runs
from arraygrad_board.scales import text
from arraygrad_board.trained import complete

MARK = '<meta name="generator" content="arraygrad-board'
MOST_IN_CAPTION = 4
SUFFIXES = (".html", ".htm")


def write_page(
    runs: str | os.PathLike[str] | Iterable[str | os.PathLike[str]],
    path: str | os.PathLike[str] = "board.html",
    *,
    smoothing: float | None = None,
    force: bool = False,
) -> Path:
    """Write a page about the runs in folders, and return its path.

    runs: a folder, or several: those of `Board`, those of `arraygrad train`, or folders that hold
    such. smoothing: from 0 (none) to below 1; None: by the number of points. force: overwrite a
    file that is no page of this function. The file appears when it is whole.

    Raises RunError for a folder without a run and for a file that is something else,
    ArgumentError for a path or a smoothing that cannot be.

    >>> import tempfile
    >>> from arraygrad_board import Board
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Board(f"{folder}/run") as board:
    ...         for i in range(3):
    ...             board.scalar("loss", 1 / (i + 1))
    ...     write_page(f"{folder}/run", f"{folder}/page.html").name
    'page.html'
    """
    target = Path(path)
    check_target(target, force)
    folders = [runs] if isinstance(runs, str | os.PathLike) else runs
    found = read_runs(folders)
    for run in found:
        complete(run)
    content = render(found, smoothing).encode("utf-8", "replace")
    with whole_file(target) as file:
        file.write(content)
    return target


def check_target(path: Path, force: bool) -> None:
    """Raise an error if the page cannot be written there, or if it would overwrite another file."""
    if path.suffix.lower() not in SUFFIXES:
        raise ArgumentError(
            f"board: got the file name {os.fspath(path)!r}, expected one that ends in "
            f"{' or '.join(SUFFIXES)}"
        )
    if path.is_dir():
        raise RunError(f"board: {path} is a folder; expected a file for the page, or a new name")
    if not path.parent.is_dir():
        raise RunError(f"board: there is no folder {path.parent} for the page; make it first")
    if path.exists() and not force:
        with path.open("rb") as file:
            if MARK.encode() not in file.read(2000):
                raise RunError(
                    f"board: {path} is no page of arraygrad-board; nothing was changed: choose "
                    f"another name, or overwrite it with --force (force=True)"
                )


def render(runs: Sequence[Run], smoothing: float | None = None) -> str:
    """The page as text; the same runs give the same text."""
    if smoothing is not None and not 0 <= smoothing < 1:
        raise ArgumentError(f"board: got the smoothing {smoothing!r}, expected 0 to below 1")
    labels = [run.label for run in runs]
    charts = curves.charts(runs, smoothing)
    title = " and ".join(labels) if len(labels) < 3 else f"{labels[0]} and {len(labels) - 1} more"
    body = [
        f"<h1>{escape(title)}</h1>",
        _legend(labels, charts),
        _problems(runs, charts),
        tables.results(charts, labels),
        _curves(charts, labels),
        _histograms(runs),
        models(runs),
        tables.settings(runs),
    ]
    data = [_data(chart, labels) for chart in charts]
    return _PAGE.format(
        mark=f'{MARK} {__version__}">',
        title=escape(title),
        style=_asset("style.css") + _switches(len(runs)),
        body="\n".join(filter(None, body)),
        version=__version__,
        data=_safe_json(data),
        script=_asset("hover.js"),
    )


def _legend(labels: Sequence[str], charts: Sequence[curves.Chart]) -> str:
    parts = []
    for i, label in enumerate(labels):
        if len(labels) > 1:
            key = _key(f"c{i % svg.COLORS}")
            parts.append(
                f'<label><input type="checkbox" id="show{i}" checked>{key} {escape(label)}</label>'
            )
    lines = [line for chart in charts for line in chart.lines]
    if any(line.is_dashed for line in lines):
        plain, other = ("", "") if len(labels) > 1 else (" c0", " c1")
        parts.append(f"<label>{_key(plain or 'cx')} train</label>")
        parts.append(f"<label>{_key((other or 'cx') + ' dashed')} held-out</label>")
    if any(line.smooth for line in lines):
        parts.append('<label><input type="checkbox" id="raw-only"> without smoothing</label>')
    return f'<div class="runs">{"".join(parts)}</div>' if parts else ""


def _key(kind: str) -> str:
    return (
        f'<svg class="key" viewBox="0 0 28 10" aria-hidden="true">'
        f'<path class="line {kind.strip()}" d="M2 5H26"/></svg>'
    )


def _problems(runs: Sequence[Run], charts: Sequence[curves.Chart]) -> str:
    lines = []
    for i, run in enumerate(runs):
        found = list(run.problems)
        for chart in charts:
            for line in chart.lines:
                if line.run == i and line.bad:
                    many = "1 value" if line.bad == 1 else f"{line.bad} values"
                    what = " ".join(filter(None, [line.part, chart.title]))
                    found.append(
                        f"{what}: {many} not finite, first {line.marks[0][1]} at "
                        f"{chart.step_word} {line.marks[0][0]}"
                    )
        if not (run.scalars or run.histograms or run.graphs):
            found.append("nothing in it yet")
        lines += [f"<li><b>{escape(run.label)}</b>: {escape(text)}</li>" for text in found]
    if not lines:
        return ""
    return f'<div class="problems" role="note"><b>⚠ Look at this</b><ul>{"".join(lines)}</ul></div>'


def _curves(charts: Sequence[curves.Chart], labels: Sequence[str]) -> str:
    figures = []
    for chart in charts:
        picture = svg.Picture(chart, labels).draw()
        switch = (
            '<label class="switch"><input type="checkbox" class="to-log"> log scale</label>'
            if '<g class="log">' in picture
            else ""
        )
        lasts = [f"{svg.name(line, labels)} {text(line.last[1])}" for line in chart.lines]
        few = lasts[:MOST_IN_CAPTION]
        more = f"; and {len(lasts) - len(few)} more" if len(few) < len(lasts) else ""
        figures.append(
            f'<figure><div class="head"><h3>{escape(chart.title)}</h3>{switch}</div>\n'
            f'<div class="plot">{picture}<div class="reading" aria-live="polite" hidden></div>'
            f"</div>\n<figcaption>last: {escape('; '.join(few).strip())}{more}</figcaption>"
            f"</figure>"
        )
    if not figures:
        return ""
    return f'<h2>Curves</h2>\n<div class="grid-of">{"".join(figures)}</div>'


def _histograms(runs: Sequence[Run]) -> str:
    parts = []
    for i, run in enumerate(runs):
        groups: dict[str, list[str]] = {}
        for name, points in run.histograms.items():
            group, slash, rest = name.partition("/")
            if not slash or group not in ("parameters", "gradients"):
                group, rest = "other values", name
            picture = ridges(name, points)
            groups.setdefault(group, []).append(
                f'<figure><div class="head"><h3>{escape(rest)}</h3></div>{picture}'
                f"<figcaption>{escape(_steps(points))}</figcaption></figure>"
            )
        for group, figures in groups.items():
            label = f"{run.label}: {group}" if len(runs) > 1 else group
            is_open = " open" if i == 0 else ""
            parts.append(
                f'<details class="run{i}" style="--hue:var(--c{i % svg.COLORS})"{is_open}>'
                f"<summary>{escape(label)} ({len(figures)})</summary>"
                f'<div class="grid-of">{"".join(figures)}</div></details>'
            )
    if not parts:
        return ""
    note = '<p class="note">How often which values occur; the last step is in front.</p>'
    return f"<h2>Histograms</h2>{note}{''.join(parts)}"


def _steps(points: Sequence[tuple[int, object]]) -> str:
    first, last = points[0][0], points[-1][0]
    return f"step {last}" if first == last else f"steps {first} to {last}"


def _data(chart: curves.Chart, labels: Sequence[str]) -> dict[str, object]:
    """What the script reads aloud: texts, so that numbers look the same everywhere."""
    lines = []
    for line in chart.lines:
        lines.append({
            "run": line.run,
            "color": line.color % svg.COLORS,
            "name": svg.name(line, labels) or chart.title,
            "x": [step for step, _ in line.points],
            "y": [text(value) if math.isfinite(value) else str(value) for _, value in line.points],
        })  # fmt: skip
    return {"word": chart.step_word, "lines": lines}


def _switches(runs: int) -> str:
    """A run that is not ticked is not shown; without a script."""
    rules = (
        f"body:has(#show{i}:not(:checked)) .run{i} {{ display: none; }}\n" for i in range(runs)
    )
    return "".join(rules)


def _safe_json(value: object) -> str:
    """JSON that no `</script>` in a name can leave."""
    found = json.dumps(value, separators=(",", ":"))
    return found.replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")


def _asset(name: str) -> str:
    return files("arraygrad_board").joinpath(name).read_text(encoding="utf-8")


_PAGE = """<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
{mark}
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy"
 content="default-src 'none'; style-src 'unsafe-inline'; script-src 'unsafe-inline'; img-src data:">
<title>{title}</title>
<style>
{style}</style>
</head>
<body>
{body}
<footer>made by arraygrad-board {version}; this file needs nothing else</footer>
<script type="application/json" id="data">{data}</script>
<script>
{script}</script>
</body>
</html>
"""
