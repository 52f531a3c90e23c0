"""Scales and shifts of channels put into the weights of the convolution or product before them."""

from __future__ import annotations

from typing import Any

import numpy as np
import onnx

from arraygrad_onnx.graphs import Graph

FUSED = "fused:"
# Operator -> (the axes of its result after the channels, the axis of the channels in its weights).
_LAYERS = {"Conv": (2, 0), "Gemm": (0, 1)}


def fuse(graph: Graph) -> None:
    """Batch normalization in test mode is a scale and a shift, which the layer before can do."""
    made = {name: node for node in graph.nodes for name in node.output}
    public = {info.name for info in graph.outputs}
    consumers = graph.consumers()
    for node in list(graph.nodes):
        found = _pair(graph, made, node)
        if found is None:
            continue
        layer, values = found
        y = layer.output[0]
        if y in public or len(consumers[y]) != 1:
            continue
        _take_over(graph, layer, node.op_type, values)
        graph.nodes.remove(node)
        # The layer gives the result now; what comes after it may be fused too.
        layer.output[0] = node.output[0]
        made[node.output[0]] = layer


def _pair(graph: Graph, made: dict[str, Any], node: onnx.NodeProto) -> Any:
    """The layer whose result this node scales or shifts, and a value for each channel."""
    if node.op_type not in ("Mul", "Add"):
        return None
    for x, p in (node.input, reversed(node.input)):
        layer, values = made.get(x), graph.consts.get(p)
        if layer is None or values is None or layer.op_type not in _LAYERS:
            continue
        behind, axis = _LAYERS[layer.op_type]
        W = graph.consts.get(layer.input[1])
        plain = layer.op_type == "Conv" or not layer.attribute or _is_plain(layer)
        constant = all(name in graph.consts for name in layer.input[1:])
        if W is None or not plain or not constant or values.dtype != W.dtype:
            continue
        shape = (W.shape[axis], *(1,) * behind)
        if values.shape == shape or values.shape == (1, *shape):
            return layer, values.reshape(-1)
    return None


def _is_plain(layer: onnx.NodeProto) -> bool:
    """Whether a Gemm is x W + b."""
    plain = {"alpha": 1.0, "beta": 1.0, "transA": 0, "transB": 0}
    return all(onnx.helper.get_attribute_value(a) == plain[a.name] for a in layer.attribute)


def _take_over(graph: Graph, layer: onnx.NodeProto, how: str, values: Any) -> None:
    _, axis = _LAYERS[layer.op_type]
    W = graph.consts[layer.input[1]]
    b = graph.consts[layer.input[2]] if len(layer.input) > 2 else np.zeros(len(values), W.dtype)
    b = np.broadcast_to(b, values.shape)
    shape = [1] * W.ndim
    shape[axis] = -1
    new_W, new_b = (W * values.reshape(shape), b * values) if how == "Mul" else (W, b + values)
    if how == "Mul":
        layer.input[1] = _added(graph, layer.input[1], new_W)
    bias = layer.input[2] if len(layer.input) > 2 else f"{layer.input[1]}_bias"
    layer.input[:] = [*layer.input[:2], _added(graph, bias, new_b)]


def _added(graph: Graph, name: str, array: Any) -> str:
    """Another constant: the old one may have other uses."""
    made = f"{FUSED}{name.partition(':')[2] or name}"
    while made in graph.consts:
        made += "_"
    graph.consts[made] = array
    return made
