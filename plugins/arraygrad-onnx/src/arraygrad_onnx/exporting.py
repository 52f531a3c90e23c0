"""`export`: an arraygrad model as an ONNX file."""

from __future__ import annotations

import os
import warnings
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
from onnx import helper

import arraygrad
from arraygrad.layers import Layer
from arraygrad.weights import whole_file
from arraygrad_onnx import checking, tracing
from arraygrad_onnx.batches import merge, sizes_for
from arraygrad_onnx.errors import ExportError
from arraygrad_onnx.fusing import FUSED, fuse
from arraygrad_onnx.graphs import Graph
from arraygrad_onnx.inputs import batched_names, calls_of, examples
from arraygrad_onnx.tracing import RESULT, WEIGHT, Spec


class Exported(NamedTuple):
    """What `export` wrote: the file, its inputs and results, how many nodes of each operator.

    inputs, outputs: name -> lengths, a text such as "batch" for one that may be any.
    difference: the largest one from the model, as a share of the largest result where that is
    above 1; None if onnxruntime is not installed, so that nothing was compared.
    """

    path: Path
    inputs: dict[str, tuple[int | str, ...]]
    outputs: dict[str, tuple[int | str, ...]]
    nodes: dict[str, int]
    opset: int
    difference: float | None

    def __str__(self) -> str:
        found = "not compared: onnxruntime is not installed"
        if self.difference is not None:
            found = f"within {self.difference:.1e} of the model, by onnxruntime"
        return (
            f"{self.path}: {_shapes(self.inputs)} -> {_shapes(self.outputs)}, "
            f"{sum(self.nodes.values())} nodes, opset {self.opset}, {found}"
        )


def export(
    model: Layer,
    *inputs: Any,
    path: str | os.PathLike[str],
    dynamic_batch: bool | Sequence[str] = True,
    opset: int | None = None,
    input_names: Sequence[str] | None = None,
    output_names: Sequence[str] | None = None,
    metadata: Mapping[str, Any] | None = None,
    check: bool | None = None,
) -> Exported:
    """Write what a model computes in test mode to an ONNX file, and say what was written.

    inputs: what the model is called with: arrays or Variables, of which shape and dtype count (and
        their values in the comparison); or shapes such as (None, 1, 28, 28), for float32.
    dynamic_batch: whether the first axis of the inputs may have any length in the file; or the
        names of the inputs of which that is so.
    opset: the version of the ONNX operators; by default that of the graphs as they are made.
    input_names, output_names: by default the parameters of `model.forward`, and the keys of the
        dict that it returns, or "output", or "output_0", "output_1", ... of several results.
    metadata: words or numbers to put into the file, beside those of the graph.
    check: compare the results of onnxruntime with those of the model before anything is written,
        for two sizes of the batch; None: if onnxruntime is installed.

    The model is not changed. The file is valid by onnx.checker, and appears when it is whole.

    Raises ExportError for a model that cannot be traced, or that differs from its graph by more
    than 1e-5, and for a wrong argument; OSError if the file cannot be written.

    >>> import tempfile
    >>> from arraygrad.models import MLP
    >>> model = MLP((16, 3))
    >>> y = model(np.ones((1, 4), dtype=np.float32))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     done = export(model, (None, 4), path=f"{folder}/mlp.onnx")
    >>> done.inputs, done.outputs
    ({'x': ('batch', 4)}, {'output': ('batch', 3)})
    >>> done.nodes
    {'Gemm': 2, 'Sigmoid': 1}
    """
    if not isinstance(model, Layer):
        raise ExportError(
            f"export: got a {type(model).__name__}, expected a Layer or a Model; make functions "
            "parts of one, as in Sequential(layer, F.softmax)"
        )
    if check and not checking.has_runtime():
        raise ExportError("export: check=True needs onnxruntime: pip install onnxruntime")
    file = Path(path)
    if file.is_dir() or not file.resolve().parent.is_dir():
        raise ExportError(
            f"export: got the path {file}, which is a folder or in one that is not there; expected "
            "the name of a file in a folder that is"
        )
    arrays = examples(model, inputs, input_names)
    weights = tracing.host_weights(model)
    batched = batched_names(arrays, dynamic_batch)
    graph = _traced(model, arrays, weights, batched)
    for name, array in weights.items():
        graph.consts[WEIGHT + name] = array
    graph.inputs = [info for info in graph.inputs if not info.name.startswith(WEIGHT)]
    graph.simplify()
    fuse(graph)
    graph.simplify()
    graph.number()
    graph.share()
    graph.number()
    _name_outputs(graph, output_names)
    graph.rename_once(_final_names(graph))
    made = _versioned(graph.to_model(type(model).__name__), opset)
    made.producer_version = arraygrad.__version__
    helper.set_model_props(made, {key: str(value) for key, value in (metadata or {}).items()})
    checking.check_valid(made)
    data = _serialized(made)
    difference = None
    if check or (check is None and checking.has_runtime()):
        calls = calls_of(model, arrays, weights, batched, [info.name for info in graph.outputs])
        difference = checking.largest_difference(type(model).__name__, data, calls)
    with whole_file(file) as stream:
        stream.write(data)
    return Exported(
        file,
        {info.name: _lengths(info) for info in made.graph.input},
        {info.name: _lengths(info) for info in made.graph.output},
        dict(Counter(node.op_type for node in made.graph.node).most_common()),
        next(o.version for o in made.opset_import if o.domain == ""),
        difference,
    )


