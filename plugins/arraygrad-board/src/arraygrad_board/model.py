"""The models of the runs: their layers as tables, their graphs as pictures."""

from __future__ import annotations

import base64
from collections.abc import Sequence
from html import escape
from typing import Any

from arraygrad.draw import Graph, Item
from arraygrad_board.layered import drawn
from arraygrad_board.runs import Run

MOST_ITEMS = 600  # Graphviz takes seconds from here on, and nobody reads such a picture


def models(runs: Sequence[Run]) -> str:
    """A part of the page for each model; one that several runs have is shown once."""
    found: dict[str, tuple[dict[str, Any], list[str]]] = {}
    for run in runs:
        for record in run.graphs:
            key = repr((record["summary"], record["items"], record["links"]))
            found.setdefault(key, (record, []))[1].append(run.label)
    parts = []
    for record, labels in found.values():
        name = escape(record["graph"])
        head = f"{name} of {escape(', '.join(labels))}" if len(runs) > 1 else name
        parts.append(
            f"<h3>{head}</h3>\n<pre>{escape(record['summary'])}</pre>\n"
            f"{picture(record['items'], record['links'])}"
        )
    return "<h2>Model</h2>\n" + "\n".join(parts) if parts else ""


def picture(items: Sequence[Sequence[str]], links: Sequence[Sequence[int]]) -> str:
    """The graph by Graphviz where it is installed, else a simpler one; and as Mermaid text."""
    if not items:
        return ""
    if len(items) > MOST_ITEMS:
        return f'<p class="note">Its graph has {len(items)} items: too many for a picture.</p>'
    graph = Graph([], verbose=False)
    graph.items = [Item(*item) for item in items]
    graph.links = [(start, end) for start, end in links]
    svg = graph._repr_svg_()
    if svg is not None:
        # As an image, the names of its parts are its own, and no script in it would run.
        source = base64.b64encode(svg.encode()).decode()
        about = escape(f"{graph!r}".strip("<>"))
        image = f'<img alt="{about}" src="data:image/svg+xml;base64,{source}">'
        shown = f'<div class="drawing">{image}</div>'
    else:
        shown = f'<div class="drawing own">{drawn(items, links)}</div>'
    return (
        f"<details><summary>the graph of one call</summary>{shown}</details>"
        f"<details><summary>the same as text for Mermaid</summary>"
        f"<pre>{escape(graph.mermaid())}</pre></details>"
    )
