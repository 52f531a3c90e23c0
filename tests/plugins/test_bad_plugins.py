"""Every way in which an installed plugin can be wrong: arraygrad works, and says what is wrong."""

from __future__ import annotations

import pytest

COSINE = """
    from arraygrad import hookimpl

    @hookimpl
    def arraygrad_register_ops(register):
        register("math:cos")
"""

# name -> (entry module, status, what the reason says)
BAD = {
    "raising": ("raise RuntimeError('no luck')", "broken", "RuntimeError: no luck ("),
    "missing": ("import no_such_library", "broken", "No module named 'no_such_library'"),
    "syntax": ("def (:", "broken", "SyntaxError"),
    "exiting": ("import sys; sys.exit(3)", "broken", "it called sys.exit(3)"),
    "warning": (
        """
        import warnings
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            warnings.warn("old", DeprecationWarning)
        """,
        "broken",
        "DeprecationWarning: old",
    ),
    "misspelt": (
        """
        from arraygrad import hookimpl
        @hookimpl
        def arraygrad_register_op(register):
            register("math:cos")
        """,
        "broken",
        "there is no hook 'arraygrad_register_op'; did you mean 'arraygrad_register_ops'?",
    ),
    "unprefixed": (
        """
        from arraygrad import hookimpl
        @hookimpl
        def register_layers(register):
            register("math:cos")
        """,
        "broken",
        "there is no hook 'register_layers'; did you mean 'arraygrad_register_layers'?",
    ),
    "unmarked": (
        "def arraygrad_register_ops(register): register('math:cos')",
        "broken",
        "arraygrad_register_ops lacks the decorator @hookimpl",
    ),
    "curious": (
        """
        from arraygrad import hookimpl
        @hookimpl
        def arraygrad_register_layers(register):
            register("math:cos")
        @hookimpl
        def arraygrad_register_ops(register, device):
            register("math:cos")
        """,
        "incompatible",
        "{'device'} are declared in the hookimpl but can not be found in the hookspec",
    ),
    "newer": (
        "ARRAYGRAD_API = '1.7'",
        "incompatible",
        "it needs plugin API 1.7, this arraygrad has 1.0; upgrade arraygrad",
    ),
    "older": (
        "ARRAYGRAD_API = '0.9'",
        "incompatible",
        "it needs plugin API 0.9, this arraygrad has 1.0; upgrade the plugin",
    ),
    "oddapi": ("ARRAYGRAD_API = 1.0", "incompatible", "ARRAYGRAD_API is 1.0, expected a text"),
    "halfway": (
        """
        from arraygrad import hookimpl
        @hookimpl
        def arraygrad_register_layers(register):
            register("math:cos", "Halfway")
        @hookimpl
        def arraygrad_register_ops(register):
            register("math:cos", "halfway")
            raise KeyError("lost")
        """,
        "broken",
        "KeyError: 'lost' (",
    ),
    "twice": (
        """
        from arraygrad import hookimpl
        @hookimpl
        def arraygrad_register_ops(register):
            register("math:cos")
            register("cmath:cos")
        """,
        "broken",
        "arraygrad-twice registers functions 'twice:cos' twice",
    ),
    "thief": (
        """
        from arraygrad import hookimpl
        @hookimpl
        def arraygrad_register_ops(register):
            register("math:cos", "core:relu")
        """,
        "broken",
        "got the name 'core:relu', expected an identifier",
    ),
    "untarget": (
        """
        from arraygrad import hookimpl
        @hookimpl
        def arraygrad_register_ops(register):
            register("math.cos")
        """,
        "broken",
        "the target is 'math.cos', expected \"package.module:attribute\"",
    ),
    "generator": (
        """
        from arraygrad import hookimpl
        @hookimpl
        def arraygrad_register_ops(register):
            yield register("math:cos")
        """,
        "broken",
        "arraygrad_register_ops returned generator, expected None",
    ),
    "wrapper": (
        """
        from arraygrad import hookimpl
        @hookimpl(hookwrapper=True)
        def arraygrad_register_ops(register):
            yield
        """,
        "broken",
        "arraygrad_register_ops is a wrapper, expected a plain hook",
    ),
    "idle": ("import arraygrad", "empty", "it registers nothing"),
    "core": (COSINE, "conflict", "its namespace 'core' is that of arraygrad itself"),
    "local": (COSINE, "conflict", "its namespace 'local' is that of arraygrad itself"),
}

