"""Write docs/ops.md, orders.md and plugins-table.md: python docs/generate.py [OPTION [NAME ...]].

The first has what the core registers, the others what the test kit counted when it was last asked
to: `--orders` asks it anew about the functions of the standard, `--conformance` about all plugins
and array libraries that are installed.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from inspect import cleandoc
from pathlib import Path
from typing import Any

import arraygrad.functions as F
from arraygrad import Variable, get_backend, registry
from arraygrad.xp.namespaces import namespace_of

PAGE = Path(__file__).with_name("ops.md")
HEAD = """\
<!-- Made by docs/generate.py from what is registered; a test checks that it is fresh. -->

# Functions, layers, models, optimizers and datasets

What arraygrad itself provides; `arraygrad plugins` lists what plugins add, and `help(F.exp)` tells
more about each.

## Functions

`import arraygrad.functions as F`. A function is found in `F` under its name, in `arraygrad.xp`
under its standard name, and on Variable as a method where it has one; `x.T` and `x.mT` are there
too. *Gradient* names the inputs that have a rule. What is *composed* of other functions has the
gradients of these.
"""
KINDS = ("layers", "models", "optimizers", "datasets")


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    modules: dict[str, list[Any]] = {}
    for function in core("functions"):
        modules.setdefault(function.definition.forward.__module__, []).append(function)
    columns = ("Function", "What it computes", "Gradient", "Standard name", "Methods")
    for name, functions in sorted(modules.items()):
        parts += [f"### {source(name)}\n\n{summary(sys.modules[name])}\n"]
        parts += [table(columns, map(row, functions))]
    for kind in KINDS:
        rows = [(words([x.__name__]), summary(x), source(x.__module__)) for x in core(kind)]
        parts += [f"## {kind.capitalize()}\n\n`arraygrad.{kind}`\n"]
        parts += [table(("Name", "What it is", "File"), rows)]
    return "\n".join(parts)


def core(kind: str) -> list[Any]:
    """Everything of a kind that the core registers, in the order of the alphabet."""
    entries = [entry for entry in registry.entries(kind) if entry.namespace == registry.CORE]
    return [entry.resolve() for entry in sorted(entries, key=lambda entry: entry.name.lower())]


def row(function: Any) -> tuple[str, ...]:
    """One line of the table of functions."""
    definition, name = function.definition, function.definition.name
    public = definition.public
    bare = [arg.replace(annotation=arg.empty) for arg in public.parameters.values()]
    aliases = [n for n in F.__all__ if getattr(F, n) is function and n != name]
    xp = namespace_of(get_backend("numpy"))
    standard = {n for n in (definition.standard, name) if n and getattr(xp, n, None) is function}
    return (
        words([f"{name}{public.replace(parameters=bare)}", *aliases]),
        summary(function),
        words(definition.differentiable) or ("composed" if definition.composed else "none"),
        words(sorted(standard)),
        words(dict.fromkeys(n for n in (*definition.methods, name) if hasattr(Variable, n))),
    )


def summary(thing: Any) -> str:
    """The first paragraph of the docstring."""
    return " ".join(cleandoc(thing.__doc__ or "").partition("\n\n")[0].split())


def words(names: Iterable[str]) -> str:
    """Names as code."""
    return ", ".join(f"`{name}`" for name in names)


def source(module: str) -> str:
    """A link to the file of a module of the core."""
    path = module.replace(".", "/") + ".py"
    return f"[{path.partition('/')[2]}](../src/{path})"


def table(columns: Iterable[str], rows: Iterable[Iterable[str]]) -> str:
    """A Markdown table."""
    lines = [" | ".join(cell.replace("|", r"\|") for cell in cells) for cells in [columns, *rows]]
    lines.insert(1, " | ".join("---" for _ in columns))
    return "".join(f"| {line} |\n" for line in lines)


def main(argv: list[str]) -> int:
    """Write the pages, after a new recording if one is asked for; 1 if a check failed."""
    sys.path.insert(0, str(PAGE.parent))
    import orders
    import plugins_table

    code = plugins_table.record(argv[1:]) if argv[:1] == ["--conformance"] else 0
    code = orders.record(argv[1:]) if argv[:1] == ["--orders"] else code
    PAGE.write_text(page(), encoding="utf-8")
    orders.PAGE.write_text(orders.page(table), encoding="utf-8")
    plugins_table.PAGE.write_text(plugins_table.page(table), encoding="utf-8")
    return code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
