"""`arraygrad stubs`: tell type checkers and editors which names installed plugins add."""

from __future__ import annotations

import ast
import os
import shutil
import sysconfig
import tempfile
from importlib import import_module
from pathlib import Path
from types import ModuleType

import click

import arraygrad
from arraygrad import plugins, registry
from arraygrad.errors import AmbiguousNameError, ClashError, ConfigError

KINDS = ("functions", "layers", "models", "optimizers", "datasets")
MARK = "# Written by `arraygrad stubs`, which writes it anew; see PEP 561."


@click.command(short_help="Tell type checkers and editors the names that plugins add.")
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="The folder to write arraygrad-stubs into; by default, where this environment's packages "
    "are.",
)
def stubs(out: Path | None) -> None:
    """Write the package arraygrad-stubs, for type checkers and editors.

    With it they know `arraygrad.functions.mish` of a plugin with its own signature, and that there
    is no `arraygrad.functions.mihs`. Write it again when plugins come, go or change.
    """
    folder = write_stubs(Path(sysconfig.get_path("purelib")) if out is None else out)
    names = sum(len(_of_plugins(kind)[0]) for kind in KINDS)
    click.echo(f"wrote {folder}, with {names} name{'s' * (names != 1)} of plugins")


def write_stubs(out: str | os.PathLike[str]) -> Path:
    """Write the partial stub package (PEP 561) into a folder, and return its own.

    One that was written before is replaced as a whole. Raises ClashError for anything else of
    that name.
    """
    folder = Path(out) / "arraygrad-stubs"
    if os.path.lexists(folder) and not _is_ours(folder):
        raise ClashError(
            f"stubs: {str(folder)!r} is there already, and was not written by `arraygrad stubs`; "
            f"remove it, or choose another folder with --out"
        )
    files = {"py.typed": "partial\n"} | {f"{k}/__init__.pyi": stub(k) for k in KINDS}
    folder.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(prefix=".arraygrad-stubs-", dir=folder.parent) as work:
        new = Path(work, "new")
        for path, text in files.items():
            file = new / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        if folder.exists():
            shutil.move(folder, Path(work, "old"))
        new.rename(folder)
    return folder


def stub(kind: str) -> str:
    """The stub of `arraygrad.functions`, `arraygrad.layers`, ...: the core's names and plugins'.

    >>> "from arraygrad.layers.linear import Linear as Linear" in stub("layers").splitlines()
    True
    """
    added, notes = _of_plugins(kind)
    lines = [
        line
        for name, line in _of_core(import_module(f"arraygrad.{kind}")).items()
        if name not in added
    ]
    versions = {
        entry.provider
        for entry in registry.entries(kind)
        if entry.name in added and entry.namespace != registry.CORE
    }
    head = [MARK, f"# arraygrad {arraygrad.__version__}", *(f"# {v}" for v in sorted(versions))]
    return "\n".join([*head, *notes, *lines, *added.values(), ""])


def _of_core(module: ModuleType) -> dict[str, str]:
    """Name -> the line that imports it, for what the source of a package imports and offers."""
    assert module.__file__ is not None
    source = Path(module.__file__).read_text(encoding="utf-8")
    found: dict[str, str] = {}
    for node in ast.walk(ast.parse(source)):  # also those that are imported late, at first use
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(module.__name__):
            origin = str(node.module)
            names = [alias.name for alias in node.names]
            for name in import_module(origin).__all__ if names == ["*"] else names:
                found[name] = f"from {origin} import {name} as {name}"
    if module.__name__ == "arraygrad.functions":
        from arraygrad.functions import book

        for name in book.CLASSES:
            found[name] = f"from arraygrad.functions.book import {name} as {name}"
    return found


def _of_plugins(kind: str) -> tuple[dict[str, str], list[str]]:
    """Short name -> the line that imports it from its plugin; and what cannot be had, as notes."""
    plugins.discover()
    lines: dict[str, str] = {}
    notes: list[str] = []
    for name in registry.names(kind):
        try:
            entry = registry.search(kind, name)
        except (AmbiguousNameError, ConfigError) as error:
            notes.append(f"# {name}: {' '.join(str(error).split())}")
            continue
        if entry is not None and entry.namespace not in (registry.CORE, registry.LOCAL):
            module, attribute = _place(entry)
            first, _, rest = attribute.partition(".")
            alias = name if not rest else f"_{name}"
            lines[name] = f"from {module} import {first} as {alias}"
            if rest:
                lines[name] += f"\n{name} = {alias}.{rest}"
    return lines, notes


def _place(entry: registry.Entry) -> tuple[str, str]:
    """The module and the attribute of a target, which is imported in use and then the object."""
    target = entry.target
    if isinstance(target, str):
        module, _, attribute = target.partition(":")
        return module, attribute
    return target.__module__, getattr(target, "__qualname__", None) or target.__name__


def _is_ours(folder: Path) -> bool:
    try:
        text = (folder / "functions" / "__init__.pyi").read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
    return text.startswith(MARK)
