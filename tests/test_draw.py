"""Graphs as DOT and Mermaid text, as pictures, and what a notebook shows."""

import os
import re
import shutil
import sys
from html import unescape
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import arraygrad as ag
import arraygrad.functions as F
import arraygrad.layers as L
from arraygrad import Buffer, Function, Model, Parameter, Variable, no_grad
from arraygrad.draw import Graph
from arraygrad.errors import ArgumentError, ArraygradError, DrawingError, DtypeError
from arraygrad.models import MLP
from arraygrad.utils import get_dot_graph, plot_dot_graph


def var(value, name=None, **kwargs):
    return Variable(np.array(value), name=name, **kwargs)


class SinCos(Function):
    def forward(self, x):
        return np.sin(x), np.cos(x)

    def backward(self, gs, gc):
        s, c = [y() for y in self.outputs]
        return gs * c - gc * s


def shown(graph):
    """What is linked with what, by kind and label, as a sorted list."""
    words = [
        (item.label or "?") if item.kind == "function" else f"({item.label or '?'})"
        for item in graph.items
    ]
    return sorted(f"{words[start - 1]} -> {words[end - 1]}" for start, end in graph.links)


# -- what is drawn


def test_the_text_of_a_small_graph():
    x0, x1 = var(1.0, "x0"), var(1.0, "x1")
    y = x0 * x1
    y.name = "y"
    assert get_dot_graph(y, verbose=False).splitlines() == [
        "digraph g {",
        '1 [label="y", color=orange, style=filled]',
        '2 [label="Mul", color=lightblue, style=filled, shape=box]',
        '3 [label="x0", color=orange, style=filled]',
        '4 [label="x1", color=orange, style=filled]',
        "2 -> 1",
        "3 -> 2",
        "4 -> 2",
        "}",
    ]
    assert '[label="y: () float64", ' in get_dot_graph(y)


def test_the_same_program_gives_the_same_text():
    def text():
        x = var([1.0, 2.0], "x")
        return get_dot_graph(F.sin(x) * x + F.exp(F.sin(x)) - 3)

    assert text() == text()


def test_shapes_and_dtypes_of_what_has_no_name():
    x = Variable(np.ones((2, 3), np.float32))
    labels = {item.label for item in Graph(F.sum(x * x, axis=0)).items}
    assert labels == {"(2, 3) float32", "(3,) float32", "Mul", "Sum"}
    assert {i.label for i in Graph(x * x, verbose=False).items} == {"", "Mul"}


def test_a_leaf_a_constant_and_nothing_yet():
    # A leaf was an AttributeError on None in the original.
    assert Graph(var(1.0, "x")).items == [("variable", "x: () float64")]
    assert Graph(var(1.0, "c", requires_grad=False)).items == [("constant", "c: () float64")]
    assert Graph(Parameter(None, name="W")).items == [("variable", "W")]
    with no_grad():
        y = var([1.0, 2.0]) * 2
    assert Graph(y).items == [("constant", "(2,) float64")]
    assert Graph(y).links == []


def test_a_function_of_ones_own_with_several_outputs():
    x = var(0.5, "x")
    s, c = SinCos()(x)
    s.name, c.name = "s", "c"
    links = ["(c) -> Mul", "(s) -> Mul", "(x) -> SinCos", "Mul -> (?)"]
    assert shown(Graph(s * c, verbose=False)) == sorted([*links, "SinCos -> (c)", "SinCos -> (s)"])
    # What is not used is not drawn, and need not be alive: dropping it broke the original.
    del c
    assert shown(Graph(s, verbose=False)) == ["(x) -> SinCos", "SinCos -> (s)"]
    # Seen through the creator it is the same output.
    again = s.creator.outputs[0]()
    assert shown(Graph([s, again], verbose=False)) == ["(x) -> SinCos", "SinCos -> (s)"]


def test_several_results_in_one_drawing():
    x = var(2.0, "x")
    a, b = x * x, F.exp(x)
    graph = Graph([a, b, x], verbose=False)
    assert [item.kind for item in graph.items].count("variable") == 3
    assert shown(graph) == ["(x) -> Exp", "(x) -> Mul", "(x) -> Mul", "Exp -> (?)", "Mul -> (?)"]


