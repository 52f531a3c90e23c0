"""A new plugin as a folder of files: what to call things, the templates, and writing it whole."""

from __future__ import annotations

import io
import keyword
import os
import re
import shutil
import tempfile
import tokenize
from importlib.util import find_spec
from pathlib import Path
from string import Template
from typing import NamedTuple

import arraygrad
from arraygrad import hookspecs, plugins, registry
from arraygrad.backend import COMPATIBLE
from arraygrad.errors import ArgumentError, ClashError

TEMPLATES = Path(__file__).with_name("templates")


class Kind(NamedTuple):
    """One kind of plugin: what its modules hold, and where arraygrad has the thing."""

    description: str
    table: str
    modules: dict[str, str]


KINDS = {
    "op": Kind(
        "The op $name for arraygrad", "functions", {"functions": "the op, its rule, its samples"}
    ),
    "layer": Kind("The layer $Name for arraygrad", "layers", {"layers": "the layer"}),
    "model": Kind("The model $Name for arraygrad", "models", {"models": "the model"}),
    "kernel": Kind(
        "Faster forms of ops of arraygrad on NumPy", "kernels", {"kernels": "the kernels"}
    ),
    "backend": Kind(
        "The array library $command for arraygrad",
        "backends",
        {"backend": "the backend", "arrays": "the library: yours goes in its place"},
    ),
    "dataset": Kind("The data set $Name for arraygrad", "datasets", {"datasets": "the data set"}),
    "optimizer": Kind(
        "The optimizer $Name for arraygrad", "optimizers", {"optimizers": "the optimizer"}
    ),
    "command": Kind("The command `arraygrad $command`", "commands", {"commands": "the command"}),
}


def write_project(name: str, kind: str, out: str | os.PathLike[str] = ".") -> Path:
    """Write a new plugin into a new folder of `out`, and return that folder.

    name: of the plugin, with `arraygrad-` before it or without; the thing in it has that name
    too. kind: one of `KINDS`. The folder is there whole, or not at all.

    Raises ArgumentError for a name that cannot be one, ClashError for one that is taken.
    """
    words = _words(name, kind)
    parent = Path(out)
    if not parent.is_dir():
        raise ArgumentError(
            f"new-plugin: there is no folder {str(parent)!r} to make the project in; make it first"
        )
    folder = parent / words["distribution"]
    _check_free(words, kind, folder)
    texts = _texts(words, kind)
    staging = Path(tempfile.mkdtemp(prefix=f".{folder.name}-", dir=parent))
    try:
        for path, text in texts.items():
            file = staging / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8", newline="\n")
        os.chmod(staging, 0o777 & ~_umask())  # temporary folders are for their owner alone
        _move(staging, folder)
    except BaseException:
        shutil.rmtree(staging, ignore_errors=True)
        raise
    return folder


def _words(name: str, kind: str) -> dict[str, str]:
    """What the templates call things."""
    if kind not in KINDS:
        raise ArgumentError(
            f"new-plugin: got the kind {kind!r}, expected one of {', '.join(KINDS)}"
        )
    command = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "-", name)  # GatedLinear: gated-linear
    command = re.sub(r"[-_.]+", "-", command).lower().removeprefix("arraygrad-")
    word = command.replace("-", "_")
    if not re.fullmatch(r"[a-z][a-z0-9]*(_[a-z0-9]+)*", word) or keyword.iskeyword(word):
        raise ArgumentError(
            f"new-plugin: got the name {name!r}, expected a word of letters, digits and hyphens "
            f"that begins with a letter and means nothing to Python, such as 'my-{kind}'"
        )
    major, minor = arraygrad.__version__.split(".")[:2]
    requires = f"arraygrad>={major}.{minor},<{int(major) + 1}"
    words = {
        "name": word,
        "Name": "".join(part.capitalize() for part in word.split("_")),
        "command": command,
        "distribution": f"arraygrad-{command}",
        "package": f"arraygrad_{word}",
        "api": hookspecs.API_VERSION,
        "requires": requires,
        "dependencies": f'"{requires}"',
    }
    words["description"] = Template(KINDS[kind].description).substitute(words)
    words["files"] = "\n".join(
        f"| `src/{words['package']}/{module}.py` | {text}; imported when somebody uses it |"
        for module, text in KINDS[kind].modules.items()
    )
    words["usage"] = _fill(f"{kind}/usage.md", words).strip()
    return words


