"""`arraygrad plugins doctor`: load each plugin in a process of its own, and look what it does."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import Any

import click

from arraygrad import hookspecs, installed, settings
from arraygrad.cli.text import table

# Runs in the other process: no file of ours is imported there before the plugin's turn.
PROGRAM = """
import sys, json
name, stage, libraries = sys.argv[1], sys.argv[2], set(json.loads(sys.argv[3]))
asked = []
def watch(event, args):
    if event in ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname"):
        # (socket, address) or (host, port, ...)
        asked.append(str(args[1] if event == "socket.connect" else args[0]))
        if stage == "load":
            raise OSError("arraygrad plugins doctor: no network while a plugin is loaded")
import numpy
before = set(sys.modules)
sys.addaudithook(watch)
import arraygrad
loaded = {m.partition(".")[0] for m in set(sys.modules) - before} & libraries
[plugin] = [p for p in arraygrad.plugins.statuses() if p.distribution == name]
found = {"status": plugin.status, "reason": plugin.reason, "milliseconds": plugin.milliseconds,
         "libraries": sorted(loaded), "problems": []}
if stage == "use" and plugin.status == "active":
    found["problems"] = arraygrad.plugins.check_targets(name)
found["hosts"] = sorted(set(asked))
print("\\n" + json.dumps(found))
"""
MOST = 3  # as many things that fail are named
# Loading one of these costs more than arraygrad itself.
LIBRARIES = (
    "cupy", "dask", "jax", "matplotlib", "numba", "onnx", "onnxruntime", "pandas", "PIL",
    "requests", "scipy", "sklearn", "sympy", "tensorboardX", "tensorflow", "torch",
)  # fmt: skip


@click.command(short_help="Load each plugin in a process of its own, and say which are ill.")
@click.argument("name", required=False)
@click.option("--slow", default=50.0, show_default=True, help="Milliseconds a plugin may load.")
@click.option("--timeout", default=60.0, show_default=True, help="Seconds to wait for each.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")
def doctor(name: str | None, slow: float, timeout: float, as_json: bool) -> int:
    """Load each plugin, or NAME, in a process of its own, and name those that are ill.

    Ill is what crashes, hangs, cannot be loaded, is slow, imports a large library, or uses the
    network: while it is loaded, and when all that it registers is imported. Exit code 1 if one is.
    """
    items = [examine(item.distribution, slow, timeout) for item in chosen(name)]
    if as_json:
        click.echo(json.dumps(items, indent=2))
    elif not items:
        click.echo("no plugins are installed")
    else:
        rows = [
            (i["distribution"], f"{i['milliseconds']:.1f} ms", "; ".join(i["ills"]) or "well")
            for i in items
        ]
        click.echo(table([("plugin", "load", "health"), *rows]))
    return 1 if any(item["ills"] for item in items) else 0


def chosen(name: str | None) -> list[installed.Installed]:
    """The installed plugins, or the one of that name."""
    from arraygrad.errors import UnknownNameError

    found = installed.find(hookspecs.ENTRY_POINT_GROUP, bool(settings.get("plugins_from_cwd")))
    if name is None:
        return found
    asked = installed.normalized(name)  # a namespace has underscores
    wanted = [i for i in found if asked in (i.distribution, i.distribution[len("arraygrad-") :])]
    if not wanted:
        names = [item.distribution for item in found]
        raise UnknownNameError(f"doctor: no plugin is named {name!r}{settings.near(name, names)}")
    return wanted


def examine(distribution: str, slow: float = 50.0, timeout: float = 60.0) -> dict[str, Any]:
    """What is wrong with one plugin, in words, and how long it takes to load."""
    item: dict[str, Any] = {"distribution": distribution, "milliseconds": 0.0, "ills": []}
    ills = item["ills"]
    loaded = _run(distribution, "load", timeout)
    if isinstance(loaded, str):
        ills.append(f"{loaded} while it is loaded")
        return item
    item["milliseconds"] = round(loaded["milliseconds"], 1)
    if loaded["status"] != "active":
        ills.append(f"{loaded['status']}: {loaded['reason']}")
    if loaded["hosts"]:
        ills.append(f"it uses the network while it is loaded: {', '.join(loaded['hosts'])}")
    if loaded["libraries"]:
        ills.append(f"it imports {', '.join(loaded['libraries'])} while it is loaded")
    if loaded["milliseconds"] > slow:
        ills.append(f"it is slow to load: more than {slow:g} ms")
    if loaded["status"] == "active":
        used = _run(distribution, "use", timeout)
        if isinstance(used, str):
            ills.append(f"{used} when what it registers is imported")
        else:
            ills += used["problems"][:MOST]
            if (more := len(used["problems"]) - MOST) > 0:
                ills.append(f"and {more} more, which arraygrad plugins --check lists")
            if used["hosts"] and not loaded["hosts"]:
                hosts = ", ".join(used["hosts"])
                ills.append(f"it uses the network when what it registers is imported: {hosts}")
    return item


def _run(distribution: str, stage: str, timeout: float) -> dict[str, Any] | str:
    env = {**os.environ, "ARRAYGRAD_PLUGINS": distribution, "ARRAYGRAD_STRICT_PLUGINS": "0"}
    command = [sys.executable, "-W", "ignore", "-c", PROGRAM]
    try:
        done = subprocess.run(
            [*command, distribution, stage, json.dumps(LIBRARIES)],
            capture_output=True,
            text=True,
            env=env,
            timeout=timeout,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return f"it hangs: no end after {timeout:g} s"
    if done.returncode < 0:
        return f"it crashes ({signal.Signals(-done.returncode).name})"
    try:
        found: dict[str, Any] = json.loads(done.stdout.strip().splitlines()[-1])
    except (IndexError, ValueError):
        last = (done.stderr.strip().splitlines() or [""])[-1]
        return f"it ends the program (exit code {done.returncode}{f', {last}' if last else ''})"
    return found
