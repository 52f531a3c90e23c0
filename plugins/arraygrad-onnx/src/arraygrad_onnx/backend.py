"""The backend "ndonnx": arrays without values, which record the ONNX graph that makes them."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any

import numpy as np

from arraygrad.backend import Backend
from arraygrad_onnx.errors import ExportError


class Ndonnx(Backend):
    """ndonnx, with the functions of `arraygrad_onnx.namespace` where its graphs are long.

    An array has a shape and a dtype; only what was computed from constants alone has a value.
    """

    def __init__(self) -> None:
        missing = [name for name in ("onnx", "spox", "ndonnx") if find_spec(name) is None]
        self._reason = (
            f"{', '.join(missing)} cannot be found: pip install arraygrad-onnx" if missing else ""
        )
        xp: Any = None
        if not missing:
            from arraygrad_onnx import namespace as xp
        super().__init__("ndonnx", xp)

    def available(self) -> bool | str:
        return self._reason or True

    def devices(self) -> list[Any]:
        return ["cpu"]

    def device(self, x: Any) -> Any:
        return "cpu"

    def to_device(self, x: Any, device: Any) -> Any:
        return x

    def to_numpy(self, x: Any) -> np.ndarray:
        try:
            return np.asarray(x.unwrap_numpy())
        except ValueError as error:
            raise ExportError(
                f"ndonnx: got an array of shape {x.shape} whose values were asked for; expected "
                f"a computation that can do without: {NO_VALUES}"
            ) from error

    def concrete(self, x: Any) -> bool:
        try:
            x.unwrap_numpy()
        except ValueError:
            return False
        return True

    def copy(self, x: Any) -> Any:
        return x.copy()

    def index_add(self, shape: tuple[int, ...], key: Any, values: Any) -> Any:
        parts = key if isinstance(key, tuple) else (key,)
        if len(parts) != 1 or str(getattr(parts[0], "dtype", "")) not in ("int32", "int64"):
            return super().index_add(shape, key, values)
        import spox.opset.ai.onnx.v21 as op

        xp = self.xp
        zeros = xp.zeros(tuple(shape), dtype=values.dtype)
        at = xp.expand_dims(xp.astype(parts[0], xp.int64), axis=-1)
        arrays = (zeros, at, values)
        return xp.asarray(op.scatter_nd(*(x.unwrap_spox() for x in arrays), reduction="add"))


NO_VALUES = (
    "while a model is traced its inputs and parameters have shapes and dtypes, and no values, so "
    "that float(x), int(x), bool(x), x.item(), np.asarray(x) and `if` or `while` on values cannot "
    "be; use F.where, or decide by shapes"
)
