"""The whole contract between arraygrad and its plugins.

A plugin is an installed distribution with an entry point in the group `arraygrad` that names a
light module, for example in its pyproject.toml:

    [project.entry-points.arraygrad]
    acts = "arraygrad_acts._plugin"

That module implements the hooks it needs, each under its own name:

    from arraygrad import hookimpl

    ARRAYGRAD_API = "1.0"

    @hookimpl
    def arraygrad_register_ops(register):
        register("arraygrad_acts.functions:mish")

A *target* is the object itself, or the text "package.module:attribute", imported when somebody
uses the thing for the first time: entry modules that only hold texts cost nothing. Names live in
the namespace of the distribution (`arraygrad-acts` -> `acts:mish`); the short name works while
one plugin provides it and never replaces a name of the core.

A hook may be called again; it must do nothing but register. Hooks are called once the core is
complete, each plugin's on its own, and what one plugin registers is taken all or not at all.
`ARRAYGRAD_API` is optional: it says which version of this page the plugin needs. The plugin loads
where the major number is equal and the minor number is not newer than `API_VERSION`.
"""

from __future__ import annotations

from typing import Any, Protocol

import pluggy

API_VERSION = "1.0"
ENTRY_POINT_GROUP = "arraygrad"
PREFIX = "arraygrad_"

hookspec = pluggy.HookspecMarker("arraygrad")
hookimpl = pluggy.HookimplMarker("arraygrad")


class Register(Protocol):
    """Register a thing under its own name (the attribute of a text target), or another one."""

    def __call__(self, target: Any, name: str | None = None) -> None: ...


class RegisterBackend(Protocol):
    """Register a backend class or object, with the full names of the array types it serves."""

    def __call__(self, name: str, target: Any, array_types: tuple[str, ...] = ()) -> None: ...


class RegisterKernel(Protocol):
    """Register a faster implementation of an op ("core:conv2d") for a backend ("numpy")."""

    def __call__(self, op: str, backend: str, target: Any) -> None: ...


class RegisterCommand(Protocol):
    """Register `arraygrad NAME`; the target is called with the rest of the command line."""

    def __call__(self, name: str, target: Any, help: str = "") -> None: ...


@hookspec
def arraygrad_register_backends(register: RegisterBackend) -> None:
    """Libraries: `register("cupy", "arraygrad_cupy.backend:CupyBackend", ("cupy.ndarray",))`."""


@hookspec
def arraygrad_register_ops(register: Register) -> None:
    """Differentiable functions, found as `arraygrad.functions.<name>`."""


@hookspec
def arraygrad_register_kernels(register: RegisterKernel) -> None:
    """Faster implementations of existing ops; they may not change results or shapes."""


@hookspec
def arraygrad_register_layers(register: Register) -> None:
    """Layer classes, found as `arraygrad.layers.<name>`."""


@hookspec
def arraygrad_register_models(register: Register) -> None:
    """Model classes, found as `arraygrad.models.<name>`."""


@hookspec
def arraygrad_register_optimizers(register: Register) -> None:
    """Optimizers and their hooks, found as `arraygrad.optimizers.<name>`."""


@hookspec
def arraygrad_register_datasets(register: Register) -> None:
    """Data sets, found as `arraygrad.datasets.<name>`; listing them must not download."""


@hookspec
def arraygrad_register_commands(register: RegisterCommand) -> None:
    """Commands of the `arraygrad` program; built-in commands cannot be replaced."""


# Hook -> the kind that it fills, in the order in which a plugin's hooks are called.
HOOKS = {
    "arraygrad_register_backends": "backends",
    "arraygrad_register_ops": "functions",
    "arraygrad_register_kernels": "kernels",
    "arraygrad_register_layers": "layers",
    "arraygrad_register_models": "models",
    "arraygrad_register_optimizers": "optimizers",
    "arraygrad_register_datasets": "datasets",
    "arraygrad_register_commands": "commands",
}
