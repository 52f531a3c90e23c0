"""The program itself: listings, commands of plugins, errors in one line, missing packages."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import click
import pytest

import arraygrad
from arraygrad import registry, settings

SRC = Path(arraygrad.__file__).parents[1]


def test_version_and_help(cli):
    assert cli("--version").stdout == f"arraygrad {arraygrad.__version__}\n"
    overview = cli().stdout
    assert overview == cli("-h").stdout == cli("--help").stdout
    for command in ("train", "predict", "plugins", "backends", "kernels", "config"):
        assert f"  {command}  " in overview
        assert "Usage: " in cli(command, "-h").stdout


def test_unknown_commands(cli):
    assert "did you mean 'train'" in cli.error("trian")
    assert "expected one of train, predict" in cli.error("zzz")
    assert "--nope" in cli.error("--nope")


def test_plugins(cli):
    core = cli.json("plugins")[0]
    assert (core["distribution"], core["status"]) == ("arraygrad", "active")
    assert "Digits" in core["provides"]["datasets"]
    text = cli("plugins").stdout
    assert text.splitlines()[0].split() == ["PLUGIN", "VERSION", "STATUS", "LOAD", "PROVIDES"]
    assert "1 backend, " in text
    assert cli.json("plugins", "core") == cli.json("plugins", "arraygrad") == [core]
    about = cli("plugins", "core", "--check").stdout
    assert "ClipGrad, " in about
    assert "did you mean 'arraygrad'" in cli.error("plugins", "araygrad")


def test_names_of_plugins_with_either_sign(cli, monkeypatch):
    from arraygrad import plugins

    [core] = [p for p in plugins.statuses() if p.namespace == "core"]
    monkeypatch.setattr(core, "namespace", "log_cosh")
    assert cli.json("plugins", "log-cosh") == cli.json("plugins", "log_cosh") != []
    assert "1 checks, 1 passed" in cli("plugins", "check", "log-cosh", "--only", "targets").stdout


def test_kernels(cli, monkeypatch):
    items = cli.json("kernels", "--backend", "numpy")
    assert {"op": "core:tanh", "backend": "numpy", "used": True, "reason": ""}.items() <= next(
        item for item in items if item["op"] == "core:tanh"
    ).items()
    assert "core:tanh.x" in cli("kernels").stdout
    assert cli.json("kernels", "--backend", "nowhere") == []
    monkeypatch.setenv("ARRAYGRAD_KERNELS", "off")
    assert not any(item["used"] for item in cli.json("kernels"))


def test_backends(cli, monkeypatch):
    listing = cli.json("backends")
    assert (listing["current"], listing["origin"]) == ("numpy", "default")
    items = {item["name"]: item for item in listing["backends"]}
    assert items["numpy"]["available"] is items["numpy"]["current"] is True
    assert items["numpy"]["devices"] == ["cpu"]
    assert items["array_api_strict"]["available"]
    assert "* numpy" in cli("backends").stdout
    monkeypatch.setenv("ARRAYGRAD_BACKEND", "array_api_strict")
    listing = cli.json("backends")
    assert listing["current"] == "array_api_strict"
    assert listing["origin"] == "environment ARRAYGRAD_BACKEND"
    monkeypatch.setenv("ARRAYGRAD_BACKEND", "numpyy")
    assert "did you mean 'numpy'" in cli.error("backends")


def test_a_backend_that_is_not_there(cli, without):
    without("dask")

    class Broken:
        def __init__(self):
            raise RuntimeError("driver too old")

    registry.register_local("backends", "broken", Broken)
    items = {item["name"]: item for item in cli.json("backends")["backends"]}
    assert not items["dask"]["available"]
    assert "cannot be imported" in items["dask"]["reason"]
    assert items["broken"]["reason"] == "RuntimeError: driver too old"
    assert "driver too old" in cli("backends").stdout


def test_config(cli, monkeypatch):
    (cli.folder / "arraygrad.toml").write_text('backend = "array_api_strict"\nbakend = "x"\n')
    monkeypatch.setenv("ARRAYGRAD_PLUGINS", "none")
    settings.reload()
    listing = cli.json("config")
    found = {item["key"]: item for item in listing["settings"]}
    assert found["backend"]["value"] == "array_api_strict"
    assert found["backend"]["origin"] == "project"
    assert found["backend"]["detail"].endswith("arraygrad.toml")
    assert found["plugins"]["origin"] == "environment"
    assert found["strict_plugins"]["origin"] == "default"
    assert "did you mean 'backend'" in listing["problems"][0]
    text = cli("config").stdout
    assert "ignored: " in text
    assert 'backend           "array_api_strict"  project ' in text
    monkeypatch.setenv("ARRAYGRAD_BACKEND", " ")
    monkeypatch.setenv("ARRAYGRAD_STRICT_PLUGINS", "maybe")
    assert "ARRAYGRAD_STRICT_PLUGINS" in cli.error("config")


def test_commands_of_plugins(cli):
    seen = []

    def function(argv):
        seen.append(argv)
        return 3

    @click.command()
    @click.option("--size", type=int)
    def command(size):
        """A click command."""
        click.echo(f"size {size}")
        return 5

    registry.register_local("commands", "count", function, help="Counts things.")
    registry.register_local("commands", "measure", command)
    registry.register_local("commands", "train", function)
    registry.register_local("commands", "broken", "no_such_module:main")
    registry.register_local("commands", "number", 7)
    overview = cli("-h").stdout  # imports nothing, so the broken one does no harm
    assert "count" in overview
    assert "Counts things." in overview
    assert "local:train" in overview
    cli("count", "-h", "--json", "--", "x", code=3)
    cli("local:train", code=3)
    assert seen == [["-h", "--json", "--", "x"], []]
    assert cli("measure", "--size", 4).stdout == "size 4\n"
    assert "A click command." in cli("measure", "-h").stdout
    assert "arraygrad measure -h" in cli.error("measure", "--size", "x").replace(
        "program", "arraygrad"
    )
    assert "No module named 'no_such_module'" in cli.error("broken")
    assert "expected a click command or a function" in cli.error("number")


def test_errors_of_all_kinds(cli, monkeypatch):
    def fails(error):
        def command(argv):
            raise error

        registry.register_local("commands", "fails", command)
        return cli("fails", code=130 if isinstance(error, KeyboardInterrupt) else 2).output

    assert fails(FileNotFoundError(2, "No such file", "a.txt")) == "error: a.txt: No such file\n"
    assert fails(click.ClickException("no good")) == "error: no good\n"
    assert fails(arraygrad.ArraygradError("one\n  two")) == "error: one two\n"
    assert fails(KeyboardInterrupt()).strip() == "interrupted"
    monkeypatch.setenv("ARRAYGRAD_TRACEBACK", "1")
    text = fails(arraygrad.ArraygradError("what"))
    assert "Traceback" in text
    assert text.endswith("error: what\n")


START = f"""
import sys; sys.path.insert(0, {str(SRC)!r})
from arraygrad.__main__ import main; main()
"""


def run(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run code, then the program, in a fresh interpreter."""
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", START.replace("from", f"{code}\nfrom", 1), *args],
        capture_output=True,
        text=True,
        check=False,
    )


def test_without_click():
    done = run("sys.modules['click'] = None", "train")
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert 'pip install "arraygrad[cli]"' in done.stderr


def test_without_tqdm():
    done = run("sys.modules['tqdm'] = None", "train", "--limit", "50", "--epochs", "1")
    assert done.returncode == 0, done.stderr
    assert "epoch 1/1" in done.stdout


def test_the_import_stays_light():
    code = (
        "import arraygrad\n"
        "late = ('arraygrad.cli', 'arraygrad.training')\n"
        "assert [m for m in sys.modules if m.startswith(late)] == []"
    )
    done = run(code, "--version")
    assert done.stdout == f"arraygrad {arraygrad.__version__}\n", done.stderr


@pytest.mark.parametrize("args", [["plugins", "--json"], ["config", "--json"]])
def test_listings_as_a_program_reads_them(args):
    done = run("", *args)
    assert json.loads(done.stdout)
    assert done.stderr == ""


def test_a_pipe_that_closes():
    child = subprocess.Popen(
        [sys.executable, "-c", START, "plugins", "core"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    child.stdout.close()
    child.stdout = None
    _, errors = child.communicate(timeout=120)
    assert "Traceback" not in errors
