"""Settings: which origin wins, and what wrong files and variables say."""

from __future__ import annotations

import pytest

from arraygrad import settings
from arraygrad.errors import ConfigError


@pytest.fixture
def here(clean_settings):
    return clean_settings


def write(path, text):
    path.write_text(text)
    settings.reload()
    return str(path)


def test_defaults(here):
    assert {s.key: s.value for s in settings.all_settings()} == {
        "backend": "numpy",
        "plugins": "",
        "strict_plugins": False,
        "kernels": True,
        "plugins_from_cwd": False,
        "cache_dir": "",
    }
    assert {(s.origin, s.detail) for s in settings.all_settings()} == {("default", "")}
    assert settings.get("prefer.functions.gelu") is None


def test_precedence_and_origins(here, monkeypatch):
    user = write(here / "user" / "config.toml", 'backend = "torch"\nstrict_plugins = true\n')
    assert settings.origin("backend") == ("backend", "torch", "user", user)
    project = write(here / "project" / "arraygrad.toml", 'backend = "jax"\n')
    assert settings.origin("backend") == ("backend", "jax", "project", project)
    assert settings.origin("strict_plugins") == ("strict_plugins", True, "user", user)
    monkeypatch.setenv("ARRAYGRAD_BACKEND", "cupy")
    assert settings.origin("backend") == ("backend", "cupy", "environment", "ARRAYGRAD_BACKEND")
    assert settings.all_settings()[0] == settings.origin("backend")
    monkeypatch.setenv("ARRAYGRAD_BACKEND", " ")
    assert settings.get("backend") == "jax"


def test_variables_are_read_at_each_use(here, monkeypatch):
    assert settings.get("backend") == "numpy"
    monkeypatch.setenv("ARRAYGRAD_BACKEND", "jax")
    assert settings.get("backend") == "jax"


def test_the_nearest_project_file_with_a_table(here, monkeypatch):
    project = here / "project"
    inner = project / "a" / "b"
    inner.mkdir(parents=True)
    monkeypatch.chdir(inner)
    outer = write(project / "pyproject.toml", '[tool.arraygrad]\nbackend = "jax"\n')
    write(inner / "pyproject.toml", '[project]\nname = "arraygrad-x"\n')
    assert settings.origin("backend").detail == outer
    near = write(project / "a" / "arraygrad.toml", 'backend = "torch"\n')
    assert settings.origin("backend").detail == near
    # The nearest file is the project's file; others are not merged into it.
    write(project / "pyproject.toml", '[tool.arraygrad]\nplugins = "none"\n')
    assert settings.get("plugins") == ""


def test_the_search_ends_at_the_root_of_the_repository(here, monkeypatch):
    write(here / "arraygrad.toml", 'backend = "jax"\n')
    assert settings.get("backend") == "numpy"
    (here / "outside").mkdir()
    monkeypatch.chdir(here / "outside")
    settings.reload()
    assert settings.get("backend") == "jax"


@pytest.mark.parametrize(
    "text",
    [
        '[tool.arraygrad]\nbackend = "jax"',
        '[ tool . "arraygrad" ]\nbackend = "jax"',
        '[tool]\narraygrad.backend = "jax"',
        'tool.arraygrad.backend = "jax"',
        '[tool.arraygrad.prefer.functions]\ngelu = "acts:gelu"\n[tool.arraygrad]\nbackend="jax"',
    ],
)
def test_spellings_of_the_table(here, text):
    write(here / "project" / "pyproject.toml", text)
    assert settings.get("backend") == "jax"


def test_the_users_directory(here, monkeypatch):
    monkeypatch.delenv("ARRAYGRAD_CONFIG_DIR")
    monkeypatch.setattr(settings.sys, "platform", "linux")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(here))
    assert settings.config_dir() == str(here / "arraygrad")
    monkeypatch.setenv("HOME", "/home/ann")
    monkeypatch.setenv("XDG_CONFIG_HOME", "relative")
    assert settings.config_dir() == "/home/ann/.config/arraygrad"
    monkeypatch.delenv("XDG_CONFIG_HOME")
    monkeypatch.setattr(settings.sys, "platform", "darwin")
    assert settings.config_dir() == "/home/ann/Library/Application Support/arraygrad"


