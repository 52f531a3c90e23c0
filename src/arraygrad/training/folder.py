"""Folder: what a training run leaves behind, always whole and always of one epoch.

    checkpoint.npz    everything that `resume` needs; the other files can be made again from it
    settings.json     the recipe, where each value came from, facts of the data, versions
    log.jsonl         one line for each finished epoch
    weights.npz       the weights after the last finished epoch (or weights.safetensors)
    curves.png        loss and accuracy by epoch; predictions.png, confusion.png: `predict`

Each file appears under its name when it is whole. They are written after each epoch, the
checkpoint first; a process that is killed between two of them leaves a run that can be resumed.
"""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from arraygrad import weights
from arraygrad.errors import RunError, WeightsError
from arraygrad.training.recipe import WEIGHTS, Recipe

FORMAT = 1
PICTURES = ("curves.png", "predictions.png", "confusion.png")


class Snapshot(NamedTuple):
    """A run after its last finished epoch."""

    settings: dict[str, Any]
    log: list[dict[str, Any]]
    weights: dict[str, np.ndarray[Any, Any]]
    optimizer: dict[str, np.ndarray[Any, Any]]
    random: dict[str, np.ndarray[Any, Any]]

    @property
    def epoch(self) -> int:
        """How many epochs are finished."""
        return len(self.log)

    @property
    def recipe(self) -> Recipe:
        """What is trained, and how."""
        return Recipe.from_dict(self.settings["recipe"])


class Folder:
    """The folder of one run.

    >>> Folder("runs/digits").settings.name
    'settings.json'
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.checkpoint = self.path / "checkpoint.npz"
        self.settings = self.path / "settings.json"
        self.log = self.path / "log.jsonl"

    def weights(self, format: str) -> Path:
        """The file of weights in that format."""
        return self.path / f"weights.{format}"

    def check_free(self) -> None:
        """Raise RunError if there is a run, or another file that a run would overwrite."""
        if self.path.exists() and not self.path.is_dir():
            raise RunError(f"{self.path} is a file; expected a folder for the run, or a new name")
        if self.checkpoint.exists():
            before = self.read()
            done, epochs = before.epoch, before.recipe.epochs
            what, more = f"a run with {done} of {epochs} epochs", ""
            if done >= epochs:
                what, more = f"a finished run of {done} epochs", f" --epochs {2 * epochs}"
            raise RunError(
                f"{self.path} has {what}; nothing was changed: go on with --resume{more}, choose "
                "another folder with --out, or start over with --force"
            )
        taken = [file.name for file in self._files() if file.exists()]
        if taken:
            raise RunError(
                f"{self.path} has {', '.join(taken)}, which the run would overwrite; choose "
                "another folder with --out, or overwrite them with --force"
            )

    def make(self) -> None:
        """Make the folder, if need be; raises OSError if nothing can be written there."""
        self.path.mkdir(parents=True, exist_ok=True)
        with weights.whole_file(self.path / ".writable") as file:
            file.write(b"")
        (self.path / ".writable").unlink()

    def write(self, run: Snapshot, clear: bool = False) -> None:
        """Write all files of a run but the pictures; Ctrl-C waits until it is done.

        `clear` removes those of the run that was there before.
        """
        with _uninterrupted():
            for file in self._files() if clear else ():
                file.unlink(missing_ok=True)
            arrays = {
                "settings": _as_array(run.settings),
                "log": _as_array(run.log),
                **{f"weights/{name}": array for name, array in run.weights.items()},
                **{f"optimizer/{name}": array for name, array in run.optimizer.items()},
                **{f"random/{name}": array for name, array in run.random.items()},
            }
            weights.write_arrays(self.checkpoint, arrays)
            self.restore(run)

    def restore(self, run: Snapshot) -> None:
        """Write the files that follow from the checkpoint."""
        lines = "".join(json.dumps(line) + "\n" for line in run.log)
        with weights.whole_file(self.log) as file:
            file.write(lines.encode())
        weights.write_arrays(self.weights(run.recipe.weights), run.weights)
        with weights.whole_file(self.settings) as file:
            file.write((json.dumps(run.settings, indent=2) + "\n").encode())

    def read(self) -> Snapshot:
        """Read the checkpoint; raises RunError where there is none, or none that can be used."""
        if not self.checkpoint.exists():
            raise RunError(
                f"{self.path} has no checkpoint.npz, so there is no run to resume; start one "
                "without --resume"
            )
        try:
            arrays = weights.read_arrays(self.checkpoint)
        except WeightsError as error:
            raise RunError(
                f"{self.checkpoint} cannot be read, it is damaged or something else; start over "
                "with --force, or choose another folder with --out"
            ) from error
        try:
            settings, log = _from_array(arrays["settings"]), _from_array(arrays["log"])
            _check_format(settings)
            run = Snapshot(
                settings,
                log,
                *(_below(arrays, part) for part in ("weights", "optimizer", "random")),
            )
            assert run.recipe
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(
                f"{self.checkpoint} is not a checkpoint of this version of arraygrad "
                f"({type(error).__name__}: {error}); start over with --force"
            ) from error
        return run

    def read_settings(self) -> dict[str, Any]:
        """Read settings.json; raises RunError where there is none, or none that can be used."""
        try:
            settings: dict[str, Any] = json.loads(self.settings.read_bytes())
            _check_format(settings)
            Recipe.from_dict(settings["recipe"])
        except (FileNotFoundError, NotADirectoryError):
            raise RunError(
                f"{self.path} is not the folder of a training run: it has no settings.json; "
                "expected one that `arraygrad train` has made"
            ) from None
        except (KeyError, TypeError, ValueError) as error:
            raise RunError(
                f"{self.settings} cannot be used ({type(error).__name__}: {error}); "
                "`arraygrad train --resume` makes it again from the checkpoint"
            ) from error
        return settings

    def _files(self) -> list[Path]:
        files = [self.checkpoint, self.settings, self.log, *map(self.weights, WEIGHTS)]
        return files + [self.path / name for name in PICTURES]


def _check_format(settings: Any) -> None:
    if settings["format"] != FORMAT:
        raise ValueError(f"format {settings['format']!r}, expected {FORMAT}")


# Text as an array of bytes: a file without pickle has no other place for it.
def _as_array(value: Any) -> np.ndarray[Any, Any]:
    return np.frombuffer(json.dumps(value).encode(), dtype=np.uint8)


def _from_array(array: np.ndarray[Any, Any]) -> Any:
    return json.loads(array.tobytes())


def _below(arrays: Mapping[str, Any], part: str) -> dict[str, Any]:
    prefix = part + "/"
    return {k.removeprefix(prefix): a for k, a in arrays.items() if k.startswith(prefix)}


@contextmanager
def _uninterrupted() -> Iterator[None]:
    """Let Ctrl-C wait until the block is over: the files of one epoch belong together."""
    before = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or before is None:
        yield
        return
    waiting: list[Any] = []
    signal.signal(signal.SIGINT, lambda *args: waiting.append(args))
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
    if waiting:
        signal.raise_signal(signal.SIGINT)
