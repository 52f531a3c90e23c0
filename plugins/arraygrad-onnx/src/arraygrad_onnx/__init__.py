"""Write arraygrad models to ONNX files.

`export` runs a model on arrays that record what is computed, simplifies what they recorded, and
compares the result with the model. This module and `_plugin` are imported whenever arraygrad is,
so they import nothing themselves; onnx, spox and ndonnx are imported when `export` is called.
"""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from arraygrad_onnx.errors import ExportError
    from arraygrad_onnx.exporting import Exported, export

__version__ = "0.1.0"
__all__ = ["ExportError", "Exported", "export"]

_HOMES = {"ExportError": "errors", "Exported": "exporting", "export": "exporting"}


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    import importlib

    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return [*globals(), *__all__]
