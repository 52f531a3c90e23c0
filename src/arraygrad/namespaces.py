"""`F.gelu`, `L.SwiGLU`: plugins' things as attributes of arraygrad's modules (PEP 562).

The first access looks the name up, imports its target and stores the object in the module, where
Python finds it from then on; what was stored is taken back when plugins change. A name that the
user's settings override is taken out of the module, so that it is looked up too.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

from arraygrad import registry, settings
from arraygrad.errors import AmbiguousNameError, ConfigError, RegistryError, UnknownNameError


class UnknownAttributeError(UnknownNameError, AttributeError):
    """Nothing of that name; the message is made when it is shown, as hasattr() throws it away."""

    def __init__(self, module: str, kind: str, name: str) -> None:
        super().__init__(module, kind, name)
        # Python would add a "Did you mean" of its own to an error that has no name yet.
        self.name = name

    def __str__(self) -> str:
        module, kind, name = self.args
        return f"{module} has no {name!r}: {registry.unknown(kind, name)}"


class AmbiguousAttributeError(AmbiguousNameError, AttributeError):
    """Several plugins provide the attribute."""


class BrokenAttributeError(RegistryError, AttributeError):
    """The attribute is registered, but it cannot be had."""


class Namespace:
    """One module that plugins extend with the things of one kind."""

    def __init__(self, kind: str, module: str, own: Callable[[str], Any] | None = None) -> None:
        self.kind = kind
        self.module = module
        self._late = own
        self._own = vars(sys.modules[module])
        self._stored: dict[str, Any] = {}
        self._hidden: dict[str, Any] = {}

    def attribute(self, name: str) -> Any:
        """The module's `__getattr__`: an AttributeError is the only thing it raises."""
        if name.startswith(
            "_"
        ):  # Python asks for __path__ and the like; plugins have no such names
            raise AttributeError(f"module {self.module!r} has no attribute {name!r}")
        if self._late is not None and (thing := self._late(name)) is not None:
            return thing
        try:
            entry = registry.search(self.kind, name)
            if entry is None:
                raise UnknownAttributeError(self.module, self.kind, name)
            thing = entry.resolve()
        except UnknownAttributeError as error:
            raise _for_import(error) from None
        except AmbiguousNameError as error:
            raise _for_import(AmbiguousAttributeError(str(error))) from None
        except (RegistryError, ConfigError) as error:
            raise _for_import(BrokenAttributeError(str(error))) from error
        self._stored[name] = thing
        self._own[name] = thing
        return thing

    def names(self) -> list[str]:
        """The module's `__dir__`: its own names and those of plugins."""
        return sorted({*self._own, *registry.names(self.kind)})

    def reset(self) -> None:
        """Undo what `attribute` stored, and let overridden names be looked up."""
        own = self._own
        for name, thing in self._stored.items():
            if own.get(name) is thing:
                del own[name]
        own.update(self._hidden)
        self._stored, self._hidden = {}, {}
        for setting in settings.choices("overrides"):
            _, kind, name = setting.key.split(".", 2)
            if kind == self.kind and name in own:
                self._hidden[name] = own.pop(name)


def module_hooks(
    kind: str, module: str, own: Callable[[str], Any] | None = None
) -> tuple[Callable[[str], Any], Callable[[], list[str]]]:
    """`__getattr__` and `__dir__` for a module, which calls this below its own definitions.

    own: gives what belongs to the module itself but is imported late, None for any other name.

    __getattr__, __dir__ = module_hooks("functions", __name__)
    """
    namespace = Namespace(kind, module, own)
    registry.on_change.append(namespace.reset)
    return namespace.attribute, namespace.names


def _for_import(error: AttributeError) -> Exception:
    """The same as an ImportError for `from module import name`, which drops the text otherwise."""
    from opcode import opmap

    frame = sys._getframe(2)
    if frame.f_lasti >= 0 and frame.f_code.co_code[frame.f_lasti] == opmap["IMPORT_FROM"]:
        return ImportError(str(error))
    return error
