"""What is generated or listed in docs/ is what the program has, and links lead somewhere."""

from __future__ import annotations

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from arraygrad import hookspecs, settings

DOCS = Path(__file__).parents[1] / "docs"
PAGES = sorted(DOCS.glob("*.md"))


def generator() -> ModuleType:
    spec = importlib.util.spec_from_file_location("generate_docs", DOCS / "generate.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_table_of_ops_is_fresh() -> None:
    module = generator()
    written = module.PAGE.read_text(encoding="utf-8")
    assert written == module.page(), "run: python docs/generate.py"


def test_the_counts_of_the_kit_are_those_that_were_recorded(monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS))
    counted = importlib.import_module("plugins_table")
    written = counted.PAGE.read_text(encoding="utf-8")
    assert written == counted.page(generator().table), "run: python docs/generate.py"
    record = counted.recorded()
    assert set(record["plugins"]) <= set(counted.projects())
    assert {"numpy", "strict"} <= set(record["places"]) <= set(counted.PLACES)
    assert all(counts["failed"] == 0 for kind in record.values() for counts in kind.values())


def test_the_orders_are_those_that_were_recorded(monkeypatch) -> None:
    monkeypatch.syspath_prepend(str(DOCS))
    orders = importlib.import_module("orders")
    assert orders.PAGE.read_text(encoding="utf-8") == orders.page(generator().table)
    record = orders.recorded()
    assert set(record) == set(orders.PLACES)
    for place in record.values():
        assert not any(found["failures"] for found in place["functions"].values())
        assert len(place["functions"]) > 200


def test_every_hook_and_setting_is_described() -> None:
    page = (DOCS / "plugins.md").read_text(encoding="utf-8")
    told = set(re.findall(r"^\| `([^|]+)` \|", page, re.MULTILINE))
    assert {*hookspecs.HOOKS, *settings.KEYS} <= told


def test_the_design_names_every_module() -> None:
    page = (DOCS / "design.md").read_text(encoding="utf-8")
    told = {word for line in page.splitlines() for word in re.findall(r"`([\w/.]+)`", line)}
    package = DOCS.parent / "src" / "arraygrad"
    files = {path.name for path in package.glob("[!_]*.py")}
    folders = {f"{path.parent.name}/" for path in package.glob("*/__init__.py")}
    assert {*files, *folders} <= told


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.M)
    broken = []
    for link in re.findall(r"\]\(([^)\s]+)\)", text):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


def anchors(page: Path) -> set[str]:
    """The anchors of a page's headings, as GitHub makes them."""
    text = re.sub(r"^```.*?^```", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.M)
    headings = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", h.lower()).replace(" ", "-") for h in headings}
