"""Comparing an ONNX model with the model it was made from."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import Any

import numpy as np
import onnx

from arraygrad_onnx.errors import ExportError

TOLERANCE = 1e-5


def has_runtime() -> bool:
    """Whether onnxruntime is installed."""
    return find_spec("onnxruntime") is not None


def session(model: bytes) -> Any:
    """The model in onnxruntime, on the processor."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4  # errors are raised, and said by whoever catches them
    options.intra_op_num_threads = 1
    return onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])


def check_valid(model: onnx.ModelProto) -> None:
    """Raise ExportError for a model that onnx.checker refuses."""
    try:
        onnx.checker.check_model(model, full_check=True)
    except Exception as error:
        raise ExportError(f"export: onnx.checker refuses the graph: {error}") from error


def largest_difference(
    who: str,
    model: bytes,
    calls: Sequence[tuple[Mapping[str, Any], Mapping[str, Any]]],
) -> float:
    """The largest difference of the results, as a share of the largest result where that is over 1.

    calls: inputs by name, with the results expected. Raises ExportError where the difference is
    above TOLERANCE (1e-2 in half precision), or a shape or dtype is another one.
    """
    try:
        run = session(model)
    except Exception as error:
        raise ExportError(
            f"export: onnxruntime cannot run what was made of {who}: {error}; with check=False it "
            "is written without being compared, for another runtime"
        ) from error
    names = {i.name for i in run.get_inputs()}
    largest = 0.0
    for inputs, expected in calls:
        try:
            found = run.run([*expected], {k: x for k, x in inputs.items() if k in names})
        except Exception as error:
            shapes = ", ".join(f"{name} {x.shape}" for name, x in inputs.items())
            raise ExportError(
                f"export: onnxruntime does not run what was made of {who}, with {shapes}: {error}"
            ) from error
        for name, y, z in zip(expected, expected.values(), found, strict=True):
            difference = _difference(y, z)
            if difference is None or difference > (1e-2 if y.dtype == np.float16 else TOLERANCE):
                shapes = ", ".join(f"{key} {x.shape}" for key, x in inputs.items())
                what = f"{difference:.1e}" if difference is not None else f"{z.shape} {z.dtype}"
                raise ExportError(
                    f"export: {who} and its ONNX graph differ in {name!r} {y.shape} {y.dtype} by "
                    f"{what}, with {shapes}; expected {TOLERANCE} at most: does the model give "
                    "the same result twice in test_mode()?"
                )
            largest = max(largest, difference)
    return largest


def _difference(y: np.ndarray[Any, Any], z: np.ndarray[Any, Any]) -> float | None:
    if y.shape != z.shape or y.dtype != z.dtype:
        return None
    if not y.size:
        return 0.0
    if y.dtype.kind in "biu":
        return float(np.max(y != z))
    same = (y == z) | (np.isnan(y) & np.isnan(z))
    with np.errstate(invalid="ignore"):
        apart = np.where(same, 0, np.abs(y.astype(np.float64) - z))
    finite = np.abs(y[np.isfinite(y)])
    scale = max(1.0, float(finite.max())) if finite.size else 1.0
    share = float(np.max(apart)) / scale
    return share if np.isfinite(share) else float("inf")
