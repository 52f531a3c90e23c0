"""What a training run shows: a line for each epoch, and a bar where somebody watches."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from typing import Any

import click

from arraygrad.training import Progress, Recipe


class Lines(Progress):
    """A line for each epoch on standard output."""

    def begin(self, recipe: Recipe, facts: Mapping[str, Any], done: int, batches: int) -> None:
        self.epochs = recipe.epochs
        model, dataset = (id.removeprefix("core:") for id in (recipe.model, recipe.dataset))
        device = f" ({recipe.device})" if recipe.device else ""
        self.show(
            f"{model} on {dataset}: {facts['train_size']} samples for training, "
            f"{facts['test_size']} held out; {recipe.backend}{device}, seed {recipe.seed}"
        )
        if done:
            self.show(f"going on after epoch {done}")

    def epoch(self, line: Mapping[str, Any]) -> None:
        width = len(str(self.epochs))
        self.show(
            f"epoch {line['epoch']:{width}}/{self.epochs}   "
            f"train: loss {line['train_loss']:.4f}, accuracy {line['train_accuracy']:7.2%}   "
            f"test: loss {line['test_loss']:.4f}, accuracy {line['test_accuracy']:7.2%}"
        )

    def show(self, text: str) -> None:
        """Print a line."""
        click.echo(text)


class Bar(Lines):
    """The same lines, and below them a bar that fills with every update."""

    def begin(self, recipe: Recipe, facts: Mapping[str, Any], done: int, batches: int) -> None:
        super().begin(recipe, facts, done, batches)
        from tqdm import tqdm  # type: ignore[import-untyped]

        self.bar: Any = tqdm(
            total=recipe.epochs * batches,
            initial=done * batches,
            unit=" updates",
            file=sys.stderr,
            leave=False,
            dynamic_ncols=True,
        )

    def step(self) -> None:
        self.bar.update()

    def show(self, text: str) -> None:
        if hasattr(self, "bar"):
            self.bar.write(text, file=sys.stdout)
        else:
            super().show(text)

    def end(self) -> None:
        self.bar.close()


def for_terminal() -> Progress:
    """A bar where standard error is a terminal and tqdm is installed, else lines only."""
    if sys.stderr.isatty():
        try:
            import tqdm  # noqa: F401
        except ImportError:
            pass
        else:
            return Bar()
    return Lines()
