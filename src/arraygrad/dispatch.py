"""Off the op path: which kernel runs the first time types are seen, and what an op's errors say."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.linalg import LinAlgError

from arraygrad import kernels, registry
from arraygrad.arrays import is_inexact
from arraygrad.backend import (
    PYTHON_SCALARS,
    Backend,
    backend_of,
    by_type,
    current_backend,
    namespace,
)
from arraygrad.errors import (
    AmbiguousNameError,
    ArgumentError,
    ArraygradError,
    AxisIndexError,
    DtypeError,
    GradientError,
    GradientShapeError,
    MatrixError,
    MixedBackendError,
    NoDataError,
    ShapeError,
)
from arraygrad.op import Definition
from arraygrad.variable import Variable, as_array, constant


def choose(definition: Definition, arrays: tuple[Any, ...]) -> Callable[..., Any]:
    """The kernel for inputs of these types; remembered, except for calls on numbers alone."""
    types = tuple(map(type, arrays))
    kernel = definition.mixed.get(types)
    if kernel is not None:
        return kernel
    backends = [_backend(definition, i, a) for i, a in enumerate(arrays)]
    found: dict[int, Backend] = {id(b): b for b in backends if b is not None}
    if len(found) > 1 and any(isinstance(a, np.generic) for a in arrays):
        inner = choose(definition, tuple(map(_number, arrays)))

        def on_numbers_of_numpy(*args: Any, **kwargs: Any) -> Any:
            return inner(*map(_number, args), **kwargs)

        definition.mixed[types] = on_numbers_of_numpy
        return on_numbers_of_numpy
    if len(found) > 1:
        raise MixedBackendError(
            f"{definition.title}: got {_described(definition, arrays)} of different libraries, "
            f"expected one; convert with the asarray of one of their backends"
        )
    if not found:
        # Numbers alone: they become arrays where new arrays are born.
        born = current_backend()
        inner = definition.kernel(born)

        def on_numbers(*args: Any, **kwargs: Any) -> Any:
            values = list(args)
            for i in definition.places(len(args)):
                if type(args[i]) in PYTHON_SCALARS:
                    values[i] = born.asarray(args[i])
            return inner(*values, **kwargs)

        return on_numbers
    (backend,) = found.values()
    kernel = definition.kernel(backend)
    entry = kernels.choice(definition.id, backend.name).entry
    if entry is not None and entry.namespace != registry.CORE:
        from arraygrad.firstcall import FirstCall

        kernel = FirstCall(definition, backend, kernel, entry)
    if types[0] is complex and np.float64 in types:
        kernel = _beside_float64(kernel)
    definition.mixed[types] = kernel
    if len(set(types)) == 1:
        definition.kernels[types[0]] = kernel
    if kernel is definition.forward and definition.plain in (None, backend):
        definition.plain = backend
        definition.arrays.update(t for t in types if t not in PYTHON_SCALARS)
        definition.operands.update(definition.arrays, (float, int))
        names = definition.function.__globals__  # of the op's code; see `arraygrad.opcode`
        if len(set(types)) == 1 and names.get("array_") is None:
            names["array_"] = types[0]
    return kernel


def _beside_float64(kernel: Callable[..., Any]) -> Callable[..., Any]:
    """For a complex number on the left: Python takes NumPy's float64 for a float of its own."""

    def on_complex(x: complex, *others: Any, **kwargs: Any) -> Any:
        return kernel(np.complex128(x), *others, **kwargs)

    return on_complex


def _number(a: Any) -> Any:
    """NumPy's numbers, which libraries compute from their settings, among arrays of another one."""
    return a.item() if isinstance(a, np.generic) else a


def _backend(definition: Definition, i: int, a: Any) -> Backend | None:
    if type(a) in PYTHON_SCALARS:
        return None
    names = definition.inputs
    name = names[i] if definition.variadic is None else f"{definition.variadic}[{i}]"
    if a is None:
        arg = definition.arguments.get(name)
        if arg is not None and arg.default is None:
            return None
        raise no_data(definition, name)
    try:
        return backend_of(a)
    except DtypeError as error:
        raise DtypeError(f"{definition.title}: {name}: {error}") from None


