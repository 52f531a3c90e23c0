"""What the folder of `arraygrad train` says without its data set: the model, and its weights."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from arraygrad.errors import ArraygradError
from arraygrad.training import Folder
from arraygrad.training.recipe import Recipe, build_model
from arraygrad.weights import read_arrays
from arraygrad_board import values
from arraygrad_board.runs import Run
from arraygrad_board.writer import graph_record


def complete(run: Run) -> None:
    """Add the graph, the table of layers and histograms of the last weights, where they are known.

    What cannot be had is among the problems of the run.
    """
    folder = Folder(run.path)
    if not folder.settings.is_file():
        return
    try:
        found = folder.read_settings()
        recipe = Recipe.from_dict(found["recipe"])
        run.graphs.insert(0, _graph(recipe, found["data"]))
    # A model may be that of a plugin, and fail with anything: the curves are worth a page.
    except Exception as error:
        run.problems.append(f"the model cannot be shown: {type(error).__name__}: {error}")
        return
    if (file := folder.weights(recipe.weights)).is_file() and run.scalars:
        last = max(points[-1][0] for points in run.scalars.values())
        try:
            for name, array in read_arrays(file).items():
                made = values.histogram(name, array)
                run.histograms.setdefault(f"parameters/{name}", []).append((last, made))
        except ArraygradError as error:
            run.problems.append(f"{file.name} cannot be read: {error}")


def _graph(recipe: Recipe, facts: dict[str, Any]) -> dict[str, Any]:
    # Shapes are the same on every backend, and NumPy is always there.
    known = replace(recipe, backend="numpy", device=None)
    state = np.random.get_state()
    try:
        model = build_model(known, facts["in_size"], facts["classes"])
        return graph_record(model, np.zeros((1, *facts["shape"]), np.float32))
    finally:
        np.random.set_state(state)
