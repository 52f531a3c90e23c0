"""The data of a run: two data sets brought to one scale, and what is known of them."""

from __future__ import annotations

import inspect
from typing import Any, NamedTuple

import numpy as np

from arraygrad.datasets import Dataset
from arraygrad.errors import RunError
from arraygrad.models import MLP
from arraygrad.training.names import obtain
from arraygrad.training.recipe import Recipe
from arraygrad.transforms import AsType, Compose, Flatten, Normalize


class Data(NamedTuple):
    """Samples for training and held-out ones, and `facts` of them, in types that JSON knows."""

    train: Any
    test: Any
    facts: dict[str, Any]


def prepare(recipe: Recipe) -> Data:
    """Make the data sets of a recipe, normalised with the mean and deviation of the training part.

    Raises RunError for data that cannot be learnt as classes, DatasetError.

    >>> from arraygrad.training import make_recipe
    >>> data = prepare(make_recipe(dataset="digits"))
    >>> data.facts["classes"], data.facts["train_size"], data.facts["test_size"]
    (10, 1438, 359)
    """
    make = obtain("datasets", recipe.dataset)
    try:
        inspect.signature(make).bind(train=True)
    except (TypeError, ValueError):  # ValueError: built into Python, and without a signature
        raise RunError(
            f"data set: {recipe.dataset!r} does not take train=True; expected a class with two "
            "parts, as arraygrad.Dataset has"
        ) from None
    train, test = make(train=True), make(train=False)
    classes = 1 + max(int(_labels(recipe, part).max()) for part in (train, test))
    if recipe.limit is not None:
        _shorten(recipe, train)
        _shorten(recipe, test)
    mean, std = _scale(train)
    shape = np.shape(_sample(recipe, train))
    flat = len(shape) != 1 and obtain("models", recipe.model) is MLP
    if isinstance(train, Dataset):
        for part in (train, test):
            steps = [part.transform, AsType(np.float32), Flatten() if flat else None]
            steps.append(Normalize(mean, std))
            part.transform = Compose(step for step in steps if step is not None)
    facts = {
        "classes": classes,
        "shape": list(shape),
        "in_size": int(np.prod(shape)) if flat or not shape else int(shape[-1]),
        "mean": mean,
        "std": std,
        "train_size": len(train),
        "test_size": len(test),
    }
    return Data(train, test, facts)


def _shorten(recipe: Recipe, part: Any) -> None:
    if not isinstance(part, Dataset) or part.data is None:
        raise RunError(
            f"limit: data set {recipe.dataset!r} does not hold its samples in `data`, so it cannot "
            "be cut short"
        )
    part.data = part.data[: recipe.limit]
    part.label = None if part.label is None else part.label[: recipe.limit]


def _sample(recipe: Recipe, part: Any) -> Any:
    try:
        x, _ = part[0]
    except (TypeError, ValueError, LookupError) as error:
        raise RunError(
            f"data set: {recipe.dataset!r} gave no pair (x, t) as its first sample "
            f"({type(error).__name__}: {error}); expected one, as arraygrad.Dataset gives"
        ) from None
    return x


def _labels(recipe: Recipe, part: Any) -> np.ndarray[Any, Any]:
    _sample(recipe, part)
    given = getattr(part, "label", None)
    given = [part[i][1] for i in range(len(part))] if given is None else given
    labels = np.asarray(given)
    if labels.dtype.kind not in "iu" or labels.ndim != 1 or not labels.size or labels.min() < 0:
        raise RunError(
            f"data set: the labels of {recipe.dataset!r} are {labels.dtype} of shape "
            f"{labels.shape}; expected one class from 0 on, a whole number, for each sample"
        )
    return labels


def _scale(part: Any) -> tuple[float, float]:
    data = getattr(part, "data", None)
    if not isinstance(data, np.ndarray) or data.dtype.kind not in "fiu" or part.transform:
        return 0.0, 1.0
    std = float(data.std(dtype=np.float64))
    return float(data.mean(dtype=np.float64)), std if std > 0 else 1.0
