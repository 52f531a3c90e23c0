"""Finding, loading and listing plugins.

`discover()` is the last thing that `import arraygrad` does. Each installed plugin is loaded in a
guard of its own. One that fails never breaks the import: one warning lists all that failed,
`statuses()` and `arraygrad plugins` say why, and so do lookups that fail. With
ARRAYGRAD_STRICT_PLUGINS=1 the import raises PluginError instead.
"""

from __future__ import annotations

import os
import sys
import warnings
from _thread import RLock  # as functools does: threading costs 0.6 ms
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from arraygrad import core_plugin, hookspecs, installed, loading, registry, settings
from arraygrad.errors import (
    ArraygradError,
    ArraygradWarning,
    ConfigError,
    PluginError,
    PluginWarning,
    RegistryError,
    UnknownNameError,
)
from arraygrad.loading import Plugin
from arraygrad.namespaces import module_hooks

__all__ = ["Plugin", "check_targets", "disabled", "discover", "module_hooks", "statuses"]

_plugins: list[Plugin] = []
_lock = RLock()
_busy = False


def discover() -> None:
    """Load the core and every enabled plugin; later calls only load those that were deferred.

    Warns of the plugins that failed; raises PluginError instead in strict mode, and ConfigError
    where a variable that chooses plugins has a wrong value. The command line, which is not there
    yet, ends with one line that says so.
    """
    try:
        _discover()
    except ArraygradError as error:
        if not _is_command_line():
            raise
        sys.stderr.write(f"error: {' '.join(str(error).split())}\n")
        raise SystemExit(2) from None


def _is_command_line() -> bool:
    """Whether this is `arraygrad ...` or `python -m arraygrad`, and no traceback is wanted."""
    if os.environ.get("ARRAYGRAD_TRACEBACK", "") not in ("", "0"):
        return False
    if sys.argv[:1] == ["-m"]:  # the module to be run is still looked for
        after = sys.orig_argv[sys.orig_argv.index("-m") + 1 :] if "-m" in sys.orig_argv else []
        return after[:1] == ["arraygrad"]
    return os.path.basename(sys.argv[0] if sys.argv else "") in ("arraygrad", "arraygrad.exe")


def _discover() -> None:
    global _busy
    with _lock:
        if _busy:  # a plugin that is being loaded looks something up
            return
        _busy = True
        try:
            strict = settings.decided("strict_plugins")
            notes = _find() if not _plugins else []
            waiting = [plugin for plugin in _plugins if plugin.status == "deferred"]
            for plugin in waiting:
                loading.load(plugin)
        finally:
            _busy = False
        registry.retry = None
        if any(plugin.status == "deferred" for plugin in waiting):
            registry.retry = discover
        failed = [plugin for plugin in _plugins if plugin.failed]
        news = [plugin for plugin in failed if plugin.distribution not in registry.not_loaded]
        away = [plugin for plugin in _plugins if plugin.status == "unavailable"]
        registry.not_loaded = {p.distribution: f"{p.status}: {p.reason}" for p in failed + away}
        if any(plugin.status != "deferred" for plugin in waiting):
            registry.changed()
        if strict is not None and strict.value:
            _raise(failed, notes)
        else:
            _warn(news, notes)


def statuses() -> list[Plugin]:
    """Every installed plugin and what became of it, the core first.

    >>> from arraygrad import plugins
    >>> core = plugins.statuses()[0]
    >>> core.namespace, core.status
    ('core', 'active')
    """
    discover()
    return list(_plugins)


@contextmanager
def disabled(*names: str) -> Iterator[None]:
    """Inside the block, plugins of these names provide nothing; for tests.

    Takes names of distributions or namespaces; raises UnknownNameError for any other.

    >>> from arraygrad import plugins
    >>> with plugins.disabled():
    ...     plugins.statuses()[0].status
    'active'
    """
    chosen = [plugin for name in names for plugin in _named(name) if plugin.status == "active"]
    for plugin in chosen:
        plugin.status, plugin.reason = "disabled", "by plugins.disabled()"
        registry.remove(plugin.namespace)
    try:
        yield
    finally:
        for plugin in chosen:
            plugin.staging.commit()
            plugin.status, plugin.reason = "active", ""
        registry.changed()


def check_targets(name: str) -> list[str]:
    """Import every target that a plugin registered, and return what fails, one line each.

    Kernels for a library that cannot run here are left alone: they need it.

    >>> from arraygrad import plugins
    >>> plugins.check_targets("core")
    []
    """
    found = _named(name)
    for plugin in found:
        entries = plugin.staging.entries.values()
        away = {name for name in {e.backend for e in entries if e.kind == "kernels"} if _away(name)}
        for entry in entries:
            with suppress(RegistryError):  # which is noted in `problems`
                if entry.kind != "kernels" or entry.backend not in away:
                    entry.resolve()
    return [problem for plugin in found for problem in plugin.problems]