@pytest.mark.parametrize("text", ["1", "true", "YES", "on", " On "])
def test_true(here, monkeypatch, text):
    monkeypatch.setenv("ARRAYGRAD_STRICT_PLUGINS", text)
    assert settings.get("strict_plugins") is True


@pytest.mark.parametrize("text", ["0", "false", "No", "off"])
def test_false(here, monkeypatch, text):
    monkeypatch.setenv("ARRAYGRAD_STRICT_PLUGINS", text)
    assert settings.get("strict_plugins") is False


@pytest.mark.parametrize("text", ["2", "maybe", "tru", "None", "-1"])
def test_neither(here, monkeypatch, text):
    monkeypatch.setenv("ARRAYGRAD_STRICT_PLUGINS", text)
    with pytest.raises(ConfigError, match=r"ARRAYGRAD_STRICT_PLUGINS: got .* expected one of 1,"):
        settings.get("strict_plugins")


@pytest.mark.parametrize(
    ("text", "value"),
    [("all", ""), ("", ""), ("none", "none"), (" a, b ,", "a,b"), ("-a,-b", "-a,-b")],
)
def test_choice_of_plugins(here, monkeypatch, text, value):
    monkeypatch.setenv("ARRAYGRAD_PLUGINS", text)
    assert settings.get("plugins") == value


@pytest.mark.parametrize("text", ["none,a", "a,all", "a,-b"])
def test_choice_that_contradicts_itself(here, monkeypatch, text):
    monkeypatch.setenv("ARRAYGRAD_PLUGINS", text)
    with pytest.raises(ConfigError, match=r"ARRAYGRAD_PLUGINS: got .* expected"):
        settings.get("plugins")


def test_prefer_and_overrides(here):
    path = write(
        here / "project" / "arraygrad.toml",
        '[prefer.functions]\ngelu = "acts:gelu"\n[overrides.layers]\nLinear = "fast:Linear"\n',
    )
    assert settings.get("prefer.functions.gelu") == "acts:gelu"
    expected = ("overrides.layers.Linear", "fast:Linear", "project", path)
    assert settings.choice("overrides", "layers", "Linear") == expected
    assert settings.choice("overrides", "functions", "Linear") is None
    assert settings.choices("overrides") == [expected]
    assert [s.key for s in settings.all_settings()][len(settings.KEYS) :] == [
        "prefer.functions.gelu",
        expected[0],
    ]


WRONG = {
    'bakend = "jax"': "bakend: unknown setting 'bakend'; did you mean 'backend'?",
    "backend = 3": "backend: got 3, expected a name",
    'strict_plugins = "maybe"': "strict_plugins: got 'maybe', expected one of 1, true",
    'plugins = ["a"]': "plugins: got ['a'], expected a text such as",
    "plugins_from_cwd = true": "set the variable ARRAYGRAD_PLUGINS_FROM_CWD instead",
    "prefer = 1": "prefer: expected tables named backends, functions",
    '[prefer.function]\na = "b:c"': "prefer.function: expected tables named backends,",
    '[prefer.functions]\ngelu = "acts"': "got 'acts', expected an id such as \"acts:gelu\"",
    "backend = ": "not a TOML file: ",
    "\xff": "not a TOML file: ",
}


@pytest.mark.parametrize("text", WRONG)
def test_a_wrong_file(here, monkeypatch, text):
    path = here / "project" / "arraygrad.toml"
    path.write_bytes(text.encode("latin-1"))
    settings.reload()
    assert len(settings.problems()) == 1
    with pytest.raises(ConfigError) as caught:
        settings.get("backend")
    assert str(path) in str(caught.value)
    assert WRONG[text] in str(caught.value)
    # What does not need the file works.
    monkeypatch.setenv("ARRAYGRAD_BACKEND", "jax")
    assert settings.get("backend") == "jax"
    assert len(settings.all_settings()) == len(settings.KEYS)


