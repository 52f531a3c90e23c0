"""Names, ids, staging and lazy targets."""

from __future__ import annotations

import importlib
import math

import pytest

from arraygrad import settings
from arraygrad.errors import (
    AmbiguousNameError,
    ClashError,
    ConfigError,
    RegistryError,
    UnknownNameError,
)


@pytest.fixture
def registry(empty_registry):
    return empty_registry


@pytest.fixture
def provide(registry):
    def provide(namespace, *names, kind="functions", target="math:sin"):
        staging = registry.Staging(namespace, f"arraygrad-{namespace}", "0.3")
        for name in names:
            staging.registrar(kind)(target, name)
        staging.commit()

    return provide


def write(text):
    with open("arraygrad.toml", "w") as file:
        file.write(text)
    settings.reload()


def test_short_names(registry, provide):
    provide("acts", "gelu", "mish")
    provide("core", "relu", target="math:cos")
    provide("fast", "gelu", "relu", target="math:tan")
    assert registry.lookup("functions", "relu") is math.cos
    assert registry.lookup("functions", "fast:relu") is math.tan
    assert registry.lookup("functions", "mish") is math.sin
    assert registry.names("functions") == ["gelu", "mish", "relu"]
    assert [e.id for e in registry.entries("functions")] == [
        "core:relu", "acts:gelu", "acts:mish", "fast:gelu", "fast:relu",
    ]  # fmt: skip
    with pytest.raises(AmbiguousNameError) as caught:
        registry.lookup("functions", "gelu")
    for words in ("arraygrad-acts 0.3 (as 'acts:gelu')", "arraygrad-fast 0.3 (as 'fast:gelu')"):
        assert words in str(caught.value)


def test_order_of_commits_has_no_meaning(registry, provide):
    for order in ("core", "acts", "fast"), ("fast", "acts", "core"):
        for namespace in order:
            provide(namespace, "relu")
        assert [e.namespace for e in registry.entries("functions")] == ["core", "acts", "fast"]
        assert registry.find("functions", "relu").namespace == "core"
        for namespace in order:
            registry.remove(namespace)
        assert registry.names("functions") == []


def test_the_user_prefers(registry, provide):
    provide("acts", "gelu")
    provide("fast", "gelu", "only")
    write('[prefer.functions]\ngelu = "fast:gelu"\nonly = "acts:only"\n')
    assert registry.find("functions", "gelu").id == "fast:gelu"
    assert registry.find("functions", "only").id == "fast:only"
    write('[prefer.functions]\ngelu = "other:gelu"\n')
    with pytest.raises(AmbiguousNameError, match="prefers 'other:gelu', which is neither"):
        registry.find("functions", "gelu")


def test_the_user_overrides(registry, provide):
    provide("core", "softmax")
    provide("fast", "soft")
    write('[overrides.functions]\nsoftmax = "fast:soft"\n')
    assert registry.find("functions", "softmax").id == "fast:soft"
    assert registry.find("functions", "core:softmax").id == "core:softmax"
    registry.remove("fast")
    registry.not_loaded["arraygrad-fast"] = "broken: no luck"
    with pytest.raises(ConfigError, match=r"no loaded plugin .* arraygrad-fast \(broken: no luck"):
        registry.find("functions", "softmax")


def test_near_names_of_few_letters():
    assert settings.near("SDG", ["SGD", "Adam"]) == "; did you mean 'SGD'?"
    assert settings.near("cupy", ["numpy"]) == settings.near("SDG", []) == ""


def test_unknown_names(registry, provide):
    provide("acts", "gelu")
    registry.not_loaded["arraygrad-bad"] = "broken: no torch"
    for name, hint in [
        ("gellu", "did you mean 'gelu'?"),
        ("acts:gellu", "did you mean 'acts:gelu'?"),
        ("act:gelu", "did you mean 'acts:gelu'?"),
        ("zzz:gelu", "did you mean 'acts:gelu'?"),
        ("zzz:xyz", "no loaded plugin provides functions in the namespace 'zzz'"),
    ]:
        with pytest.raises(UnknownNameError) as caught:
            registry.lookup("functions", name)
        assert hint in str(caught.value)
        assert "installed but not loaded: arraygrad-bad (broken: no torch)" in str(caught.value)
    with pytest.raises(UnknownNameError, match="expected one of backends, functions"):
        registry.lookup("ops", "gelu")
    assert registry.search("functions", "gellu") is None


def test_staging_is_all_or_nothing(registry, provide):
    provide("acts", "mish")
    staging = registry.Staging("acts", "other", "1")
    staging.add("layers", "Mish", "math:sin")
    staging.add("functions", "mish", "math:sin")
    assert registry.names("layers") == []
    with pytest.raises(ClashError, match="other 1 is already provided by arraygrad-acts"):
        staging.commit()
    assert registry.names("layers") == []
    with pytest.raises(RegistryError, match="after its hook has returned"):
        staging.add("layers", "Late", "math:sin")


