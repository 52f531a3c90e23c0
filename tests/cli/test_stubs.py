"""`arraygrad stubs`: what type checkers are told is what is there."""

from __future__ import annotations

import os
from importlib import import_module

import pytest

from arraygrad import registry, settings
from arraygrad.cli.stubs import KINDS, stub, write_stubs
from arraygrad.errors import ArraygradError, ClashError


@pytest.mark.parametrize("kind", KINDS)
def test_every_name_is_there_and_means_what_it_means(kind):
    found: dict[str, object] = {}
    exec(stub(kind), found)
    module = import_module(f"arraygrad.{kind}")
    names = {*module.__all__, *registry.names(kind)}
    for name in names:
        try:
            thing = getattr(module, name)
        except ArraygradError:  # a name of two plugins
            continue
        assert found[name] is thing


def test_the_package(cli, tmp_path):
    said = cli("stubs", "--out", "here").stdout
    folder = tmp_path / "here" / "arraygrad-stubs"
    assert said.startswith("wrote here/arraygrad-stubs, with ")
    assert (folder / "py.typed").read_text() == "partial\n"
    assert sorted(os.listdir(folder)) == sorted([*KINDS, "py.typed"])
    assert os.listdir(folder.parent) == ["arraygrad-stubs"]
    assert "__getattr__" not in (folder / "functions" / "__init__.pyi").read_text()


def test_what_plugins_add(tmp_path, monkeypatch):
    staging = registry.Staging("demo", "arraygrad-demo", "1.2")
    staging.registrar("functions")("demo.functions:wave")
    staging.registrar("functions")("demo.functions:Group.inner", name="swell")
    staging.registrar("functions")("demo.functions:relu")
    other = registry.Staging("other", "arraygrad-other", "3.4")
    other.registrar("functions")("other.functions:wave")
    try:
        staging.commit()
        lines = stub("functions").splitlines()
        assert "# arraygrad-demo 1.2" in lines
        assert "from demo.functions import wave as wave" in lines
        at = lines.index("from demo.functions import Group as _swell")
        assert lines[at + 1] == "swell = _swell.inner"
        assert "from arraygrad.functions.activation import relu as relu" in lines
        monkeypatch.setenv("ARRAYGRAD_STRICT_PLUGINS", "0")
        (tmp_path / "arraygrad.toml").write_text('[overrides.functions]\nrelu = "demo:relu"\n')
        settings.reload()
        lines = stub("functions").splitlines()
        assert "from arraygrad.functions.activation import relu as relu" not in lines
        assert "from demo.functions import relu as relu" in lines
        other.commit()
        lines = stub("functions").splitlines()
        assert not any(" as wave" in line for line in lines)
        assert any(line.startswith("# wave: ") and "arraygrad-other 3.4" in line for line in lines)
    finally:
        registry.remove("demo")
        registry.remove("other")


def test_written_anew_and_nothing_else_is_replaced(cli, tmp_path):
    folder = write_stubs(tmp_path)
    (folder / "functions" / "old.pyi").write_text("")
    assert write_stubs(tmp_path) == folder
    assert not (folder / "functions" / "old.pyi").exists()
    (folder / "functions" / "__init__.pyi").write_text("x: int\n")
    with pytest.raises(ClashError, match="was not written by `arraygrad stubs`"):
        write_stubs(tmp_path)
    assert "remove it" in cli.error("stubs", "--out", ".")
    assert (folder / "functions" / "__init__.pyi").read_text() == "x: int\n"
