"""`arraygrad board`."""

from __future__ import annotations

import webbrowser
from pathlib import Path

import click

from arraygrad_board.convert import write_events
from arraygrad_board.page import check_target, write_page


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("runs", nargs=-1, required=True, metavar="RUN...")
@click.option("-o", "--out", type=click.Path(path_type=Path), metavar="FILE",
              help="The page.  [board.html]")  # fmt: skip
@click.option("--open", "show", is_flag=True, help="Show it in the browser.")
@click.option("--smooth", type=click.FloatRange(0, 1, max_open=True), metavar="WEIGHT",
              help="How much the past counts, 0 to below 1; 0: none.  [by length]")  # fmt: skip
@click.option("--force", is_flag=True, help="Overwrite a file that is no page of this command.")
@click.option("--tensorboard", type=click.Path(path_type=Path), metavar="DIR",
              help="Write event files for TensorBoard there; a page only with -o too.")  # fmt: skip
def board(
    runs: tuple[str, ...],
    out: Path | None,
    show: bool,
    smooth: float | None,
    force: bool,
    tensorboard: Path | None,
) -> None:
    """See trainings as one self-contained HTML page.

    RUN is a folder of `arraygrad train`, one that arraygrad_board.Board has written, or a folder
    of such folders. Several runs are compared: arraygrad board runs/a runs/b
    """
    wants_page = out is not None or show or tensorboard is None
    path = out or Path("board.html")
    if wants_page:
        check_target(path, force)
    if tensorboard is not None:
        for folder in write_events(runs, tensorboard):
            click.echo(f"event files in {folder}")
        click.echo(f"next: tensorboard --logdir {tensorboard}")
    if wants_page:
        write_page(runs, path, smoothing=smooth, force=force)
        click.echo(f"{path} ({path.stat().st_size / 1000:,.0f} kB)")
        if show and not webbrowser.open(path.resolve().as_uri()):
            click.echo(f"no browser could be opened; open {path} in one", err=True)