# That the good plugin and the core work, and that the bad one has left nothing behind.
CHECK = """
    import arraygrad
    import arraygrad.functions as F
    from arraygrad import registry
    namespaces = {e.namespace for kind in registry.KINDS for e in registry.entries(kind)}
    answer(
        table=table(),
        works=F.double(4) == 8 and F.good is F.good and callable(F.relu),
        namespaces=sorted(namespaces),
        missing=error(getattr, F, "ripple"),
        lookup=error(registry.lookup, "functions", "ripple"),
    )
"""


@pytest.fixture
def good(site):
    site.add(
        "arraygrad-good",
        """
        from arraygrad import hookimpl

        @hookimpl
        def arraygrad_register_ops(register):
            register("arraygrad_good.functions:double")
            register("arraygrad_good.functions:double", "good")
        """,
        functions="def double(x): return x * 2",
    )
    return site


@pytest.mark.parametrize("name", BAD)
def test_alone_and_with_warnings_as_errors(good, name):
    code, status, reason = BAD[name]
    good.add(f"arraygrad-{name}", code)
    got = good.run(CHECK, "-W", "error")
    row = got["table"][f"arraygrad-{name}"]
    assert (row["status"], reason in row["reason"]) == (status, True), row
    assert row["provides"] == {}
    assert got["works"]
    assert got["namespaces"] == ["core", "good"]
    assert got["table"]["arraygrad-good"]["provides"] == {"functions": ["double", "good"]}
    # The warning could not be raised as such, so it is written.
    assert (
        f"PluginWarning: some plugins are installed but not loaded:\n  arraygrad-{name}"
        in (got["stderr"])
    )
    assert f"arraygrad-{name} ({status}: " in got["missing"][1]


def test_all_together_give_one_warning(good):
    for name, (code, _, _) in BAD.items():
        good.add(f"arraygrad-{name}", code)
    got = good.run(
        """
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            import arraygrad
        caught = [w for w in caught if w.category is arraygrad.errors.PluginWarning]
        texts, files = [str(w.message) for w in caught], [w.filename for w in caught]
        answer(table=table(), texts=texts, files=files)
        """
    )
    assert len(got["texts"]) == 1
    assert got["files"] == ["<string>"]
    lines = got["texts"][0].splitlines()
    assert lines[-1] == "run `arraygrad plugins`"
    assert [line.split()[0] for line in lines[1:-1]] == sorted(f"arraygrad-{name}" for name in BAD)
    for name, (_, status, reason) in BAD.items():
        assert got["table"][f"arraygrad-{name}"]["status"] == status
        assert reason in got["texts"][0]
    assert got["table"]["arraygrad-good"]["status"] == "active"


def test_strict_mode_raises(good):
    good.add("arraygrad-raising", BAD["raising"][0])
    stderr = good.run("import arraygrad", fails=True, ARRAYGRAD_STRICT_PLUGINS="yes")
    assert "RuntimeError: no luck" in stderr
    assert "arraygrad.errors.PluginError: some plugins are installed but not loaded" in stderr
    got = good.run(
        """
        errors = []
        for _ in range(2):
            try: import arraygrad
            except Exception as e: errors.append(type(e).__name__)
        answer(errors=errors)
        """,
        ARRAYGRAD_STRICT_PLUGINS="1",
    )
    assert got["errors"] == ["PluginError"] * 2


