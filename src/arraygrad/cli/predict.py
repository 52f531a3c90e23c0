"""`arraygrad predict`."""

from __future__ import annotations

import shutil
from pathlib import Path

import click
import numpy as np

from arraygrad.cli import text
from arraygrad.training import Result, load


@click.command(short_help="Show predictions and mistakes of a trained model.")
@click.argument("run", type=click.Path(path_type=Path))
@click.option("--backend", metavar="NAME", help="Another backend than the run was trained on.")
@click.option(
    "--show", type=click.IntRange(min=0), default=8, show_default=True, metavar="N",
    help="How many held-out samples to show here.",
)  # fmt: skip
def predict(run: Path, backend: str | None, show: int) -> None:
    """Show what the model in the folder RUN says to held-out samples, and what it takes for what.

    Writes predictions.png and confusion.png into the folder, and prints the same as text.
    """
    result = load(run, backend)
    drawn = _draw(result, run)  # first: whoever reads this may close the pipe early
    wrong = np.flatnonzero(result.predictions != result.labels)
    chosen = _choose(len(result.labels), wrong, show)
    if chosen:
        click.echo("Held-out samples, as the model reads them:\n")
        click.echo(_samples(result, chosen) + "\n")
    if result.data.facts["classes"] <= 20:
        click.echo(text.matrix(result.confusion) + "\n")
    right, size = len(result.labels) - len(wrong), len(result.labels)
    click.echo(f"test accuracy {result.accuracy:.2%}: {right} of {size} held-out samples are right")
    click.echo(drawn)


def _choose(size: int, wrong: np.ndarray, show: int) -> list[int]:
    """Half of them the first ones, then mistakes, if there are enough."""
    first = [i for i in range(size) if i not in set(wrong.tolist())]
    mistakes = wrong.tolist()[: show // 2]
    return first[: show - len(mistakes)] + mistakes


def _samples(result: Result, chosen: list[int]) -> str:
    blocks = []
    for i in chosen:
        t, y = int(result.labels[i]), int(result.predictions[i])
        image = result.image(i)
        caption = f"{y}, right" if t == y else f"{y}, but is {t}"
        if image is None:
            x = np.asarray(result.data.test.data[i]).reshape(-1)[:4]
            blocks.append([f"({', '.join(f'{value:.2f}' for value in x)})", caption])
        else:
            blocks.append([*text.art(image), caption])
    return text.beside(blocks, shutil.get_terminal_size().columns)


def _draw(result: Result, run: Path) -> str:
    from arraygrad.training import pictures

    if missing := pictures.missing():
        return f"no pictures: {missing}"
    paths = [run / "predictions.png", run / "confusion.png"]
    drawn = [pictures.predictions(result, paths[0]), pictures.confusion(result, paths[1])]
    names = ", ".join(path.name for path, done in zip(paths, drawn, strict=True) if done)
    return f"in {run}: {names}"
