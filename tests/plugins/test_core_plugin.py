"""The core registers through the hooks, completely; attributes of modules; cost of the import."""

from __future__ import annotations

import pytest

import arraygrad
from arraygrad import datasets, functions, hookspecs, layers, models, optimizers, plugins, registry
from arraygrad.op import table


@pytest.mark.parametrize(
    ("kind", "module"),
    [("layers", layers), ("models", models), ("optimizers", optimizers), ("datasets", datasets)],
)
def test_every_public_name_is_registered(kind, module):
    """A new public name of a module has to be added to the lists in core_plugin.py."""
    core = {e.name: e.resolve() for e in registry.entries(kind) if e.namespace == "core"}
    assert core == {name: getattr(module, name) for name in module.__all__}


def test_every_op_is_registered():
    functions.everything()
    core = {e.name: e.resolve() for e in registry.entries("functions") if e.namespace == "core"}
    own = {name for name, f in table.items() if f.__module__.startswith("arraygrad.functions")}
    assert core.keys() == {name for name in own if not name.startswith("_")}
    assert {"relu", "matmul", "sum"} <= core.keys()
    assert functions.relu is registry.lookup("functions", "core:relu")


def test_numpy_is_a_backend_like_others():
    entry = registry.find("backends", "numpy")
    assert entry.id == "core:numpy"
    assert entry.array_types == ("numpy.ndarray", "numpy.generic")


def test_kernels_name_ops():
    for entry in registry.entries("kernels"):
        if entry.namespace == "core":
            assert entry.backend == "numpy"
            # "linear.W" is a kernel for the rule of one input.
            assert entry.op.removeprefix("core:").partition(".")[0] in table


def test_the_core_is_listed_first():
    core = plugins.statuses()[0]
    row = core.as_dict()
    assert (row["distribution"], row["namespace"], row["status"]) == ("arraygrad", "core", "active")
    assert row["version"] == arraygrad.__version__
    assert row["provides"]["backends"] == ["numpy"]
    assert plugins.check_targets("core") == []


def test_every_hook_has_a_kind():
    assert {name for name in vars(hookspecs) if name.startswith("arraygrad_register")} == set(
        hookspecs.HOOKS
    )
    assert set(hookspecs.HOOKS.values()) == set(registry.KINDS)
    assert arraygrad.hookimpl is hookspecs.hookimpl


def test_attributes_of_a_module():
    with pytest.raises(AttributeError, match="did you mean 'relu'"):
        functions.rellu  # noqa: B018
    with pytest.raises(ImportError, match="did you mean 'relu'"):
        from arraygrad.functions import rellu  # noqa: F401
    for name in ("__wrapped__", "__path_", "_private"):
        assert not hasattr(functions, name)
    assert "relu" in dir(functions)
    try:
        registry.register_local("functions", "math:hypot", "of_this_program")
        assert "of_this_program" in dir(functions)
        assert functions.of_this_program(3, 4) == 5
        assert "of_this_program" in vars(functions)
        registry.register_local("functions", "math:cos", "of_this_program")
        assert functions.of_this_program(0) == 1
    finally:
        registry.remove("local")
    assert not hasattr(functions, "of_this_program")


def test_plugins_stay_light(site):
    """Discovery itself imports nothing but the entry modules; targets come on first use."""
    for n in range(3):
        site.add(
            f"arraygrad-p{n}",
            f"""
            from arraygrad import hookimpl
            @hookimpl
            def arraygrad_register_ops(register):
                register("arraygrad_p{n}.functions:f{n}")
            """,
            functions=f"def f{n}(x): return x",
        )
    got = site.run(
        """
        import arraygrad
        import arraygrad.functions as F
        new = sorted(m for m in sys.modules if m.startswith("arraygrad_"))
        hasattr(F, "nothing"), hasattr(F, "__path_"), dir(F), table()
        later = sorted(m for m in sys.modules if m.startswith("arraygrad_"))
        F.f1
        heavy = {"importlib.metadata", "tomllib", "email", "logging", "argparse", "difflib"}
        answer(new=new, later=later, used="arraygrad_p1.functions" in sys.modules,
               heavy=sorted(heavy & set(sys.modules)),
               other="arraygrad_p2.functions" in sys.modules)
        """
    )
    expected = [f"arraygrad_p{n}{m}" for n in range(3) for m in ("", "._plugin")]
    assert got["new"] == got["later"] == expected
    assert got["used"]
    assert not got["other"]
    assert got["heavy"] == []