def _check_free(words: dict[str, str], kind: str, folder: Path) -> None:
    """Raise ClashError where a name is taken: a folder, a plugin, a package, a thing."""
    distribution = words["distribution"]
    if os.path.lexists(folder):
        raise ClashError(
            f"new-plugin: {str(folder)!r} is there already, and is not written over; choose "
            f"another name, or another folder with --out"
        )
    for plugin in plugins.statuses():
        if words["name"] == plugin.namespace or distribution == plugin.distribution:
            raise ClashError(
                f"new-plugin: {distribution!r} would have the namespace {words['name']!r} of "
                f"{plugin.distribution} {plugin.version}, which is installed; choose another name"
            )
    if words["name"] == registry.LOCAL or find_spec(words["package"]) is not None:
        raise ClashError(
            f"new-plugin: {words['package']!r} is taken, as a package that is installed or a name "
            f"of arraygrad itself; choose another name"
        )
    thing = _thing(words, kind)
    taken = _owner(KINDS[kind].table, thing) if thing else ""
    if taken:
        raise ClashError(
            f"new-plugin: {KINDS[kind].table} has {thing!r} already, from {taken}; choose another "
            f"name"
        )
    if {words["name"], words["Name"]} & _used(kind):
        raise ArgumentError(
            f"new-plugin: got the name {words['name']!r}, which the generated code itself uses for "
            f"something else; choose another one"
        )


def _thing(words: dict[str, str], kind: str) -> str:
    """The name that the plugin will register, if it is new."""
    names = {"op": "name", "command": "command", "backend": "command", "kernel": ""}
    return words.get(names.get(kind, "Name"), "")


def _owner(table: str, name: str) -> str:
    """Who provides a thing of that name, or nothing."""
    found = [entry.provider for entry in registry.entries(table) if entry.name == name]
    if found:
        return " and ".join(found)
    if table == "commands":
        from arraygrad.cli import program

        return "arraygrad" if name in program.commands else ""
    if table == "backends":
        return "array-api-compat" if name in COMPATIBLE else ""
    # Bases, such as Layer and Dataset, are attributes though they are not registered.
    return "arraygrad" if name in vars(getattr(arraygrad, table)) else ""


def _used(kind: str) -> set[str]:
    """The words that the code of a kind uses itself, where it has names of the plugin's."""
    used: set[str] = set()
    if kind in ("command", "kernel"):
        return used
    blank = dict.fromkeys(("name", "Name", "command", "package"), "_")
    for module in KINDS[kind].modules:
        stream = io.StringIO(_fill(f"{kind}/{module}.py", blank))
        used |= {
            t.string for t in tokenize.generate_tokens(stream.readline) if t.type == tokenize.NAME
        }
    return used


def _texts(words: dict[str, str], kind: str) -> dict[str, str]:
    """Path in the project -> what the file holds."""
    package = f"src/{words['package']}"
    sources = {
        "pyproject.toml": "project/pyproject.toml",
        ".gitignore": "project/gitignore",
        "README.md": "project/README.md",
        f"{package}/__init__.py": "project/__init__.py",
        f"{package}/_plugin.py": f"{kind}/_plugin.py",
        "tests/test_plugin.py": "project/test_plugin.py",
        "tests/test_conformance.py": f"{kind}/test_conformance.py",
    }
    sources |= {f"{package}/{m}.py": f"{kind}/{m}.py" for m in KINDS[kind].modules}
    texts = {path: _fill(source, words) for path, source in sources.items()}
    return texts | {f"{package}/py.typed": ""}


def _fill(source: str, words: dict[str, str]) -> str:
    text = TEMPLATES.joinpath(f"{source}.txt").read_text(encoding="utf-8")
    return Template(text).substitute(words)


def _move(staging: Path, folder: Path) -> None:
    """Give the finished folder its name, unless somebody else has made one meanwhile."""
    try:
        os.rename(staging, folder)
    except OSError as error:
        if os.path.lexists(folder):
            raise ClashError(
                f"new-plugin: {str(folder)!r} was made meanwhile by somebody else, and is not "
                f"written over; choose another name"
            ) from error
        raise


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
