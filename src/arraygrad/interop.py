"""Where a Variable meets what is not arraygrad: Python numbers, NumPy, DLPack, the array API.

A tracked Variable refuses to become a plain array while operations are recorded: its gradient
would be lost without a word.
"""

from __future__ import annotations

import sys
import warnings
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from arraygrad.backend import Backend, backend_of, get_backend
from arraygrad.config import is_recording, warns_lost_gradients
from arraygrad.errors import ArgumentError, DtypeError, GradientError, LostGradientWarning

if TYPE_CHECKING:
    from collections.abc import Iterator

    from arraygrad.engine import Node

# NumPy arrays and scalars on the left of an operator call a ufunc: the sign it stands for.
_UFUNC_OPERATORS = {
    "add": "add", "subtract": "sub", "multiply": "mul", "divide": "truediv",
    "floor_divide": "floordiv", "remainder": "mod", "power": "pow", "matmul": "matmul",
    "less": "lt", "less_equal": "le", "greater": "gt", "greater_equal": "ge",
    "equal": "eq", "not_equal": "ne",
    "logical_and": "and", "bitwise_and": "and", "bitwise_or": "or", "bitwise_xor": "xor",
}  # fmt: skip
_REFLECTED = {"lt": "gt", "le": "ge", "gt": "lt", "ge": "le", "eq": "eq", "ne": "ne",
              "and": "and", "or": "or", "xor": "xor"}  # fmt: skip


