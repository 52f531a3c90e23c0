"""Loading one plugin: import it, check its hooks, call them, commit what they registered.

All of it happens inside one guard, and the outcome is the plugin's status and reason. pluggy
checks hook implementations against their specifications; each is then called directly, so that
one plugin cannot stop another's.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from importlib import import_module
from time import perf_counter
from types import FunctionType, ModuleType
from typing import Any

import pluggy

from arraygrad import hookspecs, registry, settings
from arraygrad.errors import ClashError, PluginUnavailableError
from arraygrad.installed import Installed, normalized


class Plugin:
    """An installed plugin: what it is, what became of it and why, and what it provides.

    `status` is "active"; "deferred" (its own import is still under way); "disabled" (by the user;
    it was not imported); "unavailable" (it says that what it needs is not here); or a failure:
    "empty" (it registers nothing), "incompatible" (it needs another version of the plugin API),
    "conflict" (its names belong to another) or "broken".
    """

    __slots__ = (
        "api", "distribution", "error", "location", "milliseconds", "modules", "namespace",
        "reason", "staging", "status", "version",
    )  # fmt: skip

    def __init__(self, found: Installed, namespace: str) -> None:
        self.distribution = found.distribution
        self.version = found.version
        self.modules = found.modules
        self.location = found.location
        self.namespace = namespace
        self.status = "deferred"
        self.reason = ""
        self.api = ""
        self.milliseconds = 0.0
        self.error: BaseException | None = None
        self.staging = registry.Staging(namespace, found.distribution, found.version)

    def __repr__(self) -> str:
        return f"<plugin {self.distribution} {self.version}: {self.status}>"

    def is_named(self, name: str) -> bool:
        """Whether `name` is the distribution's or the namespace's; "-" and "_" are the same."""
        return normalized(name) in (normalized(self.distribution), normalized(self.namespace))

    @property
    def failed(self) -> bool:
        """Whether the user should hear of it."""
        return self.status in ("empty", "incompatible", "conflict", "broken")

    @property
    def provides(self) -> dict[str, list[str]]:
        """Kind -> the names that it registered; nothing unless it is active."""
        table: dict[str, list[str]] = {}
        for kind, id in self.staging.entries if self.status == "active" else ():
            table.setdefault(kind, []).append(id.partition(":")[2])
        return {kind: sorted(names) for kind, names in table.items()}

    @property
    def problems(self) -> list[str]:
        """What an active plugin registered and could not deliver when it was used."""
        broken = registry.broken_targets
        return [f"{k[0]} {k[1]!r}: {broken[k]}" for k in self.staging.entries if k in broken]

    def as_dict(self) -> dict[str, Any]:
        """Everything that a listing shows, in types that JSON knows."""
        plain = ("distribution", "version", "namespace", "status", "reason", "api", "location")
        return {name: getattr(self, name) for name in plain} | {
            "modules": list(self.modules),
            "milliseconds": round(self.milliseconds, 3),
            "provides": self.provides,
            "problems": self.problems,
        }


class Refused(Exception):
    """A plugin cannot be taken, for this reason and with this status."""

    def __init__(self, status: str, reason: str) -> None:
        super().__init__(reason)
        self.status = status


class _Manager(pluggy.PluginManager):
    def parse_hookimpl_opts(self, plugin: Any, name: str) -> Any:
        # Without the test, pluggy < 1.7 touches every attribute and imports whatever is lazy.
        if name.startswith(hookspecs.PREFIX):
            return super().parse_hookimpl_opts(plugin, name)
        return None


_manager = _Manager("arraygrad")
_manager.add_hookspecs(hookspecs)


def load(plugin: Plugin) -> None:
    """Take what a plugin registers, all or nothing, and set its status and reason."""
    if any(_is_initialising(name) for name in plugin.modules):
        plugin.reason = "it imports arraygrad while it is being imported itself"
        return
    start = perf_counter()
    try:
        stage(plugin, [import_module(name) for name in plugin.modules])
    except Refused as refusal:
        plugin.status, plugin.reason = refusal.status, str(refusal)
    except PluginUnavailableError as error:
        plugin.status, plugin.reason = "unavailable", str(error)
    except (Exception, SystemExit) as error:
        plugin.status, plugin.reason, plugin.error = "broken", describe(error), error
    else:
        plugin.status, plugin.reason = "active", ""
    plugin.milliseconds = (perf_counter() - start) * 1e3


def stage(plugin: Plugin, modules: list[ModuleType]) -> None:
    """Check and call the hooks of a plugin's modules, and commit; raises without a trace left."""
    staging = plugin.staging
    try:
        for module in modules:
            plugin.api = _check_api(module)
            _check_names(module)
            try:
                _manager.register(module, name=module.__name__)
            except pluggy.PluginValidationError as error:
                text = str(error).split("\n")
                raise Refused("incompatible", " ".join(text[1:2] + text[-1:])) from error
        for hook, kind in hookspecs.HOOKS.items():
            for impl in getattr(_manager.hook, hook).get_hookimpls():
                if impl.plugin in modules:
                    _call(impl, staging.registrar(kind))
        if not staging.entries:
            raise Refused("empty", "it registers nothing")
        try:
            staging.commit()
        except ClashError as error:
            raise Refused("conflict", str(error)) from error
    except BaseException:
        staging.closed = True
        for module in modules:
            if _manager.is_registered(module):
                _manager.unregister(module)
        raise


