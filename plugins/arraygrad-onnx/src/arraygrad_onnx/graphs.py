"""An ONNX graph as lists and dicts, and what makes it shorter without changing its results."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import onnx
from onnx import helper, inliner, numpy_helper, shape_inference
from onnx.reference import ReferenceEvaluator

# Constants of any size can be made by these: they stay nodes.
_GROWING = {"ConstantOfShape", "Expand", "Range", "Tile"}
_RANDOM = {"Bernoulli", "Multinomial", "RandomNormal", "RandomNormalLike", "RandomUniform",
           "RandomUniformLike"}  # fmt: skip
_SMALL = 4096
# Constants with a name that is kept, such as "weight:l0/W", have a colon in it.
_NAMED = ":"


class Graph:
    """A graph whose constants are NumPy arrays by name, and whose nodes are in order."""

    def __init__(self, model: onnx.ModelProto) -> None:
        if model.functions:
            model = inliner.inline_local_functions(model)
        graph = model.graph
        self.ir_version = model.ir_version
        self.opsets = list(model.opset_import)
        self.inputs = list(graph.input)
        self.outputs = list(graph.output)
        self.nodes: list[onnx.NodeProto] = list(graph.node)
        self.consts = {t.name: numpy_helper.to_array(t) for t in graph.initializer}

    def to_model(self, name: str = "graph") -> onnx.ModelProto:
        """The graph as an ONNX model."""
        graph = helper.make_graph(
            self.nodes,
            name,
            self.inputs,
            self.outputs,
            [numpy_helper.from_array(np.ascontiguousarray(a) if a.ndim else a, n)
             for n, a in self.consts.items()],
        )  # fmt: skip
        return helper.make_model(
            graph, opset_imports=self.opsets, ir_version=self.ir_version, producer_name="arraygrad"
        )

    def simplify(self) -> None:
        """Compute what follows from constants and shapes, until nothing more does."""
        while self._step():
            pass
        self._drop_unused()

    def _step(self) -> bool:
        before = len(self.nodes)
        self._shapes_to_consts()
        self._alias()
        self._choose_branches()
        self._drop_unused()
        self._fold()
        self._drop_unused()
        return len(self.nodes) != before

    def _shapes_to_consts(self) -> None:
        """Constant nodes, and the shapes and sizes of arrays whose shape is known."""
        shapes = self.shapes()
        kept = []
        for node in self.nodes:
            shape = shapes.get(node.input[0]) if node.input else None
            if node.op_type == "Constant":
                self.consts[node.output[0]] = _constant(node)
            elif node.op_type == "Shape" and shape is not None:
                start, end = (_attribute(node, key, None) for key in ("start", "end"))
                self.consts[node.output[0]] = np.array(shape[start:end], np.int64)
            elif node.op_type == "Size" and shape is not None:
                self.consts[node.output[0]] = np.array(np.prod(shape, dtype=np.int64))
            else:
                kept.append(node)
        self.nodes = kept

    def shapes(self) -> dict[str, tuple[int, ...]]:
        """The shapes of all arrays of which every length is known."""
        model = shape_inference.infer_shapes(self._light_model())
        found = {}
        for info in (*model.graph.input, *model.graph.value_info, *model.graph.output):
            dims = info.type.tensor_type.shape.dim
            known = info.type.tensor_type.HasField("shape")
            if known and all(d.HasField("dim_value") for d in dims):
                found[info.name] = tuple(d.dim_value for d in dims)
        return found | {name: a.shape for name, a in self.consts.items()}

    def _light_model(self) -> onnx.ModelProto:
        """The model with large constants as inputs, of which inference needs only the shape."""
        small = {n: a for n, a in self.consts.items() if a.size <= _SMALL}
        inputs = [_info(n, a) for n, a in self.consts.items() if n not in small]
        tensors = [numpy_helper.from_array(a, n) for n, a in small.items()]
        graph = helper.make_graph(
            self.nodes, "light", [*self.inputs, *inputs], self.outputs, tensors
        )
        return helper.make_model(graph, opset_imports=self.opsets, ir_version=self.ir_version)

    def _alias(self) -> None:
        """Remove Identity nodes, but for those that give an input or a constant another name."""
        public = {info.name for info in self.outputs}
        made = {name for node in self.nodes for name in node.output}
        names: dict[str, str] = {}
        kept = []
        for node in self.nodes:
            if node.op_type != "Identity":
                kept.append(node)
                continue
            x, y = node.input[0], node.output[0]
            while x in names:
                x = names[x]
            if y not in public:
                names[y] = x
            elif x in made and x not in public:
                names[x] = y
            else:
                kept.append(node)
        self.nodes = kept
        self.rename(names)

    def rename(self, names: dict[str, str]) -> None:
        """Give arrays other names, in subgraphs too."""

        def last(name: str) -> str:
            while name in names:
                name = names[name]
            return name

        for node in _all_nodes(self.nodes):
            for part in (node.input, node.output):
                part[:] = [last(name) for name in part]
        for graph in subgraphs(self.nodes):
            for info in graph.output:
                info.name = last(info.name)
        self.consts = {last(name): a for name, a in self.consts.items()}

    def share(self) -> None:
        """Compute once what is computed twice; for this, equal constants must be one."""
        public = {info.name for info in self.outputs}
        seen: dict[Any, onnx.NodeProto] = {}
        names: dict[str, str] = {}
        kept = []
        for node in self.nodes:
            node.input[:] = [names.get(name, name) for name in node.input]
            bare = onnx.NodeProto()
            bare.CopyFrom(node)
            bare.ClearField("name")
            bare.ClearField("output")
            key = (bare.SerializeToString(deterministic=True), len(node.output))
            own = node.op_type in _RANDOM or any(subgraphs([node]))
            first = node if own else seen.setdefault(key, node)
            if first is node or not public.isdisjoint(node.output):
                kept.append(node)
            else:
                names |= dict(zip(node.output, first.output, strict=True))
        self.nodes = kept
        self.rename(names)

    def _choose_branches(self) -> None:
        """Put the branch of an If that will be taken in its place, where that is known."""
        nodes: list[onnx.NodeProto] = []
        for node in self.nodes:
            if node.op_type != "If" or node.input[0] not in self.consts:
                nodes.append(node)
                continue
            key = "then_branch" if self.consts[node.input[0]].item() else "else_branch"
            branch = next(a.g for a in node.attribute if a.name == key)
            nodes.extend(branch.node)
            for tensor in branch.initializer:
                self.consts[tensor.name] = numpy_helper.to_array(tensor)
            inner = [info.name for info in branch.output]
            for x, y in zip(inner, node.output, strict=True):
                nodes.append(helper.make_node("Identity", [x], [y]))
        self.nodes = nodes

    def _fold(self) -> None:
        """Compute the nodes that need nothing but constants, other than results."""
        public = {info.name for info in self.outputs}
        known = {*self.consts, ""}
        folded = []
        for node in self.nodes:
            growing = node.op_type in _GROWING and not self._is_small(node)
            if growing or node.op_type in _RANDOM or any(subgraphs([node])):
                continue
            if known.issuperset(node.input) and node.input and public.isdisjoint(node.output):
                folded.append(node)
                known.update(node.output)
        outputs = [name for node in folded for name in node.output if name]
        needed = {name: self.consts[name] for node in folded for name in node.input
                  if name in self.consts}  # fmt: skip
        graph = helper.make_graph(
            folded,
            "constants",
            [_info(name, a) for name, a in needed.items()],
            [onnx.ValueInfoProto(name=name) for name in outputs],
        )
        model = helper.make_model(graph, opset_imports=self.opsets, ir_version=self.ir_version)
        if not folded:
            return
        values = ReferenceEvaluator(model).run(None, needed)
        gone = {id(node) for node in folded}
        self.nodes = [node for node in self.nodes if id(node) not in gone]
        self.consts |= {n: np.asarray(a) for n, a in zip(outputs, values, strict=True)}

    def _is_small(self, node: onnx.NodeProto) -> bool:
        places = {"Expand": 1, "ConstantOfShape": 0}
        name = node.input[places[node.op_type]] if node.op_type in places else ""
        return name in self.consts and int(np.prod(self.consts[name])) <= _SMALL

    def _drop_unused(self) -> None:
        used = {info.name for info in self.outputs}
        kept = []
        for node in reversed(self.nodes):
            if any(name in used for name in node.output):
                kept.append(node)
                used.update(name for inner in _all_nodes([node]) for name in inner.input)
                used.update(o.name for graph in subgraphs([node]) for o in graph.output)
        self.nodes = kept[::-1]
        self.consts = {name: a for name, a in self.consts.items() if name in used}

    def consumers(self) -> dict[str, list[onnx.NodeProto]]:
        """The nodes that read each array, the graph's results not counted."""
        found: dict[str, list[onnx.NodeProto]] = {}
        for node in self.nodes:
            for name in {name for inner in _all_nodes([node]) for name in inner.input}:
                found.setdefault(name, []).append(node)
        return found

    def number(self, merge_equal: bool = True) -> None:
        """Name nodes and arrays by operator and number; equal constants become one."""
        public = {info.name for info in (*self.inputs, *self.outputs)}
        names: dict[str, str] = {}
        counts: dict[str, int] = {}
        equal: dict[Any, str] = {}
        for node in _all_nodes(self.nodes):
            i = counts[node.op_type] = counts.get(node.op_type, -1) + 1
            node.name = f"{node.op_type}_{i}"
            for j, name in enumerate(node.output):
                if name and name not in public:
                    names[name] = f"{node.name}_{j}" if j else node.name
        for name in list(self.consts):
            if _NAMED in name:
                continue
            a = self.consts.pop(name)
            key = (str(a.dtype), a.shape, a.tobytes()) if merge_equal else name
            names[name] = equal.setdefault(key, f"const_{len(equal)}")
            self.consts[name] = a
        self.rename_once(names)

    def rename_once(self, names: dict[str, str]) -> None:
        """`rename` where old and new names may be the same words."""
        self.rename({old: f"\0{new}" for old, new in names.items()})
        self.rename({f"\0{new}": new for new in set(names.values())})


def _info(name: str, a: np.ndarray[Any, Any]) -> onnx.ValueInfoProto:
    return helper.make_tensor_value_info(name, helper.np_dtype_to_tensor_dtype(a.dtype), a.shape)


def _attribute(node: onnx.NodeProto, name: str, default: Any) -> Any:
    for attribute in node.attribute:
        if attribute.name == name:
            return helper.get_attribute_value(attribute)
    return default


def _constant(node: onnx.NodeProto) -> np.ndarray[Any, Any]:
    (attribute,) = node.attribute
    value = helper.get_attribute_value(attribute)
    if isinstance(value, onnx.TensorProto):
        return numpy_helper.to_array(value)
    dtype = np.float32 if "float" in attribute.name else np.int64
    return np.array(value, dtype)


def subgraphs(nodes: list[onnx.NodeProto]) -> Iterator[onnx.GraphProto]:
    for node in nodes:
        for attribute in node.attribute:
            for graph in (attribute.g, *attribute.graphs):
                if graph.ByteSize():
                    yield graph
                    yield from subgraphs(list(graph.node))


def _all_nodes(nodes: list[onnx.NodeProto]) -> Iterator[onnx.NodeProto]:
    yield from nodes
    for graph in subgraphs(nodes):
        yield from graph.node
