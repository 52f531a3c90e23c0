"""`arraygrad train`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from arraygrad import settings
from arraygrad.cli.program import INTERRUPTED
from arraygrad.cli.progress import for_terminal
from arraygrad.training import Folder, make_recipe
from arraygrad.training import train as run_training
from arraygrad.training.names import identify
from arraygrad.training.recipe import WEIGHTS


class Sizes(click.ParamType):
    """Whole numbers above 0, separated by commas."""

    name = "sizes"

    def convert(self, value: Any, param: Any, ctx: Any) -> tuple[int, ...]:
        if isinstance(value, tuple):
            return value
        try:
            sizes = tuple(int(size) for size in value.split(","))
        except ValueError:
            sizes = ()
        if not sizes or min(sizes) < 1:
            self.fail(f"{value!r} is not a size above 0, or several such as 100,50", param, ctx)
        return sizes


@click.command(short_help="Train a model on a data set.")
@click.argument("dataset", required=False)
@click.option("--model", metavar="NAME", help="What to train.  [mlp]")
@click.option("--hidden", type=Sizes(), help="Sizes of the hidden layers, such as 100,50.  [100]")
@click.option("--activation", metavar="NAME", help="The function between layers.  [relu]")
@click.option("--optimizer", metavar="NAME", help="adam, sgd, momentumsgd, ...  [adam]")
@click.option("--lr", type=float, help="Learning rate.  [adam 0.002, momentumsgd 0.05, sgd 0.1]")
@click.option("--batch-size", type=int, help="Samples in each update.  [32]")
@click.option("--epochs", type=int, help="Passes through the data.  [digits 20, spiral 100]")
@click.option("--seed", type=int, help="Decides weights and order; equal seeds, equal runs.  [0]")
@click.option("--backend", metavar="NAME", help="Where to compute; see `arraygrad backends`.")
@click.option("--device", metavar="NAME", help="One of the backend's devices.")
@click.option("--limit", type=int, metavar="N", help="Use the first N samples of each part only.")
@click.option("--weights", type=click.Choice(WEIGHTS), help="Format of the weights.  [npz]")
@click.option("--out", type=click.Path(path_type=Path), help="Folder of the run.  [runs/<dataset>]")
@click.option("--resume", is_flag=True, help="Go on with the run in that folder.")
@click.option("--force", is_flag=True, help="Overwrite the run in that folder.")
@click.pass_context
def train(
    ctx: click.Context,
    dataset: str | None,
    out: Path | None,
    resume: bool,
    force: bool,
    **options: Any,
) -> None:
    """Train a model on DATASET (digits, spiral, or a plugin's) and keep all about it in a folder.

    A fifth of the digits is held out for the test accuracy. Ctrl-C keeps the last finished epoch,
    and --resume goes on from there, to the same weights as if nothing had happened. Defaults are
    in brackets.
    """
    if resume and force:
        raise click.UsageError("--resume and --force exclude each other", ctx)
    given = {"dataset": dataset, **options}
    given = {key: value for key, value in given.items() if value is not None}
    name = identify("datasets", dataset or "digits").partition(":")[2]
    folder = Folder(out if out is not None else Path("runs", name.lower()))
    if resume:
        saved = folder.read()
        recipe = make_recipe(**saved.recipe.as_dict() | given)
        done = saved.epoch
        if done == recipe.epochs == saved.recipe.epochs:
            more = f"--epochs {2 * done}"
    else:
        recipe, done = make_recipe(**given), 0
    progress = for_terminal()
    try:
        log = run_training(
            recipe,
            folder.path,
            resume=resume,
            force=force,
            origins=_origins(recipe.as_dict(), given),
            progress=progress,
        )
    except KeyboardInterrupt:
        _explain_interrupt(folder, recipe.epochs if resume else None)
        ctx.exit(INTERRUPTED)
    if done == len(log):
        click.echo(f"{folder.path} has all of its {done} epochs; to go on, add {more}")
    else:
        _conclude(folder, recipe.weights, log)


def _origins(values: dict[str, Any], given: dict[str, Any]) -> dict[str, str]:
    """Where each value of the recipe came from, for settings.json."""
    origins = {key: "command line" if key in given else "default" for key in values}
    if "backend" not in given:
        setting = settings.origin("backend")
        origins["backend"] = f"{setting.origin} {setting.detail}".rstrip()
    return origins


def _explain_interrupt(folder: Folder, asked: int | None) -> None:
    if not folder.checkpoint.exists():
        click.echo("\ninterrupted before the first epoch was finished; nothing is kept", err=True)
        return
    run = folder.read()
    epochs = run.recipe.epochs
    # More epochs than before are part of the run only once the first of them is finished.
    more = f" --epochs {asked}" if asked not in (None, epochs) else ""
    click.echo(
        f"\ninterrupted; {folder.path} has {run.epoch} of {epochs} epochs; go on with: "
        f"arraygrad train --resume --out {shlex.quote(str(folder.path))}{more}",
        err=True,
    )
    _draw(folder, run.log)


def _conclude(folder: Folder, format: str, log: list[dict[str, Any]]) -> None:
    last = log[-1]
    seconds = sum(line["seconds"] for line in log)
    click.echo(
        f"test accuracy {last['test_accuracy']:.2%} after epoch {last['epoch']} "
        f"and {seconds:.1f} s of training"
    )
    files = [folder.weights(format), folder.log, folder.settings, folder.checkpoint]
    files += _draw(folder, log)
    click.echo(f"in {folder.path}: {', '.join(file.name for file in files)}")
    click.echo(f"next: arraygrad predict {shlex.quote(str(folder.path))}")


def _draw(folder: Folder, log: list[dict[str, Any]]) -> list[Path]:
    from arraygrad.training import pictures

    if missing := pictures.missing():
        click.echo(f"no picture of the curves: {missing}", err=True)
        return []
    path = folder.path / "curves.png"
    pictures.curves(log, path)
    return [path]
