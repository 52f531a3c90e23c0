"""What counts as installed, and that the fast way finds what importlib.metadata finds."""

from __future__ import annotations

import sys
import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from arraygrad import installed


def reference(group):
    found = {}
    for dist in metadata.distributions(path=installed._search_path(from_cwd=False)):
        name = installed.normalized(dist.metadata["Name"])
        modules = sorted({ep.value for ep in dist.entry_points if ep.group == group})
        if name not in found:
            found[name] = (name, dist.version, tuple(modules))
    return sorted(row for row in found.values() if row[2])


@pytest.mark.parametrize("group", ["arraygrad", "console_scripts", "pytest11"])
def test_same_as_importlib_in_this_environment(group):
    path = installed._search_path(from_cwd=False)
    fast = [
        (item.distribution, item.version, tuple(v.partition(" ")[0] for v in item.modules))
        for item in sorted(installed._scan(group, path))
    ]
    expected = [
        (name, version, tuple(sorted({v.partition("[")[0].strip() for v in modules})))
        for name, version, modules in reference(group)
    ]
    assert fast == expected
    assert [tuple(i)[:3] for i in sorted(installed._with_importlib(group, path))] == expected
    if group != "arraygrad":
        assert len(expected) > 1


@pytest.fixture
def path(monkeypatch, tmp_path):
    """A sys.path with only the standard library; what a test appends counts as installed."""
    real = [p for p in sys.path if p and "site-packages" not in p and Path(p).is_dir()]
    stdlib = [p for p in real if Path(p) in Path(installed.os.__file__).parents[:1]]
    entries = list(stdlib)
    monkeypatch.setattr(sys, "path", entries)
    monkeypatch.setattr(sys, "meta_path", [f for f in sys.meta_path if isinstance(f, type)])
    return entries


def names(**kwargs):
    return [item.distribution for item in installed.find("arraygrad", **kwargs)]


def test_forms_of_metadata(site, path, tmp_path):
    path.append(str(tmp_path))
    site.metadata(tmp_path, "Arraygrad.Odd_Name", "1.0", "odd._plugin")
    bare = site.metadata(tmp_path, "arraygrad-bare", "2.0rc1", "bare")
    (bare / "METADATA").unlink()
    egg = tmp_path / "arraygrad_egg.egg-info"
    egg.mkdir()
    egg.joinpath("entry_points.txt").write_text(
        "# comment\n[arraygrad]\n; another\n\na = egg._plugin [extra]\nb=egg.other\n[x]\nc = d\n"
    )
    egg.joinpath("PKG-INFO").write_text("Name: arraygrad-egg\nVersion: 3\n")
    other = site.metadata(tmp_path, "other", "1", "other")
    other.joinpath("entry_points.txt").write_text("[arraygrad_more]\na = b\n[arraygrad]\n")
    (tmp_path / "empty-1.dist-info").mkdir()
    (tmp_path / "file-1.dist-info").write_text("")
    assert [tuple(item)[:3] for item in installed.find("arraygrad")] == [
        ("arraygrad-bare", "2.0rc1", ("bare",)),
        ("arraygrad-egg", "3", ("egg._plugin", "egg.other")),
        ("arraygrad-odd-name", "1.0", ("odd._plugin",)),
    ]


def test_the_first_on_the_path_hides_others(site, path, tmp_path):
    for folder, version in (("a", "2"), ("b", "1")):
        site.metadata(tmp_path / folder, "arraygrad-x", version, "x")
        path.append(str(tmp_path / folder))
    path += [str(tmp_path / "a"), str(tmp_path / "missing"), str(tmp_path / "link")]
    tmp_path.joinpath("link").symlink_to(tmp_path / "a")
    assert [item.version for item in installed.find("arraygrad")] == ["2"]
    # Also where the first does not have the entry point any more.
    tmp_path.joinpath("a", "arraygrad_x-2.dist-info", "entry_points.txt").unlink()
    assert names() == []


def test_order_is_by_name(site, path, tmp_path):
    for name in ("zeta", "alpha", "mid"):
        site.metadata(tmp_path / name, name, "1", name)
        path.append(str(tmp_path / name))
    assert names() == ["alpha", "mid", "zeta"]


def test_zip_files_and_foreign_finders(site, path, tmp_path, monkeypatch):
    info = site.metadata(tmp_path / "files", "arraygrad-x", "1", "x")
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as file:
        for name in ("METADATA", "entry_points.txt"):
            file.write(info / name, f"{info.name}/{name}")
    path.append(str(tmp_path / "x.zip"))
    assert names() == ["arraygrad-x"]
    path.pop()

    class Finder:
        @staticmethod
        def find_spec(*args):
            return None

        @staticmethod
        def find_distributions(context):
            return iter([metadata.Distribution.at(info)])

    assert names() == []
    monkeypatch.setattr(sys, "meta_path", [*sys.meta_path, Finder()])
    assert names() == ["arraygrad-x"]


def test_the_programs_own_folder_does_not_count(site, path, tmp_path, monkeypatch):
    site.metadata(tmp_path, "arraygrad-x", "1", "x")
    monkeypatch.chdir(tmp_path)
    script = str(tmp_path / "script.py")
    monkeypatch.setattr(sys.modules["__main__"], "__file__", script, raising=False)
    for entry in ("", str(tmp_path)):
        path.insert(0, entry)
        assert names() == []
        assert names(from_cwd=True) == ["arraygrad-x"]
        # Installed there, or named by PYTHONPATH as well.
        path.append(str(tmp_path))
        assert names() == ["arraygrad-x"]
        path.remove(entry)
        path.pop()


def test_a_folder_with_metadata_does_not_run_code(site):
    site.add("arraygrad-x", "raise RuntimeError('this has run')")
    code = "answer(names=list(table()))"
    for item in site.folder.iterdir():
        item.rename(site.cwd / item.name)
    assert site.run(code)["names"] == ["arraygrad"]
    got = site.run(code, ARRAYGRAD_PLUGINS_FROM_CWD="1")
    assert got["names"] == ["arraygrad", "arraygrad-x"]
    assert "this has run" in got["stderr"]
