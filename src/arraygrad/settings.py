"""Settings, and where each came from: environment > project file > user file > default.

The project file is the nearest `arraygrad.toml`, or `pyproject.toml` with a `[tool.arraygrad]`
table, from the current directory up to the root of the repository. The user file is
`config.toml` in the platform's configuration directory. Both hold the same keys:

    backend = "numpy"                    # where new arrays are born
    plugins = "acts,board"               # only these; "-acts": all but; "none"; "all"
    strict_plugins = false               # raise when an installed plugin cannot be loaded
    kernels = true                       # faster forms of ops for some array libraries
    [prefer.functions]
    gelu = "acts:gelu"                   # several plugins provide `gelu`: take this one
    [overrides.functions]
    softmax = "fast:softmax"             # replace an existing name

Variables are read at each use, files once (`reload()` forgets them), and nothing is ever written.
A wrong variable is an error wherever it is read. A wrong file does not stop `import arraygrad`,
which warns; using a setting that needs the file raises.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

from arraygrad.errors import ConfigError

# The kinds of things that plugins provide; "functions" are registered by arraygrad_register_ops.
KINDS = (
    "backends", "functions", "kernels", "layers", "models", "optimizers", "datasets", "commands",
)  # fmt: skip

_PREFIX = "ARRAYGRAD_"
_FLAGS = dict.fromkeys(("1", "true", "yes", "on"), True)
_FLAGS |= dict.fromkeys(("0", "false", "no", "off"), False)
_ID = r"[a-z0-9_]+:\S+"
# Tells whether a pyproject.toml may hold our table, so that others are not parsed at import.
_MAY_HAVE_TABLE = rb"""(?m)tool["']?\s*\.\s*["']?arraygrad|^\s*\[\s*tool\s*\]"""


class Setting(NamedTuple):
    """A setting: its value, its origin ("environment", "project", ...) and the file or variable."""

    key: str
    value: Any
    origin: str
    detail: str


def _word(value: object) -> str:
    if isinstance(value, str) and value.strip():
        return value.strip()
    raise ValueError("expected a name")


def _flag(value: object) -> bool:
    flag = _FLAGS.get(str(value).strip().lower())
    if flag is None:
        raise ValueError(f"expected one of {', '.join(_FLAGS)}")
    return flag


def _choice(value: object) -> str:
    if not isinstance(value, str):
        raise ValueError('expected a text such as "acts,board", "-acts", "none" or "all"')
    names = [name.strip() for name in value.split(",") if name.strip()]
    if names in ([], ["all"]):
        return ""
    if len(names) > 1 and ("none" in names or "all" in names):
        raise ValueError('expected "none" and "all" to stand alone')
    if len({name.startswith("-") for name in names}) > 1:
        raise ValueError('expected only names ("a,b": only these) or only "-names" (all but these)')
    return ",".join(names)


class Key(NamedTuple):
    """What is known of one setting: its default, its parser and its environment variable."""

    default: Any
    parse: Callable[[object], Any]
    variable: str
    in_files: bool = True


KEYS: Mapping[str, Key] = {
    "backend": Key("numpy", _word, "ARRAYGRAD_BACKEND"),
    "plugins": Key("", _choice, "ARRAYGRAD_PLUGINS"),
    "strict_plugins": Key(False, _flag, "ARRAYGRAD_STRICT_PLUGINS"),
    "kernels": Key(True, _flag, "ARRAYGRAD_KERNELS"),
    # Not in files: a folder somebody else wrote must not be able to let itself run code, nor to
    # say where downloads are written and read.
    "plugins_from_cwd": Key(False, _flag, "ARRAYGRAD_PLUGINS_FROM_CWD", in_files=False),
    "cache_dir": Key("", _word, "ARRAYGRAD_CACHE_DIR", in_files=False),
}
TABLES = ("prefer", "overrides")


class _File:
    """One settings file: what could be read of it, and what is wrong with it, by key."""

    def __init__(self, path: str, origin: str) -> None:
        self.path = path
        self.origin = origin
        self.values: dict[str, Any] = {}
        self.problems: dict[str, str] = {}

    def read(self, table: object) -> None:
        """Take the keys of a parsed table; what is wrong goes to `problems`."""
        if not isinstance(table, dict):
            self.problems["*"] = f"expected a table, got {type(table).__name__}"
            return
        for name, value in table.items():
            if name in TABLES:
                self._read_choices(name, value)
            elif name not in KEYS:
                self.problems[name] = f"unknown setting {name!r}{near(name, [*KEYS, *TABLES])}"
            elif not KEYS[name].in_files:
                self.problems[name] = f"set the variable {KEYS[name].variable} instead"
            else:
                try:
                    self.values[name] = KEYS[name].parse(value)
                except ValueError as error:
                    self.problems[name] = f"got {value!r}, {error}"

    def _read_choices(self, table: str, kinds: object) -> None:
        for kind, names in kinds.items() if isinstance(kinds, dict) else [("", kinds)]:
            if kind not in KINDS or not isinstance(names, dict):
                self.problems[f"{table}.{kind}".rstrip(".")] = (
                    f"expected tables named {', '.join(KINDS)}{near(kind, KINDS)}"
                )
                continue
            for name, value in names.items():
                key = f"{table}.{kind}.{name}"
                if isinstance(value, str) and re.fullmatch(_ID, value):
                    self.values[key] = value
                else:
                    self.problems[key] = f'got {value!r}, expected an id such as "acts:{name}"'

    def report(self) -> list[str]:
        return [
            f"{self.path}: {text if key == '*' else f'{key}: {text}'}"
            for key, text in self.problems.items()
        ]


# Read once: new arrays ask for their backend, and a look at the disk would cost more than they do.
_read: list[_File] | None = None
_wrong: list[str] | None = None


def reload() -> None:
    """Forget what was read from files; the next use reads them again."""
    global _read, _wrong
    _read = _wrong = None


def get(key: str) -> Any:
    """The value of a setting; raises ConfigError for an unknown key or a wrong value.

    >>> from arraygrad import settings
    >>> settings.get("strict_plugins")
    False
    """
    return origin(key).value


def origin(key: str) -> Setting:
    """A setting with its origin; raises ConfigError for an unknown key or a wrong value.

    >>> from arraygrad import settings
    >>> settings.origin("plugins").key
    'plugins'
    """
    _check(key)
    setting = _from_environment(key)
    if setting is None:
        if wrong := problems():
            raise ConfigError("settings: " + "; ".join(wrong))
        setting = _from_files(key)
    return setting


def decided(key: str) -> Setting | None:
    """As `origin`, but None where a file that decides this key cannot be read; for import time."""
    setting = _from_environment(key)
    if setting is None and any({"*", key} & file.problems.keys() for file in _files()):
        return None
    return setting or _from_files(key)


def choice(table: str, kind: str, name: str) -> Setting | None:
    """The readable entry of `prefer` or `overrides` for a name, if there is one."""
    key = f"{table}.{kind}.{name}"
    return next((_setting(file, key) for file in _files() if key in file.values), None)


def choices(table: str) -> list[Setting]:
    """Every readable entry of `prefer` or `overrides`, the strongest origin of each."""
    keys = {key for file in _files() for key in file.values if key.startswith(table + ".")}
    return [_from_files(key) for key in sorted(keys)]


def all_settings() -> list[Setting]:
    """Every setting with its origin, as far as files can be read; see `problems` for the rest."""
    plain = [_from_environment(key) or _from_files(key) for key in KEYS]
    return plain + [setting for table in TABLES for setting in choices(table)]


def problems() -> list[str]:
    """What is wrong with the settings files and with the names of variables, one line each."""
    global _wrong
    if _wrong is None:
        _wrong = [line for file in _files() for line in file.report()]
        known = {key.variable.removeprefix(_PREFIX) for key in KEYS.values()} | {"CONFIG_DIR"}
        for variable in os.environ:
            name = variable.removeprefix(_PREFIX)
            # Only near misses: other variables may belong to plugins.
            if name != variable and name not in known and (hint := near(name, known, _PREFIX, 0.8)):
                _wrong.append(f"environment: unknown variable {variable}{hint}")
    return _wrong


def near(name: str, known: Iterable[str], prefix: str = "", cutoff: float = 0.7) -> str:
    """'; did you mean ...?' for a misspelt name, or nothing."""
    from difflib import get_close_matches

    # Of three letters, two that changed places are a third of the whole: SDG for SGD.
    found = get_close_matches(name, sorted(known), 1, cutoff if len(name) > 3 else 0.6)
    return f"; did you mean {prefix + found[0]!r}?" if found else ""


def _check(key: str) -> None:
    if key in KEYS:
        return
    table, _, rest = key.partition(".")
    kind, _, name = rest.partition(".")
    if table in TABLES and kind in KINDS and name:
        return
    raise ConfigError(
        f"settings: got the key {key!r}, expected one of {', '.join(KEYS)}, or "
        f"prefer.<kind>.<name> or overrides.<kind>.<name>{near(key, KEYS)}"
    )


def _setting(file: _File, key: str) -> Setting:
    return Setting(key, file.values[key], file.origin, file.path)


def _from_environment(key: str) -> Setting | None:
    if key not in KEYS:
        return None
    variable = KEYS[key].variable
    text = os.environ.get(variable, "").strip()
    if not text:
        return None
    try:
        return Setting(key, KEYS[key].parse(text), "environment", variable)
    except ValueError as error:
        raise ConfigError(f"environment variable {variable}: got {text!r}, {error}") from None


def _from_files(key: str) -> Setting:
    for file in _files():
        if key in file.values:
            return _setting(file, key)
    return Setting(key, KEYS[key].default if key in KEYS else None, "default", "")


def _files() -> list[_File]:
    global _read
    if _read is None:
        user = os.path.join(config_dir(), "config.toml")
        _read = [file for file in (_project_file(), _load(user, "user", ())) if file is not None]
    return _read


def config_dir() -> str:
    """The directory of the user's settings file; it need not exist."""
    here = os.environ.get("ARRAYGRAD_CONFIG_DIR", "")
    if here:
        return here
    base = os.environ.get("XDG_CONFIG_HOME", "")
    if not os.path.isabs(base):  # the XDG standard says to ignore relative paths
        if sys.platform == "win32":
            base = os.environ.get("APPDATA", "") or os.path.expanduser("~/AppData/Roaming")
        elif sys.platform == "darwin":
            base = os.path.expanduser("~/Library/Application Support")
        else:
            base = os.path.expanduser("~/.config")
    return os.path.join(base, "arraygrad")


def _project_file() -> _File | None:
    try:
        folder = os.getcwd()
    except OSError:  # the directory is gone
        return None
    while True:
        own = _load(os.path.join(folder, "arraygrad.toml"), "project", ())
        file = own or _load(
            os.path.join(folder, "pyproject.toml"), "project", ("tool", "arraygrad")
        )
        parent = os.path.dirname(folder)
        is_root = any(os.path.exists(os.path.join(folder, vcs)) for vcs in (".git", ".hg"))
        if file is not None or is_root or parent == folder:
            return file
        folder = parent


def _load(path: str, origin: str, tables: tuple[str, ...]) -> _File | None:
    """The settings of one file, or None where it does not exist or has no table for arraygrad."""
    file = _File(path, origin)
    try:
        with open(path, "rb") as stream:
            content = stream.read()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        if tables:  # somebody else's pyproject.toml, on the way up
            return None
        file.problems["*"] = f"cannot be read: {error.strerror}"
        return file
    if tables and not re.search(_MAY_HAVE_TABLE, content):
        return None
    import tomllib

    try:
        table: Any = tomllib.loads(content.decode())
    except ValueError as error:  # TOMLDecodeError and UnicodeDecodeError
        file.problems["*"] = f"not a TOML file: {error}"
        return file
    for name in tables:
        table = table.get(name) if isinstance(table, dict) else None
    if table is None:
        return None
    file.read(table)
    return file