def _call(impl: pluggy.HookImpl, register: Any) -> None:
    if impl.hookwrapper or getattr(impl, "wrapper", False):
        raise Refused("broken", f"{impl.function.__name__} is a wrapper, expected a plain hook")
    result = impl.function(*(register for _ in impl.argnames))
    if result is not None:
        raise Refused(
            "broken",
            f"{impl.function.__name__} returned {type(result).__name__}, expected None: "
            f"a hook is a plain function that calls `register`",
        )


def _check_api(module: ModuleType) -> str:
    needs = vars(module).get("ARRAYGRAD_API", hookspecs.API_VERSION)
    parts = needs.split(".") if isinstance(needs, str) else []
    if len(parts) != 2 or not all(part.isdecimal() for part in parts):
        raise Refused("incompatible", f'ARRAYGRAD_API is {needs!r}, expected a text such as "1.0"')
    has = tuple(map(int, hookspecs.API_VERSION.split(".")))
    wants = tuple(map(int, parts))
    if wants[0] != has[0] or wants > has:
        raise Refused(
            "incompatible",
            f"it needs plugin API {needs}, this arraygrad has {hookspecs.API_VERSION}; "
            f"upgrade {'arraygrad' if wants > has else 'the plugin'}",
        )
    return needs


def _check_names(module: ModuleType) -> None:
    """pluggy takes a misspelt hook without a word and never calls it."""
    for name, value in _functions(module):
        marked = hasattr(value, "arraygrad_impl")
        if name in hookspecs.HOOKS:
            if not marked:
                raise Refused("broken", f"{name} lacks the decorator @hookimpl")
        elif marked or name.startswith("arraygrad_register"):
            near = settings.near(name, hookspecs.HOOKS)
            raise Refused("broken", f"there is no hook {name!r}{near}")


def _functions(module: ModuleType) -> Iterator[tuple[str, FunctionType]]:
    for name, value in vars(module).items():
        if isinstance(value, FunctionType):
            yield name, value


def _is_initialising(module: str) -> bool:
    """Whether a module, or a package around it, is in the middle of its own import."""
    parts = module.split(".")
    for n in range(1, len(parts) + 1):
        found = sys.modules.get(".".join(parts[:n]))
        if getattr(getattr(found, "__spec__", None), "_initializing", False):
            return True
    return False


def describe(error: BaseException) -> str:
    """An error in one line, with the last place it came through."""
    if isinstance(error, SystemExit):
        text = f"it called sys.exit({error.code!r})"
    else:
        try:
            text = f"{type(error).__name__}: {error}".split("\n")[0]
        except Exception:
            text = type(error).__name__
    place = error.__traceback__
    while place is not None and place.tb_next is not None:
        place = place.tb_next
    if place is None:
        return text
    return f"{text} ({place.tb_frame.f_code.co_filename}:{place.tb_lineno})"