def test_one_id_twice(registry):
    staging = registry.Staging("acts", "arraygrad-acts")
    staging.add("functions", "mish", "math:sin")
    staging.add("layers", "mish", "math:sin")
    with pytest.raises(ClashError, match="registers functions 'acts:mish' twice"):
        staging.add("functions", "mish", "math:cos")


@pytest.mark.parametrize("name", ["core:relu", "_private", "two words", "", "1st", None, 3])
def test_names_that_cannot_be(registry, name):
    with pytest.raises(ValueError, match="expected an identifier"):
        registry.Staging("acts", "arraygrad-acts").add("functions", name, "math:sin")


@pytest.mark.parametrize("target", ["math.sin", "math:", ":sin", "math:sin()", "a b:c", ""])
def test_targets_that_cannot_be(registry, target):
    with pytest.raises(ValueError, match=r'expected "package\.module:attribute"'):
        registry.Staging("acts", "arraygrad-acts").add("functions", "sin", target)


def test_names_come_from_targets(registry):
    staging = registry.Staging("acts", "arraygrad-acts")
    register = staging.registrar("functions")
    register(math.cos)
    register("math:sin")
    with pytest.raises(TypeError, match="has no __name__"):
        register(3.0)
    assert [id for _, id in staging.entries] == ["acts:cos", "acts:sin"]


def test_lazy_targets_are_resolved_once(registry, provide, monkeypatch):
    provide("acts", "gelu")
    entry = registry.find("functions", "gelu")
    assert (entry.resolved, entry.target) == (False, "math:sin")
    assert entry.resolve() is math.sin
    assert (entry.resolved, entry.target) == (True, math.sin)
    monkeypatch.delattr(math, "sin")
    assert registry.lookup("functions", "gelu") is entry.target


@pytest.mark.parametrize(
    ("target", "why"),
    [
        ("no_such_module:x", "No module named 'no_such_module'"),
        ("math:sine", "has no attribute 'sine'"),
        ("math:pi.x", "has no attribute 'x'"),
    ],
)
def test_targets_that_do_not_exist(registry, provide, target, why):
    provide("acts", "gelu", target=target)
    for _ in range(2):
        with pytest.raises(RegistryError) as caught:
            registry.lookup("functions", "gelu")
        assert "functions 'gelu' of arraygrad-acts 0.3 cannot be used" in str(caught.value)
        assert why in str(caught.value)
        assert target in str(caught.value)
    assert why in registry.broken_targets["functions", "acts:gelu"]


def test_backends_kernels_and_commands(registry):
    staging = registry.Staging("cupy", "arraygrad-cupy")
    staging.registrar("backends")("cupy", "math:sin", ("cupy.ndarray",))
    staging.registrar("kernels")("conv2d", "cupy", math.sin)
    staging.registrar("kernels")("acts:mish", "cupy", math.sin)
    staging.registrar("commands")("export-onnx", "math:sin", help="Write an ONNX file.")
    with pytest.raises(TypeError, match="expected a tuple"):
        staging.registrar("backends")("other", "math:sin", "cupy.ndarray")
    staging.commit()
    assert registry.find("backends", "cupy").array_types == ("cupy.ndarray",)
    assert registry.find("commands", "export-onnx").help == "Write an ONNX file."
    kernels = registry.entries("kernels")
    assert [(k.op, k.backend) for k in kernels] == [("core:conv2d", "cupy"), ("acts:mish", "cupy")]


def test_things_of_the_program_itself(registry, provide):
    provide("core", "relu")
    told = []
    registry.on_change.append(lambda: told.append(1))
    registry.register_local("functions", math.cos)
    registry.register_local("functions", math.tan, name="cos")
    registry.register_local("functions", math.tan, "relu")
    assert registry.lookup("functions", "cos") is math.tan
    assert registry.find("functions", "relu").id == "core:relu"
    assert registry.lookup("functions", "local:relu") is math.tan
    assert registry.find("functions", "cos").provider == "this program"
    assert len(told) == 3


def test_things_of_the_program_come_last(registry, provide):
    registry.register_local("functions", "math:cos")
    provide("zebra", "gelu")
    provide("core", "relu")
    ids = [entry.id for entry in registry.entries("functions")]
    assert ids == ["core:relu", "zebra:gelu", "local:cos"]


def test_a_target_that_works_after_all_is_not_broken(registry, provide, tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(tmp_path)
    provide("acts", "gelu", target="written_later:gelu")
    with pytest.raises(RegistryError, match="written_later"):
        registry.lookup("functions", "gelu")
    (tmp_path / "written_later.py").write_text("from math import sin as gelu")
    importlib.invalidate_caches()
    assert registry.lookup("functions", "gelu") is math.sin
    assert registry.broken_targets == {}
