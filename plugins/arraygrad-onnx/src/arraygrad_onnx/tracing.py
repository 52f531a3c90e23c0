"""Running a model on arrays without values, to record the ONNX graph of what it computes."""

from __future__ import annotations

import copy
import traceback
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import spox

import arraygrad
from arraygrad.backend import backend_of, using_backend
from arraygrad.config import no_grad, test_mode
from arraygrad.errors import ArraygradError, MixedBackendError
from arraygrad.layers import Layer
from arraygrad.variable import Buffer, Parameter, Variable
from arraygrad_onnx._ndonnx import ndonnx
from arraygrad_onnx.arrays import asarray
from arraygrad_onnx.backend import NO_VALUES
from arraygrad_onnx.errors import ExportError

# Parameters are inputs of the graph until it is simplified; this is in front of their names.
WEIGHT = "weight:"
# The same for results, whose names may be those of inputs until they get others.
RESULT = "result:"


class Spec(NamedTuple):
    """An input of a model: its name, shape and dtype."""

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]


def host_weights(model: Layer) -> dict[str, np.ndarray[Any, Any]]:
    """The parameters and buffers of a model by name, as NumPy arrays."""
    missing = [name for name, p in model.named_weights() if p.data is None]
    if missing:
        raise ExportError(
            f"export: {type(model).__name__} has parameters without data: {', '.join(missing)}; "
            "they get it at the first call: call the model once before"
        )
    return {name: backend_of(p.data).to_numpy(p.data) for name, p in model.named_weights()}


def copied(model: Layer, arrays: Mapping[str, Any], held: Mapping[int, Any] | None = None) -> Layer:
    """A copy of a model with these arrays for its weights, before the first step of a sequence.

    held: what takes the place of other things in it, by their ids.
    """
    memo: dict[int, Any] = dict(held or {})
    for name, p in model.named_weights():
        array = arrays[name]
        if isinstance(p, Buffer):  # a call may write into its array
            memo[id(p)] = Buffer(backend_of(array).copy(array), name=p.name)
        else:
            memo[id(p)] = Parameter(array, name=p.name)
    try:
        twin = copy.deepcopy(model, memo)
    except Exception as error:
        raise ExportError(
            f"export: {type(model).__name__} cannot be copied ({type(error).__name__}: {error}), "
            "and the export changes nothing of the model itself; keep what cannot be copied out "
            "of its attributes"
        ) from error
    for _, layer in twin.named_layers():
        if hasattr(layer, "reset_state"):
            layer.reset_state()
    return twin


def called(model: Layer, inputs: Sequence[Any]) -> dict[str, Any]:
    """The results of a call in test mode by name: arrays, of the library of the inputs."""
    with no_grad(), test_mode():
        y = model(*inputs)
    if isinstance(y, Mapping):
        named = {str(key): value for key, value in y.items()}
    elif isinstance(y, tuple | list):
        named = {f"output_{i}": value for i, value in enumerate(y)}
    else:
        named = {"output": y}
    return {k: v.data if isinstance(v, Variable) else v for k, v in named.items()}


def trace(model: Layer, specs: Sequence[Spec], weights: Mapping[str, np.ndarray[Any, Any]]) -> Any:
    """The graph of a call with inputs of these shapes.

    Weights are inputs "weight:NAME" of it, and results are called "result:NAME".
    """
    inputs = [_argument(spec.shape, spec.dtype) for spec in specs]
    arrays = {name: _argument(a.shape, a.dtype) for name, a in weights.items()}
    variables = [Variable(x) for x in inputs]
    try:
        with using_backend("ndonnx"):
            try:
                outputs = called(copied(model, arrays), variables)
            except MixedBackendError:
                # Perhaps with an array that a layer holds, and that is none of its weights.
                outputs = called(copied(model, arrays, _constants(model)), variables)
    except Exception as error:
        raise _explained(model, specs, error) from error
    for name, y in outputs.items():
        if not isinstance(y, ndonnx.Array):
            raise ExportError(
                f"export: {type(model).__name__} returned a {type(y).__name__} for {name!r}; "
                "expected Variables or arrays that were computed from the inputs"
            )
    graph_inputs = {spec.name: x.unwrap_spox() for spec, x in zip(specs, inputs, strict=True)}
    graph_inputs |= {WEIGHT + name: x.unwrap_spox() for name, x in arrays.items()}
    results = {RESULT + name: y.unwrap_spox() for name, y in outputs.items()}
    return spox.build(graph_inputs, results)


def _constants(model: Layer) -> dict[int, Any]:
    """The NumPy arrays that layers hold beside their weights, by id, as constants of a graph."""
    found: dict[int, Any] = {}
    pending: list[Any] = [vars(layer) for _, layer in model.named_layers()]
    while pending:
        x = pending.pop()
        if isinstance(x, dict):
            pending += x.values()
        elif isinstance(x, list | tuple):
            pending += x
        elif isinstance(x, np.ndarray) and x.dtype.kind in "biuf":
            found[id(x)] = asarray(x)
        elif isinstance(x, Variable) and isinstance(x.data, np.ndarray):
            found[id(x)] = Variable(asarray(x.data), x.name, requires_grad=False)
    return found


def _argument(shape: Sequence[int], dtype: np.dtype[Any]) -> Any:
    try:
        return ndonnx.argument(shape=tuple(shape), dtype=ndonnx.from_numpy_dtype(dtype))
    except (TypeError, ValueError) as error:
        raise ExportError(f"export: ONNX has no arrays of {dtype}: {error}") from error


def _explained(model: Layer, specs: Sequence[Spec], error: Exception) -> ExportError:
    """What a model raised while it was traced, with the line of the model and what to do."""
    text = str(error) or type(error).__name__
    advice = (
        "the model should run on any array library, for a batch of any size (or give "
        "dynamic_batch=False), on arrays of which it knows the shape"
    )
    if isinstance(error, ExportError):
        advice = ""
    elif "propagated value" in text:
        text, advice = "the values of an array were asked for", NO_VALUES
    elif isinstance(error, MixedBackendError):
        advice = (
            "use Python's numbers in place of NumPy's, keep arrays in the layer (best as its "
            "Buffers), and make new ones with the functions of x.__array_namespace__()"
        )
    elif not isinstance(error, ArraygradError):
        text = f"{type(error).__name__}: {text}"
    where = _line_of_model(error)
    shapes = ", ".join(f"{spec.name} {tuple(spec.shape)}" for spec in specs)
    words = [
        f"export: {type(model).__name__} cannot be traced with {shapes}{where}: {text}",
        advice,
    ]
    return ExportError("; ".join(word for word in words if word))


def _line_of_model(error: Exception) -> str:
    homes = [Path(m.__file__ or "").parent for m in (arraygrad, ndonnx, spox, np)]
    homes.append(Path(__file__).parent)
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        path = Path(frame.filename)
        own = path.is_file() and not any(path.is_relative_to(home) for home in homes)
        if own:
            return f" at {path.name}:{frame.lineno} ({(frame.line or '').strip()})"
    return ""
