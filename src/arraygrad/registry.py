"""What is registered: kind and name -> thing and provider.

Every thing has an id, `namespace:name`; the namespace is `core`, `local` (registered by the
program itself), or comes from the name of the plugin's distribution. A short name means, in this
order: the user's override, the core's thing, the only provider's, the preferred provider's.
Plugins stage what they register and commit it all or not at all; the tables are plain dicts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from importlib import import_module
from typing import Any

from arraygrad import settings
from arraygrad.errors import (
    AmbiguousNameError,
    ClashError,
    ConfigError,
    RegistryError,
    UnknownNameError,
)
from arraygrad.settings import KINDS

CORE, LOCAL = "core", "local"

# Kinds whose names are not attributes of a module.
_LOOSE = {"backends", "commands"}


class Entry:
    """One registered thing: its id, who provides it, and the object or where to import it."""

    __slots__ = (
        "array_types", "backend", "distribution", "help", "id", "kind", "name", "namespace",
        "op", "resolved", "target", "version",
    )  # fmt: skip

    def __init__(self, kind: str, name: str, target: Any, provider: Staging) -> None:
        self.kind = kind
        self.name = name
        self.namespace = provider.namespace
        self.id = f"{provider.namespace}:{name}"
        self.target = target
        self.resolved = not isinstance(target, str)
        self.distribution = provider.distribution
        self.version = provider.version
        self.array_types: tuple[str, ...] = ()  # backends: full names of the types they serve
        self.op = self.backend = ""  # kernels: what they implement, and where
        self.help = ""  # commands: one line

    def __repr__(self) -> str:
        return f"<{self.kind} {self.id} of {self.provider}>"

    @property
    def provider(self) -> str:
        """The distribution and its version."""
        return f"{self.distribution} {self.version}".rstrip()

    def resolve(self) -> Any:
        """The object, imported on first use; raises RegistryError where it does not exist."""
        if not self.resolved:
            where = self.target
            module, _, attributes = where.partition(":")
            try:
                thing = import_module(module)
                for attribute in attributes.split("."):
                    thing = getattr(thing, attribute)
            except (Exception, SystemExit) as error:
                text = f"it is registered as {where!r}, but {type(error).__name__}: {error}"
                broken_targets[self.kind, self.id] = text
                raise RegistryError(
                    f"{self.kind} {self.name!r} of {self.provider} cannot be used: {text}; "
                    f"report this to the authors of {self.distribution}, or uninstall it"
                ) from error
            broken_targets.pop((self.kind, self.id), None)
            self.target, self.resolved = thing, True
        return self.target


class Staging:
    """What one plugin registers; nothing of it can be found before `commit`."""

    def __init__(self, namespace: str, distribution: str, version: str = "") -> None:
        self.namespace = namespace
        self.distribution = distribution
        self.version = version
        self.entries: dict[tuple[str, str], Entry] = {}
        self.closed = False

    def registrar(self, kind: str) -> Callable[..., None]:
        """The `register` callable that the hook of that kind receives."""
        special: dict[str, Callable[..., None]] = {
            "backends": self._backend,
            "kernels": self._kernel,
            "commands": self._command,
        }
        return special.get(kind) or partial(self._thing, kind)

    def _thing(self, kind: str, target: Any, name: str | None = None) -> None:
        self.add(kind, _name_of(target) if name is None else name, target)

    def _backend(self, name: str, target: Any, array_types: Iterable[str] = ()) -> None:
        if isinstance(array_types, str):
            raise TypeError(f"backend {name!r}: array_types is {array_types!r}, expected a tuple")
        self.add("backends", name, target).array_types = tuple(array_types)

    def _kernel(self, op: str, backend: str, target: Any) -> None:
        op = op if ":" in op else f"{CORE}:{op}"
        entry = self.add("kernels", f"{op}@{backend}", target)
        entry.op, entry.backend = op, backend

    def _command(self, name: str, target: Any, help: str = "") -> None:
        self.add("commands", name, target).help = help

    def add(self, kind: str, name: str, target: Any) -> Entry:
        """Stage one thing; raises if its name or target has the wrong form or the id is taken."""
        if self.closed:
            raise RegistryError(
                f"{self.distribution} registers {kind} {name!r} after its hook has returned; "
                f"register it inside of the hook, or with arraygrad.registry.register_local"
            )
        _check_name(kind, name)
        if isinstance(target, str) and not _is_target(target):
            raise ValueError(
                f'{kind} {name!r}: the target is {target!r}, expected "package.module:attribute"'
            )
        entry = Entry(kind, name, target, self)
        if (kind, entry.id) in self.entries:
            raise ClashError(f"{self.distribution} registers {kind} {entry.id!r} twice")
        self.entries[kind, entry.id] = entry
        return entry

    def commit(self, replace: bool = False) -> None:
        """Make all of it findable, or raise ClashError and change nothing; see `changed`."""
        self.closed = True
        for (kind, id), entry in self.entries.items():
            other = _tables[kind].get(id)
            if other is not None and not replace:
                raise ClashError(
                    f"{kind} {id!r} of {entry.provider} is already provided by {other.provider}"
                )
        for (kind, id), entry in self.entries.items():
            _tables[kind][id] = entry
            _by_name.pop(kind, None)


_tables: dict[str, dict[str, Entry]] = {kind: {} for kind in KINDS}
# kind -> short name -> its providers; of a kind that has changed, made at the next lookup.
_by_name: dict[str, dict[str, list[Entry]]] = {}

# Filled by `plugins`: distribution -> why it is not loaded, for the messages of failed lookups;
# and what to call before a lookup while a plugin waits for its own import to end.
not_loaded: dict[str, str] = {}
retry: Callable[[], None] | None = None
# (kind, id) -> why its target could not be imported when somebody used it.
broken_targets: dict[tuple[str, str], str] = {}
# What to call after changes, so that whatever was cached from the tables is dropped.
on_change: list[Callable[[], None]] = []


def changed() -> None:
    """Tell everybody who caches from the tables that they have changed."""
    for notify in on_change:
        notify()


def _rank(entry: Entry) -> tuple[bool, bool, str]:
    return entry.namespace != CORE, entry.namespace == LOCAL, entry.distribution


def entries(kind: str) -> list[Entry]:
    """Everything of a kind: the core's first, then by distribution, then the program's own."""
    _look(kind)
    return sorted(_tables[kind].values(), key=_rank)


def names(kind: str) -> list[str]:
    """The short names of a kind, sorted.

    >>> from arraygrad import registry
    >>> "numpy" in registry.names("backends")
    True
    """
    return sorted(_look(kind))


def lookup(kind: str, name: str) -> Any:
    """The thing of that short name or id, imported if need be.

    Raises UnknownNameError, AmbiguousNameError where several plugins provide the name,
    ConfigError for an override nobody provides, and RegistryError for a broken target.

    >>> from arraygrad import registry
    >>> registry.lookup("backends", "core:numpy").__name__
    'NumpyBackend'
    """
    return find(kind, name).resolve()


def find(kind: str, name: str) -> Entry:
    """As `lookup`, but the Entry: nothing is imported."""
    entry = search(kind, name)
    if entry is None:
        raise UnknownNameError(unknown(kind, name))
    return entry


def search(kind: str, name: str) -> Entry | None:
    """As `find`, but None for a name that nobody provides."""
    by_name = _look(kind)
    if ":" in name:
        return _tables[kind].get(name)
    if (override := settings.choice("overrides", kind, name)) is not None:
        if override.value in _tables[kind]:
            return _tables[kind][override.value]
        raise ConfigError(
            f"{override.detail}: {override.key} = {override.value!r}, but no loaded plugin "
            f"provides that id; install its plugin or remove the line{failed()}"
        )
    found = by_name.get(name, [])
    if len(found) < 2 or found[0].namespace == CORE:
        return found[0] if found else None
    return _preferred(kind, name, found)


def _preferred(kind: str, name: str, found: list[Entry]) -> Entry:
    prefer = settings.choice("prefer", kind, name)
    for entry in found:
        if prefer is not None and entry.id == prefer.value:
            return entry
    providers = " and by ".join(f"{entry.provider} (as {entry.id!r})" for entry in found)
    hint = f"; {prefer.detail} prefers {prefer.value!r}, which is neither" if prefer else ""
    raise AmbiguousNameError(
        f"{kind} {name!r} is provided by {providers}; use the full id in a lookup, import it from "
        f"the plugin's own package, or set prefer.{kind}.{name} in the settings{hint}"
    )


def unknown(kind: str, name: str) -> str:
    """The message for a name that nobody provides: near names, and plugins that did not load."""
    by_name = _look(kind)
    hint = settings.near(name, _tables[kind] if ":" in name else by_name)
    same = by_name.get(name.rpartition(":")[2])
    if not hint and same:
        hint = f"; did you mean {same[0].id!r}?"
    space, colon, _ = name.partition(":")
    if not hint and colon and all(e.namespace != space for e in _tables[kind].values()):
        hint = f"; no loaded plugin provides {kind} in the namespace {space!r}"
    # Where a near name was meant, a plugin whose library is not there had better be silent.
    return f"{kind}: nothing is named {name!r}{hint}{failed(broken_only='did you mean' in hint)}"


def failed(broken_only: bool = False) -> str:
    """What to add to the message of a failed lookup: the plugins that did not load, and why."""
    found = [
        f"{name} ({reason})"
        for name, reason in not_loaded.items()
        if not (broken_only and reason.startswith("unavailable"))
    ]
    return f"; installed but not loaded: {', '.join(found)}" if found else ""


def register_local(kind: str, *args: Any, **kwargs: Any) -> None:
    """Register a thing of the running program, as a plugin's hook would, in namespace `local`.

    Registering the name again, from a notebook cell for example, replaces it.

    >>> from arraygrad import registry
    >>> registry.register_local("functions", "math:hypot")
    >>> registry.lookup("functions", "local:hypot")(3, 4)
    5.0
    >>> registry.remove("local")
    """
    _check_kind(kind)
    staging = Staging(LOCAL, "this program")
    staging.registrar(kind)(*args, **kwargs)
    staging.commit(replace=True)
    changed()


def remove(namespace: str) -> None:
    """Forget everything of a namespace."""
    for kind, table in _tables.items():
        for id in [id for id, entry in table.items() if entry.namespace == namespace]:
            del table[id]
            _by_name.pop(kind, None)
    changed()


def _look(kind: str) -> dict[str, list[Entry]]:
    _check_kind(kind)
    if retry is not None:
        retry()
    if kind not in _by_name:
        table: dict[str, list[Entry]] = {}
        for entry in sorted(_tables[kind].values(), key=_rank):
            table.setdefault(entry.name, []).append(entry)
        _by_name[kind] = table
    return _by_name[kind]


def _check_kind(kind: str) -> None:
    if kind not in KINDS:
        raise UnknownNameError(
            f"registry: got the kind {kind!r}, expected one of {', '.join(KINDS)}"
        )


def _check_name(kind: str, name: object) -> None:
    if isinstance(name, str):
        if kind == "kernels":
            return
        if kind in _LOOSE and name.replace("-", "_").isidentifier():
            return
        if name.isidentifier() and not name.startswith("_"):
            return
    form = "a word" if kind in _LOOSE else "an identifier without a leading underscore"
    raise ValueError(
        f"{kind}: got the name {name!r}, expected {form}; "
        f"a plugin's names go to its own namespace, without a prefix"
    )


# Regular expressions would do, but compiling them costs a tenth of the whole machinery.
def _is_target(target: str) -> bool:
    module, _, attributes = target.partition(":")
    return all(part.isidentifier() for side in (module, attributes) for part in side.split("."))


def _name_of(target: Any) -> str:
    if isinstance(target, str):
        return target.replace(":", ".").rpartition(".")[2]
    name = getattr(target, "__name__", None)
    if not isinstance(name, str):
        raise TypeError(f"{target!r} has no __name__; register it with name=...")
    return name
