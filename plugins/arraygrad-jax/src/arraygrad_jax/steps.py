"""Step: a function of arraygrad that JAX compiles, with the layers and optimizers it changes.

JAX compiles functions of arrays that change nothing else. A training step changes parameters,
gradients and the state of an optimizer. So these arrays are taken out of their objects, given to
the compiled program beside the arguments, and what it returns for them is put back. While JAX
traces the function, the objects hold JAX's tracers in the place of arrays, and arraygrad's tape
runs on these: forward pass, backpropagation and update become one program.

Step sizes are numbers of Python, which may change from update to update. They are arguments of
the program too: before each call the optimizer's formula is asked for its numbers again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import jax
import numpy as np

from arraygrad import kernels
from arraygrad.config import Config
from arraygrad.errors import BackendError
from arraygrad.layers import Layer
from arraygrad.optimizers import Optimizer
from arraygrad.variable import Variable, constant
from arraygrad_jax.backend import in_step
from arraygrad_jax.cells import Cell, cells, kept, objects
from arraygrad_jax.numbers import Numbers, TooFew
from arraygrad_jax.watch import titled, watched

_ARRAY = object()
"""What stands for an array in the description of arguments."""


class Step:
    """A callable that runs `function` once as it is, then as compiled programs; see `ag.jit`."""

    def __init__(self, backend: Any, function: Any, state: Sequence[Any]) -> None:
        self.backend, self.function = backend, function
        self.state = tuple(state)
        self.programs: dict[Any, Program] = {}
        self.ran = False

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        leaves, tree = jax.tree_util.tree_flatten((args, kwargs), is_leaf=_is_variable)
        forms = tuple(map(_form, leaves))
        arrays = [
            self._array(x.data if isinstance(x, Variable) else x)
            for x, form in zip(leaves, forms, strict=True)
            if form[0] is _ARRAY
        ]
        if not self.ran:
            self.ran = True
            args, kwargs = _rebuilt(tree, forms, arrays)
            return self.function(*args, **kwargs)
        layers, optimizers, variables = objects(self.state)
        here = list(cells(layers, optimizers, variables))
        values = [cell.read() for cell in here]
        key = (
            tree,
            forms,
            tuple((a.shape, a.dtype) for a in arrays),
            tuple((*cell.key, a.shape, a.dtype) for cell, a in zip(here, values, strict=True)),
            tuple(_pattern(optimizer) for optimizer in optimizers),
            (Config.train, Config.enable_backprop, kernels.enabled()),
        )
        try:
            program = self.programs.get(key)
        except TypeError as error:
            raise BackendError(
                f"jit: got an argument that is neither an array nor hashable ({error}), expected "
                f"arrays, and tuples, lists and dicts of them, numbers and texts"
            ) from error
        if program is None:
            program = Program(self, tree, forms, here, layers, optimizers, variables)
            self.programs[key] = program
            try:
                return program(values, arrays)
            except BaseException:
                del self.programs[key]
                raise
        return program(values, arrays)

    def _array(self, x: Any) -> Any:
        return x if isinstance(x, jax.Array) else self.backend.asarray(x)


class Program:
    """One compiled form of a step: for arguments and state of certain shapes and dtypes."""

    def __init__(
        self,
        step: Step,
        tree: Any,
        forms: Any,
        before: list[Cell],
        layers: list[Layer],
        optimizers: list[Optimizer],
        variables: list[Variable],
    ) -> None:
        self.step, self.tree, self.forms, self.before = step, tree, forms, before
        self.layers, self.optimizers, self.variables = layers, optimizers, variables
        self.numbers = Numbers(optimizers, step.backend)
        self.traced = False
        self.draws = 0
        self.after: list[Cell] = []
        self.result: tuple[Any, Any] = (None, ())
        self.run = jax.jit(self._pure)

    def __call__(self, values: list[Any], arrays: list[Any]) -> Any:
        if not self.traced:
            out, result = self._first(values, arrays)
        else:
            seed = self._seed() if self.draws else np.uint32(0)
            out, result = self.run(values, self.numbers.now(), seed, arrays)
        for cell, value in zip(self.after, out, strict=True):
            cell.write(value)
        # A gradient that the step cleared.
        written = {cell.key for cell in self.after}
        for cell in self.before:
            if cell.key not in written:
                cell.clear()
        self.numbers.count()
        return _rebuilt(*self.result, result)

    def _first(self, values: list[Any], arrays: list[Any]) -> Any:
        """Trace, compile and run: which numbers it needs, and whether it draws, tracing shows."""
        while not self.traced:
            try:
                # JAX keeps what it traced here for the call below.
                self.run.eval_shape(values, self.numbers.blank(), np.uint32(0), arrays)
                self.traced = True
            except TooFew:
                self.numbers.size *= 4
            except Exception as error:
                explained = _explained(error, self.step.function)
                if explained is None:
                    raise
                raise explained from error
        seed = self._seed() if self.draws else np.uint32(0)
        return self.run(values, self.numbers.now(), seed, arrays)

    def _seed(self) -> Any:
        draw = in_step.get()
        if draw is not None:  # a compiled function in another one
            return jax.random.bits(draw(), dtype=np.uint32)
        return np.uint32(np.random.randint(0, 2**32, dtype=np.uint64))

    def _pure(self, values: list[Any], numbers: Any, seed: Any, arrays: list[Any]) -> Any:
        """The step as JAX wants it: arrays in, arrays out; all objects are as before after it."""
        key = jax.random.key(seed)
        self.draws = 0

        def draw() -> Any:
            self.draws += 1
            return jax.random.fold_in(key, self.draws)

        token = in_step.set(draw)
        try:
            with (
                kept(self.layers, self.optimizers, self.variables),
                watched(self.step.function, self.optimizers),
                self.numbers.fed(numbers),
            ):
                for cell, value in zip(self.before, values, strict=True):
                    cell.write(value)
                args, kwargs = _rebuilt(self.tree, self.forms, arrays)
                result = self.step.function(*args, **kwargs)
                self.after = list(cells(self.layers, self.optimizers, self.variables))
                out = [cell.read() for cell in self.after]
        finally:
            in_step.reset(token)
        leaves, tree = jax.tree_util.tree_flatten(result, is_leaf=_is_variable)
        forms = tuple((*_form(x)[:2], False) for x in leaves)
        self.result = tree, forms
        found = [x.data if isinstance(x, Variable) else x for x in leaves]
        return out, [x for x, form in zip(found, forms, strict=True) if form[0] is _ARRAY]


_VALUELESS = (
    jax.errors.ConcretizationTypeError,
    jax.errors.NonConcreteBooleanIndexError,
    jax.errors.TracerArrayConversionError,
    jax.errors.TracerIntegerConversionError,
    jax.errors.UnexpectedTracerError,
)


def _explained(error: Exception, function: Any) -> BackendError | None:
    """The error to raise for one while tracing, where JAX wanted to know a value."""
    # JAX and arraygrad both raise errors from others, and from themselves.
    pending: list[BaseException | None] = [error]
    seen: list[BaseException] = []
    while pending:
        cause = pending.pop()
        if isinstance(cause, _VALUELESS):
            break
        if cause is not None and cause not in seen:
            seen.append(cause)
            pending += [cause.__context__, cause.__cause__]
    else:
        return None
    what = str(cause).strip().partition("\n")[0].rstrip(".")
    return BackendError(
        f"jit: {titled(function)} wants to know values, or shapes that depend on values, which "
        f"are not there while it is compiled ({what}), expected a function of shapes and dtypes "
        f"alone; choose elements with F.where instead of `if` and of masks as an index, give "
        f"numbers that decide something as Python's, or return the array and look at it outside"
    )


def _is_variable(x: Any) -> bool:
    return isinstance(x, Variable)


def _form(x: Any) -> tuple[Any, ...]:
    """What an argument is, but for the values of an array: part of the program."""
    if isinstance(x, Variable):
        return _ARRAY, True, x.requires_grad
    if isinstance(x, jax.Array | np.ndarray | np.generic):
        return _ARRAY, False, False
    return type(x), x, False


def _rebuilt(tree: Any, forms: Any, arrays: Sequence[Any]) -> Any:
    remaining = iter(arrays)
    return jax.tree_util.tree_unflatten(tree, list(_leaves(forms, remaining)))


def _leaves(forms: Any, arrays: Iterator[Any]) -> Iterator[Any]:
    for kind, what, tracked in forms:
        if kind is not _ARRAY:
            yield what
        elif not what:
            yield next(arrays)
        else:
            yield Variable(next(arrays)) if tracked else constant(next(arrays))


def _pattern(optimizer: Optimizer) -> tuple[Any, ...]:
    """What of an optimizer is part of the program: which parameters are how much younger."""
    ages = tuple((name, age - optimizer.updates) for name, age in optimizer._ages.items())
    if type(optimizer).update_one is Optimizer.update_one:
        return ages
    # Its own code may read these, and what it reads is compiled in.
    plain = (bool, int, float, str)
    names = [k for k in vars(optimizer) if k not in optimizer.counters]
    own = tuple((k, vars(optimizer)[k]) for k in names if isinstance(vars(optimizer)[k], plain))
    return ages + own
