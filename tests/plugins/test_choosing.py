"""Which plugins are loaded, by variables and files; what wrong settings do to the import."""

from __future__ import annotations

import pytest

CODE = """
    from arraygrad import hookimpl
    @hookimpl
    def arraygrad_register_ops(register):
        register("math:cos", "of_{}")
"""
REPORT = """
    import arraygrad
    rows = table()
    answer(
        active=[r["namespace"] for r in rows.values() if r["status"] == "active"],
        reasons=sorted({r["reason"] for r in rows.values()} - {""}),
        imported=sorted(m for m in sys.modules if m.startswith("arraygrad_")),
        backend=error(arraygrad.settings.get, "backend"),
        lookup=error(arraygrad.registry.lookup, "functions", "of_nobody"),
    )
"""


@pytest.fixture
def three(site):
    for name in ("a", "b_b", "c"):
        site.add(f"arraygrad-{name.replace('_', '-')}", CODE.format(name))
    return site


@pytest.mark.parametrize(
    ("choice", "active"),
    [
        ("none", []),
        ("all", ["a", "b_b", "c"]),
        ("a,arraygrad-c", ["a", "c"]),
        ("b_b", ["b_b"]),
        ("-b-b,-c", ["a"]),
    ],
)
def test_by_variable(three, choice, active):
    got = three.run(REPORT, "-W", "error", ARRAYGRAD_PLUGINS=choice)
    assert got["active"] == ["core", *active]
    # A disabled plugin is not imported at all.
    assert {m.partition(".")[0] for m in got["imported"]} == {f"arraygrad_{a}" for a in active}
    if len(active) < 3:
        assert got["reasons"] == [f"by the setting plugins = {choice!r} (ARRAYGRAD_PLUGINS)"]
    assert got["stderr"] == ""


def test_names_that_are_not_installed(three):
    got = three.run(REPORT, ARRAYGRAD_PLUGINS="arraygrad-aa,c")
    assert got["active"] == ["core", "c"]
    assert (
        "arraygrad-aa: not installed, but asked for by ARRAYGRAD_PLUGINS; "
        "did you mean 'arraygrad-a'?"
    ) in got["stderr"]
    strict = {"ARRAYGRAD_PLUGINS": "x", "ARRAYGRAD_STRICT_PLUGINS": "1"}
    assert "PluginError" in three.run("import arraygrad", fails=True, **strict)
    # What is not there need not be disabled.
    assert three.run(REPORT, ARRAYGRAD_PLUGINS="-x")["stderr"] == ""


def test_by_project_file(three):
    path = three.cwd / "pyproject.toml"
    path.write_text('[tool.arraygrad]\nplugins = "-a"\n')
    got = three.run(REPORT, "-W", "error")
    assert got["active"] == ["core", "b_b", "c"]
    assert got["reasons"] == [f"by the setting plugins = '-a' ({path})"]
    assert three.run(REPORT, ARRAYGRAD_PLUGINS="all")["active"] == ["core", "a", "b_b", "c"]


def test_a_wrong_file_is_told_and_does_not_break_the_import(three):
    path = three.config / "config.toml"
    path.write_text('bakend = "jax"\nplugins = "a"\n')
    got = three.run(REPORT, "-W", "error")
    assert got["active"] == ["core", "a"]
    assert f"ArraygradWarning: some settings are ignored:\n  {path}: bakend" in got["stderr"]
    assert got["stderr"].endswith("run `arraygrad config`\n")
    assert "ConfigError" in got["backend"][0]
    # Where nobody can know which plugins the user wants, none is imported.
    path.write_text('plugins = "a')
    got = three.run(REPORT)
    assert got["active"] == ["core"]
    assert got["imported"] == []
    assert got["reasons"] == ["the settings that choose plugins cannot be read"]
    assert got["stderr"].count("not a TOML file") == 1
    assert "ConfigError" in three.run("import arraygrad", fails=True, ARRAYGRAD_STRICT_PLUGINS="on")


def test_a_wrong_variable_raises(three):
    for name, value in [("ARRAYGRAD_STRICT_PLUGINS", "maybe"), ("ARRAYGRAD_PLUGINS", "a,-b")]:
        stderr = three.run("import arraygrad", fails=True, **{name: value})
        assert f"ConfigError: environment variable {name}: got {value!r}" in stderr


def test_disabled_inside_a_block(three):
    got = three.run(
        """
        import arraygrad
        import arraygrad.functions as F
        from arraygrad import plugins
        before = F.of_a, F.of_c
        with plugins.disabled("a", "arraygrad-c"):
            inside = [hasattr(F, name) for name in ("of_a", "of_b_b", "of_c")]
            status = table()["arraygrad-a"]
            in_dir = "of_a" in dir(F)
        def typo():
            with plugins.disabled("arraygrad-bb"): pass
        answer(
            inside=inside, status=status, in_dir=in_dir, typo=error(typo),
            after=(F.of_a, F.of_c) == before and "of_a" in dir(F),
            table=table(),
        )
        """,
        "-W",
        "error",
    )
    assert got["inside"] == [False, True, False]
    assert (got["status"]["status"], got["status"]["reason"], got["status"]["provides"]) == (
        "disabled", "by plugins.disabled()", {},
    )  # fmt: skip
    assert not got["in_dir"]
    assert got["after"]
    assert "did you mean 'arraygrad-b-b'?" in got["typo"][1]
    assert {row["status"] for row in got["table"].values()} == {"active"}