def test_constants_are_dashed():
    class Plus(Function):
        def forward(self, x, c):
            return x + c

    x = var([1.0, 2.0], "x")
    c = var([1.0, 1.0], "c", requires_grad=False)
    graph = Graph(Plus()(x * 3, c))
    assert "(3) -> Mul" in shown(graph)  # a number is its own label
    assert "((2,) float64) -> Plus" in shown(graph)
    assert [i.kind for i in graph.items].count("constant") == 2
    assert re.search(r"\[label=\"3\", color=gray, style=dashed\]", graph.dot())
    assert re.search(r'n\d+\(\["3"\]\):::constant', graph.mermaid())
    # A constant that no rule needs is drawn too, without its value, which was not kept.
    assert shown(Graph(x + 1, verbose=False)) == ["(?) -> Add", "(x) -> Add", "Add -> (?)"]


def test_an_input_that_was_not_given_is_not_drawn():
    x, W, b = var(np.ones((2, 3)), "x"), var(np.ones((3, 1)), "W"), var(np.ones(1), "b")
    assert shown(Graph(F.linear(x, W), verbose=False)) == [
        "(W) -> Linear", "(x) -> Linear", "Linear -> (?)",
    ]  # fmt: skip
    assert "(b) -> Linear" in shown(Graph(F.linear(x, W, b), verbose=False))


def test_compositions_and_any_number_of_inputs():
    x, y = var([1.0, 2.0], "x"), var([3.0], "y")
    graph = Graph(F.concat([x, y, np.ones(2)]), verbose=False)
    assert shown(graph) == ["(?) -> Concat", "(x) -> Concat", "(y) -> Concat", "Concat -> (?)"]
    # An op without rules shows what it is made of.
    functions = [i.label for i in Graph(F.rsub(x, y)).items if i.kind == "function"]
    assert functions == ["Sub"]


def test_a_graph_that_was_cut():
    x = var(2.0, "x")
    y = x * x
    z = F.exp(y)
    y.unchain()
    y.name = "y"
    z = z * 2
    z.unchain_backward()
    assert shown(Graph(z, verbose=False))[-1] == "Mul -> (?)"
    assert Graph(y, verbose=False).items == [("variable", "y")]


def test_higher_orders_as_in_step_35():
    x = var(1.0, "x")
    y = F.tanh(x)
    y.name = "y"
    y.backward(create_graph=True)
    sizes = []
    for i in range(6):
        gx = x.grad
        x.cleargrad()
        gx.backward(create_graph=True)
        gx.name = f"gx{i + 1}"
        graph = Graph(gx, verbose=False)
        sizes.append(sum(item.kind == "function" for item in graph.items))
        assert {"x", "y", gx.name} <= {item.label for item in graph.items}
    assert sizes == sorted(set(sizes))
    assert sizes[-1] > 100
    graph = Graph(x.grad)  # the 7th: some thousand things
    ends = [end for _, end in graph.links]
    for n, (kind, _) in enumerate(graph.items, 1):
        made_by = ends.count(n)
        assert made_by >= 1 if kind == "function" else made_by <= 1


def test_a_chain_that_is_longer_than_the_stack():
    y = x = var(1.0)
    for _ in range(5000):
        y = y + x
    assert repr(Graph(y)) == "<graph of 5000 functions>"
    assert len(Graph(y).dot().splitlines()) == 2 + 2 * 5000 + 1 + 3 * 5000


def test_inside_of_transforms():
    graphs = []

    def inner(y):
        z = y * y
        graphs.append(Graph(z, verbose=False))
        return z

    ag.grad(lambda x: x * ag.grad(inner)(x))(3.0)
    (graph,) = graphs
    # The argument of the inner one is a node of its own, equal to that of the outer one.
    assert shown(graph) == [
        "(?) -> Alias",
        "(?) -> Mul",
        "(?) -> Mul",
        "Alias -> (?)",
        "Mul -> (?)",
    ]


def test_drawing_changes_nothing():
    x = var([1.0, 2.0], "x")
    y = F.sin(x) * 2
    before = (x.grad, y.grad, y.name, y.creator, y.generation)
    Graph(y).mermaid()
    assert (x.grad, y.grad, y.name, y.creator, y.generation) == before
    y.sum().backward()
    np.testing.assert_array_equal(x.grad.data, 2 * np.cos(x.data))


