"""How to make a layer, a model, an optimizer or a data set, and what to call it with."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from arraygrad.errors import ArgumentError
from arraygrad.op import arr
from arraygrad.testing.examples import made_in_example
from arraygrad.testing.recipes import drawn


class Sample:
    """One way to make a thing: `Sample(lambda: L.Linear(3), arr(5, 4))`.

    make: a function without arguments that gives a new one each time. inputs, options: what it is
    called with; `arr` recipes or NumPy arrays where arrays go.

    A class says how to make it with a class method `samples` that returns a list of these; or its
    docstring has an example that makes one, and calls it.

    >>> Sample(lambda: np.tanh, arr(2)).inputs
    (arr(2,),)
    """

    def __init__(self, make: Callable[[], Any], *inputs: Any, **options: Any) -> None:
        self.make, self.inputs, self.options = make, inputs, options

    def __repr__(self) -> str:
        words = [_word(x) for x in self.inputs]
        words += [f"{k}={_word(v)}" for k, v in self.options.items()]
        return f"({', '.join(words)})"

    def arrays(self, seed: int = 0) -> tuple[Any, ...]:
        """The inputs with NumPy arrays in place of recipes, the same for equal seeds."""
        rng = np.random.default_rng(seed)
        return tuple(drawn(x, rng) if isinstance(x, arr) else x for x in self.inputs)


def samples_of(
    who: str,
    thing: Any,
    inputs: Sequence[Any],
    options: Mapping[str, Any],
    table: Mapping[str, Sequence[Sample]],
) -> list[Sample]:
    """The samples of a class, or the one of a function that makes things.

    Raises ArgumentError where there is no way to make one.
    """
    if inputs or options or not isinstance(thing, type):
        return [Sample(thing, *inputs, **options)]
    if "samples" in vars(thing):
        return list(thing.samples())  # type: ignore[attr-defined]
    if thing.__module__.startswith("arraygrad.") and thing.__name__ in table:
        return list(table[thing.__name__])
    made = made_in_example(thing)
    if made is None:
        raise ArgumentError(
            f"{who}: got the class {thing.__name__}, which does not say how to make one; give it a "
            f"class method samples() that returns [Sample(make, *inputs)], or an example in its "
            f"docstring, or pass a function without arguments that makes one, and the inputs"
        )
    args, kwargs = made.args, made.kwargs

    def make() -> Any:
        return thing(*copy.deepcopy(args), **copy.deepcopy(kwargs))

    return [Sample(make, *made.inputs, **made.options)]


def name_of(thing: Any) -> str:
    """What a report calls it."""
    if isinstance(thing, type):
        space = thing.__module__.partition(".")[0].removeprefix("arraygrad_")
        return f"{'core' if space == 'arraygrad' else space}:{thing.__name__}"
    return str(getattr(thing, "__name__", type(thing).__name__))


def _word(x: Any) -> str:
    return f"array{x.shape}" if isinstance(x, np.ndarray) else repr(x)
