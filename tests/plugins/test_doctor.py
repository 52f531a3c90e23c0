"""`arraygrad plugins doctor` names plugins that are ill, whatever they do to their process."""

from __future__ import annotations

import json

import pytest

GOOD = """
    from arraygrad import hookimpl

    @hookimpl
    def arraygrad_register_ops(register):
        register("math:cos")
"""
# distribution -> entry module, further files, what the doctor says
ILL = {
    "aborting": ("import os; os.abort()", {}, "it crashes (SIGABRT) while it is loaded"),
    "leaving": ("import os; os._exit(7)", {}, "it ends the program (exit code 7)"),
    "calling": (
        "import socket\ntry: socket.getaddrinfo('data.invalid', 80)\nexcept OSError: pass" + GOOD,
        {},
        "it uses the network while it is loaded: data.invalid",
    ),
    "heavy": ("import torch" + GOOD, {}, "it imports torch while it is loaded"),
    "late": (
        """
        from arraygrad import hookimpl

        @hookimpl
        def arraygrad_register_ops(register):
            register("late.things:cos")
            register("late.things:sin")
        """,
        {
            "things": "import socket\nfrom math import cos\n"
            "try: socket.getaddrinfo('late.invalid', 80)\nexcept OSError: pass"
        },
        "it uses the network when what it registers is imported: late.invalid",
    ),
    "broken": ("1 / 0", {}, "broken: ZeroDivisionError"),
}


@pytest.fixture
def doctor(site):
    """Examine plugins of the site; what is said of each."""

    def examine(*arguments, fails=True):
        (site.folder / "torch.py").write_text("")
        answer = site.run(
            f"""
            from click.testing import CliRunner
            from arraygrad.cli import program
            result = CliRunner().invoke(program, ["plugins", "doctor", *{list(arguments)!r}])
            answer(code=result.exit_code, out=result.stdout)
            """,
            ARRAYGRAD_PLUGINS="none",
        )
        assert answer["code"] == int(fails), answer["out"]
        return answer["out"]

    return examine


def test_ill_plugins_are_named(site, doctor):
    for name, (code, files, _) in ILL.items():
        site.add(name, code.replace("\n    ", "\n") if "from arr" in code else code, **files)
    site.add("arraygrad-good", GOOD)
    items = {item["distribution"]: item for item in json.loads(doctor("--json"))}
    assert items.pop("arraygrad-good")["ills"] == []
    for name, (_, _, said) in ILL.items():
        assert any(ill.startswith(said) for ill in items[name]["ills"]), items[name]
    assert any("late.things:sin" in ill for ill in items["late"]["ills"])


def test_slow_is_what_the_user_says(site, doctor):
    site.add("arraygrad-good", GOOD)
    table = doctor("good", "--slow", "0")
    assert "slow to load: more than 0 ms" in table
    assert "well" in doctor(fails=False)


MANY = """
    from arraygrad import hookimpl

    @hookimpl
    def arraygrad_register_kernels(register):
        register("core:exp", "far_away", "no_such_library:exp")

    @hookimpl
    def arraygrad_register_ops(register):
        for name in "abcde":
            register(f"arraygrad_my_many.gone:{name}")
"""


def test_kernels_of_a_library_that_is_not_here_and_many_ills(site, doctor):
    site.add("arraygrad-my-many", MANY)
    [item] = json.loads(doctor("my_many", "--json"))  # by its namespace, too
    assert len(item["ills"]) == 4
    assert "arraygrad_my_many.gone:a" in item["ills"][0]
    assert item["ills"][3] == "and 2 more, which arraygrad plugins --check lists"
    assert "no_such_library" not in str(item)
