"""Runs that were written before, as event files for TensorBoard."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from arraygrad.errors import RunError
from arraygrad_board.events import PATTERN, Events
from arraygrad_board.runs import read_runs
from arraygrad_board.trained import complete


def write_events(
    runs: Iterable[str | os.PathLike[str]], target: str | os.PathLike[str]
) -> list[Path]:
    """Write each run into a folder of its own in `target`, and return these folders.

    Raises RunError if tensorboardX is missing, or if one of the folders has event files already;
    then nothing is written.
    """
    Events.check()
    found = read_runs(runs)
    folders = [Path(target, *run.label.split("/")) for run in found]
    for folder in folders:
        if folder.is_dir() and any(folder.glob(PATTERN)):
            raise RunError(
                f"board: {folder} has event files, which TensorBoard would mix with new ones; "
                f"nothing was written: remove them, or choose another folder"
            )
    for run, folder in zip(found, folders, strict=True):
        complete(run)
        events = Events(folder)
        for name, points in run.scalars.items():
            for step, value in points:
                events.scalar(name, value, step)
        for name, made in run.histograms.items():
            for step, record in made:
                events.histogram(name, record, step)
        for record in run.graphs:
            events.text("summary", record["summary"])
        for key, value in run.settings.items():
            events.text(f"settings/{key}", str(value))
        events.close()
    return folders
