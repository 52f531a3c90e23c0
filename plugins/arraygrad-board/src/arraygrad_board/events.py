"""Event files for TensorBoard, written by tensorboardX, which is imported when it is needed."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from arraygrad.errors import RunError

PATTERN = "events.out.tfevents.*"


class Events:
    """The event files of one run, in a folder of their own.

    Raises RunError if tensorboardX is missing, or if the folder has event files already and
    `replace` is not set: TensorBoard would mix both.
    """

    def __init__(self, folder: Path, replace: bool = False) -> None:
        writer = self.check()
        if folder.exists() and not folder.is_dir():
            raise RunError(f"{folder} is a file; expected a folder for event files")
        if replace:
            for file in folder.glob(PATTERN):
                file.unlink()
        self._writer = writer(str(folder))

    @staticmethod
    def check() -> Any:
        """The class that writes; raises RunError where the package is missing."""
        try:
            return importlib.import_module("tensorboardX").SummaryWriter
        except ImportError as error:
            raise RunError(
                f"event files for TensorBoard need the package tensorboardX, which cannot be "
                f'imported ({error}); run: pip install "arraygrad-board[tensorboard]"'
            ) from error

    def scalar(self, name: str, value: float, step: int) -> None:
        """One number."""
        with np.errstate(over="ignore"):  # what is too large for the format is infinite there
            self._writer.add_scalar(name, np.float32(value), step)

    def histogram(self, name: str, made: Mapping[str, Any], step: int) -> None:
        """One histogram, as `values.histogram` makes it; none where no value is finite."""
        counts = made["counts"]
        if not counts:
            return
        low, high, mean, std = (float(made[key]) for key in ("low", "high", "mean", "std"))
        size = sum(counts)
        with np.errstate(over="ignore", invalid="ignore"):
            limits = np.linspace(low, high, len(counts) + 1)[1:]
        self._writer.add_histogram_raw(
            name,
            min=low,
            max=high,
            num=size,
            sum=mean * size,
            sum_squares=(mean * mean + std * std) * size,
            bucket_limits=limits.tolist(),
            bucket_counts=counts,
            global_step=step,
        )

    def text(self, name: str, value: str) -> None:
        """A text, shown as it is: in Markdown, lines that are set in are."""
        self._writer.add_text(name, "\n".join(f"    {line}" for line in value.splitlines()))

    def close(self) -> None:
        """Write what is left, and close."""
        self._writer.close()
