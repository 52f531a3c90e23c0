"""`arraygrad plugins [NAME]`, `arraygrad backends` and `arraygrad config`."""

from __future__ import annotations

import json
from typing import Any

import click

from arraygrad import backend as known_backends
from arraygrad import plugins as known_plugins
from arraygrad import registry, settings
from arraygrad.cli.text import table
from arraygrad.errors import ArraygradError, UnknownNameError
from arraygrad.training.recipe import backend_names, check_device

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")


def list_plugins(name: str | None, check: bool, as_json: bool) -> None:
    """`arraygrad plugins [NAME]`."""
    found = known_plugins.statuses()
    if name is not None:
        found = [plugin for plugin in found if plugin.is_named(name)]
        if not found:
            names = {n for p in known_plugins.statuses() for n in (p.distribution, p.namespace)}
            raise UnknownNameError(
                f"plugins: no plugin is named {name!r}"
                f"{settings.near(name, names) or f'; installed are {_listed(names)}'}"
            )
    for plugin in found if check else ():
        known_plugins.check_targets(plugin.distribution)
    items = [plugin.as_dict() for plugin in found]
    if as_json:
        _print_json(items)
    elif name is not None:
        click.echo("\n\n".join(map(_about, items)))
    else:
        head = ("plugin", "version", "status", "load", "provides")
        click.echo(table([head, *map(_row, items)]))
        for item in items:
            for text in filter(None, [item["reason"], *item["problems"]]):
                click.echo(f"\n{item['distribution']}: {text}")


@click.command(short_help="List array libraries to compute with.")
@as_json
def backends(as_json: bool) -> None:
    """List array libraries to compute with, and which is the current one."""
    current, origin = known_backends.backend_origin()
    if not origin.endswith(")"):  # from the settings, not from a call
        setting = settings.origin("backend")
        origin = f"{setting.origin} {setting.detail}".rstrip()
    items = [_backend(name, current) for name in backend_names()]
    if as_json:
        _print_json({"current": current, "origin": origin, "backends": items})
    else:
        _show_backends(items, origin)
    check_device(current, None)  # an error, if it is none of them or cannot run


def _show_backends(items: list[dict[str, Any]], origin: str) -> None:
    rows = [
        (
            f"{'*' if item['current'] else ' '} {item['name']}",
            item["distribution"],
            ", ".join(item["devices"]) if item["available"] else _short(item),
        )
        for item in items
    ]
    click.echo(table([("  backend", "from", "devices"), *rows]))
    for item in items:
        if not item["available"] and _short(item) != "not installed":
            click.echo(f"\n{item['name']}: {item['reason']}")
    click.echo(f"\n* is where new arrays are made ({origin})")


@click.command(short_help="List settings and where they came from.")
@as_json
def config(as_json: bool) -> None:
    """List the settings, and where each came from."""
    found, wrong = settings.all_settings(), settings.problems()
    if as_json:
        _print_json({"settings": [item._asdict() for item in found], "problems": wrong})
        return
    rows = [
        (item.key, json.dumps(item.value), f"{item.origin} {item.detail}".rstrip())
        for item in found
    ]
    click.echo(table([("setting", "value", "origin"), *rows]))
    for line in wrong:
        click.echo(f"\nignored: {line}")


def _row(item: dict[str, Any]) -> tuple[str, ...]:
    provides = ", ".join(
        f"{len(names)} {kind if len(names) > 1 else kind[:-1]}"
        for kind, names in item["provides"].items()
    )
    load = f"{item['milliseconds']:.1f} ms"
    return item["distribution"], item["version"], item["status"], load, provides or "-"


def _about(item: dict[str, Any]) -> str:
    lines = [f"{item['distribution']} {item['version']}: {item['status']}"]
    lines += [f"  {text}" for text in [item["reason"], *item["problems"]] if text]
    rows = {
        "names": f"{item['namespace']}:...",
        "modules": ", ".join(item["modules"]),
        "location": item["location"],
        "plugin API": item["api"] or "any",
        "load": f"{item['milliseconds']:.1f} ms",
        **{kind: ", ".join(names) for kind, names in item["provides"].items()},
    }
    width = max(map(len, rows)) + 2
    for key, text in rows.items():
        wrapped = click.wrap_text(text, 100, " " * (2 + width), " " * (2 + width))
        lines.append(f"  {key.ljust(width)}{wrapped.lstrip()}")
    return "\n".join(lines)


def _backend(name: str, current: str) -> dict[str, Any]:
    entry = registry.search("backends", name)
    reason, devices = "", []
    try:
        found = known_backends.get_backend(name).devices()
        devices = [str(device) for device in found if device is not None]
    except ArraygradError as error:
        reason = str(error)
    except Exception as error:  # a broken installation can fail with anything
        reason = f"{type(error).__name__}: {error}"
    return {
        "name": name,
        "distribution": entry.provider if entry is not None else "array-api-compat",
        "available": not reason,
        "reason": reason,
        "devices": devices,
        "current": name == current,
    }


def _short(item: dict[str, Any]) -> str:
    missing = f"No module named {item['name']!r}" in item["reason"]
    return "not installed" if missing else "not available"


def _listed(names: set[str]) -> str:
    return ", ".join(sorted(names))


def _print_json(value: Any) -> None:
    click.echo(json.dumps(value, indent=2))
