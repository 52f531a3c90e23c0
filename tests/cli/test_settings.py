"""Which setting wins, and where it came from, as the command line tells and obeys it."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

import arraygrad as ag
from arraygrad import registry, settings
from arraygrad.numpy_backend import NumpyBackend

# From the weakest to the strongest.
PLACES = ("default", "user", "project", "environment", "process", "block", "argument")


@pytest.fixture
def named():
    """A backend for each place where a name can stand, and the current one of `arraygrad train`."""
    for name in PLACES[1:]:
        made = NumpyBackend()
        made.name = name
        registry.register_local("backends", name, made)
    registry.changed()
    yield
    ag.set_backend(None)


def set_all(cli, monkeypatch, places):
    """Name a backend in each of these places; call what is returned to be inside the block."""
    if "user" in places:
        (cli.folder / "user").mkdir()
        (cli.folder / "user" / "config.toml").write_text('backend = "user"\n')
    if "project" in places:
        (cli.folder / "pyproject.toml").write_text('[tool.arraygrad]\nbackend = "project"\n')
    if "environment" in places:
        monkeypatch.setenv("ARRAYGRAD_BACKEND", "environment")
    if "process" in places:
        ag.set_backend("process")
    settings.reload()


@pytest.mark.parametrize("n", range(1, len(PLACES)))
def test_precedence_and_origin(cli, monkeypatch, named, n):
    places = PLACES[:n]
    set_all(cli, monkeypatch, places)
    if "block" in places:
        with ag.using_backend("block"):
            listing = cli.json("backends")
            text = cli("backends").stdout
    else:
        listing, text = cli.json("backends"), cli("backends").stdout
    strongest = places[-1]
    wanted = "numpy" if strongest == "default" else strongest
    origin = {
        "default": "default",
        "user": f"user {cli.folder / 'user' / 'config.toml'}",
        "project": f"project {cli.folder / 'pyproject.toml'}",
        "environment": "environment ARRAYGRAD_BACKEND",
        "process": "set_backend(...)",
        "block": "using_backend(...)",
    }[strongest]
    assert (listing["current"], listing["origin"]) == (wanted, origin)
    assert f"* {wanted} " in text
    assert f"({origin})" in text
    # `config` lists settings: what a program says in its own code is none.
    setting = cli.json("config")["settings"][0]
    kept = [p for p in places if p in ("default", "user", "project", "environment")][-1]
    assert (setting["key"], setting["origin"]) == ("backend", kept)


def test_an_argument_goes_before_all(cli, monkeypatch, named):
    set_all(cli, monkeypatch, PLACES)
    with ag.using_backend("block"):
        folder = cli.train("digits", "--model", "mlp", "--backend", "argument")
    assert '"argument"' in (folder / "settings.json").read_text()
    assert ag.layers.Linear(3, in_size=2).W.data is not None
    assert ag.backend.backend_origin() == ("process", "set_backend(...)")


def test_flags_too(cli, monkeypatch):
    (cli.folder / "arraygrad.toml").write_text("kernels = false\n")
    settings.reload()
    found = {item["key"]: item for item in cli.json("config")["settings"]}
    assert (found["kernels"]["value"], found["kernels"]["origin"]) == (False, "project")
    assert all(not item["used"] for item in cli.json("kernels"))
    monkeypatch.setenv("ARRAYGRAD_KERNELS", "1")
    registry.changed()
    found = {item["key"]: item for item in cli.json("config")["settings"]}
    assert (found["kernels"]["value"], found["kernels"]["origin"]) == (True, "environment")
    assert any(item["used"] for item in cli.json("kernels"))


def test_names_of_backends_that_cannot_be(cli, monkeypatch):
    for name, says in [
        ("nonsense", "expected one of "),
        ("numpyy", "did you mean 'numpy'"),
        ("numpy:cpu", "name the library alone, 'numpy', and 'cpu' where a device is asked for"),
    ]:
        monkeypatch.setenv("ARRAYGRAD_BACKEND", name)
        assert says in cli.error("backends")
        with pytest.raises(ag.errors.UnknownBackendError, match="asked for by ARRAYGRAD_BACKEND"):
            ag.layers.Linear(3, in_size=2).W.data  # noqa: B018


WRONG = [
    ({"ARRAYGRAD_PLUGINS": "a,-b"}, "ARRAYGRAD_PLUGINS: got 'a,-b', expected only names"),
    ({"ARRAYGRAD_STRICT_PLUGINS": "maybe"}, "ARRAYGRAD_STRICT_PLUGINS: got 'maybe', expected one"),
    (
        {"ARRAYGRAD_STRICT_PLUGINS": "1", "ARRAYGRAD_PLUGINS": "nowhere"},
        "nowhere: not installed, but asked for by ARRAYGRAD_PLUGINS",
    ),
]


def fresh(tmp_path, *command, **env):
    clean = {k: v for k, v in os.environ.items() if not k.startswith("ARRAYGRAD_")}
    clean["ARRAYGRAD_CONFIG_DIR"] = str(tmp_path / "user")
    return subprocess.run(command, capture_output=True, text=True, env=clean | env, cwd=tmp_path)


@pytest.mark.parametrize(("env", "says"), WRONG)
def test_a_wrong_variable_is_one_line_and_no_traceback(tmp_path, env, says):
    script = tmp_path / "arraygrad"  # as pip writes it
    script.write_text("import sys\nfrom arraygrad.__main__ import main\nsys.exit(main())\n")
    for command in (["-m", "arraygrad"], [str(script)]):
        done = fresh(tmp_path, sys.executable, *command, "plugins", **env)
        assert done.returncode == 2
        assert done.stdout == ""
        assert done.stderr.startswith("error: ")
        assert done.stderr.count("\n") == 1
        assert says in done.stderr


def test_in_a_program_it_is_an_exception(tmp_path):
    env, says = WRONG[0]
    done = fresh(tmp_path, sys.executable, "-c", "import arraygrad", **env)
    assert done.returncode == 1
    assert "Traceback" in done.stderr
    assert says in done.stderr
    done = fresh(
        tmp_path, sys.executable, "-m", "arraygrad", "plugins", ARRAYGRAD_TRACEBACK="1", **env
    )
    assert "Traceback" in done.stderr
