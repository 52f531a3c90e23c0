"""Every Python block of the README and of docs/ runs, in order, one namespace per file.

A block with `>>>` is checked like a doctest, output included; any other is executed.
"""

from __future__ import annotations

import ast
import doctest
import os
import re
import textwrap
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").rglob("*.md")])
# Their Python blocks are run by the tests of the plugins.
OTHERS = sorted([ROOT / "CONTRIBUTING.md", *ROOT.glob("plugins/*/README.md")])
EXAMPLES = sorted(ROOT.glob("examples/*.py"))
FENCE = re.compile(
    r"^(?P<indent>[ ]*)```(?P<info>[^\n`]*)\n(?P<code>.*?)^(?P=indent)```[ ]*$",
    re.MULTILINE | re.DOTALL,
)


def python_blocks(text: str) -> Iterator[tuple[int, str]]:
    """Yield the line before each Python block, and its code."""
    for block in FENCE.finditer(text):
        language, _, rest = block["info"].strip().partition(" ")
        if language in {"py", "python3", "pycon"} or (language == "python" and rest):
            raise AssertionError(f"write ```python alone, not ```{block['info']}: it is not run")
        if language == "python":
            line = text.count("\n", 0, block.start("code"))
            yield line, textwrap.dedent(block["code"])


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_python_block_runs(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if page.name == "libraries.md" and os.environ.get("SCIPY_ARRAY_API") != "1":
        pytest.skip("SciPy reads SCIPY_ARRAY_API when it is imported; test_libraries.py runs it")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("MPLBACKEND", "agg")
    namespace: dict[str, object] = {"__name__": "__main__"}
    for line, code in python_blocks(page.read_text(encoding="utf-8")):
        if ">>> " in code:
            check_session(code, namespace, page, line)
        else:
            # The empty lines give tracebacks the line numbers of the page.
            exec(compile("\n" * line + code, str(page), "exec"), namespace)


def check_session(code: str, namespace: dict[str, object], page: Path, line: int) -> None:
    test = doctest.DocTestParser().get_doctest(code, namespace, page.name, str(page), line)
    runner = doctest.DocTestRunner(
        verbose=False, optionflags=doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    )
    report: list[str] = []
    runner.run(test, out=report.append, clear_globs=False)
    namespace.update(test.globs)
    if report:
        pytest.fail("".join(report), pytrace=False)


def test_the_runner_itself() -> None:
    page = "text\n```python\nx = 1\n```\n- item\n  ```python\n  >>> x\n  1\n  ```\n```sh\nls\n```\n"
    assert list(python_blocks(page)) == [(2, "x = 1\n"), (6, ">>> x\n1\n")]
    with pytest.raises(AssertionError, match="not run"):
        list(python_blocks("```python skip\n1/0\n```\n"))
    with pytest.raises(pytest.fail.Exception, match="Expected:\n    2"):
        check_session(">>> x\n2\n", {"x": 1}, Path("page.md"), 0)


def anchors(text: str) -> set[str]:
    """The names under which the headings of a page are found."""
    heads = re.findall(r"^#+ (.*)$", FENCE.sub("", text), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", head.lower()).strip().replace(" ", "-") for head in heads}


@pytest.mark.parametrize("page", PAGES + OTHERS, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    text = FENCE.sub("", page.read_text(encoding="utf-8"))
    wrong = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        name, _, anchor = link.partition("#")
        target = page.parent / name if name else page
        there = target.exists()
        if there and anchor and target.suffix == ".md":
            there = anchor in anchors(target.read_text(encoding="utf-8"))
        wrong += [] if there else [link]
    assert wrong == []


def test_the_index_names_every_page() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    names = {page.name for page in PAGES if page.parent.name == "docs"} - {"index.md"}
    assert {name for name in names if f"]({name})" not in index} == set()


def test_the_index_names_every_example() -> None:
    index = (ROOT / "docs" / "index.md").read_text(encoding="utf-8")
    names = {example.name for example in EXAMPLES}
    assert {name for name in names if f"](../examples/{name})" not in index} == set()


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.name)
def test_examples_say_what_they_show_and_how_to_run_them(example: Path) -> None:
    first, _, rest = (ast.get_docstring(ast.parse(example.read_text("utf-8"))) or "").partition(
        "\n"
    )
    assert first.endswith((".", ":", "?", "it."))
    assert f"python examples/{example.name}" in rest


def test_every_command_is_on_a_page() -> None:
    pytest.importorskip("click")
    from arraygrad.cli import program

    text = "".join(page.read_text(encoding="utf-8") for page in PAGES)
    own = [name for name, command in program.commands.items() if command.callback is not None]
    assert {name for name in own if f"arraygrad {name}" not in text} == set()
