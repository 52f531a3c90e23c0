"""Board: what a script writes down while it trains, one line of JSON at a time."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Any

from arraygrad.errors import DtypeError, RunError
from arraygrad.layers import Layer
from arraygrad.layers.summary import summary
from arraygrad.models import Model
from arraygrad_board import values
from arraygrad_board.events import Events
from arraygrad_board.runs import FILE, FORMAT, last_steps, read_run


class Board:
    """Writes numbers, histograms, settings and the graph of a model into the folder of a run.

    path: the folder, which is made if need be; all goes into its file board.jsonl. resume: add to
    the run that is there. force: start over. tensorboard: write event files too, into the folder
    `tensorboard` in it; this needs the package tensorboardX.

    A number may be one of Python, of NumPy, a Variable or an array of any library; nothing is
    recorded, and no gradient changes. Steps are whole numbers that go up for each name; without a
    step it is the one after the last. A value that is nan or infinite is written as it is: the
    page has a gap and a mark there.

    Each line is in the file when the call returns, so a process that is killed loses nothing but
    the line that it was writing.

    Raises RunError if there is a run already, if the folder is a file, or for a wrong step;
    DtypeError, ShapeError or ArgumentError for values and names that cannot be written, and then
    nothing is.

    >>> import tempfile
    >>> import numpy as np
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Board(folder) as board:
    ...         board.scalar("loss", 0.5)
    ...         board.histogram("W", np.zeros((2, 3)), step=10)
    ...     lines = (board.path / "board.jsonl").read_text().splitlines()
    >>> len(lines), lines[1]
    (3, '{"scalar": "loss", "step": 0, "value": 0.5}')
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        resume: bool = False,
        force: bool = False,
        tensorboard: bool = False,
    ) -> None:
        self.path = Path(path)
        self._steps: dict[tuple[str, str], int] = {}
        self._before: dict[tuple[str, str], int] = {}
        self._file: int | None = None
        self._events: Events | None = None
        if resume and force:
            raise RunError("Board: got resume and force, which exclude each other; give one")
        _check_folder(self.path)
        file = self.path / FILE
        if file.exists() and not (resume or force):
            raise RunError(
                f"Board: {self.path} has a run; nothing was changed: add to it with resume=True, "
                f"start over with force=True, or choose another folder"
            )
        if tensorboard:
            Events.check()
        if resume and file.exists():
            self._before = last_steps(read_run(self.path))
        self.path.mkdir(parents=True, exist_ok=True)
        if tensorboard:
            self._events = Events(self.path / "tensorboard", replace=force)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | (os.O_TRUNC if force else 0)
        self._file = os.open(file, flags | getattr(os, "O_BINARY", 0), 0o666)
        self._is_whole = not resume or _ends_whole(file)
        self._write({"board": FORMAT, "time": round(time.time(), 3)})

    def scalar(self, name: str, value: Any, step: values.Step = None) -> None:
        """Write one number, such as the loss after a step.

        name: numbers whose names are alike but for "train" and "test" (or "val", ...) are shown
        in one picture: "train/loss" and "test/loss", or "loss_train" and "loss_test".
        """
        who = f"Board.scalar({name!r})"
        values.name("Board.scalar", name)
        found = values.scalar(who, value)
        n = self._step(who, "scalar", name, step)
        self._write({"scalar": name, "step": n, "value": values.number(found)})
        if self._events:
            self._events.scalar(name, found, n)

    def histogram(self, name: str, value: Any, step: values.Step = None) -> None:
        """Write how often which values occur in an array of any shape."""
        values.name("Board.histogram", name)
        who = f"Board.histogram({name!r})"
        made = values.histogram(who, value)
        self._histogram(name, made, self._step(who, "histogram", name, step))

    def parameters(self, model: Layer, step: values.Step = None) -> None:
        """Write histograms of all parameters of a model, and of the gradients that they have.

        Call it between `backward` and `cleargrads`, every now and then: it reads all parameters.
        """
        if not isinstance(model, Layer):
            raise DtypeError(f"Board.parameters: got {type(model)}, expected a Layer or a Model")
        found = []
        for name, p in model.named_params():
            if p.data is not None:
                found.append((f"parameters/{name}", p.data))
            if p.grad is not None:
                found.append((f"gradients/{name}", p.grad))
        who = "Board.parameters"
        made = [(name, values.histogram(f"{who}: {name}", x)) for name, x in found]
        steps = [self._step(who, "histogram", name, step, keep=False) for name, _ in made]
        for (name, record), n in zip(made, steps, strict=True):
            self._histogram(name, record, self._step(who, "histogram", name, n))

    def graph(self, model: Layer, *inputs: Any) -> None:
        """Write the graph of one call of a model, and the table of its layers.

        inputs: as for a call; a tuple of numbers is a shape, for zeros in float32. The call is
        that of a copy: nothing of the model changes.
        """
        if not isinstance(model, Layer):
            raise DtypeError(f"Board.graph: got {type(model)}, expected a Layer or a Model")
        record = graph_record(model, *inputs)
        self._write(record)
        if self._events:
            self._events.text("summary", record["summary"])

    def settings(self, **given: Any) -> None:
        """Write what was chosen for the run: `board.settings(lr=0.1, optimizer="Adam")`."""
        self._write({"settings": values.plain(given)})
        if self._events:
            for name, value in given.items():
                self._events.text(f"settings/{name}", str(value))

    def close(self) -> None:
        """Close the files; a closed board takes nothing more."""
        if self._file is not None:
            os.close(self._file)
            self._file = None
        if self._events:
            self._events.close()
            self._events = None

    def __enter__(self) -> Board:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<board {str(self.path)!r}{'' if self._file is not None else ', closed'}>"

    def _histogram(self, name: str, made: Mapping[str, Any], step: int) -> None:
        self._write({"histogram": name, "step": step, **made})
        if self._events:
            self._events.histogram(name, made, step)

    def _step(self, who: str, kind: str, name: str, step: Any, keep: bool = True) -> int:
        self._check_open()
        key = kind, name
        n = values.step(who, step, self._steps.get(key), self._before.get(key))
        if keep:
            self._steps[key] = n
        return n

    def _check_open(self) -> int:
        if self._file is None:
            raise RunError(f"Board: {self.path} is closed; open it again with resume=True")
        return self._file

    def _write(self, record: Mapping[str, Any]) -> None:
        file = self._check_open()
        line = (json.dumps(record, allow_nan=False) + "\n").encode()
        # A line that was cut off, by a crash or a full disk, must not swallow the next one.
        rest = memoryview(line if self._is_whole else b"\n" + line)
        self._is_whole = False
        while rest:
            rest = rest[os.write(file, rest) :]
        self._is_whole = True


class _Drawn(Model):
    """Any layer as a model, which can be drawn."""

    def __init__(self, layer: Layer) -> None:
        self.layer = layer

    def forward(self, *inputs: Any) -> Any:
        return self.layer.forward(*inputs)


def graph_record(model: Layer, *inputs: Any) -> dict[str, Any]:
    """What a page needs to show a model: its layers as a table, and the items of its graph."""
    import tempfile

    table = summary(model, *inputs)
    with tempfile.TemporaryDirectory() as folder:
        drawn = _Drawn(model).plot(*inputs, to_file=Path(folder, "graph.mmd")).graph
    return {
        "graph": type(model).__name__,
        "summary": table,
        "items": [list(item) for item in drawn.items],
        "links": [list(link) for link in drawn.links],
    }


def _check_folder(path: Path) -> None:
    for folder in (path, *path.parents):
        if folder.exists():
            if not folder.is_dir():
                raise RunError(
                    f"Board: {folder} is a file; expected a folder for the run, or a new name"
                )
            return


def _ends_whole(file: Path) -> bool:
    if not file.exists() or not file.stat().st_size:
        return True
    with file.open("rb") as opened:
        opened.seek(-1, os.SEEK_END)
        return opened.read() == b"\n"