def no_data(definition: Definition, name: str) -> NoDataError:
    """The error for a Variable that was made with None."""
    return NoDataError(f"{definition.title}: {name} has no data yet (None); give it an array")


def _described(definition: Definition, arrays: tuple[Any, ...]) -> str:
    if definition.variadic:
        names = [f"{definition.variadic}[{i}]" for i in range(len(arrays))]
    else:
        names = definition.inputs
    words = []
    for name, a in zip(names, arrays, strict=True):
        if type(a) in PYTHON_SCALARS or a is None:
            words += [f"{name} = {a!r}"]
        else:
            backend = backend_of(a)
            words += [f"{name}: {backend.name} {tuple(a.shape)} {a.dtype} on {backend.device(a)}"]
    return ", ".join(words)


def caused(new: Exception, error: Exception) -> Exception:
    """`new` with `error` as its cause, unless it is the same one."""
    if new is not error:
        new.__cause__ = error
    return new


def blame(error: Exception, definition: Definition, arrays: tuple[Any, ...]) -> Exception:
    """The error to raise for a failed kernel: ours, naming the op and what it was given."""
    return caused(_blame(error, definition, arrays), error)


def _blame(error: Exception, definition: Definition, arrays: tuple[Any, ...]) -> Exception:
    if isinstance(error, ArraygradError):
        return error
    text = f"{definition.title}: got {_described(definition, arrays)}: {error}"
    if stays(error):
        error.add_note(text)
        return error
    real = [a for a in arrays if a is not None and type(a) not in PYTHON_SCALARS]
    if len({str(backend_of(a).device(a)) for a in real}) > 1:
        return MixedBackendError(f"{text}; expected one device, move with .to_device(...)")
    if isinstance(error, IndexError):  # NumPy's AxisError is also a ValueError
        return AxisIndexError(text)
    if refused(error):
        return MatrixError(text)
    if isinstance(error, ValueError | RuntimeError):
        return ShapeError(text) if len(real) > 1 else ArgumentError(text)
    if isinstance(error, ArithmeticError):  # a whole number that is too large
        return ArgumentError(text)
    if isinstance(error, TypeError) or len(real) < len(arrays):  # a number where an array must be
        return DtypeError(text)
    error.add_note(text)
    return error


def stays(error: Exception) -> bool:
    """Whether an error is not about the arguments: memory, and what users asked to be raised."""
    # np.errstate and warnings.simplefilter; PyTorch's OutOfMemoryError is a RuntimeError.
    known = isinstance(error, Warning | FloatingPointError | MemoryError)
    return known or "OutOfMemory" in type(error).__name__


def blame_call(error: Exception, definition: Definition, given: dict[str, Any]) -> Exception:
    """The error to raise for a failed composition: ours, naming the op and its arguments."""
    return caused(_blame_call(error, definition, given), error)


def _blame_call(error: Exception, definition: Definition, given: dict[str, Any]) -> Exception:
    if type(error) is DtypeError and str(error).startswith("got "):  # of `backend_of`
        return DtypeError(f"{definition.title}: {error}")
    if isinstance(error, ArraygradError) or stays(error):
        return error
    words = []
    for name, value in given.items():
        default = definition.arguments[name].default
        if value is not default:
            words += [f"{name} = {briefly(value)}"]
    return translated(error, f"{definition.title}: got {', '.join(words)}: {error}")


def blame_rule(error: Exception, definition: Definition, g: Any) -> Exception:
    """The error to raise for a failed rule: ours, naming the op, the input and the gradient."""
    if isinstance(error, (GradientShapeError, AmbiguousNameError)):
        return error  # which names it
    inputs = _rule_of(error, definition, g)
    rule = f"the rule for {' and '.join(inputs)}" if inputs else "a rule"
    text = f"{definition.title}: {rule} got the gradient {briefly(g)}"
    if isinstance(error, ArraygradError) or stays(error):
        error.add_note(text)
        return error
    if inputs:
        from arraygrad.firstcall import at_fault

        return translated(error, f"{text}: {error}{at_fault(definition, inputs, g)}")
    return translated(error, f"{text}: {error}")


