"""`arraygrad why functions.gelu`: who provides a name, what it shadows, and why not another."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import click

from arraygrad import kernels, registry, settings
from arraygrad.errors import AmbiguousNameError, ConfigError, RegistryError, UnknownNameError
from arraygrad.settings import KINDS

_SHORT = {"F": "functions", "L": "layers"}


@click.command(short_help="Say who provides a name, and why not another.")
@click.argument("name")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def why(name: str, as_json: bool) -> int:
    """Say who provides NAME, what it shadows, and why not another; exit code 1 if nobody does.

    NAME is that of a thing with its kind, as in functions.gelu or layers.acts:SwiGLU, or without,
    for all kinds. A kernel is named by op and backend: kernels.core:tanh@numpy.
    """
    kind, short = split(name)
    kinds = [kind] if kind else [k for k in KINDS if known(k, short)]
    if not kinds:
        raise UnknownNameError(registry.unknown("functions", short))
    items = [reasons(k, short) for k in kinds]
    if as_json:
        click.echo(json.dumps(items, indent=2))
    else:
        click.echo("\n\n".join(map(text, items)))
    return 0 if all(item["provider"] for item in items) else 1


def split(name: str) -> tuple[str | None, str]:
    """The kind, if there is one, and the name: of "F.gelu", "arraygrad.functions.gelu", "gelu"."""
    name = name.removeprefix("arraygrad.").removeprefix("ag.")
    head, dot, rest = name.partition(".")
    kind = _SHORT.get(head, head)
    if dot and kind in KINDS:
        return kind, rest
    if dot and ":" not in name:
        raise UnknownNameError(
            f"why: got the kind {head!r}, expected one of {', '.join(KINDS)}"
            f"{settings.near(head, KINDS)}"
        )
    return None, name


def known(kind: str, name: str) -> bool:
    """Whether anybody provides that name or id."""
    return any(name in (e.id, e.name) for e in registry.entries(kind))


def reasons(kind: str, name: str) -> dict[str, Any]:
    """Who provides the name, and why not the others."""
    item: dict[str, Any] = {"kind": kind, "name": name, "id": "", "provider": "", "others": []}
    everybody = [e for e in registry.entries(kind) if name in (e.id, e.name)]
    if kind == "kernels":
        return _kernel(item, everybody, name)
    try:
        winner = registry.find(kind, name)
    except (AmbiguousNameError, ConfigError, UnknownNameError) as error:
        item["reason"] = str(error)
        item["others"] = [_other(e, "none of them is preferred") for e in everybody]
        return item
    short = winner.name if ":" in name else name
    override = settings.choice("overrides", kind, short)
    prefer = settings.choice("prefer", kind, short)
    rivals = [e for e in registry.entries(kind) if e.name == short and e is not winner]
    if ":" in name:
        reason, lost = "it is asked for by its full id", "its id is another"
    elif override is not None and override.value == winner.id:
        reason = f"{override.detail} overrides {kind}.{short}"
        lost = f"{override.detail} puts {winner.id} in its place"
    elif winner.namespace == registry.CORE:
        reason = "it is the core's, and a plugin never changes what a name means"
        lost = f"the core's goes first; use its id, or set overrides.{kind}.{short}"
    elif rivals:
        detail = prefer.detail if prefer is not None else "the settings"
        reason = f"{detail} prefers it"
        lost = f"{detail} prefers {winner.id}"
    else:
        reason, lost = "nobody else provides it", ""
    target = winner.target if isinstance(winner.target, str) else _where(winner.target)
    with suppress(RegistryError):  # which is noted in `broken_targets`
        winner.resolve()
    problem = registry.broken_targets.get((kind, winner.id), "")
    item |= {"id": winner.id, "provider": winner.provider, "reason": reason, "target": target}
    item |= {"problem": problem, "others": [_other(e, lost) for e in rivals]}
    return item


def _kernel(item: dict[str, Any], found: list[registry.Entry], name: str) -> dict[str, Any]:
    if not found:
        raise UnknownNameError(registry.unknown("kernels", name))
    op, backend = found[0].op, found[0].backend
    try:
        choice = kernels.choice(op, backend)
    except AmbiguousNameError as error:
        item["reason"] = str(error)
        item["others"] = [_other(e, "none of them is preferred") for e in found]
        return item
    if choice.entry is None:
        item |= {"id": op, "provider": "its definition", "reason": choice.others[0][1]}
    else:
        reason = choice.others[0][1] if choice.others else "nobody else has one"
        item |= {"id": choice.entry.id, "provider": choice.entry.provider, "reason": reason}
    item["others"] = [_other(e, why) for e, why in choice.others]
    return item


def text(item: dict[str, Any]) -> str:
    """The same in lines."""
    name = f"{item['kind']}.{item['name']}"
    if not item["provider"]:
        lines = [f"{name}: nothing", f"  {item['reason']}"]
    else:
        lines = [f"{name}: {item['id']} of {item['provider']}", f"  because {item['reason']}"]
    if item.get("target"):
        lines.append(f"  from {item['target']}")
    if item.get("problem"):
        lines.append(f"  it cannot be used: {item['problem']}")
    for other in item["others"]:
        lines.append(f"  not {other['id']} of {other['provider']}: {other['reason']}")
    return "\n".join(lines)


def _other(entry: registry.Entry, reason: str) -> dict[str, str]:
    return {"id": entry.id, "provider": entry.provider, "reason": reason}


def _where(thing: Any) -> str:
    definition = getattr(thing, "definition", None)
    module = definition.forward.__module__ if definition is not None else thing.__module__
    return f"{module}:{getattr(thing, '__name__', type(thing).__name__)}"