def test_what_can_be_decided_in_spite_of_a_wrong_file(here):
    write(here / "project" / "arraygrad.toml", 'bakend = 1\nplugins = "none"\nstrict_plugins = 5\n')
    assert settings.decided("plugins").value == "none"
    assert settings.decided("strict_plugins") is None
    write(here / "project" / "arraygrad.toml", 'plugins = "none\n')
    assert settings.decided("plugins") is None


def test_all_problems_are_told_at_once(here):
    write(here / "project" / "arraygrad.toml", "bakend = 1\nplugin = 2\n")
    write(here / "user" / "config.toml", "strict = 1\n")
    with pytest.raises(ConfigError) as caught:
        settings.get("backend")
    for word in ("'bakend'", "'plugin'", "'strict'", "arraygrad.toml", "config.toml"):
        assert word in str(caught.value)


def test_a_misspelt_variable(here, monkeypatch):
    monkeypatch.setenv("ARRAYGRAD_TEST_BACKENDS", "torch")  # somebody else's
    assert settings.problems() == []
    monkeypatch.setenv("ARRAYGRAD_BACKEN", "torch")
    settings.reload()
    with pytest.raises(ConfigError, match="variable ARRAYGRAD_BACKEN; did you mean 'ARRAYGRAD_BA"):
        settings.get("backend")


@pytest.mark.parametrize("key", ["bakend", "prefer", "prefer.functions", "prefer.ops.x", ""])
def test_an_unknown_key(here, key):
    with pytest.raises(ConfigError, match=r"got the key .* expected one of backend, plugins"):
        settings.get(key)


def test_a_project_file_that_is_not_ours_is_not_parsed(here):
    write(here / "project" / "pyproject.toml", '[project]\nname = "arraygrad"\nbackend = = 1')
    assert settings.get("backend") == "numpy"


def test_choices_that_are_no_ids(here):
    path = write(
        here / "project" / "arraygrad.toml",
        '[prefer.functions]\ngelu = 3\nmish = "no id"\nrelu = "acts:relu"\n',
    )
    assert settings.choice("prefer", "functions", "relu").value == "acts:relu"
    assert settings.choice("prefer", "functions", "gelu") is None
    assert settings.problems() == [
        f'{path}: prefer.functions.gelu: got 3, expected an id such as "acts:gelu"',
        f"{path}: prefer.functions.mish: got 'no id', expected an id such as \"acts:mish\"",
    ]


def test_no_table_where_one_is_expected(here):
    path = write(here / "project" / "pyproject.toml", "tool.arraygrad = 3\n")
    assert settings.problems() == [f"{path}: expected a table, got int"]


def test_a_file_that_only_speaks_of_the_table(here):
    write(here / "project" / "pyproject.toml", 'x = "tool.arraygrad"\n')
    assert settings.problems() == []
    assert settings.origin("backend").origin == "default"


def test_a_file_that_cannot_be_read(here):
    path = here / "project" / "arraygrad.toml"
    path.mkdir()
    settings.reload()
    (problem,) = settings.problems()
    assert problem.startswith(f"{path}: cannot be read: ")
    with pytest.raises(ConfigError, match="cannot be read"):
        settings.get("backend")


def test_the_search_ends_at_the_root_of_the_file_system(here, monkeypatch):
    asked = []
    monkeypatch.setattr(settings, "_load", lambda path, *_: asked.append(path))
    monkeypatch.setattr(settings.os.path, "exists", lambda path: False)
    monkeypatch.chdir("/")
    settings.reload()
    assert settings.get("backend") == "numpy"
    assert [path for path in asked if not path.startswith(str(here))] == [
        "/arraygrad.toml", "/pyproject.toml",
    ]  # fmt: skip
