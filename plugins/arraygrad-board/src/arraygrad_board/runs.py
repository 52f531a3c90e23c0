"""Runs as they lie in folders: what `Board` wrote, what `arraygrad train` wrote, or both."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeGuard

from arraygrad.errors import RunError

FILE = "board.jsonl"
FORMAT = 1
LOG = "log.jsonl"
SETTINGS = "settings.json"


@dataclass
class Run:
    """One training: numbers by name and step, histograms by name and step, models, settings."""

    path: Path
    label: str
    scalars: dict[str, list[tuple[int, float]]] = field(default_factory=dict)
    histograms: dict[str, list[tuple[int, dict[str, Any]]]] = field(default_factory=dict)
    graphs: list[dict[str, Any]] = field(default_factory=list)
    settings: dict[str, Any] = field(default_factory=dict)
    origins: dict[str, str] = field(default_factory=dict)
    step_words: dict[str, str] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)


def read_runs(paths: Iterable[str | os.PathLike[str]]) -> list[Run]:
    """The runs in folders, or in the folders in them, each with a label of its own.

    Raises RunError for a folder without a run, for a file, and for a run of a newer version.
    """
    found = (folder for path in map(Path, paths) for folder in _folders(path))
    folders = {folder.resolve(): folder for folder in found}  # each once, however it is called
    if not folders:
        raise RunError("board: got no run; expected the folder of one, or several")
    runs = [read_run(folder) for folder in folders.values()]
    for run, label in zip(runs, _labels(list(folders)), strict=True):
        run.label = label
    return runs


def read_run(folder: Path) -> Run:
    """One run; damaged lines are left out, and are among its problems."""
    run = Run(folder, folder.name or str(folder))
    if (folder / LOG).is_file():
        _read_log(run, folder / LOG)
    if (folder / FILE).is_file():
        _read_board(run, folder / FILE)
    if (folder / SETTINGS).is_file():
        _read_settings(run, folder / SETTINGS)
    return run


def last_steps(run: Run) -> dict[tuple[str, str], int]:
    """The last step of each name: {("scalar", "loss"): 7}."""
    kinds: dict[str, Mapping[str, Any]] = {"scalar": run.scalars, "histogram": run.histograms}
    return {(kind, name): points[-1][0]
            for kind, named in kinds.items() for name, points in named.items()}  # fmt: skip


def _folders(path: Path) -> list[Path]:
    if not path.exists():
        raise RunError(f"board: there is no folder {path}; expected that of a run")
    if not path.is_dir():
        hint = f": give {path.parent}" if path.name in (FILE, LOG, SETTINGS) else ""
        raise RunError(f"board: {path} is a file; expected the folder of a run{hint}")
    if _is_run(path):
        return [path]
    inside = sorted(child for child in path.iterdir() if child.is_dir() and _is_run(child))
    if not inside:
        raise RunError(
            f"board: {path} has neither {LOG} nor {FILE}, and no folder in it has; expected a "
            f"folder that `arraygrad train` or arraygrad_board.Board has written"
        )
    return inside


def _is_run(folder: Path) -> bool:
    return any((folder / name).is_file() for name in (FILE, LOG))


def _labels(folders: list[Path]) -> list[str]:
    """The last words of different paths, as many as tell them apart."""
    labels: list[str] = []
    n = 0
    while len(set(labels)) < len(folders):
        n += 1
        labels = ["/".join(folder.parts[-n:]) for folder in folders]
    return labels


def _records(file: Path, damaged: list[int]) -> Iterator[tuple[int, dict[str, Any]]]:
    """The lines that are whole objects; the last one may be half of one, being written."""
    lines = file.read_bytes().split(b"\n")
    for n, line in enumerate(lines, 1):
        if not line.strip():
            continue
        try:
            record = json.loads(line)
        except (ValueError, RecursionError):
            record = None
        if isinstance(record, dict):
            yield n, record
        elif n < len(lines):
            damaged.append(n)


def _tell_damaged(run: Run, file: Path, damaged: list[int]) -> None:
    if damaged:
        what = f"{len(damaged)} damaged line{'s' if len(damaged) > 1 else ''}"
        run.problems.append(f"{file.name}: {what} left out, from line {min(damaged)} on")


def _read_log(run: Run, file: Path) -> None:
    """The log of `arraygrad train`: a line with several numbers for each epoch."""
    wrong: list[int] = []
    back: list[int] = []
    for n, record in _records(file, wrong):
        epoch = record.get("epoch")
        if not _is_step(epoch):
            wrong.append(n)
            continue
        for name, value in record.items():
            found = None if name == "epoch" else _as_number(value)
            if found is not None:
                run.step_words[name] = "epoch"
                if not _add(run.scalars.setdefault(name, []), epoch, found):
                    back.append(epoch)
    _tell_damaged(run, file, wrong)
    _tell_back(run, file, back)


def _read_board(run: Run, file: Path) -> None:
    wrong: list[int] = []
    back: list[int] = []
    fresh: set[tuple[str, str]] = set()  # what has no step yet since the run was opened again
    seen: set[tuple[str, str]] = set()
    for n, record in _records(file, wrong):
        if "board" in record:
            if record["board"] != FORMAT:
                raise RunError(
                    f"board: {file} has the format {record['board']!r}, expected {FORMAT}; "
                    f"it is of another version of arraygrad-board: install that one"
                )
            fresh = set(seen)
            continue
        kind = "scalar" if "scalar" in record else "histogram"
        name, step = record.get(kind), record.get("step")
        if "graph" in record and _is_graph(record):
            run.graphs = [g for g in run.graphs if g["graph"] != record["graph"]] + [record]
        elif isinstance(record.get("settings"), dict):
            run.settings |= record["settings"]
        elif not isinstance(name, str) or not _is_step(step):
            wrong.append(n)
        else:
            value = _as_number(record.get("value")) if kind == "scalar" else _as_histogram(record)
            if value is None:
                wrong.append(n)
                continue
            named: Any = run.scalars if kind == "scalar" else run.histograms
            if not _add(named.setdefault(name, []), step, value) and (kind, name) not in fresh:
                back.append(step)
            fresh.discard((kind, name))
            seen.add((kind, name))
    _tell_damaged(run, file, wrong)
    _tell_back(run, file, back)


def _add(points: list[tuple[int, Any]], step: int, value: Any) -> bool:
    """Add a point; one at an earlier step takes the place of all from there on."""
    is_later = not points or step > points[-1][0]
    while points and points[-1][0] >= step:
        points.pop()
    points.append((step, value))
    return is_later


def _tell_back(run: Run, file: Path, back: list[int]) -> None:
    if back:
        run.problems.append(
            f"{file.name}: steps go back, first to {back[0]}; what was written later counts"
        )


def _read_settings(run: Run, file: Path) -> None:
    try:
        found = json.loads(file.read_bytes())
        parts = ("recipe", "data", "versions")
        recipe = {part: found[part] for part in parts if part in found}
        if not recipe or not all(isinstance(part, dict) for part in recipe.values()):
            raise ValueError("expected an object with the parts recipe, data and versions")
    except (ValueError, TypeError, RecursionError) as error:
        run.problems.append(f"{file.name} cannot be read ({error}); it was left out")
        return
    # Of a recipe, what was chosen; of the others, with the part in front.
    for part, values in recipe.items():
        prefix = "" if part == "recipe" else f"{part}: "
        run.settings |= {prefix + key: value for key, value in values.items()}
    origins = found.get("origins")
    if isinstance(origins, dict):
        run.origins = {key: str(value) for key, value in origins.items()}


def _is_step(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool) and 0 <= value < 2**53


def _as_number(value: Any) -> float | None:
    if isinstance(value, str) and value in ("nan", "inf", "-inf"):
        return float(value)
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        return float(value)
    except OverflowError:
        return math.inf


def _as_histogram(record: dict[str, Any]) -> dict[str, Any] | None:
    counts = record.get("counts")
    if not isinstance(counts, list) or len(counts) > 10_000:
        return None
    if not all(isinstance(n, int) and 0 <= n < 2**53 for n in counts):
        return None
    wanted = ("low", "high", "mean", "std") if counts else ()
    found = {key: _as_number(record.get(key)) for key in wanted}
    if None in found.values() or (counts and not sum(counts)):
        return None
    low, high = found.get("low", 0.0) or 0.0, found.get("high", 0.0) or 0.0
    if not (math.isfinite(low) and math.isfinite(high) and low <= high):
        return None
    bad = record.get("bad", 0)
    return {"counts": counts, **found, "bad": bad if _is_step(bad) else 0}


def _is_graph(record: dict[str, Any]) -> bool:
    items, links = record.get("items"), record.get("links")
    if not (isinstance(record["graph"], str) and isinstance(record.get("summary"), str)):
        return False
    if not (isinstance(items, list) and isinstance(links, list)):
        return False
    kinds = ("variable", "constant", "function")
    return all(
        isinstance(item, list) and len(item) == 2 and item[0] in kinds and isinstance(item[1], str)
        for item in items
    ) and all(
        isinstance(link, list)
        and len(link) == 2
        and all(_is_step(end) and 1 <= end <= len(items) for end in link)
        for link in links
    )
