"""`arraygrad kernels`."""

from __future__ import annotations

import json
from typing import Any

import click

from arraygrad import kernels as known_kernels
from arraygrad import registry
from arraygrad.cli.text import table
from arraygrad.errors import AmbiguousNameError


@click.command(short_help="List faster forms of ops for some array libraries.")
@click.option("--backend", help="Only those for this array library.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def kernels(backend: str | None, as_json: bool) -> None:
    """List the kernels: which run, and why the others do not."""
    items: list[dict[str, Any]] = []
    for entry in registry.entries("kernels"):
        if backend in (None, entry.backend):
            try:
                choice = known_kernels.choice(entry.op, entry.backend)
                reason = next((why for other, why in choice.others if other is entry), "")
            except AmbiguousNameError as error:
                reason = str(error)
            items.append(
                {
                    "op": entry.op,
                    "backend": entry.backend,
                    "provider": entry.provider,
                    "used": not reason,
                    "reason": reason,
                }
            )
    items.sort(key=lambda item: (item["backend"], item["op"], item["provider"]))
    if as_json:
        click.echo(json.dumps(items, indent=2))
        return
    head = ("op or rule", "backend", "from", "used")
    rows = [
        (i["op"], i["backend"], i["provider"], "yes" if i["used"] else f"no: {i['reason']}")
        for i in items
    ]
    click.echo(table([head, *rows]))
