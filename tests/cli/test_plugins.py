"""`arraygrad plugins [NAME]`, `plugins check NAME` and `arraygrad why`."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest

from arraygrad import registry, settings
from arraygrad.op import arr, case, op


def test_a_name_and_options_on_both_sides(cli):
    core = cli.json("plugins", "core")
    assert cli.json("plugins", "core", "--check") == core
    assert cli("plugins", "--json", "core").stdout == cli("plugins", "core", "--json").stdout
    overview = cli("plugins", "-h").stdout
    assert "plugins [OPTIONS] [NAME]" in overview
    assert "doctor" in overview
    assert "no plugin is named 'chek'" in cli.error("plugins", "chek")


def test_check(cli):
    out = cli("plugins", "check", "core", "--only", "status", "--only", "optimizers",
              "--place", "numpy").stdout  # fmt: skip
    assert out.startswith("arraygrad: ")
    assert int(out.split()[1]) > 300
    assert " 0 failed" in out
    report = cli.json("plugins", "check", "core", "--only", "targets")
    assert (report["ran"], report["passed"]) == (1, 1)
    assert "did you mean 'core'" in cli.error("plugins", "check", "cor")
    cli("plugins", "check", "core", "--only", "targets", "--badge", "badge.svg")
    picture = ElementTree.parse(cli.folder / "badge.svg").getroot()
    assert picture.attrib["aria-label"] == "arraygrad conformance: 1 passed"
    assert "got the check 'opps'" in cli.error("plugins", "check", "core", "--only", "opps")


def test_check_fails_for_a_wrong_thing_and_for_nothing(cli, monkeypatch):
    from arraygrad import plugins

    [core] = [p for p in plugins.statuses() if p.namespace == "core"]

    @op(samples=[case(arr(2))])
    def wrong(x):
        """It has a wrong gradient."""
        return x * 2

    wrong.rule(lambda g: g)
    staging = registry.Staging("core", "arraygrad")
    staging.registrar("functions")(wrong)
    monkeypatch.setattr(core, "staging", staging)
    out = cli("plugins", "check", "core", "--only", "functions", code=1).stdout
    assert "gradient of order 1" in out
    assert "wrong" in out
    out = cli("plugins", "check", "core", "--only", "layers", code=1).stdout
    assert "nothing was checked, which is a failure" in out


@pytest.fixture
def rivals(monkeypatch):
    """Two plugins with a thing of one name, and one that has a name of the core."""
    names = ["one", "two"]
    for name in names:
        staging = registry.Staging(name, f"arraygrad-{name}", "1.0")
        staging.registrar("functions")("math:cos", name="wave")
        staging.registrar("kernels")("core:relu", "numpy", "math:cos")
        if name == "two":
            staging.registrar("functions")("math:exp", name="tanh")
        staging.commit()
    registry.changed()
    yield
    for name in names:
        registry.remove(name)


def test_why(cli, rivals, monkeypatch):
    tanh = cli("why", "functions.tanh").stdout
    assert tanh.startswith("functions.tanh: core:tanh of arraygrad ")
    assert "a plugin never changes what a name means" in tanh
    assert "not two:tanh of arraygrad-two 1.0: the core's goes first" in tanh
    assert cli("why", "F.tanh").stdout == tanh == cli("why", "arraygrad.functions.tanh").stdout
    assert "full id" in cli("why", "two:tanh").stdout
    assert "layers.Linear: core:Linear" in cli("why", "Linear").stdout

    unclear = cli("why", "wave", code=1).stdout
    assert "is provided by arraygrad-one 1.0 (as 'one:wave') and by" in unclear
    assert "not one:wave" in unclear
    (item,) = cli.json("why", "functions.sin")
    assert (item["id"], item["others"]) == ("core:sin", [])


def test_why_with_settings(cli, rivals, tmp_path):
    tmp_path.joinpath("arraygrad.toml").write_text(
        '[prefer.functions]\nwave = "two:wave"\n[overrides.functions]\ntanh = "two:tanh"\n'
        '[prefer.kernels]\n"core:relu@numpy" = "one:core:relu@numpy"\n'
    )
    settings.reload()
    registry.changed()
    preferred = cli("why", "functions.wave").stdout
    assert preferred.startswith("functions.wave: two:wave of arraygrad-two 1.0")
    assert "arraygrad.toml" in preferred
    assert "not one:wave" in preferred
    overridden = cli("why", "functions.tanh").stdout
    assert overridden.startswith("functions.tanh: two:tanh")
    assert "not core:tanh of arraygrad" in overridden
    kernel = cli("why", "kernels.core:relu@numpy").stdout
    assert kernel.startswith("kernels.core:relu@numpy: one:core:relu@numpy of arraygrad-one 1.0")
    assert "not two:core:relu@numpy" in kernel
    tmp_path.joinpath("arraygrad.toml").unlink()
    settings.reload()
    registry.changed()


def test_why_of_what_there_is_not(cli):
    assert "did you mean 'gelu'" in cli("why", "functions.gellu", code=1).stdout
    assert "got the kind 'function'" in cli.error("why", "function.gelu")
    assert "did you mean" in cli.error("why", "gellu")