class Interop:
    """The half of Variable that other libraries and Python itself ask for."""

    __slots__ = ()

    if TYPE_CHECKING:
        _data: Any
        _node: Node | None

        data: Any
        grad: Any

        @property
        def shape(self) -> tuple[int, ...]: ...
        @property
        def size(self) -> int: ...
        def _array(self) -> Any: ...
        def _label(self) -> str: ...

    def item(self) -> Any:
        """The Python number of a Variable with one element."""
        return self._number("item()")

    def _number(self, how: str) -> Any:
        if self._node is not None and warns_lost_gradients() and is_recording():
            warnings.warn(
                f"{how} of a tracked {self._label()} of shape {self.shape}: what is computed from "
                f"it has no gradient; use .detach() of it if none is wanted",
                LostGradientWarning,
                stacklevel=3,
            )
        if self.size != 1:
            raise DtypeError(
                f"{how}: got a Variable of shape {self.shape}, expected one element; "
                f"index it, or reduce it with sum() or mean()"
            )
        return backend_of(self._data).to_numpy(self._data).item()

    def __float__(self) -> float:
        return float(self._number("float()"))

    def __int__(self) -> int:
        return int(self._number("int()"))

    def __complex__(self) -> complex:
        return complex(self._number("complex()"))

    def __bool__(self) -> bool:
        return bool(self._number("bool()"))

    def __index__(self) -> int:
        return self.data.__index__()

    def __format__(self, spec: str) -> str:
        return format(self.item(), spec) if spec else str(self)

    def _leave(self, how: str) -> Any:
        if self._node is not None and is_recording():
            raise GradientError(
                f"{how} would lose the gradient of a tracked {self._label()}; use .data or "
                f".detach() if no gradient is wanted, or an op of arraygrad.functions if it is"
            )
        return self._array()

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> np.ndarray:
        data = self._leave("numpy.asarray")
        return np.array(backend_of(data).to_numpy(data), dtype=dtype, copy=copy)

    def __dlpack__(
        self,
        /,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[Any, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        self._leave("DLPack")
        given = {"stream": stream, "max_version": max_version, "dl_device": dl_device, "copy": copy}
        # Not every library knows all of them.
        return self.data.__dlpack__(**{k: v for k, v in given.items() if v is not None})

    def __dlpack_device__(self) -> Any:
        return self._array().__dlpack_device__()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        # NumPy arrays and scalars on the left of an operator come here: array * x.
        sign = _UFUNC_OPERATORS.get(ufunc.__name__)
        if sign is not None and method == "__call__" and not kwargs and len(inputs) == 2:
            left, right = inputs
            if isinstance(left, Interop):
                return getattr(left, f"__{sign}__")(right)
            return getattr(right, f"__{_REFLECTED.get(sign, 'r' + sign)}__")(left)
        if method == "__call__" and not kwargs and (op := _special(ufunc)) is not None:
            return op(*inputs)
        if "out" in kwargs:
            raise GradientError(
                f"numpy.{ufunc.__name__}: got a Variable for an in-place operation on an array; "
                f"write array = array + x, or use x.data if no gradient is wanted"
            )
        raise DtypeError(_refusal(ufunc))

    def __array_function__(self, function: Any, types: Any, args: Any, kwargs: Any) -> Any:
        # NumPy's functions work on Variables whose gradient is not wanted, and say what to call
        # where it is.
        if function not in (np.shape, np.ndim, np.size):
            for x in variables_in((args, kwargs)):
                if x._node is not None and is_recording():
                    raise DtypeError(_refusal(function))
        return function(*_data(args), **_data(kwargs))

    def to_cpu(self) -> Self:
        """Move data and gradient to NumPy, in place; returns self.

        Raises GradientError for the result of an op, whose gradient lives with its library.
        """
        return self._move(get_backend("numpy"), "to_cpu")

    def to_gpu(self) -> Self:
        """Move data and gradient to CuPy, in place; returns self.

        Raises BackendError without arraygrad-cupy, CuPy or a GPU; GradientError as `to_cpu`.
        """
        from arraygrad import cuda

        return self._move(cuda.backend(), "to_gpu")

    def _move(self, backend: Backend, how: str) -> Self:
        data, node = self._data, self._node
        if data is None or backend_of(data).name == backend.name:
            return self
        if node is not None and not node.is_leaf:
            raise GradientError(
                f"{self._label()}.{how}: got the result of an op, expected a Variable that no op "
                f"made; move what it was computed from, or use .detach() of it"
            )
        there = [
            None if x is None else backend.from_numpy(backend_of(x).to_numpy(x))
            for x in (data, None if self.grad is None else self.grad.data)
        ]
        self.grad = None
        self.data, self.grad = there
        return self

    def _repr_html_(self) -> str:
        from arraygrad.notebook import html_of_variable

        return html_of_variable(self)

    def __array_namespace__(self, *, api_version: str | None = None) -> Any:
        """The differentiable array API namespace of this Variable's library.

        Raises ArgumentError for a version of the standard that it does not have.
        """
        from arraygrad.xp.namespaces import namespace_of

        if api_version is not None and api_version not in _VERSIONS:
            raise ArgumentError(
                f"__array_namespace__: got api_version {api_version!r}, expected one of "
                f"{', '.join(_VERSIONS)}"
            )
        return namespace_of(backend_of(self._array()))


def _special(ufunc: Any) -> Any:
    """The op of a special function that SciPy computes as a ufunc; None for other ufuncs."""
    compiled, name = sys.modules.get("scipy.special._ufuncs"), ufunc.__name__
    if compiled is None or getattr(compiled, name, None) is not ufunc:
        return None
    from arraygrad.functions.scipy_special import special

    return special(name)


_VERSIONS = ("2021.12", "2022.12", "2023.12", "2024.12", "2025.12")


def _refusal(function: Any) -> str:
    import arraygrad
    from arraygrad import functions

    module, name = getattr(function, "__module__", None) or "numpy", function.__name__
    name = _OTHER_NAMES.get(name, name)
    if callable(getattr(functions, name, None)):
        advice = f"call F.{name} (arraygrad.functions) instead, or give it x.data"
    elif module == "numpy" and hasattr(arraygrad.xp, name):
        advice = f"call arraygrad.xp.{name} instead, or give it x.data"
    else:
        advice = (
            "arraygrad.functions has no op of that name; write it with those that are there, or, "
            "if no gradient is wanted, give it x.data or x.detach()"
        )
    return f"{module}.{function.__name__}: got a Variable, expected arrays; {advice}"


# What NumPy calls otherwise than arraygrad and the standard do.
_OTHER_NAMES = {
    "amax": "max", "amin": "min", "concatenate": "concat", "conjugate": "conj", "divide": "div",
    "dot": "matmul", "multiply": "mul", "negative": "neg", "norm": "vector_norm", "power": "pow",
    "ravel": "reshape", "subtract": "sub", "true_divide": "div",
    **{f"arc{x}{h}": f"a{x}{h}" for x in ("sin", "cos", "tan") for h in ("", "h")},
    "arctan2": "atan2",
}  # fmt: skip


def variables_in(tree: Any) -> Iterator[Any]:
    """The Variables in nested lists, tuples and dicts."""
    if isinstance(tree, Interop):
        yield tree
    elif isinstance(tree, list | tuple):
        for part in tree:
            yield from variables_in(part)
    elif isinstance(tree, dict):
        yield from variables_in(list(tree.values()))


def _data(tree: Any) -> Any:
    if isinstance(tree, Interop):
        return tree.data
    if isinstance(tree, list | tuple):
        parts = [_data(part) for part in tree]
        return type(tree)(*parts) if hasattr(tree, "_fields") else type(tree)(parts)
    if isinstance(tree, dict):
        return {key: _data(value) for key, value in tree.items()}
    return tree
