"""Trainings as one self-contained HTML page, and a writer for scripts.

This module and `_plugin` are imported whenever arraygrad is, so they import nothing themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from arraygrad_board.page import write_page
    from arraygrad_board.writer import Board

__version__ = "0.1.0"
__all__ = ["Board", "write_page"]

_HOMES = {"Board": "writer", "write_page": "page"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
