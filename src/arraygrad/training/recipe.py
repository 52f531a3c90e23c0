"""Recipe: what a training run is made of; and what it makes."""

from __future__ import annotations

import inspect
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, fields
from typing import Any

from arraygrad import backend as backends
from arraygrad import settings
from arraygrad.errors import RunError, UnknownBackendError
from arraygrad.layers import Layer
from arraygrad.optimizers import Optimizer
from arraygrad.training.names import identify, obtain

# What suits the built-in data sets and optimizers; compared on a fifth of the training data.
EPOCHS = {"core:Digits": 20, "core:Spiral": 100}
LEARNING_RATES = {"core:Adam": 0.002, "core:MomentumSGD": 0.05, "core:SGD": 0.1}

WEIGHTS = ("npz", "safetensors")


@dataclass(frozen=True)
class Recipe:
    """What a training run is made of; names are full ids. `make_recipe` fills in the defaults.

    Raises RunError for a value out of its range.
    """

    dataset: str
    model: str
    hidden: tuple[int, ...]
    activation: str
    optimizer: str
    lr: float
    batch_size: int
    epochs: int
    seed: int
    backend: str
    device: str | None
    limit: int | None
    weights: str

    def __post_init__(self) -> None:
        for name in ("batch_size", "epochs", "limit"):
            value = getattr(self, name)
            if value is not None and not _is_size(value):
                raise RunError(f"{name} is {value!r}; expected a whole number above 0")
        if not self.hidden or not all(_is_size(size) for size in self.hidden):
            raise RunError(f"hidden is {self.hidden!r}; expected sizes above 0, such as (100,)")
        if not 0 <= self.seed < 2**32:
            raise RunError(f"seed is {self.seed!r}; expected a whole number from 0 to 2**32 - 1")
        if not (math.isfinite(self.lr) and self.lr > 0):
            raise RunError(f"lr is {self.lr!r}; expected a number above 0")
        if self.weights not in WEIGHTS:
            raise RunError(f"weights is {self.weights!r}; expected one of {', '.join(WEIGHTS)}")

    def as_dict(self) -> dict[str, Any]:
        """The recipe in types that JSON knows."""
        return asdict(self) | {"hidden": list(self.hidden)}

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> Recipe:
        """The recipe that `as_dict` gave; raises KeyError or TypeError if something is missing."""
        own = {field.name: values[field.name] for field in fields(cls)}
        return cls(**own | {"hidden": tuple(own["hidden"])})


def make_recipe(**given: Any) -> Recipe:
    """A recipe from what is given; all else gets its default, None meaning the same.

    Names are those of the registry in any case, of the core or of plugins: `dataset="digits"`.

    Raises UnknownNameError, UnknownBackendError, BackendUnavailableError and RunError.

    >>> recipe = make_recipe(dataset="spiral", lr=0.01)
    >>> recipe.dataset, recipe.model, recipe.optimizer, recipe.epochs
    ('core:Spiral', 'core:MLP', 'core:Adam', 100)
    """
    unknown = given.keys() - {f.name for f in fields(Recipe)}
    if unknown:
        raise RunError(f"make_recipe: got {', '.join(sorted(unknown))}, which no recipe has")
    chosen = {key: value for key, value in given.items() if value is not None}
    dataset = identify("datasets", chosen.get("dataset", "digits"))
    optimizer = identify("optimizers", chosen.get("optimizer", "adam"))
    backend = chosen.get("backend") or settings.get("backend")
    model = identify("models", chosen.get("model", "mlp"))
    activation = identify("functions", chosen.get("activation", "relu"))
    for kind, id in (("datasets", dataset), ("models", model), ("optimizers", optimizer)):
        obtain(kind, id)
    check_device(backend, chosen.get("device"))
    return Recipe(
        dataset=dataset,
        model=model,
        hidden=(*chosen.get("hidden", (100,)),),
        activation=activation,
        optimizer=optimizer,
        lr=float(chosen["lr"]) if "lr" in chosen else _learning_rate(optimizer),
        batch_size=chosen.get("batch_size", 32),
        epochs=chosen.get("epochs", EPOCHS.get(dataset, 20)),
        seed=chosen.get("seed", 0),
        backend=backend,
        device=chosen.get("device"),
        limit=chosen.get("limit"),
        weights=chosen.get("weights", "npz"),
    )


