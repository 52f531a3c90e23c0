"""The group of all commands: errors in one line, and the commands of plugins."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import Any, NoReturn

import click

from arraygrad import registry, settings
from arraygrad.errors import ArraygradError, RegistryError

INTERRUPTED = 130  # 128 + SIGINT, as shells have it


class Program(click.Group):
    """Built-in commands first, then those of plugins, which are imported when they are run."""

    def main(self, *args: Any, **extra: Any) -> NoReturn:
        """Run a command and exit: 0, 2 for an error that was shown, 130 after Ctrl-C."""
        code: Any = 0
        try:
            code = super().main(*args, **extra | {"standalone_mode": False})
        except (KeyboardInterrupt, click.Abort):
            _say("interrupted")
            code = INTERRUPTED
        except click.UsageError as error:
            where = f"; see {error.ctx.command_path} -h" if error.ctx else ""
            code = _fail(error, f"{error.format_message().rstrip('.')}{where}")
        except click.ClickException as error:
            code = _fail(error, error.format_message())
        except ArraygradError as error:
            code = _fail(error, str(error))
        except OSError as error:
            what = error.strerror or type(error).__name__
            code = _fail(error, f"{error.filename}: {what}" if error.filename else what)
        sys.exit(code if type(code) is int else 0)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The built-in commands as they were added, then those of plugins."""
        return [*self.commands, *_plugin_commands(self.commands)]

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command of that name, or None."""
        if name in self.commands:
            return self.commands[name]
        entry = registry.search("commands", name)
        return None if entry is None else PluginCommand(name, entry)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As click does it, with the nearest name for one that nobody provides."""
        name = args[0]
        if not name.startswith("-") and self.get_command(ctx, name) is None:
            known = self.list_commands(ctx)
            near = settings.near(name, known) or f"; expected one of {', '.join(known)}"
            raise click.UsageError(f"there is no command {name!r}{near}", ctx)
        return super().resolve_command(ctx, args)


class PluginCommand(click.Command):
    """A command of a plugin: it gets the rest of the command line as it is, `-h` included."""

    def __init__(self, name: str, entry: registry.Entry) -> None:
        text = entry.help or f"A command of {entry.provider}."
        super().__init__(name, help=text, add_help_option=False)
        self.entry = entry

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Leave everything to the plugin."""
        ctx.args = list(args)
        return []

    def invoke(self, ctx: click.Context) -> int:
        """Import the target and run it: a click command, or a function of the arguments."""
        target = self.entry.resolve()
        if isinstance(target, click.Command):
            with target.make_context(ctx.info_name, ctx.args, parent=ctx.parent) as inner:
                target.invoke(inner)
            return 0
        if not callable(target):
            raise RegistryError(
                f"command {self.entry.id!r} of {self.entry.provider} is a "
                f"{type(target).__name__}; expected a click command or a function of the arguments"
            )
        code = target(ctx.args)
        return code if isinstance(code, int) else 0


def _plugin_commands(built_in: Mapping[str, click.Command]) -> list[str]:
    entries = registry.entries("commands")
    names = [entry.name for entry in entries]
    # A short name that is taken, or that two plugins provide, works with its plugin's name only.
    return sorted(
        entry.id if entry.name in built_in or names.count(entry.name) > 1 else entry.name
        for entry in entries
    )


def _fail(error: Exception, text: str) -> int:
    if os.environ.get("ARRAYGRAD_TRACEBACK", "") not in ("", "0"):
        import traceback

        traceback.print_exception(error)
    _say(f"error: {' '.join(text.split())}")
    return 2


def _say(text: str) -> None:
    click.echo(text, err=True)