@pytest.mark.parametrize("thing", [1.0, np.ones(2), None, "x", [var(1.0), 2.0]])
def test_something_else_than_a_variable(thing):
    with pytest.raises(DtypeError, match="Graph: got <class"):
        Graph(thing)


# -- names

DOT_LINE = re.compile(
    r'digraph g \{|\}|\d+ \[label="((?:[^"\\\n]|\\.)*)", color=\w+, style=\w+(, shape=box)?\]'
    r"|\d+ -> \d+"
)
MERMAID_LINE = re.compile(
    r'flowchart TD|    n\d+(\(\[|\[)"([^"`%<>{}\[\]\\;#]|#\d+;|<br>)+"(\]\)|\]):::\w+'
    r"|    n\d+ --> n\d+|    classDef \w+ [\w:,-]+"
)


def read_dot(label):
    """A label as Graphviz reads it: escapes, then names as in HTML."""
    text = re.sub(r"\\(.)", lambda m: "\n" if m[1] == "n" else m[1], label)
    return unescape(text)


def read_mermaid(label):
    return re.sub(r"#(\d+);", lambda m: chr(int(m[1])), label.replace("<br>", "\n"))


NAMES = [
    'a "quoted" name', "back\\slash", "ends in \\", "\\N \\G", "two\nlines", "</svg><script>",
    "&lt;", "%%{init: {}}%%", "`*markdown*`", "#35;", "]):::x", "日本語",
    "style a:#b;", "x: y:z", "\t",
]  # fmt: skip


@pytest.mark.parametrize("name", NAMES)
def test_no_name_breaks_the_text(name):
    check_name(name)


@given(st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1, max_size=12))
def test_no_text_at_all_breaks_the_text(name):
    check_name(name)


def check_name(name):
    x = var(1.0, name)
    graph = Graph(x * x, verbose=False)
    dot, mermaid = graph.dot(), graph.mermaid()
    lines = dot.split("\n")
    assert all(DOT_LINE.fullmatch(line) for line in lines), dot
    assert len(lines) == 8
    expected = name.replace("\t", " ")
    if (
        "&" not in name
    ):  # Python's unescape knows names without a semicolon, which Graphviz does not
        assert read_dot(DOT_LINE.fullmatch(lines[3])[1]) == expected
    lines = mermaid.split("\n")
    assert all(MERMAID_LINE.fullmatch(line) for line in lines), mermaid
    label = re.search(r'"(.*)"', lines[3])[1]
    assert read_mermaid(label) == expected or name == "\t"


# -- files


@pytest.fixture
def no_graphviz(monkeypatch):
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setenv("PATH", "")


@pytest.fixture
def fake_dot(monkeypatch, tmp_path_factory):
    """A program `dot` that notes how it was called; the test says what it answers."""
    if os.name == "nt":
        pytest.skip("a script with a #! line is no program on Windows")
    folder = tmp_path_factory.mktemp("bin")
    answer = folder / "answer.py"
    program = folder / "dot"
    program.write_text(
        f"#!{sys.executable}\n"
        "import sys, pathlib\n"
        f"here = pathlib.Path({str(folder)!r})\n"
        "here.joinpath('args').write_text('|'.join(sys.argv[1:]))\n"
        "here.joinpath('text').write_bytes(sys.stdin.buffer.read())\n"
        "exec(here.joinpath('answer.py').read_text())\n"
    )
    program.chmod(0o755)
    answer.write_text("print('<svg/>')")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    monkeypatch.setenv("PATH", str(folder))
    return folder


def y_of_x():
    x = var(1.0, "x")
    return F.sin(x) + 1


@pytest.mark.parametrize(("suffix", "method"), [("dot", "dot"), ("gv", "dot"), ("MMD", "mermaid")])
def test_texts_need_no_graphviz(no_graphviz, tmp_path, suffix, method):
    y = y_of_x()
    picture = plot_dot_graph(y, to_file=tmp_path / f"graph.{suffix}")
    assert picture.path.read_text(encoding="utf-8") == getattr(Graph(y), method)() + "\n"
    assert os.listdir(tmp_path) == [f"graph.{suffix}"]
    assert Graph(y).save(str(tmp_path / "other.dot")).path.exists()


