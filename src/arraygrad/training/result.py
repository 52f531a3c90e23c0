"""Result: a trained model from its folder, and what it says to the held-out samples."""

from __future__ import annotations

import os
from typing import Any, NamedTuple

import numpy as np

from arraygrad import backend as backends
from arraygrad import weights
from arraygrad.errors import RunError
from arraygrad.layers import Layer
from arraygrad.training.data import Data, prepare
from arraygrad.training.folder import Folder
from arraygrad.training.loop import outputs
from arraygrad.training.recipe import Recipe, build_model, check_device, make_recipe


class Result(NamedTuple):
    """A trained model, its data, and the class it gives to each held-out sample.

    predictions, labels: (N,) int; confusion: (C, C) int, row: true class, column: predicted.
    """

    recipe: Recipe
    model: Layer
    data: Data
    labels: np.ndarray[Any, Any]
    predictions: np.ndarray[Any, Any]

    @property
    def accuracy(self) -> float:
        """The share of right predictions."""
        return float(np.mean(self.predictions == self.labels))

    @property
    def confusion(self) -> np.ndarray[Any, Any]:
        """How often each class (row) was taken for each class (column)."""
        classes = self.data.facts["classes"]
        counts = np.zeros((classes, classes), dtype=np.int64)
        np.add.at(counts, (self.labels, self.predictions), 1)
        return counts

    def image(self, i: int) -> np.ndarray[Any, Any] | None:
        """Held-out sample i as (H, W), from 0 to 1, or None if it is no picture."""
        samples = self.data.test.data if hasattr(self.data.test, "data") else None
        if not isinstance(samples, np.ndarray):
            return None
        x = samples[i].astype(np.float64)
        side = round(float(x.size) ** 0.5)
        if x.ndim == 3 and x.shape[0] == 1:
            x = x[0]
        elif x.ndim == 1 and x.size >= 16 and side * side == x.size:
            x = x.reshape(side, side)
        if x.ndim != 2:
            return None
        low, high = float(samples.min()), float(samples.max())
        return (x - low) / (high - low or 1.0)


def load(path: str | os.PathLike[str], backend: str | None = None) -> Result:
    """Build the model of a run again, with its weights, and let it predict the held-out samples.

    backend: another one than the model was trained on.

    Raises RunError if there is no such run, WeightsError if its weights do not fit.

    >>> import tempfile
    >>> from arraygrad.training import make_recipe, train
    >>> with tempfile.TemporaryDirectory() as path:
    ...     log = train(make_recipe(epochs=1), path)
    ...     result = load(path)
    >>> result.accuracy == log[-1]["test_accuracy"]
    True
    """
    folder = Folder(path)
    settings = folder.read_settings()
    recipe = Recipe.from_dict(settings["recipe"])
    if backend is not None and backend != recipe.backend:
        recipe = make_recipe(**recipe.as_dict() | {"backend": backend, "device": None})
    device = check_device(recipe.backend, recipe.device)
    file = folder.weights(recipe.weights)
    if not file.exists():
        raise RunError(
            f"{folder.path} has no {file.name}; `arraygrad train --resume --out {folder.path}` "
            "makes it again from the checkpoint"
        )
    with backends.using_backend(recipe.backend), np.errstate(all="ignore"):
        data = prepare(recipe)
        if data.facts != settings["data"]:
            raise RunError(
                f"the data set {recipe.dataset!r} has changed since the run: {settings['data']} "
                f"then, {data.facts} now"
            )
        model = build_model(recipe, data.facts["in_size"], data.facts["classes"])
        weights.load_weights(model, file)
        if device is not None:
            model.to(recipe.backend, device)
        logits, labels = outputs(model, data.test, device)
    return Result(recipe, model, data, labels, logits.argmax(axis=1))
