"""What a model is called with: arrays for its inputs by name, and which of them have a batch."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from arraygrad.backend import backend_of
from arraygrad.layers import Layer
from arraygrad.variable import Variable
from arraygrad_onnx import tracing
from arraygrad_onnx.errors import ExportError


def examples(
    model: Layer, inputs: Sequence[Any], names: Sequence[str] | None
) -> dict[str, np.ndarray[Any, Any]]:
    """An array for each input, by name."""
    if not inputs:
        raise ExportError(
            "export: got no inputs, expected those of a call of the model: arrays, or shapes "
            "such as (None, 3, 224, 224)"
        )
    if names is None:
        names = _parameters(model, len(inputs))
    if len(names) != len(inputs) or len(set(names)) != len(names) or not all(names):
        raise ExportError(
            f"export: got the input names {list(names)}, expected {len(inputs)} different ones"
        )
    arrays = {}
    random = np.random.default_rng(0)
    for name, x in zip(names, inputs, strict=True):
        if isinstance(x, tuple):
            lengths = [2 if n is None and i == 0 else n for i, n in enumerate(x)]
            if not all(isinstance(n, int | np.integer) and n > 0 for n in lengths):
                raise ExportError(
                    f"export: got the shape {x} for {name!r}, expected lengths above 0; the first "
                    "may be None"
                )
            arrays[name] = random.standard_normal(lengths).astype(np.float32)
            continue
        data = x.data if isinstance(x, Variable) else x
        try:
            arrays[name] = np.array(backend_of(data).to_numpy(data))
        except TypeError as error:
            raise ExportError(
                f"export: got a {type(x).__name__} for {name!r}, expected an array or a shape; "
                "what is no array should be an attribute of the model"
            ) from error
        if arrays[name].dtype.kind not in "biuf":
            raise ExportError(
                f"export: got an array of {arrays[name].dtype} for {name!r}, expected real "
                "numbers or booleans"
            )
    return arrays


def _parameters(model: Layer, n: int) -> list[str]:
    parameters = list(inspect.signature(model.forward).parameters.values())
    plain = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return plain[:n] if len(plain) >= n else [f"x{i}" for i in range(n)]


def batched_names(arrays: Mapping[str, Any], dynamic_batch: bool | Sequence[str]) -> list[str]:
    """The inputs whose first axis is the batch."""
    if isinstance(dynamic_batch, bool):
        names = [name for name, x in arrays.items() if x.ndim] if dynamic_batch else []
    else:
        names = [dynamic_batch] if isinstance(dynamic_batch, str) else list(dynamic_batch)
    unknown = [name for name in names if name not in arrays or not arrays[name].ndim]
    sizes = {name: len(arrays[name]) for name in names if name not in unknown}
    if unknown or len(set(sizes.values())) > 1:
        raise ExportError(
            f"export: got dynamic_batch={dynamic_batch!r} for inputs of the shapes "
            f"{ {name: x.shape for name, x in arrays.items()} }, expected one size for the first "
            "axis of all of them, or the names of those that have it"
        )
    if 0 in sizes.values():
        raise ExportError("export: got a batch of 0 samples, expected 1 or more")
    return names


def calls_of(
    model: Layer,
    arrays: Mapping[str, np.ndarray[Any, Any]],
    weights: Mapping[str, np.ndarray[Any, Any]],
    batched: Sequence[str],
    names: Sequence[str],
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """Inputs and results: those given, and a batch of another size of the same samples."""
    feeds = [dict(arrays)]
    if batched:
        n = 1 if len(arrays[batched[0]]) > 1 else 3
        taken = {k: np.resize(x, (n, *x.shape[1:])) for k, x in arrays.items() if k in batched}
        feeds.append({**arrays, **taken})
    calls = []
    for feed in feeds:
        # A new copy each time: a call may change the state of its layers.
        twin = tracing.copied(model, weights)
        try:
            found = tracing.called(twin, [Variable(x) for x in feed.values()])
        except Exception as error:
            shapes = ", ".join(f"{name} {x.shape}" for name, x in feed.items())
            raise ExportError(
                f"export: {type(model).__name__} itself fails with {shapes}: {error}; if only some "
                "inputs have a batch of any size, name them: dynamic_batch=['x']"
            ) from error
        values = (backend_of(y).to_numpy(y) for y in found.values())
        calls.append((feed, dict(zip(names, values, strict=True))))
    return calls
