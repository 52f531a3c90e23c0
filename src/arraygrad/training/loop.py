"""The loop: epochs of batches, each epoch ending with files that can be resumed from."""

from __future__ import annotations

import math
import os
import sys
from collections.abc import Mapping
from time import perf_counter
from typing import Any

import numpy as np

import arraygrad
import arraygrad.functions as F
from arraygrad import backend as backends
from arraygrad import registry
from arraygrad.config import no_grad, test_mode
from arraygrad.dataloaders import DataLoader
from arraygrad.errors import ArraygradError, RunError
from arraygrad.layers import Layer
from arraygrad.training.data import prepare
from arraygrad.training.folder import FORMAT, Folder, Snapshot
from arraygrad.training.recipe import Recipe, build_model, build_optimizer, check_device
from arraygrad.variable import as_variable
from arraygrad.weights import write_arrays


class Progress:
    """What hears of a run as it goes; this one keeps quiet, subclasses show something."""

    def begin(self, recipe: Recipe, facts: Mapping[str, Any], done: int, batches: int) -> None:
        """Training starts after `done` finished epochs, with `batches` updates in each."""

    def step(self) -> None:
        """One update is done."""

    def epoch(self, line: Mapping[str, Any]) -> None:
        """One epoch is done, and its files are written; `line` is the line of the log."""

    def end(self) -> None:
        """Training is over, in whatever way."""


def train(
    recipe: Recipe,
    path: str | os.PathLike[str],
    *,
    resume: bool = False,
    force: bool = False,
    origins: Mapping[str, str] | None = None,
    progress: Progress | None = None,
) -> list[dict[str, Any]]:
    """Train by a recipe, write all files of `Folder` to `path`, and return the lines of the log.

    With `resume` a run goes on after its last finished epoch, to the same weights, bit for bit,
    as if it had never stopped. `force` overwrites another run. `origins` says where the values of
    the recipe came from. The seed is set on NumPy's global generator.

    Raises RunError if there is a run already, if `recipe` is not that of the run to resume, or if
    the loss is no longer a finite number. After that, and after KeyboardInterrupt, the files are
    those of the last finished epoch.
    """
    folder = Folder(path)
    before = folder.read() if resume else None
    if before is not None:
        _check_same(folder, before, recipe)
        if before.epoch == recipe.epochs == before.recipe.epochs:
            return before.log
    elif not force:
        folder.check_free()
    progress = progress or Progress()
    with backends.using_backend(recipe.backend), np.errstate(all="ignore"):
        run = _Run(recipe, origins or {})
        if before is not None:
            run.restore(before)
        folder.make()
        if before is not None:
            folder.restore(before)
        first = before is None
        progress.begin(recipe, run.data.facts, len(run.log), len(run.loader))
        try:
            while len(run.log) < recipe.epochs:
                line = run.epoch(progress)
                # Not before: a run that ends in its first epoch leaves all as it was.
                folder.write(run.snapshot(), clear=first)
                first = False
                progress.epoch(line)
        finally:
            progress.end()
    return run.log