def _traced(
    model: Layer,
    arrays: Mapping[str, np.ndarray[Any, Any]],
    weights: Mapping[str, np.ndarray[Any, Any]],
    batched: Sequence[str],
) -> Graph:
    def graph(size: int) -> Graph:
        specs = [
            Spec(name, (size, *x.shape[1:]) if name in batched else x.shape, x.dtype)
            for name, x in arrays.items()
        ]
        found = Graph(tracing.trace(model, specs, weights))
        found.simplify()
        return found

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # ndonnx without onnxruntime, which is only slower
        if not batched:
            return graph(0)
        lengths = {n for a in (*arrays.values(), *weights.values()) for n in a.shape}
        sizes = sizes_for(lengths)
        graphs = [graph(size) for size in sizes]
    return merge(type(model).__name__, graphs, sizes, batched)


def _final_names(graph: Graph) -> dict[str, str]:
    """The names of constants in the file: of weights those of the model's parameters."""
    taken = {info.name for info in (*graph.inputs, *graph.outputs)}
    names = {}
    for name in graph.consts:
        new = name.removeprefix(WEIGHT).removeprefix(FUSED)
        while new in taken:
            new += "_"
        taken.add(new)
        names[name] = new
    return names


def _name_outputs(graph: Graph, names: Sequence[str] | None) -> None:
    """Give the results the names asked for, or those that the model gave them."""
    old = [info.name for info in graph.outputs]
    if names is None:
        names = [name.removeprefix(RESULT) for name in old]
    if len(names) != len(old) or len(set(names)) != len(names) or not all(names):
        raise ExportError(
            f"export: got the output names {list(names)}, expected {len(old)} different ones, one "
            "for each result"
        )
    taken = {info.name for info in graph.inputs} & set(names)
    if taken:
        raise ExportError(
            f"export: got {', '.join(sorted(taken))} for the name of an input and of a result, "
            "expected different names; give others with output_names=[...]"
        )
    graph.rename_once(dict(zip(old, names, strict=True)))
    for info, new in zip(graph.outputs, names, strict=True):
        info.name = new


def _versioned(model: onnx.ModelProto, opset: int | None) -> onnx.ModelProto:
    if opset is None or opset == next(o.version for o in model.opset_import if o.domain == ""):
        return model
    try:
        return onnx.version_converter.convert_version(model, opset)
    except Exception as error:
        raise ExportError(
            f"export: onnx cannot bring the graph to opset {opset}: "
            f"{str(error).rpartition('failed: ')[2]}; leave opset out, or take a later one"
        ) from error


def _serialized(model: onnx.ModelProto) -> bytes:
    try:
        return model.SerializeToString(deterministic=True)
    except Exception as error:
        raise ExportError(
            f"export: the model is too large for one ONNX file, of 2 GB at most: {error}"
        ) from error


def _lengths(info: onnx.ValueInfoProto) -> tuple[int | str, ...]:
    dims = info.type.tensor_type.shape.dim
    return tuple(d.dim_value if d.HasField("dim_value") else d.dim_param or "?" for d in dims)


def _shapes(named: Mapping[str, tuple[int | str, ...]]) -> str:
    return ", ".join(f"{name} ({', '.join(map(str, shape))})" for name, shape in named.items())
