"""Optimizer: what all optimizers share."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

import numpy as np

from arraygrad.arrays import is_complex
from arraygrad.backend import Backend, backend_of
from arraygrad.errors import ArgumentError, LayerError
from arraygrad.inplace import follow
from arraygrad.layers import Layer
from arraygrad.layers.inventory import Inventory
from arraygrad.optimizers.blocks import BLOCK, apply
from arraygrad.optimizers.gradient import gradient
from arraygrad.optimizers.state import beside, fresh_or_kept, misfit
from arraygrad.variable import Parameter

Rate = float | Callable[[int], float]
"""A learning rate: a number, or a function of the number of updates made before."""
Formula = Callable[..., Any]
"""(x, g) -> new x, or (x, g, *state) -> (new x, *new state); see `arraygrad.optimizers.blocks`."""

_REAL = tuple(np.dtype(name) for name in ("float32", "float64"))


class Optimizer:
    """Updates the parameters of a layer; a subclass says in `update_one` how one is updated.

    Parameters without a gradient or without data are left alone. State that belongs to a
    parameter is kept in `state(param)`, a dict of arrays, under the parameter's name.

    A subclass may give a `formula` in place of `update_one`, and the names of its state in
    `slots`. It runs on every library, on NumPy without asking for memory in each update.

    >>> class SignSGD(Optimizer):
    ...     def update_one(self, param):
    ...         param.data = param.data - 0.1 * np.sign(param.grad.data)
    >>> from arraygrad.layers import Linear
    >>> layer = Linear(1, in_size=2)
    >>> optimizer = SignSGD().setup(layer)
    >>> layer.b.grad = np.ones(1, dtype=np.float32)
    >>> optimizer.update()
    >>> layer.b
    variable([-0.1])
    """

    slots: tuple[str, ...] = ()
    """The names of the arrays, each shaped like its parameter, that `state` holds."""
    counters: tuple[str, ...] = ("updates",)
    """The names of the attributes, whole numbers, that belong to the state too."""
    updates: int = 0
    """How many updates were made."""

    def __init__(self) -> None:
        self.target: Layer | None = None
        self.hooks: list[Callable[[list[Parameter]], Any]] = []
        self._inventory: Inventory | None = None
        self._states: dict[str, dict[str, Any]] = {}
        self._ages: dict[str, int] = {}  # how many updates each parameter had, where it has state
        self._names: dict[int, str] = {}

    def setup(self, target: Layer) -> Optimizer:
        """Say what to train; returns the optimizer itself.

        Raises LayerError if it is not a layer.
        """
        if not isinstance(target, Layer):
            raise LayerError(
                f"{type(self).__name__}.setup: got a {type(target).__name__}; expected the layer "
                "or model to train"
            )
        self.target = target
        return self

    def add_hook(self, f: Callable[[list[Parameter]], Any]) -> None:
        """Call f before each update with the list of the parameters that have a gradient.

        Raises LayerError if f cannot be called.
        """
        if not callable(f):
            raise LayerError(
                f"{type(self).__name__}.add_hook: got a {type(f).__name__}; expected a function of "
                f"the list of parameters, such as WeightDecay(1e-4)"
            )
        self.hooks.append(f)

    def update(self) -> None:
        """Update each parameter that has a gradient, once.

        Raises LayerError without `setup`; GradientShapeError or DtypeError for a gradient or a
        parameter that cannot be used, before anything has changed.
        """
        params = self._params()
        for f in self.hooks:
            f([p for p in params if p.grad is not None and p.data is not None])
        # Small models spend their time here: what the properties of Variable do, and no more.
        ready = []
        by_formula = type(self).update_one is Optimizer.update_one
        for p in params:
            node, x = p._node, p._data
            if node is not None and node.y_grad is not None and x is not None:
                g = node.y_grad._data
                if by_formula and not (g.dtype is x.dtype in _REAL and g.shape == x.shape):
                    g = gradient(p)
                ready.append((p, x, g))
        self.updates += 1
        if by_formula:
            self._step(ready)
        else:
            for p, _, _ in ready:
                self.update_one(p)

    def update_one(self, param: Parameter) -> None:
        """Update one parameter from its gradient; `formula` says how, or a subclass does here."""
        self._step([(param, param.data, gradient(param))])

    def _step(self, ready: list[tuple[Parameter, Any, Any]]) -> None:
        """Update parameters with their arrays and gradients, of one shape and dtype."""
        formulas: dict[Any, Formula] = {}
        seen = dtype = age = None
        formula: Any = None
        slots, t = self.slots, self.updates
        for p, x, g in ready:
            if slots:
                state, t = self._one_older(p)
            if type(x) is not seen or x.dtype is not dtype or t != age:
                seen, dtype, age = type(x), x.dtype, t
                formula = formulas.get((seen, dtype, t))
                if formula is None:
                    formula = formulas[seen, dtype, t] = self._formula(backend_of(x), dtype, t)
            # Shape and dtype stay as they are, so the checks of `data` are not needed.
            if slots:
                p._data = apply(formula, (x, g), state)
            elif seen is np.ndarray and x.size > BLOCK:
                p._data = apply(formula, (x, g))
            else:
                p._data = formula(x, g)
            if hasattr(p, "_views"):
                follow(p)

    def _one_older(self, param: Parameter) -> tuple[dict[str, Any], int]:
        """The state of a parameter, and the number of its updates, with the one to be made."""
        name = self._name(param)
        state = self._states.setdefault(name, {})
        kept = fresh_or_kept(state, self.slots, param._data)
        age = self._ages[name] = self._ages.get(name, 0) + 1 if kept else 1
        return state, age

    def _formula(self, backend: Backend, dtype: Any, t: int) -> Formula:
        """`formula` for arrays of this dtype; in a step that is compiled, `number` is another."""
        return self.formula(partial(_number, backend, dtype), backend.xp, t)

    def formula(self, number: Callable[[float], Any], xp: Any, t: int) -> Formula:
        """How a parameter and its state change: a function for `arraygrad.optimizers.blocks.apply`.

        number: makes a constant for arrays of this dtype; xp: their namespace; t: which update of
        the parameter this is, from 1 on. It is that of the optimizer, unless the parameter came
        later or was frozen.
        """
        raise NotImplementedError(
            f"{type(self).__name__} has no update_one(self, param): define it"
        )

    def rate(self, rate: Rate) -> float:
        """A learning rate as a number: that of the last update, or of the first one before that.

        >>> from arraygrad.optimizers import StepDecay
        >>> optimizer = Optimizer()
        >>> optimizer.updates = 11
        >>> optimizer.rate(0.5), optimizer.rate(0.5 * StepDecay(every=10))
        (0.5, 0.05)
        """
        value = rate(max(self.updates, 1) - 1) if callable(rate) else rate
        return setting(type(self).__name__, "the learning rate", value)

    def state(self, param: Parameter) -> dict[str, Any]:
        """The arrays that the optimizer keeps for a parameter; empty before its first update."""
        name = self._name(param)  # which may take over another set of states
        return self._states.setdefault(name, {})

    def _name(self, param: Parameter) -> str:
        name = self._names.get(id(param))
        if name is None:
            self._params()
            name = self._names.get(id(param))
            if name is None:
                raise LayerError(
                    f"{type(self).__name__}: the target {type(self.target).__name__} has no such "
                    "parameter; call setup(model) with the model that has it"
                )
        return name

    def state_dict(self) -> dict[str, np.ndarray[Any, Any]]:
        """The state as NumPy arrays by name (``l0/W/m``), fit for `weights.write_arrays`.

        The settings, such as the learning rate, are not in it.
        """
        state = {name: np.array(getattr(self, name), dtype=np.int64) for name in self.counters}
        for name, param in zip(self._inventory_now().names, self._params(), strict=True):
            for slot, array in self.state(param).items():
                state[f"{name}/{slot}"] = np.array(backend_of(array).to_numpy(array))
            if name in self._ages:
                state[f"{name}/updates"] = np.array(self._ages[name], dtype=np.int64)
        return state

    def load_state_dict(self, state: Mapping[str, Any]) -> None:
        """Go on from what `state_dict` gave; needs `setup`, and the parameters to have data.

        Raises LayerError if names, shapes or dtypes do not fit; the message lists all that do
        not, and nothing has changed.
        """
        names, params = self._inventory_now().names, self._params()
        wanted = {
            f"{name}/{slot}": (name, slot, param)
            for name, param in zip(names, params, strict=True)
            for slot in (*self.slots, *(["updates"] if self.slots else []))
        }
        problems = [f"{name}: missing" for name in self.counters if name not in state]
        restored: dict[str, dict[str, Any]] = {}
        ages: dict[str, Any] = {}
        for key, value in state.items():
            array = np.asarray(value)
            if key in self.counters or (key in wanted and wanted[key][1] == "updates"):
                if key in wanted:
                    ages[wanted[key][0]] = array
                if array.shape != () or array.dtype.kind not in "iu":
                    problems.append(f"{key}: got {array!r}, expected a whole number")
            elif key not in wanted:
                problems.append(f"{key}: nothing in the model or optimizer has that name")
            else:
                name, slot, param = wanted[key]
                problems += misfit(key, array, param)
                restored.setdefault(name, {})[slot] = array
        for name in {**restored, **ages}:
            arrays = restored.get(name, {})
            problems += [f"{name}/{slot}: missing" for slot in self.slots if slot not in arrays]
            problems += [f"{name}/updates: missing"] if name not in ages else []
        if problems:
            raise LayerError(
                f"{type(self).__name__}.load_state_dict: the state does not fit: "
                f"{'; '.join(problems)}; nothing was loaded: use the optimizer and the model that "
                "it was saved from"
            )
        self._states, self._ages = {}, {name: int(age) for name, age in ages.items()}
        for name, param in zip(names, params, strict=True):
            if name in restored:
                backend = backend_of(param.data)
                device = backend.device(param.data)
                self._states[name] = {
                    slot: backend.from_numpy(array.copy(), device=device)
                    for slot, array in restored[name].items()
                }
        for name in self.counters:
            setattr(self, name, int(state[name]))

    def _inventory_now(self) -> Inventory:
        if self.target is None:
            raise LayerError(
                f"{type(self).__name__}: it has no parameters to update yet; call "
                "setup(model) first"
            )
        return self.target._inventory()

    def _params(self) -> list[Parameter]:
        """The parameters of the target, the same list as long as its structure is the same."""
        inventory = self._inventory_now()
        if inventory is not self._inventory:
            self._adopt(inventory)
        return inventory.params

    def _adopt(self, inventory: Inventory) -> None:
        """Take over another set of parameters, and forget the state of those that are gone."""
        states, ages = self._states, self._ages
        self._states, self._ages = {}, {}
        if self._inventory is not None:
            # By the parameter itself: its name may have changed, as in a list that grew in front.
            before = zip(self._inventory.names, self._inventory.params, strict=True)
            old_names = {id(p): name for name, p in before}
            for name, p in zip(inventory.names, inventory.params, strict=True):
                old = old_names.get(id(p), "")
                if old in states:
                    self._states[name] = {k: beside(a, p.data) for k, a in states[old].items()}
                if old in ages:
                    self._ages[name] = ages[old]
        self._names = {
            id(p): name for name, p in zip(inventory.names, inventory.params, strict=True)
        }
        self._inventory = inventory

    def __getstate__(self) -> dict[str, Any]:
        state = dict(vars(self))
        state["_names"] = {}  # ids of this process
        return state

    def __repr__(self) -> str:
        public = {
            k: v
            for k, v in vars(self).items()
            if k[0] != "_" and k not in ("target", "hooks", "updates")
        }
        return f"{type(self).__name__}({', '.join(f'{k}={v!r}' for k, v in public.items())})"


def setting(who: str, name: str, value: Any) -> float:
    """A setting as a number. Raises ArgumentError for what is none, and for nan.

    >>> setting("SGD", "lr", np.float32(0.5))
    0.5
    """
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.nan
    if math.isnan(number):
        raise ArgumentError(f"{who}: {name} is {value!r}; expected a number")
    return number


def checked(optimizer: Optimizer, **settings: Any) -> None:
    """Raise ArgumentError unless settings are numbers, or schedules."""
    for name, value in settings.items():
        if not callable(value):
            setting(type(optimizer).__name__, name, value)


def squared(g: Any, xp: Any) -> Any:
    """|g| ** 2, elementwise, in the dtype of g."""
    return g * xp.conj(g) if is_complex(g.dtype) else g * g


def _number(backend: Backend, dtype: Any, value: Any) -> Any:
    # float(): a setting that is a NumPy scalar would make float32 float64.
    return _scalar(backend, dtype, float(value))


@lru_cache(maxsize=256)
def _scalar(backend: Backend, dtype: Any, value: float) -> Any:
    return backend.scalar(value, dtype)
