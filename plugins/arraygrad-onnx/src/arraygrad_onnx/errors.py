"""The error of this distribution, in arraygrad's tree."""

from __future__ import annotations

from arraygrad.errors import ArraygradError


class ExportError(ArraygradError, ValueError):
    """A model cannot be written as ONNX; the message says where, and what to change."""
