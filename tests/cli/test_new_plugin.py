"""`arraygrad new-plugin`: what it writes, that it works, and the names that it refuses."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import arraygrad
from arraygrad import hookspecs
from arraygrad.cli import scaffold
from arraygrad.cli.scaffold import KINDS, write_project
from arraygrad.errors import ArgumentError, ClashError

SRC = Path(arraygrad.__file__).parents[1]
DOCS = Path(__file__).parents[2] / "docs"


def files(folder: Path) -> list[str]:
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


@pytest.mark.parametrize("kind", KINDS)
def test_a_project_is_whole(kind, cli, tmp_path):
    (tmp_path / "out").mkdir()
    said = cli("new-plugin", "my-thing", "--kind", kind, "--out", "out").stdout
    folder = tmp_path / "out" / "arraygrad-my-thing"
    assert "cd out/arraygrad-my-thing\n" in said
    package = folder / "src" / "arraygrad_my_thing"
    modules = ["__init__", "_plugin", *KINDS[kind].modules]
    assert files(folder) == sorted(
        [
            ".gitignore", "README.md", "pyproject.toml", "src/arraygrad_my_thing/py.typed",
            "tests/test_conformance.py", "tests/test_plugin.py",
            *(f"src/arraygrad_my_thing/{module}.py" for module in modules),
        ]
    )  # fmt: skip
    for file in folder.rglob("*"):
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        assert "$" not in text.replace("\n", "")
        assert all(len(line) <= 100 for line in text.splitlines() if file.suffix == ".py")
        if file.suffix == ".py":
            compile(text, str(file), "exec")
    project = tomllib.loads((folder / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == "arraygrad-my-thing"
    assert project["entry-points"]["arraygrad"] == {"my_thing": "arraygrad_my_thing._plugin"}
    assert project["dependencies"] == ["arraygrad>=0.1,<1"]
    assert "license" not in project
    assert (package / "py.typed").read_text() == ""
    assert os.listdir(folder.parent) == [folder.name]  # nothing else is left behind
    assert folder.stat().st_mode & 0o777 == 0o777 & ~scaffold._umask()


def test_the_wheel_has_every_template_that_is_used_and_no_other():
    used = {"project/pyproject.toml", "project/gitignore", "project/README.md"}
    used |= {"project/__init__.py", "project/test_plugin.py"}
    for kind, (_, _, modules) in KINDS.items():
        used |= {f"{kind}/{file}" for file in ("_plugin.py", "test_conformance.py", "usage.md")}
        used |= {f"{kind}/{module}.py" for module in modules}
    assert files(scaffold.TEMPLATES) == sorted(f"{source}.txt" for source in used)


def test_its_tests_pass_and_notice_a_wrong_rule(tmp_path):
    folder = write_project("GeneratedHere", "op", tmp_path)  # .ci/new_plugins has all kinds
    src = folder / "src"
    info = src / "arraygrad_generated_here-0.1.0.dist-info"  # as pip leaves it
    info.mkdir()
    info.joinpath("METADATA").write_text("Name: arraygrad-generated-here\nVersion: 0.1.0\n")
    info.joinpath("entry_points.txt").write_text(
        "[arraygrad]\ngenerated_here = arraygrad_generated_here._plugin\n"
    )

    def run(*args: str) -> tuple[int, str]:
        env = {k: v for k, v in os.environ.items() if not k.startswith("ARRAYGRAD_")}
        env |= {"PYTHONPATH": f"{src}{os.pathsep}{SRC}", "ARRAYGRAD_PLUGINS": "generated-here"}
        done = subprocess.run(
            [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *args],
            cwd=folder, env=env, capture_output=True, text=True, check=False,
        )  # fmt: skip
        return done.returncode, done.stdout

    code, said = run()
    assert code == 0, said
    assert " passed" in said
    file = src / "arraygrad_generated_here" / "functions.py"
    file.write_text(file.read_text().replace("return g * xp.tanh(x)", "return g * x"))
    code, said = run("tests/test_conformance.py", "--exitfirst")
    assert code == 1, said
    assert "gradient of order 1 of input 0" in said


def test_the_page_shows_the_files_as_they_are(tmp_path):
    folder = write_project("log-cosh", "op", tmp_path) / "src" / "arraygrad_log_cosh"
    example = re.compile(r"\n    >>> .*?(?=    \"\"\")", re.DOTALL)  # which the page leaves out
    page = DOCS.joinpath("first-plugin.md").read_text(encoding="utf-8")
    blocks = page.split("```python\n")
    for file, start in (("_plugin.py", 1), ("functions.py", 2)):
        text = example.sub("", (folder / file).read_text())
        code = blocks[start].split("```")[0].strip()
        for part in code.split("\n\n\n"):  # the docstring and __all__ of the module are left out
            assert part in text


def test_there_is_an_example_of_every_hook():
    page = DOCS.joinpath("hooks.md").read_text(encoding="utf-8")
    for hook in hookspecs.HOOKS:
        section = page.split(f"## {hook}\n")[1].split("\n## ")[0]
        assert f"@hookimpl\ndef {hook}(register):\n" in section
        assert f"load({hook})" in section


@pytest.mark.parametrize(
    ("name", "kind", "what"),
    [
        ("relu", "op", "functions has 'relu' already, from arraygrad 0.1.0"),
        ("linear", "layer", "layers has 'Linear' already"),
        ("layer", "layer", "layers has 'Layer' already"),
        ("spiral", "dataset", "datasets has 'Spiral' already"),
        ("adam-w", "optimizer", "optimizers has 'AdamW' already"),
        ("numpy", "backend", "backends has 'numpy' already"),
        ("torch", "backend", "choose another name"),  # of its plugin, or of array-api-compat
        ("train", "command", "commands has 'train' already"),
        ("core", "kernel", "the namespace 'core' of arraygrad"),
        ("local", "kernel", "is taken"),
        ("math", "op", "uses for something else"),
        ("any", "optimizer", "uses for something else"),
        ("two words", "op", "expected a word of letters"),
        ("1st", "op", "expected a word of letters"),
        ("lambda", "op", "means nothing to Python"),
        ("arraygrad-", "op", "expected a word"),
        ("größe", "op", "expected a word"),
        ("../up", "op", "expected a word"),
    ],
)
def test_names_that_are_refused(name, kind, what, cli, tmp_path):
    assert what in cli.error("new-plugin", name, "--kind", kind)
    assert not [entry for entry in os.listdir(tmp_path) if "arraygrad" in entry]


def test_a_package_of_that_name_is_not_shadowed(cli, tmp_path, monkeypatch):
    (tmp_path / "site" / "arraygrad_mine").mkdir(parents=True)
    monkeypatch.syspath_prepend(tmp_path / "site")
    assert "'arraygrad_mine' is taken" in cli.error("new-plugin", "mine", "--kind", "op")


def test_spellings_of_a_name(tmp_path):
    for name in ("SomeWave", "arraygrad-some_wave", "some.wave"):
        folder = write_project(name, "layer", tmp_path)
        assert folder.name == "arraygrad-some-wave"
        assert "class SomeWave(Layer)" in (folder / "src/arraygrad_some_wave/layers.py").read_text()
        folder.rename(tmp_path / name.replace("-", "+"))


def test_wrong_calls(cli):
    assert "'nothing' is not one of 'op', 'layer'" in cli.error(
        "new-plugin", "a", "--kind", "nothing"
    )
    assert "--kind" in cli.error("new-plugin", "a")
    assert "there is no folder 'nowhere'" in cli.error(
        "new-plugin", "wave", "--kind", "op", "--out", "nowhere"
    )
    with pytest.raises(ArgumentError, match="expected one of op, layer"):
        write_project("wave", "nothing")


def test_what_is_there_stays_as_it_is(cli, tmp_path):
    folder = tmp_path / "arraygrad-wave"
    folder.mkdir()
    folder.joinpath("mine").write_text("mine")
    assert "is not written over" in cli.error("new-plugin", "wave", "--kind", "op")
    assert files(folder) == ["mine"]
    (tmp_path / "arraygrad-link").symlink_to("nowhere")
    assert "is not written over" in cli.error("new-plugin", "link", "--kind", "op")


@pytest.mark.parametrize("meanwhile", [False, True], ids=["an error", "somebody else"])
def test_nothing_is_left_half_written(meanwhile, tmp_path, monkeypatch):
    def rename(source: Path, target: Path) -> None:
        assert len(files(source)) == 9  # all is there before it has its name
        if meanwhile:
            target.mkdir()
        raise OSError(39, "Directory not empty")

    monkeypatch.setattr(scaffold.os, "rename", rename)
    before = sorted(os.listdir(tmp_path))
    with pytest.raises(ClashError if meanwhile else OSError, match=r"somebody|not empty"):
        write_project("wave", "op", tmp_path)
    assert sorted(os.listdir(tmp_path)) == sorted([*before, *["arraygrad-wave"] * meanwhile])
