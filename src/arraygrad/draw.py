"""The graph behind Variables as a picture: reads nodes, changes nothing.

DOT and Mermaid text need nothing else; SVG, PNG and PDF are made by Graphviz, which pygraphviz
brings along, or the program `dot`.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from arraygrad.backend import PYTHON_SCALARS
from arraygrad.engine import Node, Output
from arraygrad.errors import ArgumentError, DrawingError, DtypeError
from arraygrad.variable import Variable
from arraygrad.weights import whole_file

_TEXTS = {".dot": "dot", ".gv": "dot", ".mmd": "mermaid"}
_PICTURES = {".svg": "svg", ".png": "png", ".pdf": "pdf"}


class Item(NamedTuple):
    """One thing in the drawing; kind: "variable", "constant" or "function"."""

    kind: str
    label: str


class Graph:
    """What Variables were computed from: functions, the Variables between them, and constants.

    outputs: a Variable, or several. verbose: with shapes and dtypes. A notebook shows it as a
    picture where Graphviz is installed, else as a Mermaid diagram.

    Raises DtypeError for something else than Variables.

    >>> x = Variable(np.array(1.0), name="x")
    >>> print(Graph(x + x, verbose=False).dot())
    digraph g {
    1 [label="", color=orange, style=filled]
    2 [label="Add", color=lightblue, style=filled, shape=box]
    3 [label="x", color=orange, style=filled]
    2 -> 1
    3 -> 2
    3 -> 2
    }
    """

    def __init__(self, outputs: Variable | Sequence[Variable], verbose: bool = True) -> None:
        self.items: list[Item] = []
        self.links: list[tuple[int, int]] = []
        found: Sequence[Any] = outputs if isinstance(outputs, list | tuple) else [outputs]
        for y in found:
            if not isinstance(y, Variable):
                raise DtypeError(
                    f"Graph: got {type(y)}, expected a Variable, or a list of Variables, whose "
                    f"graph is to be drawn"
                )
        self._walk(found, verbose)

    def __repr__(self) -> str:
        functions = sum(item.kind == "function" for item in self.items)
        return f"<graph of {functions} functions>"

    def _walk(self, outputs: Sequence[Variable], verbose: bool) -> None:
        # A Variable of the graph is known by its node. What function made it is known by the
        # same node, if it has one output: hence the pairs.
        numbers: dict[Any, int] = {}
        pending: list[tuple[Node, int]] = []

        def place(key: Any, kind: str, label: str) -> tuple[int, bool]:
            if key in numbers:
                return numbers[key], False
            self.items.append(Item(kind, label))
            numbers[key] = len(self.items)
            return len(self.items), True

        def variable(node: Node) -> int:
            key = (node.parent, node.index) if isinstance(node, Output) else (node, 0)
            name = getattr(node, "y_name", None)
            n, new = place(key, "variable", _label(name, node.y_shape, node.y_dtype, verbose))
            if new and not node.is_leaf:
                pending.append((node, n))
            return n

        for y in outputs:
            if y._node is None:
                place(id(y), "constant", _label_of_constant(y, verbose))
            else:
                variable(y._node)
        while pending:
            node, n = pending.pop()
            creator = node.parent if isinstance(node, Output) else node
            f, new = place(("creator", creator), "function", type(creator).__name__)
            self.links.append((f, n))
            for edge, x in _inputs(creator) if new else ():
                if edge is None:
                    start, _ = place(object(), "constant", _label_of_constant(x, verbose))
                else:
                    start = variable(edge)
                self.links.append((start, f))

    def dot(self) -> str:
        """The graph in DOT, the language of Graphviz."""
        lines = ["digraph g {"]
        for n, (kind, label) in enumerate(self.items, 1):
            lines.append(f'{n} [label="{_escaped_for_dot(label)}", {_DOT_STYLE[kind]}]')
        lines += [f"{start} -> {end}" for start, end in self.links]
        return "\n".join([*lines, "}"])

    def mermaid(self) -> str:
        """The graph in Mermaid, which renders in Markdown on many sites and in JupyterLab."""
        lines = ["flowchart TD"]
        for n, (kind, label) in enumerate(self.items, 1):
            opening, closing = ("[", "]") if kind == "function" else ("([", "])")
            text = _escaped_for_mermaid(label) or " "
            lines.append(f'    n{n}{opening}"{text}"{closing}:::{kind}')
        lines += [f"    n{start} --> n{end}" for start, end in self.links]
        lines += [f"    classDef {kind} {style}" for kind, style in _MERMAID_STYLE.items()]
        return "\n".join(lines)

    def save(self, to_file: str | os.PathLike[str]) -> Picture:
        """Write the drawing to a file, whole or not at all; its suffix says as what.

        Always: .dot, .gv (DOT text), .mmd (Mermaid text). With Graphviz: .svg, .png, .pdf.
        Raises ArgumentError for another suffix, DrawingError where Graphviz is missing or fails.
        """
        return save(to_file, lambda: self)

    def _repr_svg_(self) -> str | None:
        try:
            return _renderer()(self.dot(), "svg").decode()
        except DrawingError:
            return None

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/plain": repr(self), "text/vnd.mermaid": self.mermaid()}


class Picture:
    """A drawing in a file; a notebook shows it. `path`: the file, `graph`: what it shows."""

    def __init__(self, path: Path, graph: Graph, content: bytes) -> None:
        self.path = path
        self.graph = graph
        self._content = content

    def __repr__(self) -> str:
        return f"<picture {str(self.path)!r}: {self.graph!r}>"

    def _repr_svg_(self) -> str | None:
        if self.path.suffix.lower() == ".png":
            return None
        if self.path.suffix.lower() == ".svg":
            return self._content.decode()
        return self.graph._repr_svg_()

    def _repr_png_(self) -> bytes | None:
        return self._content if self.path.suffix.lower() == ".png" else None


def save(to_file: str | os.PathLike[str], make: Callable[[], Graph]) -> Picture:
    """Write the graph that `make` returns to a file, as `Graph.save`.

    A suffix that is not known and a missing Graphviz are errors before `make` is called.
    """
    path = Path(to_file)
    suffix = path.suffix.lower()
    if suffix in _TEXTS:
        graph = make()
        content = (getattr(graph, _TEXTS[suffix])() + "\n").encode("utf-8", "replace")
    elif suffix in _PICTURES:
        render = _renderer()
        graph = make()
        content = render(graph.dot(), _PICTURES[suffix])
    else:
        raise ArgumentError(
            f"draw: got the file name {os.fspath(path)!r}, expected one that ends in "
            f"{', '.join([*_PICTURES, *_TEXTS])}"
        )
    with whole_file(path) as file:
        file.write(content)
    return Picture(path, graph, content)


def _inputs(node: Any) -> list[tuple[Node | None, Any]]:
    """The edges of a function with what is known of each constant among its inputs."""
    edges = node.edges
    try:
        xs = node.inputs
    except AttributeError:  # a node that is no Function: it has edges only
        xs = [None] * len(edges)
    pairs = list(zip(edges, xs, strict=True))
    definition = getattr(node, "definition", None)
    if definition is None or definition.variadic:
        return pairs
    # A constant is drawn though no rule asked for it; one that need not be given at all is not.
    optional = [definition.arguments[x].default is None for x in definition.differentiable]
    return [
        (edge, x)
        for (edge, x), is_optional in zip(pairs, optional, strict=True)
        if edge is not None or x is not None or not is_optional
    ]


def _label(name: str | None, shape: Any, dtype: Any, verbose: bool) -> str:
    label = "" if name is None else str(name)
    if verbose and shape is not None:
        what = f"{tuple(shape)} {str(dtype).rpartition('.')[2]}"
        label = f"{label}: {what}" if name is not None else what
    return label


def _label_of_constant(x: Any, verbose: bool) -> str:
    if type(x) in PYTHON_SCALARS:
        return repr(x)
    if x is None:  # no rule asked for it, and it was not kept
        return ""
    data = x._data
    if data is None:
        return _label(x.name, None, None, verbose)
    return _label(x.name, data.shape, data.dtype, verbose)


_DOT_STYLE = {
    "variable": "color=orange, style=filled",
    "constant": "color=gray, style=dashed",
    "function": "color=lightblue, style=filled, shape=box",
}
_MERMAID_STYLE = {
    "variable": "fill:orange,stroke:orange,color:black",
    "constant": "fill:white,stroke:gray,stroke-dasharray:4,color:black",
    "function": "fill:lightblue,stroke:lightblue,color:black",
}


def _escaped_for_dot(text: str) -> str:
    # In a quoted string of DOT the backslash begins an escape, and & a name as in HTML.
    text = text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
    return "".join(c if c >= " " else "\\n" if c == "\n" else " " for c in text)


def _escaped_for_mermaid(text: str) -> str:
    # Mermaid reads comments, directives, styles, Markdown and HTML also inside of quotes: what is
    # not surely plain text is written as the number of its character.
    text = text.replace("\n", "\0")
    text = "".join(c if c.isalnum() or c in " _.,-+*/=()\0:" else f"#{ord(c)};" for c in text)
    return re.sub(":(?! )", "#58;", text).replace("\0", "<br>")


def _renderer() -> Callable[[str, str], bytes]:
    """What makes pictures of DOT text here: pygraphviz, or else the program `dot`."""
    import shutil

    try:
        import pygraphviz  # type: ignore[import-not-found, unused-ignore]
    except ImportError:
        program = shutil.which("dot")
        if program is None:
            raise DrawingError(
                "draw: found neither pygraphviz nor the program dot, one of which makes .svg, "
                ".png and .pdf files; pip install pygraphviz, or install Graphviz, or choose a "
                "file name in .dot, .gv or .mmd, which are texts and need neither"
            ) from None
        return lambda text, kind: _run_dot(program, text, kind)

    def render(text: str, kind: str) -> bytes:
        try:
            content = pygraphviz.AGraph(string=text).draw(format=kind, prog="dot")
        except (ValueError, OSError, RuntimeError) as error:
            raise DrawingError(f"draw: pygraphviz could not make a {kind} file: {error}") from error
        return bytes(content)

    return render


def _run_dot(program: str, text: str, kind: str) -> bytes:
    import subprocess

    # A list, so that no shell reads it; text in, picture out, so that no other file is written.
    try:
        done = subprocess.run(
            [program, f"-T{kind}"], input=text.encode("utf-8", "replace"), capture_output=True
        )
    except OSError as error:
        raise DrawingError(f"draw: {program} cannot be run: {error}; install Graphviz") from error
    if done.returncode or not done.stdout:
        said = done.stderr.decode(errors="replace").strip()
        raise DrawingError(
            f"draw: {program} could not make a {kind} file (exit status {done.returncode}): "
            f"{said or 'it said nothing'}; write a .dot file to see what it was given"
        )
    return done.stdout