def test_without_graphviz_the_error_says_what_to_install(no_graphviz, tmp_path):
    for name in ("graph.png", "graph.svg", "graph.pdf"):
        with pytest.raises(DrawingError, match="pip install pygraphviz") as caught:
            plot_dot_graph(y_of_x(), to_file=tmp_path / name)
        assert isinstance(caught.value, RuntimeError)
    assert os.listdir(tmp_path) == []
    assert Graph(y_of_x())._repr_svg_() is None
    assert Graph(y_of_x())._repr_mimebundle_()["text/vnd.mermaid"].startswith("flowchart")


@pytest.mark.parametrize("name", ["graph", "graph.jpeg2", "g.png; touch x", ".png", ""])
def test_an_unknown_suffix(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(ArgumentError, match=r"expected one that ends in \.svg, \.png, \.pdf"):
        plot_dot_graph(y_of_x(), to_file=name)
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize("kind", ["svg", "png", "pdf"])
def test_how_dot_is_called(fake_dot, tmp_path, monkeypatch, kind):
    monkeypatch.chdir(tmp_path)
    y = y_of_x()
    name = f"$(touch y);  'q' &.{kind}"  # the original gave such a name to a shell
    picture = plot_dot_graph(y, verbose=False, to_file=name)
    assert (fake_dot / "args").read_text() == f"-T{kind}"
    assert (fake_dot / "text").read_text() == get_dot_graph(y, verbose=False)
    assert os.listdir(tmp_path) == [name]
    assert picture.path.read_text() == "<svg/>\n"
    assert repr(picture) == f"<picture {name!r}: <graph of 2 functions>>"


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("print('half'); sys.stderr.write('syntax error'); sys.exit(3)", "3.*syntax error"),
        ("pass", "it said nothing"),
    ],
)
def test_a_dot_that_fails_leaves_the_old_file(fake_dot, tmp_path, answer, message):
    path = tmp_path / "graph.svg"
    path.write_text("old")
    (fake_dot / "answer.py").write_text(answer)
    with pytest.raises(DrawingError, match=message):
        plot_dot_graph(y_of_x(), to_file=path)
    assert path.read_text() == "old"
    assert os.listdir(tmp_path) == ["graph.svg"]


def test_a_dot_that_is_no_program(fake_dot, tmp_path):
    (fake_dot / "dot").write_bytes(b"\x7fELF no program")
    with pytest.raises(DrawingError, match="cannot be run"):
        plot_dot_graph(y_of_x(), to_file=tmp_path / "graph.svg")
    assert os.listdir(tmp_path) == []


def test_what_a_notebook_shows(fake_dot, tmp_path):
    assert Graph(y_of_x())._repr_svg_() == "<svg/>\n"
    svg = plot_dot_graph(y_of_x(), to_file=tmp_path / "graph.svg")
    assert (svg._repr_svg_(), svg._repr_png_()) == ("<svg/>\n", None)
    png = plot_dot_graph(y_of_x(), to_file=tmp_path / "graph.png")
    assert (png._repr_svg_(), png._repr_png_()) == (None, b"<svg/>\n")
    pdf = plot_dot_graph(y_of_x(), to_file=tmp_path / "graph.pdf")
    assert (pdf._repr_svg_(), pdf._repr_png_()) == ("<svg/>\n", None)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(FileNotFoundError):
        plot_dot_graph(y_of_x(), to_file=tmp_path / "no" / "graph.dot")


def check_pictures(tmp_path):
    x = var(1.0, 'the "<x>" & &lt; \\N')
    y = F.sin(x) * 2
    svg = plot_dot_graph(y, to_file=tmp_path / "graph.svg")
    root = ElementTree.fromstring(svg.path.read_bytes())
    texts = {e.text for e in root.iter("{http://www.w3.org/2000/svg}text")}
    assert texts == {'the "<x>" & &lt; \\N: () float64', "() float64", "Sin", "Mul", "2"}
    assert svg._repr_svg_() == svg.path.read_text(encoding="utf-8")
    png = plot_dot_graph(y, to_file=tmp_path / "graph.png")
    assert png.path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert plot_dot_graph(y, to_file=tmp_path / "g.pdf").path.read_bytes().startswith(b"%PDF-")


def test_pictures_by_pygraphviz(tmp_path, monkeypatch):
    pytest.importorskip("pygraphviz", reason="pygraphviz (the extra `draw`) is not installed")
    monkeypatch.setenv("PATH", "")
    check_pictures(tmp_path)