def test_two_plugins_with_one_name(good):
    for name, function in (("acts", "sin"), ("fast", "tan")):
        good.add(
            f"arraygrad-{name}",
            f"""
            from arraygrad import hookimpl
            @hookimpl
            def arraygrad_register_ops(register):
                register("math:{function}", "ripple")
                register("math:cos", "relu")
            """,
        )
    got = good.run(
        """
        import math
        import arraygrad
        import arraygrad.functions as F
        from arraygrad import registry
        def from_import():
            from arraygrad.functions import ripple
        answer(
            table=table(),
            use=error(getattr, F, "ripple"),
            lookup=error(registry.lookup, "functions", "ripple"),
            imported=error(from_import),
            works=F.double(4) == 8 and "ripple" in dir(F) and not hasattr(F, "ripple"),
            ids=[registry.lookup("functions", i + ":ripple").__name__ for i in ("acts", "fast")],
            core=F.relu is registry.lookup("functions", "relu") is not math.cos,
            own=registry.lookup("functions", "fast:relu") is math.cos,
        )
        """,
        "-W",
        "error",
    )
    assert {row["status"] for row in got["table"].values()} == {"active"}
    for key, kind in [
        ("use", "AttributeError"), ("lookup", "AmbiguousNameError"), ("imported", "ImportError"),
    ]:  # fmt: skip
        classes, text = got[key]
        assert kind in classes
        assert "arraygrad-acts 0.1 (as 'acts:ripple') and by arraygrad-fast 0.1" in text
    assert "AmbiguousNameError" in got["use"][0]
    assert got["works"]
    assert got["core"]
    assert got["own"]
    assert got["ids"] == ["sin", "tan"]
    assert got["stderr"] == ""

    # The user decides, in settings.
    good.cwd.joinpath("arraygrad.toml").write_text(
        '[prefer.functions]\nripple = "fast:ripple"\n[overrides.functions]\nrelu = "acts:relu"\n'
        'sigmoid = "acts:none"\n'
    )
    got = good.run(
        """
        import math
        import arraygrad
        import arraygrad.functions as F
        from arraygrad.functions import relu
        from arraygrad import registry
        first = F.relu
        with arraygrad.plugins.disabled("acts"):
            inside = error(getattr, F, "relu")
        answer(
            ripple=F.ripple is math.tan,
            relu=F.relu is relu is first is math.cos,
            core=registry.lookup("functions", "core:relu") is not math.cos,
            inside=inside,
            sigmoid=error(getattr, F, "sigmoid"),
            signature=error(registry.lookup, "functions", "sigmoid"),
        )
        """
    )
    assert got["ripple"]
    assert got["relu"]
    assert got["core"]
    assert "no loaded plugin provides that id" in got["inside"][1]
    assert "overrides.functions.sigmoid = 'acts:none'" in got["sigmoid"][1]
    assert "AttributeError" in got["sigmoid"][0]
    assert "ConfigError" in got["signature"][0]


def test_two_distributions_with_one_namespace(good):
    good.add("arraygrad-acts", BAD["idle"][0])
    good.add("acts", COSINE)
    got = good.run(CHECK, "-W", "error")
    for name, other in [("arraygrad-acts", "acts"), ("acts", "arraygrad-acts")]:
        row = got["table"][name]
        assert row["status"] == "conflict"
        assert row["reason"].startswith(f"its namespace 'acts' is that of {other};")
    assert got["works"]
    got = good.run(CHECK, "-W", "error", ARRAYGRAD_PLUGINS="-arraygrad-acts")
    assert got["table"]["acts"]["status"] == "active"
    assert got["namespaces"] == ["acts", "core", "good"]