def check_device(backend: str, device: str | None) -> Any:
    """The device of that name, None for the backend's own choice; raises BackendError if there
    is no such backend, and RunError if it has no such device.

    >>> check_device("numpy", "cpu")
    'cpu'
    """
    try:
        found = backends.get_backend(backend)
    except UnknownBackendError as error:
        hint = "" if "did you mean" in str(error) else settings.near(backend, backend_names())
        raise UnknownBackendError(f"{error}{hint}; see `arraygrad backends`") from None
    if device is None:
        return None
    devices = {str(one): one for one in found.devices() if one is not None}
    if device not in devices:
        raise RunError(
            f"device is {device!r}, but backend {backend!r} has {', '.join(devices)} here"
            f"{settings.near(device, devices) or '; choose one of these, or another backend'}"
        )
    return devices[device]


def backend_names() -> list[str]:
    """Every backend that can be asked for: registered ones, and libraries that need no plugin."""
    from arraygrad import registry

    return list(dict.fromkeys([*registry.names("backends"), *backends.COMPATIBLE]))


def build_model(recipe: Recipe, in_size: int, classes: int) -> Layer:
    """The model of a recipe. Its constructor asks by name for what it needs to know.

    The names are `fc_output_sizes`, `hidden_sizes`, `hidden_size`, `in_size`, `out_size` and
    `activation`. Raises RunError if it needs anything else.

    >>> build_model(make_recipe(hidden=(50, 20)), in_size=64, classes=10)
    MLP((50, 20, 10), activation=relu)
    """
    from arraygrad import registry

    known: dict[str, Any] = {
        "activation": registry.lookup("functions", recipe.activation),
        "fc_output_sizes": (*recipe.hidden, classes),
        "hidden_size": recipe.hidden[0],
        "hidden_sizes": recipe.hidden,
        "in_size": in_size,
        "out_size": classes,
    }
    model = _call("model", recipe.model, obtain("models", recipe.model), known)
    if not isinstance(model, Layer):
        raise RunError(f"model: {recipe.model!r} made a {type(model).__name__}; expected a Layer")
    return model


def build_optimizer(recipe: Recipe) -> Optimizer:
    """The optimizer of a recipe; its constructor asks for `lr` or, as Adam does, for `alpha`.

    >>> build_optimizer(make_recipe()).alpha
    0.002
    """
    known = {"lr": recipe.lr, "alpha": recipe.lr}
    optimizer = _call("optimizer", recipe.optimizer, obtain("optimizers", recipe.optimizer), known)
    if not isinstance(optimizer, Optimizer):
        raise RunError(
            f"optimizer: {recipe.optimizer!r} made a {type(optimizer).__name__}; expected an "
            "Optimizer"
        )
    return optimizer


def _call(word: str, id: str, thing: Any, known: Mapping[str, Any]) -> Any:
    named = [
        p
        for p in _parameters(thing).values()
        if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
    ]
    missing = [p.name for p in named if p.default is p.empty and p.name not in known]
    if missing:
        raise RunError(
            f"{word}: {id!r} needs {', '.join(missing)}, which `arraygrad train` cannot give; it "
            f"knows {', '.join(known)}: register a subclass or a function that fills in the rest"
        )
    return thing(**{p.name: known[p.name] for p in named if p.name in known})


def _learning_rate(optimizer: str) -> float:
    if optimizer in LEARNING_RATES:
        return LEARNING_RATES[optimizer]
    parameters = _parameters(obtain("optimizers", optimizer))
    for name in ("lr", "alpha"):
        default = parameters[name].default if name in parameters else None
        if isinstance(default, (int, float)):
            return float(default)
    return 0.01


def _parameters(thing: Any) -> Mapping[str, inspect.Parameter]:
    try:
        return inspect.signature(thing).parameters
    except ValueError:  # built into Python, and without a signature
        return {}


def _is_size(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0
