"""One graph for batches of any size, out of graphs that were traced with batches of three sizes.

What a model does with the size of a batch is ordinary Python: products of lengths, loops, shapes
for `reshape` and `zeros`. So the sizes are told, not asked: the same model is traced with three,
and the graphs are compared. Where they differ in whole numbers that are c + k * size, nodes that
compute these numbers from an input take their place. Any other difference is an error.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import onnx
from onnx import helper

from arraygrad_onnx.errors import ExportError
from arraygrad_onnx.graphs import Graph, subgraphs

SIZE = "batch"
Line = tuple[Any, Any]  # (c, k) of c + k * size


def sizes_for(taken: set[int]) -> tuple[int, int, int]:
    """Three sizes that no other length of the inputs and weights is equal to.

    >>> sizes_for({2, 5})
    (3, 7, 11)
    """
    primes = (p for p in range(3, 10**6) if all(p % d for d in range(2, int(p**0.5) + 1)))
    found = (p for p in primes if p not in taken)
    return next(found), next(found), next(found)


def merge(who: str, graphs: Sequence[Graph], sizes: Sequence[int], inputs: Sequence[str]) -> Graph:
    """The first graph, made to hold for a batch of any size; `inputs` have it for their axis 0."""
    for graph in graphs:
        graph.number(merge_equal=False)
    first = graphs[0]
    _check_nodes(who, graphs, sizes)
    merging = _Merging(who, first, sizes, inputs[0])
    for name in list(first.consts):
        values = [graph.consts[name] for graph in graphs]
        if not all(_same(values[0], value) for value in values[1:]):
            merging.replace(name, values)
    first.nodes = [*merging.made, *first.nodes]
    for info in first.inputs:
        if info.name in inputs:
            info.type.tensor_type.shape.dim[0].dim_param = SIZE
    for infos in zip(*(graph.outputs for graph in graphs), strict=True):
        _merge_shapes(infos, sizes)
    return first


def _check_nodes(who: str, graphs: Sequence[Graph], sizes: Sequence[int]) -> None:
    for other, size in zip(graphs[1:], sizes[1:], strict=True):
        texts = [[n.SerializeToString(deterministic=True) for n in graph.nodes]
                 for graph in (graphs[0], other)]  # fmt: skip
        different = [i for i, pair in enumerate(zip(*texts, strict=False)) if pair[0] != pair[1]]
        if different or len(texts[0]) != len(texts[1]) or [*graphs[0].consts] != [*other.consts]:
            at = ""
            if different:
                node = graphs[0].nodes[different[0]]
                at = f", first in node {node.name}"
                at += " (in a branch of it)" if any(subgraphs([node])) else ""
            raise ExportError(
                f"export: {who} computes something else for a batch of {size} than for one of "
                f"{sizes[0]}: {len(texts[1])} nodes and {len(texts[0])}{at}; expected the same "
                "steps for all sizes: take loops over samples and branches on len(x) out of it, "
                "or export it for one size with dynamic_batch=False"
            )


class _Merging:
    """What `merge` makes for the constants that depend on the size of the batch."""

    def __init__(self, who: str, graph: Graph, sizes: Sequence[int], source: str) -> None:
        self.who, self.graph, self.sizes, self.source = who, graph, sizes, source
        self.made: list[onnx.NodeProto] = []
        self.consumers = graph.consumers()

    def replace(self, name: str, values: Sequence[np.ndarray[Any, Any]]) -> None:
        """Take a constant out of the graph: it depends on the size."""
        del self.graph.consts[name]
        if len({value.shape for value in values}) > 1:
            self._spread(name, values)
            return
        if values[0].ndim > 1 or values[0].dtype.kind not in "iuf":
            raise self._unknown(values)
        if values[0].dtype.kind == "f":
            self._compute_number(name, values)
            return
        line = _line(values, self.sizes)
        if line is None:
            raise self._unknown(values)
        c, k = line
        one = np.count_nonzero(k) == 1 and (np.where(k, 1, c) > 0).all()
        if one and self._is_shape_for_reshape(name):
            self.graph.consts[name] = np.where(k, -1, c)
        else:
            self._compute(name, c, k)

    def _is_shape_for_reshape(self, name: str) -> bool:
        nodes = self.consumers[name]
        return all(n.op_type == "Reshape" and [*n.input].index(name) == 1 for n in nodes)

    def _compute(self, name: str, c: Any, k: Any) -> None:
        """Nodes for c + k * size, of the shape of c: () or (n,)."""
        parts = []
        vector = c.reshape(-1)
        for value, factor in zip(vector.tolist(), k.reshape(-1).tolist(), strict=True):
            part = self._size()
            if factor == 0:
                parts.append(self._const([value]))
                continue
            if factor != 1:
                part = self._node("Mul", part, self._const([factor]))
            if value != 0:
                part = self._node("Add", part, self._const([value]))
            parts.append(part)
        if c.ndim == 0:
            self._node("Squeeze", parts[0], out=name)
        elif len(parts) == 1:
            self._node("Identity", parts[0], out=name)
        else:
            self._node("Concat", *parts, out=name, axis=0)

    def _compute_number(self, name: str, values: Sequence[np.ndarray[Any, Any]]) -> None:
        """Nodes for c + k * size with whole c and k, or for c / size, as floating-point numbers."""
        dtype = helper.np_dtype_to_tensor_dtype(values[0].dtype)
        whole = [np.rint(value).astype(np.int64) for value in values]
        line = _line(whole, self.sizes)
        if line is not None and all(
            np.array_equal(w, v) for w, v in zip(whole, values, strict=True)
        ):
            self._compute(f"whole {name}", *line)
            self._node("Cast", f"whole {name}", out=name, to=dtype)
            return
        shares = [value * size for value, size in zip(values, self.sizes, strict=True)]
        close = np.finfo(values[0].dtype).eps * 4
        if not all(np.allclose(share, shares[0], close, 0) for share in shares):
            raise self._unknown(values)
        share = self._node("Cast", self._size(), to=dtype)
        numerator = f"share of {name}"
        # Whole numbers were divided, most likely; what was rounded is not kept.
        nearest = np.rint(shares[0])
        exact = np.where(np.isclose(shares[0], nearest, close, 0), nearest, shares[0])
        self.graph.consts[numerator] = np.asarray(exact, values[0].dtype)
        if values[0].ndim == 0:
            share = self._node("Squeeze", share)
        self._node("Div", numerator, share, out=name)

    def _spread(self, name: str, values: Sequence[np.ndarray[Any, Any]]) -> None:
        """An array of a shape that depends on the size, the same all along: an Expand of it."""
        shapes = [np.array(value.shape, np.int64) for value in values]
        line = _line(shapes, self.sizes) if len({len(s) for s in shapes}) == 1 else None
        if line is None:
            raise self._unknown(values)
        key = tuple(slice(0, 1) if factor else slice(None) for factor in line[1])
        cells = [value[key] for value in values]
        uniform = all((value == value[key]).all() and _same(value[key], cells[0])
                      for value in values)  # fmt: skip
        if not uniform:
            raise self._unknown(values)
        cell, shape = f"cell of {name}", f"shape of {name}"
        self.graph.consts[cell] = cells[0]
        self._compute(shape, *line)
        self._node("Expand", cell, shape, out=name)

    def _size(self) -> str:
        if not self.made:
            self._node("Shape", self.source, out="size of batch", start=0, end=1)
        return "size of batch"

    def _const(self, values: list[int]) -> str:
        name = f"numbers {values}"
        self.graph.consts[name] = np.array(values, np.int64)
        return name

    def _node(self, op_type: str, *inputs: str, out: str | None = None, **attributes: Any) -> str:
        out = out or f"made {len(self.made)}"
        self.made.append(helper.make_node(op_type, inputs, [out], **attributes))
        return out

    def _unknown(self, values: Sequence[np.ndarray[Any, Any]]) -> ExportError:
        words = [str(value) if value.size <= 6 else f"an array of shape {value.shape}"
                 for value in values]  # fmt: skip
        told = ", ".join(f"{w} for {n}" for w, n in zip(words, self.sizes, strict=True))
        return ExportError(
            f"export: {self.who} computes with numbers that depend on the size of the batch: "
            f"{told}; expected whole numbers c + k * size, or shares c / size; export it for one "
            "size with dynamic_batch=False"
        )


def _same(a: np.ndarray[Any, Any], b: np.ndarray[Any, Any]) -> bool:
    return a.dtype == b.dtype and a.shape == b.shape and a.tobytes() == b.tobytes()


def _line(values: Sequence[Any], sizes: Sequence[int]) -> Line | None:
    """c and k, if all values are c + k * size."""
    a, b = (np.asarray(value, np.int64) for value in values[:2])
    k = (b - a) // (sizes[1] - sizes[0])
    c = a - k * sizes[0]
    fits = all(np.array_equal(c + k * n, v) for n, v in zip(sizes, values, strict=True))
    return (c, k) if fits else None


def _merge_shapes(infos: Sequence[onnx.ValueInfoProto], sizes: Sequence[int]) -> None:
    """Write lengths that depend on the size as text into the first of the results."""
    dims = [info.type.tensor_type.shape.dim for info in infos]
    if len({len(d) for d in dims}) != 1:
        infos[0].type.tensor_type.ClearField("shape")
        return
    for lengths in zip(*dims, strict=True):
        values = [d.dim_value for d in lengths]
        if len(set(values)) == 1:
            continue
        line = _line(values, sizes)
        if line is None:
            lengths[0].Clear()
            continue
        c, k = (int(part) for part in line)
        text = SIZE if k == 1 else f"{k}*{SIZE}"
        lengths[0].dim_param = text if c == 0 else f"{text}{c:+}"
