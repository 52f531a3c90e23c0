"""The command line `arraygrad`; it needs the extra `cli`, and nothing else imports it."""

from __future__ import annotations

import click

import arraygrad
from arraygrad.cli.kernels import kernels
from arraygrad.cli.listings import backends, config
from arraygrad.cli.new_plugin import new_plugin
from arraygrad.cli.plugins import plugins
from arraygrad.cli.predict import predict
from arraygrad.cli.program import Program
from arraygrad.cli.stubs import stubs
from arraygrad.cli.train import train
from arraygrad.cli.why import why

__all__ = ["program"]


@click.group(
    cls=Program,
    context_settings={"help_option_names": ["-h", "--help"]},
    invoke_without_command=True,
)
@click.version_option(arraygrad.__version__, message="arraygrad %(version)s")
@click.pass_context
def program(ctx: click.Context) -> None:
    """Train networks, look at what they learnt, and see which plugins and settings are at work."""
    if ctx.invoked_subcommand is None:
        click.echo(ctx.get_help())


for command in (train, predict, plugins, backends, kernels, why, config, new_plugin, stubs):
    program.add_command(command)
