"""`arraygrad new-plugin`."""

from __future__ import annotations

from pathlib import Path

import click

from arraygrad.cli.scaffold import KINDS, write_project


@click.command("new-plugin", short_help="Write a plugin of your own, ready to install and test.")
@click.argument("name")
@click.option(
    "--kind", required=True, type=click.Choice(list(KINDS)), help="What it brings to arraygrad."
)
@click.option(
    "--out",
    default=".",
    show_default=True,
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The folder in which the project's folder is made.",
)
def new_plugin(name: str, kind: str, out: Path) -> None:
    """Write the project of a plugin called NAME into a new folder, arraygrad-NAME.

    It is a whole distribution with one small thing of that kind, called NAME too, and its tests:
    install it, see them pass, and put your own in its place.
    """
    folder = write_project(name, kind, out)
    click.echo(f"made {folder}; go on with\n")
    click.echo(f"  cd {folder}")
    click.echo('  pip install -e ".[test]"')
    click.echo("  pytest")
    click.echo(f"  arraygrad plugins {folder.name}")