def test_pictures_by_dot(tmp_path, monkeypatch):
    if shutil.which("dot") is None:
        pytest.skip("the program dot (Graphviz) is not installed")
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    check_pictures(tmp_path)


# -- models


class Stateful(Model):
    """What a call could change: sizes, a buffer, an attribute, random numbers."""

    def __init__(self):
        self.l1 = L.Linear(4)
        self.l2 = L.Linear(2, in_size=4)
        self.calls = Buffer(np.zeros(1))
        self.h = None

    def forward(self, x, y=None):
        self.calls.data = self.calls.data + 1
        self.h = F.dropout(F.tanh(self.l1(x)))
        return self.l2(self.h) if y is None else [self.l2(self.h), F.sum(y)]


def test_plot_of_a_model(tmp_path):
    model = MLP((10, 3))
    x = Variable(np.ones((5, 2)), name="data")
    graph = model.plot(x, to_file=tmp_path / "model.dot").graph
    labels = [item.label for item in graph.items]
    assert labels.count("Linear") == 2
    assert {"data: (5, 2) float64", "W: (2, 10) float32", "b: (3,) float32"} <= set(labels)
    shape = model.plot((5, 2), to_file=tmp_path / "model.dot").graph
    assert "x: (5, 2) float32" in [item.label for item in shape.items]
    with no_grad():
        assert len(model.plot(np.ones((5, 2)), to_file=tmp_path / "m.dot").graph.items) == len(
            labels
        )


def test_plot_of_a_model_with_several_inputs_and_outputs(tmp_path):
    x = np.ones((3, 2))
    graph = Stateful().plot(x, x, to_file=tmp_path / "model.mmd").graph
    assert {"x0: (3, 2) float64", "x1: (3, 2) float64", "Sum"} <= {i.label for i in graph.items}


def test_plot_leaves_the_model_as_it_was(tmp_path):
    model = Stateful()
    W = model.l2.W.data.copy()
    np.random.seed(0)
    expected = np.random.rand()
    np.random.seed(0)
    x = Variable(np.ones((3, 2)))
    model.plot(x, to_file=tmp_path / "model.dot")
    assert np.random.rand() == expected
    assert model.l1.W.data is None
    assert model.calls.data == 0
    assert model.h is None
    assert x.name is None
    np.testing.assert_array_equal(model.l2.W.data, W)
    assert model(x).shape == (3, 2)


def test_plot_of_a_model_that_cannot_be_drawn(tmp_path):
    class Uncalled(Model):
        def forward(self, x):
            raise AssertionError("called before the file name was checked")

    with pytest.raises(ArgumentError, match=r"model\.bmp"):
        Uncalled().plot(np.ones(3), to_file="model.bmp")
    with pytest.raises(ArraygradError):  # data that does not fit
        MLP((2,)).plot(np.ones(()), to_file=tmp_path / "model.dot")
    assert os.listdir(tmp_path) == []


# -- tables in notebooks


def test_html_of_variables():
    x = var([[1.0, 2.0], [3.0, 4.0]], "<b>x</b> & 'y'")
    html = x._repr_html_()
    assert "&lt;b&gt;x&lt;/b&gt; &amp; &#x27;y&#x27;" in html
    assert "<b>" not in html
    assert "<td>(2, 2)</td><td>float64</td><td>cpu</td><td>yes, a leaf</td>" in html
    assert "<pre>[[1. 2.]\n [3. 4.]]</pre>" in html
    assert "yes, the result of Mul" in (x * 2)._repr_html_()
    assert "no, a constant" in x.detach()._repr_html_()
    assert "none yet" in Parameter(None, name="W")._repr_html_()
    ElementTree.fromstring(f"<div>{html}</div>")


def test_html_of_layers():
    model = MLP((10, 3))
    before = model._repr_html_()
    assert "<td>l0/W</td><td>known at the first call</td>" in before
    model(np.ones((5, 2), np.float32))
    html = model._repr_html_()
    assert "<td>l0/W</td><td>(2, 10)</td><td>float32</td><td>20</td>" in html
    assert "<td>all</td><td></td><td></td><td>63</td>" in html
    ElementTree.fromstring(html)
    assert "<caption>Dropout(0.5)</caption>" in L.Dropout()._repr_html_()


def test_the_package_does_not_import_the_drawing():
    assert "draw" in dir(ag)
    assert ag.draw.Graph is Graph
