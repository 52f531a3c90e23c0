"""A badge for a README: how many checks of the conformance kit passed, as a picture in a file."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

LABEL = "arraygrad conformance"
_GREEN, _RED, _GREY = "#2e7d32", "#c62828", "#555"
_SVG = """\
<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="20" role="img" aria-label="{all}">
  <title>{all}</title>
  <rect width="{width}" height="20" rx="3" fill="{grey}"/>
  <path d="M{left} 0h{bar}a3 3 0 0 1 3 3v14a3 3 0 0 1 -3 3h-{bar}z" fill="{color}"/>
  <g fill="#fff" font-family="Verdana,DejaVu Sans,sans-serif" font-size="11">
    <text x="6" y="14" textLength="{label_width}">{label}</text>
    <text x="{text}" y="14" textLength="{said_width}">{said}</text>
  </g>
</svg>
"""


def badge(report: Any) -> str:
    """The counts of a report as an SVG picture, which needs nothing from anywhere.

    >>> from arraygrad.testing import check_op
    >>> "1 passed" in badge(check_op(F.exp, places=[], only="docstring"))
    True
    """
    bad = len(report.failures)
    said = f"{report.passed} passed" + (f", {bad} failed" if bad else "")
    label_width, said_width = (round(6.3 * len(text)) for text in (LABEL, said))
    left = label_width + 12
    return _SVG.format(
        width=left + said_width + 12, left=left, bar=said_width + 9, text=left + 6,
        label=LABEL, label_width=label_width, said=escape(said), said_width=said_width,
        all=f"{LABEL}: {escape(said)}", grey=_GREY, color=_GREEN if report.ok else _RED,
    )  # fmt: skip


def write(report: Any, path: str) -> None:
    """Write the badge of a report into a file."""
    Path(path).write_text(badge(report), encoding="utf-8")