def _away(backend: str) -> bool:
    """Whether an array library cannot run here, or nobody provides it."""
    from arraygrad.backend import get_backend
    from arraygrad.errors import BackendError

    try:
        get_backend(backend)
    except BackendError:
        return True
    return False


def _named(name: str) -> list[Plugin]:
    plugins = statuses()
    known = {p.distribution: p.namespace for p in plugins}
    found = [p for p in plugins if p.is_named(name)]
    if not found:
        near = settings.near(name, {*known, *known.values()})
        raise UnknownNameError(f"plugins: no plugin is named {name!r}{near}")
    return found


def _find() -> list[str]:
    """List the core and what is installed, and return what is wrong with the choice of plugins."""
    core = Plugin(core_plugin.installed(), registry.CORE)
    loading.stage(core, [core_plugin])
    core.status = "active"
    _plugins.append(core)
    from_cwd = settings.decided("plugins_from_cwd")
    found = installed.find(hookspecs.ENTRY_POINT_GROUP, bool(from_cwd and from_cwd.value))
    names = {item.distribution for item in found}
    owners: dict[str, list[Plugin]] = {}
    chosen = _Chosen(names)
    for item in found:
        namespace = item.distribution.removeprefix("arraygrad-").replace("-", "_")
        plugin = Plugin(item, namespace)
        _plugins.append(plugin)
        if reason := chosen.excludes(item.distribution, namespace):
            plugin.status, plugin.reason = "disabled", reason
        else:
            owners.setdefault(namespace, []).append(plugin)
    for namespace, claims in owners.items():
        _check_owners(namespace, claims)
    return chosen.notes()


def _check_owners(namespace: str, claims: list[Plugin]) -> None:
    for plugin in claims:
        others = " and ".join(p.distribution for p in claims if p is not plugin)
        if namespace in (registry.CORE, registry.LOCAL):
            others = "arraygrad itself"
        if others:
            plugin.status = "conflict"
            plugin.reason = f"its namespace {namespace!r} is that of {others}; disable or rename it"


class _Chosen:
    """The setting "plugins", applied to names of distributions and namespaces."""

    def __init__(self, installed_names: set[str]) -> None:
        self._installed = installed_names
        self._setting = settings.decided("plugins")
        text = self._setting.value if self._setting else "none"
        self._all_but = not text or text.startswith("-")
        tokens = [] if text == "none" else [t.strip("- ") for t in text.split(",") if t.strip("- ")]
        self._missing = {installed.normalized(token): token for token in tokens}
        self._tokens = set(self._missing)

    def excludes(self, distribution: str, namespace: str) -> str:
        """Why a distribution is disabled, or nothing."""
        # The full name of one distribution may be the short one of another.
        tokens = {distribution} | ({namespace.replace("_", "-")} - self._installed)
        found = tokens & self._tokens
        for token in found:
            self._missing.pop(token, None)
        if bool(found) != self._all_but:
            return ""
        if self._setting is None:
            return "the settings that choose plugins cannot be read"
        return f"by the setting plugins = {self._setting.value!r} ({self._setting.detail})"

    def notes(self) -> list[str]:
        """The names that were asked for and are not installed."""
        if self._all_but or self._setting is None:
            return []
        return [
            f"{token}: not installed, but asked for by {self._setting.detail}"
            f"{settings.near(token, self._installed)}"
            for token in self._missing.values()
        ]


def _listing(failed: list[Plugin], notes: list[str]) -> str:
    lines = [f"{p.distribution} {p.version} is {p.status}: {p.reason}" for p in failed] + notes
    what = "\n  ".join(lines)
    return f"some plugins are installed but not loaded:\n  {what}\nrun `arraygrad plugins`"


def _raise(failed: list[Plugin], notes: list[str]) -> None:
    if wrong := settings.problems():
        raise ConfigError("settings: " + "; ".join(wrong))
    if failed or notes:
        cause = next((plugin.error for plugin in failed if plugin.error), None)
        raise PluginError(_listing(failed, notes)) from cause


def _warn(failed: list[Plugin], notes: list[str]) -> None:
    global _warned_settings
    wrong = settings.problems()
    if wrong and not _warned_settings:
        _warned_settings = True
        what = "\n  ".join(wrong)
        _show(f"some settings are ignored:\n  {what}\nrun `arraygrad config`", ArraygradWarning)
    if failed or notes:
        _show(_listing(failed, notes), PluginWarning)


_warned_settings = False


def _show(text: str, category: type[Warning]) -> None:
    try:
        warnings.warn(text, category, stacklevel=6)
    except category:
        # `-W error` is the user's program's, and the fault is not: importing must go on.
        if sys.stderr is not None:
            sys.stderr.write(f"{category.__name__}: {text}\n")