def test_a_target_that_does_not_exist(good):
    good.add(
        "arraygrad-hollow",
        """
        from arraygrad import hookimpl
        @hookimpl
        def arraygrad_register_ops(register):
            register("arraygrad_hollow.nowhere:ripple")
            register("arraygrad_hollow:swell")
            register("arraygrad_hollow.leaving:exit")
            register("math:cos", "fine")
        """,
        leaving="import sys; sys.exit()",
    )
    got = good.run(
        """
        import arraygrad
        import arraygrad.functions as F
        from arraygrad import plugins, registry
        before = table()["arraygrad-hollow"]
        answer(
            before=before,
            use=error(getattr, F, "ripple"),
            lookup=error(registry.lookup, "functions", "swell"),
            works=F.double(4) == 8 and F.fine(0) == 1 and not hasattr(F, "swell"),
            after=table()["arraygrad-hollow"],
            checked=plugins.check_targets("hollow"),
        )
        """,
        "-W",
        "error",
    )
    assert got["before"]["status"] == got["after"]["status"] == "active"
    assert got["before"]["problems"] == []
    classes, text = got["use"]
    assert "AttributeError" in classes
    assert "functions 'ripple' of arraygrad-hollow 0.1 cannot be used" in text
    assert "No module named 'arraygrad_hollow.nowhere'" in text
    assert "RegistryError" in got["lookup"][0]
    assert "has no attribute 'swell'" in got["lookup"][1]
    assert got["works"]
    assert len(got["after"]["problems"]) == 2
    assert len(got["checked"]) == 3
    assert got["stderr"] == ""


CIRCULAR = """
    import arraygrad
    import arraygrad.functions as F
    early = [p.status for p in arraygrad.plugins.statuses() if p.namespace == "circular"]
    seen = hasattr(F, "roundabout"), "roundabout" in dir(F)

    def roundabout(x):
        return x + 1
"""
CIRCULAR_ENTRY = """
    from arraygrad import hookimpl
    @hookimpl
    def arraygrad_register_ops(register):
        from arraygrad_circular import roundabout
        register(roundabout)
"""


@pytest.mark.parametrize("first", ["arraygrad_circular", "arraygrad"])
def test_circular_import(good, first):
    good.add("arraygrad-circular", CIRCULAR_ENTRY, __init__=CIRCULAR)
    got = good.run(
        f"""
        import {first}
        import arraygrad
        import arraygrad_circular
        import arraygrad.functions as F
        answer(
            early=arraygrad_circular.early,
            seen=arraygrad_circular.seen,
            works=F.roundabout(1) == 2 and F.double(4) == 8,
            table=table(),
            settled=arraygrad.registry.retry is None,
        )
        """,
        "-W",
        "error",
    )
    assert got["early"] == ["deferred"]
    assert got["seen"] == [False, False]
    assert got["works"]
    assert got["settled"]
    assert got["table"]["arraygrad-circular"]["status"] == "active"
    assert got["stderr"] == ""


def test_a_deferred_plugin_that_then_fails(good):
    good.add("arraygrad-circular", "1 / 0", __init__="import arraygrad")
    got = good.run(
        """
        import arraygrad_circular
        import arraygrad.functions as F
        answer(missing=error(getattr, F, "roundabout"), works=F.double(4) == 8, table=table())
        """,
        "-W",
        "error",
    )
    assert "arraygrad-circular (broken: ZeroDivisionError" in got["missing"][1]
    assert got["works"]
    assert got["table"]["arraygrad-circular"]["status"] == "broken"
    assert got["stderr"].count("arraygrad-circular 0.1 is broken") == 1


def test_a_plugin_whose_library_is_missing(good):
    good.add(
        "arraygrad-away",
        """
        from arraygrad import hookimpl
        from arraygrad.errors import PluginUnavailableError
        @hookimpl
        def arraygrad_register_ops(register):
            register("math:cos", "lost")
            raise PluginUnavailableError("libaway is missing: pip install away")
        """,
    )
    got = good.run(
        """
        import arraygrad
        import arraygrad.functions as F
        use = error(getattr, F, "lost")
        answer(away=table()["arraygrad-away"], use=use, works=F.double(4) == 8)
        """,
        "-W",
        "error",
    )
    assert got["away"]["status"] == "unavailable"
    assert got["away"]["reason"] == "libaway is missing: pip install away"
    assert "libaway is missing" in got["use"][1]  # a lookup that fails says so
    assert got["works"]