def _rule_of(error: Exception, definition: Definition, g: Any) -> tuple[str, ...]:
    """The inputs whose rule, or a kernel of it, is where the error was; () for none of them."""
    backend = by_type.get(type(g))
    rules: dict[Any, tuple[str, ...]] = {}
    for inputs, rule in definition.rules.items():
        kernel = definition.rule_kernels(inputs).get(backend.name) if backend else None
        rules |= {getattr(function, "__code__", None): inputs for function in (rule, kernel)}
    place = error.__traceback__
    while place is not None:
        if place.tb_frame.f_code in rules:
            return rules[place.tb_frame.f_code]
        place = place.tb_next
    return next(iter(definition.rules)) if len(definition.rules) == 1 else ()


def refused(error: Exception) -> bool:
    """Whether a library says with this error that there is no result for these numbers."""
    return isinstance(error, LinAlgError) or "LinAlgError" in type(error).__name__


def translated(error: Exception, text: str) -> Exception:
    """An error of ours for one of another library, by its kind; itself where there is none."""
    if refused(error):
        return MatrixError(text)
    if isinstance(error, IndexError):
        return AxisIndexError(text)
    if isinstance(error, TypeError | AttributeError):
        return DtypeError(text)
    if isinstance(error, ValueError | RuntimeError | ArithmeticError):
        return ArgumentError(text)
    error.add_note(text)
    return error


def briefly(value: Any) -> str:
    import reprlib

    if isinstance(value, tuple):
        return f"({', '.join(map(briefly, value))})"
    x = value._data if isinstance(value, Variable) else value
    if getattr(x, "shape", ()) and hasattr(x, "dtype") and not isinstance(x, type):
        return f"an array {tuple(x.shape)} {x.dtype}"
    return reprlib.repr(value)


def tracked() -> Any:
    """What rules get for `backend` while they run on Variables."""
    from arraygrad.xp.tracked import TRACKED

    return TRACKED


def differentiable(args: tuple[Any, ...]) -> Any:
    """What a composition gets for `xp`: the namespace of Variables over its arguments' library."""
    from arraygrad.xp.namespaces import namespace_of

    for x in args:
        if isinstance(x, Variable):
            return x.__array_namespace__()
        if hasattr(x, "shape") and hasattr(x, "dtype"):
            return namespace_of(backend_of(x))
    return namespace_of(current_backend())


def stray(definition: Definition, name: str, x: Variable) -> Any:
    """The array of a Variable given for a parameter; whole numbers and masks lose no gradient."""
    if x._node is not None and is_inexact(x.dtype, namespace(x._data)):
        raise GradientError(
            f"{definition.title}: got a tracked Variable for {name}, which has no gradient; "
            f"use .data or .detach() of it if none is wanted"
        )
    return x._data


def counted(gxs: Any, definition: Definition, n: int, g: Any) -> Any:
    """The gradients of a rule of several inputs, if there is one for each."""
    if not isinstance(gxs, tuple | list) or len(gxs) != n:
        from arraygrad.firstcall import at_fault

        got = f"{len(gxs)} gradients" if isinstance(gxs, tuple | list) else type(gxs).__name__
        inputs = next(names for names in definition.rules if len(names) == n or definition.variadic)
        raise GradientShapeError(
            f"{definition.title}: a rule of {n} inputs returned {got}, expected a tuple of {n}; "
            f"return None for an input that `need` says is not wanted"
            f"{at_fault(definition, inputs, g)}"
        )
    return gxs


def plain(y: Any) -> Any:
    """What a composition returned without a Variable among its arguments, as a constant."""
    if type(y) in PYTHON_SCALARS or (hasattr(y, "shape") and hasattr(y, "dtype")):
        return constant(as_array(y))
    return y
