"""Numbers of any array library as what a line of JSON holds."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from arraygrad.backend import PYTHON_SCALARS, backend_of
from arraygrad.errors import ArgumentError, ArraygradError, DtypeError, RunError, ShapeError
from arraygrad.variable import Variable

MOST_BINS = 40
Step = int | np.integer | None
LAST_STEP = 2**53 - 1  # beyond it, JavaScript and JSON do not tell whole numbers apart


def host(who: str, x: Any) -> np.ndarray[Any, Any]:
    """The values of a Variable, an array or a number, as a NumPy array of real numbers.

    Raises DtypeError for something else, ArgumentError for a Variable without data.
    """
    if isinstance(x, Variable):
        if x.data is None:
            raise ArgumentError(f"{who}: got a Variable without data; give it its data first")
        x = x.data
    if type(x) in PYTHON_SCALARS or isinstance(x, np.generic):
        found = np.asarray(x)
    else:
        if hasattr(x, "detach"):  # PyTorch gives no values of a tensor that it tracks itself
            x = x.detach()
        try:
            found = _to_numpy(x)
        except (ArraygradError, TypeError, ValueError, RuntimeError) as error:
            raise DtypeError(
                f"{who}: got {type(x)}, expected a number, an array or a Variable"
            ) from error
    if found.dtype.kind == "V":  # bfloat16 and its like, which NumPy knows from extensions
        found = found.astype(np.float32)
    if found.dtype.kind not in "biuf":
        raise DtypeError(
            f"{who}: got the dtype {found.dtype}, expected real numbers; "
            f"of complex ones write the absolute value"
        )
    return found


def _to_numpy(x: Any) -> np.ndarray[Any, Any]:
    backend = backend_of(x)
    try:
        return np.asarray(backend.to_numpy(x))
    except (TypeError, ValueError, RuntimeError):  # a dtype that NumPy does not have: bfloat16
        return np.asarray(backend.to_numpy(backend.xp.astype(x, backend.xp.float32)))


def scalar(who: str, x: Any) -> float:
    """The one number in a Variable, an array or a number; raises ShapeError for more or none."""
    found = host(who, x)
    if found.size != 1:
        raise ShapeError(
            f"{who}: got the shape {found.shape}, expected one number; take its mean, "
            f"or write a histogram"
        )
    return float(found.reshape(()))


def histogram(who: str, x: Any) -> dict[str, Any]:
    """How often which values occur, in equal bins from the lowest to the highest finite one."""
    values = host(who, x).reshape(-1).astype(np.float64)
    finite = values[np.isfinite(values)]
    made: dict[str, Any] = {"size": int(values.size), "bad": int(values.size - finite.size)}
    if not finite.size:
        return made | {"counts": []}
    low, high = float(finite.min()), float(finite.max())
    # In units of the largest: neither the sum of huge values nor their range overflows.
    unit = max(abs(low), abs(high)) or 1.0
    scaled = finite / unit
    if high / unit - low / unit < 1e-12:  # too narrow for bins that differ
        counts = np.array([finite.size])
    else:
        # Few values in many bins would be needles with gaps between them.
        bins = min(MOST_BINS, max(5, round(3 * finite.size ** (1 / 3))))
        counts, _ = np.histogram(scaled, bins, (low / unit, high / unit))
    mean, spread = float(scaled.mean()) * unit, float(scaled.std()) * unit
    return made | {
        "low": low,
        "high": high,
        "mean": number(mean),
        "std": number(spread),
        "counts": counts.tolist(),
    }


def number(value: float) -> float | str:
    """A number as JSON has it; what is not finite is a text there: "nan", "inf", "-inf"."""
    return value if math.isfinite(value) else str(value)


def step(who: str, value: Any, last: int | None, before: int | None = None) -> int:
    """The step as a number; None is the one after the last, or the last one `before` this run.

    Raises RunError if it is not a whole number from 0 on, or not after the last one.
    """
    if value is None:
        known = before if last is None else last
        return 0 if known is None else known + 1
    if isinstance(value, bool) or not isinstance(value, int | np.integer):
        raise RunError(f"{who}: got the step {value!r}, expected a whole number, from 0 on")
    found = int(value)
    if not 0 <= found <= LAST_STEP:
        raise RunError(f"{who}: got the step {found}, expected one from 0 to {LAST_STEP}")
    if last is not None and found <= last:
        raise RunError(
            f"{who}: got the step {found} after the step {last}, expected a later one; "
            f"leave the step out to count up, or open the run again with resume=True to go on "
            f"from an earlier step"
        )
    return found


def name(who: str, value: Any) -> str:
    """The name itself; raises ArgumentError if it is no text, or an empty one."""
    if not isinstance(value, str) or not value.strip():
        raise ArgumentError(f'{who}: got the name {value!r}, expected a text such as "loss"')
    return value


def plain(value: Any) -> Any:
    """Any value in types that JSON has; what it does not know becomes its text."""
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if value is None or isinstance(value, bool | str):
        return value
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, float | np.floating):
        return number(float(value))
    return str(value)
