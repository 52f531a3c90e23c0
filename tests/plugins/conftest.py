"""Installed distributions that are not: packages with metadata in a folder, and fresh processes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import arraygrad
from arraygrad import hookspecs, installed, registry, settings

SRC = Path(arraygrad.__file__).parents[1]


class Site:
    """A folder as pip leaves it, for plugins that a test writes."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "site"
        self.cwd = folder / "cwd"
        self.config = folder / "config"
        self.hidden = folder / "hidden"
        for directory in (self.folder, self.cwd, self.config, self.hidden):
            directory.mkdir()
        # Plugins that are really installed here are hidden by metadata without entry points.
        for real in installed.find(hookspecs.ENTRY_POINT_GROUP):
            name = real.distribution.replace("-", "_")
            self.hidden.joinpath(f"{name}-{real.version}.dist-info").mkdir()

    def add(
        self, distribution: str, code: str, *, version: str = "0.1", package: str = "", **files: str
    ) -> str:
        """Install a distribution whose entry module holds `code`; further files by name."""
        package = package or distribution.replace("-", "_")
        folder = self.folder / package
        folder.mkdir()
        for name, text in {"__init__": "", "_plugin": code, **files}.items():
            (folder / f"{name}.py").write_text(dedent(text))
        self.metadata(self.folder, distribution, version, f"{package}._plugin")
        return package

    @staticmethod
    def metadata(folder: Path, distribution: str, version: str, module: str) -> Path:
        info = folder / f"{distribution.replace('-', '_')}-{version}.dist-info"
        info.mkdir(parents=True)
        info.joinpath("METADATA").write_text(
            f"Metadata-Version: 2.4\nName: {distribution}\nVersion: {version}\n\nA text.\n"
        )
        info.joinpath("entry_points.txt").write_text(
            f"[console_scripts]\nx = y:z\n\n[arraygrad]\nplugin = {module}\n"
        )
        return info

    def run(self, code: str, *flags: str, fails: bool = False, **env: str):
        """What `code` gives to `answer(...)`, or what it writes to stderr if it has to fail."""
        clean = {k: v for k, v in os.environ.items() if not k.startswith("ARRAYGRAD_")}
        path = os.pathsep.join(map(str, (SRC, self.folder, self.hidden)))
        clean |= {"PYTHONPATH": path, "ARRAYGRAD_CONFIG_DIR": str(self.config), **env}
        done = subprocess.run(
            [sys.executable, *flags, "-c", PRELUDE + dedent(code)],
            capture_output=True,
            text=True,
            env=clean,
            cwd=self.cwd,
            check=False,
        )
        assert (done.returncode != 0) == fails, done.stderr
        if fails:
            return done.stderr
        answer = json.loads(done.stdout) if done.stdout else {}
        return answer | {"stderr": done.stderr}


PRELUDE = """
import sys, warnings
def answer(**values):
    import json
    print(json.dumps(values))
def table():
    import arraygrad
    return {p.distribution: p.as_dict() for p in arraygrad.plugins.statuses()}
def error(function, *args):
    try:
        function(*args)
    except Exception as e:
        return [c.__name__ for c in type(e).__mro__], str(e)
"""


@pytest.fixture
def site(tmp_path):
    return Site(tmp_path)


@pytest.fixture
def clean_settings(monkeypatch, tmp_path):
    """No settings but those that the test makes, in tmp_path/project and tmp_path/user."""
    for name in list(os.environ):
        if name.startswith("ARRAYGRAD_"):
            monkeypatch.delenv(name)
    (tmp_path / "user").mkdir()
    project = tmp_path / "project"
    project.mkdir()
    project.joinpath(".git").mkdir()
    monkeypatch.chdir(project)
    monkeypatch.setenv("ARRAYGRAD_CONFIG_DIR", str(tmp_path / "user"))
    settings.reload()
    yield tmp_path
    settings.reload()


@pytest.fixture
def empty_registry(monkeypatch, clean_settings):
    """A registry in which nothing is registered, for one test."""
    monkeypatch.setattr(registry, "_tables", {kind: {} for kind in registry.KINDS})
    monkeypatch.setattr(registry, "_by_name", {})
    monkeypatch.setattr(registry, "on_change", [])
    monkeypatch.setattr(registry, "not_loaded", {})
    monkeypatch.setattr(registry, "retry", None)
    monkeypatch.setattr(registry, "broken_targets", {})
    return registry
