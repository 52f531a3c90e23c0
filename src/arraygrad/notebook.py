"""What a notebook shows for Variables and layers: a small table, every text of it escaped."""

from __future__ import annotations

from collections.abc import Iterable
from html import escape
from math import prod
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from arraygrad.layers import Layer


def html_of_variable(x: Any) -> str:
    """Its numbers, shape, dtype and device, and whether operations on it are tracked.

    >>> x = Variable(np.array([1.0, 2.0]), name="<x>")
    >>> print(html_of_variable(x))
    <table>
    <caption>Variable &lt;x&gt;</caption>
    <tr><th>shape</th><th>dtype</th><th>device</th><th>tracked</th></tr>
    <tr><td>(2,)</td><td>float64</td><td>cpu</td><td>yes, a leaf</td></tr>
    </table>
    <pre>[1. 2.]</pre>
    """
    creator = x.creator
    tracked = "yes, a leaf" if creator is None else f"yes, the result of {type(creator).__name__}"
    if not x.requires_grad:
        tracked = "no, a constant"
    caption = type(x).__name__ if x.name is None else f"{type(x).__name__} {x.name}"
    if x._data is None:
        return _table(caption, ("tracked", "data"), [(tracked, "none yet")])
    row = (tuple(x.shape), _name(x.dtype), x.device, tracked)
    numbers = repr(x).removeprefix("variable(").removesuffix(")").replace("\n" + " " * 9, "\n")
    table = _table(caption, ("shape", "dtype", "device", "tracked"), [row])
    return f"{table}\n<pre>{escape(numbers)}</pre>"


def html_of_layer(layer: Layer) -> str:
    """Its parameters, with shapes, dtypes and how many numbers they hold.

    >>> from arraygrad.layers import Linear
    >>> print(html_of_layer(Linear(3, in_size=2)))
    <table>
    <caption>Linear(3, in_size=2)</caption>
    <tr><th>parameter</th><th>shape</th><th>dtype</th><th>numbers</th></tr>
    <tr><td>W</td><td>(2, 3)</td><td>float32</td><td>6</td></tr>
    <tr><td>b</td><td>(3,)</td><td>float32</td><td>3</td></tr>
    <tr><td>all</td><td></td><td></td><td>9</td></tr>
    </table>
    """
    rows: list[tuple[Any, ...]] = []
    total = 0
    for name, p in layer.named_params():
        if p.data is None:
            rows.append((name, "known at the first call", "", ""))
        else:
            rows.append((name, tuple(p.shape), _name(p.dtype), f"{prod(p.shape):,}"))
            total += prod(p.shape)
    rows.append(("all", "", "", f"{total:,}"))
    return _table(repr(layer), ("parameter", "shape", "dtype", "numbers"), rows)


def _name(dtype: Any) -> str:
    return str(dtype).rpartition(".")[2]


def _table(caption: str, head: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    lines = ["<table>", f"<caption>{escape(caption)}</caption>"]
    lines.append("<tr>" + "".join(f"<th>{escape(text)}</th>" for text in head) + "</tr>")
    for row in rows:
        lines.append("<tr>" + "".join(f"<td>{escape(str(cell))}</td>" for cell in row) + "</tr>")
    return "\n".join([*lines, "</table>"])