class _Run:
    """The things that change while a run goes on, and how they are kept."""

    def __init__(self, recipe: Recipe, origins: Mapping[str, str]) -> None:
        np.random.seed(recipe.seed)
        self.recipe = recipe
        self.backend = backends.current_backend()
        self.device = check_device(recipe.backend, recipe.device)
        self.data = prepare(recipe)
        self.loader = DataLoader(
            self.data.train, recipe.batch_size, seed=recipe.seed, backend=recipe.backend
        )
        facts = self.data.facts
        self.model = build_model(recipe, facts["in_size"], facts["classes"])
        self._first_call()
        if self.device is not None:
            self.model.to(recipe.backend, self.device)
        self.optimizer = build_optimizer(recipe).setup(self.model)
        self.log: list[dict[str, Any]] = []
        self.settings: dict[str, Any] = {
            "format": FORMAT,
            "recipe": recipe.as_dict(),
            "origins": dict(origins),
            "data": facts,
            "versions": _versions(recipe),
        }
        _check_weights_format(recipe)

    def _first_call(self) -> None:
        """Parameters are born at the first call; and a model that does not fit fails early."""
        facts = self.data.facts
        try:
            logits, _ = outputs(self.model, self.data.train, self.device, at_most=1)
        except (ArraygradError, TypeError, ValueError) as error:
            raise RunError(
                f"model: {self.recipe.model!r} with activation {self.recipe.activation!r} fails on "
                f"a sample of shape {tuple(facts['shape'])}: {error}"
            ) from error
        if logits.shape != (1, facts["classes"]):
            raise RunError(
                f"model: {self.recipe.model!r} gives the shape {logits.shape[1:]} for a sample; "
                f"expected one number for each of the {facts['classes']} classes"
            )

    def epoch(self, progress: Progress) -> dict[str, Any]:
        """Train for one epoch, and return its line of the log."""
        start = perf_counter()
        loss_sum = right = count = 0.0
        model, optimizer = self.model, self.optimizer
        for x, t in self.loader:
            if self.device is not None:
                x = self.backend.to_device(x, self.device)
                t = self.backend.to_device(t, self.device)
            y = model(x)
            loss = F.softmax_cross_entropy(y, t)
            model.cleargrads()
            loss.backward()
            optimizer.update()
            value, n = float(loss.item()), t.shape[0]
            self._check_finite("training", value)
            loss_sum += value * n
            right += float(F.accuracy(y, t).item()) * n
            count += n
            progress.step()
        logits, labels = outputs(model, self.data.test, self.device)
        test_loss = float(F.softmax_cross_entropy(logits, labels).item())
        self._check_finite("test", test_loss)
        line = {
            "epoch": len(self.log) + 1,
            "train_loss": loss_sum / count,
            "train_accuracy": right / count,
            "test_loss": test_loss,
            "test_accuracy": float(np.mean(logits.argmax(axis=1) == labels)),
            "seconds": round(perf_counter() - start, 3),
        }
        self.log.append(line)
        return line

    def _check_finite(self, which: str, loss: float) -> None:
        if math.isfinite(loss):
            return
        done = len(self.log)
        kept = f"the files of epoch {done} are kept" if done else "no epoch was finished"
        raise RunError(
            f"the {which} loss is {loss} in epoch {done + 1}; expected a finite number; {kept}: "
            f"try a learning rate below {self.recipe.lr:g} (--lr)"
        )

    def snapshot(self) -> Snapshot:
        """Copies of all that decides how the run goes on."""
        _, keys, *rest = np.random.get_state()
        return Snapshot(
            self.settings,
            self.log,
            {name: _copied(p.data) for name, p in self.model.named_weights()},
            self.optimizer.state_dict(),
            {"keys": np.array(keys), "rest": np.array(rest, dtype=np.float64)},
        )

    def restore(self, before: Snapshot) -> None:
        """Go back to a snapshot; raises RunError if it does not fit."""
        if before.settings["data"] != self.data.facts:
            raise RunError(
                f"resume: the data set {self.recipe.dataset!r} has changed since the run began: "
                f"{before.settings['data']} then, {self.data.facts} now"
            )
        try:
            self._restore_weights(before.weights)
            self.optimizer.load_state_dict(before.optimizer)
            position, has_gauss, gauss = before.random["rest"].tolist()
            keys = before.random["keys"]
            np.random.set_state(("MT19937", keys, int(position), int(has_gauss), gauss))
        except RunError:
            raise
        except (ArraygradError, KeyError, ValueError, TypeError) as error:
            raise RunError(f"resume: the checkpoint does not fit: {error}") from error
        self.loader.epoch = before.epoch
        self.log = list(before.log)
        kept = {key: before.settings[key] for key in ("origins", "versions")}
        origins = {**kept["origins"], "epochs": self.settings["origins"].get("epochs", "default")}
        if before.recipe.epochs == self.recipe.epochs:
            origins = kept["origins"]
        self.settings |= {**kept, "origins": origins}

    def _restore_weights(self, arrays: Mapping[str, np.ndarray[Any, Any]]) -> None:
        params = dict(self.model.named_weights())
        here = {name: (tuple(p.shape), _copied(p.data).dtype) for name, p in params.items()}
        there = {name: (array.shape, array.dtype) for name, array in arrays.items()}
        if here != there:
            raise RunError(f"resume: the checkpoint has the weights {there}, the model {here}")
        for name, p in params.items():
            p.data = self.backend.from_numpy(arrays[name].copy(), device=self.device)


def outputs(
    model: Layer, dataset: Any, device: Any = None, at_most: int | None = None
) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """What a model says to a whole data set, and the labels: (N, C) and (N,), NumPy arrays."""
    logits, labels = [], []
    with no_grad(), test_mode():
        for x, t in DataLoader(dataset, at_most or 500, shuffle=False):
            backend = backends.backend_of(x)
            y = as_variable(model(x if device is None else backend.to_device(x, device))).data
            logits.append(backend.to_numpy(y))
            labels.append(backend.to_numpy(t))
            if at_most:
                break
    return np.concatenate(logits), np.concatenate(labels)


def _copied(data: Any) -> np.ndarray[Any, Any]:
    return np.array(backends.backend_of(data).to_numpy(data))


def _check_same(folder: Folder, before: Snapshot, recipe: Recipe) -> None:
    then, now = before.recipe.as_dict(), recipe.as_dict()
    changed = [
        f"{key} is {then[key]!r} in the run, {now[key]!r} was asked for"
        for key in then
        if key != "epochs" and then[key] != now[key]
    ]
    if changed:
        raise RunError(
            f"resume: {folder.path} has another recipe: {'; '.join(changed)}; nothing was changed: "
            "leave these options out, or choose another folder with --out"
        )
    if recipe.epochs < before.epoch:
        raise RunError(
            f"resume: {folder.path} has {before.epoch} epochs already, {recipe.epochs} were asked "
            "for; nothing was changed: ask for more, or choose another folder with --out"
        )


def _check_weights_format(recipe: Recipe) -> None:
    """Fail before the training and not after it, if a package is missing."""
    if recipe.weights == "safetensors":
        import tempfile

        with tempfile.TemporaryDirectory() as scratch:
            write_arrays(f"{scratch}/empty.safetensors", {})


def _versions(recipe: Recipe) -> dict[str, str]:
    versions = {
        "arraygrad": arraygrad.__version__,
        "python": ".".join(map(str, sys.version_info[:3])),
        "numpy": np.__version__,
    }
    library = sys.modules.get(recipe.backend)
    if isinstance(version := getattr(library, "__version__", None), str):
        versions[recipe.backend] = version
    kinds = {"datasets": recipe.dataset, "models": recipe.model, "optimizers": recipe.optimizer}
    for kind, id in kinds.items():
        entry = registry.find(kind, id)
        if entry.namespace != registry.CORE:
            versions[entry.distribution] = entry.version
    return versions
