"""The page: one file that needs nothing else, true to the numbers, and safe to open."""

from __future__ import annotations

import json
import math
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from arraygrad.draw import Graph
from arraygrad.errors import ArgumentError, RunError
from arraygrad.models import MLP
from arraygrad_board import Board, curves, layered, page, scales, write_page
from arraygrad_board.runs import Run

EMPTY = {"meta", "input", "img", "br", "hr", "link"}


class Reader(HTMLParser):
    """All tags with their attributes, and the text; raises if tags do not close each other."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self.open: list[str] = []
        self.feed(text)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in EMPTY:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["style"], ["script"]):
            self.text += data


def run(points: Any, name: str = "train/loss", label: str = "a") -> Run:
    return Run(Path(label), label, {name: list(enumerate(points))})


def data_of(text: str) -> Any:
    return json.loads(text.split('id="data">')[1].split("</script>")[0])


def write_run(folder: Path, name: str = "loss") -> Path:
    np.random.seed(0)
    model = MLP((4, 3))
    with Board(folder, force=True) as board:
        board.graph(model, (2, 5))
        board.settings(lr=0.1, note=name)
        for step in range(50):
            board.scalar(f"train/{name}", math.exp(-step), step)
            board.scalar(name, 1 + math.sin(step), step)
        for step in (0, 20):
            board.histogram(name, np.random.randn(100), step)
    return folder


def test_the_page_needs_nothing_else(tmp_path: Path) -> None:
    text = write_page([write_run(tmp_path / "a")], tmp_path / "page.html").read_text("utf-8")
    reader = Reader(text)
    for tag, attributes in reader.tags:
        assert tag not in ("link", "iframe", "object", "embed", "base", "form", "a")
        assert not any(key.startswith("on") for key in attributes)
        assert "src" not in attributes or str(attributes["src"]).startswith("data:image/svg+xml")
        assert not {"href", "xlink:href", "action", "srcset"} & set(attributes)
    assert not re.search(r"@import|url\(|fetch\(|XMLHttpRequest|WebSocket|eval\(", text)
    [policy] = [a["content"] for _, a in reader.tags if "http-equiv" in a]
    assert policy is not None
    assert policy.startswith("default-src 'none';")
    assert "width=device-width" in text
    for word in ("Curves", "Histograms", "Model", "Settings", "parameters: 39", "flowchart TD"):
        assert word in reader.text


NASTY = ["</script><script>alert(1)</script>", '"><img src=x onerror=alert(1)>', "a & <b>'\"</b>",
         "<!--", "]]>", "a\u2028b", "{x}", "\ud800", "é∂"]  # fmt: skip


@pytest.mark.parametrize("name", NASTY)
def test_names_are_text_and_never_html(tmp_path: Path, name: str) -> None:
    write_run(tmp_path / "a", name)
    label = name.replace("/", "").encode("utf-8", "replace").decode()
    write_run(tmp_path / "b", name).rename(tmp_path / label)
    text = write_page([tmp_path / "a", tmp_path / label], tmp_path / "p.html").read_text("utf-8")
    reader = Reader(text)
    tags = [tag for tag, _ in reader.tags]
    assert tags.count("script") == 2
    assert tags.count("b") == 0
    images = [a["src"] for tag, a in reader.tags if tag == "img"]
    assert all(str(source).startswith("data:") for source in images)
    shown = name.encode("utf-8", "replace").decode()
    assert reader.text.count(shown) >= 4
    assert data_of(text)[0]["lines"][0]["name"].startswith("a, ")
    text = write_page(tmp_path / "a", tmp_path / "p.html").read_text("utf-8")
    assert [tag for tag, _ in Reader(text).tags].count("script") == 2
    assert not set("<>&") & set(text.split('id="data">')[1].split("</script>")[0])
    assert name in [line["name"] for chart in data_of(text) for line in chart["lines"]]


@pytest.mark.parametrize("has_graphviz", [True, False])
@pytest.mark.parametrize("name", NASTY)
def test_a_strange_graph_is_text(
    name: str, has_graphviz: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not has_graphviz:
        monkeypatch.setattr(Graph, "_repr_svg_", lambda self: None)
    items = [["function", name], ["variable", name]]
    record = {"graph": name, "summary": name, "items": items, "links": [[2, 1]]}
    text = page.render([Run(Path("a"), name, graphs=[record], problems=[name])])
    tags = [tag for tag, _ in Reader(text).tags]
    assert (tags.count("script"), tags.count("b")) == (2, 2)  # of the warning
    assert all(f"<{tag}" not in text for tag in ("img src=x", "!--"))


def test_all_pictures_are_well_formed(tmp_path: Path) -> None:
    text = write_page(write_run(tmp_path / "a", "<&>"), tmp_path / "p.html").read_text("utf-8")
    pictures = re.findall(r"<svg.*?</svg>", text, re.DOTALL)
    assert len(pictures) >= 2
    for picture in pictures:
        ET.fromstring(picture)
    assert "nan" not in "".join(re.findall(r' d="[^"]*"', text))


def test_the_same_runs_give_the_same_page(tmp_path: Path) -> None:
    folder = write_run(tmp_path / "a")
    first = write_page(folder, tmp_path / "1.html").read_bytes()
    assert write_page(str(folder), tmp_path / "2.html").read_bytes() == first


def test_a_spike_stays_and_the_page_is_small() -> None:
    values = np.full(100_000, 0.5)
    values[54_321], values[77_777] = 9.0, -9.0
    text = page.render([run(values.tolist())])
    assert len(text) < 60_000
    [line] = data_of(text)[0]["lines"]
    points = dict(zip(line["x"], line["y"], strict=True))
    assert (points[54_321], points[77_777]) == ("9", "-9")
    assert line["x"] == sorted(set(line["x"]))
    assert (line["x"][0], line["x"][-1]) == (0, 99_999)


@pytest.mark.parametrize("seed", range(20))
def test_thinning_keeps_extremes_and_gaps(seed: int) -> None:
    random = np.random.default_rng(seed)
    n = int(random.integers(1, 3000))
    steps = np.cumsum(random.integers(1, 50, n)).tolist()
    values = random.normal(size=n)
    values[random.random(n) < 0.01] = math.nan
    points = list(zip(steps, values.tolist(), strict=True))
    kept = curves.thinned(points, 20)
    assert len(kept) <= max(40, 20 * 3 + 2)
    assert set(map(repr, kept)) <= set(map(repr, points))
    assert [step for step, _ in kept] == sorted({step for step, _ in kept})
    assert (kept[0][0], kept[-1][0]) == (steps[0], steps[-1])
    finite = [v for _, v in kept if math.isfinite(v)]
    assert not finite or (min(finite), max(finite)) == (np.nanmin(values), np.nanmax(values))
    assert any(map(math.isnan, (v for _, v in kept))) == bool(np.isnan(values).any())


def test_smoothing_against_its_definition() -> None:
    values = np.random.default_rng(0).normal(size=30)
    found = curves.smoothed(list(enumerate(values.tolist())), 0.8)
    for i, (step, value) in enumerate(found):
        weights = 0.8 ** np.arange(i, -1, -1)
        assert step == i
        assert value == pytest.approx(np.average(values[: i + 1], weights=weights), rel=1e-12)
    assert curves.smoothed([(0, 1.0), (1, math.inf), (2, 1.0)], 0.5)[2] == (2, 1.0)


def test_short_lines_are_not_smoothed_and_long_ones_have_the_raw_line_behind() -> None:
    assert 'smooth"' not in page.render([run([1.0] * 99)])
    assert 'smooth"' not in page.render([run([1.0] * 100)], smoothing=0)
    text = page.render([run([1.0, 2.0] * 50)])
    assert text.index('raw" d="') < text.index('smooth" d="')
    with pytest.raises(ArgumentError, match="smoothing 1"):
        page.render([], smoothing=1)


def test_values_that_are_not_finite_are_gaps_with_a_mark_and_a_warning() -> None:
    text = page.render([run([3.0, math.nan, 2.0, 1.0, -math.inf, 1.5])])
    [picture] = re.findall(r'<svg class="chart".*?</svg>', text, re.DOTALL)
    lines = re.findall(r'class="line c0 run0" d="([^"]*)"', picture)
    dots = re.findall(r'class="line c0 run0 dot" d="([^"]*)"', picture)
    for line, dot in zip(lines, dots, strict=True):
        assert (re.sub(r"[\d. ]+", "", line), re.sub(r"[\d. ]+", "", dot)) == ("ML", "MhMh")
    assert picture.count('class="bad run0"') == 2
    assert "not a finite number at step 1" in picture
    assert "train loss: 2 values not finite, first nan at step 1" in Reader(text).text


def test_places_in_the_picture() -> None:
    text = page.render([run([0.0, 10.0])])
    [d] = re.findall(r'class="line c0 run0" d="M([^"]*)"', text)
    (x1, y1), (x2, y2) = (map(float, point.split()) for point in d.split("L"))
    assert (x1, x2) == (36, 368)
    ticks = dict(re.findall(r'class="value" x="30" y="([\d.]+)">(\d+)<', text))
    places = {label: float(y) - 4 for y, label in ticks.items()}
    assert (places["0"], places["10"]) == pytest.approx((y1, y2), abs=0.11)


def test_log_scale_is_offered_where_there_is_something_to_see() -> None:
    assert 'class="to-log"' in page.render([run([1.0, 0.1, 0.0])])
    assert 'class="to-log"' not in page.render([run([-1.0, 0.0])])
    text = page.render([run([100.0, 1.0, 0.01, 0.0])])
    [_, log] = re.findall(r'class="line c0 run0" d="([^"]*)"', text)
    y100, y1, y001 = (float(y) for y in re.findall(r"[ML][\d.]+ ([\d.]+)", log))
    assert y1 - y100 == pytest.approx(y001 - y1, abs=0.11)


def test_train_and_held_out_share_a_chart_and_differ_without_colour() -> None:
    one = Run(Path("a"), "a", {"loss_train": [(0, 1.0)], "val.loss": [(0, 2.0)], "lr": [(0, 1.0)]})
    found = curves.charts([one, run([3.0], "loss", "b")])
    assert [chart.title for chart in found] == ["loss", "lr"]
    assert [(line.run, line.part) for line in found[0].lines] == [
        (0, "train"), (0, "held-out"), (1, ""),
    ]  # fmt: skip
    assert [line.color for line in found[0].lines] == [0, 0, 1]
    text = page.render([one])
    assert re.findall(r'class="(line c\d run0(?: dashed)?)"', text)[:2] == [
        "line c0 run0", "line c1 run0 dashed",
    ]  # fmt: skip
    both = Run(Path("a"), "a", {f"{part}/loss": [(0, 1.0)] for part in ("val", "test", "train")})
    [chart] = curves.charts([both])
    assert [(line.part, line.color, line.is_dashed) for line in chart.lines] == [
        ("train", 0, False), ("val/loss", 1, True), ("test/loss", 2, True),
    ]  # fmt: skip
    assert curves.split("latest_loss") == ("latest_loss", "")
    assert curves.split("test_time") == ("time", "held-out")


def test_best_values_in_the_table() -> None:
    good = Run(Path("a"), "a", {"test_accuracy": [(1, 0.5), (2, 0.9), (3, 0.8)]})
    bad = Run(Path("b"), "b", {"test_accuracy": [(1, math.nan)], "test_loss": [(4, 2.0)]})
    text = Reader(page.render([good, bad])).text
    assert "0.8 (best 0.9, step 2)" in text
    assert "nan" in text


@pytest.mark.parametrize("values", [[], [math.nan], [1.0], [1e300, -1e300], [5e-324, 0.0], [0, 0]])
def test_odd_numbers_make_a_page(values: list[float]) -> None:
    one = run(values) if values else Run(Path("a"), "a")
    text = page.render([one])
    assert "nan" not in "".join(re.findall(r' d="[^"]*"', text))
    Reader(text)
    assert ("nothing in it yet" in text) == (not values)


@pytest.mark.parametrize("seed", range(200))
def test_scales(seed: int) -> None:
    random = np.random.default_rng(seed)
    base = random.choice([0.0, 1.0, -1e15, 1e-8, 1e5])
    values = base + random.normal(size=3) * 10.0 ** random.uniform(-12, 300)
    steps = (10 ** random.uniform(0, 15.9, 3)).astype(int).tolist()
    axes = [scales.linear(values.tolist()), scales.whole(steps), scales.logarithmic(abs(values))]
    for scale in filter(None, axes):
        assert 1 <= len(scale.ticks) <= 16
        assert len({label for _, label in scale.ticks}) == len(scale.ticks)
        assert all(-1e-6 < place < 1 + 1e-6 for place, _ in scale.ticks)


def test_colours_can_be_told_from_their_background() -> None:
    light, dark = (
        dict(re.findall(r"--(\w+): (#\w{6})", part))
        for part in page._asset("style.css").split("@media (prefers-color-scheme: dark)")[:2]
    )

    def luminance(color: str) -> float:
        parts = [int(color[i : i + 2], 16) / 255 for i in (1, 3, 5)]
        line = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts]
        return 0.2126 * line[0] + 0.7152 * line[1] + 0.0722 * line[2]

    for theme in (light, dark):
        for name in ("text", "quiet", "bad", "accent", *(f"c{i}" for i in range(8))):
            for back in ("back", "card"):
                low, high = sorted(luminance(theme[key]) for key in (name, back))
                assert (high + 0.05) / (low + 0.05) >= 4.5, (name, back)


def test_the_graph_without_graphviz(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Graph, "_repr_svg_", lambda self: None)
    text = write_page(write_run(tmp_path / "a"), tmp_path / "p.html").read_text("utf-8")
    [picture] = re.findall(r'<svg class="graph".*?</svg>', text, re.DOTALL)
    graph = Graph(MLP((4, 3))(np.ones((2, 5), np.float32)))
    assert picture.count("<rect") == len(graph.items)
    assert picture.count('class="link"') == len(graph.links)
    ET.fromstring(picture)
    assert "<img" not in text


def test_links_of_the_own_drawing_go_down() -> None:
    links = [(1, 2), (2, 3), (3, 4), (1, 4), (5, 4)]
    rows = layered._rows(5, links)
    assert rows == [0, 1, 2, 3, 2]
    assert layered._rows(3, [(1, 2), (2, 1)]) == [0, 0, 0]  # none of ours, but in a damaged file
    assert "<rect" in layered.drawn([("function", "<A>")] * 3, [(1, 2), (2, 1)])


def test_what_is_refused_leaves_files_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_run(tmp_path / "a")
    mine = tmp_path / "mine.html"
    mine.write_text("<p>mine")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(RunError, match="is no page of arraygrad-board; nothing was changed"):
        write_page(folder, mine)
    with pytest.raises(ArgumentError, match=r"expected one that ends in \.html"):
        write_page(folder, tmp_path / "page.png")
    with pytest.raises(RunError, match="is a folder"):
        write_page(folder, tmp_path / "folder.html")
    with pytest.raises(RunError, match="there is no folder"):
        write_page(folder, tmp_path / "nowhere" / "p.html")
    assert mine.read_text() == "<p>mine"
    write_page(folder, mine, force=True)
    before = mine.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr("os.replace", lambda *args: (_ for _ in ()).throw(OSError("full")))
        with pytest.raises(OSError, match="full"):
            write_page(folder, mine)
    assert mine.read_bytes() == before
    write_page(folder, mine)  # a page of ours
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a", "folder.html", "mine.html"]
