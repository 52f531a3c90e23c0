"""`arraygrad plugins [NAME]`, `arraygrad plugins check NAME` and `arraygrad plugins doctor`."""

from __future__ import annotations

import json
from typing import Any

import click

from arraygrad.cli.doctor import doctor
from arraygrad.cli.listings import as_json, list_plugins

with_check = click.option(
    "--check", is_flag=True, help="Import everything they provide, and say what fails."
)


class Plugins(click.Group):
    """A group whose argument may also be the name of a plugin."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """`check` or `doctor`; anything else is the name of a plugin to tell about."""
        return super().get_command(ctx, name) or self._about(name)

    def _about(self, name: str) -> click.Command:
        @click.command(name, short_help=f"All about {name}.")
        @with_check
        @as_json
        @click.pass_context
        def about(ctx: click.Context, check: bool, as_json: bool) -> None:
            group = ctx.parent.params if ctx.parent else {}
            list_plugins(name, check or group["check"], as_json or group["as_json"])

        return about

    def format_usage(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Both ways to call it."""
        path = ctx.command_path
        formatter.write_usage(path, "[OPTIONS] [NAME]")
        formatter.write_usage(path, "check NAME | doctor", prefix="       ")


@click.group(
    cls=Plugins, invoke_without_command=True, short_help="List plugins and whether they work."
)
@with_check
@as_json
@click.pass_context
def plugins(ctx: click.Context, check: bool, as_json: bool) -> None:
    """List plugins, their status and what they provide; or all about NAME."""
    if ctx.invoked_subcommand is None:
        list_plugins(None, check, as_json)


@plugins.command("check", short_help="Prove everything that a plugin provides right.")
@click.argument("name")
@click.option("--place", "places", multiple=True, help="Where, in place of the usual places.")
@click.option("--only", multiple=True, help="Only these checks, such as functions or kernels.")
@click.option("--skip", multiple=True, help="All but these checks.")
@click.option("--badge", metavar="FILE", help="Write the counts as an SVG picture too.")
@as_json
def check_one(
    name: str, places: tuple[str, ...], only: tuple[str, ...], skip: tuple[str, ...],
    badge: str | None, as_json: bool,
) -> int:  # fmt: skip
    """Run the conformance kit on all that the plugin NAME registers; exit code 1 if it fails."""
    from arraygrad.testing import PLACES, check_plugin

    report = check_plugin(name, places=places or PLACES, only=only or None, skip=skip)
    if badge is not None:
        from arraygrad.cli.badge import write

        write(report, badge)
    if as_json:
        click.echo(json.dumps(report.as_dict(), indent=2))
    else:
        _show(report)
    return 0 if report.ok else 1


def _show(report: Any) -> None:
    for failure in report.failures:
        click.echo(f"failed: {failure}\n")
    for what, why in report.skipped.items():
        click.echo(f"skipped: {what}: {why}")
    click.echo(
        f"{report.name}: {report.ran} checks, {report.passed} passed, "
        f"{len(report.failures)} failed, {len(report.expected)} expected to fail, "
        f"{len(report.skipped)} skipped"
    )
    if not report.ran:
        click.echo("nothing was checked, which is a failure")


plugins.add_command(doctor)
