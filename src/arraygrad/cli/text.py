"""Pictures, tables and matrices as text."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

_SHADES = " ░▒▓█"
_PLAIN_SHADES = " .:*#"


def table(rows: Iterable[Sequence[str]], indent: str = "") -> str:
    """Rows with straight columns, the first row in capitals."""
    head, *body = [list(map(str, row)) for row in rows]
    rows = [[cell.upper() for cell in head], *body]
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
             for row in rows]  # fmt: skip
    return "\n".join((indent + line).rstrip() for line in lines)


def art(image: np.ndarray[Any, Any]) -> list[str]:
    """A picture (H, W) from 0 to 1 as lines of shades; large ones with two rows in one line."""
    shades = _SHADES if _can_show(_SHADES) else _PLAIN_SHADES
    wide = 2
    if image.shape[0] > 12:
        wide = 1
        if image.shape[0] % 2:
            image = np.pad(image, ((0, 1), (0, 0)))
        image = (image[::2] + image[1::2]) / 2
    levels = np.clip(np.rint(image * (len(shades) - 1)), 0, len(shades) - 1).astype(int)
    return ["".join(shades[level] * wide for level in row) for row in levels]


def beside(blocks: Sequence[Sequence[str]], width: int, gap: str = "   ") -> str:
    """Blocks of lines side by side, as many in a row as fit into the width."""
    widest = max(len(line) for block in blocks for line in block)
    per_row = max(1, (width + len(gap)) // (widest + len(gap)))
    parts = []
    for start in range(0, len(blocks), per_row):
        row = blocks[start : start + per_row]
        lines = zip(*row, strict=True)
        parts.append(
            "\n".join(gap.join(cell.ljust(widest) for cell in line).rstrip() for line in lines)
        )
    return "\n\n".join(parts)


def matrix(counts: np.ndarray[Any, Any]) -> str:
    """A confusion matrix, with dots for zeros so that the mistakes are seen."""
    size = len(counts)
    width = max(len(str(counts.max())), len(str(size - 1))) + 2
    head = "true \\ predicted"
    margin = len(head)
    lines = [head + "".join(f"{i:{width}}" for i in range(size))]
    for i, row in enumerate(counts):
        cells = "".join(f"{count or '.':>{width}}" for count in row.tolist())
        lines.append(f"{i:{margin}}{cells}")
    return "\n".join(lines)


def _can_show(text: str) -> bool:
    try:
        text.encode(sys.stdout.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True
